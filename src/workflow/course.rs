//! All rounds one after another, then the cleanup, however it went.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::about::About;
use super::journal::Journal;
use super::order::{self, Deed};
use super::round::Turn;
use super::stop::{Cause, Stop};
use super::task::{Done, Hand};
use crate::dialect::plan::{self, Where};
use crate::dialect::template::{self, Values};
use crate::host::Process;
use crate::model::text::SafeText;
use crate::model::workflow::event::Failure;
use crate::model::workflow::{Stage, TaskState, Work};
use crate::store::result::log::Level;

/// Time that hosts have to be let go of.
const CLOSE: Duration = Duration::from_secs(5);

/// A run while it is done.
pub(super) struct Course {
    pub(super) about: Arc<About>,
    pub(super) journal: Journal,
    pub(super) stop: Stop,
    /// Tasks that were done before it went on, and how they stand.
    pub(super) before: BTreeMap<usize, TaskState>,
}

/// What rounds leave behind.
#[derive(Default)]
pub(super) struct Left {
    /// What failed, by task.
    pub(super) failures: BTreeMap<usize, Failure>,
    /// What went wrong and ended nothing.
    pub(super) troubles: Vec<SafeText>,
    /// Tasks that were begun, or passed over.
    pub(super) begun: BTreeSet<usize>,
    /// What stages left behind lives as long as this.
    pub(super) kept: Vec<Box<dyn Process>>,
    /// What is known at the end: of each stage, what it did when it was done last.
    pub(super) values: Values,
}

impl Left {
    /// Before anything is done.
    pub(super) fn of(about: &About) -> Self {
        Self { values: about.values(None), ..Self::default() }
    }

    /// Keeps what a task of the background wrote, which is known now, behind that of other hosts.
    pub(super) fn learn(&mut self, about: &About, done: &Done) {
        let stage = about.tasks.get(done.at).and_then(|task| task.stage.of(&about.workflow));
        let Some(stage) = stage else { return };
        let name = format!("{}.out", stage.name);
        let outs = [self.values.value(&name).unwrap_or_default(), done.out.trim()];
        let outs: Vec<&str> = outs.into_iter().filter(|out| !out.is_empty()).collect();
        let out = outs.join("\n");
        self.values.set(&name, &out);
    }
}

