//! What others published beside what was measured here.
//!
//! Both numbers are shown with the boundary they lie between; where the two ends are not the same
//! there is no verdict but the reason. The source stands below, as a number without one is hearsay.

use std::cell::RefCell;
use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::plan::first;
use super::result::Sight;
use crate::claim::{ClaimRow, worth_a_line};
use crate::model::id::RunId;
use crate::state::RunState;
use crate::tui::look::Look;
use crate::tui::widget::{fixed, grid};

/// Columns of a number.
const NUMBER: usize = 14;

/// The claims beside a run that is over, found once for each run.
#[derive(Debug, Default)]
pub(super) struct Claims(RefCell<Option<Found>>);

/// Which run, with how many samples at hand, and its claims.
type Found = ((RunId, usize), Arc<[ClaimRow]>);

impl Claims {
    /// The claims that can be set beside `run`, those between the same two ends first. None while it
    /// goes on.
    pub(super) fn of(&self, run: &RunState) -> Arc<[ClaimRow]> {
        if run.tail.is_none() {
            return Arc::default();
        }
        let key = (run.head.id.clone(), run.samples.len());
        let mut found = self.0.borrow_mut();
        if let Some((of, rows)) = &*found
            && *of == key
        {
            return Arc::clone(rows);
        }
        let rows: Arc<[ClaimRow]> = worth_a_line(&run.whole()).into();
        *found = Some((key, Arc::clone(&rows)));
        rows
    }
}

/// Draws a line for each claim, and what is to be said of the one under the cursor.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, sight: &Sight<'_>, look: &Look<'_>) {
    if sight.run.is_live() {
        let text = "set beside the figures when the run is over";
        return frame.render_widget(Line::styled(text, look.theme.muted), area);
    }
    let rows = sight.claims.of(sight.run);
    if rows.is_empty() {
        let text = "nobody's claim is known about what was measured here";
        return frame.render_widget(Line::styled(text, look.theme.muted), area);
    }
    let chosen = sight.claim.min(rows.len() - 1);
    let said = said(&rows[chosen], usize::from(area.width), look);
    let foot = said.len().min(usize::from(area.height) / 2);
    let [body, foot] =
        Layout::vertical([Constraint::Min(0), Constraint::Length(grid::narrow(foot))]).areas(area);
    let width = usize::from(area.width);
    let room = usize::from(body.height).saturating_sub(1);
    let mut lines = vec![heading(width, look)];
    let shown = rows.iter().enumerate().skip(first(chosen, room)).take(room);
    lines.extend(shown.map(|(at, row)| line(row, at == chosen, width, look)));
    frame.render_widget(Paragraph::new(lines), body);
    frame.render_widget(Paragraph::new(said), foot);
}

/// Columns of the name, of what was measured and of the words, of `width` for all.
fn widths(width: usize) -> (usize, usize, usize) {
    let name = (width / 4).clamp(14, 28);
    let measured = if width >= 110 { 32 } else { 12 };
    (name, measured, width.saturating_sub(name + NUMBER + measured + 2 + 12))
}

fn heading(width: usize, look: &Look<'_>) -> Line<'static> {
    let (name, measured, _) = widths(width);
    let text = fixed::left("  what", name)
        + &fixed::left("between", 12)
        + &fixed::right("claimed", NUMBER)
        + &fixed::right("here", measured)
        + "  what follows";
    Line::styled(fixed::cut(&text, width), look.theme.muted)
}

fn line(row: &ClaimRow, chosen: bool, width: usize, look: &Look<'_>) -> Line<'static> {
    let (name, measured, words) = widths(width);
    let label = row.cell.map_or_else(|| row.backend.name().to_owned(), |cell| cell.label());
    let plain = if chosen { look.theme.selected } else { look.theme.text };
    let sign = if row.same_boundary { " " } else { "≠" };
    let here = if measured > 12 {
        row.shown()
    } else {
        row.measured.map_or_else(String::new, |known| row.claim.boundary.show(known.value))
    };
    Line::from(vec![
        Span::styled(
            fixed::left(&format!("{sign} {}", fixed::cut(&label, name.saturating_sub(3))), name),
            plain,
        ),
        Span::styled(fixed::left(row.claim.boundary.name(), 12), look.theme.muted),
        Span::styled(fixed::right(&row.claim.shown(), NUMBER), look.theme.text),
        Span::styled(fixed::right(&here, measured), verdict(row, look)),
        Span::styled(format!("  {}", fixed::cut(&row.words, words)), look.theme.muted),
    ])
}

/// Whether a number holds what was claimed; where the ends differ nothing is said.
const fn verdict(row: &ClaimRow, look: &Look<'_>) -> Style {
    if row.same_boundary { look.theme.accent } else { look.theme.muted }
}

/// The claim in full: what, under which conditions, who says so, what follows.
fn said(row: &ClaimRow, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let claim = row.claim;
    let differs = claim.differs.as_ref().map(|differs| format!("the ends differ: {differs}"));
    let parts = [
        (Some(row.words.clone()), look.theme.text),
        (Some(format!("claimed: {} ({})", claim.words, claim.conditions)), look.theme.muted),
        (differs, look.theme.warn),
        (Some(format!("{}, {}  {}", claim.source, claim.year, claim.url)), look.theme.muted),
    ];
    let mut lines = vec![Line::styled("─".repeat(width), look.theme.border)];
    for (text, style) in parts {
        let wrapped = text.map(|text| fixed::wrap(&text, width.max(1))).unwrap_or_default();
        lines.extend(wrapped.into_iter().map(|part| Line::styled(part, style)));
    }
    lines
}
