//! `brief.json`: what a run was, in short, so that a list of thousands need not read the whole of each.
//!
//! Where it is not there, or is not of the run beside it, it is made of what there is: the whole run where
//! that is small enough to be read, else its head and its last checkpoint.

use std::fs;
use std::path::Path;

use super::result::{ResultDir, pulled};
use super::run_dir::{HEAD, RUN, RunDir};
use super::{Error, file, saved};
use crate::model::backend::BackendId;
use crate::model::bench::{BenchStage, Plan};
use crate::model::id::RunId;
use crate::model::pipeline::{PipelineKind, Worker};
use crate::model::run::{Run, RunBrief, RunEnd, RunHead, RunTail};
use crate::model::text::SafeText;
use crate::model::workflow::{Ending, TaskState, WorkflowRun};

const NAME: &str = "brief.json";
/// Larger briefs are none.
const LARGEST: u64 = 64 << 10;
/// Bytes of runs that are read for one list because their brief is of an older isomon.
const ANEW: u64 = 4 << 20;
/// Larger runs are not read for a list.
const LARGEST_RUN: u64 = 32 << 20;

/// What `run` was.
pub(super) fn of(run: &Run) -> RunBrief {
    let brief = RunBrief { workers: workers(&run.workers), ..begun(&run.head) };
    match &run.tail {
        Some(tail) => ended(brief, tail),
        None => brief,
    }
}

/// What is known of a run by its head.
fn begun(head: &RunHead) -> RunBrief {
    let mut parts: Vec<BackendId> = head.plan.backends.clone();
    parts.dedup();
    RunBrief {
        kind: PipelineKind::Benchmark,
        name: head.plan.name.clone(),
        host: head.fingerprint.hostname.clone(),
        started_ms: head.started.wall_ms,
        status: "CUT OFF".into(),
        parts: parts.iter().map(|id| id.name().into()).collect(),
        stages: Some(stages(&head.plan)),
        ..RunBrief::default()
    }
}

/// How many stages a benchmark of `plan` has.
pub(super) fn stages(plan: &Plan) -> u32 {
    number(BenchStage::planned(plan).count())
}

/// How many worked for a run; `None` where it was not kept who.
pub(super) fn workers(told: &[Worker]) -> Option<u32> {
    (!told.is_empty()).then(|| number(told.len()))
}

/// `count`, as a brief holds one.
pub(super) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn ended(brief: RunBrief, tail: &RunTail) -> RunBrief {
    let note = match &tail.end {
        RunEnd::BudgetSpent => Some("the time allowed was spent first".into()),
        RunEnd::RoundsSpent => Some("the rounds allowed were spent first".into()),
        RunEnd::Failed { reason } => Some(reason.clone()),
        RunEnd::Completed | RunEnd::Cancelled => None,
    };
    RunBrief {
        seconds: Some(tail.progress.elapsed_seconds),
        status: tail.end.word().into(),
        completed: tail.progress.completed,
        failed: tail.progress.failed,
        share: tail.share(),
        note,
        ..brief
    }
}

/// What `run` was; `RUNNING` for one that has not ended.
pub(super) fn of_workflow(run: &WorkflowRun) -> RunBrief {
    let head = &run.head;
    let mut parts: Vec<SafeText> = Vec::new();
    for task in &head.tasks {
        if !parts.contains(&task.stage) {
            parts.push(task.stage.clone());
        }
    }
    let count = |is: fn(&TaskState) -> bool| {
        number(run.tasks.iter().filter(|task| is(&task.state)).count())
    };
    let status = match run.tail.as_ref().map(|tail| tail.ending) {
        None => "RUNNING",
        Some(Ending::Success) => "COMPLETED",
        Some(Ending::Failed) => "FAILED",
        Some(Ending::Cancelled) => "CANCELLED",
    };
    let has_work = |host: &SafeText| head.tasks.iter().any(|task| task.host == *host);
    let hosts = head.hosts.iter().filter(|(host, _)| has_work(host));
    RunBrief {
        kind: PipelineKind::Workflow,
        stages: Some(number(parts.len())),
        workers: Some(number(hosts.count())),
        name: Some(head.name.clone()),
        host: head.fingerprint.hostname.clone(),
        started_ms: head.started.wall_ms,
        seconds: run.tail.as_ref().map(|tail| tail.seconds),
        status: status.into(),
        parts,
        tasks: Some(number(head.tasks.len())),
        skipped: Some(count(|state| matches!(state, TaskState::Skipped { .. }))),
        completed: count(|state| matches!(state, TaskState::Passed { .. })),
        failed: count(TaskState::is_bad),
        share: None,
        note: run.tail.as_ref().and_then(|tail| Some(tail.failure.as_ref()?.reason.clone())),
    }
}

/// What the workflow's run `id`, to which `link` leads, was, or is.
pub(super) fn of_link(link: &Path, id: &RunId, anew: &mut Anew) -> RunBrief {
    let Ok(dir) = fs::canonicalize(link) else { return gone(link, id) };
    let about = fs::metadata(dir.join(RUN)).ok();
    let written = about.as_ref().and_then(|about| written(&dir, about, anew));
    let brief = written.map_or_else(|| opened(&dir), Ok);
    let mut brief = brief.unwrap_or_else(|error| corrupt(id.started_ms(), &error));
    if brief.status.as_str() == "RUNNING" && !ResultDir::goes_on(&dir) {
        brief.status = "CUT OFF".into();
        // One from elsewhere goes on there alone.
        let how = || format!("goes on with `isomon run --resume {id}`").into();
        brief.note = (!pulled::is_one(link)).then(how);
    }
    brief.kind = PipelineKind::Workflow;
    brief
}

