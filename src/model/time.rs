//! When something happened, on two clocks.
//!
//! The wall clock is for people and may jump; the monotonic clock is for lengths and ages. Both are
//! handed in through [`Clock`], so that no test sleeps and replay can say what time it is.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One instant, read from both clocks.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct Stamp {
    /// Milliseconds since boot on the monotonic clock of the machine that stamped.
    pub mono_ms: u64,
    /// Milliseconds since 1970-01-01T00:00:00Z; may jump.
    pub wall_ms: i64,
}

impl Stamp {
    /// Time from `earlier` to this, by the monotonic clock; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.mono_ms.saturating_sub(earlier.mono_ms))
    }

    /// The wall time in RFC 3339, UTC, with milliseconds.
    pub fn rfc3339(self) -> String {
        jiff::Timestamp::from_millisecond(self.wall_ms)
            .map_or_else(|_| "—".to_owned(), |at| format!("{at:.3}"))
    }
}

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Stamp;

    /// The wall clock in nanoseconds since 1970 UTC, as finely as it tells.
    fn wall_ns(&self) -> i64 {
        self.now().wall_ms.saturating_mul(1_000_000)
    }

    /// Whether it goes on as the kernel's clock does, so that a thread can sleep by it.
    fn is_real(&self) -> bool {
        false
    }
}

/// The machine's own clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Stamp {
        let mono = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let wall = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
        let milliseconds =
            |time: rustix::time::Timespec| time.tv_sec * 1000 + time.tv_nsec / 1_000_000;
        Stamp {
            mono_ms: u64::try_from(milliseconds(mono)).unwrap_or_default(),
            wall_ms: milliseconds(wall),
        }
    }

    fn wall_ns(&self) -> i64 {
        let wall = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
        wall.tv_sec.saturating_mul(1_000_000_000).saturating_add(wall.tv_nsec)
    }

    fn is_real(&self) -> bool {
        true
    }
}

/// A clock that stands still until it is set; for tests and replay.
#[derive(Debug, Default)]
pub struct SetClock(std::sync::atomic::AtomicU64);

impl SetClock {
    /// Moves the clock to `mono_ms` (the wall clock shows the same since 1970).
    pub fn set(&self, mono_ms: u64) {
        self.0.store(mono_ms, std::sync::atomic::Ordering::Relaxed);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Stamp {
        let mono_ms = self.0.load(std::sync::atomic::Ordering::Relaxed);
        Stamp { mono_ms, wall_ms: i64::try_from(mono_ms).unwrap_or(i64::MAX) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_never_negative() {
        let (early, late) = (Stamp { mono_ms: 5, wall_ms: 900 }, Stamp { mono_ms: 9, wall_ms: 1 });
        assert_eq!(late.since(early), Duration::from_millis(4));
        assert_eq!(early.since(late), Duration::ZERO);
    }

    #[test]
    fn wall_time_is_rfc_3339_in_utc() {
        assert_eq!(Stamp { mono_ms: 0, wall_ms: 1_500 }.rfc3339(), "1970-01-01T00:00:01.500Z");
    }
}
