//! A theme of btop's: lines of `theme[main_bg]="#282a36"`, brought to isomon's meanings.
//!
//! Its colours are for places (a box, a gradient's end), isomon's for meanings. What could not be read
//! on its ground is moved away from it; 16 colours cannot carry such a theme, so there it is isomon's
//! own for a dark or a light ground.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};

use super::contrast::{LINE, TEXT, is_light, lift};
use super::depth::{Depth, light};
use super::{DEFAULT, Theme};
use crate::tui::mistake::Mistake;

/// Most keys that are taken; btop has about fifty.
const MOST: usize = 200;

/// Colours by btop's names.
type Colours<'a> = BTreeMap<&'a str, [u8; 3]>;

/// Reads the theme `name` from `text`, which is called `path` in mistakes. A key that is not there, or
/// empty, is the terminal's own or as in isomon's default.
pub(super) fn read(name: &str, path: &str, text: &str, depth: Depth) -> Result<Theme, Mistake> {
    let colours = colours(path, text)?;
    // Who leaves the ground to the terminal writes for a dark one, unless the text is dark.
    let dark_text = colours.get("main_fg").is_some_and(|text| !is_light(*text));
    let ground = colours.get("main_bg").copied();
    let assumed = ground.unwrap_or(if dark_text { [255; 3] } else { [0; 3] });
    if depth == Depth::Sixteen || depth == Depth::None {
        return Ok(few(name, is_light(assumed), ground.is_some(), depth));
    }
    let shown = depth.lower(rgb(assumed)).and_then(light).unwrap_or(assumed);
    let base = if is_light(shown) { "light" } else { DEFAULT };
    let paint = Paint { colours, ground: shown, base: Theme::embedded(base, depth), depth };
    Ok(paint.theme(name, ground.and_then(|ground| depth.lower(rgb(ground)))))
}

/// What stands in for it where there are 16 colours or none.
fn few(name: &str, light: bool, grounded: bool, depth: Depth) -> Theme {
    let mut theme = Theme::embedded(if light { "light" } else { DEFAULT }, depth);
    name.clone_into(&mut theme.name);
    if grounded && depth == Depth::Sixteen {
        let (fg, bg) =
            if light { (Color::Black, Color::White) } else { (Color::White, Color::Black) };
        theme.ground = Style::new().bg(bg);
        theme.text = theme.text.fg(fg);
        theme.title = theme.title.fg(fg);
    }
    theme
}

const fn rgb([r, g, b]: [u8; 3]) -> Color {
    Color::Rgb(r, g, b)
}

/// What a theme is painted with.
struct Paint<'a> {
    colours: Colours<'a>,
    ground: [u8; 3],
    base: Theme,
    depth: Depth,
}

