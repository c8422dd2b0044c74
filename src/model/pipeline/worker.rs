//! Who does the work of a job, and the parts it is dealt out in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::text::SafeText;
use super::super::unit::{Bytes, Ratio, Seconds};
use super::Moment;

/// A worker of a stage; in a run of isomon a slot on a node that executes sandboxes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Worker {
    /// Its id.
    pub id: SafeText,
    /// The stage it works for.
    pub stage: SafeText,
    /// In the platform's own word; in upper case: `RUNNING IDLE BLOCKED STOPPED DEAD`.
    pub status: SafeText,
    /// The node it is on; empty where that is not told.
    pub node: SafeText,
    /// Its process on that node.
    pub pid: Option<u32>,
    /// What it does at this moment.
    pub doing: Option<SafeText>,
    /// Since when it does that, in milliseconds since 1970 UTC.
    pub doing_since_ms: Option<i64>,
    /// Milliseconds since 1970 UTC when it began.
    pub started_ms: Option<i64>,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// Records taken in.
    pub input: Option<u64>,
    /// Records given out.
    pub output: Option<u64>,
    /// Records that failed.
    pub failed: Option<u64>,
    /// Records done each second, lately.
    pub per_second: Option<f64>,
    /// Time it spent at work.
    pub busy_seconds: Option<Seconds>,
    /// Processor time each second of it and what it started, in cores.
    pub cores: Option<f64>,
    /// Memory of it and what it started.
    pub memory_bytes: Option<Bytes>,
    /// Use of the GPU it is on.
    pub gpu: Option<Ratio>,
    /// Why what it uses is not known, where it is not.
    pub gap: Option<SafeText>,
    /// The parts it was given.
    pub parts: Vec<SafeText>,
    /// What happened to it, earliest first.
    #[serde(deserialize_with = "crate::model::list::read")]
    pub events: Vec<Moment>,
}

/// A part of the work of a stage: a partition of a queue, or a row of a benchmark.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Partition {
    /// Its id.
    pub id: SafeText,
    /// What it is one of, in the singular; only parts of one kind are set against each other.
    pub kind: SafeText,
    /// Records that are there.
    pub latest: Option<u64>,
    /// Records that are done.
    pub committed: Option<u64>,
    /// Records that wait.
    pub lag: Option<u64>,
    /// The worker that has it.
    pub worker: SafeText,
}
