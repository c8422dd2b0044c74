//! What took place when, as bars below each other on one axis of time.
//!
//! A bar that goes on is open at its end; what happened at one moment is a letter in a row of its own.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::super::look::Look;
use super::{fixed, grid};
use crate::model::unit::Seconds;

/// Columns of a name.
const NAME: usize = 16;
/// Columns below which there are bars alone.
const NAMED: u16 = 44;

/// A bar.
#[derive(Clone, Debug)]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// How it is, in one letter.
    pub sign: &'static str,
    /// Its colour.
    pub style: Style,
    /// When it began and ended, in seconds of the axis, as often as it did; no end while it goes on. Empty
    /// where that is not known.
    pub spans: Vec<(f64, Option<f64>)>,
}

/// Bars about to be drawn.
pub struct Lanes<'a> {
    /// The bars.
    pub lanes: &'a [Lane],
    /// What happened at one moment: when, its letter, its colour.
    pub marks: &'a [(f64, &'static str, Style)],
    /// What the right end of the axis stands for, in seconds.
    pub span: f64,
    /// The instant under the cursor.
    pub cursor: Option<f64>,
    /// The bar that is kept in sight.
    pub chosen: usize,
}

impl Lanes<'_> {
    /// Rows that show everything.
    pub fn height(&self) -> u16 {
        grid::narrow(self.lanes.len()) + 1 + u16::from(!self.marks.is_empty())
    }

    /// Draws bars, moments and axis.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
        let area = area.intersection(buffer.area);
        let named = if area.width >= NAMED { NAME + 3 } else { 2 };
        let width = area.width.saturating_sub(grid::narrow(named));
        if width < 4 || area.height < 2 {
            return;
        }
        let marked = u16::from(!self.marks.is_empty() && area.height > 2);
        let room = usize::from(area.height - 1 - marked);
        let first = grid::offset(self.chosen, self.lanes.len(), room);
        let mut rows = area.rows();
        for (lane, row) in self.lanes.iter().skip(first).take(room).zip(rows.by_ref()) {
            head(lane, named).render(row, buffer);
            let bar = Rect { x: row.x + grid::narrow(named), width, ..row };
            self.bar(lane, bar, buffer, look);
        }
        let axis = Rect { x: area.x + grid::narrow(named), width, height: 1, ..area };
        let below = area.y + grid::narrow(room.min(self.lanes.len()));
        if marked > 0 {
            self.moments(Rect { y: below, ..axis }, buffer);
        }
        self.axis(Rect { y: below + marked, ..axis }, buffer, look);
        self.under(Rect { y: area.y, height: below - area.y, ..axis }, buffer, look);
    }

    /// The column of `seconds` in a row of `width`.
    fn column(&self, seconds: f64, width: u16) -> u16 {
        let last = usize::from(width.saturating_sub(1));
        grid::narrow(grid::part(seconds / self.span.max(f64::MIN_POSITIVE), last))
    }

    fn bar(&self, lane: &Lane, row: Rect, buffer: &mut Buffer, look: &Look<'_>) {
        let mut spans = lane.spans.iter().filter(|(from, _)| from.is_finite()).peekable();
        if spans.peek().is_none() {
            let words = fixed::cut("when it ran is not told", usize::from(row.width));
            return Line::styled(words, look.theme.muted).render(row, buffer);
        }
        for (from, to) in spans {
            let begin = self.column(*from, row.width);
            let end = to.map_or(row.width - 1, |to| self.column(to, row.width)).max(begin);
            for x in begin..=end {
                let open = to.is_none() && x == end;
                let letter =
                    if open { look.glyph.pick("▶", ">") } else { look.glyph.pick("█", "#") };
                buffer[(row.x + x, row.y)].set_symbol(letter).set_style(lane.style);
            }
        }
    }

    fn moments(&self, row: Rect, buffer: &mut Buffer) {
        for (at, letter, style) in self.marks.iter().filter(|(at, ..)| at.is_finite()) {
            let x = row.x + self.column(*at, row.width);
            buffer[(x, row.y)].set_symbol(letter).set_style(*style);
        }
    }

    fn axis(&self, row: Rect, buffer: &mut Buffer, look: &Look<'_>) {
        let end = Seconds(self.span).to_string();
        let middle = Seconds(self.span / 2.0).to_string();
        let room = usize::from(row.width);
        let half = room / 2;
        let text = if room > 30 {
            let left = fixed::left("0", half - middle.len() / 2);
            let rest = room - left.len() - middle.chars().count();
            left + &middle + &fixed::right(&end, rest)
        } else {
            fixed::left("0", half) + &fixed::right(&end, room - half)
        };
        Line::styled(text, look.theme.muted).render(row, buffer);
    }

    /// A line through all bars at the cursor.
    fn under(&self, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
        let Some(at) = self.cursor.filter(|at| at.is_finite()) else { return };
        let x = area.x + self.column(at, area.width);
        for y in area.top()..area.bottom() {
            let cell = &mut buffer[(x, y)];
            if cell.symbol() == " " {
                cell.set_symbol("│").set_style(look.theme.accent);
            } else {
                cell.set_style(look.theme.selected);
            }
        }
    }
}

