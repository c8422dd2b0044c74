//! Dots and lines finer than the cells of a terminal, where it has letters for them.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::super::look::Glyph;
use super::grid;

/// Dots of a braille letter by column and row within it.
const DOTS: [[u32; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// A part of a screen to draw dots on.
#[derive(Clone, Copy, Debug)]
pub struct Canvas {
    area: Rect,
    glyph: Glyph,
    /// Dots across.
    pub wide: usize,
    /// Dots down.
    pub high: usize,
}

/// What a dot looks like.
#[derive(Clone, Copy, Debug)]
pub struct Ink {
    /// Its colour.
    pub style: Style,
    /// The letter where there is no braille.
    pub ascii: &'static str,
}

impl Canvas {
    /// A canvas that fills `area`.
    pub fn over(area: Rect, glyph: Glyph) -> Self {
        let (across, down) = if glyph == Glyph::Unicode { (2, 4) } else { (1, 1) };
        let (wide, high) = (usize::from(area.width) * across, usize::from(area.height) * down);
        Self { area, glyph, wide, high }
    }

    /// The dot at a share of the width from the left and of the height from below.
    pub fn at(&self, across: f64, up: f64) -> (usize, usize) {
        let x = grid::part(across, self.wide.saturating_sub(1));
        let y = grid::part(1.0 - up.clamp(0.0, 1.0), self.high.saturating_sub(1));
        (x, y)
    }

    /// Draws one dot, counted from the upper left.
    pub fn dot(&self, (x, y): (usize, usize), ink: Ink, buffer: &mut Buffer) {
        let fine = self.glyph == Glyph::Unicode;
        let (column, row) = if fine { (x / 2, y / 4) } else { (x, y) };
        let place =
            Position::new(self.area.x + grid::narrow(column), self.area.y + grid::narrow(row));
        let Some(cell) = buffer.cell_mut(place).filter(|_| self.area.contains(place)) else {
            return;
        };
        if !fine {
            cell.set_symbol(ink.ascii).set_style(ink.style);
            return;
        }
        let held = cell.symbol().chars().next().map_or(0, u32::from);
        let held = if (0x2800..0x2900).contains(&held) { held } else { 0x2800 };
        let letter = char::from_u32(held | DOTS[x % 2][y % 4]).unwrap_or('⠿');
        cell.set_char(letter).set_style(ink.style);
    }

    /// Draws a straight line of dots, both ends included.
    pub fn line(&self, from: (usize, usize), to: (usize, usize), ink: Ink, buffer: &mut Buffer) {
        let steps = from.0.abs_diff(to.0).max(from.1.abs_diff(to.1));
        for step in 0..=steps {
            let share = if steps == 0 { 0.0 } else { step as f64 / steps as f64 };
            self.dot((between(from.0, to.0, share), between(from.1, to.1, share)), ink, buffer);
        }
    }
}

fn between(from: usize, to: usize, share: f64) -> usize {
    if to >= from {
        from + grid::part(share, to - from)
    } else {
        from - grid::part(share, from - to)
    }
}
