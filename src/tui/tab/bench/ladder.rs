//! The ladder: where the time of a sandbox goes, phase by phase, on one scale for all.
//!
//! A phase that a backend does not have, or that was over before it was asked for, is not drawn. The lengths are medians of each phase, which
//! need not add up to the median of the whole; the picture says so.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::group::{Group, Row};
use super::plan::first;
use super::table;
use crate::model::bench::Phase;
use crate::model::unit::Seconds;
use crate::state::RunState;
use crate::state::run::CellDigest;
use crate::tui::look::Look;
use crate::tui::widget::fixed;
use crate::tui::widget::span_axis::SpanAxis;
use crate::tui::widget::stacked_bar::{self, Part};

/// Columns of the sum at the right of a bar.
const VALUE: usize = 9;

/// The median of each phase, of those a row has.
type Steps = Vec<(Phase, f64)>;

/// Draws a ladder for each row of `group`.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    run: &RunState,
    group: &Group<'_>,
    cursor: usize,
    look: &Look<'_>,
) {
    let steps: Vec<Steps> = group.rows.iter().map(|row| medians(run, row)).collect();
    let sum = |steps: &Steps| steps.iter().map(|(_, length)| length).sum::<f64>();
    let Some(axis) = SpanAxis::over(steps.iter().map(sum)) else {
        let text = "nothing to draw yet: no sample that counts has ended well";
        return frame.render_widget(Line::styled(text, look.theme.muted), area);
    };
    let name = group.name_room(usize::from(area.width));
    let width = usize::from(area.width).saturating_sub(name + VALUE + 1);
    let foot = usize::from(area.height > 5) * 3;
    let room = usize::from(area.height).saturating_sub(foot);
    let skip = first(cursor, room);
    let rows = group.rows.iter().zip(&steps).enumerate();
    let mut lines: Vec<_> = rows
        .skip(skip)
        .take(room)
        .map(|(index, (row, steps))| line(axis, (name, width), row, steps, index == cursor, look))
        .collect();
    if foot > 0 {
        let ticks = " ".repeat(name) + &axis.line(width);
        lines.push(Line::styled(ticks, look.theme.muted));
        lines.push(legend(&steps, look));
        let words = table::foot(words(axis), (skip, room), group.rows.len());
        lines.push(Line::styled(fixed::cut(&words, usize::from(area.width)), look.theme.muted));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn medians(run: &RunState, row: &Row<'_>) -> Steps {
    let digest = row.index.and_then(|index| run.digest.cell(index));
    digest.map(CellDigest::phases).unwrap_or_default()
}

/// The letters and the colour of a phase. They differ even without colour.
pub(super) const fn fill(phase: Phase, look: &Look<'_>) -> (&'static str, Style) {
    let (letters, colour) = match phase {
        Phase::Create => (("█", "c"), 0),
        Phase::Boot => (("▒", "b"), 1),
        Phase::Init => (("▓", "i"), 2),
        Phase::Ready => (("░", "r"), 3),
        Phase::Run => (("▚", "#"), 4),
        Phase::Exit => (("╱", "x"), 5),
        Phase::Clean => (("·", "~"), 6),
    };
    (look.glyph.pick(letters.0, letters.1), look.theme.series[colour])
}

fn line(
    axis: SpanAxis,
    (name, width): (usize, usize),
    row: &Row<'_>,
    steps: &Steps,
    chosen: bool,
    look: &Look<'_>,
) -> Line<'static> {
    let mut spans = vec![table::marked(row, name, chosen, look)];
    if steps.is_empty() {
        spans.push(table::nothing(row, width + VALUE, look));
        return Line::from(spans);
    }
    let part = |(phase, seconds): &(Phase, f64)| {
        let (fill, style) = fill(*phase, look);
        Part { seconds: *seconds, fill, style }
    };
    let parts: Vec<_> = steps.iter().map(part).collect();
    spans.extend(stacked_bar::spans(axis, width, &parts));
    let sum: f64 = steps.iter().map(|(_, length)| length).sum();
    let sum = fixed::right(&Seconds(sum).to_string(), VALUE + 1);
    spans.push(Span::styled(sum, look.theme.text));
    Line::from(spans)
}

/// The phases that any row has.
fn legend(steps: &[Steps], look: &Look<'_>) -> Line<'static> {
    let mut spans = vec![Span::raw("  ")];
    for phase in Phase::ALL {
        if steps.iter().flatten().any(|(seen, _)| *seen == phase) {
            let (fill, style) = fill(phase, look);
            spans.push(Span::styled(fill, style));
            spans.push(Span::styled(format!(" {} ", phase.name()), look.theme.muted));
        }
    }
    Line::from(spans)
}

fn words(axis: SpanAxis) -> String {
    format!("  medians end to end; {}", axis.words())
}
