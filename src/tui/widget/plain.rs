//! Makes a drawing plain: every letter beyond ASCII becomes one a `LANG=C` terminal can show.
//!
//! A tab draws once, with the letters it likes best; this goes over the finished cells. So no
//! drawing has to carry two sets of letters, and none can forget the second.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::look::{Glyph, Look};

/// Replaces what is not ASCII within `area`, if `look` asks for it.
pub fn flatten(buffer: &mut Buffer, area: Rect, look: &Look<'_>) {
    if look.glyph == Glyph::Unicode {
        return;
    }
    for position in area.intersection(buffer.area).positions() {
        let cell = &mut buffer[position];
        if !cell.symbol().is_ascii() {
            let plain = cell.symbol().chars().next().map_or(' ', stand_in);
            cell.set_char(plain);
        }
    }
}

/// The ASCII letter that stands for `letter`; `?` for one nobody drew on purpose.
const fn stand_in(letter: char) -> char {
    match letter {
        '─' | '━' | '—' | '–' | '○' => '-',
        '│' | '┃' | '├' | '┤' | '▏' => '|',
        '╭' | '╮' | '╰' | '╯' | '┼' | '┬' | '┴' | '●' | '✓' => '+',
        '█' | '▇' | '▉' | '▊' => '#',
        '▓' | '▆' | '▋' | '▌' | '▅' => '=',
        '▒' | '▄' | '▃' | '▍' | '▎' => ':',
        '░' | '▁' | '▂' | '·' | '…' => '.',
        '×' | '✗' => 'x',
        '≈' | '◐' | '±' => '~',
        '≥' | '→' | '▸' | '›' => '>',
        '≤' | '‹' | '←' => '<',
        'µ' => 'u',
        '★' => '*',
        '°' | '•' => 'o',
        _ => '?',
    }
}
