//! One round: all stages of a case once, in the order in which they wait for each other.
//!
//! Stages that wait for nothing more run at the same time. The first that fails ends the others; what goes
//! on in the background is ended last, and its outputs are fetched then.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;

use super::background::{Background, Over};
use super::collect;
use super::course::{Course, Left};
use super::metadata;
use super::running::{Gone, words};
use super::task::{Done, Hand};
use crate::dialect::plan::{self, Where};
use crate::dialect::template::Values;
use crate::model::text::SafeText;
use crate::model::unit::Seconds;
use crate::model::workflow::{Stage, TaskState, WorkflowEvent};
use crate::store::result::log::Level;

/// Which round: its case, and its repetition from 0.
pub(super) type Turn = (Option<usize>, u32);

/// What a round has come to so far.
struct Round {
    values: Values,
    /// Stages that each one still waits for.
    waits: Vec<usize>,
    ready: VecDeque<usize>,
    backgrounds: Vec<Background>,
}

impl Course {
    /// Does all stages once.
    pub(super) async fn round(&self, turn: Turn, left: &mut Left) {
        let edges = plan::edges(&self.about.workflow);
        let mut round = Round::begin(self, turn.0, &edges);
        let mut running = FuturesUnordered::new();
        loop {
            while let Some(stage) = round.ready.pop_front().filter(|_| !self.is_stopped()) {
                running.push(self.stage(stage, turn, round.values.clone()));
            }
            let Some((stage, done)) = running.next().await else { break };
            let good = round.take(self, stage, done, left).await;
            for (_, to) in edges.iter().filter(|(from, _)| good && *from == stage) {
                round.free(*to);
            }
        }
        self.end_backgrounds(round, left).await;
        self.journal.save().await;
    }

    /// Does one stage on all its hosts, as often as it is wished.
    async fn stage(&self, index: usize, turn: Turn, values: Values) -> (usize, Vec<Done>) {
        let tasks = self.tasks_of(Where::Stage(index), turn);
        let Some(stage) = self.about.workflow.stages.get(index) else { return (index, Vec::new()) };
        self.say_start(index, stage, turn).await;
        let hand =
            Hand { about: &self.about, journal: &self.journal, stop: &self.stop, values: &values };
        let mut all = Vec::new();
        for at_once in batches(self, &tasks, stage.parallel) {
            if self.is_stopped() {
                break;
            }
            all.extend(join_all(at_once.into_iter().map(|at| self.one(&hand, at, stage))).await);
        }
        self.journal.save().await;
        (index, all)
    }

    /// Does one task, unless it is passed over or was done before.
    async fn one(&self, hand: &Hand<'_>, at: usize, stage: &Stage) -> Done {
        if let Some(state) = self.before.get(&at) {
            return Done { at, state: state.clone(), ..Done::default() };
        }
        let skip = self.about.tasks.get(at).and_then(|task| task.skip.clone());
        if let Some(reason) = skip {
            let about = vec![("stage", stage.name.as_str().into())];
            let for_case = stage.only_for.is_some() && !stage.skip;
            let words = if for_case { "stage skipped for case" } else { "stage skipped" };
            self.journal.log(Level::Info, words, about).await;
            let passed_over = TaskState::Skipped { reason };
            self.journal.task(at, passed_over.clone()).await;
            return Done { at, state: passed_over, ..Done::default() };
        }
        hand.task(at, stage, &self.stop.token).await
    }

    async fn say_start(&self, index: usize, stage: &Stage, turn: Turn) {
        let case = turn.0.and_then(|case| self.about.workflow.cases.get(case));
        let total = self.about.workflow.stages.len();
        let about = vec![
            ("stage", stage.name.as_str().into()),
            ("case", case.map_or("", |case| case.name.as_str()).into()),
            ("index", (index + 1).into()),
            ("total", total.into()),
        ];
        self.journal.log(Level::Info, "stage started", about).await;
    }

    /// Ends what goes on, all at once, and fetches what it made.
    async fn end_backgrounds(&self, round: Round, left: &mut Left) {
        let ended =
            round.backgrounds.into_iter().map(|one| self.end_background(one, &round.values));
        for (done, troubles) in join_all(ended).await {
            left.troubles.extend(troubles);
            left.learn(&self.about, &done);
            if let Some(failure) = done.failure(&self.about) {
                self.stop.fail(done.at);
                left.failures.insert(done.at, failure);
            }
        }
    }

