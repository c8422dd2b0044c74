//! A run of isomon as a job of stages and workers, as the tab Runs shows every job.
//!
//! A pure fold of what is known of a run: live or read from disk, here or from a node, it is the same
//! code. Cheap enough for every frame: nothing here goes through all samples.

use crate::model::id::RunId;
use crate::model::pipeline::{Pipeline, PipelineKind};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::state::RunState;

/// Run `id` as a job, as it is at `now`.
pub fn of_run(id: &RunId, run: &RunState, now: Stamp) -> Pipeline {
    Pipeline {
        id: SafeText::new(id.as_str()),
        kind: PipelineKind::Benchmark,
        name: run.head.plan.name.clone(),
        started_ms: Some(run.head.started.wall_ms),
        ended_ms: run.tail.as_ref().map(|tail| tail.ended.wall_ms),
        duration_seconds: Some(run.progress.elapsed_seconds),
        left_seconds: run.progress.left_seconds.filter(|_| run.is_live()),
        progress: run.progress.share(),
        timeline: run.moments.clone(),
        status: if run.is_live() && now >= run.heard {
            "RUNNING".into()
        } else {
            "COMPLETED".into()
        },
        ..Pipeline::default()
    }
}
