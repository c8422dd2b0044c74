//! Stages and hosts of a workflow, by how its tasks stand.

use std::collections::BTreeMap;

use crate::model::pipeline::{Stage, Worker};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::unit::{Ratio, Seconds};
use crate::model::workflow::result::TaskEnd;
use crate::model::workflow::{Ending, LOCAL, TaskPlan, TaskState};
use crate::pipeline::stretch::{self, Stretch};
use crate::state::WorkflowState;

/// One task: its number, what is planned, how it went.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    pub(super) number: u32,
    pub(super) plan: &'a TaskPlan,
    pub(super) end: &'a TaskEnd,
}

pub(super) fn tasks(flow: &WorkflowState) -> Vec<Task<'_>> {
    let plans = flow.run.head.tasks.iter().zip(&flow.run.tasks);
    (0..).zip(plans).map(|(number, (plan, end))| Task { number, plan, end }).collect()
}

/// How much of a whole run is done. What was passed over was not needed, unless the run came to no good end.
pub(super) fn done(tasks: &[Task<'_>], flow: &WorkflowState) -> Option<Ratio> {
    let success = flow.run.tail.as_ref().is_some_and(|tail| tail.ending == Ending::Success);
    share(tasks, success || flow.is_live())
}

/// How much of `tasks` is done: those that ended well, of all. One that was passed over is settled and counts
/// as done where `settled`, unless another failed: then it was needed, as what was never heard of again was.
fn share(tasks: &[Task<'_>], settled: bool) -> Option<Ratio> {
    let settled = settled && !tasks.iter().any(|task| task.end.state.is_bad());
    let done = tasks.iter().filter(|task| match task.end.state {
        TaskState::Passed { .. } => true,
        TaskState::Skipped { .. } => settled,
        _ => false,
    });
    Ratio::of(done.count() as f64, tasks.len() as f64)
}

/// The stages in the order of the file.
pub(super) fn stages(flow: &WorkflowState, tasks: &[Task<'_>], now: Stamp) -> Vec<Stage> {
    let mut order: Vec<&SafeText> = Vec::new();
    let mut of: BTreeMap<&SafeText, Vec<Task<'_>>> = BTreeMap::new();
    for task in tasks {
        let stage = &task.plan.stage;
        of.entry(stage).or_insert_with(|| {
            order.push(stage);
            Vec::new()
        });
        of.entry(stage).or_default().push(*task);
    }
    order.into_iter().filter_map(|name| Some(stage(name, of.get(name)?, flow, now))).collect()
}

fn stage(name: &SafeText, tasks: &[Task<'_>], flow: &WorkflowState, now: Stamp) -> Stage {
    let running = tasks.iter().filter(|task| is_at_work(&task.end.state)).count();
    let over = tasks.iter().filter(|task| task.end.state.is_over()).count();
    let count =
        |is: fn(&TaskState) -> bool| tasks.iter().filter(|task| is(&task.end.state)).count() as u64;
    let skipped = count(|state| matches!(state, TaskState::Skipped { .. }));
    let waits = tasks.len() - over - running;
    let began = tasks.iter().filter_map(|task| task.end.began_ms).min();
    let stretches = stretches(tasks, flow, now);
    let failed = tasks.iter().find_map(|task| reason(&task.end.state));
    Stage {
        id: name.clone(),
        operator: operator(tasks).into(),
        status: word(tasks, flow).into(),
        started_ms: began,
        duration_seconds: stretch::took(&stretches, super::elapsed(flow, now).0),
        spells: stretch::spells(&stretches, |at| wall_ms(flow, at)),
        // Of what was passed over as a whole nothing was done, and nothing is to be.
        progress: share(tasks, true).filter(|_| skipped < tasks.len() as u64),
        workers: Some(u32::try_from(running).unwrap_or(u32::MAX)),
        input: Some(tasks.len() as u64),
        output: Some(count(|state| matches!(state, TaskState::Passed { .. }))),
        skipped: Some(skipped),
        queue: (flow.is_live() && began.is_some()).then_some(waits as u64),
        error: failed.cloned(),
        ..Stage::default()
    }
}

/// When any of `tasks` was at work, in seconds since the run began; no end while one goes on.
fn stretches(tasks: &[Task<'_>], flow: &WorkflowState, now: Stamp) -> Vec<Stretch> {
    let stretch = |task: &Task<'_>| {
        let since_ms = task.end.began_ms?.saturating_sub(flow.run.head.started.wall_ms);
        let from = since_ms as f64 / 1e3;
        let took = seconds(task, flow, now)?;
        let goes_on = flow.is_live() && is_at_work(&task.end.state);
        Some((from, (!goes_on).then_some(from + took)))
    };
    stretch::joined(tasks.iter().filter_map(stretch).collect())
}

/// Milliseconds since 1970 UTC at `seconds` of the run.
fn wall_ms(flow: &WorkflowState, seconds: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
    let own = (seconds * 1e3).round() as i64;
    flow.run.head.started.wall_ms.saturating_add(own)
}

/// What a stage does: its kind, and what it is beside.
fn operator(tasks: &[Task<'_>]) -> String {
    let Some(first) = tasks.first() else { return String::new() };
    let kind = first.plan.kind.as_str();
    let aside = match (first.plan.background, first.plan.cleanup) {
        (_, true) => " · cleanup",
        (true, _) => " · background",
        _ => "",
    };
    let check = first.plan.check.as_ref().map(|check| format!(" · until {check}"));
    format!("{kind}{aside}{}", check.unwrap_or_default())
}

/// How a stage stands, by how its tasks stand.
fn word(tasks: &[Task<'_>], flow: &WorkflowState) -> &'static str {
    let any = |is: fn(&TaskState) -> bool| tasks.iter().any(|task| is(&task.end.state));
    let all = |is: fn(&TaskState) -> bool| tasks.iter().all(|task| is(&task.end.state));
    match () {
        () if any(|state| matches!(state, TaskState::Failed { .. })) => "failed",
        () if any(|state| matches!(state, TaskState::Unknown { .. })) => "unknown",
        () if all(|state| matches!(state, TaskState::Skipped { .. })) => "skipped",
        () if all(TaskState::is_over) => "finished",
        () if any(is_at_work) && flow.is_live() => "running",
        () if any(|state| !matches!(state, TaskState::Pending)) && !flow.is_live() => "cut off",
        () if any(TaskState::is_over) && flow.is_live() => "running",
        () => "pending",
    }
}

/// Whether a task runs, or what it started does.
pub(super) const fn is_at_work(state: &TaskState) -> bool {
    matches!(state, TaskState::Running { .. } | TaskState::Checking | TaskState::Background)
}

pub(super) const fn reason(state: &TaskState) -> Option<&SafeText> {
    match state {
        TaskState::Failed { reason, .. } | TaskState::Unknown { reason } => Some(reason),
        _ => None,
    }
}

/// How long a task took, or has taken.
pub(super) fn seconds(task: &Task<'_>, flow: &WorkflowState, now: Stamp) -> Option<f64> {
    match &task.end.state {
        TaskState::Passed { seconds } | TaskState::Failed { seconds, .. } => Some(seconds.0),
        state if is_at_work(state) => {
            let until = if flow.is_live() { now.wall_ms } else { super::last_ms(flow) };
            task.end.began_ms.map(|began| (until - began).max(0) as f64 / 1e3)
        }
        _ => None,
    }
}

/// The hosts, each with its tasks.
pub(super) fn workers(flow: &WorkflowState, tasks: &[Task<'_>], now: Stamp) -> Vec<Worker> {
    let hosts = flow.run.head.hosts.iter();
    let worker = |(name, address): &(SafeText, SafeText)| {
        let own: Vec<Task<'_>> =
            tasks.iter().filter(|task| task.plan.host == *name).copied().collect();
        (!own.is_empty()).then(|| worker(name, address, &own, flow, now))
    };
    hosts.filter_map(worker).collect()
}

fn worker(
    name: &SafeText,
    address: &SafeText,
    tasks: &[Task<'_>],
    flow: &WorkflowState,
    now: Stamp,
) -> Worker {
    let at_work: Vec<&Task<'_>> = tasks.iter().filter(|task| is_at_work(&task.end.state)).collect();
    let foreground = at_work.iter().rfind(|task| !task.plan.background);
    let doing = foreground.or_else(|| at_work.last()).filter(|_| flow.is_live());
    let pid = tasks.iter().rev().find_map(|task| match task.end.state {
        TaskState::Running { pid } => pid,
        _ => None,
    });
    let status = match () {
        () if !flow.is_live() => "STOPPED",
        () if tasks.iter().any(|task| matches!(task.end.state, TaskState::Unknown { .. })) => {
            "DEAD"
        }
        () if doing.is_some() => "RUNNING",
        () => "IDLE",
    };
    let count = |is: fn(&TaskState) -> bool| {
        Some(tasks.iter().filter(|task| is(&task.end.state)).count() as u64)
    };
    let busy: f64 = tasks.iter().filter_map(|task| seconds(task, flow, now)).sum();
    Worker {
        id: name.clone(),
        stage: doing.map(|task| task.plan.stage.clone()).unwrap_or_default(),
        status: status.into(),
        node: address.clone(),
        pid: pid.filter(|_| flow.is_live() && name.as_str() == LOCAL),
        doing: doing.map(|task| doing_words(task, flow)),
        doing_since_ms: doing.and_then(|task| task.end.began_ms),
        started_ms: tasks.iter().filter_map(|task| task.end.began_ms).min(),
        ended_ms: flow.run.tail.as_ref().map(|tail| tail.ended.wall_ms),
        input: Some(tasks.len() as u64),
        output: count(|state| matches!(state, TaskState::Passed { .. })),
        failed: count(TaskState::is_bad),
        busy_seconds: Some(Seconds(busy)),
        parts: tasks.iter().map(|task| part(task.plan).into()).collect(),
        events: super::course::course(flow)
            .filter_map(|(at, task, state)| {
                let plan = flow.run.head.tasks.get(*task as usize)?;
                (plan.host == *name).then(|| super::course::moment(*at, plan, state, flow))
            })
            .collect(),
        ..Worker::default()
    }
}

/// What a task is, among those of its host: `load`, `load case=a #2`.
pub(super) fn part(plan: &TaskPlan) -> String {
    let case = plan.case.as_ref().map(|case| format!(" {case}")).unwrap_or_default();
    let repetition =
        if plan.repetition > 0 { format!(" #{}", plan.repetition) } else { String::new() };
    format!("{}{case}{repetition}", plan.stage)
}

fn doing_words(task: &Task<'_>, flow: &WorkflowState) -> SafeText {
    let part = part(task.plan);
    let check = flow.attempts.get(&task.number).filter(|_| task.end.state == TaskState::Checking);
    match check {
        Some(check) => {
            let of = check.of.map(|of| format!(" of {of}")).unwrap_or_default();
            format!("{part}: look {}{of}, {} left: {}", check.attempt, check.left, check.said)
                .into()
        }
        None if task.end.state == TaskState::Background => format!("{part}, ready").into(),
        None => part.into(),
    }
}

/// Which task it is, in words, beside its stage: `db, case=a, 2`; empty for the only one of its stage.
pub fn label(plan: &TaskPlan) -> String {
    let case = plan.case.as_ref().map(ToString::to_string);
    let repetition = (plan.repetition > 0).then(|| format!("#{}", plan.repetition));
    let parts = [Some(plan.host.to_string()), case, repetition];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}
