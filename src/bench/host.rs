//! What the host did during a sample, or during the half second up to its end if it was shorter.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::bench::HostState;
use crate::model::load::Waits;
use crate::model::root::Roots;
use crate::model::time::Stamp;
use crate::model::usage::Usage;
use crate::probe::interference::{Counters, SHORTEST, Sensors};

/// Counters of the near past.
#[derive(Debug)]
pub(super) struct Host {
    roots: Roots,
    sensors: Sensors,
    past: VecDeque<(Stamp, Counters)>,
}

impl Host {
    pub(super) fn new(roots: Roots) -> Self {
        Self { sensors: Sensors::find(&roots), roots, past: VecDeque::new() }
    }

    /// Reads the counters; `own` is what the sandboxes have used so far.
    pub(super) fn mark(&mut self, now: Stamp, own: Option<Usage>) {
        self.past.push_back((now, Counters::read(&self.roots, &self.sensors, own)));
    }

    /// What the host did from `start` until the last mark.
    pub(super) fn since(&mut self, start: Stamp) -> HostState {
        let Some((now, counters)) = self.past.back().copied() else {
            return HostState::default();
        };
        let length = now.since(start).max(SHORTEST);
        self.forget(now, length);
        self.past.front().map_or_else(HostState::default, |(then, earlier)| {
            counters.since(earlier, now.since(*then))
        })
    }

    /// How long something waited from `start` until the last mark, the sandboxes included; `None` where
    /// the kernel does not tell.
    pub(super) fn waits(&self, start: Stamp) -> Option<Waits> {
        let (now, counters) = self.past.back()?;
        let (then, earlier) = self.past.iter().rev().find(|(then, _)| *then <= start)?;
        let waits = counters.waits_since(earlier, now.since(*then));
        (!waits.is_unknown()).then_some(waits)
    }

    /// Drops what is further back than it takes to look back over `length`.
    fn forget(&mut self, now: Stamp, length: Duration) {
        while self.past.get(1).is_some_and(|(then, _)| now.since(*then) >= length) {
            self.past.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::unit::Ratio;

    #[test]
    fn a_short_sample_is_seen_over_half_a_second() {
        let proc = tempfile::tempdir().unwrap();
        let steal = |ticks: u64| {
            let stat = format!("cpu  {} 0 0 0 0 0 0 {ticks} 0 0\n", 1_000 - ticks);
            std::fs::write(proc.path().join("stat"), stat).unwrap();
        };
        let at = |mono_ms| Stamp { mono_ms, wall_ms: 0 };
        let roots = Roots { proc: proc.path().to_owned(), sys: proc.path().to_owned() };
        let mut host = Host::new(roots);
        assert_eq!(host.since(at(0)), HostState::default());
        std::fs::write(proc.path().join("stat"), "cpu  0 0 0 0 0 0 0 0 0 0\n").unwrap();
        host.mark(at(0), None);
        host.mark(at(490), None);
        steal(500);
        host.mark(at(500), None);
        assert_eq!(host.since(at(490)).steal, Ratio::new(0.5));
        host.mark(at(5_000), None);
        assert_eq!(host.since(at(4_990)).steal, None, "nothing passed since");
        assert!(host.past.len() <= 2);
    }
}
