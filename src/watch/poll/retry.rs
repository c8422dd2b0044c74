//! How long to wait before a source that does not answer is asked again.
//!
//! Soon at first, because most of what fails is back at once; then ever more seldom, up to a minute. The
//! wait is drawn anew each time from nothing to its bound, so that a thousand nodes behind one switch do
//! not come back in step. A source that answered only for a moment goes on where it left off: that is
//! what keeps one that flaps from being told up and down each second.

use std::time::Duration;

use rand::Rng;
use tokio::time::Instant;

/// The first bound.
pub const FIRST: Duration = Duration::from_secs(1);
/// The largest bound while the source is expected back.
pub const SOON: Duration = Duration::from_secs(8);
/// The largest bound.
pub const LONGEST: Duration = Duration::from_mins(1);
/// No wait is shorter.
pub const SHORTEST: Duration = Duration::from_millis(250);
/// How long it is expected back.
const EXPECTED: Duration = Duration::from_mins(2);
/// Who has answered for this long is well again.
const STEADY: Duration = Duration::from_secs(30);

/// What is remembered of failures.
#[derive(Clone, Copy, Debug, Default)]
pub struct Retry {
    failures: u32,
    down_since: Option<Instant>,
    up_since: Option<Instant>,
}

impl Retry {
    /// Notes a failure at `now`; true if the source answered until then, or was never asked.
    pub fn fail(&mut self, now: Instant) -> bool {
        self.failures = self.failures.saturating_add(1);
        self.up_since = None;
        if self.down_since.is_some() {
            return false;
        }
        self.down_since = Some(now);
        true
    }

    /// Notes an answer at `now`; true if the source did not answer before.
    pub fn succeed(&mut self, now: Instant) -> bool {
        let since = *self.up_since.get_or_insert(now);
        if now.duration_since(since) >= STEADY {
            self.failures = 0;
        }
        self.down_since.take().is_some()
    }

    /// The largest wait at `now` of a source that is asked each `interval`.
    pub fn bound(&self, now: Instant, interval: Duration) -> Duration {
        let doubled = FIRST.saturating_mul(2_u32.saturating_pow(self.failures.saturating_sub(1)));
        let expected = self.down_since.is_none_or(|since| now.duration_since(since) < EXPECTED);
        let most = if expected { SOON } else { LONGEST };
        doubled.min(most).max(interval.min(LONGEST))
    }

    /// How long to wait.
    pub fn wait(&self, now: Instant, interval: Duration, random: &mut impl Rng) -> Duration {
        self.bound(now, interval).mul_f64(random.random::<f64>()).max(SHORTEST)
    }

    /// Whether the source does not answer.
    pub const fn is_down(&self) -> bool {
        self.down_since.is_some()
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    const EACH: Duration = Duration::from_millis(100);

    #[tokio::test(start_paused = true)]
    async fn bounds_double_to_eight_seconds_and_after_two_minutes_to_a_minute() {
        let mut retry = Retry::default();
        let bounds: Vec<u64> = (0..6)
            .map(|_| {
                retry.fail(Instant::now());
                retry.bound(Instant::now(), EACH).as_secs()
            })
            .collect();
        assert_eq!(bounds, [1, 2, 4, 8, 8, 8]);
        tokio::time::advance(EXPECTED).await;
        retry.fail(Instant::now());
        assert_eq!(retry.bound(Instant::now(), EACH), LONGEST);
        for _ in 0..100 {
            retry.fail(Instant::now());
        }
        assert_eq!(retry.bound(Instant::now(), EACH), LONGEST, "no number of failures overflows");
        let slow = Duration::from_secs(20);
        assert_eq!(Retry::default().bound(Instant::now(), slow), slow, "never faster than asked");
    }

    #[tokio::test(start_paused = true)]
    async fn every_wait_is_within_its_bounds_and_no_two_nodes_keep_step() {
        let mut retry = Retry::default();
        let mut random = StdRng::seed_from_u64(7);
        for _ in 0..4 {
            retry.fail(Instant::now());
        }
        let waits: Vec<Duration> =
            (0..1_000).map(|_| retry.wait(Instant::now(), EACH, &mut random)).collect();
        assert!(waits.iter().all(|wait| (SHORTEST..=SOON).contains(wait)));
        let soon = waits.iter().filter(|wait| **wait < SOON / 2).count();
        assert!((400..600).contains(&soon), "{soon} of 1,000 in the first half");
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_flaps_is_asked_ever_more_seldom() {
        let mut retry = Retry::default();
        for _ in 0..4 {
            assert!(retry.fail(Instant::now()));
            tokio::time::advance(FIRST).await;
            assert!(retry.succeed(Instant::now()));
            assert!(!retry.succeed(Instant::now()), "told once");
        }
        assert_eq!(retry.bound(Instant::now(), EACH), SOON);
        tokio::time::advance(STEADY).await;
        retry.succeed(Instant::now());
        retry.fail(Instant::now());
        assert_eq!(retry.bound(Instant::now(), EACH), FIRST, "well again");
    }
}
