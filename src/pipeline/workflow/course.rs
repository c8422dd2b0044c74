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
    let plan = task.plan;
    let told = failure
        .filter(|one| (&one.stage, &one.host, &one.case) == (&plan.stage, &plan.host, &plan.case));
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

#[cfg(test)]
mod tests {
    use super::super::task::tasks;
    use super::*;
    use crate::model::id::{RunId, SourceId};
    use crate::model::time::Stamp;
    use crate::model::update::{Update, What};
    use crate::model::workflow::event::{Failure, TaskLine};
    use crate::model::workflow::{Ending, WorkflowEvent, WorkflowHead, WorkflowTail};
    use crate::state::State;

    fn plan(case: &str) -> TaskPlan {
        let (stage, host) = ("load".into(), "db".into());
        TaskPlan { stage, host, case: Some(case.into()), ..TaskPlan::default() }
    }

    fn failed(task: u32) -> WorkflowEvent {
        let (seconds, reason) = (Seconds(1.0), "exit status 1".into());
        let state = TaskState::Failed { seconds, exit: Some(1), reason };
        WorkflowEvent::Task { task, at_ms: 1_000, state }
    }

    #[test]
    fn each_case_that_failed_has_its_own_lines() {
        let tasks_of = vec![plan("small"), plan("large")];
        let head = WorkflowHead { tasks: tasks_of, ..WorkflowHead::default() };
        let line = |task, text: &str| TaskLine { task, text: text.into(), ..TaskLine::default() };
        let lines = vec![line(0, "no small file"), line(1, "no large file")];
        let failure = Failure {
            stage: "load".into(),
            host: "db".into(),
            case: Some("small".into()),
            lines: vec!["no small file".into()],
            ..Failure::default()
        };
        let (ending, failure) = (Ending::Failed, Some(failure));
        let tail = WorkflowTail { ending, failure, ..WorkflowTail::default() };
        let (id, mut state) = (RunId::new(1_000, 7), State::default());
        for event in [
            WorkflowEvent::Started(Box::new(head)),
            failed(0),
            failed(1),
            WorkflowEvent::Lines { lines, dropped: 0 },
            WorkflowEvent::Ended(Box::new(tail)),
        ] {
            let (at, what) = (Stamp::default(), What::Workflow { id: id.clone(), event });
            state.apply(&Update { at, from: SourceId::local(), what });
        }
        let flow = &state.workflows[&id];
        let found = exceptions(flow, &tasks(flow));
        let said: Vec<&str> =
            found.iter().flat_map(|one| &one.stack).map(SafeText::as_str).collect();
        assert_eq!(said, ["no large file", "no small file"]);
    }
}
