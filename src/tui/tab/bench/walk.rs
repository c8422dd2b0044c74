//! What keys do in the results: rows, views, and the cursor over samples.

use super::place::Mode;
use super::{FIGURES, View, group};
use crate::state::{RunState, State};
use crate::tui::action::Action;
use crate::tui::reply::Reply;

/// Part of the samples of a row that a page is.
const PAGE: usize = 20;

impl View {
    pub(super) fn act_on_result(&mut self, action: Action, state: &State) -> Reply {
        if self.pair.is_some() {
            return self.act_on_pair(action);
        }
        let Some((_, run)) = self.runs.shown(state) else {
            return Reply::Ignored;
        };
        let sight = self.sight(run);
        let (mode, offered, rows) = (sight.mode, sight.offered, sight.group.rows.len());
        self.mode = mode;
        if mode.has_cursor() && self.walk(action, run) {
            return Reply::Done;
        }
        let (row, length) = match mode {
            Mode::Claims => (&mut self.claim, self.claims.of(run).len()),
            _ => (&mut self.row, rows),
        };
        *row = (*row).min(length.saturating_sub(1));
        if moved(row, action, length) {
            return Reply::Done;
        }
        self.act_on_views(action, run, &offered)
    }

    fn act_on_views(&mut self, action: Action, run: &RunState, offered: &[Mode]) -> Reply {
        let groups = group::payloads(run).len().max(1);
        let at = offered.iter().position(|mode| *mode == self.mode).unwrap_or(0);
        let turned = |steps: usize| offered[(at + steps) % offered.len()];
        match action {
            Action::Left => self.group = (self.group.min(groups - 1) + groups - 1) % groups,
            Action::Right => self.group = (self.group.min(groups - 1) + 1) % groups,
            Action::Sort => self.figure = (self.figure + 1) % FIGURES.len(),
            Action::Reverse => self.figure = (self.figure + FIGURES.len() - 1) % FIGURES.len(),
            Action::View => self.mode = turned(1),
            Action::ViewBack => self.mode = turned(offered.len() - 1),
            Action::Mark => self.mark_row(run),
            Action::Why | Action::Enter => self.why = !self.why,
            Action::Zoom => self.zoom = !self.zoom,
            Action::Back if self.why => self.why = false,
            Action::Back if self.zoom => self.zoom = false,
            Action::Back if self.at_seconds.is_some() => self.at_seconds = None,
            Action::Back if self.runs.open.is_some() => self.runs.open = None,
            _ => return Reply::Ignored,
        }
        Reply::Done
    }

    fn act_on_pair(&mut self, action: Action) -> Reply {
        if let Some(pair) = &mut self.pair {
            let rows = pair.rows();
            if moved(&mut pair.row, action, rows) {
                return Reply::Done;
            }
        }
        match action {
            Action::Back => self.pair = None,
            Action::Zoom => self.zoom = !self.zoom,
            _ => return Reply::Ignored,
        }
        Reply::Done
    }

    /// Draws the row that is looked at over others, or no more.
    fn mark_row(&mut self, run: &RunState) {
        let cell = self.sight(run).row().map(|row| row.cell);
        if let Some(cell) = cell.filter(|cell| !self.marked.remove(cell)) {
            self.marked.insert(cell);
        }
    }

    /// Moves the cursor over the samples of the row; false if `action` is no movement of it.
    fn walk(&mut self, action: Action, run: &RunState) -> bool {
        let sight = self.sight(run);
        let Some((at, index)) = sight.sample().and_then(|(at, _)| Some((at, sight.row()?.index?)))
        else {
            return false;
        };
        let kept = run.digest.cell(index).map_or(0, crate::state::run::CellDigest::kept);
        let page = (kept / PAGE).max(1);
        let to = match action {
            Action::Left => at.saturating_sub(1),
            Action::Right => at + 1,
            Action::PageUp | Action::HalfUp => at.saturating_sub(page),
            Action::PageDown | Action::HalfDown => at + page,
            _ => return false,
        };
        let last = to + 1 >= kept;
        let sample = run.sample(index, to).filter(|_| !last);
        self.at_seconds = sample.map(|sample| sample.at_seconds.0);
        true
    }
}

/// Moves `row` within `length` rows, if `action` is a movement.
pub(super) fn moved(row: &mut usize, action: Action, length: usize) -> bool {
    let last = length.saturating_sub(1);
    *row = match action {
        Action::Up => row.saturating_sub(1),
        Action::Down => (*row + 1).min(last),
        Action::First | Action::PageUp | Action::HalfUp => 0,
        Action::Last | Action::PageDown | Action::HalfDown => last,
        _ => return false,
    };
    true
}
