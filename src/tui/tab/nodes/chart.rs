//! Any number of a node over the time that is looked at.

use std::cell::Cell;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::gap;
use crate::state::Node;
use crate::state::history::Metric;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::tab::fleet::Named;
use crate::tui::when::words;
use crate::tui::widget::chart::{self, Chart, Trace};
use crate::tui::widget::panel::Panel;
use crate::tui::widget::{notice, value};

/// What is looked at.
#[derive(Debug, Default)]
pub(super) struct View {
    metric: usize,
    /// What was drawn at the instant that is looked at: who asks why means that.
    seen: Cell<Seen>,
}

/// What is known at an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Seen {
    /// No sample was taken.
    #[default]
    Nothing,
    /// One was, without this number.
    Missing,
    /// The number.
    Known,
}

impl View {
    const fn metric(&self) -> Metric {
        Metric::ALL[self.metric]
    }

    pub(super) const fn act(&mut self, action: Action) -> Reply {
        let last = Metric::ALL.len();
        match action {
            Action::Up => self.metric = (self.metric + last - 1) % last,
            Action::Down => self.metric = (self.metric + 1) % last,
            _ => return Reply::Ignored,
        }
        Reply::Done
    }

    pub(super) fn click(x: u16, area: Rect) -> Reply {
        chart::share_at(x, area).map_or(Reply::Done, Reply::Instant)
    }

    /// Why there is no value at the instant that is looked at.
    pub(super) fn gaps(&self, node: &Node) -> Vec<String> {
        let metric = self.metric();
        match self.seen.get() {
            Seen::Known => return Vec::new(),
            Seen::Nothing => return vec!["no sample was taken at this time".to_owned()],
            Seen::Missing => {}
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
        (id, node): Named<'_>,
        focused: bool,
        look: &Look<'_>,
    ) {
        let metric = self.metric();
        let window = look.window();
        let title = format!("{} · {}", metric.words(), words::span(look.when.minutes()));
        let area = Panel::new(&title)
            .aside(self.reading((id, node), look))
            .focused(focused)
            .of_then(look.past_words())
            .open(area, buffer, look);
        let start = window.end_ms.saturating_sub(window.span_ms);
        let history = look.history(id, node);
        let points: Vec<_> = history.within(metric as usize, start..window.end_ms + 1).collect();
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
        let cursor_ms = look.cursor();
        let chart = Chart { traces: &traces, window, left, right: None, cursor_ms };
        chart.draw(area, buffer, look);
    }

    /// The value under the cursor and its time, or the latest value.
    fn reading(&self, (id, node): Named<'_>, look: &Look<'_>) -> String {
        let metric = self.metric();
        let at = look.instant();
        let found = look.history(id, node).nearest(metric as usize, at);
        let found = found.filter(|(found, _)| found.abs_diff(at) <= look.reach_ms());
        self.seen.set(match found {
            None => Seen::Nothing,
            Some((_, None)) => Seen::Missing,
            Some(_) => Seen::Known,
        });
        let written = found.and_then(|(_, value)| value).map_or_else(
            || value::MISSING.to_owned(),
            |value| value::written(metric.scale(), value),
        );
        if look.cursor().is_none() && !look.is_past() {
            return written;
        }
        format!("{written} at {}", look.clock(at))
    }
}
