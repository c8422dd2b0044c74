//! Own runs as jobs, worked out once for each thing that happens to them and not for each frame.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::id::RunId;
use crate::model::pipeline::Pipeline;
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::unit::Seconds;
use crate::pipeline::{of_run, of_workflow};
use crate::state::{RunState, State, WorkflowState};

/// What the list says of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Sum {
    pub(super) status: SafeText,
    pub(super) stages: usize,
    pub(super) workers: usize,
    pub(super) took: Option<Seconds>,
    pub(super) left_seconds: Option<f64>,
}

/// When a run was worked out: after which update and how many, and for one that goes on in which second.
type When = (Stamp, u64, bool, u64);

/// What was worked out last.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    sums: RefCell<BTreeMap<RunId, (When, Sum)>>,
    whole: RefCell<Option<(RunId, When, Arc<Pipeline>)>>,
    flows: RefCell<BTreeMap<RunId, (When, Arc<Pipeline>)>>,
}

fn when(run: &RunState, now: Stamp) -> When {
    (run.heard, run.events, run.is_live(), if run.is_live() { now.mono_ms / 1_000 } else { 0 })
}

impl Shelf {
    /// Run `id` as a job.
    pub(super) fn whole(&self, id: &RunId, run: &RunState, now: Stamp) -> Arc<Pipeline> {
        let mut kept = self.whole.borrow_mut();
        let when = when(run, now);
        match kept.as_ref() {
            Some((known, then, job)) if known == id && *then == when => Arc::clone(job),
            _ => {
                let job = Arc::new(of_run(id, run, now));
                *kept = Some((id.clone(), when, Arc::clone(&job)));
                job
            }
        }
    }

    /// What the list says of run `id`.
    pub(super) fn sum(&self, id: &RunId, run: &RunState, now: Stamp) -> Sum {
        let when = when(run, now);
        if let Some((_, sum)) = self.sums.borrow().get(id).filter(|(then, _)| *then == when) {
            return sum.clone();
        }
        let job = of_run(id, run, now);
        let sum = Sum {
            status: job.status.clone(),
            stages: job.stages.len(),
            workers: job.workers.len(),
            took: job.duration_seconds,
            left_seconds: job.left_seconds.map(|left| left.0),
        };
        self.sums.borrow_mut().insert(id.clone(), (when, sum.clone()));
        sum
    }

    /// Run `id` of a workflow as a job.
    pub(super) fn flow(&self, id: &RunId, flow: &WorkflowState, now: Stamp) -> Arc<Pipeline> {
        let second = if flow.is_live() { now.mono_ms / 1_000 } else { 0 };
        let when = (flow.heard, flow.events, flow.is_live(), second);
        if let Some((_, job)) = self.flows.borrow().get(id).filter(|(then, _)| *then == when) {
            return Arc::clone(job);
        }
        let job = Arc::new(of_workflow(id, flow, now));
        self.flows.borrow_mut().insert(id.clone(), (when, Arc::clone(&job)));
        job
    }

    /// Lets go of runs that are kept no longer.
    pub(super) fn forget(&self, state: &State) {
        self.sums.borrow_mut().retain(|id, _| state.runs.contains_key(id));
        self.flows.borrow_mut().retain(|id, _| state.workflows.contains_key(id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::SourceId;
    use crate::model::run::RunEvent;
    use crate::model::update::{Update, What};
    use crate::report::run_sample::run;

    #[test]
    fn what_is_told_at_one_instant_is_all_seen() {
        let (whole, shelf, mut state) = (run(), Shelf::default(), State::default());
        let id = whole.head.id.clone();
        let samples = whole.samples.into_iter().map(|sample| RunEvent::Sample(Box::new(sample)));
        let started = RunEvent::Started(Box::new(whole.head));
        for (told, event) in (0..).zip(std::iter::once(started).chain(samples)) {
            let what = What::Run { id: id.clone(), event };
            state.apply(&Update { at: Stamp::default(), from: SourceId::stored(), what });
            let job = shelf.whole(&id, &state.runs[&id], Stamp::default());
            let taken = job.stages.iter().filter(|stage| stage.id.as_str() != "figures");
            let taken = taken.filter(|stage| stage.id.as_str() != "prepare");
            assert_eq!(taken.filter_map(|stage| stage.input).sum::<u64>(), told);
        }
    }
}
