//! Why a run ends before its work is done: told once, heard by everything that works.

use std::sync::OnceLock;

use tokio_util::sync::CancellationToken;

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Something failed.
    Failure,
    /// The user ended it.
    User,
    /// Its time is over.
    Time,
}

/// Ends what works.
#[derive(Debug, Default)]
pub(super) struct Stop {
    pub(super) token: CancellationToken,
    cause: OnceLock<Cause>,
    first: OnceLock<usize>,
}

impl Stop {
    /// Ends it, because of `cause` unless there was one before.
    pub(super) fn set(&self, cause: Cause) {
        // The first cause counts.
        self.cause.set(cause).ok();
        self.token.cancel();
    }

    /// Ends it because the task at `at` failed, unless it was ended before.
    pub(super) fn fail(&self, at: usize) {
        if self.cause().is_none() {
            // Of two that fail at once one is the first.
            self.first.set(at).ok();
        }
        self.set(Cause::Failure);
    }

    /// The task that failed first, where that ended it.
    pub(super) fn first(&self) -> Option<usize> {
        self.first.get().copied()
    }

    /// Why it was ended, if it was.
    pub(super) fn cause(&self) -> Option<Cause> {
        self.cause.get().copied()
    }

    /// What is said of that which was under way.
    pub(super) fn words(&self) -> &'static str {
        match self.cause() {
            Some(Cause::User) => "the run was cancelled",
            Some(Cause::Time) => "the time of the run is over",
            Some(Cause::Failure) | None => "something else failed",
        }
    }
}
