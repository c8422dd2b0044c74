//! What a camp and its launcher say to each other: one JSON line each way, one at a time.
//!
//! Times are nanoseconds of the host's monotonic clock since just before the spawn, all taken by
//! the launcher. Nothing in a report that came out of a sandbox is more than bounded text.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The launcher's first line: it is up.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Hello {
    /// Control groups it could not enter, with the reason.
    pub refused: Vec<String>,
}

/// What a launcher is asked to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Order {
    /// Start this and watch it to its end.
    Launch(Launch),
    /// Spawn this program, wait for it, and do nothing else: what the harness itself costs.
    Empty(PathBuf),
}

/// One program to start.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Launch {
    /// Program, by full path, and arguments.
    pub argv: Vec<String>,
    /// Its whole environment.
    pub env: Vec<(String, String)>,
    /// The nonce its markers must carry.
    pub nonce: u64,
    /// Time until it is killed.
    pub timeout_ms: u64,
    /// Output looked at; more is read, counted and dropped.
    pub keep_bytes: u64,
    /// Paths that must be gone when it has ended.
    pub gone: Vec<PathBuf>,
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Report {
    /// Why it could not be spawned.
    pub start_error: Option<String>,
    /// The spawn returned.
    pub created_ns: Option<u64>,
    /// First byte of the marker with the nonce.
    pub ready_ns: Option<u64>,
    /// Last byte of the result.
    pub done_ns: Option<u64>,
    /// It had ended and was waited for.
    pub exited_ns: Option<u64>,
    /// Nothing of it was left.
    pub clean_ns: Option<u64>,
    /// Exit status.
    pub status: Option<i32>,
    /// Signal that ended it.
    pub signal: Option<i32>,
    /// The result, as it was said.
    pub value: Option<String>,
    /// First line of its output that is no marker.
    pub first_line: String,
    /// First lines of its standard error.
    pub complaint: String,
    /// Output beyond the limit.
    pub dropped_bytes: u64,
    /// It was killed because its time was over.
    pub timed_out: bool,
    /// Some of it outlived it.
    pub left_over: bool,
}
