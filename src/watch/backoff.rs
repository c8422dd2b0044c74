//! How long to wait before something that failed is tried again.

use std::time::Duration;

/// 1 s after the first failure, twice as long after each further one, never more than a minute.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The shortest wait.
    pub const SHORTEST: Duration = Duration::from_secs(1);
    /// The longest wait.
    pub const LONGEST: Duration = Duration::from_mins(1);

    /// Notes a failure; returns how long to wait.
    pub fn fail(&mut self) -> Duration {
        let factor = 2_u32.saturating_pow(self.failures);
        self.failures = self.failures.saturating_add(1);
        Self::SHORTEST.saturating_mul(factor).min(Self::LONGEST)
    }

    /// Notes a success; true if it failed before.
    pub fn succeed(&mut self) -> bool {
        std::mem::take(&mut self.failures) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_a_second_to_a_minute() {
        let mut backoff = Backoff::default();
        let waits: Vec<u64> = (0..8).map(|_| backoff.fail().as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn no_number_of_failures_overflows() {
        let mut backoff = Backoff { failures: u32::MAX };
        assert_eq!(backoff.fail(), Backoff::LONGEST);
        assert!(backoff.succeed());
        assert!(!backoff.succeed());
        assert_eq!(backoff.fail(), Backoff::SHORTEST);
    }
}
