//! What can be wished of a run, and when it cannot, why.

use std::path::PathBuf;

use super::choice;
use super::place::{Mode, Panel};
use crate::model::command::Command;
use crate::model::id::RunId;
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::update::Notice;
use crate::state::{RunState, State};
use crate::tui::action::Action;
use crate::tui::reply::Reply;

/// A run that was wished and has not begun: backends that were not tried yet are tried first.
#[derive(Debug)]
pub(super) struct Wished {
    last: Option<RunId>,
    trouble: Option<(Stamp, Notice)>,
}

impl Wished {
    /// A run is wished now.
    pub(super) fn now(state: &State) -> Self {
        Self { last: last(state).cloned(), trouble: state.trouble.clone() }
    }

    /// Whether it has neither begun nor been refused.
    pub(super) fn is_pending(&self, state: &State) -> bool {
        let refused = state.trouble.is_some() && state.trouble != self.trouble;
        !refused && self.last.as_ref() == last(state)
    }
}

/// The latest run of this session.
fn last(state: &State) -> Option<&RunId> {
    let own = state.runs.iter().rev().find(|(_, run)| !run.stored);
    own.map(|(id, _)| id)
}

/// What is said of it meanwhile.
pub(super) const PREPARING: &str = "preparing: the run begins in a moment";

/// A run and its id, if there is one in sight.
pub(super) type Shown<'a> = Option<(&'a RunId, &'a RunState)>;

/// What can be done with the keys in `panel`, the most wanted first; `mode` is how the results are
/// looked at, `pair` whether two are compared instead.
pub(super) fn hints(panel: Panel, (mode, pair): (Mode, bool), state: &State) -> &'static [Action] {
    use Action::{Again, Back, Bench, Cancel, Check, Compare, Copy, Enter, Export, Left, Mark};
    use Action::{MarkAll, NextPanel, Preset, Right, Runs, Sort, View, Why, Zoom};
    match (panel, state.live_run()) {
        (Panel::Result, _) if pair => &[Back, Zoom, Runs],
        (Panel::Result, Some(_)) if mode.has_cursor() => {
            &[Cancel, View, Left, Right, Sort, Mark, NextPanel, Zoom]
        }
        (Panel::Result, None) if mode.has_cursor() => {
            &[Bench, View, Left, Right, Sort, Mark, NextPanel, Runs, Zoom]
        }
        (Panel::Result, Some(_)) => &[Cancel, View, Sort, Why, NextPanel, Zoom],
        (Panel::Result, None) => {
            &[Bench, View, Sort, Why, NextPanel, Runs, Export, Again, Zoom, Copy]
        }
        (Panel::Runs, _) => &[Enter, Mark, Compare, NextPanel, Back],
        (_, Some(_)) => &[Cancel, NextPanel, Mark, MarkAll, Preset],
        (_, None) => &[Bench, Mark, MarkAll, Preset, NextPanel, Runs, Check],
    }
}

/// The plan of the run that is shown with a new seed: the order of cells is drawn anew. The command
/// that repeats a run keeps its seed.
pub(super) fn again(shown: Shown<'_>, state: &State) -> Reply {
    if state.live_run().is_some() {
        return Reply::Say("a run is going on; wait, or cancel it".into());
    }
    let Some((_, run)) = shown else {
        return Reply::Say("there is no run to repeat yet".into());
    };
    let mut plan = run.head.plan.clone();
    plan.seed = choice::seed(state.now);
    Reply::Wish(Command::Bench(Box::new(plan)))
}

/// Ends the run that is going on, after a question.
pub(super) fn cancel(state: &State) -> Reply {
    let Some((id, run)) = state.live_run() else {
        return Reply::Say("no run is going on".into());
    };
    let done = run.progress.completed;
    Reply::Ask {
        question: format!("Cancel the run and keep its {done} good samples?").into(),
        then: Command::Cancel(id.clone()),
    }
}

/// Copies the command that repeats the run that is shown.
pub(super) fn copy(shown: Shown<'_>) -> Reply {
    shown.map_or(Reply::Ignored, |(_, run)| {
        Reply::Copy(SafeText::within(&run.head.repeat, 2_000).to_string())
    })
}

/// Writes the run that is shown.
pub(super) fn export(shown: Shown<'_>) -> Reply {
    match shown {
        None => Reply::Say("there is no run to write yet".into()),
        Some((_, run)) if run.is_live() => {
            Reply::Say("the run is going on; it can be written when it is over".into())
        }
        Some((id, _)) => Reply::Wish(Command::Export { run: id.clone(), to: PathBuf::from(".") }),
    }
}
