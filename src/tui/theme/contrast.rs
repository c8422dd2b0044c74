//! How much of the light of its ground a colour has, so that what cannot be read is found.
//!
//! By the rules for pages of the web (WCAG 2.2): 1 is none, 21 black on white; text wants 4.5.

use ratatui::style::Color;

use super::depth::{Depth, light};

/// What text needs.
pub(super) const TEXT: f64 = 4.5;
/// What frames and the lines of charts need.
pub(super) const LINE: f64 = 3.0;
/// Steps in which a colour is moved away from its ground.
const STEPS: u16 = 20;

/// How much light `colour` gives, 0 to 1 (WCAG 2.2, relative luminance).
fn luminance(colour: [u8; 3]) -> f64 {
    let [r, g, b] = colour.map(|part| linear(f64::from(part) / 255.0));
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn linear(part: f64) -> f64 {
    if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
}

/// The contrast of two colours, 1 to 21.
pub(super) fn ratio(a: [u8; 3], b: [u8; 3]) -> f64 {
    let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
    if a > b { a / b } else { b / a }
}

/// Whether black is read on `ground` better than white.
pub(super) fn is_light(ground: [u8; 3]) -> bool {
    ratio(ground, [0; 3]) > ratio(ground, [255; 3])
}

/// The colour of `depth` for `colour` that has at least the contrast `least` with `ground`: its own,
/// or the first on the way to black or white that has.
pub(super) fn lift(colour: [u8; 3], ground: [u8; 3], least: f64, depth: Depth) -> Option<Color> {
    let end = if is_light(ground) { 0 } else { 255 };
    let step = |step| depth.lower(mix(colour, end, step));
    let shown = |colour: &Option<Color>| {
        colour.and_then(light).is_some_and(|colour| ratio(colour, ground) >= least)
    };
    (0..=STEPS).map(step).find(shown).unwrap_or_else(|| step(STEPS))
}

fn mix(colour: [u8; 3], end: u16, step: u16) -> Color {
    let [r, g, b] = colour.map(|part| {
        let mixed = (u16::from(part) * (STEPS - step) + end * step) / STEPS;
        u8::try_from(mixed).unwrap_or(u8::MAX)
    });
    Color::Rgb(r, g, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_ratios_come_out() {
        assert!((ratio([0; 3], [255; 3]) - 21.0).abs() < 1e-9);
        assert!((ratio([255; 3], [0; 3]) - 21.0).abs() < 1e-9);
        // The grey that is the lightest to pass on white.
        assert!(ratio([0x76; 3], [255; 3]) > 4.5 && ratio([0x78; 3], [255; 3]) < 4.5);
        assert!(is_light([0xee; 3]) && !is_light([0x28, 0x2a, 0x36]));
    }

    #[test]
    fn what_is_read_stays_and_what_is_not_is_moved() {
        let ground = [0x28, 0x2a, 0x36];
        let kept = lift([0xf8, 0xf8, 0xf2], ground, TEXT, Depth::True);
        assert_eq!(kept, Some(Color::Rgb(0xf8, 0xf8, 0xf2)));
        for depth in [Depth::True, Depth::Many] {
            let moved = lift([0x44, 0x47, 0x5a], ground, TEXT, depth).and_then(light).unwrap();
            assert!(ratio(moved, ground) >= TEXT, "{moved:?}");
        }
    }
}
