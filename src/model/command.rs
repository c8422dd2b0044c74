//! What is wished: the word that goes down.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::backend::BackendId;
use super::bench::Plan;
use super::id::RunId;

/// A wish of the user, from the keyboard, the command line or another program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Try every backend and say which are ready.
    CheckBackends,
    /// Run the commands that make this backend ready, then try it again. Asked for after a yes.
    Mend(BackendId),
    /// End these commands; what they have done stays.
    StopMend,
    /// Start a benchmark.
    Bench(Box<Plan>),
    /// Say which runs are kept on disk.
    ListRuns,
    /// Bring a run that is kept on disk into view, by telling its events again.
    OpenRun(RunId),
    /// End a run; what it has stays valid.
    Cancel(RunId),
    /// Write a run as JSON.
    Export {
        /// Which run.
        run: RunId,
        /// Where to; a directory gets `isomon-<id>.json`.
        to: PathBuf,
    },
    /// Take samples this often.
    Interval(Duration),
    /// Stop taking samples, or go on.
    Pause(bool),
}