    async fn end_background(
        &self,
        background: Background,
        values: &Values,
    ) -> (Done, Vec<SafeText>) {
        let (at, begun) = (background.at, background.begun);
        let name = self.about.tasks.get(at).map(|task| task.plan.stage.clone()).unwrap_or_default();
        let about = vec![("stage", name.as_str().into()), ("pid", background.pid.into())];
        self.journal.log(Level::Info, "stopping background stage", about).await;
        let Over { gone, last, out } = background.end().await;
        let seconds = Seconds(begun.elapsed().as_secs_f64());
        let state = match &gone {
            Gone::Stopped => TaskState::Passed { seconds },
            Gone::Ended(end) => match words(end) {
                None => TaskState::Passed { seconds },
                Some(how) => {
                    let reason = format!("it ended while others ran: {how}").into();
                    TaskState::Failed { seconds, exit: end.exit, reason }
                }
            },
            Gone::Lost(reason) => TaskState::Unknown { reason: reason.clone() },
            Gone::Refused(reason) => {
                TaskState::Failed { seconds, exit: None, reason: reason.clone() }
            }
        };
        let mut troubles = Vec::new();
        if let Some(Where::Stage(index)) = self.about.tasks.get(at).map(|task| task.stage)
            && let Some(stage) = self.about.workflow.stages.get(index)
        {
            let wrong = collect::fetch_all(&self.about, &self.journal, at, stage, values).await;
            for (output, why) in wrong {
                let about = vec![("stage", name.as_str().into()), ("error", why.as_str().into())];
                let words = "background stage outputs failed to collect";
                self.journal.log(Level::Warn, words, about).await;
                troubles.push(format!("stage {name}: output {output}: {why}").into());
            }
            self.remove_script(at, stage).await;
        }
        self.journal.task(at, state.clone()).await;
        let exit = if let TaskState::Failed { exit, .. } = &state { *exit } else { None };
        (Done { at, state, exit, out, last, ..Done::default() }, troubles)
    }
}

impl Round {
    fn begin(course: &Course, case: Option<usize>, edges: &[(usize, usize)]) -> Self {
        let about = &course.about;
        let values = about.values(case);
        let mut waits = vec![0; about.workflow.stages.len()];
        for (_, to) in edges {
            if let Some(count) = waits.get_mut(*to) {
                *count += 1;
            }
        }
        let ready = waits.iter().enumerate().filter(|(_, count)| **count == 0);
        let ready = ready.map(|(stage, _)| stage).collect();
        Self { values, waits, ready, backgrounds: Vec::new() }
    }

    /// One stage less that `to` waits for.
    fn free(&mut self, to: usize) {
        if let Some(count) = self.waits.get_mut(to) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.ready.push_back(to);
            }
        }
    }

    /// Takes what came of `stage`; whether it is as was wished.
    async fn take(
        &mut self,
        course: &Course,
        stage: usize,
        done: Vec<Done>,
        left: &mut Left,
    ) -> bool {
        let Some(stage) = course.about.workflow.stages.get(stage) else { return false };
        let good = done.iter().all(|done| !done.state.is_bad()) && !course.is_stopped();
        let outs = done.iter().map(|done| done.out.trim()).filter(|out| !out.is_empty());
        let out = outs.collect::<Vec<_>>().join("\n");
        let mut known = vec![(format!("{}.out", stage.name), out)];
        known.extend(done.iter().flat_map(|one| course.about.paths(one.at, stage)));
        let was_done = done.iter().any(|one| !matches!(one.state, TaskState::Skipped { .. }));
        for (name, value) in known {
            self.values.set(&name, &value);
            if was_done {
                left.values.set(&name, &value);
            }
        }
        for mut one in done {
            if let Some(failure) = one.failure(&course.about) {
                left.failures.insert(one.at, failure);
            } else if stage.append_metadata && matches!(one.state, TaskState::Passed { .. }) {
                left.troubles.extend(append(course, one.at, &one.out).await);
            }
            self.backgrounds.extend(one.background.take());
            left.kept.extend(one.kept.take());
            left.begun.insert(one.at);
        }
        good
    }
}

/// Keeps the JSON object that a task wrote last as metadata; that there is none is worth a warning.
async fn append(course: &Course, at: usize, out: &str) -> Option<SafeText> {
    let task = course.about.tasks.get(at).filter(|_| !course.before.contains_key(&at))?;
    let Some(pairs) = metadata::last_object(out) else {
        let stage = &task.plan.stage;
        let text = format!("stage {stage}: it wrote no JSON object to keep as metadata");
        return Some(course.warn(text).await);
    };
    let suffix = metadata::suffix(&task.plan);
    let safe = |text: &str| SafeText::within(&course.about.mask.hide(text), 4_000);
    let pairs = pairs.iter().map(|(key, value)| (safe(&format!("{key}{suffix}")), safe(value)));
    course.journal.tell(WorkflowEvent::Metadata(pairs.collect())).await;
    None
}

/// The tasks that are done at the same time, in the order they are: each repetition for itself, its hosts
/// together or one after another.
fn batches(course: &Course, tasks: &BTreeSet<usize>, parallel: bool) -> Vec<Vec<usize>> {
    let mut by_repetition: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for at in tasks {
        if let Some(task) = course.about.tasks.get(*at) {
            by_repetition.entry(task.repetition).or_default().push(*at);
        }
    }
    let mut batches = Vec::new();
    for tasks in by_repetition.into_values() {
        if parallel {
            batches.push(tasks);
        } else {
            batches.extend(tasks.into_iter().map(|at| vec![at]));
        }
    }
    batches
}
