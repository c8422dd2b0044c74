//! Own runs as jobs, worked out once for each thing that happens to them and not for each frame.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::id::RunId;
use crate::model::pipeline::Pipeline;
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::pipeline::of_run;
use crate::state::RunState;

/// What the list says of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Sum {
    pub(super) status: SafeText,
    pub(super) stages: usize,
    pub(super) workers: usize,
    pub(super) left_seconds: Option<f64>,
}

/// When a run was worked out: after which update, and for one that goes on in which second.
type When = (Stamp, bool, u64);

/// What was worked out last.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    sums: RefCell<BTreeMap<RunId, (When, Sum)>>,
    whole: RefCell<Option<(RunId, When, Arc<Pipeline>)>>,
}

fn when(run: &RunState, now: Stamp) -> When {
    (run.heard, run.is_live(), if run.is_live() { now.mono_ms / 1_000 } else { 0 })
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
            left_seconds: job.left_seconds.map(|left| left.0),
        };
        self.sums.borrow_mut().insert(id.clone(), (when, sum.clone()));
        sum
    }

    /// Lets go of runs that are kept no longer.
    pub(super) fn forget(&self, kept: &BTreeMap<RunId, RunState>) {
        self.sums.borrow_mut().retain(|id, _| kept.contains_key(id));
    }
}
