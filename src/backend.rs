//! Isolation backends: launching, measuring and clearing up sandboxes.

use std::ffi::OsString;
use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::model::backend::BackendId;
use crate::model::bench::{Limits, Outcome, Payload, Phases};
use crate::model::unit::Seconds;

/// Why a camp cannot go on. What goes wrong inside a sandbox is an outcome, not an error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or directory of the run.
    #[error("cannot {doing} {path}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

/// What one sandbox is to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Where.
    pub backend: BackendId,
    /// What.
    pub payload: Payload,
    /// What its marker must carry.
    pub nonce: u64,
    /// In which bounds.
    pub limits: Limits,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// How long its phases took.
    pub phases: Phases,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether some of it outlived it.
    pub left_over: bool,
    /// Output beyond the limit.
    pub dropped_bytes: u64,
}

/// Something that starts sandboxes.
pub trait Launch {
    /// Runs one sandbox from start to end.
    fn launch(&mut self, task: &Task) -> impl Future<Output = Result<Trial, Error>> + Send;
    /// What an empty spawn-and-wait costs now.
    fn overhead(&mut self) -> impl Future<Output = Result<Seconds, Error>> + Send;
}

/// Runs isomon as one of its own helpers (`__payload`, `__sandbox`, `__launcher`, `__reaper`) when
/// the first argument names one; `None` when it does not.
pub fn reexecuted(_arguments: &[OsString]) -> Option<ExitCode> {
    None
}
