//! A model over the time that is looked at: tokens, latencies, requests. And all models together, as one
//! strip of the overview.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::entry::{Entry, told, written};
use crate::model::reading::Why;
use crate::model::serving::Serving;
use crate::state::history::Scale;
use crate::state::serving::{ModelHistory, ModelMetric};
use crate::state::{Part, State};
use crate::tui::look::Look;
use crate::tui::widget::chart::{Chart, Trace, legend};
use crate::tui::widget::panel::Panel;
use crate::tui::widget::strip::{Strip, Tone};
use crate::tui::widget::trail::Window;
use crate::tui::widget::{grid, notice, value};

/// Charts there are.
pub(super) const COUNT: usize = CHARTS.len();
/// Rows a chart needs at least.
const LEAST: u16 = 6;
/// Columns from which two charts stand side by side.
const WIDE: u16 = 110;

struct Figure {
    title: &'static str,
    scale: Scale,
    metrics: &'static [ModelMetric],
    names: &'static [&'static str],
    /// Why the server does not tell it, where it does not.
    why: fn(&Serving) -> Option<&Why>,
}

const CHARTS: [Figure; 5] = [
    Figure {
        title: "Tokens/s",
        scale: Scale::Plain,
        metrics: &[ModelMetric::Tokens, ModelMetric::Prompt],
        names: &["generated", "prompt"],
        why: |served| served.tokens_per_second.why(),
    },
    Figure {
        title: "First token",
        scale: Scale::Seconds,
        metrics: &[ModelMetric::FirstP50, ModelMetric::FirstP95, ModelMetric::FirstP99],
        names: &["p50", "p95", "p99"],
        why: |served| served.first_token.p50.why(),
    },
    Figure {
        title: "Requests",
        scale: Scale::Plain,
        metrics: &[ModelMetric::Running, ModelMetric::Waiting],
        names: &["at work", "waiting"],
        why: |served| served.running.why(),
    },
    Figure {
        title: "Inter-token",
        scale: Scale::Seconds,
        metrics: &[ModelMetric::InterP50, ModelMetric::InterP95, ModelMetric::InterP99],
        names: &["p50", "p95", "p99"],
        why: |served| served.inter_token.p50.why(),
    },
    Figure {
        title: "End to end",
        scale: Scale::Seconds,
        metrics: &[ModelMetric::WholeP50, ModelMetric::WholeP95, ModelMetric::WholeP99],
        names: &["p50", "p95", "p99"],
        why: |served| served.end_to_end.p50.why(),
    },
];

/// Draws as many charts as there is room for, from number `first` on.
pub(super) fn draw(
    entry: &Entry<'_>,
    first: usize,
    area: Rect,
    buffer: &mut Buffer,
    look: &Look<'_>,
) {
    if area.height < 4 {
        return;
    }
    let across = if area.width >= WIDE { 2 } else { 1 };
    let down = (area.height / (LEAST + 3)).clamp(1, 2);
    let rows = Layout::vertical(vec![Constraint::Fill(1); usize::from(down)]).split(area);
    let mut next = (0..COUNT).map(|step| &CHARTS[(first + step) % COUNT]);
    for row in rows.iter() {
        let cells = Layout::horizontal(vec![Constraint::Fill(1); across]).split(*row);
        for (cell, figure) in cells.iter().zip(&mut next) {
            one(entry, figure, *cell, buffer, look);
        }
    }
}

fn one(entry: &Entry<'_>, figure: &Figure, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let window = look.window();
    let history = entry.history(look).filter(|history| !history.is_empty());
    let title = history.map(|history| title(figure, history, window, look));
    let title = title.unwrap_or_else(|| figure.title.to_owned());
    let inner = Panel::new(&title).of_then(look.past_words()).open(area, buffer, look);
    let Some(history) = history else {
        let words = if look.is_past() { "Nothing was read in this time" } else { "No history yet" };
        return notice::notice(words, &[], inner, buffer, look);
    };
    let traces = traces(figure, history, window, look);
    if traces.iter().flat_map(|trace| &trace.points).all(|(_, value)| value.is_none()) {
        let why = (figure.why)(&entry.served).filter(|_| !look.is_then()).map(told);
        let why: Vec<String> = why.into_iter().collect();
        return notice::notice("Nothing was read in this time", &why, inner, buffer, look);
    }
    let left = (figure.scale, traces.first().map_or(1.0, |trace| trace.top));
    let chart = Chart { traces: &traces, window, left, right: None, cursor_ms: look.cursor() };
    chart.draw(inner, buffer, look);
    let mut spans = vec![Span::raw(" ")];
    spans.extend(legend(figure.names, &traces, look));
    let line = Line::from(spans);
    let width = grid::narrow(line.width());
    if area.width > width + grid::narrow(title.chars().count()) + 6 {
        let x = area.right() - width - 2;
        line.render(Rect { x, width, height: 1, ..area }, buffer);
    }
}

