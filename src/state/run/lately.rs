//! How many of something came in each of the last seconds of a run, by the run's own time.
//!
//! A rate over the whole of a run hides that it stands still; one between the last two hides all else.

/// Seconds that are looked back at.
const SECONDS: usize = 10;

/// Counts of the last ten seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lately {
    /// The second that was counted in last; `None` before the first.
    second: Option<u64>,
    /// The second that was counted in first.
    first: u64,
    counts: [u32; SECONDS],
}

impl Lately {
    /// Counts one at `at_seconds` since the run began. What is no time of a run counts nowhere, and what
    /// is older than what is kept neither.
    pub fn count(&mut self, at_seconds: f64) {
        if !(0.0..1e9).contains(&at_seconds) {
            return;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..1e9")]
        let second = at_seconds as u64;
        let last = self.second.unwrap_or_else(|| {
            self.first = second;
            second
        });
        for passed in (last + 1..=second).rev().take(SECONDS) {
            self.counts[slot(passed)] = 0;
        }
        self.second = Some(last.max(second));
        if last.max(second) - second < SECONDS as u64 {
            let count = &mut self.counts[slot(second)];
            *count = count.saturating_add(1);
        }
    }

    /// How many came each second before `now_seconds`, over at most ten seconds; `None` before
    /// the first.
    pub fn per_second(&self, now_seconds: f64) -> Option<f64> {
        let last = self.second?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it saturates, and what is no number is 0"
        )]
        let now = (now_seconds as u64).max(last);
        let seen = (now.saturating_sub(SECONDS as u64 - 1)..=last).filter(|at| *at >= self.first);
        let total: f64 = seen.map(|at| f64::from(self.counts[slot(at)])).sum();
        let long = (now_seconds - self.first as f64).max(1.0).min(SECONDS as f64);
        Some(total / long)
    }
}

/// Where the counts of `second` are.
const fn slot(second: u64) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "below SECONDS")]
    let slot = (second % SECONDS as u64) as usize;
    slot
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_of_the_last_seconds_alone() {
        let mut lately = Lately::default();
        assert_eq!(lately.per_second(3.0), None);
        for tenth in 0..300 {
            lately.count(f64::from(tenth) / 10.0);
        }
        let rate = lately.per_second(30.0).unwrap();
        assert!((9.0..=10.0).contains(&rate), "{rate}");
        assert_eq!(lately.per_second(60.0), Some(0.0), "nothing came for long");
        lately.count(1_000.0);
        assert_eq!(lately.per_second(1_000.5), Some(0.1), "what was before is forgotten");
    }

    #[test]
    fn odd_times_count_nowhere_and_do_no_harm() {
        let mut lately = Lately::default();
        for odd in [f64::NAN, -1.0, f64::INFINITY, 1e12] {
            lately.count(odd);
        }
        assert_eq!(lately.per_second(1.0), None);
        lately.count(100.0);
        lately.count(1.0);
        assert_eq!(lately.per_second(f64::NAN), Some(1.0));
    }
}