impl Course {
    /// Whether nothing more is begun.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.token.is_cancelled()
    }

    /// Does all rounds.
    pub(super) async fn all(&self, left: &mut Left) {
        for turn in self.turns() {
            if self.is_stopped() {
                break;
            }
            self.round(turn, left).await;
        }
        self.skip_the_rest(&left.begun).await;
    }

    /// Says of everything that was not begun why.
    async fn skip_the_rest(&self, begun: &BTreeSet<usize>) {
        let reason = match (self.stop.cause(), self.stop.first()) {
            (Some(Cause::Failure), Some(first)) => {
                let stage = self.about.tasks.get(first).map(|task| task.plan.stage.as_str());
                format!("{} failed before it", stage.unwrap_or("something"))
            }
            (Some(_), _) => self.stop.words().to_owned(),
            (None, _) => return,
        };
        for (at, task) in self.about.tasks.iter().enumerate() {
            if matches!(task.stage, Where::Stage(_)) && !begun.contains(&at) {
                let state = TaskState::Skipped { reason: SafeText::new(&reason) };
                self.journal.task(at, state).await;
            }
        }
    }

    /// Every case, and every repetition of it.
    fn turns(&self) -> Vec<Turn> {
        let mut turns: Vec<Turn> = Vec::new();
        for task in self.about.tasks.iter().filter(|task| matches!(task.stage, Where::Stage(_))) {
            let turn = (task.case, self.round_of(task));
            if !turns.contains(&turn) {
                turns.push(turn);
            }
        }
        turns
    }

    /// The tasks of the stage `at` in one round.
    pub(super) fn tasks_of(&self, at: Where, turn: Turn) -> BTreeSet<usize> {
        let tasks = self.about.tasks.iter().enumerate();
        let of = tasks.filter(|(_, task)| task.stage == at);
        let of = of.filter(|(_, task)| {
            matches!(at, Where::Cleanup(_)) || (task.case, self.round_of(task)) == turn
        });
        of.map(|(at, _)| at).collect()
    }

    /// The round of its case that a task is of, from 0.
    fn round_of(&self, task: &plan::Task) -> u32 {
        let times = task.stage.of(&self.about.workflow).map_or(1, |stage| stage.repeat.max(1));
        task.repetition.saturating_sub(1) / times
    }

    /// Does the cleanup: all of it, whatever fails.
    pub(super) async fn clean_up(&self, left: &mut Left) {
        let stop = Stop::default();
        for index in 0..self.about.workflow.cleanup.len() {
            let Some(stage) = self.about.workflow.cleanup.get(index).cloned() else { continue };
            let about = vec![("stage", stage.name.as_str().into())];
            self.journal.log(Level::Info, "cleanup started", about.clone()).await;
            for at in self.tasks_of(Where::Cleanup(index), (None, 0)) {
                self.clean_one(at, &stage, &stop, left).await;
            }
            self.journal.log(Level::Info, "cleanup completed", about).await;
            self.journal.save().await;
        }
    }

    async fn clean_one(&self, at: usize, stage: &Stage, stop: &Stop, left: &mut Left) {
        let skip = self.about.tasks.get(at).and_then(|task| task.skip.clone());
        if let Some(reason) = skip.or_else(|| unknown(stage, &left.values)) {
            return self.journal.task(at, TaskState::Skipped { reason }).await;
        }
        let (about, journal) = (&self.about, &self.journal);
        let hand = Hand { about, journal, stop, values: &left.values };
        let done = hand.task(at, stage, &Stop::default().token).await;
        if let Some(failure) = done.failure(about) {
            let text = format!("cleanup {}: {}", failure.stage, failure.reason);
            let words = vec![
                ("stage", stage.name.as_str().into()),
                ("error", failure.reason.as_str().into()),
            ];
            journal.log(Level::Warn, "cleanup failed", words).await;
            left.troubles.push(text.into());
        }
        left.kept.extend(done.kept);
    }

    /// Lets go of everything: what stages left behind is ended, hosts are let go of.
    pub(super) async fn let_go(&self, left: &mut Left) {
        left.kept.clear();
        let hosts = self.about.hosts.values().filter_map(|host| host.as_ref().ok());
        let closed = futures_util::future::join_all(hosts.map(|host| host.close()));
        match tokio::time::timeout(CLOSE, closed).await {
            Ok(closed) => {
                let wrong = closed.into_iter().filter_map(Result::err);
                left.troubles.extend(wrong.map(|why| SafeText::new(&why.to_string())));
            }
            Err(_) => left.troubles.push("a host did not let go of its connection".into()),
        }
    }

    /// Says what went wrong and ends nothing.
    pub(super) async fn warn(&self, text: String) -> SafeText {
        let text = SafeText::new(&text);
        self.journal.log(Level::Warn, "stage warning", vec![("error", text.as_str().into())]).await;
        text
    }

    /// Removes the script of a task of the background from its host.
    pub(super) async fn remove_script(&self, at: usize, stage: &Stage) {
        if !matches!(stage.work, Work::Script(_)) {
            return;
        }
        let Some(task) = self.about.tasks.get(at) else { return };
        let env = BTreeMap::new();
        let values = self.about.values(task.case);
        let deed = order::deed(&self.about, stage, at, &env, &values);
        if let (Ok(Deed::Script { to: Some(to), .. }), Some(Ok(host))) =
            (deed, self.about.hosts.get(&task.host))
        {
            // It lies in a directory that is emptied by itself.
            host.remove(&to).await.ok();
        }
    }

    /// What failed first.
    pub(super) fn failure(&self, left: &mut Left) -> Option<Failure> {
        let first = self.stop.first().and_then(|at| left.failures.remove(&at));
        first.or_else(|| left.failures.pop_first().map(|(_, failure)| failure))
    }
}

/// Why `stage`, one of the cleanup, is passed over: it asks for what none of the stages did.
fn unknown(stage: &Stage, values: &Values) -> Option<SafeText> {
    let asked = order::texts(stage).into_iter().flat_map(template::placeholders);
    let name = asked.map(|one| one.name).find(|name| values.value(name).is_none())?;
    let of = name.rsplit_once('.').map_or(name.as_str(), |(of, _)| of);
    Some(SafeText::new(&format!("{{{{{name}}}}} is not known: stage {of} was not done")))
}
