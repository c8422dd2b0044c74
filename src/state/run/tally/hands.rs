//! What the hands of a load did beside one another, and what each used.
//!
//! In a step all hands have the same time and the same kind of work, so that those of one step can be set
//! against each other: one that did fewer was slower, or was stuck. Over steps with other numbers of hands
//! only what each is behind may be added up.

use super::{Span, StageTally, WORKERS, WorkerTally, place};
use crate::model::load::{HandUse, Step};
use crate::model::unit::Bytes;

/// Notes what the hands of `step` used, and how far each is behind the busiest.
pub(super) fn note(tally: &mut StageTally, step: &Step) {
    let count = step.hands.len().min(WORKERS);
    let Some(span) = Span::new(step.at_seconds.0, step.window_seconds.0) else { return };
    if tally.workers.len() < count {
        let idle = WorkerTally { seen: (span.from, span.to), ..WorkerTally::default() };
        tally.workers.resize(count, idle);
    }
    for (worker, used) in tally.workers.iter_mut().zip(&step.hands) {
        worker.measure(used);
    }
    // Hands that had nothing at all are behind by everything.
    let mut done = vec![0_u64; count];
    for hand in step.shots.iter().filter_map(|shot| place(shot.hand?)) {
        if let Some(done) = done.get_mut(hand) {
            *done += 1;
        }
    }
    let most = done.iter().copied().max().unwrap_or(0);
    for (worker, done) in tally.workers.iter_mut().zip(done) {
        worker.behind = worker.behind.saturating_add(most - done);
    }
}

impl WorkerTally {
    fn measure(&mut self, used: &HandUse) {
        self.measured = self.measured.saturating_add(1);
        if let Some(cpu) = used.cpu_seconds.filter(|cpu| cpu.0 >= 0.0 && used.seconds.0 > 0.0) {
            let (over, spent) = self.cpu.unwrap_or_default();
            self.cpu = Some((over + used.seconds.0, spent + cpu.0));
        }
        let peak = used.peak_bytes.map(|bytes| bytes.0).max(self.peak.map(|bytes| bytes.0));
        self.peak = peak.map(Bytes);
    }

    /// Processor time each second of those in which it was counted, in cores.
    pub fn cores(&self) -> Option<f64> {
        self.cpu.map(|(over, spent)| spent / over).filter(|cores| cores.is_finite())
    }
}