fn head(lane: &Lane, named: usize) -> Line<'static> {
    let mut spans = vec![Span::styled(format!("{} ", lane.sign), lane.style)];
    if named > 2 {
        spans.push(Span::raw(fixed::left(&lane.name, NAME)));
    }
    Line::from(spans)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::time::Stamp;
    use crate::tui::app::{App, Setup};
    use crate::tui::look::Glyph;

    fn drawn(lanes: &Lanes<'_>, width: u16, height: u16) -> Vec<String> {
        let setup = Setup { glyph: Glyph::Ascii, ..Setup::default() };
        let app = App::new(setup, Duration::from_secs(1), false);
        let look = app.look(Stamp::default());
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        lanes.draw(area, &mut buffer, &look);
        let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..height).map(|y| row(y).trim_end().to_owned()).collect()
    }

    fn lane(from: f64, to: Option<f64>) -> Lane {
        let spans = vec![(from, to)];
        Lane { name: "stage".to_owned(), sign: "+", style: Style::new(), spans }
    }

    #[test]
    fn bars_stand_where_their_time_is() {
        let lanes = [lane(0.0, Some(5.0)), lane(5.0, None)];
        let marks = [(10.0, "!", Style::new())];
        let lanes = Lanes { lanes: &lanes, marks: &marks, span: 10.0, cursor: None, chosen: 0 };
        let wanted = ["+ ######", "+      #####>", "            !", "  0    10.0 s"];
        assert_eq!(drawn(&lanes, 13, 4), wanted);
        assert_eq!(lanes.height(), 4);
    }

    #[test]
    fn what_stopped_in_between_has_a_gap() {
        let lanes = [Lane { spans: vec![(0.0, Some(2.0)), (8.0, None)], ..lane(0.0, None) }];
        let lanes = Lanes { lanes: &lanes, marks: &[], span: 10.0, cursor: None, chosen: 0 };
        assert_eq!(drawn(&lanes, 13, 2)[0], "+ ###     ##>");
    }

    #[test]
    fn nothing_that_is_no_time_breaks_it() {
        let odd = [f64::NAN, f64::INFINITY, -1.0, 1e300];
        for one in odd {
            for other in odd {
                let lanes = [lane(one, Some(other)), lane(other, None)];
                let marks = [(one, "!", Style::new())];
                let cursor = Some(other);
                let lanes = Lanes { lanes: &lanes, marks: &marks, span: one, cursor, chosen: 9 };
                for width in [0, 3, 7, 60] {
                    for height in 0..5 {
                        drawn(&lanes, width, height);
                    }
                }
            }
        }
    }
}
