//! From which point on the host counts as disturbing. Pure.

use std::collections::VecDeque;

use super::sorted::Sorted;
use crate::model::bench::{HostState, Taint};
use crate::model::load::Stride;
use crate::model::unit::Ratio;

/// Above these a sample is marked. What the sandboxes themselves use and wait for is left out where
/// they are in control groups; without, some of it is in here, and the bounds are above that. On a
/// quiet machine of two processors a lone sandbox of any kind, one that runs into its limits too,
/// was seen with at most 5 % pressure of others and a tenth of a core of other work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Share of processor time stolen: 2 %.
    pub steal: f64,
    /// Share of time with a task waiting for a processor: 25 %.
    pub cpu_pressure: f64,
    /// Share of time with a task waiting for memory: 5 %; a quiet machine has none.
    pub memory_pressure: f64,
    /// Share of time with a task waiting for I/O: 20 %.
    pub io_pressure: f64,
    /// Cores that others keep busy: a tenth of them, half a core at least.
    pub other_cores: f64,
    /// Clock of the processors as a share of what it was in the middle of the run's other samples:
    /// below 80 %. A governor moves it by less from one moment to the next while there is work.
    pub clock: f64,
    /// Share of time with work on a GPU: 50 %. A sample that is marked was beside somebody's work; no
    /// sandbox of isomon's uses a GPU.
    pub gpu: f64,
}

impl Thresholds {
    /// Those of a machine with `cpus` processors.
    pub fn of(cpus: u32) -> Self {
        Self {
            steal: 0.02,
            cpu_pressure: 0.25,
            memory_pressure: 0.05,
            io_pressure: 0.20,
            other_cores: (f64::from(cpus) / 10.0).max(0.5),
            clock: 0.80,
            gpu: 0.50,
        }
    }
}

/// What `host` was disturbed by, in a run whose processors have the `usual` clock. What is not known
/// disturbs nothing. One time that a processor was slowed down for heat is enough.
pub fn taints(host: &HostState, bounds: &Thresholds, usual: Option<Ratio>) -> Vec<Taint> {
    let slow = host.clock.zip(usual);
    let slow = slow.is_some_and(|(is, usual)| is.fraction() < bounds.clock * usual.fraction());
    let over = |share: Option<Ratio>, bound: f64| share.is_some_and(|is| is.fraction() > bound);
    let found = [
        (over(host.steal, bounds.steal), Taint::Steal),
        (over(host.cpu_pressure, bounds.cpu_pressure), Taint::CpuPressure),
        (over(host.memory_pressure, bounds.memory_pressure), Taint::MemoryPressure),
        (over(host.io_pressure, bounds.io_pressure), Taint::IoPressure),
        (host.other_cores.is_some_and(|cores| cores > bounds.other_cores), Taint::OtherWork),
        (host.throttles.is_some_and(|times| times > 0), Taint::Throttled),
        (slow, Taint::SlowClock),
        (over(host.gpu, bounds.gpu), Taint::GpuWork),
    ];
    found.into_iter().filter_map(|(is, taint)| is.then_some(taint)).collect()
}

/// What a step of a load was disturbed by. What the step is there to bring about is no disturbance:
/// many at once wait for processors, and sandboxes that are stood up until there is no more room
/// press on memory.
pub fn of_step(stride: Stride, found: Vec<Taint>) -> Vec<Taint> {
    let own: &[Taint] = match stride {
        Stride::Throughput { .. } | Stride::Latency { .. } | Stride::Neighbour { .. } => {
            &[Taint::CpuPressure]
        }
        Stride::Density { .. } => &[Taint::CpuPressure, Taint::MemoryPressure, Taint::IoPressure],
        Stride::Memory { .. } => &[Taint::CpuPressure],
    };
    found.into_iter().filter(|taint| !own.contains(taint)).collect()
}

/// The clocks of a run's latest samples, for the one in their middle.
#[derive(Clone, Debug, Default)]
pub struct Clocks(VecDeque<f64>);

/// Samples whose clocks are remembered: enough for a median, few enough to be sorted each time.
const CLOCKS: usize = 101;

impl Clocks {
    /// Takes note of a sample's clock.
    pub fn note(&mut self, clock: Option<Ratio>) {
        if self.0.len() == CLOCKS {
            self.0.pop_front();
        }
        self.0.extend(clock.map(Ratio::fraction));
    }

    /// The clock in the middle.
    pub fn usual(&self) -> Option<Ratio> {
        let all = Sorted::new(self.0.iter().copied().collect())?;
        Ratio::new(all.median())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_host_and_an_unknown_one_disturb_nothing() {
        let quiet = HostState {
            steal: Ratio::new(0.02),
            cpu_pressure: Ratio::new(0.1),
            memory_pressure: Ratio::new(0.0),
            io_pressure: Ratio::new(0.1),
            other_cores: Some(0.5),
            switches_per_second: Some(1e6),
            clock: Ratio::new(0.81),
            throttles: Some(0),
            gpu: Ratio::new(0.5),
        };
        for host in [quiet, HostState::default()] {
            assert_eq!(taints(&host, &Thresholds::of(2), Ratio::new(1.0)), []);
        }
    }

    #[test]
    fn each_disturbance_is_named() {
        let full = Ratio::new(1.0);
        let busy = HostState {
            steal: full,
            cpu_pressure: full,
            memory_pressure: full,
            io_pressure: full,
            other_cores: Some(5.0),
            switches_per_second: None,
            clock: Ratio::new(0.79),
            throttles: Some(1),
            gpu: full,
        };
        let all = [
            Taint::Steal,
            Taint::CpuPressure,
            Taint::MemoryPressure,
            Taint::IoPressure,
            Taint::OtherWork,
            Taint::Throttled,
            Taint::SlowClock,
            Taint::GpuWork,
        ];
        assert_eq!(taints(&busy, &Thresholds::of(2), full), all);
        assert!(!taints(&busy, &Thresholds::of(64), full).contains(&Taint::OtherWork));
        assert!(!taints(&busy, &Thresholds::of(2), None).contains(&Taint::SlowClock));
    }

    #[test]
    fn the_usual_clock_is_the_one_in_the_middle_of_the_latest() {
        let mut clocks = Clocks::default();
        assert_eq!(clocks.usual(), None);
        (0..500).for_each(|_| clocks.note(Ratio::new(0.5)));
        clocks.note(None);
        (0..51).for_each(|_| clocks.note(Ratio::new(1.0)));
        assert_eq!(clocks.usual(), Ratio::new(1.0));
    }

    #[test]
    fn what_a_load_is_there_for_disturbs_it_not() {
        let both = vec![Taint::Steal, Taint::CpuPressure];
        let stride = Stride::Throughput { at_once: 4 };
        assert_eq!(of_step(stride, both), [Taint::Steal]);
        let pressed = vec![Taint::MemoryPressure];
        assert_eq!(of_step(Stride::Density { most: 9 }, pressed.clone()), []);
        assert_eq!(of_step(stride, pressed.clone()), pressed);
    }
}
