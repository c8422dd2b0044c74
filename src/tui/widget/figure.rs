//! A picture of a table in a terminal: the same marks as on paper, in dots finer than cells.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::super::look::Glyph;
use super::super::theme::Theme;
use super::canvas::{Canvas, Ink};
use super::{fixed, grid, plot};
use crate::plot::{self as picture, Mark, Panel, Scale};

/// Columns of the words at the left at most.
const WORDS: usize = 12;
/// Letters of series where there is no braille.
const LETTERS: [&str; 8] = ["*", "+", "o", "x", "#", "@", "%", "="];

/// Colours and letters to draw with.
#[derive(Clone, Copy, Debug)]
pub struct Pen<'a> {
    /// Colours by meaning.
    pub theme: &'a Theme,
    /// Which letters the terminal can show.
    pub glyph: Glyph,
}

/// Draws `panel` with its axes and its legend. Any area will do; too small a one stays empty.
pub fn draw(panel: &Panel, area: Rect, buffer: &mut Buffer, pen: Pen<'_>) {
    let area = area.intersection(buffer.area);
    let legend = u16::from(!panel.legend.is_empty() && area.height > 6);
    if legend > 0 {
        pen.legend(panel).render(Rect { height: 1, ..area }, buffer);
    }
    let words = panel.y.ticks.iter().map(|(_, word)| word.chars().count()).max().unwrap_or(0);
    let left = grid::narrow(words.min(WORDS) + 1);
    let left = if area.width > 3 * left { left } else { 0 };
    let below = u16::from(area.height > legend + 3);
    let field = Rect {
        x: area.x + left,
        y: area.y + legend,
        width: area.width - left,
        height: area.height - legend - below,
    };
    if field.is_empty() {
        return;
    }
    pen.left_axis(panel, left, field, buffer);
    if below > 0 {
        pen.lower_axis(panel, Rect { y: field.bottom(), height: 1, ..field }, buffer);
    }
    let canvas = Canvas::over(field, pen.glyph);
    panel.marks.iter().for_each(|mark| pen.mark(panel, mark, &canvas, buffer));
}

impl Pen<'_> {
    fn ink(self, ink: picture::Ink) -> Ink {
        let series = |at: usize| (self.theme.series[at % 8], LETTERS[at % 8]);
        let (style, ascii) = match ink {
            picture::Ink::Series(at) => series(at),
            picture::Ink::Muted => (self.theme.muted, "-"),
            _ => (self.theme.text, "|"),
        };
        Ink { style, ascii }
    }

    fn legend(self, panel: &Panel) -> Line<'static> {
        let entry = |(name, ink): &(String, picture::Ink)| {
            let ink = self.ink(*ink);
            let sign = Span::styled(self.glyph.pick("━━", ink.ascii), ink.style);
            [
                sign,
                Span::styled(
                    format!(" {}   ", fixed::fit(name, name.chars().count().min(30), false)),
                    self.theme.text,
                ),
            ]
        };
        Line::from(panel.legend.iter().flat_map(entry).collect::<Vec<_>>())
    }

    fn left_axis(self, panel: &Panel, left: u16, field: Rect, buffer: &mut Buffer) {
        let last = usize::from(field.height) - 1;
        let mut free = usize::MAX;
        for (value, word) in &panel.y.ticks {
            let Some(place) = panel.y.place(*value) else { continue };
            let down = grid::part(1.0 - place, last);
            if down >= free {
                continue;
            }
            free = down;
            let row = Rect { y: field.y + grid::narrow(down), height: 1, ..field };
            let across = self.glyph.pick("┈", ".").repeat(usize::from(field.width));
            Line::styled(across, self.theme.track).render(row, buffer);
            if left > 0 {
                let word = fixed::right(word, usize::from(left) - 1) + " ";
                let beside = Rect { x: field.x - left, width: left, ..row };
                Line::styled(word, self.theme.muted).render(beside, buffer);
            }
        }
    }

    fn lower_axis(self, panel: &Panel, row: Rect, buffer: &mut Buffer) {
        let ticks = panel.x.ticks.iter();
        let marks = ticks.filter_map(|(at, word)| Some((panel.x.place(*at)?, word.clone())));
        let text = plot::ticks(usize::from(row.width), marks);
        Line::styled(text, self.theme.muted).render(row, buffer);
    }

    fn mark(self, panel: &Panel, mark: &Mark, canvas: &Canvas, buffer: &mut Buffer) {
        let at = |(x, y): (f64, f64)| Some(canvas.at(panel.x.place(x)?, panel.y.place(y)?));
        match mark {
            Mark::Line { points, ink, .. } => {
                let ink = self.ink(*ink);
                let dots: Vec<(usize, usize)> =
                    points.iter().filter_map(|point| at(*point)).collect();
                dots.windows(2).for_each(|two| canvas.line(two[0], two[1], ink, buffer));
            }
            Mark::Dots { points, ink, .. } => {
                let ink = self.ink(*ink);
                points
                    .iter()
                    .filter_map(|point| at(*point))
                    .for_each(|dot| canvas.dot(dot, ink, buffer));
            }
            // A box has its rim; bars are full.
            Mark::Bar { x, y, ink, .. } if panel.x.scale != Scale::Rows => {
                let (Some(from), Some(to)) = (at((x.0, y.0)), at((x.1, y.1))) else { return };
                let ink = self.ink(*ink);
                for column in from.0..to.0.max(from.0 + 1) {
                    canvas.line((column, from.1), (column, to.1), ink, buffer);
                }
            }
            Mark::Bar { .. } | Mark::Interval { .. } | Mark::Word { .. } => {}
        }
    }
}

