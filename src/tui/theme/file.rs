//! One theme file: a style for each meaning; what it leaves out is as in the default theme.

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use serde_spanned::Spanned;

use super::depth::Depth;
use super::{DEFAULT, Theme};
use crate::tui::mistake::{Mistake, suggest};

/// Colours that have a name, which are those the user may choose in the terminal.
const NAMED: [(&str, Color); 17] = [
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("bright-black", Color::DarkGray),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
    ("bright-white", Color::White),
];

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    text: Option<Look>,
    good: Option<Look>,
    warn: Option<Look>,
    bad: Option<Look>,
    muted: Option<Look>,
    accent: Option<Look>,
    border: Option<Look>,
    focus: Option<Look>,
    title: Option<Look>,
    selected: Option<Look>,
    series: Option<[Look; 8]>,
    track: Option<Look>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the file")]
struct Look {
    fg: Option<Spanned<String>>,
    bg: Option<Spanned<String>>,
    /// Instead of `fg` where there are 16 colours.
    fg16: Option<Spanned<String>>,
    /// Instead of `bg` where there are 16 colours.
    bg16: Option<Spanned<String>>,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
    reverse: bool,
}

/// Reads the theme `name` from `text`, which is called `path` in mistakes.
pub(super) fn read(name: &str, path: &str, text: &str, depth: Depth) -> Result<Theme, Mistake> {
    let file: File =
        toml::from_str(text).map_err(|error| Mistake::from_toml(path, text, &error))?;
    let base = if name == DEFAULT { Theme::default() } else { Theme::embedded(DEFAULT, depth) };
    let style = |look: Option<Look>, base: Style| {
        look.map_or(Ok(base), |look| look.style(depth))
            .map_err(|(span, what)| Mistake::new(path, text, &span, what))
    };
    let mut series = base.series;
    for (slot, look) in series.iter_mut().zip(file.series.into_iter().flatten()) {
        *slot = style(Some(look), Style::new())?;
    }
    let ground_of = file.text.is_some();
    let mut text_style = style(file.text, base.text)?;
    // What stands on a chosen row must not bring its own ground along.
    let bg = text_style.bg.take();
    Ok(Theme {
        name: name.to_owned(),
        ground: if ground_of { Style { bg, ..Style::new() } } else { base.ground },
        text: text_style,
        good: style(file.good, base.good)?,
        warn: style(file.warn, base.warn)?,
        bad: style(file.bad, base.bad)?,
        muted: style(file.muted, base.muted)?,
        accent: style(file.accent, base.accent)?,
        border: style(file.border, base.border)?,
        focus: style(file.focus, base.focus)?,
        title: style(file.title, base.title)?,
        selected: style(file.selected, base.selected)?,
        series,
        track: style(file.track, base.track)?,
    })
}

/// Where in the file something is wrong, and what.
type Wrong = (std::ops::Range<usize>, String);

impl Look {
    fn style(self, depth: Depth) -> Result<Style, Wrong> {
        let marks = [
            (self.bold, Modifier::BOLD),
            (self.dim, Modifier::DIM),
            (self.italic, Modifier::ITALIC),
            (self.underline, Modifier::UNDERLINED),
            (self.reverse, Modifier::REVERSED),
        ];
        let mut style = Style::new();
        for (_, modifier) in marks.iter().filter(|(on, _)| *on) {
            style = style.add_modifier(*modifier);
        }
        let few = depth == Depth::Sixteen;
        // A mistake is one at any depth.
        let [fg, bg, fg16, bg16] =
            [self.fg, self.bg, self.fg16, self.bg16].map(|name| lowered(name, depth));
        let (fg, bg, fg16, bg16) = (fg?, bg?, fg16?, bg16?);
        style.fg = fg16.filter(|_| few).or(fg);
        style.bg = bg16.filter(|_| few).or(bg);
        Ok(style)
    }
}

fn lowered(name: Option<Spanned<String>>, depth: Depth) -> Result<Option<Color>, Wrong> {
    let Some(name) = name else { return Ok(None) };
    match colour(name.as_ref()) {
        Some(colour) => Ok(depth.lower(colour)),
        None => Err((name.span(), refusal(name.as_ref()))),
    }
}

/// `#rrggbb`, a name, or a number from 0 to 255.
fn colour(name: &str) -> Option<Color> {
    if let Some(hex) = name.strip_prefix('#') {
        let digits = hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        let [_, r, g, b] = u32::from_str_radix(hex, 16).ok()?.to_be_bytes();
        return digits.then_some(Color::Rgb(r, g, b));
    }
    let named = NAMED.iter().find(|(known, _)| *known == name);
    named.map(|(_, colour)| *colour).or_else(|| name.parse().ok().map(Color::Indexed))
}

fn refusal(name: &str) -> String {
    let names = NAMED.iter().map(|(known, _)| *known);
    format!("`{name}` is not a colour{}", suggest(name, names))
}
