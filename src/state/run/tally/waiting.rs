//! Who waited for what over time, in the steps of a load.
//!
//! A file says of each sandbox when it was meant to come, when it was asked for and how long it took to be
//! ready; who waited at an instant follows from that. What the work itself waited for is known of a step
//! as a whole.

use std::collections::VecDeque;

use crate::model::bench::{BenchStage, Phase, Phases};
use crate::model::load::{Shot, Step, Stride, Waits};

/// Instants that are kept; and of each step.
pub(super) const INSTANTS: (usize, usize) = (1_024, 16);

/// How many waited at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Waiting {
    /// When.
    pub at_seconds: f64,
    /// For what.
    pub stage: BenchStage,
    /// How many: arrivals that were not begun; in a closed loop sandboxes that were asked for and not
    /// ready.
    pub queue: u64,
    /// Whether it held back what feeds it: more arrivals waited than were at work; in a closed loop, the
    /// work waited for the machine most of the time.
    pub active: bool,
    /// What the work waited for.
    pub waits: Waits,
}

impl Waiting {
    /// This instant and the one after it as one.
    fn joined(self, next: Self) -> Self {
        Self {
            queue: self.queue.max(next.queue),
            active: self.active || next.active,
            waits: self.waits.most(next.waits),
            ..next
        }
    }
}

/// Who waited in `step` of `stage`, at instants through its window.
pub(super) fn of_step(stage: BenchStage, step: &Step) -> Vec<Waiting> {
    let waits = waits(step);
    let begun = |shot: &Shot| Some(shot.at_seconds.0);
    let (mut came, mut went) = match step.stride {
        Stride::Latency { .. } => {
            (times(step, |shot| Some(shot.intended_seconds?.0)), times(step, begun))
        }
        Stride::Throughput { .. } => (times(step, begun), times(step, |shot| Some(ready(shot)))),
        _ => (Vec::new(), Vec::new()),
    };
    came.sort_by(f64::total_cmp);
    went.sort_by(f64::total_cmp);
    let by = |times: &[f64], at: f64| times.partition_point(|time| *time <= at);
    let instant = |part: usize| {
        let at = step.window_seconds.0 * part as f64 / INSTANTS.1 as f64;
        let queue = by(&came, at).saturating_sub(by(&went, at)) as u64;
        let active = match step.stride {
            Stride::Latency { most, .. } => queue > u64::from(most),
            _ => waits.holds(),
        };
        Waiting { at_seconds: step.at_seconds.0 + at, stage, queue, active, waits }
    };
    let first = if came.is_empty() { INSTANTS.1 } else { 1 };
    (first..=INSTANTS.1).map(instant).collect()
}

/// What a step waited for; in files of before that was kept, what others than its sandboxes did.
fn waits(step: &Step) -> Waits {
    let host = &step.host;
    step.waits.unwrap_or(Waits {
        cpu: host.cpu_pressure,
        memory: host.memory_pressure,
        io: host.io_pressure,
    })
}

fn times(step: &Step, of: impl Fn(&Shot) -> Option<f64>) -> Vec<f64> {
    step.shots.iter().filter_map(of).collect()
}

/// When it was ready; when it ended, for one that never was.
fn ready(shot: &Shot) -> f64 {
    until_ready(&shot.phases).map_or(shot.done_seconds.0, |took| shot.at_seconds.0 + took)
}

fn until_ready(phases: &Phases) -> Option<f64> {
    phases.until(Phase::Ready).or_else(|| phases.until(Phase::Boot)).map(|took| took.0)
}

/// Makes one of each two neighbours of a stage where there are too many: long runs are seen as a whole,
/// and less finely.
pub(super) fn thin(all: &mut VecDeque<Waiting>) {
    if all.len() <= INSTANTS.0 {
        return;
    }
    let mut told = std::mem::take(all).into_iter().peekable();
    while let Some(one) = told.next() {
        let next = told.next_if(|next| next.stage == one.stage);
        all.push_back(next.map_or(one, |next| one.joined(next)));
    }
    // Of stages that take turns no two are neighbours.
    all.drain(..all.len().saturating_sub(INSTANTS.0));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_becomes_less_fine_and_stays_whole() {
        let at = |at: u16| Waiting {
            at_seconds: f64::from(at),
            stage: BenchStage::Throughput,
            queue: u64::from(at),
            active: at == 4,
            waits: Waits::default(),
        };
        let mut all: VecDeque<Waiting> = (0..1_025).map(at).collect();
        thin(&mut all);
        assert_eq!(all.len(), 513);
        assert_eq!((all[0].queue, all[2].active, all[3].active), (1, true, false));
        assert_eq!(all[512], at(1_024));
    }
}
