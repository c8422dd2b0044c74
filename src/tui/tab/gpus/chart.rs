//! Time busy and temperature of a GPU over the last 15 minutes, each with its axis.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::entry::Entry;
use crate::state::history::{GpuHistory, GpuMetric, Scale};
use crate::tui::look::Look;
use crate::tui::widget::chart::{Chart, Trace, legend};
use crate::tui::widget::notice;
use crate::tui::widget::panel::Panel;
use crate::tui::widget::trail::Window;

/// Draws the panel.
pub(super) fn draw(entry: &Entry<'_>, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let whole = area;
    let area = Panel::new("Last 15 minutes").open(area, buffer, look);
    let window = Window::last(15, look);
    let Some(history) = entry.history.filter(|history| !history.is_empty()) else {
        notice::notice("No history yet", &[], area, buffer, look);
        return;
    };
    let theme = look.theme;
    let traces = [
        trace(history, GpuMetric::Utilization, window, (theme.series[0], "*")),
        trace(history, GpuMetric::Memory, window, (theme.series[1], "+")),
        trace(history, GpuMetric::Temperature, window, (theme.series[4], "o")),
    ];
    let right = (area.width >= 60).then_some((Scale::Celsius, 100.0));
    let left = (Scale::Percent, 100.0);
    Chart { traces: &traces, window, left, right, cursor_ms: None }.draw(area, buffer, look);
    let mut line = vec![ratatui::text::Span::raw(" ")];
    line.extend(legend(&["busy", "memory", "°C"], &traces, look));
    let line = ratatui::text::Line::from(line);
    let width = u16::try_from(line.width()).unwrap_or(u16::MAX);
    if whole.width > width + 24 {
        let x = whole.right() - width - 2;
        line.render(Rect { x, y: whole.y, width, height: 1 }, buffer);
    }
}

fn trace(
    history: &GpuHistory,
    metric: GpuMetric,
    window: Window,
    (style, ascii): (ratatui::style::Style, &'static str),
) -> Trace {
    let start = window.end_ms.saturating_sub(window.span_ms);
    let points = history.within(metric as usize, start..window.end_ms + 1).collect();
    Trace { points, top: 100.0, style, ascii }
}
