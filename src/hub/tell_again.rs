//! Runs that are kept on disk: which there are, and what happened in one of them, told again.
//!
//! A run is told by the events it was told by when it went on, so that the same code shows it. It is
//! told in pieces with a moment between them: what goes on meanwhile must be heard too.

use std::sync::Arc;
use std::time::Duration;

use super::Deed;
use super::task::{answer, tell, told};
use crate::model::bench::Progress;
use crate::model::id::{RunId, SourceId};
use crate::model::run::{Record, Run, RunEvent};
use crate::model::update::What;
use crate::model::workflow::WorkflowEvent;
use crate::stats::summary::summarise;
use crate::stats::verify::outcomes;
use crate::watch::Outlet;

/// Events told before others have a turn.
const PIECE: usize = 250;
/// How long the others have.
const TURN: Duration = Duration::from_millis(4);
/// Most samples that are told; of a longer run the latest.
const SAMPLES: usize = 200_000;
/// Resamples behind the figures of a run that was cut off.
const RESAMPLES: u32 = 999;

/// Says which runs are kept.
pub(super) async fn list<D: Deed>(deed: Arc<D>, outlet: Outlet) {
    told(outlet, move || deed.stored().map(What::Runs)).await;
}

/// Tells run `id` again, as the source of what is stored.
pub(super) async fn open<D: Deed>(deed: Arc<D>, outlet: Outlet, id: RunId) {
    let run = id.clone();
    let doing = tokio::task::spawn_blocking(move || match deed.events(&run)? {
        Some(events) => Ok(Record::Workflow(events)),
        None => deed.read(&run).map(|run| Record::Benchmark(Box::new(run))),
    });
    let stored = outlet.of(SourceId::stored());
    match answer(doing).await {
        Ok(record) => tell_record(&stored, &id, record).await,
        Err(why) => tell(&outlet, Err(why)).await,
    }
}

/// Tells run `id` again through `outlet`, whichever kind of run it is.
pub(super) async fn tell_record(outlet: &Outlet, id: &RunId, record: Record) {
    match record {
        Record::Benchmark(run) => tell_all(outlet, id, events(*run)).await,
        Record::Workflow(events) => tell_flow(outlet, id, events.into_iter()).await,
    }
}

/// Tells what happened in the workflow's run `id` through `outlet`, as it was told then.
pub(super) async fn tell_flow(
    outlet: &Outlet,
    id: &RunId,
    events: impl Iterator<Item = WorkflowEvent>,
) {
    for (told, event) in (1..).zip(events) {
        if !outlet.send(What::Workflow { id: id.clone(), event }).await {
            return;
        }
        if told % PIECE == 0 {
            tokio::time::sleep(TURN).await;
        }
    }
}

/// Tells `events` of run `id` through `outlet`, with a moment between the pieces.
pub(super) async fn tell_all(outlet: &Outlet, id: &RunId, events: impl Iterator<Item = RunEvent>) {
    for (told, event) in (1..).zip(events) {
        if !outlet.send(What::Run { id: id.clone(), event }).await {
            return;
        }
        if told % PIECE == 0 {
            tokio::time::sleep(TURN).await;
        }
    }
}

/// What happened in `run`, in the order of its life. Figures of a run that was cut off are made
/// here.
pub(super) fn events(run: Run) -> impl Iterator<Item = RunEvent> {
    let progress = run.tail.as_ref().map_or_else(|| progress(&run), |tail| tail.progress);
    let Run { head, samples, steps, moments, log, checkpoints, workers, files, tail } = run;
    let summary = match &tail {
        Some(tail) => tail.summary.clone(),
        None => summarise(&head.cells, &samples, RESAMPLES, head.plan.seed),
    };
    let skip = samples.len().saturating_sub(SAMPLES);
    let samples = samples.into_iter().skip(skip);
    std::iter::once(RunEvent::Started(Box::new(head)))
        .chain([RunEvent::Progress(progress), RunEvent::Summary(summary)])
        .chain(samples.map(|sample| RunEvent::Sample(Box::new(sample))))
        .chain(steps.into_iter().map(|step| RunEvent::Step(Box::new(step))))
        .chain(moments.into_iter().map(|moment| RunEvent::Moment(Box::new(moment))))
        .chain((!log.is_empty()).then_some(RunEvent::Log(log)))
        .chain(checkpoints.into_iter().map(|reached| RunEvent::Checkpoint(Box::new(reached))))
        .chain((!workers.is_empty()).then_some(RunEvent::Workers(workers)))
        .chain((!files.is_empty()).then_some(RunEvent::Files(files)))
        .chain(tail.map(Box::new).map(RunEvent::Ended))
}

/// How far a run was that never said so.
fn progress(run: &Run) -> Progress {
    let last = run.samples.last().map(|sample| sample.at_seconds);
    let last = run.steps.last().map(|step| step.at_seconds).or(last).unwrap_or_default();
    let (good, bad) = outcomes(run);
    let [completed, failed] = [good, bad].map(|count| u32::try_from(count).unwrap_or(u32::MAX));
    Progress {
        submitted: completed.saturating_add(failed),
        completed,
        failed,
        remaining: 0,
        elapsed_seconds: last,
        left_seconds: None,
    }
}
