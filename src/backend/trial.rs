//! What a camp is asked and what it answers; a stand-in for a camp speaks the same words.

use std::future::Future;

use super::Error;
use crate::model::backend::BackendId;
use crate::model::bench::{Limits, Outcome, Payload, Phases};
use crate::model::unit::Seconds;
use crate::model::usage::Usage;

/// One sandbox to start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Task {
    /// Where.
    pub backend: BackendId,
    /// What is done inside.
    pub payload: Payload,
    /// Seeds the work and marks its output; never the same twice in a run.
    pub nonce: u64,
    /// In which bounds.
    pub limits: Limits,
}

/// What became of a sandbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// How long its phases took, by the host's monotonic clock.
    pub phases: Phases,
    /// How it ended.
    pub outcome: Outcome,
    /// Something of it outlived it and was swept up.
    pub left_over: bool,
    /// Output beyond the limit.
    pub dropped_bytes: u64,
}

/// Something that starts sandboxes, one at a time.
pub trait Launch {
    /// Starts one and watches it to its end. An error means that no more can be started; what goes
    /// wrong with the sandbox is in the trial.
    fn launch(&mut self, task: &Task) -> impl Future<Output = Result<Trial, Error>> + Send;

    /// What a spawn and a wait cost with nothing in between.
    fn overhead(&mut self) -> impl Future<Output = Result<Seconds, Error>> + Send;

    /// What all sandboxes have used so far; `None` where they cannot be told from other processes.
    fn usage(&self) -> Option<Usage> {
        None
    }
}
