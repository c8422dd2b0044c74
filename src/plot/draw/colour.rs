//! Colours by their meaning. The series are after Okabe and Ito (2008), which the colour-blind tell
//! apart, shifted a little so that each can be read on its ground.

use kuva::render::color::Color;

use super::super::Ink;
use super::Theme;

const ON_LIGHT: [(u8, u8, u8); 8] = [
    (0x00, 0x72, 0xb2),
    (0xe6, 0x9f, 0x00),
    (0x00, 0x9e, 0x73),
    (0xcc, 0x79, 0xa7),
    (0x56, 0xb4, 0xe9),
    (0xd5, 0x5e, 0x00),
    (0x77, 0x77, 0x77),
    (0xa8, 0x94, 0x00),
];
const ON_DARK: [(u8, u8, u8); 8] = [
    (0x3f, 0x9b, 0xdc),
    (0xf0, 0xb4, 0x29),
    (0x2c, 0xc2, 0x95),
    (0xe2, 0x9b, 0xc4),
    (0x9a, 0xd8, 0xff),
    (0xff, 0x8a, 0x4c),
    (0xa0, 0xa0, 0xa0),
    (0xf0, 0xe4, 0x42),
];

/// What a theme has beside its inks.
pub(super) struct Ground {
    pub(super) paper: (u8, u8, u8),
    pub(super) text: (u8, u8, u8),
    pub(super) muted: (u8, u8, u8),
    pub(super) grid: (u8, u8, u8),
}

/// The ground of a theme.
pub(super) const fn ground(theme: Theme) -> Ground {
    match theme {
        Theme::Light => Ground {
            paper: (0xff, 0xff, 0xff),
            text: (0x1a, 0x1a, 0x1a),
            muted: (0x5a, 0x5a, 0x5a),
            grid: (0xe2, 0xe2, 0xe2),
        },
        Theme::Dark => Ground {
            paper: (0x16, 0x18, 0x1c),
            text: (0xe8, 0xe8, 0xe8),
            muted: (0xa4, 0xa8, 0xae),
            grid: (0x33, 0x37, 0x3d),
        },
    }
}

/// `ink` on the ground of `theme`, where `cover` of it hides what is below.
pub(super) fn colour(ink: Ink, theme: Theme, cover: f64) -> Color {
    let Ground { paper, text, muted, .. } = ground(theme);
    let series = if theme == Theme::Dark { ON_DARK } else { ON_LIGHT };
    let full = match ink {
        Ink::Series(at) => series[at % series.len()],
        Ink::Text => text,
        Ink::Muted => muted,
        Ink::Heat(heat) => hot(heat, theme),
        Ink::OnHeat(heat) => on(hot(heat, theme)),
    };
    rgb(mixed(paper, full, cover))
}

pub(super) const fn rgb((red, green, blue): (u8, u8, u8)) -> Color {
    Color::Rgb(red, green, blue)
}

fn hot(heat: u8, theme: Theme) -> (u8, u8, u8) {
    let (cool, hot) = match theme {
        Theme::Light => ((0xe8, 0xf0, 0xf6), (0xd5, 0x5e, 0x00)),
        Theme::Dark => ((0x2a, 0x33, 0x3c), (0xff, 0x8a, 0x4c)),
    };
    mixed(cool, hot, f64::from(heat) / 255.0)
}

/// Black or white, whichever is read better on a colour (its luminance, sRGB weights).
fn on((red, green, blue): (u8, u8, u8)) -> (u8, u8, u8) {
    let light = 0.299 * f64::from(red) + 0.587 * f64::from(green) + 0.114 * f64::from(blue);
    if light > 128.0 { (0x10, 0x10, 0x10) } else { (0xf4, 0xf4, 0xf4) }
}

fn mixed(below: (u8, u8, u8), above: (u8, u8, u8), cover: f64) -> (u8, u8, u8) {
    let cover = cover.clamp(0.0, 1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..=255")]
    let part = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * cover).round() as u8;
    (part(below.0, above.0), part(below.1, above.1), part(below.2, above.2))
}
