//! Named numbers, one below the other, each with its recent past beside it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::super::look::Look;
use super::sparkline::Sparkline;
use super::{fixed, grid, value};
use crate::model::unit::Ratio;
use crate::state::history::Scale;

const NAME: usize = 9;
const VALUE: usize = 11;
const TOP: usize = 11;
/// Room for words on the right, where the row is long enough.
const ASIDE: usize = 44;

/// What the colour of a share tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Nothing: much of it is not bad, as of a network.
    Plain,
    /// How full it is, as of CPU.
    Load,
    /// For how much of the time tasks waited.
    Pressure,
}

/// A named number and its past.
#[derive(Clone, Debug)]
pub struct Strip {
    /// What it is.
    pub name: &'static str,
    /// Its present value, in the unit of `scale`.
    pub now: Option<f64>,
    /// Whether the present value is of now; an old one is muted.
    pub live: bool,
    /// How it is written.
    pub scale: Scale,
    /// Its past, oldest first, one value a column.
    pub past: Vec<Option<f64>>,
    /// What its colour tells.
    pub tone: Tone,
    /// The column of the past that is looked at.
    pub mark: Option<usize>,
    /// A few words that make the number plain.
    pub aside: String,
}

/// How many columns of the past a strip has that is drawn `width` wide, with words at its end or
/// without.
pub const fn columns(width: u16, words: bool) -> usize {
    let rest = (width as usize).saturating_sub(NAME + VALUE + 2);
    match width {
        0..=59 => rest,
        110.. if words => rest - TOP - 1 - ASIDE - 2,
        _ => rest - TOP - 1,
    }
}

/// Draws as many of `strips` as there is room for: in one row each, in two, or in two with a blank
/// row between.
pub fn draw(strips: &[Strip], area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let area = area.intersection(buffer.area);
    let high = (usize::from(area.height) / strips.len().max(1)).clamp(1, 3);
    for (index, strip) in strips.iter().enumerate() {
        let down = index * high;
        if down + high > usize::from(area.height) {
            break;
        }
        let drawn = high.min(2);
        let y = area.y + grid::narrow(down + high - drawn);
        strip.draw(Rect { y, height: grid::narrow(drawn), ..area }, buffer, look);
    }
}

impl Strip {
    fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
        let floor = Rect { y: area.bottom() - 1, height: 1, ..area };
        let value = self.now.map(|now| value::written(self.scale, now));
        let value = value.unwrap_or_else(|| value::MISSING.to_owned());
        let head = [
            Span::styled(fixed::fit(self.name, NAME, false), look.theme.text),
            Span::raw(" "),
            Span::styled(fixed::fit(&value, VALUE, true), self.style_now(look)),
        ];
        head.into_iter().collect::<Line<'_>>().render(floor, buffer);
        let past = Rect {
            x: area.x + grid::narrow(NAME + VALUE + 2),
            width: grid::narrow(self.past.len()),
            ..area
        };
        let top = self.top();
        let style = |value| self.style(value, look);
        let spark = Sparkline { values: &self.past, max: top, style: &style, glyph: look.glyph };
        if area.width > grid::narrow(NAME + VALUE + 2) {
            spark.render(past, buffer);
            self.mark(past, buffer, look);
            self.tail(past, top, area, buffer, look);
        }
    }

    /// The top of the scale at the right of the past, and the words.
    fn tail(&self, past: Rect, top: f64, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
        if area.width < 60 {
            return;
        }
        let x = past.right() + 1;
        let width = area.right().saturating_sub(x);
        let top = fixed::fit(&value::written(self.scale, top), TOP, false);
        Line::styled(top, look.theme.muted).render(Rect { x, width, height: 1, ..area }, buffer);
        let skip = grid::narrow(TOP + 2);
        let aside = Rect {
            x: x.saturating_add(skip),
            y: area.bottom() - 1,
            width: width.saturating_sub(skip),
            height: 1,
        };
        let words = fixed::cut(&self.aside, usize::from(aside.width));
        Line::styled(words, look.theme.muted).render(aside, buffer);
    }

    /// Shows the column that is looked at.
    fn mark(&self, past: Rect, buffer: &mut Buffer, look: &Look<'_>) {
        let column = self.mark.map(grid::narrow).filter(|column| *column < past.width);
        for row in column.iter().flat_map(|_| past.rows()) {
            let x = past.x + column.unwrap_or_default();
            let cell = &mut buffer[(x, row.y)];
            if cell.symbol() == " " {
                cell.set_symbol(look.glyph.pick("│", "|"));
            }
            cell.set_style(look.theme.accent);
        }
    }

    fn top(&self) -> f64 {
        let highest = self.past.iter().flatten().copied().fold(0.0, f64::max);
        value::ceiling(self.scale, highest)
    }

    fn style_now(&self, look: &Look<'_>) -> Style {
        match self.now {
            Some(now) if self.live => self.style(now, look),
            _ => look.theme.muted,
        }
    }

    fn style(&self, value: f64, look: &Look<'_>) -> Style {
        let text = look.theme.text;
        let share = Ratio::new(value / 100.0);
        match (self.scale, self.tone) {
            (Scale::Celsius, _) => look.heat(value),
            (Scale::Percent, Tone::Load) => share.map_or(text, |share| look.load(share)),
            (Scale::Percent, Tone::Pressure) => share.map_or(text, |share| look.pressure(share)),
            _ => look.theme.series[0],
        }
    }
}