fn traces(figure: &Figure, history: &ModelHistory, window: Window, look: &Look<'_>) -> Vec<Trace> {
    let start = window.end_ms.saturating_sub(window.span_ms);
    let points =
        |metric: &ModelMetric| history.within(*metric as usize, start..window.end_ms + 1).collect();
    let all: Vec<Vec<(u64, Option<f64>)>> = figure.metrics.iter().map(points).collect();
    let highest = all.iter().flatten().filter_map(|(_, value)| *value).fold(0.0, f64::max);
    let top = value::ceiling(figure.scale, highest);
    let (series, ascii) = (look.theme.series, ["*", "+", "o"]);
    let trace =
        |(at, points)| Trace { points, top, style: series[at], ascii: ascii[at % ascii.len()] };
    all.into_iter().enumerate().map(trace).collect()
}

/// What it shows; of its first number, as far as there is one, the present or the one under the cursor,
/// the mean and the peak.
fn title(figure: &Figure, history: &ModelHistory, window: Window, look: &Look<'_>) -> String {
    let Some(metric) = figure.metrics.first() else { return figure.title.to_owned() };
    let start = window.end_ms.saturating_sub(window.span_ms);
    let points = history.within(*metric as usize, start..window.end_ms + 1);
    let values: Vec<f64> = points.filter_map(|(_, value)| value).collect();
    let shown = |value: f64| match figure.scale {
        Scale::Plain => written(value),
        scale => value::written(scale, value),
    };
    let at = history.nearest(*metric as usize, look.instant());
    let now = at.filter(|(at, _)| at.abs_diff(look.instant()) <= look.reach_ms());
    let now = now.and_then(|(_, value)| value).map_or_else(|| value::MISSING.to_owned(), shown);
    let Some(peak) = values.iter().copied().reduce(f64::max) else {
        return figure.title.to_owned();
    };
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    format!("{}: {now} · mean {} · peak {}", figure.title, shown(mean), shown(peak))
}

/// Tokens generated in a second by all models together, with mean and peak of what is shown; `None` where
/// no model was ever told of.
pub(in crate::tui) fn strip(
    state: &State,
    window: Window,
    columns: usize,
    look: &Look<'_>,
) -> Option<Strip> {
    let all = state.nodes.iter().filter_map(|(id, node)| look.models(id, node));
    let all: Vec<&ModelHistory> = all.flat_map(BTreeMap::values).collect();
    if all.is_empty() {
        return None;
    }
    let mut past = vec![None; columns];
    for history in &all {
        let one = window.trail(history, ModelMetric::Tokens as usize, columns);
        for (sum, value) in past.iter_mut().zip(one) {
            *sum = match (*sum, value) {
                (Some(sum), Some(value)) => Some(sum + value),
                (sum, value) => sum.or(value),
            };
        }
    }
    let now = if look.is_then() {
        let then = all.iter().map(|history| look.at_instant(history, ModelMetric::Tokens as usize));
        then.flatten().reduce(|sum, rate| sum + rate)
    } else {
        let told = state.telling(Part::Serving).filter_map(|(_, node)| node.serving.as_ref());
        let rates = told.flat_map(|(_, all)| all).filter_map(|one| one.tokens_per_second.get());
        rates.map(|rate| rate.0).reduce(|sum, rate| sum + rate)
    };
    let known: Vec<f64> = past.iter().copied().flatten().collect();
    let peak = known.iter().copied().fold(0.0, f64::max);
    let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
    let aside = if known.is_empty() {
        String::new()
    } else {
        format!("mean {} · peak {}", written(mean), written(peak))
    };
    let (scale, tone) = (Scale::Plain, Tone::Plain);
    Some(Strip { name: "Tokens/s", now, live: true, scale, past, tone, mark: None, aside })
}