/// Whether it came to an end that it told.
pub(super) fn is_over(brief: &RunBrief) -> bool {
    matches!(brief.status.as_str(), "COMPLETED" | "FAILED" | "CANCELLED")
}

/// One whose directory is not where it was.
fn gone(link: &Path, id: &RunId) -> RunBrief {
    let to = fs::read_link(link).unwrap_or_default();
    RunBrief {
        kind: PipelineKind::Workflow,
        status: "MISSING".into(),
        started_ms: id.started_ms().unwrap_or_default(),
        note: Some(SafeText::new(&format!("{} is there no more", to.display()))),
        ..RunBrief::default()
    }
}

fn opened(dir: &Path) -> Result<RunBrief, Error> {
    let run = ResultDir::open(dir)?.run;
    let run = run.ok_or_else(|| Error::NotARun { path: dir.to_owned() })?;
    let brief = of_workflow(&run);
    if is_over(&brief) {
        write(dir, &brief).ok();
    }
    Ok(brief)
}

fn corrupt(started_ms: Option<i64>, error: &Error) -> RunBrief {
    RunBrief {
        status: "CORRUPT".into(),
        started_ms: started_ms.unwrap_or_default(),
        note: Some(SafeText::new(&error.to_string())),
        ..RunBrief::default()
    }
}

/// Writes `brief` into the run's directory `dir`.
pub(super) fn write(dir: &Path, brief: &RunBrief) -> Result<(), Error> {
    file::write_json(&dir.join(NAME), brief)
}

/// Lets go of the brief of the run in `dir`, which goes on. That there is none changes nothing.
pub(super) fn forget(dir: &Path) {
    fs::remove_file(dir.join(NAME)).ok();
}

/// What the run in `dir` was, or is; whether it came to an end that it told, and can go on otherwise.
pub(super) fn read(dir: &Path, anew: &mut Anew) -> RunBrief {
    let whole = dir.join(RUN);
    let read = match fs::metadata(&whole) {
        Ok(about) if about.is_file() => {
            written(dir, &about, anew).map_or_else(|| made(dir, &about), Ok)
        }
        _ => unfinished(dir),
    };
    let id = dir.file_name().and_then(|name| RunId::parse(name.to_str()?));
    read.unwrap_or_else(|error| corrupt(id.and_then(|id| id.started_ms()), &error))
}

/// How much of runs whose brief lacks what one has today may still be read for this list.
#[derive(Debug)]
pub(super) struct Anew(u64);

impl Default for Anew {
    fn default() -> Self {
        Self(ANEW)
    }
}

impl Anew {
    /// Nothing at all: where no more is asked than how it ended.
    pub(super) const fn none() -> Self {
        Self(0)
    }

    /// Whether `whole` may be read too.
    fn allows(&mut self, whole: &fs::Metadata) -> bool {
        let left = self.0.checked_sub(whole.len().max(1));
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

/// The brief beside a whole run, unless the run was changed after it. One that an older isomon wrote is
/// made anew, a few for each list: a list of thousands of them is as quick as any, and complete in the end.
fn written(dir: &Path, whole: &fs::Metadata, anew: &mut Anew) -> Option<RunBrief> {
    let at = dir.join(NAME);
    let about = fs::metadata(&at).ok().filter(|about| about.len() <= LARGEST)?;
    let newer = about.modified().ok()? >= whole.modified().ok()?;
    let bytes = newer.then(|| file::read(&at).ok())??;
    let brief: RunBrief = serde_json::from_slice(&bytes).ok()?;
    let is_whole =
        brief.stages.is_some() && (brief.kind != PipelineKind::Workflow || brief.tasks.is_some());
    (is_whole || !anew.allows(whole)).then_some(brief)
}

/// One made of the run itself, and kept for the next time.
fn made(dir: &Path, whole: &fs::Metadata) -> Result<RunBrief, Error> {
    if whole.len() > LARGEST_RUN {
        let note = Some("it is too large to be looked into for a list".into());
        return Ok(RunBrief { note, status: "COMPLETED".into(), ..begun(&head(dir)?) });
    }
    let brief = of(&RunDir::read(dir)?);
    // Where nothing may be written it is made anew the next time.
    write(dir, &brief).ok();
    Ok(brief)
}

fn head(dir: &Path) -> Result<RunHead, Error> {
    let at = dir.join(HEAD);
    let bytes = file::read(&at)?;
    super::foreign::check(&at, &bytes)?;
    file::parse(&at, &bytes)
}

/// One that goes on, or was cut off: by its head and its last checkpoint.
fn unfinished(dir: &Path) -> Result<RunBrief, Error> {
    let mut brief = begun(&head(dir)?);
    let saved = saved::read(dir)?;
    if RunDir::goes_on(dir) {
        brief.status = "RUNNING".into();
    } else if saved.is_some() {
        let id = dir.file_name().unwrap_or_default().to_string_lossy();
        brief.note = Some(SafeText::new(&format!("goes on with `isomon bench --resume {id}`")));
    }
    if let Some(saved) = saved {
        brief.seconds = Some(saved.elapsed_seconds);
        brief.workers = workers(&saved.workers);
        (brief.completed, brief.failed) = (saved.progress.completed, saved.progress.failed);
        brief.share = saved.progress.share().filter(|_| saved.progress.remaining > 0);
    }
    Ok(brief)
}
