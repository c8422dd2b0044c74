//! One stop of a round: a sandbox, or the empty spawn.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::time::Duration;

use super::Course;
use crate::backend::{Launch, Task, Trial, Work};
use crate::bench::diary::{Diary, Fault};
use crate::bench::no_trial::{chain, no_trial};
use crate::bench::voice::Voice;
use crate::model::bench::{Cell, Outcome, Payload, Sample, Taint};
use crate::model::run::{RunEnd, RunEvent};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::update::Notice;
use crate::stats::taint::taints;

/// A sandbox that takes longer is one that somebody may ask after.
const LATE: Duration = Duration::from_secs(1);

/// One visit.
#[derive(Clone, Copy)]
pub(in crate::bench) struct Visit {
    pub(super) cell: u32,
    pub(super) nonce: u64,
    pub(super) round: u32,
    pub(super) warmup: bool,
    pub(super) attempt: u32,
}

impl Course {
    pub(super) async fn measure_overhead(
        &mut self,
        launcher: &mut (impl Launch + Send),
        warmup: bool,
    ) -> ControlFlow<RunEnd> {
        let cost = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return ControlFlow::Break(RunEnd::Cancelled),
            cost = launcher.overhead() => cost,
        };
        match cost {
            Ok(cost) if !warmup => self.ledger.overhead.push(cost),
            Ok(_) => {}
            Err(error) => tracing::warn!(error = %chain(&error), "empty spawn"),
        }
        ControlFlow::Continue(())
    }

    pub(super) async fn visit(
        &mut self,
        launcher: &mut (impl Launch + Send),
        visit: Visit,
    ) -> ControlFlow<RunEnd> {
        let task = self.task(self.ledger.cells[visit.cell as usize], visit.nonce);
        self.ledger.progress.submitted += 1;
        self.announce(visit, launcher).await;
        self.host.mark(self.clock.now(), launcher.usage());
        let start = self.clock.now();
        self.pulse.begin(start);
        let (voice, diary) = (&self.voice, &self.diary);
        let trial = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return ControlFlow::Break(RunEnd::Cancelled),
            trial = self.pulse.during(&*self.clock, launcher.launch(&task)) => trial,
            never = tell_late(voice, diary) => match never {},
        };
        self.host.mark(self.clock.now(), launcher.usage());
        let mut trial = trial.unwrap_or_else(|error| no_trial(&error));
        let said = std::mem::take(&mut trial.said);
        let sample = self.sample(visit, start, trial);
        self.keep_sample(sample, &said).await;
        ControlFlow::Continue(())
    }

    /// What is done in a sandbox of `cell`.
    pub(in crate::bench) fn task(&self, cell: Cell, nonce: u64) -> Task {
        let kernel = self.kernel.clone().filter(|_| cell.backend.boots_linux());
        let mut task = Task { kernel, ..Task::of(cell, nonce, self.head.plan.limits) };
        if let Some(job) = self.job.clone().filter(|_| cell.payload == Payload::Job) {
            task.work = Work::Job(job);
        }
        task
    }

    fn sample(&mut self, visit: Visit, start: Stamp, trial: Trial) -> Sample {
        if self.ledger.cells[visit.cell as usize].backend.in_engine() {
            self.host.was_in_engine();
        }
        let host = self.host.since(start);
        let mut marks = taints(&host, &self.bounds, self.clocks.usual());
        self.clocks.note(host.clock);
        marks.extend(self.pulse.take().then_some(Taint::Paused));
        let dirty = std::mem::replace(&mut self.left_over, trial.left_over);
        marks.extend(dirty.then_some(Taint::LeftOver));
        Sample {
            cell: visit.cell,
            round: visit.round,
            warmup: visit.warmup,
            at_seconds: self.own(start),
            phases: trial.phases,
            outcome: trial.outcome,
            host,
            taints: marks,
            attempt: visit.attempt,
        }
    }

    async fn keep_sample(&mut self, sample: Sample, said: &[SafeText]) {
        let cell = self.ledger.cells[sample.cell as usize];
        if let Outcome::Failed { kind, message } = &sample.outcome {
            let name = cell.name();
            let fault = Fault { cell: (sample.cell, &name), kind: *kind, message, said };
            let at = self.at();
            self.diary.fail(at, &fault);
        }
        let suspended = self.suspension.note(cell, &sample.outcome).map(|out| {
            let text = format!("{} is suspended for this run: it {}", out.label(), out.reason);
            Notice { bad: true, text: SafeText::new(&text) }
        });
        self.ledger.record(sample.clone());
        let notice = self.keep.save(&self.ledger.samples, self.clock.now());
        self.voice.tell(RunEvent::Sample(Box::new(sample))).await;
        self.notice(suspended).await;
        self.notice(notice).await;
        self.report().await;
    }
}

/// Tells who works and at what when a sandbox takes so long that somebody may ask; then waits.
async fn tell_late(voice: &Voice, diary: &Diary) -> Infallible {
    tokio::time::sleep(LATE).await;
    voice.tell(RunEvent::Workers(diary.workers())).await;
    std::future::pending().await
}
