//! A workflow's run as it is folded from its events.

use std::collections::{BTreeMap, VecDeque};

use crate::model::id::{RunId, SourceId};
use crate::model::pipeline::LOG_LINES;
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::update::Update;
use crate::model::workflow::event::{Attempt, TaskLine};
use crate::model::workflow::result::{KIND, TableView, TaskEnd};
use crate::model::workflow::{TASKS, TaskState, WorkflowEvent, WorkflowHead, WorkflowRun};

/// Files, tables and pieces of metadata kept of what is told.
const PARTS: usize = 1_000;

/// What is known of a workflow's run.
#[derive(Clone, Debug)]
pub struct WorkflowState {
    /// The node it runs on, or where it is kept.
    pub from: SourceId,
    /// Whether it was read from disk, so that nothing more happens to it by itself.
    pub stored: bool,
    /// It as its file holds it.
    pub run: WorkflowRun,
    /// The latest lines that its tasks wrote.
    pub lines: VecDeque<TaskLine>,
    /// Lines that are not there: older ones, and those there was no room for.
    pub dropped: u64,
    /// The last look at each task's readiness.
    pub attempts: BTreeMap<u32, Attempt>,
    /// What is in its files that are tables, by the file's name.
    pub tables: BTreeMap<SafeText, TableView>,
    /// What happened to its tasks: when, which one, how it stood; earliest first.
    pub course: Vec<(i64, u32, TaskState)>,
    /// When something last happened to it.
    pub heard: Stamp,
    /// How often something happened to it: much of it may at the same instant.
    pub events: u64,
}

impl WorkflowState {
    fn new(head: WorkflowHead, update: &Update) -> Self {
        let tasks = head.tasks.iter().take(TASKS).map(|_| TaskEnd::default()).collect();
        Self {
            from: update.from.clone(),
            stored: update.from.is_kept(),
            run: WorkflowRun { kind: KIND.to_owned(), head, tasks, ..WorkflowRun::default() },
            lines: VecDeque::new(),
            dropped: 0,
            attempts: BTreeMap::new(),
            tables: BTreeMap::new(),
            course: Vec::new(),
            heard: update.at,
            events: 0,
        }
    }

    /// Whether it is still going on.
    pub const fn is_live(&self) -> bool {
        self.run.tail.is_none() && !self.stored
    }

    fn take(&mut self, event: &WorkflowEvent, at: Stamp) {
        self.heard = at;
        self.events += 1;
        match event {
            WorkflowEvent::Task { task, at_ms, state } => self.take_task(*task, *at_ms, state),
            WorkflowEvent::Lines { lines, dropped } => {
                self.lines.extend(lines.iter().cloned());
                let beyond = self.lines.len().saturating_sub(LOG_LINES);
                self.lines.drain(..beyond);
                self.dropped = self.dropped.saturating_add(*dropped + beyond as u64);
            }
            WorkflowEvent::Attempt(attempt) if self.attempts.len() < TASKS => {
                self.attempts.insert(attempt.task, attempt.clone());
            }
            WorkflowEvent::File(file) if self.run.files.len() < PARTS => {
                self.run.files.push((**file).clone());
            }
            WorkflowEvent::Table(table) if self.tables.len() < PARTS => {
                self.tables.insert(table.file.clone(), (**table).clone());
            }
            WorkflowEvent::Metadata(pairs) if self.run.metadata.len() < PARTS => {
                let pairs = pairs.iter().map(|(key, value)| (key.to_string(), value.to_string()));
                self.run.metadata.extend(pairs);
            }
            WorkflowEvent::Statistics(statistics) => {
                self.run.statistics = statistics.iter().take(PARTS).cloned().collect();
            }
            WorkflowEvent::Ended(tail) => self.run.tail = Some((**tail).clone()),
            WorkflowEvent::Started(_)
            | WorkflowEvent::Attempt(_)
            | WorkflowEvent::File(_)
            | WorkflowEvent::Table(_)
            | WorkflowEvent::Metadata(_) => {}
        }
    }

    fn take_task(&mut self, task: u32, at_ms: i64, state: &TaskState) {
        let known = usize::try_from(task).ok().and_then(|at| self.run.tasks.get_mut(at));
        let Some(known) = known else { return };
        if matches!(state, TaskState::Running { .. }) {
            known.began_ms.get_or_insert(at_ms);
        }
        known.state = state.clone();
        if self.course.len() < 4 * TASKS {
            self.course.push((at_ms, task, state.clone()));
        }
    }
}

/// Takes `event` of run `id` into `workflows`; whether there is something new.
pub(super) fn fold(
    workflows: &mut BTreeMap<RunId, WorkflowState>,
    id: &RunId,
    event: &WorkflowEvent,
    update: &Update,
) -> bool {
    let stored = update.from.is_kept();
    let known = workflows.get(id);
    // What is on disk of a run that goes on is less than what is known, and a node may speak of its own.
    let foreign = known.is_some_and(|run| {
        let beside = run.from == SourceId::beside();
        if stored { run.is_live() && !beside } else { run.from != update.from && !run.stored }
    });
    if foreign {
        return false;
    }
    if let WorkflowEvent::Started(head) = event {
        workflows.insert(id.clone(), WorkflowState::new((**head).clone(), update));
        return true;
    }
    let Some(run) = workflows.get_mut(id) else { return false };
    run.take(event, update.at);
    true
}
