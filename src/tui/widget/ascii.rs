//! The last step for a terminal that shows only letters below 0x80.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::look::{Glyph, Look};

/// Replaces what such a terminal cannot show: units and signs by their likes, the rest (names from
/// outside) by `?`. Does nothing where the terminal can show everything.
pub fn flatten(buffer: &mut Buffer, area: Rect, look: &Look<'_>) {
    if look.glyph == Glyph::Unicode {
        return;
    }
    for position in area.intersection(buffer.area).positions() {
        let cell = &mut buffer[position];
        if !cell.symbol().is_ascii() {
            let alike = alike(cell.symbol());
            cell.set_symbol(alike);
        }
    }
}

fn alike(symbol: &str) -> &'static str {
    match symbol {
        "—" | "–" | "─" | "━" => "-",
        "…" => "~",
        "·" => ".",
        "°" => "'",
        "µ" => "u",
        "×" => "x",
        "│" => "|",
        "→" | "≥" => ">",
        "←" => "<",
        _ => "?",
    }
}
