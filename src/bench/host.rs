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
    /// Until when an engine kept sandboxes of the run: what those used is not told from other work.
    in_engine: Option<Stamp>,
}

impl Host {
    pub(super) fn new(roots: Roots) -> Self {
        Self { sensors: Sensors::find(&roots), roots, past: VecDeque::new(), in_engine: None }
    }

    /// Reads the counters; `own` is what the sandboxes have used so far.
    pub(super) fn mark(&mut self, now: Stamp, own: Option<Usage>) {
        self.past.push_back((now, Counters::read(&self.roots, &self.sensors, own)));
    }

    /// Takes note that an engine kept sandboxes of the run until the last mark.
    pub(super) fn was_in_engine(&mut self) {
        self.in_engine = self.past.back().map(|(now, _)| *now);
    }

    /// Whether what the run's sandboxes used from `then` on is told from what others did.
    fn is_told(&self, then: Stamp) -> bool {
        self.in_engine.is_none_or(|until| until <= then)
    }

    /// What the host did from `start` until the last mark.
    pub(super) fn since(&mut self, start: Stamp) -> HostState {
        let Some((now, counters)) = self.past.back().copied() else {
            return HostState::default();
        };
        let length = now.since(start).max(SHORTEST);
        self.forget(now, length);
        self.past.front().map_or_else(HostState::default, |(then, earlier)| {
            let host = counters.since(earlier, now.since(*then));
            let other_cores = host.other_cores.filter(|_| self.is_told(*then));
            HostState { other_cores, ..host }
        })
    }

    /// How long something waited from `start` until the last mark, the sandboxes included, and where an
    /// engine kept them the whole machine; `None` where the kernel does not tell.
    pub(super) fn waits(&self, start: Stamp) -> Option<Waits> {
        let (now, mut counters) = self.past.back().copied()?;
        let (then, earlier) = self.past.iter().rev().find(|(then, _)| *then <= start)?;
        counters.own = counters.own.filter(|_| self.is_told(*then));
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

    #[test]
    fn what_an_engines_containers_use_is_not_told_as_other_work() {
        let proc = tempfile::tempdir().unwrap();
        let own = "1 (a) S 1 1 1 0 -1 1 1 2 3 4 0 0 0 0 20";
        std::fs::create_dir(proc.path().join("self")).unwrap();
        std::fs::create_dir(proc.path().join("pressure")).unwrap();
        std::fs::write(proc.path().join("self/stat"), own).unwrap();
        let at = |mono_ms| Stamp { mono_ms, wall_ms: 0 };
        let mark = |host: &mut Host, mono_ms: u64| {
            // One processor is busy, and something waits for it, all the time.
            let stat = format!("cpu  {} 0 0 0 0 0 0 0 0 0\n", mono_ms / 10);
            std::fs::write(proc.path().join("stat"), stat).unwrap();
            let stall = format!("some avg10=0.00 total={}\n", mono_ms * 1_000);
            std::fs::write(proc.path().join("pressure/cpu"), stall).unwrap();
            let own = Usage { cpu: Some(0), cpu_stall: Some(0), ..Usage::default() };
            host.mark(at(mono_ms), Some(own));
        };
        let waits = |host: &Host| host.waits(at(0)).and_then(|waits| waits.cpu);
        let roots = Roots { proc: proc.path().to_owned(), sys: proc.path().to_owned() };
        let mut host = Host::new(roots);
        mark(&mut host, 0);
        mark(&mut host, 2_000);
        assert_eq!((host.since(at(0)).other_cores, waits(&host)), (Some(1.0), Ratio::new(0.0)));
        host.was_in_engine();
        assert_eq!((host.since(at(0)).other_cores, waits(&host)), (None, Ratio::new(1.0)));
        mark(&mut host, 2_100);
        assert_eq!(host.since(at(2_000)).other_cores, None, "it is looked at from before it began");
        mark(&mut host, 2_700);
        assert_eq!(host.since(at(2_100)).other_cores, Some(1.0));
    }
}
