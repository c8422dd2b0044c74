//! Time busy and temperature of a GPU over the last 15 minutes, each with its axis.

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
use crate::tui::widget::{grid, notice};

/// Draws the panel.
pub(super) fn draw(entry: &Entry<'_>, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let inner = Panel::new("Last 15 minutes").open(area, buffer, look);
    let window = Window::last(15, look);
    let Some(history) = entry.history.filter(|history| !history.is_empty()) else {
        return notice::notice("No history yet", &[], inner, buffer, look);
    };
    let series = look.theme.series;
    let traces = [
        trace(history, GpuMetric::Utilization, window, series[0], "*"),
        trace(history, GpuMetric::Memory, window, series[1], "+"),
        trace(history, GpuMetric::Temperature, window, series[4], "o"),
    ];
    let right = (inner.width >= 60).then_some((Scale::Celsius, 100.0));
    let left = (Scale::Percent, 100.0);
    let chart = Chart { traces: &traces, window, left, right, cursor_ms: None };
    chart.draw(inner, buffer, look);
    names(&traces, area, buffer, look);
}

/// The legend, within the upper edge of the frame.
fn names(traces: &[Trace], frame: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let mut spans = vec![Span::raw(" ")];
    spans.extend(legend(&["busy", "memory", "°C"], traces, look));
    let line = Line::from(spans);
    let width = grid::narrow(line.width());
    if frame.width > width + 24 {
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
