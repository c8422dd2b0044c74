//! A history with axes and a cursor. Gaps stay gaps.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::super::look::Look;
use super::canvas::{Canvas, Ink, between};
use super::{fixed, grid, trail, value};
use crate::state::history::Scale;

/// One line of a chart.
pub struct Trace {
    /// Instants (milliseconds) and values, in order of time.
    pub points: Vec<(u64, Option<f64>)>,
    /// What the upper edge stands for; the lower edge is 0.
    pub top: f64,
    /// Its colour.
    pub style: Style,
    /// What draws it where there is no braille.
    pub ascii: &'static str,
}

/// A chart about to be drawn.
pub struct Chart<'a> {
    /// Its lines; the first is on top.
    pub traces: &'a [Trace],
    /// The stretch of time shown.
    pub window: trail::Window,
    /// How the left axis is written, with its top.
    pub left: (Scale, f64),
    /// How the right axis is written, with its top.
    pub right: Option<(Scale, f64)>,
    /// The instant under the cursor.
    pub cursor_ms: Option<u64>,
}

/// Width of an axis.
const AXIS: u16 = 10;

impl Chart<'_> {
    /// Draws axes, lines and cursor.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
        let area = area.intersection(buffer.area);
        let plot = self.plot(area);
        if plot.is_empty() {
            return;
        }
        self.axes(area, plot, buffer, look);
        for trace in self.traces.iter().rev() {
            self.trace(trace, plot, buffer, look);
        }
        self.cursor(plot, buffer, look);
    }

    /// Where the lines are, within `area`.
    const fn plot(&self, area: Rect) -> Rect {
        plot(area, self.right.is_some())
    }

    fn axes(&self, area: Rect, plot: Rect, buffer: &mut Buffer, look: &Look<'_>) {
        let beside = Rect { width: AXIS, height: plot.height, ..area };
        if plot.x > area.x {
            axis(self.left, true, beside, buffer, look);
        }
        if let Some(right) = self.right.filter(|_| plot.right() < area.right()) {
            axis(right, false, Rect { x: plot.right(), ..beside }, buffer, look);
        }
        if plot.height < area.height {
            Self::times(Rect { y: plot.bottom(), height: 1, ..plot }, buffer, look);
        }
    }

    fn times(row: Rect, buffer: &mut Buffer, look: &Look<'_>) {
        let room = usize::from(row.width);
        let [begin, middle, end] = look.axis();
        if room < 12 + end.len() + begin.len() / 2 {
            return;
        }
        let mut text = fixed::fit(&begin, room / 2, false);
        let middle = if room > 40 { &middle } else { "" };
        text.push_str(&fixed::fit(middle, room - room / 2 - end.len(), false));
        text.push_str(&end);
        Line::styled(text, look.theme.muted).render(row, buffer);
    }

    fn trace(&self, trace: &Trace, plot: Rect, buffer: &mut Buffer, look: &Look<'_>) {
        let canvas = Canvas::over(plot, look.glyph);
        let mut before: Option<(usize, usize)> = None;
        for dot in self.dots(&trace.points, canvas.wide) {
            let y = grid::part(1.0 - dot.mean / trace.top, canvas.high - 1);
            let from = before.filter(|_| !dot.after_gap).unwrap_or((dot.x, y));
            let ink = Ink { style: trace.style, ascii: trace.ascii };
            stairs(&canvas, from, (dot.x, y), ink, buffer);
            before = Some((dot.x, y));
        }
    }

    /// The mean of the points in each of `wide` columns that has any.
    fn dots(&self, points: &[(u64, Option<f64>)], wide: usize) -> Vec<Dot> {
        let start = self.window.end_ms.saturating_sub(self.window.span_ms);
        // Two points further apart than this have a gap between them.
        let pace = trail::pace(points.iter().map(|(at, _)| *at)).max(self.window.interval_ms);
        let reach = (3 * pace).max(2 * self.window.span_ms / wide.max(1) as u64);
        let mut dots: Vec<Dot> = Vec::with_capacity(wide);
        let (mut before, mut count) = (None, 0.0);
        for (at, value) in points.iter().filter(|(at, _)| *at >= start) {
            let Some(value) = *value else {
                before = None;
                continue;
            };
            let across = (at - start) as f64 / self.window.span_ms.max(1) as f64;
            let x = grid::part(across, wide.saturating_sub(1));
            let after_gap = before.is_none_or(|then| at - then > reach);
            before = Some(*at);
            if let Some(dot) = dots.last_mut().filter(|dot| dot.x == x) {
                count += 1.0;
                dot.mean += (value - dot.mean) / count;
            } else {
                count = 1.0;
                let mean = value;
                dots.push(Dot { x, mean, after_gap });
            }
        }
        dots
    }

    fn cursor(&self, plot: Rect, buffer: &mut Buffer, look: &Look<'_>) {
        let start = self.window.end_ms.saturating_sub(self.window.span_ms);
        let Some(at) = self.cursor_ms.and_then(|at| at.checked_sub(start)) else {
            return;
        };
        let across = at as f64 / self.window.span_ms.max(1) as f64;
        // Where the dot of that instant is.
        let dot = Canvas::over(plot, look.glyph).at(across, 0.0).0;
        let x = plot.x + grid::narrow(dot / look.glyph.dots().0);
        for y in plot.top()..plot.bottom() {
            let cell = &mut buffer[(x, y)];
            if cell.symbol() == " " {
                cell.set_symbol(look.glyph.pick("│", "|"));
            }
            cell.set_style(look.theme.accent);
        }
    }
}

