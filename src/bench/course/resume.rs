//! A run that goes on where it was cut off.
//!
//! Every sample that is whole on the disk stays as it is, those after the last checkpoint too; the round in
//! which it was cut off is brought to its end with the cells that lack. Order, nonces and seed are those of
//! the run as it was begun, so that it is the run that would have been, but for the gap.

use std::ops::ControlFlow;

use super::{Course, Visit, count};
use crate::backend::Launch;
use crate::bench::engine::Cut;
use crate::bench::keep::Books;
use crate::bench::order;
use crate::model::bench::{Phase, Sample};
use crate::model::load::Step;
use crate::model::run::{Run, RunEnd, RunEvent, RunHead};
use crate::model::unit::Seconds;

/// What a diary keeps of a run that was cut off.
pub(super) fn record(head: &RunHead, cut: &Cut) -> Run {
    Run {
        moments: cut.run.moments.clone(),
        log: cut.run.log.clone(),
        checkpoints: cut.run.checkpoints.clone(),
        workers: cut.run.workers.clone(),
        ..Run::begun(head.clone())
    }
}

/// Time the run had taken when it was cut off, as far as is known.
fn taken(cut: &Cut) -> Seconds {
    let phases = |sample: &Sample| -> f64 {
        let each = Phase::ALL.iter().filter_map(|phase| sample.phases.get(*phase));
        each.map(|time| time.0).sum()
    };
    let samples = cut.run.samples.iter().map(|sample| sample.at_seconds.0 + phases(sample));
    let end = |step: &Step| {
        let done = step.shots.iter().map(|shot| shot.done_seconds.0).fold(0.0, f64::max);
        step.at_seconds.0 + step.window_seconds.0.max(done)
    };
    let saved = cut.saved.as_ref().map_or(0.0, |saved| saved.elapsed_seconds.0);
    let latest = samples.chain(cut.run.steps.iter().map(end)).fold(saved, f64::max);
    Seconds(if latest.is_finite() { latest } else { saved })
}

impl Course {
    /// Takes everything in that is known of it.
    pub(super) fn take_up(&mut self, cut: Cut) {
        self.before = taken(&cut);
        let Cut { run, saved, empty, .. } = cut;
        let saved = saved.unwrap_or_default();
        (self.rounds_end, self.resumed) = (saved.rounds, saved.resumed + 1);
        let books = Books { samples: &run.samples, steps: &run.steps, empty: &empty };
        self.keep.take_up(books);
        self.ledger.overhead = empty;
        for sample in run.samples {
            let cell = self.ledger.cells[sample.cell as usize];
            self.suspension.note(cell, &sample.outcome);
            self.clocks.note(sample.host.clock);
            let again = sample.attempt > 0;
            self.ledger.record(sample);
            if again {
                self.repeats.note(self.ledger.samples.last());
            }
        }
        let failed = run.steps.iter().filter(|step| step.failed()).count();
        let progress = &mut self.ledger.progress;
        progress.failed += count(failed);
        progress.completed += count(run.steps.len() - failed);
        progress.submitted = progress.completed + progress.failed;
        progress.elapsed_seconds = self.before;
        self.loads.take_up(run.steps, self.head.plan.seed);
        let last = self.ledger.samples.last().map(|last| (last.warmup, last.round));
        let partial = self.ledger.samples.iter().rev().map_while(|sample| {
            let here = last == Some((sample.warmup, sample.round));
            here.then_some((sample.warmup, sample.round, sample.cell))
        });
        self.done = partial.collect();
    }

    /// Tells everything that was before it goes on.
    pub(super) async fn tell_before(&self) {
        for sample in &self.ledger.samples {
            self.voice.tell(RunEvent::Sample(Box::new(sample.clone()))).await;
        }
        for step in &self.loads.steps {
            self.voice.tell(RunEvent::Step(Box::new(step.clone()))).await;
        }
        let record = self.diary.record();
        for moment in &record.moments {
            self.voice.tell(RunEvent::Moment(Box::new(moment.clone()))).await;
        }
        if !record.log.is_empty() {
            self.voice.tell(RunEvent::Log(record.log.clone())).await;
        }
        for reached in &record.checkpoints {
            self.voice.tell(RunEvent::Checkpoint(Box::new(reached.clone()))).await;
        }
        self.voice.tell(RunEvent::Progress(self.ledger.progress)).await;
    }

    /// The rounds to begin with: of those to warm up, of those that count.
    pub(super) fn position(&self) -> (u32, u32) {
        match self.ledger.samples.last() {
            None => (0, 0),
            Some(last) if last.warmup => (last.round, 0),
            Some(last) => (self.ledger.effort.warmup_rounds, last.round),
        }
    }

    /// When the first sample that counts was taken, in seconds since the run began; now if none was.
    pub(super) fn counted_from(&self) -> f64 {
        let first = self.ledger.samples.iter().find(|sample| !sample.warmup);
        first.map_or_else(|| self.elapsed().0, |first| first.at_seconds.0)
    }

    /// Whether a visit that would be made again was made before the run was cut off.
    pub(super) fn is_made(&self, visit: Visit) -> bool {
        let of_round = self.ledger.samples.iter().rev();
        let mut of_round =
            of_round.take_while(|sample| sample.round == visit.round && !sample.warmup);
        of_round.any(|sample| sample.cell == visit.cell && sample.attempt >= visit.attempt)
    }

    /// Starts each cell once, not kept: nothing of before is warm any more.
    pub(super) async fn warm_again(
        &mut self,
        launcher: &mut (impl Launch + Send),
    ) -> ControlFlow<RunEnd> {
        if self.resumed == 0 || self.ledger.samples.is_empty() {
            return ControlFlow::Continue(());
        }
        let cells: Vec<u32> =
            (0..count(self.ledger.cells.len())).filter(|cell| self.is_active(*cell)).collect();
        // No round has such a number, and no other going on.
        let round = u32::MAX - self.resumed;
        for (cell, nonce) in order::again(self.head.plan.seed, round, 0, &cells) {
            let task = self.task(self.ledger.cells[cell as usize], nonce);
            let ended = tokio::select! {
                biased;
                () = self.cancel.cancelled() => return ControlFlow::Break(RunEnd::Cancelled),
                ended = launcher.launch(&task) => ended,
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "warm again");
            }
        }
        let at = self.at();
        self.diary.say(at, "isomon", false, "each cell was started once to warm up, not kept");
        self.report().await;
        ControlFlow::Continue(())
    }
}
