//! How often a slow reading is due.
//!
//! After a long sleep of the machine it is due once, not once for each turn that was missed.

use std::time::{Duration, Instant};

/// A turn that comes at most once in a period.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Every {
    period: Duration,
    last: Option<Instant>,
}

impl Every {
    /// A turn each `period`; the first comes at once.
    pub(crate) const fn new(period: Duration) -> Self {
        Self { period, last: None }
    }

    /// Whether the turn has come, and if so takes it.
    pub(crate) fn due(&mut self, now: Instant) -> bool {
        let due = self.last.is_none_or(|last| now.saturating_duration_since(last) >= self.period);
        if due {
            self.last = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_sleep_is_one_turn() {
        let start = Instant::now();
        let mut every = Every::new(Duration::from_secs(5));
        let mut at = |seconds| every.due(start + Duration::from_secs(seconds));
        assert_eq!(
            [0, 1, 5, 6, 7205, 7206, 3].map(&mut at),
            [true, false, true, false, true, false, false]
        );
    }
}
