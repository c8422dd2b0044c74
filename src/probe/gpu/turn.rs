//! The time one sample may take.

use std::time::{Duration, Instant};

/// A sample's own clock: starts at the instant handed in, runs as real time runs, and knows when
/// the sample must be handed over. Waiting for another process needs real time; everything that
/// outlives the sample is counted from the instant handed in, so that tests can jump ahead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    began: Instant,
    handed: Instant,
    length: Duration,
}

impl Turn {
    /// A turn of `length` that begins now, which the caller calls `now`.
    pub(super) fn new(now: Instant, length: Duration) -> Self {
        Self { began: Instant::now(), handed: now, length }
    }

    /// The present instant on the caller's clock.
    pub(super) fn now(&self) -> Instant {
        self.handed + self.began.elapsed()
    }

    /// Time left.
    pub(super) fn left(&self) -> Duration {
        self.length.saturating_sub(self.began.elapsed())
    }
}
