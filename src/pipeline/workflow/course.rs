//! What happened in a workflow: its errors with their likely cause, and its timeline.

use std::collections::BTreeSet;

use super::task::{Task, part, reason};
use crate::model::pipeline::{Exception, Moment, MomentKind};
use crate::model::text::SafeText;
use crate::model::unit::Seconds;
use crate::model::workflow::{TaskPlan, TaskState};
use crate::state::WorkflowState;

/// Lines of a task that failed, shown with its error.
const LAST: usize = 20;
/// Words of an error, and what is likely behind it with what mends it.
const CAUSES: [(&[&str], &str); 7] = [
    (
        &["command not found", "exit status 127"],
        "the program is not on that host, or not in the PATH of its shell: install it there, or write \
         its whole path",
    ),
    (
        &["not ready after"],
        "it was not ready in time: see its last lines, give it longer with `timeout`, or look at \
         something else with `health_check`",
    ),
    (
        &["permission denied", "exit status 126"],
        "who logs in there may not do it: see the rights of the file, or log in as another user",
    ),
    (
        &["no space left", "disk quota"],
        "the disk of that host is full: make room there, then go on with --resume",
    ),
    (
        &["no such file"],
        "a file is not on that host: a path is relative to the login's home directory there",
    ),
    (
        &["connection refused", "connection reset", "no route to host", "unreachable", "is lost"],
        "a connection failed: see that the host is up and listens where the command looks",
    ),
    (
        &["signal 9", "out of memory"],
        "it was killed, as the kernel does when memory runs out: `dmesg` on that host tells",
    ),
];

pub(super) fn exceptions(flow: &WorkflowState, tasks: &[Task<'_>]) -> Vec<Exception> {
    let mut all: Vec<Exception> =
        tasks.iter().rev().filter_map(|task| exception(task, flow)).collect();
    let troubles = flow.run.tail.iter().flat_map(|tail| &tail.troubles);
    all.extend(troubles.map(|trouble| Exception {
        kind: "afterwards".into(),
        message: trouble.clone(),
        count: 1,
        ..Exception::default()
    }));
    all
}

fn exception(task: &Task<'_>, flow: &WorkflowState) -> Option<Exception> {
    let message = reason(&task.end.state)?;
    let kind = match &task.end.state {
        TaskState::Failed { exit: Some(exit), .. } => format!("exit status {exit}"),
        TaskState::Failed { .. } => "failed".to_owned(),
        _ => "end not heard".to_owned(),
    };
    let failure = flow.run.tail.as_ref().and_then(|tail| tail.failure.as_ref());
    let told = failure.filter(|one| one.stage == task.plan.stage && one.host == task.plan.host);
    let stack = told.map_or_else(|| last_lines(task.number, flow), |one| one.lines.clone());
    let said = stack.iter().map(SafeText::as_str).collect::<Vec<_>>().join("\n");
    let ended = flow.course.iter().rev().find(|(_, number, _)| *number == task.number);
    let at = ended.map(|(at, ..)| *at);
    Some(Exception {
        kind: kind.into(),
        message: message.clone(),
        stage: task.plan.stage.clone(),
        worker: task.plan.host.clone(),
        part: part(task.plan).into(),
        count: 1,
        first_ms: at,
        last_ms: at,
        hint: cause(&format!("{message}\n{said}")).map(SafeText::from),
        stack,
    })
}

/// The last lines that a task wrote, as far as they are kept.
fn last_lines(task: u32, flow: &WorkflowState) -> Vec<SafeText> {
    let own = flow.lines.iter().rev().filter(|line| line.task == task);
    let mut last: Vec<SafeText> = own.take(LAST).map(|line| line.text.clone()).collect();
    last.reverse();
    last
}

pub(super) fn timeline(flow: &WorkflowState, tasks: &[Task<'_>]) -> Vec<Moment> {
    let head = &flow.run.head;
    let began = Moment {
        at_ms: head.started.wall_ms,
        kind: MomentKind::RunStarted,
        words: format!("{} began as {}", head.name, head.number).into(),
        ..Moment::default()
    };
    let course = course(flow).filter_map(|(at, task, state)| {
        Some(moment(*at, tasks.get(*task as usize)?.plan, state, flow))
    });
    let ended = flow.run.tail.as_ref().map(|tail| Moment {
        at_ms: tail.ended.wall_ms,
        at_seconds: tail.seconds,
        kind: MomentKind::RunEnded,
        words: super::status(flow).to_lowercase().into(),
        seconds: Some(tail.seconds),
        ..Moment::default()
    });
    std::iter::once(began).chain(course).chain(ended).collect()
}

/// What happened to the tasks. One is told of as it begins and again when its process is known: it begins once.
pub(super) fn course(flow: &WorkflowState) -> impl Iterator<Item = &(i64, u32, TaskState)> {
    let mut runs: BTreeSet<u32> = BTreeSet::new();
    flow.course.iter().filter(move |(_, task, state)| match state {
        TaskState::Running { .. } => runs.insert(*task),
        state => {
            if state.is_over() {
                runs.remove(task);
            }
            true
        }
    })
}

pub(super) fn moment(
    at_ms: i64,
    plan: &TaskPlan,
    state: &TaskState,
    flow: &WorkflowState,
) -> Moment {
    let (kind, words) = match state {
        TaskState::Pending => (MomentKind::Notice, "waits".to_owned()),
        TaskState::Running { .. } => (MomentKind::StageStarted, "began".to_owned()),
        TaskState::Checking => (MomentKind::Notice, "looked at until it is ready".to_owned()),
        TaskState::Background => {
            (MomentKind::Notice, "ready, goes on in the background".to_owned())
        }
        TaskState::Passed { seconds } => (MomentKind::StageEnded, format!("done in {seconds}")),
        TaskState::Failed { reason, .. } | TaskState::Unknown { reason } => {
            (MomentKind::Error, reason.to_string())
        }
        TaskState::Skipped { reason } => (MomentKind::Notice, format!("passed over: {reason}")),
    };
    let since = (at_ms - flow.run.head.started.wall_ms).max(0);
    let seconds = match state {
        TaskState::Passed { seconds } | TaskState::Failed { seconds, .. } => Some(*seconds),
        _ => None,
    };
    Moment {
        at_ms,
        at_seconds: Seconds(since as f64 / 1e3),
        kind,
        stage: plan.stage.clone(),
        worker: plan.host.clone(),
        words: format!("{}: {words}", part(plan)).into(),
        seconds,
    }
}

/// What is likely behind what was `said`, and what mends it.
fn cause(said: &str) -> Option<&'static str> {
    let said = said.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    CAUSES.iter().find(|(words, _)| says(words)).map(|(_, cause)| *cause)
}
