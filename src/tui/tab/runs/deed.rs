//! What can be wished of a run, and when it cannot, why.

use std::path::PathBuf;

use super::entry::{HERE, Key, Known, place_of, stands_for};
use super::job::Job;
use crate::model::command::Command;
use crate::model::id::{RunId, SourceId};
use crate::model::pipeline::Pipeline;
use crate::model::workflow::{Ending, WorkflowWish};
use crate::pipeline::status_of;
use crate::state::{RunState, State};
use crate::tui::reply::Reply;

/// What brings a run into memory; `None` where it is there with its samples, as it is kept at that place.
pub(super) fn fetch(key: &Key, known: Option<Known<'_>>) -> Option<Command> {
    let whole = |known| match known {
        Known::Bench(run) => run.is_live() || !run.is_bare(),
        Known::Flow(flow) => stands_for(flow, key.place.as_str()),
    };
    if known.is_some_and(whole) {
        return None;
    }
    let id = RunId::parse(key.id.as_str())?;
    if key.place.as_str() == HERE {
        return Some(Command::OpenRun(id));
    }
    Some(Command::OpenFrom { source: SourceId(key.place.clone()), id })
}

/// Ends a run that goes on, after a question.
pub(super) fn cancel(key: &Key, run: Option<Known<'_>>) -> Reply {
    let Some(id) = RunId::parse(key.id.as_str()) else {
        let words = format!("jobs of {} can be ended there alone", key.place);
        return Reply::Say(words.into());
    };
    let short = id.short();
    let here = key.place.as_str() == HERE;
    let place = if here { String::new() } else { format!(" on {}", key.place) };
    let question = match run.filter(|run| run.is_live()) {
        None => return Reply::Say(format!("run {short} is over").into()),
        Some(known) if known.from() == &SourceId::beside() => {
            let words = "goes on in another process of this machine: end it there, with ctrl+c";
            return Reply::Say(format!("run {short} {words}").into());
        }
        Some(Known::Bench(run)) => {
            let good = run.progress.completed;
            format!("Cancel run {short}{place} and keep its {good} good samples?")
        }
        Some(Known::Flow(flow)) => {
            let name = &flow.run.head.name;
            format!(
                "Cancel {name}{place}? What runs is ended, its cleanup is done, its files stay."
            )
        }
    };
    Reply::Ask { question: question.into(), then: Command::Cancel(id) }
}

/// The same run again, in a new order of its cells.
pub(super) fn again(run: Option<Known<'_>>, state: &State) -> Reply {
    if state.live_run().is_some() {
        return Reply::Say("a run is going on; wait, or cancel it".into());
    }
    match run {
        None => Reply::Say(
            "what is to be run again must be opened first, and be a run of isomon".into(),
        ),
        Some(Known::Bench(run)) => {
            let mut plan = run.head.plan.clone();
            plan.seed = super::super::bench::seed(state.now);
            Reply::Wish(Command::Bench(Box::new(plan)))
        }
        Some(Known::Flow(flow)) if place_of(&flow.from) != HERE => {
            Reply::Say("its file is not on this machine: run it again where it was run".into())
        }
        Some(Known::Flow(flow)) => {
            let question = format!("Run {} again, as its file is now?", flow.run.head.name);
            let file = flow.run.head.file.as_str().into();
            let wish = WorkflowWish { file, ..WorkflowWish::default() };
            Reply::Ask { question: question.into(), then: Command::Workflow(Box::new(wish)) }
        }
    }
}

/// Whether `job` ended before its end and can go on.
pub(super) fn can_resume(job: &Job<'_>) -> bool {
    job.place == HERE && job.run.is_some_and(|(_, run)| resumes(run))
}

/// Whether `run` ended before its end, with a checkpoint to go on from.
pub(super) fn resumes(run: &RunState) -> bool {
    let completed = run.tail.as_ref().is_some_and(|tail| status_of(tail) == "COMPLETED");
    !run.is_live() && !completed && (run.tail.is_none() || !run.checkpoints.is_empty())
}

/// Whether what is known of a run says that it ended before its end and can go on.
pub(super) fn known_resumes(known: Known<'_>) -> bool {
    match known {
        Known::Bench(run) => resumes(run),
        Known::Flow(flow) => {
            let ending = flow.run.tail.as_ref().map(|tail| tail.ending);
            !flow.is_live() && ending != Some(Ending::Success)
        }
    }
}

