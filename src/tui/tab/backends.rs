//! Backends: what can isolate here, what it keeps from the work, and what mends what cannot.
//!
//! A table of facts on top, the whole truth about the row under the cursor below it.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use crate::model::backend::{BackendStatus, Readiness};
use crate::model::command::Command;
use crate::model::id::SourceId;
use crate::state::State;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::titled;

mod column;
mod detail;

/// What is looked at on this tab.
#[derive(Debug, Default)]
pub struct View {
    row: usize,
    filter: String,
    open: bool,
}

/// The backends of this machine.
pub(in crate::tui) fn statuses(state: &State) -> &[BackendStatus] {
    let node = state.nodes.get(&SourceId::local());
    node.map_or(&[], |node| &node.backends)
}

/// Has the backends tried, unless that would disturb a run.
pub(super) fn check(state: &State) -> Reply {
    if state.live_run().is_some() {
        return Reply::Say("trying the backends would disturb the run that is going on".into());
    }
    Reply::Wish(Command::CheckBackends)
}

impl View {
    /// Does what `action` means here.
    pub fn act(&mut self, action: Action, state: &State) -> Reply {
        let last = self.rows(state).len().saturating_sub(1);
        self.row = match action {
            Action::Check => return check(state),
            Action::Enter => return self.opened(!self.open),
            Action::Copy => return self.copy(state),
            Action::Back if self.open => return self.opened(false),
            Action::Up => self.row.saturating_sub(1),
            Action::Down => self.row + 1,
            Action::First | Action::PageUp => 0,
            Action::Last | Action::PageDown => last,
            _ => return Reply::Ignored,
        }
        .min(last);
        Reply::Done
    }

    /// Copies what mends the backend under the cursor.
    fn copy(&self, state: &State) -> Reply {
        let status = self.rows(state).get(self.cursor(state)).copied();
        match status.map(|status| &status.readiness) {
            Some(Readiness::Degraded { remedy, .. } | Readiness::Unavailable { remedy, .. }) => {
                Reply::Copy(remedy.to_string())
            }
            _ => Reply::Ignored,
        }
    }

    const fn opened(&mut self, open: bool) -> Reply {
        self.open = open;
        Reply::Done
    }

    /// Shows only backends whose name holds `text`.
    pub fn filter(&mut self, text: &str) {
        self.filter = text.to_lowercase();
        self.row = 0;
    }

    /// Moves the cursor to the row that was clicked.
    pub fn click(&mut self, column: u16, row: u16, area: Rect, state: &State) -> Reply {
        let (list, _) = self.areas(area, state);
        let inside = titled::inside(list);
        if !inside.contains((column, row).into()) || row == inside.y {
            return Reply::Ignored;
        }
        let hit = usize::from(row - inside.y - 1) + self.first(inside, state);
        if hit >= self.rows(state).len() {
            return Reply::Ignored;
        }
        self.row = hit;
        Reply::Done
    }