/// Where the lines of a chart are, within `area`; `right`: whether it has an axis on the right.
const fn plot(area: Rect, right: bool) -> Rect {
    let left = if area.width > 3 * AXIS { AXIS } else { 0 };
    let right = if right { left } else { 0 };
    let below = if area.height > 3 { 1 } else { 0 };
    Rect {
        x: area.x + left,
        y: area.y,
        width: area.width - left - right,
        height: area.height - below,
    }
}

/// The share of what is shown that lies before column `x` of a chart in `area` with one axis; `None` beside
/// the lines.
pub fn share_at(x: u16, area: Rect) -> Option<f64> {
    let plot = plot(area, false);
    let across = x.checked_sub(plot.x).filter(|_| x < plot.right())?;
    Some((f64::from(across) + 0.5) / f64::from(plot.width.max(1)))
}

/// Draws the values of an axis, aligned to the plot beside it.
fn axis((scale, top): (Scale, f64), left: bool, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let marks = if area.height >= 7 { 4 } else { 2 };
    for mark in 0..=marks {
        let down = usize::from(area.height - 1) * mark / marks;
        let share = 1.0 - mark as f64 / marks as f64;
        let text = value::written(scale, top * share);
        let text = fixed::fit(&text, usize::from(AXIS) - 1, left);
        let text = if left { text + " " } else { format!(" {text}") };
        let y = area.y + grid::narrow(down);
        Line::styled(text, look.theme.muted).render(Rect { y, height: 1, ..area }, buffer);
    }
}

/// A column of a line.
struct Dot {
    x: usize,
    mean: f64,
    /// Whether it is not joined to the one before.
    after_gap: bool,
}

/// A line as a staircase: each column holds what lies between its value and the one before.
fn stairs(
    canvas: &Canvas,
    from: (usize, usize),
    to: (usize, usize),
    ink: Ink,
    buffer: &mut Buffer,
) {
    let length = to.0.saturating_sub(from.0);
    let mut last = from.1;
    for x in from.0..=to.0 {
        let share = if length == 0 { 1.0 } else { (x - from.0) as f64 / length as f64 };
        let y = between(from.1, to.1, share);
        for y in last.min(y)..=last.max(y) {
            canvas.dot((x, y), ink, buffer);
        }
        last = y;
    }
}

/// A line that says what the colours of `traces` stand for.
pub fn legend(names: &[&'static str], traces: &[Trace], look: &Look<'_>) -> Vec<Span<'static>> {
    let pair = |(name, trace): (&&'static str, &Trace)| {
        let sign = Span::styled(look.glyph.pick("━", trace.ascii), trace.style);
        [sign, Span::styled(format!(" {name}  "), look.theme.muted)]
    };
    names.iter().zip(traces).flat_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::look::Glyph;
    use super::super::trail::Window;
    use super::*;
    use crate::config::Threshold;
    use crate::model::time::Stamp;
    use crate::tui::keymap::Keymap;
    use crate::tui::theme::Theme;
    use crate::tui::when::When;

    fn drawn(points: Vec<(u64, Option<f64>)>, glyph: Glyph) -> Vec<String> {
        drawn_at(points, glyph, None)
    }

    fn drawn_at(
        points: Vec<(u64, Option<f64>)>,
        glyph: Glyph,
        cursor_ms: Option<u64>,
    ) -> Vec<String> {
        let theme = Theme::default();
        let now = Stamp { mono_ms: 10_000, wall_ms: 0 };
        let look = Look {
            theme: &theme,
            keymap: &Keymap::embedded(),
            threshold: Threshold::default(),
            glyph,
            now,
            rest: crate::tui::rest::Rest::default(),
            when: &When::default(),
            zone: &jiff::tz::TimeZone::UTC,
            readonly: false,
            interval_ms: 1_000,
        };
        let traces = [Trace { points, top: 100.0, style: Style::new(), ascii: "*" }];
        let window = Window { end_ms: 10_000, span_ms: 10_000, interval_ms: 1_000 };
        let chart = Chart {
            traces: &traces,
            window,
            left: (Scale::Percent, 100.0),
            right: None,
            cursor_ms,
        };
        let area = Rect::new(0, 0, 11, 3);
        let mut buffer = Buffer::empty(area);
        chart.draw(area, &mut buffer, &look);
        let row = |y| (0..11).map(|x| buffer[(x, y)].symbol()).collect();
        (0..3).map(row).collect()
    }

    #[test]
    fn a_gap_is_not_bridged() {
        let level = |second: u64| (second * 1_000, Some(50.0));
        let points = [1, 2, 3, 8, 9, 10].map(level).to_vec();
        assert_eq!(drawn(points, Glyph::Ascii)[1], " ***    ***");
    }

    #[test]
    fn a_missing_value_is_a_gap_too() {
        let points = vec![(1_000, Some(0.0)), (2_000, None), (3_000, Some(0.0))];
        assert_eq!(drawn(points, Glyph::Ascii)[2], " * *       ");
    }

    #[test]
    fn the_cursor_stands_on_the_dot_of_its_instant() {
        for at in (0..=10_000).step_by(100) {
            let rows = drawn_at(vec![(at, Some(0.0))], Glyph::Unicode, Some(at));
            let place = |row: usize| rows[row].chars().position(|letter| letter != ' ');
            assert_eq!(place(0), place(2), "{at}: {rows:?}");
        }
    }

    #[test]
    fn a_jump_is_a_stair() {
        let points = vec![(5_000, Some(0.0)), (6_000, Some(100.0))];
        assert_eq!(drawn(points, Glyph::Ascii), ["      *    ", "      *    ", "     **    "]);
    }
}
