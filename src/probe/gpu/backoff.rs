//! How long to leave something alone that keeps failing.
//!
//! Each failure doubles the wait, from `first` up to `most`; a success forgets them all. It holds
//! no clock: the instant is handed in.

use std::time::{Duration, Instant};

/// Waits that double with each failure, between two bounds.
#[derive(Clone, Debug)]
pub(super) struct Backoff {
    first: Duration,
    most: Duration,
    failures: u32,
    until: Option<Instant>,
}

impl Backoff {
    /// No failures yet; the first wait will be `first`, none will be longer than `most`.
    pub(super) const fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, failures: 0, until: None }
    }

    /// Whether it may be tried at `now`.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now >= until)
    }

    /// Whether there has been a failure since the last success.
    pub(super) const fn is_waiting(&self) -> bool {
        self.until.is_some()
    }

    /// Counts a failure at `now` and returns the wait that follows it.
    pub(super) fn fail(&mut self, now: Instant) -> Duration {
        let factor = 2_u32.saturating_pow(self.failures);
        let wait = self.first.saturating_mul(factor).min(self.most);
        self.failures = self.failures.saturating_add(1);
        self.until = now.checked_add(wait);
        wait
    }

    /// Waits the longest from `now`, however few failures there were.
    pub(super) fn give_up(&mut self, now: Instant) {
        self.until = now.checked_add(self.most);
    }

    /// Forgets all failures.
    pub(super) fn succeed(&mut self) {
        self.failures = 0;
        self.until = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_the_first_to_the_longest_and_stay_there() {
        let now = Instant::now();
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(1));
        let waits: Vec<u64> = (0..9).map(|_| backoff.fail(now).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        for _ in 0..100 {
            assert_eq!(backoff.fail(now), Duration::from_mins(1));
        }
        backoff.succeed();
        assert_eq!(backoff.fail(now), Duration::from_secs(1));
    }

    #[test]
    fn it_may_be_tried_again_when_the_wait_is_over_and_not_before() {
        let now = Instant::now();
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(1));
        assert!(backoff.is_over(now));
        backoff.fail(now);
        assert!(!backoff.is_over(now + Duration::from_millis(999)));
        assert!(backoff.is_waiting());
        assert!(backoff.is_over(now + Duration::from_secs(1)));
        backoff.give_up(now);
        assert!(!backoff.is_over(now + Duration::from_secs(59)));
        assert!(backoff.is_over(now + Duration::from_mins(1)));
    }
}
