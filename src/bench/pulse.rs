//! Notices that isomon was stopped (SIGSTOP, a debugger) or the machine slept.
//!
//! While a sample runs, a beat comes ten times a second. A gap of more than [`GAP`] on the
//! monotonic clock means that nobody beat; the same on the wall clock alone means sleep, through
//! which the monotonic clock stands still. A large step of the wall clock looks like sleep too:
//! rather one sample marked without need than one not marked.

use std::future::Future;
use std::time::Duration;

use crate::model::time::{Clock, Stamp};

const BEAT: Duration = Duration::from_millis(100);
/// Longest gap that a busy machine explains.
const GAP: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Pulse {
    last: Stamp,
    paused: bool,
}

impl Pulse {
    pub(super) const fn new(now: Stamp) -> Self {
        Self { last: now, paused: false }
    }

    /// Something is measured from now on; what was before it does not matter.
    pub(super) const fn begin(&mut self, now: Stamp) {
        *self = Self::new(now);
    }

    /// Takes note of the present.
    fn beat(&mut self, now: Stamp) {
        let wall = now.wall_ms.saturating_sub(self.last.wall_ms);
        let wall = Duration::from_millis(u64::try_from(wall).unwrap_or(0));
        self.paused |= now.since(self.last).max(wall) > GAP;
        self.last = now;
    }

    /// Whether there was a gap since it began, told once.
    pub(super) const fn take(&mut self) -> bool {
        std::mem::replace(&mut self.paused, false)
    }

    /// Beats until `work` is done.
    pub(super) async fn during<T>(
        &mut self,
        clock: &dyn Clock,
        work: impl Future<Output = T>,
    ) -> T {
        tokio::pin!(work);
        loop {
            let done = tokio::time::timeout(BEAT, &mut work).await;
            self.beat(clock.now());
            if let Ok(done) = done {
                return done;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(mono_ms: u64, wall_ms: i64) -> Stamp {
        Stamp { mono_ms, wall_ms }
    }

    #[test]
    fn a_gap_on_either_clock_is_a_pause_and_is_told_once() {
        let mut pulse = Pulse::new(at(0, 0));
        for (now, paused) in [
            (at(900, 900), false),
            (at(2_000, 2_000), true),
            (at(2_100, 2_100), false),
            (at(2_200, 9_000), true),
            (at(2_300, -5_000), false),
        ] {
            pulse.beat(now);
            assert_eq!(pulse.take(), paused, "{now:?}");
        }
    }

    #[test]
    fn what_was_before_it_began_is_no_pause() {
        let mut pulse = Pulse::new(at(0, 0));
        pulse.beat(at(5_000, 5_000));
        pulse.begin(at(9_000, 90_000));
        pulse.beat(at(9_100, 90_100));
        assert!(!pulse.take());
        pulse.beat(at(10_200, 91_200));
        assert!(pulse.take());
    }
}
