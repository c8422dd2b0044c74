//! Waiting for an instant to a tenth of a millisecond.
//!
//! The runtime's timers tick in milliseconds, which would be inside the latency of each arrival. So
//! the runtime waits until shortly before, a thread sleeps by the kernel's timer until closer still,
//! and what is left, at most [`SPIN`], is spent looking at the clock. At 1,000 arrivals a second
//! that is 5 % of a processor at most; a thread that woke late leaves nothing to spend.

use std::num::NonZeroU64;
use std::time::Duration;

use rustix::thread::{ClockId, NanosleepRelativeResult, Timespec, clock_nanosleep_relative};
use tokio::time::{Instant, sleep_until};

use crate::model::time::Clock;

/// So long before, the runtime is late by less.
const COARSE: Duration = Duration::from_millis(2);
/// So long before, a thread hands over to the task.
const SPIN: Duration = Duration::from_micros(50);
/// How late the kernel may wake the thread to spare itself timers, in nanoseconds; 50,000 otherwise.
const SLACK: u64 = 1_000;

/// How an instant is waited for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Punctual {
    /// To the runtime's millisecond: its time may be a simulated one.
    Coarse,
    /// As near as the machine can.
    Fine,
}

impl Punctual {
    /// As near as `clock` allows.
    pub(super) fn by(clock: &dyn Clock) -> Self {
        if clock.is_real() { Self::Fine } else { Self::Coarse }
    }

    /// Waits until `at`; never ends before.
    pub(super) async fn wait(self, at: Instant) {
        match self {
            Self::Coarse => sleep_until(at).await,
            Self::Fine => {
                if let Some(before) = at.checked_sub(COARSE).filter(|at| *at > Instant::now()) {
                    sleep_until(before).await;
                }
                if at.saturating_duration_since(Instant::now()) > SPIN {
                    // A runtime that shuts down runs no more threads, and waits for nothing.
                    tokio::task::spawn_blocking(move || doze(at)).await.ok();
                }
                // The bound is for a thread that never ran.
                while (Duration::from_nanos(1)..=SPIN).contains(&(at - Instant::now())) {
                    std::hint::spin_loop();
                }
                if Instant::now() < at {
                    sleep_until(at).await;
                }
            }
        }
    }
}

/// Sleeps until [`SPIN`] before `at`.
fn doze(at: Instant) {
    let usual = rustix::thread::current_timer_slack().ok().and_then(NonZeroU64::new);
    // Where it may not be set, the kernel is late by the usual 50 microseconds.
    rustix::thread::set_current_timer_slack(NonZeroU64::new(SLACK)).ok();
    let left = at.saturating_duration_since(Instant::now()).saturating_sub(SPIN);
    let mut left = Timespec::try_from(left).unwrap_or_default();
    while let NanosleepRelativeResult::Interrupted(rest) =
        clock_nanosleep_relative(ClockId::Monotonic, &left)
    {
        left = rest;
    }
    // The thread is lent: what it does next is not ours.
    rustix::thread::set_current_timer_slack(usual).ok();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{SetClock, SystemClock};

    #[tokio::test]
    async fn nothing_comes_before_its_time() {
        let fine = Punctual::by(&SystemClock);
        assert!(matches!(fine, Punctual::Fine));
        let begun = Instant::now();
        for micros in [0, 20, 49, 51, 400, 1_700, 2_300, 5_100] {
            let at = begun + Duration::from_micros(micros * 3);
            fine.wait(at).await;
            assert!(Instant::now() >= at, "{micros}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn simulated_time_passes_without_any_real_time() {
        let coarse = Punctual::by(&SetClock::default());
        assert!(matches!(coarse, Punctual::Coarse));
        let (begun, real) = (Instant::now(), std::time::Instant::now());
        coarse.wait(begun + Duration::from_hours(1)).await;
        assert!(begun.elapsed() >= Duration::from_hours(1));
        assert!(real.elapsed() < Duration::from_mins(10));
    }
}
