//! Jobs of stages and workers on a foreign platform, as its console tells of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::SafeText;
use super::unit::{Ratio, Seconds};

/// The jobs of a platform.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pipelines {
    /// Those that run, then those that are over, each latest first.
    pub jobs: Vec<Pipeline>,
    /// What the platform does not tell of: for example failed jobs, or why its list is not to be had.
    pub gaps: Vec<SafeText>,
}

/// A job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pipeline {
    /// Its id.
    pub id: SafeText,
    /// How far it is, in the platform's own word, in upper case: `RUNNING COMPLETED FAILED CANCELLED`.
    pub status: SafeText,
    /// Milliseconds since 1970 UTC when it began.
    pub started_ms: Option<i64>,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// How long it took, or has taken.
    pub duration_seconds: Option<Seconds>,
    /// Its stages.
    pub stages: Vec<Stage>,
    /// Which stage feeds which: from, to.
    pub edges: Vec<(SafeText, SafeText)>,
    /// Why it failed.
    pub error: Option<SafeText>,
    /// How much of it is done, where the platform says.
    #[serde(default)]
    pub progress: Option<Ratio>,
    /// Its workers, where the platform tells of each.
    #[serde(default)]
    pub workers: Vec<Worker>,
    /// What went wrong in it, latest first.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
}

/// A worker of a stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Worker {
    /// Its id.
    pub id: SafeText,
    /// The stage it works for.
    pub stage: SafeText,
    /// In the platform's own word.
    pub status: SafeText,
    /// Records taken in.
    pub input: Option<u64>,
    /// Records given out.
    pub output: Option<u64>,
    /// Time it spent at work.
    pub busy_seconds: Option<Seconds>,
}

/// Something that went wrong in a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exception {
    /// Its type, as the platform says.
    pub kind: SafeText,
    /// What it said.
    pub message: SafeText,
    /// The stage it came from.
    pub stage: SafeText,
    /// The worker it came from.
    pub worker: SafeText,
    /// How often it came.
    pub count: u64,
    /// Milliseconds since 1970 UTC when it came last.
    pub last_ms: Option<i64>,
}

/// A stage of a job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stage {
    /// Its id.
    pub id: SafeText,
    /// What it does.
    pub operator: SafeText,
    /// How far it is: `pending running finished failed`.
    pub status: SafeText,
    /// Workers at work.
    pub workers: Option<u32>,
    /// The fewest and the most workers it may have.
    pub parallelism: Option<(u32, u32)>,
    /// Records taken in.
    pub input: Option<u64>,
    /// Records given out.
    pub output: Option<u64>,
    /// Records that wait for it.
    pub queue: Option<u64>,
    /// Whether it holds back what feeds it.
    pub backpressure: Option<bool>,
    /// Largest lag of a partition over the mean lag; over 2 is skewed.
    pub skew: Option<f64>,
}
