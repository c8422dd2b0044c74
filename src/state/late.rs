//! After how much silence a node is late: what it told is no longer of now.

use super::Node;
use crate::model::origin::Kind;

/// Silence, in milliseconds, after which no other node is late yet, however short its interval.
const PATIENCE_MS: u64 = 5_000;
/// Milliseconds between two looks at what a machine finds on itself, models and agents, however often the
/// machine is sampled.
pub const FOUND_EVERY_MS: u64 = 5_000;

impl Node {
    /// Silence, in milliseconds, after which it is late: three of its intervals, and for another
    /// machine 5 s at least. This machine itself is sampled every `own_ms`.
    pub fn late_ms(&self, own_ms: u64) -> u64 {
        let other = self.origin.as_ref().filter(|origin| origin.kind != Kind::Local);
        let seconds =
            other.map(|origin| origin.interval_seconds.0).filter(|seconds| *seconds > 0.0);
        let Some(seconds) = seconds else {
            return own_ms.saturating_mul(3).saturating_add(500);
        };
        let interval = std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default();
        let interval_ms = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        interval_ms.saturating_mul(3).max(PATIENCE_MS)
    }

    /// The same of what is found there, which is looked at less often than the machine is sampled. A server
    /// that is asked by itself tells at its own interval.
    pub fn found_late_ms(&self, own_ms: u64) -> u64 {
        let kind = self.origin.as_ref().map_or(Kind::Local, |origin| origin.kind);
        let finds = matches!(kind, Kind::Local | Kind::Isomon | Kind::Ssh);
        let least = if finds { 3 * FOUND_EVERY_MS } else { 0 };
        self.late_ms(own_ms).max(least)
    }
}