    /// What can be done here.
    pub fn hints(&self, _state: &State) -> &'static [Action] {
        &[Action::Check, Action::Enter, Action::Copy, Action::Filter]
    }

    fn rows<'a>(&self, state: &'a State) -> Vec<&'a BackendStatus> {
        let wanted = |status: &&BackendStatus| status.id.name().contains(&self.filter);
        statuses(state).iter().filter(wanted).collect()
    }

    /// The cursor, within what there is.
    fn cursor(&self, state: &State) -> usize {
        self.row.min(self.rows(state).len().saturating_sub(1))
    }

    /// The first row shown in `inside`, whose first line is the heading.
    fn first(&self, inside: Rect, state: &State) -> usize {
        let room = usize::from(inside.height.saturating_sub(1)).max(1);
        (self.cursor(state) + 1).saturating_sub(room)
    }

    /// Where the table goes and where the details; either may be empty.
    fn areas(&self, area: Rect, state: &State) -> (Rect, Rect) {
        let nothing = Rect::new(area.x, area.bottom(), area.width, 0);
        let wanted = u16::try_from(self.rows(state).len() + 3).unwrap_or(u16::MAX);
        if area.height >= 14 {
            let split = Layout::vertical([Constraint::Length(wanted), Constraint::Min(6)]);
            let [list, details] = split.areas(area);
            return (list, details);
        }
        if self.open {
            return (nothing, area);
        }
        (area, nothing)
    }

    /// Draws the tab.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, state: &State, look: &Look<'_>) {
        let rows = self.rows(state);
        let (list, details) = self.areas(area, state);
        if rows.is_empty() {
            self.draw_empty(frame, area, state, look);
        } else {
            self.draw_list(frame, list, state, look);
            detail::draw(frame, details, rows[self.cursor(state)], look);
        }
    }

    fn draw_empty(&self, frame: &mut Frame<'_>, area: Rect, state: &State, look: &Look<'_>) {
        let block = titled::titled("Backends", true, look);
        let words = if statuses(state).is_empty() {
            let (first, second) = untried(look);
            vec![Line::styled(first, look.theme.text), Line::styled(second, look.theme.muted)]
        } else {
            let text = format!("No backend has “{}” in its name.", self.filter);
            vec![Line::styled(text, look.theme.muted)]
        };
        let wrap = ratatui::widgets::Wrap { trim: true };
        frame.render_widget(Paragraph::new(words).wrap(wrap).block(block), area);
    }

    fn draw_list(&self, frame: &mut Frame<'_>, area: Rect, state: &State, look: &Look<'_>) {
        let rows = self.rows(state);
        let block = titled::titled(&title(statuses(state), area.width), !self.open, look);
        let inside = block.inner(area);
        frame.render_widget(block, area);
        let chosen = column::choose(inside.width);
        let first = self.first(inside, state);
        let mut lines = vec![column::heading(&chosen, look)];
        for (index, status) in rows.iter().enumerate().skip(first) {
            let line = column::row(status, &chosen, look);
            let chosen = index == self.cursor(state);
            lines.push(if chosen { line.patch_style(look.theme.selected) } else { line });
        }
        frame.render_widget(Paragraph::new(lines), inside);
    }
}

/// What is said while nothing is known.
pub(super) const fn untried(look: &Look<'_>) -> (&'static str, &'static str) {
    if look.readonly {
        ("No backend has been tried.", "To try them programs are run, which --readonly forbids.")
    } else {
        ("Trying the backends…", "A small program is run in each, and its result is looked at.")
    }
}

/// How many are in which state; what nobody is in is not said.
fn title(statuses: &[BackendStatus], width: u16) -> String {
    let count = |word| {
        let is = |status: &&BackendStatus| words(&status.readiness) == word;
        (statuses.iter().filter(is).count(), word)
    };
    let counts = ["ready", "degraded", "unavailable", "checking"].map(count);
    let said = counts.iter().filter(|(count, _)| *count > 0);
    let said: Vec<_> = said.map(|(count, word)| format!("{count} {word}")).collect();
    let subject = if width < 60 { "" } else { "Backends: " };
    format!("{subject}{}", said.join(", "))
}

/// The word of a state.
pub(super) const fn words(readiness: &Readiness) -> &'static str {
    match readiness {
        Readiness::Checking => "checking",
        Readiness::Ready => "ready",
        Readiness::Degraded { .. } => "degraded",
        Readiness::Unavailable { .. } => "unavailable",
    }
}

/// The sign of a state, for who sees no colour.
pub(super) const fn sign(readiness: &Readiness) -> &'static str {
    match readiness {
        Readiness::Checking => "…",
        Readiness::Ready => "●",
        Readiness::Degraded { .. } => "◐",
        Readiness::Unavailable { .. } => "○",
    }
}

/// The colour of a state.
pub(super) const fn style(readiness: &Readiness, look: &Look<'_>) -> Style {
    match readiness {
        Readiness::Checking => look.theme.muted,
        Readiness::Ready => look.theme.good,
        Readiness::Degraded { .. } => look.theme.warn,
        Readiness::Unavailable { .. } => look.theme.bad,
    }
}
