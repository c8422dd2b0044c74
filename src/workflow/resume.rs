//! Going on with a run that was cut off, failed or was cancelled: what was done well is not done again.
//!
//! A task whose end was not heard is done again, and so is one whose output a later stage or the cleanup
//! asks for by `{{STAGE.out}}`, for that was not kept. What is in the background is started anew with its
//! round.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Error;
use super::mask::{HIDDEN, is_secret};
use super::order;
use crate::dialect::plan::{Task, Where};
use crate::dialect::template;
use crate::model::id::{RunId, SourceId};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::update::{Update, What};
use crate::model::workflow::{TaskState, Workflow, WorkflowEvent, WorkflowWish};
use crate::state::State;
use crate::store::result::{ResultDir, ResultWriter, pulled};

/// What was wished of the run in `link`, with what is wished beside it now; and its directory.
pub(super) fn wish(
    now: WorkflowWish,
    link: &Path,
    id: &RunId,
) -> Result<(WorkflowWish, Option<PathBuf>), Error> {
    if !link.exists() {
        return Err(refused(
            &format!("there is no run {id}"),
            "`isomon list` shows those there are",
        ));
    }
    let run = ResultDir::open(link)?.run;
    let Some(run) = run.filter(|_| link.is_symlink()) else {
        let remedy = format!("`isomon bench --resume {id}` goes on with a benchmark");
        return Err(refused(&format!("run {id} is none of a workflow"), &remedy));
    };
    if ResultDir::goes_on(link) {
        return Err(refused(
            &format!("run {id} goes on in another process"),
            "wait for it, or end that process",
        ));
    }
    if pulled::is_one(link) {
        return Err(refused(
            &format!("run {id} was brought here from elsewhere"),
            "go on with it on the machine where it was run",
        ));
    }
    if run.is_finished() {
        return Err(refused(&format!("run {id} is finished"), "`isomon run FILE` makes a new one"));
    }
    let mut then = ResultWriter::wish(link)?.unwrap_or_default();
    let hidden =
        then.env.iter().filter(|(name, value)| *value == HIDDEN && !now.env.contains_key(*name));
    if let Some((name, _)) = hidden.map(|(name, value)| (name.clone(), value)).next() {
        let what = format!("{name} was a secret, which is not kept");
        return Err(refused(&what, &format!("give it again: -e {name}=…")));
    }
    then.env.extend(now.env);
    then.metadata.extend(now.metadata);
    then.skip.extend(now.skip);
    then.timeout = now.timeout;
    then.resume = Some(id.clone());
    then.id = Some(id.clone());
    if !now.file.as_os_str().is_empty() {
        then.file = now.file;
    }
    Ok((then, Some(link.to_owned())))
}

/// `wish` as it may be kept: with what names a secret hidden.
pub(super) fn kept(wish: &WorkflowWish, file: &Path) -> WorkflowWish {
    let mut wish = WorkflowWish { file: file.to_owned(), ..wish.clone() };
    for (name, value) in wish.env.iter_mut().chain(&mut wish.metadata) {
        if is_secret(name) {
            HIDDEN.clone_into(value);
        }
    }
    wish
}

/// What is known of a run that goes on: its tasks that passed, and what is to be told of them again.
#[derive(Default)]
pub(super) struct Before {
    /// How the tasks that are not done again stand.
    pub(super) tasks: BTreeMap<usize, TaskState>,
    /// What happened to them.
    pub(super) events: Vec<WorkflowEvent>,
}

/// Makes it of what was told before.
pub(super) fn before(
    id: &RunId,
    events: Vec<WorkflowEvent>,
    workflow: &Workflow,
    tasks: &[Task],
) -> Before {
    let mut state = State::default();
    for event in events {
        let what = What::Workflow { id: id.clone(), event };
        state.apply(&Update { at: Stamp::default(), from: SourceId::local(), what });
    }
    let Some(known) = state.workflows.get(id) else { return Before::default() };
    let plans = known.run.head.tasks.iter().zip(&known.run.tasks);
    let mut before = Before::default();
    for (at, (task, (plan, end))) in tasks.iter().zip(plans).enumerate() {
        let passed = matches!(end.state, TaskState::Passed { .. }) && *plan == task.plan;
        if passed && is_kept(workflow, task) {
            before.tasks.insert(at, end.state.clone());
            let number = u32::try_from(at).unwrap_or(u32::MAX);
            let at_ms = end.began_ms.unwrap_or_default();
            let told = |state| WorkflowEvent::Task { task: number, at_ms, state };
            before.events.extend([told(TaskState::Running { pid: None }), told(end.state.clone())]);
        }
    }
    let is_of = |task: u32| usize::try_from(task).is_ok_and(|at| before.tasks.contains_key(&at));
    let files = known.run.files.iter().filter(|file| is_of(file.task));
    let mut last: Vec<WorkflowEvent> = Vec::new();
    for file in files {
        last.push(WorkflowEvent::File(Box::new(file.clone())));
        let table = known.tables.get(&file.file);
        last.extend(table.map(|table| WorkflowEvent::Table(Box::new(table.clone()))));
    }
    let pairs = known.run.metadata.iter();
    let pairs = pairs.map(|(key, value)| (SafeText::new(key), SafeText::within(value, 4_000)));
    last.push(WorkflowEvent::Metadata(pairs.collect()));
    before.events.extend(last);
    before
}

/// Whether what `task` did is still there, so that it need not be done again.
fn is_kept(workflow: &Workflow, task: &Task) -> bool {
    let Where::Stage(_) = task.stage else { return false };
    let Some(stage) = task.stage.of(workflow) else { return false };
    let asked = format!("{}.out", stage.name);
    let stages = workflow.stages.iter().chain(&workflow.cleanup);
    let plots = workflow.plots.iter().filter_map(|plot| plot.export_path.as_deref());
    let texts = stages.flat_map(order::texts).chain(plots);
    let is_asked = texts.flat_map(template::placeholders).any(|one| one.name == asked);
    !stage.background && !is_asked
}

fn refused(what: &str, remedy: &str) -> Error {
    Error::Wish { what: SafeText::new(what), remedy: SafeText::new(remedy) }
}
