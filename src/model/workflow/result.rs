//! What is kept of a workflow's run: isomon's `run.json` and benchctl's `metadata.json`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::text::SafeText;
use super::super::unit::{Bytes, Seconds};
use super::event::{Ending, TaskState, WorkflowHead, WorkflowTail};
use super::{Column, PlotSpec};

/// A run in one piece: what `run.json` in its directory holds. Its events stand in `events.ndjson`
/// beside it, a [`super::WorkflowEvent`] a line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WorkflowRun {
    /// `workflow`; a benchmark's `run.json` has no such field.
    pub kind: String,
    /// What was known at the start.
    pub head: WorkflowHead,
    /// How each task stands, in the order of the head.
    pub tasks: Vec<TaskEnd>,
    /// The files that were fetched.
    pub files: Vec<Collected>,
    /// Pictures that are wished of them.
    pub plots: Vec<PlotSpec>,
    /// Metadata: what the user gave, and what stages wrote.
    pub metadata: BTreeMap<String, String>,
    /// What repetitions came to.
    pub statistics: Vec<Statistic>,
    /// What was known at the end; `None` for one that goes on, or was cut off.
    pub tail: Option<WorkflowTail>,
}

impl WorkflowRun {
    /// Whether nothing is left to do of it: it came to a good end.
    pub fn is_finished(&self) -> bool {
        self.tail.as_ref().is_some_and(|tail| tail.ending == Ending::Success)
    }
}

/// The word in [`WorkflowRun::kind`].
pub const KIND: &str = "workflow";

/// How one task went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TaskEnd {
    /// Milliseconds since 1970 UTC when it began; `None` if it did not.
    pub began_ms: Option<i64>,
    /// How it stands.
    pub state: TaskState,
}

/// A file that was fetched, or could not be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Collected {
    /// The output's name.
    pub output: SafeText,
    /// The task it is of.
    pub task: u32,
    /// Its file in the run's directory: a name, no path.
    pub file: SafeText,
    /// Where it was on its host.
    pub remote_path: SafeText,
    /// Its size.
    pub bytes: Option<Bytes>,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: Option<SafeText>,
    /// The columns that the workflow file says it has; empty where it says nothing.
    pub columns: Vec<Column>,
    /// Why it is not there, or not as its columns say: row and column named.
    pub error: Option<SafeText>,
}

/// A look into a table: enough for a screen, however large it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TableView {
    /// The output's name.
    pub output: SafeText,
    /// Its file in the run's directory.
    pub file: SafeText,
    /// Rows in it.
    pub rows: u64,
    /// Its columns.
    #[serde(deserialize_with = "crate::model::list::read")]
    pub columns: Vec<ColumnView>,
    /// The last rows, cell by cell, earliest first; at most 100.
    pub last: Vec<Vec<SafeText>>,
}

/// A column of a table in short.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ColumnView {
    /// Its header.
    pub name: SafeText,
    /// Its unit.
    pub unit: Option<SafeText>,
    /// Numbers in it.
    pub count: u64,
    /// Smallest, mean, median, 95 % and 99 % quantile, largest; `None` where there is no number.
    pub figures: Option<Figures>,
    /// The numbers over the rows, thinned to at most 300: the mean of as many equal parts.
    pub course: Vec<f64>,
}

/// What the numbers of a column come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Figures {
    /// The smallest.
    pub min: f64,
    /// The mean.
    pub mean: f64,
    /// The median.
    pub median: f64,
    /// 95 % do not exceed it.
    pub p95: f64,
    /// 99 % do not exceed it.
    pub p99: f64,
    /// The largest.
    pub max: f64,
}

/// What one figure came to over the repetitions of a case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Statistic {
    /// The case; `None` where there are none.
    pub case: Option<SafeText>,
    /// What was measured: `load: seconds`, `results: latency_ms median`, `metadata: throughput`.
    pub figure: SafeText,
    /// Its unit; `None` where none is known.
    pub unit: Option<SafeText>,
    /// The value of each repetition, in their order.
    pub values: Vec<f64>,
    /// Their median.
    pub median: f64,
    /// Bounds of the median with 95 % confidence; `None` for fewer values than bear one.
    pub interval: Option<(f64, f64)>,
    /// How much larger the median is than that of the first case, in percent; `None` for the first.
    pub change_percent: Option<f64>,
    /// Whether that may be chance: `changed`, `no change seen`; `None` for the first.
    pub verdict: Option<SafeText>,
}

/// benchctl's `metadata.json`, of every version; what one leaves out is missing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunMetadata {
    /// The run's id in its directory.
    pub run_id: String,
    /// The workflow's name.
    pub benchmark_name: String,
    /// RFC 3339 with nanoseconds and the local offset.
    #[serde(default)]
    pub start_time: String,
    /// The same of the end.
    #[serde(default)]
    pub end_time: String,
    /// The file as run, without secrets.
    #[serde(default)]
    pub config: serde_json::Value,
    /// The hosts as in the file, without secrets.
    #[serde(default)]
    pub hosts: serde_json::Value,
    /// The cases as in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cases: Option<serde_json::Value>,
    /// What the user and stages said of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub custom: BTreeMap<String, String>,
    /// The repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<serde_json::Value>,
    /// `success`, `failed`; missing in files of before 0.3, which were written on success alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl RunMetadata {
    /// How long it took, as far as its times can be read.
    pub fn seconds(&self) -> Option<Seconds> {
        let at = |text: &str| text.parse::<jiff::Timestamp>().ok();
        let took = at(&self.end_time)?.duration_since(at(&self.start_time)?);
        Some(Seconds(took.as_secs_f64()))
    }
}
