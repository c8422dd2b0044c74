//! What happens in a job: moments, errors, checkpoints, lines of its log, what it made.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::load::Waits;
use super::super::text::SafeText;
use super::super::unit::{Bytes, Seconds};

/// Something that went wrong in a job, as often as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Exception {
    /// Its type, as the platform says.
    pub kind: SafeText,
    /// What it said.
    pub message: SafeText,
    /// The stage it came from.
    pub stage: SafeText,
    /// The worker it came from.
    pub worker: SafeText,
    /// The part of the work it came with.
    pub part: SafeText,
    /// How often it came.
    pub count: u64,
    /// Milliseconds since 1970 UTC when it came first.
    pub first_ms: Option<i64>,
    /// When it came last.
    pub last_ms: Option<i64>,
    /// Where in the program it came from, or what the sandbox wrote last; lines.
    pub stack: Vec<SafeText>,
    /// What is likely behind it, and what mends it.
    pub hint: Option<SafeText>,
}

/// What can happen in a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MomentKind {
    /// The job began.
    RunStarted,
    /// The job ended.
    RunEnded,
    /// The job goes on from a checkpoint.
    Resumed,
    /// A stage began.
    StageStarted,
    /// A stage ended.
    StageEnded,
    /// A worker began.
    WorkerStarted,
    /// A worker ended.
    WorkerEnded,
    /// It can go on from here.
    Checkpoint,
    /// Something went wrong.
    Error,
    /// A stage holds back what feeds it.
    Pressure,
    /// It does so no longer.
    Relief,
    /// Anything else.
    #[default]
    #[serde(other)]
    Notice,
}

/// One thing that happened in a job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Moment {
    /// Milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// Time since the job began.
    pub at_seconds: Seconds,
    /// What happened.
    pub kind: MomentKind,
    /// The stage it happened in; empty for the job as a whole.
    pub stage: SafeText,
    /// The worker it happened to; empty where it happened to none.
    pub worker: SafeText,
    /// In words.
    pub words: SafeText,
    /// How long it took, where it took time.
    pub seconds: Option<Seconds>,
}

/// A state of a job that is on disk, from which it can go on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Checkpoint {
    /// Its number, from 1, or the platform's id.
    pub id: SafeText,
    /// Milliseconds since 1970 UTC when it was made.
    pub at_ms: i64,
    /// Why it was made: `round`, `stage`, `time`, `end`.
    pub trigger: SafeText,
    /// How long making it took.
    pub duration_seconds: Option<Seconds>,
    /// Size of what it holds.
    pub bytes: Option<Bytes>,
    /// `COMPLETED IN_PROGRESS FAILED`.
    pub status: SafeText,
    /// How far the job was, in words: `round 12 of 30`.
    pub reached: SafeText,
}

/// A line of a job's log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LogLine {
    /// Milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// Who wrote it: a stage, a worker, a part, a stream.
    pub from: SafeText,
    /// Whether it tells of something wrong.
    pub bad: bool,
    /// What it says.
    pub text: SafeText,
}

/// Something a job read or made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Artifact {
    /// Its name: a file of the run, a figure, a plot, a part of the work.
    pub id: SafeText,
    /// What it is: `input stage part file figure plot`.
    pub kind: SafeText,
    /// What it was made of, by id.
    pub parents: Vec<SafeText>,
    /// The stage that made it.
    pub stage: SafeText,
    /// The worker that made it.
    pub worker: SafeText,
    /// SHA-256 of its bytes, in hexadecimal; `None` while it is being written, and for what is no file.
    pub sha256: Option<SafeText>,
    /// Its size.
    pub bytes: Option<Bytes>,
    /// Records in it.
    pub records: Option<u64>,
}

/// What could be set better for the next job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Advice {
    /// What to do.
    pub words: SafeText,
    /// Why: `peak memory 41 of 128 MiB in 300 samples`.
    pub evidence: SafeText,
}

/// How many waited for a stage at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Pressure {
    /// Milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// The stage.
    pub stage: SafeText,
    /// How many waited.
    pub queue: u64,
    /// Whether it held back what feeds it.
    pub active: bool,
    /// What its work itself waited for just before.
    pub waits: Waits,
}
