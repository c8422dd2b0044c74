//! Workloads a platform was given: figures of each backend, then the latest of them.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout};
use ratatui::text::{Line, Span};

use super::super::storage::table;
use super::{Sheet, fact, style_of};
use crate::model::time::Stamp;
use crate::model::workload::{BackendFigures, Workload, Workloads};
use crate::state::Node;
use crate::tui::look::Look;
use crate::tui::widget::table::{Cell, Column};
use crate::tui::widget::{fixed, grid, panel, value};

const FIGURES: [Column; 6] = [
    Column::words("BACKEND", 10, 0).grows(),
    Column::numbers("COUNT", 8, 0),
    Column::numbers("SUCCESS", 7, 1),
    Column::numbers("MEAN", 9, 2),
    Column::numbers("P50", 9, 3),
    Column::numbers("P95", 9, 4),
];

const LATEST: [Column; 6] = [
    Column::words("WORKLOAD", 12, 0).grows(),
    Column::words("STATUS", 9, 0),
    Column::words("BACKEND", 11, 2),
    Column::words("RUNTIME", 8, 4),
    Column::numbers("TOOK", 9, 1),
    Column::numbers("AGE", 7, 3),
];

/// How they stand, in a line.
pub(super) fn line(node: &Node, look: &Look<'_>) -> Option<Line<'static>> {
    let (_, all) = node.workloads.as_ref()?;
    let mut spans: Vec<Span<'static>> = Vec::new();
    for (status, count) in all.by_status.iter().filter(|(_, count)| *count > 0) {
        spans.push(Span::styled(format!("{count} {status}  "), style_of(status.name(), look)));
    }
    if spans.is_empty() {
        spans.push(Span::styled("none yet", look.theme.muted));
    }
    Some(fact("workloads", spans, look))
}

pub(super) fn draw(node: &Node, sheet: Sheet<'_>, buffer: &mut Buffer, look: &Look<'_>) {
    let Some((_, all)) = &node.workloads else { return };
    let area = sheet.frame.aside(aside(all)).open(sheet.area, buffer, look);
    let figures = grid::narrow(all.by_backend.len());
    let figures = if figures == 0 { 0 } else { (figures + 1).min(area.height / 2) };
    let lines: Vec<Line<'static>> =
        line(node, look).into_iter().chain(gaps(all, usize::from(area.width), look)).collect();
    let heads = grid::narrow(lines.len()).min(area.height / 3).max(1);
    let rows = [Constraint::Length(heads), Constraint::Length(figures), Constraint::Fill(1)];
    let [top, first, second] = Layout::vertical(rows).areas(area);
    panel::lines(lines, top, buffer);
    if figures > 0 {
        table(&FIGURES, all.by_backend.len(), 0).draw(first, buffer, look, &|row, column, _| {
            figure(&all.by_backend[row], column, look)
        });
    }
    if all.latest.is_empty() {
        let words = Line::styled("None was given to it yet.", look.theme.muted);
        return panel::lines([words], second, buffer);
    }
    table(&LATEST, all.latest.len(), sheet.scroll)
        .draw(second, buffer, look, &|row, column, _| one(&all.latest[row], column, look));
}

/// What the platform does not tell of, or tells wrongly.
fn gaps(all: &Workloads, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let sign = look.glyph.pick("✗", "!");
    let gap = |gap| Line::styled(fixed::cut(&format!("{sign} {gap}"), width), look.theme.warn);
    all.gaps.iter().map(gap).collect()
}

fn aside(all: &Workloads) -> String {
    let total = all.total.map(|total| format!("{total} in all"));
    let derived = all.derived.then(|| format!("figures of the latest {}", all.latest.len()));
    let words: Vec<String> = total.into_iter().chain(derived).collect();
    words.join(" · ")
}

fn figure(of: &BackendFigures, column: usize, look: &Look<'_>) -> Cell {
    let text = look.theme.text;
    vec![match column {
        0 => Span::styled(of.backend.to_string(), text),
        1 => Span::styled(of.count.to_string(), text),
        2 => {
            let bad = of.success.is_some_and(|share| share.percent() < 90.0);
            value::maybe(of.success, if bad { look.theme.bad } else { text }, look)
        }
        3 => value::maybe(of.mean_seconds, text, look),
        4 => value::maybe(of.p50_seconds, text, look),
        _ => value::maybe(of.p95_seconds, text, look),
    }]
}

fn one(of: &Workload, column: usize, look: &Look<'_>) -> Cell {
    let theme = look.theme;
    let failed = of.status.is_over() && !of.succeeded();
    vec![match column {
        0 => Span::styled(of.id.to_string(), theme.text),
        1 if failed => Span::styled(of.status.name(), theme.bad),
        1 => Span::styled(of.status.name(), style_of(of.status.name(), look)),
        2 => Span::styled(of.backend.as_ref().unwrap_or(&of.isolation).to_string(), theme.text),
        3 => Span::styled(of.runtime.to_string(), theme.muted),
        4 => value::maybe(of.duration_seconds, theme.text, look),
        _ => Span::styled(age(of.created_ms, look.now), theme.muted),
    }]
}

/// How long ago `wall_ms` was.
pub(super) fn age(wall_ms: i64, now: Stamp) -> String {
    let past = now.wall_ms.saturating_sub(wall_ms).max(0).cast_unsigned();
    value::age(std::time::Duration::from_millis(past))
}
