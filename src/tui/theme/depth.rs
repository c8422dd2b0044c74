//! How many colours the terminal has, and how a colour is brought down to them.

/// When to use colours, as the user said.
pub use crate::config::Color as When;

use ratatui::style::Color;

/// How many colours the terminal can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// 24 bits.
    #[default]
    True,
    /// 256: the cube and the greys, which every terminal shows alike.
    Many,
    /// 16, whose exact colours are the user's choice.
    Sixteen,
    /// None; only bold, underlined and reversed.
    None,
}

impl Depth {
    /// What the terminal says of itself in `COLORTERM` and `TERM`, and the user in `NO_COLOR` (any
    /// value but an empty one, see <https://no-color.org>) and by `when`.
    pub fn detect(when: When, variable: impl Fn(&str) -> Option<String>) -> Self {
        let said = |name| variable(name).filter(|value| !value.is_empty());
        let term = said("TERM").unwrap_or_default();
        let colour_term = said("COLORTERM").unwrap_or_default();
        let able = match term.as_str() {
            _ if matches!(colour_term.as_str(), "truecolor" | "24bit") => Self::True,
            "" | "dumb" | "vt100" | "vt102" | "vt220" => Self::None,
            term if term.ends_with("-direct") || term.ends_with("-truecolor") => Self::True,
            term if term.contains("256color") => Self::Many,
            term if term.ends_with("-mono") || term.ends_with("-m") => Self::None,
            _ => Self::Sixteen,
        };
        match when {
            When::Never => Self::None,
            When::Auto if said("NO_COLOR").is_some() => Self::None,
            When::Always if able == Self::None => Self::Sixteen,
            When::Auto | When::Always => able,
        }
    }

    /// The colour nearest to `colour` that this depth has; `None` if it has no colours.
    pub fn lower(self, colour: Color) -> Option<Color> {
        match (self, colour) {
            (Self::None, _) => None,
            (Self::Many, Color::Rgb(r, g, b)) => Some(Color::Indexed(nearest_many([r, g, b]))),
            (Self::Sixteen, Color::Rgb(r, g, b)) => Some(nearest_sixteen([r, g, b])),
            (Self::Sixteen, Color::Indexed(index)) => Some(nearest_sixteen(rgb(index))),
            (_, colour) => Some(colour),
        }
    }
}

/// Red, green and blue of `colour` as xterm shows it by default; `None` for the terminal's own ground
/// and text.
pub(super) fn light(colour: Color) -> Option<[u8; 3]> {
    match colour {
        Color::Rgb(r, g, b) => Some([r, g, b]),
        Color::Indexed(index) => Some(rgb(index)),
        named => SIXTEEN.iter().find(|(known, _)| *known == named).map(|(_, rgb)| *rgb),
    }
}

/// The six levels of the 6×6×6 cube of xterm's 256 colours.
const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The colour of the cube or the grey nearest to `wanted`; the first 16 are left to the user.
fn nearest_many(wanted: [u8; 3]) -> u8 {
    (16..=255).min_by_key(|index| distance(rgb(*index), wanted)).unwrap_or(7)
}

/// Red, green and blue of xterm's colour `index`; the first 16 as xterm has them by default.
fn rgb(index: u8) -> [u8; 3] {
    match index {
        0..=15 => SIXTEEN[usize::from(index)].1,
        16..=231 => [36, 6, 1].map(|step| LEVELS[usize::from((index - 16) / step % 6)]),
        grey => [8 + (grey - 232) * 10; 3],
    }
}

