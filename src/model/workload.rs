//! A workload: work a platform was given, from its order to its end.
//!
//! isomon's own workloads and those of a Vulcan server have one form. That a process ended with a
//! status other than 0 is no failure of the platform: success asks for both.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::done::Done;
use super::reading::Reading;
use super::text::SafeText;
use super::unit::{Bytes, Ratio, Seconds};

/// Work a platform was given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Workload {
    /// Its id, a ULID: later ones sort later.
    pub id: SafeText,
    /// How far it is.
    pub status: Status,
    /// The backend it was asked to run in; `auto` where the platform chose.
    pub isolation: SafeText,
    /// The backend it ran in, where that is known.
    pub backend: Option<SafeText>,
    /// What it needs: `go node python wasm oci`, or as the platform calls it.
    pub runtime: SafeText,
    /// The node it ran on; empty where the platform does not say.
    pub node: SafeText,
    /// Milliseconds since 1970 UTC when it was ordered.
    pub created_ms: i64,
    /// When it began.
    pub started_ms: Option<i64>,
    /// When it ended.
    pub finished_ms: Option<i64>,
    /// How long it ran, as the platform says.
    pub duration_seconds: Option<Seconds>,
    /// What it ended with.
    pub exit_code: Option<i32>,
    /// Why it failed.
    pub error: Option<SafeText>,
    /// What it gave, made safe and cut.
    pub output: Option<SafeText>,
    /// Processors it may use.
    pub cpus: Option<f64>,
    /// Memory it may use.
    pub memory_bytes: Option<Bytes>,
    /// Time it may take.
    pub timeout_seconds: Option<Seconds>,
}

impl Workload {
    /// Whether it ended as it should: completed, and with status 0 where there is one.
    pub fn succeeded(&self) -> bool {
        self.status == Status::Completed && self.exit_code.is_none_or(|code| code == 0)
    }
}

/// How far a workload is.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It waits.
    #[default]
    Pending,
    /// It runs.
    Running,
    /// It ended by itself, whatever its status.
    Completed,
    /// The platform could not run it, or its time was over.
    Failed,
    /// It was ended because somebody wished so.
    Killed,
    /// A word this isomon does not know.
    #[serde(other)]
    Unknown,
}

impl Status {
    /// Every status, in the order of a life.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Running, Self::Completed, Self::Failed, Self::Killed, Self::Unknown];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Killed => "killed",
            Self::Unknown => "unknown",
        }
    }

    /// The status called `name`.
    pub fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|status| status.name() == name).unwrap_or(Self::Unknown)
    }

    /// Whether nothing more happens to it.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Killed)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The workloads of a platform: the latest of them, and figures over all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Workloads {
    /// The latest, latest first.
    pub latest: Vec<Workload>,
    /// How many there are; `None` where the platform does not say.
    pub total: Option<u64>,
    /// How many are at each status.
    pub by_status: Vec<(Status, u64)>,
    /// Figures of each backend.
    pub by_backend: Vec<BackendFigures>,
    /// Whether the figures are over the latest alone, because the platform gives none.
    pub derived: bool,
    /// Mean duration of all that completed, as the platform says.
    #[serde(default)]
    pub mean_seconds: Option<Seconds>,
    /// The backends the platform has at this moment; one that is missing is offline.
    #[serde(default)]
    pub capabilities: Vec<Capability>,
    /// What the platform does not tell of, or tells wrongly.
    #[serde(default)]
    pub gaps: Vec<SafeText>,
    /// The same over the last hour, day and week; empty where the platform tells no times.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spells: Vec<Spell>,
    /// Age of the oldest that runs.
    #[serde(default)]
    pub oldest_seconds: Reading<Seconds>,
    /// What became of them of late.
    #[serde(default)]
    pub done: Done,
}

/// How far back workloads are counted.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum Window {
    /// An hour, by the minute.
    #[serde(rename = "1h")]
    Hour,
    /// A day, by the quarter of an hour.
    #[default]
    #[serde(rename = "24h")]
    Day,
    /// A week, by the hour.
    #[serde(rename = "7d")]
    Week,
}

impl Window {
    /// Every window, the shortest first.
    pub const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Week];

    /// Length of a slot in minutes, and how many there are.
    pub const fn slots(self) -> (i64, u32) {
        match self {
            Self::Hour => (1, 60),
            Self::Day => (15, 96),
            Self::Week => (60, 168),
        }
    }

    /// Milliseconds since 1970 UTC when its first slot begins, seen at `now_ms`. Slots end at whole
    /// ones, so that who asks twice gets the same.
    pub const fn from_ms(self, now_ms: i64) -> i64 {
        let (minutes, count) = self.slots();
        let width_ms = minutes * 60_000;
        (now_ms.div_euclid(width_ms) + 1 - count as i64) * width_ms
    }

    /// The next one, round and round.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Hour => Self::Day,
            Self::Day => Self::Week,
            Self::Week => Self::Hour,
        }
    }

    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Hour => "last hour",
            Self::Day => "last 24 h",
            Self::Week => "last 7 days",
        }
    }
}

/// The workloads of a window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spell {
    /// Which window.
    pub window: Window,
    /// Milliseconds since 1970 UTC when its first slot begins.
    pub from_ms: i64,
    /// What was ordered in each slot, earliest first; those in which nothing was are left out.
    pub slots: Vec<Slot>,
    /// Figures of each backend, over the window alone.
    pub by_backend: Vec<BackendFigures>,
}

/// What was ordered in a slot of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Slot {
    /// Which slot, 0 the earliest.
    pub number: u32,
    /// How many were ordered.
    pub count: u64,
    /// Of these, how many succeeded.
    pub succeeded: u64,
    /// Of these, how many failed, were killed, or completed with another status than 0.
    pub failed: u64,
}

/// What a backend of a platform can do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Capability {
    /// The backend, as workloads name it.
    pub backend: SafeText,
    /// What stands behind it, for example `firecracker`.
    pub engine: SafeText,
    /// Runtimes it has.
    pub runtimes: Vec<SafeText>,
    /// Kinds of isolation it gives.
    pub isolations: Vec<SafeText>,
    /// Workloads it runs at once.
    pub max_concurrency: Option<u64>,
}

/// What became of the workloads of one backend.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BackendFigures {
    /// The backend; `auto` where the platform does not say which it took.
    pub backend: SafeText,
    /// How many there were.
    pub count: u64,
    /// Share of those that are over which succeeded; `None` while none is over.
    pub success: Option<Ratio>,
    /// Mean duration of those that completed.
    pub mean_seconds: Option<Seconds>,
    /// Median duration.
    pub p50_seconds: Option<Seconds>,
    /// 95th percentile; `None` below 20 of them.
    pub p95_seconds: Option<Seconds>,
}
