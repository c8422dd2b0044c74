//! An hour of any number of a node, with a cursor.
//!
//! The cursor holds on to an instant, so that it stays on the same peak while time goes on.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::gap;
use crate::model::time::Stamp;
use crate::state::Node;
use crate::state::history::Metric;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::chart::{Chart, Trace};
use crate::tui::widget::panel::Panel;
use crate::tui::widget::trail::Window;
use crate::tui::widget::{notice, value};

/// Lengths of the window, in minutes.
const MINUTES: [u64; 3] = [5, 15, 60];

/// What is looked at.
#[derive(Debug)]
pub(super) struct View {
    metric: usize,
    window: usize,
    cursor_ms: Option<u64>,
}

impl Default for View {
    fn default() -> Self {
        Self { metric: 0, window: 1, cursor_ms: None }
    }
}

impl View {
    const fn metric(&self) -> Metric {
        Metric::ALL[self.metric]
    }

    const fn span_ms(&self) -> u64 {
        MINUTES[self.window] * 60_000
    }

    pub(super) const fn act(&mut self, action: Action, now: Stamp) -> Reply {
        let last = Metric::ALL.len();
        let step = self.span_ms() / 60;
        match action {
            Action::Up => self.metric = (self.metric + last - 1) % last,
            Action::Down => self.metric = (self.metric + 1) % last,
            Action::View | Action::Enter => self.window = (self.window + 1) % MINUTES.len(),
            Action::Left => self.move_to(self.at(now).saturating_sub(step), now),
            Action::Right => self.move_to(self.at(now) + step, now),
            Action::First => self.move_to(now.mono_ms.saturating_sub(self.span_ms()), now),
            Action::Last => self.cursor_ms = None,
            Action::Back if self.cursor_ms.is_some() => self.cursor_ms = None,
            _ => return Reply::Ignored,
        }
        Reply::Done
    }

    const fn at(&self, now: Stamp) -> u64 {
        match self.cursor_ms {
            Some(at) => at,
            None => now.mono_ms,
        }
    }

    /// Puts the cursor on `at`, kept within the window; now is no cursor.
    const fn move_to(&mut self, at: u64, now: Stamp) {
        let start = now.mono_ms.saturating_sub(self.span_ms());
        let at = if at < start { start } else { at };
        self.cursor_ms = if at < now.mono_ms { Some(at) } else { None };
    }

    pub(super) fn click(&mut self, x: u16, area: Rect, now: Stamp) {
        let window = Window { end_ms: now.mono_ms, span_ms: self.span_ms(), interval_ms: 1_000 };
        let scale = (self.metric().scale(), 100.0);
        let chart = Chart { traces: &[], window, left: scale, right: None, cursor_ms: None };
        if let Some(at) = chart.instant_at(x, area) {
            self.move_to(at, now);
        }
    }

    /// Why there is no value under the cursor.
    pub(super) fn gaps(&self, node: &Node) -> Vec<String> {
        let metric = self.metric();
        let latest = node.history.last_ms().unwrap_or_default();
        let at = self.cursor_ms.unwrap_or(latest);
        match node.history.nearest(metric as usize, at) {
            Some((found, Some(_))) if found.abs_diff(at) <= 5_000 => return Vec::new(),
            Some((found, None)) if found.abs_diff(at) <= 5_000 => {}
            _ => return vec!["no sample was taken at this time".to_owned()],
        }
        let sample = node.sample.as_ref().map(|(_, sample)| sample);
        let reason = sample.and_then(|sample| gap::metric(sample, metric));
        let past = || format!("{} could not be read then", metric.words());
        vec![reason.unwrap_or_else(past)]
    }

    pub(super) fn draw(
        &self,
        area: Rect,
        buffer: &mut Buffer,
        node: &Node,
        focused: bool,
        look: &Look<'_>,
    ) {
        let metric = self.metric();
        let window = Window::last(MINUTES[self.window], look);
        let title = format!("{} · {} min", metric.words(), MINUTES[self.window]);
        let area = Panel::new(&title)
            .aside(self.reading(node, look))
            .focused(focused)
            .open(area, buffer, look);
        let start = window.end_ms.saturating_sub(window.span_ms);
        let points: Vec<_> =
            node.history.within(metric as usize, start..window.end_ms + 1).collect();
        let highest = points.iter().filter_map(|(_, value)| *value).reduce(f64::max);
        let Some(highest) = highest else {
            let (why, next) = (look.key(Action::Why), look.key(Action::Down));
            let words = [format!("{why} says why; {next} goes on to the next number.")];
            notice::notice("Nothing was read in this time", &words, area, buffer, look);
            return;
        };
        let top = value::ceiling(metric.scale(), highest);
        let trace = Trace { points, top, style: look.theme.series[0], ascii: "*" };
        let left = (metric.scale(), top);
        let traces = [trace];
        let chart = Chart { traces: &traces, window, left, right: None, cursor_ms: self.cursor_ms };
        chart.draw(area, buffer, look);
    }

    /// The value under the cursor and its time, or the latest value.
    fn reading(&self, node: &Node, look: &Look<'_>) -> String {
        let metric = self.metric();
        let at = self.at(look.now);
        let reach = self.span_ms() / 120 + 3 * look.interval_ms;
        let found = node.history.nearest(metric as usize, at);
        let value =
            found.filter(|(found, _)| found.abs_diff(at) <= reach).and_then(|(_, value)| value);
        let written = value.map_or_else(
            || value::MISSING.to_owned(),
            |value| value::written(metric.scale(), value),
        );
        match self.cursor_ms {
            None => written,
            Some(at) => format!("{written} at {}", clock(at, look.now)),
        }
    }
}

/// The wall time of an instant, `12:03:04 UTC`.
fn clock(at_ms: u64, now: Stamp) -> String {
    let back = i64::try_from(now.mono_ms.saturating_sub(at_ms)).unwrap_or(i64::MAX);
    let wall_ms = now.wall_ms.saturating_sub(back);
    let text = Stamp { mono_ms: at_ms, wall_ms }.rfc3339();
    let time: String = text.chars().skip(11).take(8).collect();
    time + " UTC"
}
