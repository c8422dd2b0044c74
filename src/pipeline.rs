//! A run of isomon as a job of stages and workers, as the tab Runs shows every job.
//!
//! A pure fold of what is known of a run: live or read from disk, here or from a node, it is the same
//! code. Cheap enough for every frame: nothing here goes through all samples.

use crate::model::id::RunId;
use crate::model::pipeline::{Pipeline, PipelineKind};
use crate::model::run::{RunEnd, RunTail};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::unit::{Ratio, Seconds};
use crate::state::RunState;

mod advice;
mod configuration;
mod error;
mod hint;
mod lineage;
mod plan;
mod stage;
mod stretch;
mod worker;
pub mod workflow;

pub use hint::hint;
pub use workflow::of_workflow;

/// The status of a run that never said that it ended.
pub const CUT_OFF: &str = "CUT OFF";
/// What is said of such a run.
const SILENT: &str = "it never said that it ended: isomon was killed, or the machine went down";

/// Run `id` as a job, as it is at `now`.
pub fn of_run(id: &RunId, run: &RunState, now: Stamp) -> Pipeline {
    let stages = stage::stages(run, now);
    let (exceptions, advice) = (error::exceptions(run), advice::advice(run));
    Pipeline {
        id: SafeText::new(id.as_str()),
        kind: PipelineKind::Benchmark,
        name: run.head.plan.name.clone(),
        status: status(run).into(),
        started_ms: Some(run.head.started.wall_ms),
        ended_ms: run.tail.as_ref().map(|tail| tail.ended.wall_ms),
        duration_seconds: Some(elapsed(run, now)),
        left_seconds: run.progress.left_seconds.filter(|_| run.is_live()),
        progress: done(run),
        edges: stage::edges(&run.head.plan),
        error: failure(id, run),
        workers: worker::workers(run, &stages, now),
        stages,
        exceptions,
        checkpoints: run.checkpoints.iter().rev().cloned().collect(),
        timeline: run.moments.clone(),
        lineage: lineage::lineage(run),
        configuration: configuration::configuration(run),
        advice,
        log: run.log.iter().cloned().collect(),
        log_dropped: run.log_dropped,
        pressure: stage::pressure(run),
        gaps: gaps(run),
    }
}

/// How much of `run` is done; `None` where that is not known.
pub fn done(run: &RunState) -> Option<Ratio> {
    match &run.tail {
        Some(tail) => tail.share(),
        None => run.progress.share().filter(|_| run.is_live()),
    }
}

/// How far `run` is, in a word.
pub fn status(run: &RunState) -> &'static str {
    run.tail.as_ref().map_or(if run.stored { CUT_OFF } else { "RUNNING" }, status_of)
}

/// How a run ended that ended as `tail` says, in a word.
pub const fn status_of(tail: &RunTail) -> &'static str {
    tail.end.word()
}

/// How long it took, or has taken; one that goes on ages between two of its samples too.
pub fn elapsed(run: &RunState, now: Stamp) -> Seconds {
    let told = run.progress.elapsed_seconds.0.max(run.digest.end_seconds);
    if !run.is_live() {
        return Seconds(told);
    }
    Seconds(told + now.since(run.heard).as_secs_f64())
}

/// Why it is not what was wished; `None` for one that goes on or was completed.
fn failure(id: &RunId, run: &RunState) -> Option<SafeText> {
    let words = match run.tail.as_ref().map(|tail| &tail.end) {
        Some(RunEnd::Failed { reason }) => return Some(reason.clone()),
        Some(RunEnd::Cancelled) => "it was cancelled; what was measured until then stands",
        None if run.stored => SILENT,
        _ => return None,
    };
    let again = format!("{words}; `isomon bench --resume {id}` goes on");
    Some(SafeText::new(if resumes(run) { &again } else { words }))
}

/// Whether it can go on from a checkpoint.
fn resumes(run: &RunState) -> bool {
    !run.is_live() && !run.checkpoints.is_empty()
}

/// What is not known of it.
fn gaps(run: &RunState) -> Vec<SafeText> {
    let mut gaps: Vec<SafeText> = Vec::new();
    if run.is_bare() {
        gaps.push("its samples are on disk alone; open it again to see them".into());
    }
    if run.moments.is_empty() && !run.is_live() {
        gaps.push(
            "it was written by an isomon that kept no events; stages are told by its samples"
                .into(),
        );
    }
    if run.files.is_empty() && run.tail.is_some() {
        gaps.push("no hashes of its files are at hand".into());
    }
    gaps.extend(pressure_gap(run).map(Into::into));
    gaps
}

/// Why it tells nothing of who waited for what.
fn pressure_gap(run: &RunState) -> Option<&'static str> {
    let told = &run.tally.pressure;
    match () {
        () if run.head.plan.loads.is_empty() => Some(
            "pressure: one sandbox at a time is started, and none waits for another; `isomon bench --measure throughput` or `latency` has many at once",
        ),
        () if told.is_empty() && run.is_live() => Some("pressure: no step of a load is over yet"),
        () if told.is_empty() => Some("pressure: no step of a load was made"),
        () if told.iter().all(|one| one.waits.is_unknown()) => Some(
            "waits: what the work waited for is not known; this kernel keeps no pressure (PSI), or it is off: boot with psi=1",
        ),
        () => None,
    }
}

#[cfg(test)]
mod tests;
