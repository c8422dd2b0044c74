//! Processes as they were over the last few seconds: what a glance at a machine should see.
//!
//! What runs for a moment each second would make a list sorted by the present use jump each second.
//! Here the order and the numbers are of a whole stretch of time, and stay until it is over.

use std::collections::HashMap;

use crate::model::process::Process;
use crate::model::reading::Reading;
use crate::model::time::Stamp;

/// Length of a stretch.
pub const STRETCH_MS: u64 = 5_000;

/// The processes of the last whole stretch.
#[derive(Clone, Debug, Default)]
pub struct Lately {
    /// When the stretch that goes on began, and what each process had used by then, in seconds.
    begun: Option<(Stamp, HashMap<u32, f64>)>,
    /// The processes at the end of the last stretch, the busiest first and then the largest;
    /// `cpu_cores` is the mean over the stretch, or over its life if that is shorter.
    pub processes: Vec<Process>,
    /// Length of the last stretch; 0 before the first one is over.
    pub stretch_ms: u64,
}

impl Lately {
    /// Takes in the processes at `at`. The first stretch is over with the second sample.
    pub(super) fn take(&mut self, processes: &[Process], at: Stamp) {
        let Some((begun, used)) = &self.begun else {
            processes.clone_into(&mut self.processes);
            return self.begin(processes, at);
        };
        let length = at.mono_ms.saturating_sub(begun.mono_ms);
        if length == 0 || (self.stretch_ms > 0 && length < STRETCH_MS) {
            return;
        }
        let seconds = length as f64 / 1e3;
        self.processes = processes.iter().map(|process| mean(process, used, seconds)).collect();
        self.processes.sort_by(busiest_first);
        self.stretch_ms = length;
        self.begin(processes, at);
    }

    fn begin(&mut self, processes: &[Process], at: Stamp) {
        let used = processes.iter().map(|process| (process.pid, process.cpu_seconds.0));
        self.begun = Some((at, used.collect()));
    }
}

fn mean(process: &Process, used: &HashMap<u32, f64>, seconds: f64) -> Process {
    let before = used.get(&process.pid).copied().unwrap_or_default();
    let cores = (process.cpu_seconds.0 - before) / seconds;
    let mut process = process.clone();
    // A number that went down is another process with the same id: what it says itself stands.
    if cores >= 0.0 {
        process.cpu_cores = Reading::Known(cores);
    }
    process
}

fn busiest_first(left: &Process, right: &Process) -> std::cmp::Ordering {
    let cores = |process: &Process| process.cpu_cores.get().unwrap_or(-1.0);
    let busier = cores(right).total_cmp(&cores(left));
    busier.then_with(|| right.memory_bytes.0.cmp(&left.memory_bytes.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::unit::{Bytes, Seconds};

    fn process(pid: u32, cpu_seconds: f64, mib: u64) -> Process {
        let memory_bytes = Bytes(mib << 20);
        Process { pid, cpu_seconds: Seconds(cpu_seconds), memory_bytes, ..Process::default() }
    }

    fn order(lately: &Lately) -> Vec<(u32, Option<f64>)> {
        lately.processes.iter().map(|process| (process.pid, process.cpu_cores.get())).collect()
    }

    fn at(mono_ms: u64) -> Stamp {
        Stamp { mono_ms, wall_ms: 0 }
    }

    #[test]
    fn order_and_numbers_stand_still_for_a_stretch() {
        let mut lately = Lately::default();
        lately.take(&[process(1, 0.0, 5), process(2, 0.0, 9)], at(0));
        lately.take(&[process(1, 0.5, 5), process(2, 0.0, 9)], at(1_000));
        assert_eq!(order(&lately), [(1, Some(0.5)), (2, Some(0.0))]);
        lately.take(&[process(1, 0.5, 5), process(2, 1.0, 9)], at(3_000));
        assert_eq!(order(&lately), [(1, Some(0.5)), (2, Some(0.0))]);
        lately.take(&[process(1, 0.5, 5), process(2, 1.0, 9)], at(6_000));
        assert_eq!(order(&lately), [(2, Some(0.2)), (1, Some(0.0))]);
    }

    #[test]
    fn the_idle_stand_by_size_and_another_process_of_the_same_id_is_not_negative() {
        let mut lately = Lately::default();
        lately.take(&[process(1, 9.0, 5), process(2, 0.0, 1), process(3, 0.0, 9)], at(0));
        lately.take(&[process(1, 0.1, 5), process(2, 0.0, 1), process(3, 0.0, 9)], at(1_000));
        assert_eq!(order(&lately), [(3, Some(0.0)), (2, Some(0.0)), (1, None)]);
    }
}
