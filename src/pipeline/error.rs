//! What went wrong in a run, grouped by the way and the cell.

use super::{hint, worker};
use crate::model::bench::BenchStage;
use crate::model::pipeline::Exception;
use crate::model::run::RunEnd;
use crate::model::text::SafeText;
use crate::state::RunState;

/// Every group, the latest first.
pub(super) fn exceptions(run: &RunState) -> Vec<Exception> {
    let wall = |at: f64| Some(run.tally.wall_ms(run.head.started.wall_ms, at));
    let of_samples = run.tally.errors.iter().map(|((stage, kind, cell), error)| {
        let cell = run.head.cells.get(*cell as usize);
        let part = SafeText::new(&cell.map(crate::model::bench::Cell::name).unwrap_or_default());
        Exception {
            kind: kind.words().into(),
            message: error.message.clone(),
            stage: stage.name().into(),
            worker: worker::id(*stage, error.worker),
            count: error.count,
            first_ms: wall(error.seen.0),
            last_ms: wall(error.seen.1),
            stack: run.tally.said(&part),
            hint: hint(*kind, error.message.as_str(), &run.head.plan.limits).map(Into::into),
            part,
        }
    });
    let mut all: Vec<Exception> = of_samples.chain(left_out(run)).chain(whole(run)).collect();
    all.sort_by_key(|error| std::cmp::Reverse(error.last_ms));
    all
}

/// Backends that were asked for and could not run.
fn left_out(run: &RunState) -> impl Iterator<Item = Exception> {
    let out = run.head.left_out.iter().filter(|out| out.payload.is_none());
    out.map(|out| Exception {
        kind: "cannot run here".into(),
        message: out.reason.clone(),
        stage: BenchStage::Prepare.name().into(),
        part: SafeText::new(&out.label()),
        count: 1,
        first_ms: Some(run.head.started.wall_ms),
        last_ms: Some(run.head.started.wall_ms),
        hint: Some(out.remedy.clone()).filter(|remedy| !remedy.is_empty()),
        ..Exception::default()
    })
}

/// Why the run as a whole failed.
fn whole(run: &RunState) -> Option<Exception> {
    let tail = run.tail.as_ref()?;
    let RunEnd::Failed { reason } = &tail.end else { return None };
    Some(Exception {
        kind: "the run failed".into(),
        message: reason.clone(),
        count: 1,
        first_ms: Some(tail.ended.wall_ms),
        last_ms: Some(tail.ended.wall_ms),
        ..Exception::default()
    })
}
