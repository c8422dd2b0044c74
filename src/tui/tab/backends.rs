//! Backends: what can isolate here, what it keeps from the work, and what mends what cannot.
//!
//! A table of facts on top, the whole truth about the row under the cursor below it.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::workload;
use crate::model::backend::{BackendId, BackendStatus, Readiness};
use crate::model::command::Command;
use crate::model::id::SourceId;
use crate::state::State;
use crate::state::mending::{Mending, Said};
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::mend::Mend;
use crate::tui::reply::Reply;
use crate::tui::widget::filter::{Filter, Terms};
use crate::tui::widget::titled;

mod column;
mod detail;
mod order;
mod seen;

/// Rows a page moves.
const PAGE: usize = 10;

/// What is looked at on this tab.
#[derive(Debug, Default)]
pub struct View {
    /// The backend under the cursor, which stays with it when rows change their places.
    chosen: Option<BackendId>,
    /// What was typed, and the last of it that was understood.
    text: String,
    filter: Filter,
    open: bool,
    workloads: workload::View,
}

/// The backends of this machine.
pub(in crate::tui) fn statuses(state: &State) -> &[BackendStatus] {
    let node = state.nodes.get(&SourceId::local());
    node.map_or(&[], |node| &node.backends)
}

/// The backend that is being made ready on this machine, or the last that was.
pub(in crate::tui) fn mending(state: &State) -> Option<&Mending> {
    state.nodes.get(&SourceId::local())?.mending.as_ref()
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
        let (row, last) = (self.cursor(state), self.rows(state).len().saturating_sub(1));
        let to = match action {
            Action::Check => return check(state),
            Action::Mend => return self.mend(state),
            Action::Enter => return self.opened(!self.open),
            Action::Copy => return self.copy(state),
            Action::Window if workload::is_known(state) => {
                self.workloads.next();
                return Reply::Done;
            }
            Action::Back if self.open => return self.opened(false),
            Action::Up => row.saturating_sub(1),
            Action::Down => row + 1,
            Action::HalfUp | Action::PageUp => row.saturating_sub(PAGE),
            Action::HalfDown | Action::PageDown => row + PAGE,
            Action::First => 0,
            Action::Last => last,
            _ => return Reply::Ignored,
        };
        self.choose(to.min(last), state);
        Reply::Done
    }

    fn choose(&mut self, row: usize, state: &State) {
        self.chosen = self.rows(state).get(row).map(|status| status.id);
    }

    /// Asks whether to make the backend under the cursor ready, or says why not.
    fn mend(&self, state: &State) -> Reply {
        let Some(status) = self.rows(state).get(self.cursor(state)).copied() else {
            return Reply::Ignored;
        };
        let id = status.id;
        let going = mending(state).filter(|mending| mending.goes_on());
        match (&status.readiness, going) {
            (_, Some(going)) if going.backend == id => Reply::Mend(Mend::new(status, true)),
            (_, Some(going)) => Reply::Say(format!("{} is being made ready", going.backend).into()),
            (Readiness::Ready, _) => Reply::Say(format!("{id} is ready").into()),
            (Readiness::Checking, _) => Reply::Say(format!("{id} is being tried").into()),
            (Readiness::Degraded { remedy, .. } | Readiness::Unavailable { remedy, .. }, _)
                if status.mend.is_empty() =>
            {
                Reply::Say(format!("no command does it: {remedy}").into())
            }
            _ if state.live_run().is_some() => {
                Reply::Say("that would disturb the run that is going on".into())
            }
            _ => Reply::Mend(Mend::new(status, false)),
        }
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

    /// Puts the cursor on backend `id`.
    pub const fn go(&mut self, id: BackendId) {
        self.chosen = Some(id);
    }

    /// Shows only backends that pass the filter `text`; one half typed leaves the one before in force.
    pub fn filter(&mut self, text: &str) {
        text.clone_into(&mut self.text);
        self.filter = order::read(text).unwrap_or_else(|| self.filter.clone());
    }

    /// What a filter may speak of.
    pub fn terms(state: &State) -> Terms {
        order::terms(state)
    }

    /// Moves the cursor to the row that was clicked.
    pub fn click(&mut self, column: u16, row: u16, area: Rect, state: &State) -> Reply {
        if self.workloads.click(column, row) {
            return Reply::Done;
        }
        let (list, ..) = self.areas(area, state);
        let inside = titled::inside(list);
        if !inside.contains((column, row).into()) || row == inside.y {
            return Reply::Ignored;
        }
        let hit = usize::from(row - inside.y - 1) + self.first(inside, state);
        if hit >= self.rows(state).len() {
            return Reply::Ignored;
        }
        self.choose(hit, state);
        Reply::Done
    }

    /// What can be done here.
    pub fn hints(&self, state: &State) -> &'static [Action] {
        const PLAIN: &[Action] =
            &[Action::Check, Action::Mend, Action::Enter, Action::Copy, Action::Filter];
        const TOLD: &[Action] = &[
            Action::Check,
            Action::Mend,
            Action::Enter,
            Action::Window,
            Action::Copy,
            Action::Filter,
        ];
        if workload::is_known(state) { TOLD } else { PLAIN }
    }

    fn rows<'a>(&self, state: &'a State) -> Vec<&'a BackendStatus> {
        order::rows(state, &self.filter)
    }

    /// The row of the cursor; the first where the chosen one is not shown.
    fn cursor(&self, state: &State) -> usize {
        let is_chosen = |status: &&BackendStatus| Some(status.id) == self.chosen;
        self.rows(state).iter().position(is_chosen).unwrap_or(0)
    }

    /// The first row shown in `inside`, whose first line is the heading.
    fn first(&self, inside: Rect, state: &State) -> usize {
        let room = usize::from(inside.height.saturating_sub(1)).max(1);
        (self.cursor(state) + 1).saturating_sub(room)
    }

    /// Where the table goes, where the details, and where the workloads; each may be empty.
    fn areas(&self, area: Rect, state: &State) -> (Rect, Rect, Rect) {
        let nothing = Rect::new(area.x, area.bottom(), area.width, 0);
        let wanted = u16::try_from(self.rows(state).len() + 3).unwrap_or(u16::MAX);
        if self.open {
            return (nothing, area, nothing);
        }
        if area.height < 14 {
            return (area, nothing, nothing);
        }
        let least = if area.height < 34 { 6 } else { 13 };
        let foot = if area.height < 30 { 0 } else { self.workloads.wanted(state) };
        let split = Layout::vertical([
            Constraint::Length(wanted),
            Constraint::Min(least),
            Constraint::Length(foot),
        ]);
        let [list, details, foot] = split.areas(area);
        (list, details, foot)
    }

    /// Draws the tab.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, state: &State, look: &Look<'_>) {
        self.workloads.hide();
        let rows = self.rows(state);
        let (list, details, foot) = self.areas(area, state);
        if rows.is_empty() {
            return self.draw_empty(frame, area, state, look);
        }
        self.draw_list(frame, list, state, look);
        let status = rows[self.cursor(state)];
        let told = detail::Told {
            now: now(status, state),
            workloads: self.workloads.words(state, status.id.name()),
        };
        detail::draw(frame, details, status, &told, look);
        if foot.height > 0 {
            self.workloads.draw(foot, frame.buffer_mut(), state, look);
        }
    }

    fn draw_empty(&self, frame: &mut Frame<'_>, area: Rect, state: &State, look: &Look<'_>) {
        let block = titled::titled("Backends", true, look);
        let words = if statuses(state).is_empty() {
            let (first, second) = untried(look);
            vec![Line::styled(first, look.theme.text), Line::styled(second, look.theme.muted)]
        } else {
            let text = format!("No backend passes the filter “{}”.", self.text);
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
            let now = now(status, state);
            let line = column::row(status, &chosen, inside.width, now.as_deref(), look);
            let chosen = index == self.cursor(state);
            lines.push(if chosen { line.patch_style(look.theme.selected) } else { line });
        }
        frame.render_widget(Paragraph::new(lines), inside);
    }
}

/// What is being done about `status`, if anything is.
fn now(status: &BackendStatus, state: &State) -> Option<String> {
    let going = mending(state).filter(|one| one.goes_on() && one.backend == status.id)?;
    let last = going.lines.back().map(|said| match said {
        Said::Command(line) | Said::Output(line) => line.as_str(),
    });
    Some(format!("being made ready: {}", last.unwrap_or_default()))
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
