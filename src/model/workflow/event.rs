//! What happens while a workflow runs.
//!
//! A *task* is one stage on one host, in one case and repetition; it is spoken of by its number in
//! [`WorkflowHead::tasks`]. Everything that was said by a host is made safe before it is here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::id::RunId;
use super::super::run::Fingerprint;
use super::super::text::SafeText;
use super::super::time::Stamp;
use super::super::unit::Seconds;
use super::Dialect;
use super::result::{Collected, Statistic, TableView};

/// What is known when a workflow starts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkflowHead {
    /// Version of the result format ([`super::super::run::FORMAT`]).
    pub format: u32,
    /// Its id among all runs of isomon.
    pub id: Option<RunId>,
    /// Its id in its output directory: `1`, `run-001`.
    pub number: SafeText,
    /// Its directory, absolute.
    pub dir: SafeText,
    /// The file it was read from, absolute.
    pub file: SafeText,
    /// SHA-256 of that file, in hexadecimal.
    pub file_sha256: SafeText,
    /// Its name.
    pub name: SafeText,
    /// The language of the file.
    pub dialect: Dialect,
    /// When it began.
    pub started: Stamp,
    /// The same as RFC 3339 with the local offset.
    pub started_at: SafeText,
    /// What is to be done, in the order of the file; cleanup last.
    #[serde(deserialize_with = "crate::model::list::read")]
    pub tasks: Vec<TaskPlan>,
    /// Which stage waits for which: from, to.
    pub edges: Vec<(SafeText, SafeText)>,
    /// Hosts and where they are: `db`, `ubuntu@10.0.0.10:22`.
    pub hosts: Vec<(SafeText, SafeText)>,
    /// The file as run: path and value; secrets are `[redacted]`.
    pub configuration: Vec<(SafeText, SafeText)>,
    /// The outputs that are expected: name and stage.
    pub outputs: Vec<(SafeText, SafeText)>,
    /// This machine.
    pub fingerprint: Fingerprint,
    /// The command that repeats it.
    pub repeat: SafeText,
    /// The run it goes on from, with tasks that are done already.
    pub resumed: bool,
}

/// One stage on one host, in one case and repetition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TaskPlan {
    /// The stage.
    pub stage: SafeText,
    /// The host.
    pub host: SafeText,
    /// The case; `None` where there are none.
    pub case: Option<SafeText>,
    /// The repetition, from 1; 0 where the stage is done once.
    pub repetition: u32,
    /// `command script bench exec copy`.
    pub kind: SafeText,
    /// It goes on while later stages run.
    pub background: bool,
    /// It is of the cleanup.
    pub cleanup: bool,
    /// What is run there, word by word; secrets are `[redacted]`, and `⏎` ends a line that others follow.
    pub argv: Vec<SafeText>,
    /// How its readiness is found out: `port 8080, 30 s`.
    pub check: Option<SafeText>,
}

/// How a task stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum TaskState {
    /// It has not begun.
    #[default]
    Pending,
    /// It runs; its process there, where that is known.
    Running {
        /// The process on its host.
        pid: Option<u32>,
    },
    /// What it started is not ready yet.
    Checking,
    /// It is ready, and goes on while others run.
    Background,
    /// It ended well.
    Passed {
        /// How long it took.
        seconds: Seconds,
    },
    /// It failed.
    Failed {
        /// How long it took.
        seconds: Seconds,
        /// Its exit status; `None` where it had none.
        exit: Option<i32>,
        /// Why: `exit status 3`, `not ready after 30 s: port 8080 is closed`.
        reason: SafeText,
    },
    /// It was not done.
    Skipped {
        /// Why.
        reason: SafeText,
    },
    /// Its end was not heard: its host went away.
    Unknown {
        /// Why.
        reason: SafeText,
    },
}

impl TaskState {
    /// Whether nothing more happens to it.
    pub const fn is_over(&self) -> bool {
        matches!(
            self,
            Self::Passed { .. } | Self::Failed { .. } | Self::Skipped { .. } | Self::Unknown { .. }
        )
    }

    /// Whether it is not as was wished.
    pub const fn is_bad(&self) -> bool {
        matches!(self, Self::Failed { .. } | Self::Unknown { .. })
    }
}

/// A line that a task wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TaskLine {
    /// The task.
    pub task: u32,
    /// Milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// Whether it came on its error output.
    pub bad: bool,
    /// What it says.
    pub text: SafeText,
}

/// An attempt of a health check.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Attempt {
    /// The task.
    pub task: u32,
    /// Its number, from 1.
    pub attempt: u32,
    /// Attempts that are made at most; `None` is as many as the time allows.
    pub of: Option<u32>,
    /// Time that is left.
    pub left: Seconds,
    /// Whether it is ready.
    pub ready: bool,
    /// What was seen: `port 8080 is closed`.
    pub said: SafeText,
}

/// What happens to a workflow, in this order: one `Started`, then all else, then one `Ended`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorkflowEvent {
    /// It begins.
    Started(Box<WorkflowHead>),
    /// A task stands as it did not before.
    Task {
        /// Which one.
        task: u32,
        /// Milliseconds since 1970 UTC.
        at_ms: i64,
        /// How it stands.
        state: TaskState,
    },
    /// Lines that tasks wrote, earliest first. What there is no room for is not told, and counted.
    Lines {
        /// The lines.
        #[serde(deserialize_with = "crate::model::list::read")]
        lines: Vec<TaskLine>,
        /// Lines that were left out before these.
        dropped: u64,
    },
    /// It was looked whether a task is ready.
    Attempt(Attempt),
    /// A file was fetched, or could not be.
    File(Box<Collected>),
    /// What is in a file that is a table; replaces what was said of it before.
    Table(Box<TableView>),
    /// Metadata: name and value; adds to what was said before.
    Metadata(Vec<(SafeText, SafeText)>),
    /// What repetitions came to; replaces what was said before.
    Statistics(#[serde(deserialize_with = "crate::model::list::read")] Vec<Statistic>),
    /// It is over.
    Ended(Box<WorkflowTail>),
}

/// How a workflow ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Everything was done.
    #[default]
    Success,
    /// Something failed.
    Failed,
    /// The user ended it.
    Cancelled,
}

/// What is known when a workflow is over.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WorkflowTail {
    /// When it ended.
    pub ended: Stamp,
    /// The same as RFC 3339 with the local offset.
    pub ended_at: SafeText,
    /// How.
    pub ending: Ending,
    /// How long it took.
    pub seconds: Seconds,
    /// What failed first.
    pub failure: Option<Failure>,
    /// What went wrong afterwards, in cleanup or at the end of background stages.
    pub troubles: Vec<SafeText>,
}

/// What failed, with all that is needed to see why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Failure {
    /// The stage; empty where it was none.
    pub stage: SafeText,
    /// The host.
    pub host: SafeText,
    /// The case.
    pub case: Option<SafeText>,
    /// The command; secrets are `[redacted]`, and `⏎` ends a line that others follow.
    pub command: SafeText,
    /// Its exit status.
    pub exit: Option<i32>,
    /// Why, in a sentence.
    pub reason: SafeText,
    /// The last lines it wrote, earliest first; at most 20.
    pub lines: Vec<SafeText>,
}