/// The same by a word alone, of a run that was not read yet.
pub(super) fn may_resume(status: &str) -> bool {
    matches!(status, "cut off" | "cancelled" | "failed")
}

/// Goes on with a run that was cut off, after a question.
pub(super) fn resume(key: &Key, known: Option<Known<'_>>, resumes: bool, state: &State) -> Reply {
    let id = RunId::parse(key.id.as_str());
    let Some(id) = id.filter(|_| key.place.as_str() == HERE) else {
        return Reply::Say("only a run that is kept on this machine can go on from here".into());
    };
    if !resumes {
        return Reply::Say(
            format!("run {} was not cut off: there is nothing to go on with", id.short()).into(),
        );
    }
    if state.live_run().is_some() {
        return Reply::Say("a run is going on; wait, or cancel it".into());
    }
    if let Some(Known::Flow(flow)) = known {
        let question =
            format!("Go on with {} after the tasks that had passed?", flow.run.head.name);
        let file = flow.run.head.file.as_str().into();
        let wish = WorkflowWish { file, resume: Some(id), ..WorkflowWish::default() };
        return Reply::Ask { question: question.into(), then: Command::Workflow(Box::new(wish)) };
    }
    let question = format!("Go on with run {} from its last checkpoint?", id.short());
    Reply::Ask { question: question.into(), then: Command::Resume(id) }
}

/// Writes a run as JSON into the directory isomon was started in; of one that is elsewhere or goes on, and
/// of a job of another platform, what is `told` of it.
pub(super) fn export(key: &Key, run: Option<Known<'_>>, told: Option<&Pipeline>) -> Reply {
    let here = key.place.as_str() == HERE;
    if let Some(Known::Flow(flow)) = run.filter(|_| here) {
        return Reply::Say(format!("its files are in {}", flow.run.head.dir).into());
    }
    let live = run.is_some_and(Known::is_live);
    let kept = RunId::parse(key.id.as_str()).filter(|_| here && !live);
    match (kept, told) {
        (Some(run), _) => Reply::Wish(Command::Export { run, to: PathBuf::from(".") }),
        (None, Some(job)) => {
            Reply::Wish(Command::Report { job: Box::new(job.clone()), to: PathBuf::from(".") })
        }
        (None, None) => {
            let words = "is not read yet; open it with enter, then it can be written";
            Reply::Say(format!("what {} has of it {words}", key.place).into())
        }
    }
}

/// The id of what `key` names, if that is a workflow's run that is in memory.
fn flow(key: &Key, state: &State) -> Option<RunId> {
    RunId::parse(key.id.as_str()).filter(|id| state.workflows.contains_key(id))
}

/// The two that are marked, where both are runs of workflows.
pub(super) fn flows(marked: &[Key], state: &State) -> Option<[RunId; 2]> {
    let [one, other] = marked else { return None };
    Some([flow(one, state)?, flow(other, state)?])
}

fn being_read(id: &RunId) -> String {
    format!("run {} is being read; a moment, please", id.short())
}

/// Two benchmarks that are marked, the earlier first; or what is missing.
pub(super) fn pair<'a>(
    marked: &[Key],
    state: &'a State,
    mark: &str,
) -> Result<[&'a RunState; 2], String> {
    let [one, other] = marked else {
        return Err(format!("mark two runs first: {mark}"));
    };
    let known = |key: &Key| {
        let id = RunId::parse(key.id.as_str()).ok_or("only runs of isomon are compared")?;
        match state.runs.get(&id) {
            Some(run) if run.is_live() => Err(format!("run {} is going on; wait", id.short())),
            Some(run) if !run.samples.is_empty() => Ok(run),
            _ => Err(being_read(&id)),
        }
    };
    let (base, other) = if one.id < other.id { (one, other) } else { (other, one) };
    for (key, beside) in [(base, other), (other, base)] {
        let id = RunId::parse(beside.id.as_str()).filter(|_| flow(key, state).is_some());
        match id {
            Some(id) if state.runs.contains_key(&id) => {
                return Err("a workflow's run and a benchmark have no figure in common".to_owned());
            }
            Some(id) => return Err(being_read(&id)),
            None => {}
        }
    }
    Ok([known(base)?, known(other)?])
}
