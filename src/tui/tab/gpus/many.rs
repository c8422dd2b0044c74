//! Several GPUs over the time that charts show: each by itself, or all as one.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::entry::Entry;
use crate::state::history::{GpuHistory, GpuMetric, Scale};
use crate::tui::look::Look;
use crate::tui::widget::chart::{Chart, Trace, legend};
use crate::tui::widget::field::Row as _;
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::trail::Window;
use crate::tui::widget::{grid, notice, value};

/// Parts of the time over which values of several GPUs are put together.
const SLOTS: u64 = 240;
/// Letters that draw the GPUs where there is no braille.
const LETTERS: [&str; 8] = ["0", "1", "2", "3", "4", "5", "6", "7"];

/// Draws the GPUs of `entries` beside each other: how busy, how hot. Of more than have a colour of their
/// own, those around the one `under` the cursor.
pub(super) fn compared(
    entries: &[&Entry<'_>],
    under: Option<&Entry<'_>>,
    area: Rect,
    buffer: &mut Buffer,
    look: &Look<'_>,
) {
    let cursor = under.and_then(|under| entries.iter().position(|one| one.key() == under.key()));
    let first = cursor.unwrap_or(0) / LETTERS.len() * LETTERS.len();
    let shown = first..entries.len().min(first + LETTERS.len());
    let aside = if shown.len() < entries.len() {
        format!("{} to {} of {}", shown.start + 1, shown.end, entries.len())
    } else {
        String::new()
    };
    let one_node = entries.windows(2).all(|pair| pair[0].id == pair[1].id);
    let entries = entries.get(shown).unwrap_or_default();
    let parts = if area.width >= 100 {
        Layout::horizontal([Constraint::Fill(1); 2]).split(area)
    } else if area.height >= 16 {
        Layout::vertical([Constraint::Fill(1); 2]).split(area)
    } else {
        Layout::vertical([Constraint::Fill(1)]).split(area)
    };
    let metrics = [GpuMetric::Utilization, GpuMetric::Temperature];
    for (part, metric) in parts.iter().zip(metrics) {
        each((entries, one_node), metric, &aside, *part, buffer, look);
    }
}

fn each(
    (entries, one_node): (&[&Entry<'_>], bool),
    metric: GpuMetric,
    aside: &str,
    area: Rect,
    buffer: &mut Buffer,
    look: &Look<'_>,
) {
    let name = if metric == GpuMetric::Utilization { "Time busy" } else { "Temperature" };
    let title = format!("{name} · {}", look.title());
    let frame = Panel::new(&title).aside(aside).of_then(look.past_words());
    let inner = frame.open(area, buffer, look);
    let window = look.window();
    let trace = |(at, entry): (usize, &&Entry<'_>)| Trace {
        points: points(look.gpu_history(entry.id, entry.node, &entry.gpu.id), metric, window),
        top: 100.0,
        style: look.theme.series[at % look.theme.series.len()],
        ascii: LETTERS[at % LETTERS.len()],
    };
    let traces: Vec<Trace> = entries.iter().enumerate().map(trace).collect();
    let names = signs((entries, one_node), &traces, metric, inner, look);
    let rows = grid::narrow(names.len()).min(inner.height);
    let chart_area = Rect { height: inner.height - rows, ..inner };
    let left = (metric.scale(), 100.0);
    let chart = Chart { traces: &traces, window, left, right: None, cursor_ms: look.cursor() };
    chart.draw(chart_area, buffer, look);
    let below = Rect { y: chart_area.bottom(), height: rows, ..inner };
    panel::lines(names, below, buffer);
}

/// Whose line is which, with its value, in as few lines as they fit into, a third of `area` at most. Where
/// there is more than one node, it is named.
fn signs(
    (entries, one_node): (&[&Entry<'_>], bool),
    traces: &[Trace],
    metric: GpuMetric,
    area: Rect,
    look: &Look<'_>,
) -> Vec<Line<'static>> {
    let sign = |(entry, trace): (&&Entry<'_>, &Trace)| {
        let now = crate::state::history::gpu_row(entry.gpu)[metric as usize];
        let then = look.gpu_then(entry.id, entry.node, &entry.gpu.id);
        let shown = then.map_or(now, |then| then[metric as usize]);
        let shown = shown.map_or_else(
            || value::MISSING.to_owned(),
            |shown| value::written(metric.scale(), shown),
        );
        let mark = Span::styled(look.glyph.pick("━", trace.ascii), trace.style);
        let node = if one_node { String::new() } else { format!("{}/", entry.id) };
        let words = format!("{node}{} {} ", entry.brief(), shown.replace([' ', 'C'], ""));
        [mark, Span::styled(words, look.theme.muted)]
    };
    let mut lines = vec![Line::default()];
    for pair in entries.iter().zip(traces).map(sign) {
        let wanted: usize = pair.iter().map(Span::width).sum();
        match lines.last_mut() {
            Some(line) if line.width() + wanted <= usize::from(area.width) => line.extend(pair),
            _ => lines.push(Line::from(pair.to_vec())),
        }
    }
    lines.retain(|line| !line.spans.is_empty());
    lines.truncate(usize::from(area.height / 3).max(1));
    lines
}

/// Draws all of `entries` as one: mean time busy, mean work of multiprocessors, the hottest.
pub(super) fn together(entries: &[&Entry<'_>], area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let inner = Panel::new(&look.title()).of_then(look.past_words()).open(area, buffer, look);
    let histories: Vec<&GpuHistory> = entries
        .iter()
        .filter_map(|entry| look.gpu_history(entry.id, entry.node, &entry.gpu.id))
        .collect();
    if histories.iter().all(|history| history.is_empty()) {
        return notice::notice(super::chart::nothing(look), &[], inner, buffer, look);
    }
    let window = look.window();
    let slot = (window.span_ms / SLOTS).max(2 * window.interval_ms).max(1);
    let trace = |metric, fold: Fold, style: Style, ascii| Trace {
        points: merged(&histories, metric, window, slot, fold),
        top: 100.0,
        style,
        ascii,
    };
    let series = look.theme.series;
    let traces = [
        trace(GpuMetric::Utilization, Fold::Mean, series[0], "*"),
        trace(GpuMetric::Sm, Fold::Mean, series[3], "+"),
        trace(GpuMetric::Temperature, Fold::Most, series[4], "o"),
    ];
    let right = (inner.width >= 60).then_some((Scale::Celsius, 100.0));
    let window = Window { interval_ms: slot, ..window };
    let left = (Scale::Percent, 100.0);
    Chart { traces: &traces, window, left, right, cursor_ms: look.cursor() }
        .draw(inner, buffer, look);
    let mut spans = vec![Span::raw(" ")];
    spans.extend(legend(&["busy, mean", "SM, mean", "hottest"], &traces, look));
    let line = Line::from(spans);
    let width = grid::narrow(line.width());
    if area.width > width + 44 {
        let x = area.right() - width - 2;
        line.render(Rect { x, width, height: 1, ..area }, buffer);
    }
}

/// How values of several GPUs become one.
#[derive(Clone, Copy, Debug)]
enum Fold {
    Mean,
    Most,
}

fn points(
    history: Option<&GpuHistory>,
    metric: GpuMetric,
    window: Window,
) -> Vec<(u64, Option<f64>)> {
    let start = window.end_ms.saturating_sub(window.span_ms);
    let within = |history: &GpuHistory| {
        history.within(metric as usize, start..window.end_ms.saturating_add(1)).collect()
    };
    history.map(within).unwrap_or_default()
}

/// One value for each part of the time, `slot` long, in which any GPU has told one.
fn merged(
    histories: &[&GpuHistory],
    metric: GpuMetric,
    window: Window,
    slot: u64,
    fold: Fold,
) -> Vec<(u64, Option<f64>)> {
    let mut slots: BTreeMap<u64, (f64, f64, f64)> = BTreeMap::new();
    for history in histories {
        for (at, value) in points(Some(history), metric, window) {
            let Some(value) = value else { continue };
            let (sum, count, most) = slots.entry(at / slot).or_insert((0.0, 0.0, value));
            (*sum, *count, *most) = (*sum + value, *count + 1.0, most.max(value));
        }
    }
    let point = |(part, (sum, count, most)): (u64, (f64, f64, f64))| {
        let value = match fold {
            Fold::Mean => sum / count,
            Fold::Most => most,
        };
        (part.saturating_mul(slot).saturating_add(slot / 2), Some(value))
    };
    slots.into_iter().map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(points: &[(u64, Option<f64>)]) -> GpuHistory {
        let mut history = GpuHistory::new();
        for (at, value) in points {
            history.push(*at, [*value; GpuMetric::ALL.len()]);
        }
        history
    }

    #[test]
    fn several_are_put_together_where_they_have_told_something() {
        let one = history(&[(1_000, Some(10.0)), (11_000, None), (21_000, Some(30.0))]);
        let other = history(&[(1_500, Some(30.0)), (21_500, Some(90.0))]);
        let window = Window { end_ms: 30_000, span_ms: 30_000, interval_ms: 1_000 };
        let all = |fold| merged(&[&one, &other], GpuMetric::Utilization, window, 10_000, fold);
        assert_eq!(all(Fold::Mean), [(5_000, Some(20.0)), (25_000, Some(60.0))]);
        assert_eq!(all(Fold::Most), [(5_000, Some(30.0)), (25_000, Some(90.0))]);
        assert!(merged(&[], GpuMetric::Power, window, 10_000, Fold::Most).is_empty());
    }
}
