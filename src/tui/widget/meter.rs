//! A share as a bar in one row.

use ratatui::style::Style;
use ratatui::text::Span;

use super::super::look::{Glyph, Look};
use super::grid;
use crate::model::unit::Ratio;

/// A bar `width` cells long in the colour of its load; all ground where nothing is known.
pub fn meter(share: Option<Ratio>, width: usize, look: &Look<'_>) -> Vec<Span<'static>> {
    let style = share.map_or(look.theme.muted, |share| look.load(share));
    plain(share, width, style, look)
}

/// A bar `width` cells long in `style`: for a share that may well be full, as a busy GPU's.
pub fn plain(
    share: Option<Ratio>,
    width: usize,
    style: Style,
    look: &Look<'_>,
) -> Vec<Span<'static>> {
    let fraction = share.map_or(0.0, Ratio::fraction);
    let halves = grid::part(fraction, width * 2);
    let mut bar = if look.glyph == Glyph::Ascii {
        "#".repeat(halves.div_ceil(2))
    } else {
        "━".repeat(halves / 2) + if halves % 2 == 1 { "╸" } else { "" }
    };
    // Anything above nothing shows.
    if halves == 0 && fraction > 0.0 && width > 0 {
        bar.push_str(look.glyph.pick("╸", "#"));
    }
    let rest = width - bar.chars().count();
    let ground = look.glyph.pick("─", ".").repeat(rest);
    vec![Span::styled(bar, style), Span::styled(ground, look.theme.track)]
}

/// A part of a bar: how much, in which style, with which letter (Unicode, ASCII).
pub type Part = (Ratio, Style, &'static str, &'static str);

/// A bar `width` cells long made of `parts`, in their order; together they are at most the whole.
pub fn parts(parts: &[Part], width: usize, look: &Look<'_>) -> Vec<Span<'static>> {
    let mut spans = Vec::with_capacity(parts.len() + 1);
    let (mut share, mut used) = (0.0, 0);
    for (part, style, unicode, ascii) in parts {
        share += part.fraction();
        let end = grid::part(share, width).max(used);
        let letter = look.glyph.pick(unicode, ascii);
        spans.push(Span::styled(letter.repeat(end - used), *style));
        used = end;
    }
    let ground = look.glyph.pick("─", ".").repeat(width - used);
    spans.push(Span::styled(ground, look.theme.track));
    spans
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Threshold;
    use crate::model::time::Stamp;
    use crate::tui::keymap::Keymap;
    use crate::tui::theme::Theme;
    use crate::tui::when::When;

    fn drawn(share: f64, width: usize, glyph: Glyph) -> String {
        let theme = Theme::default();
        let look = Look {
            theme: &theme,
            keymap: &Keymap::embedded(),
            threshold: Threshold::default(),
            glyph,
            now: Stamp::default(),
            rest: crate::tui::rest::Rest::default(),
            when: &When::default(),
            zone: &jiff::tz::TimeZone::UTC,
            readonly: false,
            interval_ms: 1000,
        };
        let spans = meter(Ratio::new(share), width, &look);
        spans.iter().map(|span| span.content.as_ref()).collect()
    }

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        assert_eq!(drawn(0.0, 4, Glyph::Unicode), "────");
        assert_eq!(drawn(0.001, 4, Glyph::Unicode), "╸───");
        assert_eq!(drawn(0.625, 4, Glyph::Unicode), "━━╸─");
        assert_eq!(drawn(1.0, 4, Glyph::Ascii), "####");
        assert_eq!(drawn(0.5, 0, Glyph::Ascii), "");
    }
}
