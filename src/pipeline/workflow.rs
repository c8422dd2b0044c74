//! A workflow's run as a job: its stages are the stages of the file, its workers are the hosts, and what a
//! worker was given are tasks.
//!
//! Cases, hosts and repetitions of one stage are one stage here, done as far as its tasks are over.

use super::CUT_OFF;
use crate::model::id::RunId;
use crate::model::pipeline::{LogLine, Pipeline, PipelineKind};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::unit::Seconds;
use crate::model::workflow::Ending;
use crate::model::workflow::event::{Failure, TaskLine};
use crate::state::WorkflowState;

mod course;
mod found;
mod task;

use task::Task;
pub use task::label;

/// Run `id` of a workflow as a job, as it is at `now`.
pub fn of_workflow(id: &RunId, flow: &WorkflowState, now: Stamp) -> Pipeline {
    let head = &flow.run.head;
    let all = task::tasks(flow);
    let tail = flow.run.tail.as_ref();
    let stages = task::stages(flow, &all, now);
    Pipeline {
        id: SafeText::new(id.as_str()),
        kind: PipelineKind::Workflow,
        name: Some(head.name.clone()),
        status: status(flow).into(),
        started_ms: Some(head.started.wall_ms),
        ended_ms: tail.map(|tail| tail.ended.wall_ms),
        duration_seconds: Some(elapsed(flow, now)),
        left_seconds: None,
        progress: task::done(&all, flow),
        edges: head.edges.clone(),
        error: error(flow),
        workers: task::workers(flow, &all, now),
        exceptions: course::exceptions(flow, &all),
        checkpoints: Vec::new(),
        timeline: course::timeline(flow, &all),
        lineage: found::lineage(flow),
        configuration: found::configuration(flow),
        advice: found::advice(flow, &stages, now),
        stages,
        log: flow.lines.iter().map(|line| log(line, &all)).collect(),
        log_dropped: flow.dropped,
        pressure: Vec::new(),
        gaps: gaps(flow),
    }
}

/// How far a workflow is, in a word.
pub fn status(flow: &WorkflowState) -> &'static str {
    match flow.run.tail.as_ref().map(|tail| tail.ending) {
        Some(Ending::Success) => "COMPLETED",
        Some(Ending::Failed) => "FAILED",
        Some(Ending::Cancelled) => "CANCELLED",
        None if flow.stored => CUT_OFF,
        None => "RUNNING",
    }
}

fn elapsed(flow: &WorkflowState, now: Stamp) -> Seconds {
    if let Some(tail) = &flow.run.tail {
        return tail.seconds;
    }
    let until = if flow.is_live() { now.wall_ms } else { last_ms(flow) };
    Seconds((until - flow.run.head.started.wall_ms).max(0) as f64 / 1e3)
}

/// When something last happened to one of its tasks.
fn last_ms(flow: &WorkflowState) -> i64 {
    let lines = flow.lines.back().map(|line| line.at_ms);
    let course = flow.course.last().map(|(at, ..)| *at);
    lines.max(course).unwrap_or(flow.run.head.started.wall_ms)
}

fn error(flow: &WorkflowState) -> Option<SafeText> {
    let again = format!("`isomon run --resume {}` goes on", id_of(flow));
    match &flow.run.tail {
        Some(tail) => match (&tail.failure, tail.ending) {
            (Some(failure), _) => Some(sentence(failure).into()),
            (None, Ending::Cancelled) => Some(format!("it was cancelled; {again}").into()),
            _ => None,
        },
        None if flow.stored => Some(format!("{}; {again}", super::SILENT).into()),
        None => None,
    }
}

fn id_of(flow: &WorkflowState) -> &str {
    flow.run.head.id.as_ref().map_or("ID", RunId::as_str)
}

/// What failed where, in one line.
fn sentence(failure: &Failure) -> String {
    let stage = Some(&failure.stage).filter(|stage| !stage.is_empty());
    let host = Some(&failure.host).filter(|host| !host.is_empty());
    let case = failure.case.as_ref().map(|case| format!(" in case {case}")).unwrap_or_default();
    match (stage, host) {
        (Some(stage), Some(host)) => format!("{stage} on {host}{case}: {}", failure.reason),
        (Some(stage), None) => format!("{stage}{case}: {}", failure.reason),
        _ => failure.reason.to_string(),
    }
}

fn log(line: &TaskLine, tasks: &[Task<'_>]) -> LogLine {
    let plan = tasks.get(line.task as usize).map(|task| task.plan);
    let from = plan.map(|plan| format!("{} {}", plan.stage, label(plan)));
    LogLine {
        at_ms: line.at_ms,
        from: from.unwrap_or_default().into(),
        bad: line.bad,
        text: line.text.clone(),
    }
}

fn gaps(flow: &WorkflowState) -> Vec<SafeText> {
    let mut gaps: Vec<SafeText> = vec![
        "pressure: stages of a workflow wait for one another, nothing queues between them".into(),
        "checkpoints: a workflow goes on from the tasks that had passed".into(),
    ];
    if flow.run.head.format == 0 {
        gaps.push("it was written by benchctl, which keeps no events".into());
    }
    gaps
}
