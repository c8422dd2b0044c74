//! An hour of any number of a node, with a cursor.

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
use crate::tui::widget::cursor::Cursor;
use crate::tui::widget::panel::Panel;
use crate::tui::widget::{notice, value};

/// What is looked at.
#[derive(Debug, Default)]
pub(super) struct View {
    metric: usize,
    cursor: Cursor,
}

impl View {
    const fn metric(&self) -> Metric {
        Metric::ALL[self.metric]
    }

    pub(super) const fn act(&mut self, action: Action, now: Stamp) -> Reply {
        let last = Metric::ALL.len();
        match action {
            Action::Up => self.metric = (self.metric + last - 1) % last,
            Action::Down => self.metric = (self.metric + 1) % last,
            Action::First => self.cursor.go_first(now),
            Action::Last => self.cursor.go_last(),
            Action::Enter => return self.act(Action::View, now),
            _ if self.cursor.act(action, now) => {}
            _ => return Reply::Ignored,
        }
        Reply::Done
    }

    pub(super) fn click(&mut self, x: u16, area: Rect, now: Stamp) {
        self.cursor.click(x, area, self.metric().scale(), now);
    }

    /// Why there is no value under the cursor.
    pub(super) fn gaps(&self, node: &Node) -> Vec<String> {
        let metric = self.metric();
        let latest = node.history.last_ms().unwrap_or_default();
        let at = self.cursor.at_ms().unwrap_or(latest);
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
        let window = self.cursor.window(look);
        let title = format!("{} · {} min", metric.words(), self.cursor.minutes());
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
        let cursor_ms = self.cursor.at_ms();
        let chart = Chart { traces: &traces, window, left, right: None, cursor_ms };
        chart.draw(area, buffer, look);
    }

    /// The value under the cursor and its time, or the latest value.
    fn reading(&self, node: &Node, look: &Look<'_>) -> String {
        let metric = self.metric();
        let at = self.cursor.or(look.now);
        let reach = self.cursor.span_ms() / 120 + 3 * look.interval_ms;
        let found = node.history.nearest(metric as usize, at);
        let value =
            found.filter(|(found, _)| found.abs_diff(at) <= reach).and_then(|(_, value)| value);
        let written = value.map_or_else(
            || value::MISSING.to_owned(),
            |value| value::written(metric.scale(), value),
        );
        match self.cursor.clock(look.now) {
            None => written,
            Some(time) => format!("{written} at {time}"),
        }
    }
}
