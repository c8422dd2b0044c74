//! A small history without axes, one value a column.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;

use super::super::look::Glyph;
use super::grid;

const UNICODE: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const ASCII: [&str; 8] = ["_", ".", ":", "-", "=", "+", "*", "#"];

const fn letters(glyph: Glyph) -> [&'static str; 8] {
    match glyph {
        Glyph::Unicode | Glyph::Block => UNICODE,
        Glyph::Letter | Glyph::Ascii => ASCII,
    }
}

/// Values as columns from 0 to `max`, the latest on the right. A missing value leaves its column
/// empty; a zero does not.
pub struct Sparkline<'a> {
    /// One value a column, oldest first.
    pub values: &'a [Option<f64>],
    /// What a full column stands for.
    pub max: f64,
    /// The style of a value.
    pub style: &'a dyn Fn(f64) -> Style,
    /// Which letters may be used.
    pub glyph: Glyph,
}

/// `values` in one row of at most `width` letters, from the smallest to the largest of them; earliest
/// first, neighbours joined to their mean where there are more.
pub fn text(values: &[f64], width: usize, glyph: Glyph) -> String {
    let letters = letters(glyph);
    let count = width.min(values.len());
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mean = |at: usize| {
        let (from, to) = (at * values.len() / count, (at + 1) * values.len() / count);
        let piece = values.get(from..to).unwrap_or_default();
        piece.iter().sum::<f64>() / piece.len().max(1) as f64
    };
    let letter = |at: usize| {
        let share = if high > low { (mean(at) - low) / (high - low) } else { 0.0 };
        letters[grid::part(share, letters.len() - 1)]
    };
    (0..count).map(letter).collect()
}

impl Widget for Sparkline<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let area = area.intersection(buffer.area);
        let skipped = self.values.len().saturating_sub(usize::from(area.width));
        let blank = usize::from(area.width).saturating_sub(self.values.len());
        let columns = area.columns().skip(blank);
        for (column, value) in columns.zip(&self.values[skipped..]) {
            if let Some(value) = value {
                self.column(*value, column, buffer);
            }
        }
    }
}

impl Sparkline<'_> {
    fn column(&self, value: f64, column: Rect, buffer: &mut Buffer) {
        let letters = letters(self.glyph);
        let eighths = usize::from(column.height) * 8;
        let mut left = grid::part(value / self.max, eighths).max(1);
        let style = (self.style)(value);
        for cell in column.rows().rev() {
            if left == 0 {
                break;
            }
            let level = left.min(8);
            buffer[cell.as_position()].set_symbol(letters[level - 1]).set_style(style);
            left -= level;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(values: &[Option<f64>], height: u16, glyph: Glyph) -> Vec<String> {
        let area = Rect::new(0, 0, 5, height);
        let mut buffer = Buffer::empty(area);
        let style = |_| Style::new();
        let spark = Sparkline { values, max: 100.0, style: &style, glyph };
        spark.render(area, &mut buffer);
        let row = |y| (0..5).map(|x| buffer[(x, y)].symbol()).collect();
        (0..height).map(row).collect()
    }

    #[test]
    fn a_gap_is_empty_and_a_zero_is_not() {
        let values = [Some(0.0), None, Some(50.0), Some(100.0)];
        assert_eq!(drawn(&values, 1, Glyph::Unicode), [" ▁ ▄█"]);
        assert_eq!(drawn(&values, 1, Glyph::Ascii), [" _ -#"]);
        assert_eq!(drawn(&values, 2, Glyph::Unicode), ["    █", " ▁ ██"]);
    }

    #[test]
    fn the_latest_values_stay_when_room_is_short() {
        let values: Vec<_> = (0..9).map(|n| Some(f64::from(n) * 12.5)).collect();
        assert_eq!(drawn(&values, 1, Glyph::Unicode), ["▄▅▆▇█"]);
    }
}
