//! The last benchmark in short: how it stands, and how long each row takes to start.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::model::bench::{Cell, Estimate, Figure};
use crate::model::pipeline::PipelineKind;
use crate::model::text::{SafeText, counted};
use crate::model::unit::Seconds;
use crate::pipeline::status_of;
use crate::state::{RunState, State};
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::tab::runs::mark;
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::{fixed, grid, value};

/// Draws the panel.
pub(super) fn draw(area: Rect, buffer: &mut Buffer, state: &State, look: &Look<'_>) {
    let Some((_, run)) = state.live_run().or_else(|| state.last_run()) else {
        let area = Panel::new("Last run").open(area, buffer, look);
        let lines = kept(state, usize::from(area.width), look).unwrap_or_else(|| none(look));
        panel::lines(lines, area, buffer);
        return;
    };
    let aside = if area.width < 40 { "start" } else { "median start" };
    let title = if run.is_live() { "Run" } else { "Last run" };
    let area = Panel::new(title).aside(aside).open(area, buffer, look);
    let mut lines = vec![standing(run, usize::from(area.width), look)];
    let room = usize::from(area.height).saturating_sub(lines.len());
    lines.extend(cells(run, (usize::from(area.width), room), look));
    panel::lines(lines, area, buffer);
}

fn none(look: &Look<'_>) -> Vec<Line<'static>> {
    let key = look.key(Action::Tab5);
    let words = ["No benchmark has run yet.".to_owned(), format!("Tab {key} runs one.")];
    words.map(|word| Line::styled(word, look.theme.muted)).into()
}

/// The latest benchmark on this disk that was not opened yet.
fn kept(state: &State, width: usize, look: &Look<'_>) -> Option<Vec<Line<'static>>> {
    let briefs = state.own_stored().iter().filter_map(|run| run.brief.as_deref());
    let brief = briefs.into_iter().find(|brief| brief.kind == PipelineKind::Benchmark)?;
    let ago = value::ago(Duration::from_millis(
        (look.now.wall_ms - brief.started_ms).try_into().unwrap_or(0),
    ));
    let done = brief.completed + brief.failed;
    let how = how(brief.status.as_str(), (&ago, done), width, look);
    let parts: Vec<&str> = brief.parts.iter().map(SafeText::as_str).collect();
    let more = format!("Tab {} opens it.", look.key(Action::Tab6));
    let lines = [(parts.join(", "), look.theme.text), (more, look.theme.muted)];
    let lines = lines.map(|(text, style)| Line::styled(fixed::cut(&text, width), style));
    Some(std::iter::once(how).chain(lines).collect())
}

fn standing(run: &RunState, width: usize, look: &Look<'_>) -> Line<'static> {
    let progress = run.progress;
    let done = progress.completed + progress.failed;
    let Some(tail) = &run.tail else {
        let left = progress.left_seconds.map(|left| format!(" · {left} left"));
        let text = format!("{done} of {}{}", done + progress.remaining, left.unwrap_or_default());
        return Line::styled(text, look.theme.accent);
    };
    let ago = value::ago(look.now.since(tail.ended));
    how(status_of(tail), (&ago, done), width, look)
}

/// `✓ completed, 3 s ago · 160 samples`.
fn how(status: &str, (ago, done): (&str, u32), width: usize, look: &Look<'_>) -> Line<'static> {
    let word = mark::span(status, look);
    let rest = format!(", {ago} · {}", counted(u64::from(done), "sample"));
    let rest = fixed::cut(&rest, width.saturating_sub(word.width()));
    Line::from(vec![word, Span::styled(rest, look.theme.muted)])
}

/// A line for each cell of the first payload, its bar as long as its share of the slowest; the last
/// line says how many there was no room for.
fn cells(run: &RunState, (width, room): (usize, usize), look: &Look<'_>) -> Vec<Line<'static>> {
    let payload = run.head.cells.first().map(|cell| cell.payload);
    let known =
        run.cells().filter(|(_, cell)| Some(cell.payload) == payload).map(|(index, cell)| {
            let summary = run.summary(index, Figure::Start);
            (cell, summary.and_then(|summary| summary.estimate))
        });
    let known: Vec<(Cell, Option<Estimate>)> = known.collect();
    let medians = known.iter().flat_map(|(_, estimate)| estimate).map(|one| one.median_seconds.0);
    let slowest = medians.fold(0.0, f64::max);
    let longest = known.iter().map(|(cell, _)| cell.label().len()).max().unwrap_or(0);
    let name = (longest + 1).min(width.saturating_sub(10)).min(28);
    let shown = if known.len() > room { room.saturating_sub(1) } else { known.len() };
    let lines = known.iter().take(shown).map(|(cell, estimate)| {
        let median = estimate.map(|estimate| estimate.median_seconds);
        let share = median.map_or(0.0, |median| median.0 / slowest);
        line(&cell.label(), name, (median, share), width, look)
    });
    let rest = known.len() - shown;
    let key = look.key(Action::Tab5);
    let more = (rest > 0 && room > 0).then(|| format!("and {rest} more: tab {key}"));
    lines.chain(more.map(|text| Line::styled(text, look.theme.muted))).collect()
}

fn line(
    label: &str,
    name: usize,
    (median, share): (Option<Seconds>, f64),
    width: usize,
    look: &Look<'_>,
) -> Line<'static> {
    let room = width.saturating_sub(name + 12);
    let bar = look.glyph.pick("━", "#").repeat(grid::part(share, room));
    let number = value::maybe(median, look.theme.text, look);
    Line::from(vec![
        Span::styled(fixed::fit(label, name, false), look.theme.text),
        Span::styled(fixed::fit(&number.content, 10, true), number.style),
        Span::raw("  "),
        Span::styled(bar, look.theme.series[0]),
    ])
}
