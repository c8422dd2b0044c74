//! Time busy, memory and temperature of a GPU over the time that is looked at, each with its axis.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::entry::Entry;
use crate::state::history::{GpuHistory, GpuMetric, Scale};
use crate::tui::look::Look;
use crate::tui::widget::chart::{Chart, Trace, legend};
use crate::tui::widget::panel::Panel;
use crate::tui::widget::trail::Window;
use crate::tui::widget::{grid, notice, value};

/// Draws the panel.
pub(super) fn draw(entry: &Entry<'_>, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let title = title(entry, look);
    let inner = Panel::new(&title).of_then(look.past_words()).open(area, buffer, look);
    let window = look.window();
    let history = look.gpu_history(entry.id, entry.node, &entry.gpu.id);
    let Some(history) = history.filter(|history| !history.is_empty()) else {
        return notice::notice(nothing(look), &[], inner, buffer, look);
    };
    let series = look.theme.series;
    let traces = [
        trace(history, GpuMetric::Utilization, window, series[0], "*"),
        trace(history, GpuMetric::Memory, window, series[1], "+"),
        trace(history, GpuMetric::Temperature, window, series[4], "o"),
        trace(history, GpuMetric::Sm, window, series[3], "x"),
    ];
    let right = (inner.width >= 60).then_some((Scale::Celsius, 100.0));
    let left = (Scale::Percent, 100.0);
    let chart = Chart { traces: &traces, window, left, right, cursor_ms: look.cursor() };
    chart.draw(inner, buffer, look);
    let works = traces[3].points.iter().any(|(_, value)| value.is_some());
    names(&traces[..if works { 4 } else { 3 }], area, buffer, look);
}

/// Why a chart has nothing to show.
pub(super) const fn nothing(look: &Look<'_>) -> &'static str {
    if look.is_past() { "Nothing was read in this time" } else { "No history yet" }
}

/// How far back it goes; under the cursor, when that was and what was read then.
fn title(entry: &Entry<'_>, look: &Look<'_>) -> String {
    if look.cursor().is_none() && !look.is_past() {
        return look.title();
    }
    let (at, reach) = (look.instant(), look.reach_ms());
    let time = look.clock(at);
    let history = look.gpu_history(entry.id, entry.node, &entry.gpu.id);
    let read = |metric: GpuMetric, scale| {
        let found = history.and_then(|history| history.nearest(metric as usize, at));
        let (_, value) = found.filter(|(found, _)| found.abs_diff(at) <= reach)?;
        Some(value::written(scale, value?))
    };
    let shown = [
        read(GpuMetric::Utilization, Scale::Percent),
        read(GpuMetric::Memory, Scale::Percent),
        read(GpuMetric::Temperature, Scale::Celsius),
    ];
    let shown = shown.map(|value| value.unwrap_or_else(|| value::MISSING.to_owned()));
    format!("{time}: {}", shown.join(" · "))
}

/// The legend, within the upper edge of the frame.
fn names(traces: &[Trace], frame: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let mut spans = vec![Span::raw(" ")];
    spans.extend(legend(&["busy", "memory", "°C", "SM"], traces, look));
    let line = Line::from(spans);
    let width = grid::narrow(line.width());
    if frame.width > width + 44 {
        let x = frame.right() - width - 2;
        line.render(Rect { x, width, height: 1, ..frame }, buffer);
    }
}

fn trace(
    history: &GpuHistory,
    metric: GpuMetric,
    window: Window,
    style: Style,
    ascii: &'static str,
) -> Trace {
    let start = window.end_ms.saturating_sub(window.span_ms);
    let points = history.within(metric as usize, start..window.end_ms + 1).collect();
    Trace { points, top: 100.0, style, ascii }
}
