//! Dots and lines finer than the cells of a terminal, where it has letters for them.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::super::look::Glyph;
use super::grid;

/// Dots of a braille letter by column and row within it.
const DOTS: [[u32; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
/// Quarters of a cell: bit 0 is the upper left, 1 the upper right, 2 the lower left, 3 the lower right.
const QUARTERS: [char; 16] =
    [' ', '▘', '▝', '▀', '▖', '▌', '▞', '▛', '▗', '▚', '▐', '▜', '▄', '▙', '▟', '█'];

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
        let (across, down) = glyph.dots();
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
        let (across, down) = self.glyph.dots();
        let place = Position::new(
            self.area.x + grid::narrow(x / across),
            self.area.y + grid::narrow(y / down),
        );
        let Some(cell) = buffer.cell_mut(place).filter(|_| self.area.contains(place)) else {
            return;
        };
        let held = cell.symbol().chars().next().unwrap_or(' ');
        match self.glyph {
            Glyph::Unicode => cell.set_char(with_dot(held, x % 2, y % 4)),
            Glyph::Block => cell.set_char(with_quarter(held, x % 2, y % 2)),
            Glyph::Letter | Glyph::Ascii => cell.set_symbol(ink.ascii),
        };
        cell.set_style(ink.style);
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

/// The braille letter `held` with one dot more; anything else gives way.
fn with_dot(held: char, x: usize, y: usize) -> char {
    let held = u32::from(held);
    let held = if (0x2800..0x2900).contains(&held) { held } else { 0x2800 };
    char::from_u32(held | DOTS[x][y]).unwrap_or('⠿')
}

/// The block `held` with one quarter more; anything else gives way.
fn with_quarter(held: char, x: usize, y: usize) -> char {
    let held = QUARTERS.iter().position(|quarter| *quarter == held).unwrap_or(0);
    QUARTERS[held | 1 << (x + 2 * y)]
}

/// The share `share` of the way from one number to another.
pub(super) fn between(from: usize, to: usize, share: f64) -> usize {
    if to >= from {
        from + grid::part(share, to - from)
    } else {
        from - grid::part(share, from - to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rising(glyph: Glyph) -> [String; 2] {
        let area = Rect::new(0, 0, 4, 2);
        let mut buffer = Buffer::empty(area);
        let canvas = Canvas::over(area, glyph);
        let ink = Ink { style: Style::new(), ascii: "*" };
        canvas.line(canvas.at(0.0, 0.0), canvas.at(1.0, 1.0), ink, &mut buffer);
        [0, 1].map(|y| (0..4).map(|x| buffer[(x, y)].symbol()).collect())
    }

    #[test]
    fn a_line_is_of_dots_of_quarters_or_of_letters() {
        assert_eq!(rising(Glyph::Unicode), ["  ⡠⠊", "⡠⠊  "]);
        assert_eq!(rising(Glyph::Block), ["  ▄▀", "▄▀  "]);
        assert_eq!(rising(Glyph::Letter), ["  **", "**  "]);
        assert_eq!(rising(Glyph::Ascii), rising(Glyph::Letter));
    }
}
