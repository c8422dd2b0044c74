//! A screen as an SVG picture of fixed size.
//!
//! Letters are text in a monospace font, one run for each stretch of one style, each stretched to
//! its cells so that no font shifts the columns. Lines, blocks and braille are drawn as shapes,
//! because fonts differ most there.

use std::fmt::Write as _;

use vt100::{Cell, Color, Screen};

// Whole numbers, so that blocks side by side leave no seam.
const WIDTH: f64 = 8.0;
const HEIGHT: f64 = 16.0;
const FONT: f64 = 13.3;
const GROUND: &str = "#101418";
const INK: &str = "#d0d4d8";
/// Room around the screen.
const MARGIN: f64 = 10.0;

/// The picture of `screen`.
pub(crate) fn svg(screen: &Screen, title: &str) -> String {
    let (rows, cols) = screen.size();
    let (rows, cols) = (rows.get(), cols.get());
    let (width, height) = (f64::from(cols) * WIDTH, f64::from(rows) * HEIGHT);
    let (width, height) = (width + 2.0 * MARGIN, height + 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.1} {height:.1}\" role=\"img\">\n<title>{}</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{GROUND}\"/>\n\
         <g transform=\"translate({MARGIN} {MARGIN})\" font-family=\"ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace\" \
         font-size=\"{FONT}\" xml:space=\"preserve\">\n",
        escaped(title)
    );
    for row in 0..rows {
        let cells: Vec<&Cell> = (0..cols).filter_map(|col| screen.cell(row, col)).collect();
        draw_row(&mut out, row, &cells);
    }
    out.push_str("</g>\n</svg>\n");
    out
}

fn draw_row(out: &mut String, row: u16, cells: &[&Cell]) {
    let mut at = 0;
    while at < cells.len() {
        let style = Style::of(cells[at]);
        let alike = cells[at..].iter().take_while(|cell| Style::of(cell) == style);
        let length = alike.count();
        draw_run(out, row, at, &cells[at..at + length], &style);
        at += length;
    }
}

#[derive(PartialEq)]
struct Style {
    ink: String,
    ground: Option<String>,
    bold: bool,
    dim: bool,
    underline: bool,
}

impl Style {
    fn of(cell: &Cell) -> Self {
        let (ink, ground) = (color(cell.fgcolor()), color(cell.bgcolor()));
        let plain = |color: Option<String>, plain: &str| color.unwrap_or_else(|| plain.to_owned());
        let (ink, ground) = if cell.inverse() {
            (plain(ground, GROUND), Some(plain(ink, INK)))
        } else {
            (plain(ink, INK), ground)
        };
        Self { ink, ground, bold: cell.bold(), dim: cell.dim(), underline: cell.underline() }
    }
}

fn draw_run(out: &mut String, row: u16, column: usize, cells: &[&Cell], style: &Style) {
    let (x, y) = (column as f64 * WIDTH, f64::from(row) * HEIGHT);
    if let Some(ground) = &style.ground {
        rectangle(out, [x, y, cells.len() as f64 * WIDTH, HEIGHT], ground, 1.0);
    }
    let mut text = String::new();
    for (at, cell) in cells.iter().enumerate() {
        let letter = cell.contents().chars().next().unwrap_or(' ');
        let place = [x + at as f64 * WIDTH, y];
        let again = at > 0 && letter == '─' && cells[at - 1].contents() == "─";
        if again
            || draw_line(out, letter, stretch(&cells[at..]), place, &style.ink)
            || draw_shape(out, letter, place, &style.ink)
            || cell.is_wide_continuation()
        {
            text.push(' ');
        } else {
            text.push_str(if cell.has_contents() { cell.contents() } else { " " });
        }
    }
    for (before, words) in stretches(&text) {
        draw_text(out, words, [x + before as f64 * WIDTH, y], style);
    }
}

/// How many cells a line that goes on from cell to cell has.
fn stretch(cells: &[&Cell]) -> usize {
    cells.iter().take_while(|cell| cell.contents() == "─").count().max(1)
}

/// Words of `text` that stand apart, each with the number of cells before it.
fn stretches(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut before = 0;
    for words in text.split("  ") {
        let blank = words.chars().take_while(|letter| *letter == ' ').count();
        if !words.trim().is_empty() {
            found.push((before + blank, words.trim()));
        }
        before += words.chars().count() + 2;
    }
    found
}

fn draw_text(out: &mut String, text: &str, [x, y]: [f64; 2], style: &Style) {
    let length = text.chars().count() as f64 * WIDTH;
    let base = y + HEIGHT * 0.76;
    let mut more = String::new();
    for (set, attribute) in [
        (style.bold, " font-weight=\"bold\""),
        (style.dim, " opacity=\"0.6\""),
        (style.underline, " text-decoration=\"underline\""),
    ] {
        more.push_str(if set { attribute } else { "" });
    }
    let (ink, text) = (&style.ink, escaped(text));
    let _infallible = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{base:.1}\" textLength=\"{length:.1}\" \
         lengthAdjust=\"spacingAndGlyphs\" fill=\"{ink}\"{more}>{text}</text>"
    );
}

