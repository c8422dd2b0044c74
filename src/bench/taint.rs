//! From which point on the host counts as disturbing. Pure.

use crate::model::bench::{HostState, Taint};
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
        }
    }
}

/// What `host` was disturbed by. What is not known disturbs nothing.
pub fn taints(host: &HostState, bounds: &Thresholds) -> Vec<Taint> {
    let over = |share: Option<Ratio>, bound: f64| share.is_some_and(|is| is.fraction() > bound);
    let found = [
        (over(host.steal, bounds.steal), Taint::Steal),
        (over(host.cpu_pressure, bounds.cpu_pressure), Taint::CpuPressure),
        (over(host.memory_pressure, bounds.memory_pressure), Taint::MemoryPressure),
        (over(host.io_pressure, bounds.io_pressure), Taint::IoPressure),
        (host.other_cores.is_some_and(|cores| cores > bounds.other_cores), Taint::OtherWork),
    ];
    found.into_iter().filter_map(|(is, taint)| is.then_some(taint)).collect()
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
            switches_per_second: None,
            clock: None,
            throttles: None,
            gpu: None,
        };
        for host in [quiet, HostState::default()] {
            assert_eq!(taints(&host, &Thresholds::of(2)), []);
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
            clock: None,
            throttles: None,
            gpu: None,
        };
        let all = [
            Taint::Steal,
            Taint::CpuPressure,
            Taint::MemoryPressure,
            Taint::IoPressure,
            Taint::OtherWork,
        ];
        assert_eq!(taints(&busy, &Thresholds::of(2)), all);
        assert_eq!(taints(&busy, &Thresholds::of(64)), all[..4]);
    }
}