impl Paint<'_> {
    fn theme(&self, name: &str, ground: Option<Color>) -> Theme {
        let base = &self.base;
        let [good, warn, bad] = self.meanings();
        Theme {
            name: name.to_owned(),
            ground: Style { bg: ground, ..Style::new() },
            text: self.on(&["main_fg"], base.text, TEXT),
            good,
            warn: warn.add_modifier(Modifier::BOLD),
            bad: bad.add_modifier(Modifier::BOLD),
            muted: self.on(&["inactive_fg", "graph_text"], base.muted, TEXT),
            accent: self.on(&["hi_fg"], base.accent, TEXT),
            border: self.on(&["div_line", "cpu_box"], base.border, LINE),
            focus: self.on(&["cpu_box"], base.focus, LINE),
            title: self.on(&["title", "main_fg"], base.title, TEXT),
            selected: self.selected(),
            series: self.series(),
            track: self.on(&["meter_bg", "div_line"], base.track, 1.3),
        }
    }

    /// `base` with the first colour of `names` that there is, lifted to `least`.
    fn on(&self, names: &[&str], base: Style, least: f64) -> Style {
        let found = names.iter().find_map(|name| self.colours.get(name)).copied();
        // What is isomon's own was chosen for another ground.
        let colour = found.or_else(|| light(base.fg?));
        let lifted = colour.and_then(|colour| lift(colour, self.ground, least, self.depth));
        lifted.map_or(base, |colour| Style { fg: Some(colour), ..base })
    }

    /// Well, worth a look, wrong: the ends and the middle of the gradient of the processors. Where two of
    /// them look alike, or red means well, they mean nothing, and isomon's own are taken.
    fn meanings(&self) -> [Style; 3] {
        let base = [self.base.good, self.base.warn, self.base.bad];
        let base = base.map(|style| self.on(&[], style, TEXT));
        let own = ["cpu_start", "cpu_mid", "cpu_end"].map(|name| self.colours.get(name).copied());
        let [Some(good), Some(warn), Some(bad)] = own else { return base };
        let far = |a: [u8; 3], b: [u8; 3]| {
            a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(b))).sum::<u32>() > 90
        };
        let warmer = |a: [u8; 3], b: [u8; 3]| {
            i32::from(a[0]) - i32::from(a[1]) < i32::from(b[0]) - i32::from(b[1])
        };
        if !(far(good, warn) && far(warn, bad) && far(good, bad) && warmer(good, bad)) {
            return base;
        }
        [good, warn, bad].map(|colour| {
            let fg = lift(colour, self.ground, TEXT, self.depth);
            Style { fg, ..Style::default() }
        })
    }

    fn selected(&self) -> Style {
        let pair = self.colours.get("selected_bg").zip(self.colours.get("selected_fg"));
        let Some((ground, text)) = pair else { return self.base.selected };
        let bg = self.depth.lower(rgb(*ground));
        let shown = bg.and_then(light).unwrap_or(*ground);
        let fg = lift(*text, shown, TEXT, self.depth);
        Style { fg, bg, ..self.base.selected }
    }

    /// The boxes and the middles of the gradients, each as far from the one before as there is.
    fn series(&self) -> [Style; 8] {
        const NAMES: [&str; 8] = [
            "cpu_box",
            "mem_box",
            "net_box",
            "proc_box",
            "download_mid",
            "upload_mid",
            "available_mid",
            "used_mid",
        ];
        let mut series = self.base.series;
        let mut seen = Vec::new();
        for (slot, name) in series.iter_mut().zip(NAMES) {
            let style = self.on(&[name], *slot, LINE);
            if !seen.contains(&style) {
                *slot = style;
            }
            seen.push(*slot);
        }
        series
    }
}

/// The colours `text` names; what is no assignment is passed over, as btop does.
fn colours<'a>(path: &str, text: &'a str) -> Result<Colours<'a>, Mistake> {
    let mut colours = Colours::new();
    let mut begin = 0;
    for line in text.split_inclusive('\n') {
        let here = begin;
        begin += line.len();
        let Some((name, value)) = assignment(line) else { continue };
        if value.is_empty() || colours.len() >= MOST {
            continue;
        }
        let at = here + line.find(value).unwrap_or(0);
        let wrong = || {
            let what = format!("`{value}` is not a colour of btop's: write #rrggbb, #gg or r g b");
            Mistake::new(path, text, &(at..at + value.len()), what)
        };
        colours.insert(name, colour(value).ok_or_else(wrong)?);
    }
    Ok(colours)
}

/// The name and the value of `theme[name]="value"`.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.trim().strip_prefix("theme[")?.split_once(']')?;
    let value = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|letter| matches!(letter, '"' | '\''))?;
    let (value, _) = value.strip_prefix(quote)?.split_once(quote)?;
    Some((name.trim(), value.trim()))
}

/// `#rrggbb`, `#gg` for a grey, or three numbers up to 255.
fn colour(text: &str) -> Option<[u8; 3]> {
    if let Some(hex) = text.strip_prefix('#') {
        let number = u32::from_str_radix(hex, 16).ok()?;
        let [_, r, g, b] = number.to_be_bytes();
        return match hex.len() {
            6 => Some([r, g, b]),
            2 => Some([b; 3]),
            _ => None,
        };
    }
    let mut parts = text.split_ascii_whitespace().map(|part| part.parse::<u8>().ok());
    let colour = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(colour)
}
