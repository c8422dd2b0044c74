//! What a camp is asked and what it answers; a stand-in for a camp speaks the same words.

use std::future::Future;
use std::sync::Arc;

use super::Error;
use crate::model::backend::{BackendId, Start};
use crate::model::bench::{Cell, Limits, Outcome, Payload, Phases};
use crate::model::job::{Job, Kernel};
use crate::model::load::Standing;
use crate::model::text::SafeText;
use crate::model::unit::Seconds;
use crate::model::usage::{Held, Usage};

/// One sandbox to start.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Where.
    pub backend: BackendId,
    /// What is there already.
    pub start: Start,
    /// What is done inside.
    pub work: Work,
    /// The Linux kernel that virtual machines boot for it; their own guest, or one of the host's
    /// where that cannot do the work, if `None`.
    pub kernel: Option<Arc<Kernel>>,
    /// Seeds the work and marks its output; never the same twice in a run.
    pub nonce: u64,
    /// In which bounds.
    pub limits: Limits,
}

impl Task {
    /// The work of `cell`.
    pub const fn of(cell: Cell, nonce: u64, limits: Limits) -> Self {
        let Cell { backend, start, payload } = cell;
        Self { backend, start, work: Work::Payload(payload), kernel: None, nonce, limits }
    }
}

/// What is done inside a sandbox.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// A kernel whose result is checked.
    Payload(Payload),
    /// A look around, told as JSON in [`Trial::value`].
    Look,
    /// A user's own.
    Job(Arc<Job>),
    /// It says that it is there, and stands still until it is ended.
    Hold,
}

/// What became of a sandbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// How long its phases took, by the host's monotonic clock.
    pub phases: Phases,
    /// How it ended.
    pub outcome: Outcome,
    /// Exit status of the work; `None` where it has none or was ended by a signal.
    pub status: Option<i32>,
    /// Signal that ended it.
    pub signal: Option<i32>,
    /// Its result, as it was said: a number, or JSON. Hostile.
    pub value: Option<String>,
    /// Something of it outlived it and was swept up.
    pub left_over: bool,
    /// Output beyond the limit.
    pub dropped_bytes: u64,
    /// What it wrote last, of one that failed. Hostile.
    pub said: Vec<SafeText>,
}

impl Trial {
    /// One that came to nothing for `outcome`'s reason.
    pub(super) fn ended(outcome: Outcome) -> Self {
        Self {
            phases: Phases::default(),
            outcome,
            status: None,
            signal: None,
            value: None,
            left_over: false,
            dropped_bytes: 0,
            said: Vec::new(),
        }
    }
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

    /// Memory that it and all sandboxes hold; `None` where that is not told apart.
    fn held(&self) -> Option<Held> {
        None
    }

    /// The process that starts them; `None` where there is none.
    fn pid(&self) -> Option<u32> {
        None
    }
}

/// Something that has several sandboxes at work, or standing still, at the same time.
pub trait Crew: Launch {
    /// One that starts sandboxes by itself, beside the others.
    type Hand: Launch + Send;

    /// `count` of them for tasks like `like`, each with limits of its own; refused as a whole where
    /// there is no room. They go back with [`rest`](Self::rest); one that is dropped is cleared when
    /// all is closed.
    fn hands(
        &mut self,
        count: u32,
        like: &Task,
    ) -> impl Future<Output = Result<Vec<Self::Hand>, Error>> + Send;

    /// Takes them back and clears what they left.
    fn rest(&mut self, hands: Vec<Self::Hand>) -> impl Future<Output = Result<(), Error>> + Send;

    /// Starts all of `tasks` and lets them stand still, ready, beside those that stand already; how
    /// each began, in their order. One that failed does not stand.
    fn stand(&mut self, tasks: &[Task])
    -> impl Future<Output = Result<Vec<Outcome>, Error>> + Send;

    /// Memory now, of what stands.
    fn standing(&mut self) -> impl Future<Output = Result<Standing, Error>> + Send;

    /// Ends all that stand and clears what they left.
    fn raze(&mut self) -> impl Future<Output = Result<(), Error>> + Send;
}