/// Sides to which a line goes: up, right, down, left.
const LINES: [(&str, [bool; 4]); 13] = [
    ("─╌━", [false, true, false, true]),
    ("│┃", [true, false, true, false]),
    ("┌╭", [false, true, true, false]),
    ("┐╮", [false, false, true, true]),
    ("└╰", [true, true, false, false]),
    ("┘╯", [true, false, false, true]),
    ("├", [true, true, true, false]),
    ("┤", [true, false, true, true]),
    ("┬", [false, true, true, true]),
    ("┴", [true, true, false, true]),
    ("┼", [true, true, true, true]),
    ("╴╸", [false, false, false, true]),
    ("╶╺", [false, true, false, false]),
];

/// A line of `cells` cells as a path; false for a letter that is none.
fn draw_line(out: &mut String, letter: char, cells: usize, [x, y]: [f64; 2], ink: &str) -> bool {
    let Some((_, sides)) = LINES.iter().find(|(letters, _)| letters.contains(letter)) else {
        return false;
    };
    let (middle, centre) = (x + WIDTH / 2.0, y + HEIGHT / 2.0);
    let right = x + WIDTH * cells as f64;
    let ends = [(middle, y), (right, centre), (middle, y + HEIGHT), (x, centre)];
    let ends: Vec<(f64, f64)> =
        ends.into_iter().zip(sides).filter(|(_, side)| **side).map(|(end, _)| end).collect();
    let path = if "╭╮╰╯".contains(letter) {
        let [(ax, ay), (bx, by)] = [ends[0], ends[1]];
        format!("M{ax:.1} {ay:.1}Q{middle:.1} {centre:.1} {bx:.1} {by:.1}")
    } else {
        let to =
            |(to_x, to_y): &(f64, f64)| format!("M{middle:.1} {centre:.1}L{to_x:.1} {to_y:.1}");
        ends.iter().map(to).collect()
    };
    let width = if "━┃╸╺".contains(letter) { 2.4 } else { 1.1 };
    let dash = if letter == '╌' { " stroke-dasharray=\"2.4 1.8\"" } else { "" };
    let _infallible = writeln!(
        out,
        "<path d=\"{path}\" fill=\"none\" stroke=\"{ink}\" stroke-width=\"{width}\"{dash}/>"
    );
    true
}

/// Blocks and braille as shapes; false for any other letter.
fn draw_shape(out: &mut String, letter: char, [x, y]: [f64; 2], ink: &str) -> bool {
    let code = u32::from(letter);
    match code {
        0x2581..=0x2588 => {
            let height = HEIGHT * f64::from(code - 0x2580) / 8.0;
            rectangle(out, [x, y + HEIGHT - height, WIDTH, height], ink, 1.0);
        }
        0x2589..=0x258f => {
            let width = WIDTH * f64::from(0x2590 - code) / 8.0;
            rectangle(out, [x, y, width, HEIGHT], ink, 1.0);
        }
        0x2580 => rectangle(out, [x, y, WIDTH, HEIGHT / 2.0], ink, 1.0),
        0x2591..=0x2593 => {
            let opacity = f64::from(code - 0x2590) / 4.0;
            rectangle(out, [x, y, WIDTH, HEIGHT], ink, opacity);
        }
        0x2801..=0x28ff => draw_braille(out, code - 0x2800, [x, y], ink),
        _ => return false,
    }
    true
}

/// The eight dots, in the order of their bits.
const DOTS: [(f64, f64); 8] = [
    (0.0, 0.0),
    (0.0, 1.0),
    (0.0, 2.0),
    (1.0, 0.0),
    (1.0, 1.0),
    (1.0, 2.0),
    (0.0, 3.0),
    (1.0, 3.0),
];

fn draw_braille(out: &mut String, bits: u32, [x, y]: [f64; 2], ink: &str) {
    let set = DOTS.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
    for (_, (column, row)) in set {
        let (cx, cy) = (x + WIDTH * (0.28 + column * 0.44), y + HEIGHT * (0.16 + row * 0.23));
        let _infallible =
            writeln!(out, "<circle cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"1.4\" fill=\"{ink}\"/>");
    }
}

fn rectangle(out: &mut String, [x, y, width, height]: [f64; 4], fill: &str, opacity: f64) {
    let opacity = if opacity < 1.0 { format!(" opacity=\"{opacity}\"") } else { String::new() };
    let _infallible = writeln!(
        out,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
         fill=\"{fill}\"{opacity} shape-rendering=\"crispEdges\"/>"
    );
}

const BASIC: [&str; 16] = [
    "#1c2024", "#e05561", "#8cc265", "#d18f52", "#4aa5f0", "#c162de", "#42b3c2", "#d0d4d8",
    "#5c6370", "#ff616e", "#a5e075", "#f0a45d", "#4dc4ff", "#de73ff", "#4cd1e0", "#ffffff",
];

/// A colour as CSS has it; the 256 colours as xterm has them.
fn color(color: Color) -> Option<String> {
    let (red, green, blue) = match color {
        Color::Default => return None,
        Color::Idx(index @ 0..=15) => return Some(BASIC[usize::from(index)].to_owned()),
        Color::Idx(index @ 16..=231) => {
            let cube = index - 16;
            let level = |step: u8| if step == 0 { 0 } else { 55 + step * 40 };
            (level(cube / 36), level(cube / 6 % 6), level(cube % 6))
        }
        Color::Idx(index) => {
            let grey = 8 + (index - 232) * 10;
            (grey, grey, grey)
        }
        Color::Rgb(red, green, blue) => (red, green, blue),
    };
    Some(format!("#{red:02x}{green:02x}{blue:02x}"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