/// xterm's default for the 16 colours whose values the user may change.
const SIXTEEN: [(Color, [u8; 3]); 16] = [
    (Color::Black, [0, 0, 0]),
    (Color::Red, [205, 0, 0]),
    (Color::Green, [0, 205, 0]),
    (Color::Yellow, [205, 205, 0]),
    (Color::Blue, [0, 0, 238]),
    (Color::Magenta, [205, 0, 205]),
    (Color::Cyan, [0, 205, 205]),
    (Color::Gray, [229, 229, 229]),
    (Color::DarkGray, [127, 127, 127]),
    (Color::LightRed, [255, 0, 0]),
    (Color::LightGreen, [0, 255, 0]),
    (Color::LightYellow, [255, 255, 0]),
    (Color::LightBlue, [92, 92, 255]),
    (Color::LightMagenta, [255, 0, 255]),
    (Color::LightCyan, [0, 255, 255]),
    (Color::White, [255, 255, 255]),
];

/// A colour that has a hue never becomes a grey, however near: the hue carries the meaning.
fn nearest_sixteen(wanted: [u8; 3]) -> Color {
    let grey = is_grey(wanted);
    let wanted = if grey { wanted } else { vivid(wanted) };
    SIXTEEN
        .iter()
        .filter(|(_, have)| is_grey(*have) == grey)
        .min_by_key(|(_, have)| distance(*have, wanted))
        .map_or(Color::Reset, |(colour, _)| *colour)
}

fn is_grey(colour: [u8; 3]) -> bool {
    let [least, .., most] = {
        let mut sorted = colour;
        sorted.sort_unstable();
        sorted
    };
    most - least < 50
}

/// The colour with most of its white taken out and as bright as before: pastels are told apart by
/// their hue, and the 16 colours have no pastels.
fn vivid(colour: [u8; 3]) -> [u8; 3] {
    let [least, most] = [colour.iter().min(), colour.iter().max()]
        .map(|part| u32::from(part.copied().unwrap_or_default()));
    let white = least * 2 / 3;
    colour.map(|part| {
        let pure = (u32::from(part) - white) * most / (most - white).max(1);
        u8::try_from(pure).unwrap_or(u8::MAX)
    })
}

/// Distance as the eye sees it, by the "redmean" weights: red counts more in bright reds, blue in
/// bright blues, green always most (<https://www.compuphase.com/cmetric.htm>).
fn distance(a: [u8; 3], b: [u8; 3]) -> i32 {
    let mean = i32::midpoint(a[0].into(), b[0].into());
    let [r, g, b] = [0, 1, 2].map(|part| i32::from(a[part]) - i32::from(b[part]));
    (((512 + mean) * r * r) >> 8) + 4 * g * g + (((767 - mean) * b * b) >> 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(when: When, set: &[(&str, &str)]) -> Depth {
        Depth::detect(when, |name| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_terminal_says_how_many_colours_it_has() {
        let rows = [
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")][..], Depth::True),
            (&[("TERM", "xterm-256color")], Depth::Many),
            (&[("TERM", "tmux-256color")], Depth::Many),
            (&[("TERM", "xterm-direct")], Depth::True),
            (&[("TERM", "linux")], Depth::Sixteen),
            (&[("TERM", "vt100")], Depth::None),
            (&[], Depth::None),
            (&[("TERM", "xterm-256color"), ("NO_COLOR", "1")], Depth::None),
            (&[("TERM", "xterm-256color"), ("NO_COLOR", "")], Depth::Many),
        ];
        for (set, wanted) in rows {
            assert_eq!(detect(When::Auto, set), wanted, "{set:?}");
        }
        assert_eq!(detect(When::Never, &[("TERM", "xterm-direct")]), Depth::None);
        let no_color = [("TERM", "xterm-256color"), ("NO_COLOR", "1")];
        assert_eq!(detect(When::Always, &no_color), Depth::Many);
    }

    #[test]
    fn pure_colours_stay_pure() {
        assert_eq!(nearest_many([255, 0, 0]), 196);
        assert_eq!(nearest_many([8, 8, 8]), 232);
        assert_eq!(rgb(231), [255, 255, 255]);
        assert_eq!(nearest_sixteen([250, 10, 5]), Color::LightRed);
        assert_eq!(nearest_sixteen([1, 2, 3]), Color::Black);
    }
}