/// The rows of a buffer with the colours of a terminal, or without where `coloured` is not set.
pub fn text(buffer: &Buffer, coloured: bool) -> String {
    let mut text = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let mut row = String::new();
        let mut style = Style::default();
        for x in buffer.area.left()..buffer.area.right() {
            let cell = &buffer[(x, y)];
            if coloured && cell.fg != style.fg.unwrap_or_default() {
                row.push_str(&sgr(cell.fg));
                style = Style::default().fg(cell.fg);
            }
            row.push_str(cell.symbol());
        }
        text.push_str(row.trim_end());
        text.push_str(if coloured { "\x1b[0m\n" } else { "\n" });
    }
    text
}

fn sgr(colour: ratatui::style::Color) -> String {
    use ratatui::style::Color;

    let code = match colour {
        Color::Rgb(red, green, blue) => return format!("\x1b[38;2;{red};{green};{blue}m"),
        Color::Indexed(index) => return format!("\x1b[38;5;{index}m"),
        Color::Reset => 39,
        Color::Black => 30,
        Color::Red => 31,
        Color::Green => 32,
        Color::Yellow => 33,
        Color::Blue => 34,
        Color::Magenta => 35,
        Color::Cyan => 36,
        Color::Gray => 37,
        Color::DarkGray => 90,
        Color::LightRed => 91,
        Color::LightGreen => 92,
        Color::LightYellow => 93,
        Color::LightBlue => 94,
        Color::LightMagenta => 95,
        Color::LightCyan => 96,
        Color::White => 97,
    };
    format!("\x1b[{code}m")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::workflow::plot::{PlotKind, PlotSpec};
    use crate::plot::table::{Source, figure};
    use crate::table::digest::digest;

    fn drawn(kind: PlotKind, area: Rect, glyph: Glyph) -> String {
        let name = |name: &str| vec![name.to_owned()];
        let (x, y) = match kind {
            PlotKind::TimeSeries => (name("x"), name("y")),
            PlotKind::Histogram => (name("y"), Vec::new()),
            PlotKind::Boxplot => (name("g"), name("y")),
        };
        let spec = PlotSpec { kind, x, y, ..PlotSpec::default() };
        let rows = (0..100).map(|at| format!("{at},{},{}\n", at * at, at % 3)).collect::<String>();
        let digest = digest(format!("x,y,g\n{rows}").as_bytes(), &spec, &[]).unwrap();
        let figure = figure(&spec, vec![Source { run: "1".to_owned(), digest }]).unwrap();
        let theme = Theme::default();
        let mut buffer = Buffer::empty(area);
        draw(&figure.panel, area, &mut buffer, Pen { theme: &theme, glyph });
        text(&buffer, false)
    }

    #[test]
    fn a_curve_rises_from_one_corner_to_the_other() {
        let text = drawn(PlotKind::TimeSeries, Rect::new(0, 0, 60, 12), Glyph::Ascii);
        let stars = |row: &str| row.find('*');
        let first = text.lines().find_map(stars).unwrap();
        let last = text.lines().rev().find_map(stars).unwrap();
        assert!(first > 50 && last < 12, "{text}");
        assert!(text.contains("10000") && text.contains("│40") && text.contains("│80"), "{text}");
    }

    #[test]
    fn every_kind_is_drawn_in_any_area() {
        for kind in [PlotKind::TimeSeries, PlotKind::Histogram, PlotKind::Boxplot] {
            for (width, height) in [(0, 0), (1, 1), (3, 9), (200, 2), (80, 24)] {
                let text = drawn(kind, Rect::new(0, 0, width, height), Glyph::Unicode);
                let braille = text.chars().any(|letter| ('\u{2800}'..'\u{2900}').contains(&letter));
                assert!(braille || width * height < 30, "{kind:?} {width}×{height}\n{text}");
            }
        }
    }
}
