//! The last benchmark in short: how it stands, and cold starts.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::model::bench::{Cell, Estimate, Figure};
use crate::model::run::RunEnd;
use crate::state::{RunState, State};
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::{fixed, grid, value};

/// Draws the panel.
pub(super) fn draw(area: Rect, buffer: &mut Buffer, state: &State, look: &Look<'_>) {
    let Some((_, run)) = state.live_run().or_else(|| state.last_run()) else {
        let area = Panel::new("Last run").open(area, buffer, look);
        let key = look.key(Action::Tab5);
        let words = ["No benchmark has run yet.".to_owned(), format!("Tab {key} runs one.")];
        panel::lines(words.map(|word| Line::styled(word, look.theme.muted)), area, buffer);
        return;
    };
    let aside = if area.width < 40 { "cold start" } else { "median cold start" };
    let title = if run.is_live() { "Run" } else { "Last run" };
    let area = Panel::new(title).aside(aside).open(area, buffer, look);
    let mut lines = vec![standing(run, usize::from(area.width), look)];
    lines.extend(cells(run, usize::from(area.width), look));
    panel::lines(lines, area, buffer);
}

fn standing(run: &RunState, width: usize, look: &Look<'_>) -> Line<'static> {
    let progress = run.progress;
    let done = progress.completed + progress.failed;
    let Some(tail) = &run.tail else {
        let left = progress.left_seconds.map(|left| format!(" · {left} left"));
        let text = format!("{done} of {}{}", done + progress.remaining, left.unwrap_or_default());
        return Line::styled(text, look.theme.accent);
    };
    let (word, style) = match &tail.end {
        RunEnd::Completed => ("completed", look.theme.good),
        RunEnd::BudgetSpent => ("time spent", look.theme.warn),
        RunEnd::RoundsSpent => ("rounds spent", look.theme.warn),
        RunEnd::Cancelled => ("cancelled", look.theme.warn),
        RunEnd::Failed { .. } => ("failed", look.theme.bad),
    };
    let ago = value::ago(look.now.since(tail.ended));
    let rest = format!(", {ago} · {done} samples");
    let rest = fixed::cut(&rest, width.saturating_sub(word.len()));
    Line::from(vec![Span::styled(word, style), Span::styled(rest, look.theme.muted)])
}

/// A line for each cell, its bar as long as its share of the slowest.
fn cells(run: &RunState, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let known = run.cells().map(|(index, cell)| {
        let summary = run.summary(index, Figure::Start);
        (cell, summary.and_then(|summary| summary.estimate))
    });
    let known: Vec<(Cell, Option<Estimate>)> = known.collect();
    let medians = known.iter().flat_map(|(_, estimate)| estimate).map(|one| one.median_seconds.0);
    let slowest = medians.fold(0.0, f64::max);
    let line = |(cell, estimate): (Cell, Option<Estimate>)| {
        let name = format!("{} {}", cell.backend, cell.payload);
        let median = estimate.map(|estimate| estimate.median_seconds);
        let name_room = width.saturating_sub(10).min(22);
        let room = width.saturating_sub(name_room + 11);
        let share = median.map_or(0.0, |median| median.0 / slowest);
        let bar = look.glyph.pick("━", "#").repeat(grid::part(share, room));
        let number = value::maybe(median, look.theme.text, look);
        Line::from(vec![
            Span::styled(fixed::fit(&name, name_room, false), look.theme.text),
            Span::styled(fixed::fit(&number.content, 10, true), number.style),
            Span::raw("  "),
            Span::styled(bar, look.theme.series[0]),
        ])
    };
    known.into_iter().map(line).collect()
}
