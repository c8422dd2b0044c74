//! A job of stages and workers: a run of isomon's own, or a job of a foreign platform.
//!
//! One form for all of them, live or over, so that one piece of code shows them. What a source does not
//! tell is `None` or empty, and named in `gaps`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::load::Waits;
use super::text::SafeText;
use super::unit::{Ratio, Seconds};

mod course;
mod worker;

pub use course::{Advice, Artifact, Checkpoint, Exception, LogLine, Moment, MomentKind, Pressure};
pub use worker::{Partition, Worker};

/// Largest lag of a partition over the mean lag from which on a stage is called skewed.
pub const SKEWED: f64 = 2.0;
/// Lines of a log that are kept.
pub const LOG_LINES: usize = 5_000;

/// The jobs of a platform.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pipelines {
    /// Those that run, then those that are over, each latest first.
    #[serde(deserialize_with = "crate::model::list::read")]
    pub jobs: Vec<Pipeline>,
    /// What the platform does not tell of: for example failed jobs, or why its list is not to be had.
    pub gaps: Vec<SafeText>,
}

/// What kind of work a job is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PipelineKind {
    /// A job of a foreign platform.
    #[default]
    Job,
    /// A benchmark of isomon.
    Benchmark,
    /// A workflow of isomon.
    Workflow,
}

/// A job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Pipeline {
    /// Its id.
    pub id: SafeText,
    /// What it is.
    pub kind: PipelineKind,
    /// Its name, if it was given one.
    pub name: Option<SafeText>,
    /// How far it is, in the platform's own word, in upper case: `RUNNING COMPLETED FAILED CANCELLED`.
    pub status: SafeText,
    /// Milliseconds since 1970 UTC when it began.
    pub started_ms: Option<i64>,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// How long it took, or has taken.
    pub duration_seconds: Option<Seconds>,
    /// Expected time left, while it runs.
    pub left_seconds: Option<Seconds>,
    /// How much of it is done, where the platform says.
    pub progress: Option<Ratio>,
    /// Its stages, in the order of their beginning.
    #[serde(deserialize_with = "crate::model::list::read")]
    pub stages: Vec<Stage>,
    /// Which stage feeds which: from, to.
    pub edges: Vec<(SafeText, SafeText)>,
    /// Why it failed.
    pub error: Option<SafeText>,
    /// Its workers, where the platform tells of each.
    #[serde(deserialize_with = "crate::model::list::read")]
    pub workers: Vec<Worker>,
    /// What went wrong in it, grouped, latest first.
    #[serde(deserialize_with = "crate::model::list::read")]
    pub exceptions: Vec<Exception>,
    /// From where it can go on, latest first.
    #[serde(deserialize_with = "crate::model::list::read")]
    pub checkpoints: Vec<Checkpoint>,
    /// What happened in it, earliest first.
    #[serde(deserialize_with = "crate::model::list::read")]
    pub timeline: Vec<Moment>,
    /// What it made, and of what.
    #[serde(deserialize_with = "crate::model::list::read")]
    pub lineage: Vec<Artifact>,
    /// Its configuration as run: path and value; secrets are `[redacted]`.
    pub configuration: Vec<(SafeText, SafeText)>,
    /// What could be set better, and why.
    #[serde(deserialize_with = "crate::model::list::read")]
    pub advice: Vec<Advice>,
    /// The latest lines of its log, earliest first; at most [`LOG_LINES`].
    #[serde(deserialize_with = "crate::model::list::read")]
    pub log: Vec<LogLine>,
    /// Lines before those, which are kept no longer.
    pub log_dropped: u64,
    /// How many wait for its stages over time, earliest first.
    #[serde(deserialize_with = "crate::model::list::read")]
    pub pressure: Vec<Pressure>,
    /// What its source does not tell.
    pub gaps: Vec<SafeText>,
}

impl Pipeline {
    /// Whether it is still going on.
    pub fn is_live(&self) -> bool {
        matches!(self.status.as_str(), "RUNNING" | "PENDING" | "QUEUED")
    }

    /// The stage that holds up the others: of those that run, the one most wait for; over, the one that
    /// took longest. `None` where nothing tells.
    pub fn bottleneck(&self) -> Option<&Stage> {
        let queue = |stage: &&Stage| stage.queue.filter(|queue| *queue > 0);
        let waited = self.stages.iter().filter(|stage| self.is_live() && queue(stage).is_some());
        let took = |stage: &&Stage| stage.duration_seconds.map_or(0.0, |took| took.0);
        let longest = self.stages.iter().filter(|stage| took(stage) > 0.0);
        waited
            .max_by_key(|stage| stage.queue)
            .or_else(|| longest.max_by(|left, right| took(left).total_cmp(&took(right))))
    }

    /// How long the work of the stage called `id` waited, and for what, at the worst.
    pub fn waits(&self, id: &SafeText) -> Waits {
        let of = self.pressure.iter().filter(|one| one.stage == *id);
        of.fold(Waits::default(), |waits, one| waits.most(one.waits))
    }
}

/// A time in which a stage was at work, in milliseconds since 1970 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Spell {
    /// When it began.
    pub from_ms: i64,
    /// When it ended; `None` while it goes on.
    pub to_ms: Option<i64>,
}

/// A stage of a job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Stage {
    /// Its id.
    pub id: SafeText,
    /// What it does.
    pub operator: SafeText,
    /// How far it is: `pending running finished failed skipped`.
    pub status: SafeText,
    /// Milliseconds since 1970 UTC when it began.
    pub started_ms: Option<i64>,
    /// How long it took, or has taken.
    pub duration_seconds: Option<Seconds>,
    /// From when until when it was at work, where it stopped in between.
    #[serde(deserialize_with = "crate::model::list::read")]
    pub spells: Vec<Spell>,
    /// How much of it is done; whole for one that is `finished`.
    pub progress: Option<Ratio>,
    /// Workers at work.
    pub workers: Option<u32>,
    /// The fewest and the most workers it may have.
    pub parallelism: Option<(u32, u32)>,
    /// Records taken in.
    pub input: Option<u64>,
    /// Records given out.
    pub output: Option<u64>,
    /// Of what was taken in, what was passed over: it is settled, and nothing came of it. `None` where that
    /// is not told, as of all but workflows.
    pub skipped: Option<u64>,
    /// Records taken in each second.
    pub input_per_second: Option<f64>,
    /// Records given out each second.
    pub output_per_second: Option<f64>,
    /// Records that wait for it.
    pub queue: Option<u64>,
    /// Whether it holds back what feeds it.
    pub backpressure: Option<bool>,
    /// Largest lag of a partition over the mean lag; over [`SKEWED`] is skewed.
    pub skew: Option<f64>,
    /// Why that is not told, where there is a reason.
    pub skew_gap: Option<SafeText>,
    /// The parts of its work, where the platform tells of each.
    #[serde(deserialize_with = "crate::model::list::read")]
    pub partitions: Vec<Partition>,
    /// Why it failed.
    pub error: Option<SafeText>,
}
