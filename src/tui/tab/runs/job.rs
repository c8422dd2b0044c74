//! One run or job that is looked at, by one form wherever it comes from.

use std::sync::Arc;

use super::entry::{HERE, Key, place_of, stands_for};
use super::shelf::Shelf;
use crate::model::id::{RunId, SourceId};
use crate::model::pipeline::{Pipeline, PipelineKind};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::state::{RunState, State, WorkflowState};

/// A job as it is held: worked out here, or told by its platform.
pub(super) enum Held<'a> {
    Own(&'a RunId, &'a RunState, Arc<Pipeline>),
    Flow(&'a WorkflowState, Arc<Pipeline>),
    Told(&'a Pipeline),
}

/// The job that is looked at.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) pipeline: &'a Pipeline,
    /// Where it is: [`HERE`], or the name of a source.
    pub(super) place: &'a str,
    /// It as a run of isomon, if it is one.
    pub(super) run: Option<(&'a RunId, &'a RunState)>,
    /// It as a run of a workflow, if it is one.
    pub(super) flow: Option<&'a WorkflowState>,
    pub(super) state: &'a State,
    pub(super) now: Stamp,
}

/// The job of another platform that `key` names.
fn told<'a>(key: &Key, state: &'a State) -> Option<&'a Pipeline> {
    if key.place.as_str() == HERE {
        return None;
    }
    let (_, told) = state.nodes.get(&SourceId(key.place.clone()))?.pipelines.as_ref()?;
    told.jobs.iter().find(|job| job.id == key.id)
}

/// What kind of work `key` names; a benchmark where it is not known.
pub(super) fn kind(key: &Key, state: &State) -> PipelineKind {
    let is_flow = |id: RunId| state.workflows.contains_key(&id);
    match told(key, state) {
        Some(job) => job.kind,
        None if RunId::parse(key.id.as_str()).is_some_and(is_flow) => PipelineKind::Workflow,
        None => PipelineKind::Benchmark,
    }
}

/// The job that `key` names, if it is known.
pub(super) fn find<'a>(key: &Key, state: &'a State, shelf: &Shelf, now: Stamp) -> Option<Held<'a>> {
    if let Some(job) = told(key, state) {
        return Some(Held::Told(job));
    }
    let id = RunId::parse(key.id.as_str())?;
    if let Some((id, flow)) = state.workflows.get_key_value(&id) {
        let fits = stands_for(flow, key.place.as_str());
        return fits.then(|| Held::Flow(flow, shelf.flow(id, flow, now)));
    }
    let (id, run) = state.runs.get_key_value(&id)?;
    let from = place_of(&run.from);
    let fits = from == key.place.as_str() || (run.stored && from == HERE);
    fits.then(|| Held::Own(id, run, shelf.whole(id, run, now)))
}

impl Held<'_> {
    pub(super) fn job<'a>(&'a self, place: &'a str, state: &'a State, now: Stamp) -> Job<'a> {
        match self {
            Self::Own(id, run, pipeline) => {
                Job { pipeline, place, run: Some((id, run)), flow: None, state, now }
            }
            Self::Flow(flow, pipeline) => {
                Job { pipeline, place, run: None, flow: Some(flow), state, now }
            }
            Self::Told(pipeline) => Job { pipeline, place, run: None, flow: None, state, now },
        }
    }
}

impl Job<'_> {
    /// What its source says of why `what` is not told, or that it says nothing.
    pub(super) fn gap(&self, what: &str) -> String {
        let gaps: Vec<&str> = self.pipeline.gaps.iter().map(SafeText::as_str).collect();
        let begins = gaps.iter().find(|gap| gap.starts_with(what));
        // Of a run of isomon the reason is a sentence.
        let holds = gaps.iter().find(|gap| self.run.is_some() && gap.contains(what));
        begins.or(holds).map_or_else(|| self.silence(what), |gap| (*gap).to_owned())
    }

    /// That nothing is said of `what`.
    fn silence(&self, what: &str) -> String {
        let own = self.run.is_some() || self.flow.is_some();
        match own {
            true if self.pipeline.is_live() => format!("No {what} yet."),
            true => format!("This run tells of no {what}."),
            false => format!("{} tells of no {what} of this job.", self.place),
        }
    }

    /// Whether nothing is said of `what` because there is none, as far as is told.
    pub(super) fn is_silent(&self, what: &str) -> bool {
        self.gap(what) == self.silence(what)
    }

    /// Time from the beginning of the job to `at_ms`, in seconds.
    pub(super) fn since_start(&self, at_ms: i64) -> Option<f64> {
        let from = self.pipeline.started_ms?;
        Some(at_ms.checked_sub(from)?.max(0) as f64 / 1e3)
    }

    /// How long it took or has taken, in seconds; from what is told, or from the clock.
    pub(super) fn span_seconds(&self) -> f64 {
        let told = self.pipeline.duration_seconds.map(|took| took.0);
        let clock = self.pipeline.started_ms.and_then(|from| {
            let to = self.pipeline.ended_ms.unwrap_or(self.now.wall_ms);
            Some(to.checked_sub(from)?.max(0) as f64 / 1e3)
        });
        told.filter(|took| took.is_finite() && *took > 0.0).or(clock).unwrap_or(1.0).max(1e-3)
    }
}
