//! What a run tells besides its samples, always between two of them: stages, workers, checkpoints.

use super::{Course, Visit};
use crate::backend::Launch;
use crate::bench::diary::{At, Reading};
use crate::bench::keep::Books;
use crate::model::bench::BenchStage;
use crate::model::pipeline::{Checkpoint, MomentKind};
use crate::model::run::{CHECKPOINTS, FORMAT, RunEnd, RunEvent, RunTail};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::unit::Seconds;
use crate::model::update::Notice;
use crate::store::Saved;

impl Course {
    /// Tells that it begins, or that it goes on and what was before.
    pub(in crate::bench) async fn start(&mut self, prepared: Option<Stamp>, words: Option<String>) {
        let head = Box::new(self.head.clone());
        self.voice.tell(RunEvent::Started(head)).await;
        let at = self.at();
        if words.is_some() {
            self.tell_before().await;
        }
        if let Some(prepared) = prepared {
            let took = Seconds::from(self.begun.since(prepared));
            let from = At { ms: prepared.wall_ms, seconds: at.seconds };
            self.diary.passed(from, at, BenchStage::Prepare, took);
        }
        if let Some(words) = words {
            self.diary.note(at, MomentKind::Resumed, &words);
            self.diary.say(at, "isomon", false, &words);
        } else {
            let names: Vec<&str> = self.head.plan.backends.iter().map(|id| id.name()).collect();
            let words = format!("cells: {}, of {}", self.head.cells.len(), names.join(", "));
            self.diary.note(at, MomentKind::RunStarted, &words);
        }
        for out in self.head.left_out.iter().filter(|out| out.payload.is_none()) {
            self.diary.say(at, &out.label(), true, &format!("{} -> {}", out.reason, out.remedy));
        }
        self.report().await;
    }

    /// Begins `stage` with one worker.
    pub(in crate::bench) async fn open(&mut self, stage: BenchStage, launcher: &impl Launch) {
        self.open_with(stage, 1, launcher).await;
    }

    /// Begins `stage`, or goes on in it, with so many workers at most.
    pub(in crate::bench) async fn open_with(
        &mut self,
        stage: BenchStage,
        workers: u32,
        launcher: &impl Launch,
    ) {
        if self.diary.stage() != Some(stage) {
            self.close().await;
            let at = self.at();
            self.diary.open(at, stage, stage.words());
        }
        let at = self.at();
        // Several have each a launcher of their own, which is told when they are there.
        let pid = launcher.pid().filter(|_| workers == 1);
        self.diary.engage(at, workers, pid);
        self.diary.measure(at, reading(launcher));
        self.report().await;
    }

    /// Ends the stage that goes on; from there it can go on.
    pub(in crate::bench) async fn close(&mut self) {
        let Some(stage) = self.diary.stage() else { return };
        if stage != BenchStage::Figures {
            self.write_checkpoint("stage", &format!("the end of {}", stage.name())).await;
        }
        let at = self.at();
        self.diary.close(at);
        self.report().await;
    }

    /// Notes how the rounds ended, so that they are not made again. A cancel before the loads of a run
    /// that goes on does not undo it.
    pub(in crate::bench) async fn end_rounds(&mut self, end: &RunEnd) {
        if !matches!(end, RunEnd::Cancelled | RunEnd::Failed { .. }) {
            self.rounds_end = Some(end.clone());
        }
        self.close().await;
    }

    /// Tells how the run ended `at` an instant, in the diary.
    pub(super) async fn end(&mut self, at: At, tail: &RunTail) {
        self.diary.close(at);
        let words = match &tail.end {
            RunEnd::Completed => "completed".to_owned(),
            RunEnd::BudgetSpent => "the time allowed was spent".to_owned(),
            RunEnd::RoundsSpent => "the rounds allowed were spent".to_owned(),
            RunEnd::Cancelled => "cancelled".to_owned(),
            RunEnd::Failed { reason } => format!("failed: {reason}"),
        };
        self.write_checkpoint("end", &words).await;
        self.diary.note(at, MomentKind::RunEnded, &words);
        self.report().await;
    }

    /// Tells what stands in the diary and was not told yet, and keeps it.
    pub(in crate::bench) async fn report(&mut self) {
        let fresh = self.diary.take();
        if fresh.is_empty() {
            return;
        }
        let notice = self.keep.record(&fresh);
        for event in fresh {
            self.voice.tell(event).await;
        }
        self.voice.notice(notice).await;
    }

    /// Says something to the user, and in the log.
    pub(in crate::bench) async fn notice(&mut self, notice: Option<Notice>) {
        if let Some(said) = &notice {
            let at = self.at();
            self.diary.say(at, "isomon", said.bad, said.text.as_str());
        }
        self.voice.notice(notice).await;
    }

    /// Notes which sandbox is started next; told where that was not done a moment ago.
    pub(super) async fn announce(&mut self, visit: Visit, launcher: &impl Launch) {
        let cell = self.ledger.cells[visit.cell as usize];
        let at = self.at();
        let again = if visit.attempt > 0 { ", again" } else { "" };
        let round = visit.round + 1;
        self.diary.doing(at, 1, &format!("{}, round {round}{again}", cell.name()));
        if self.diary.is_due(at) {
            self.diary.measure(at, reading(launcher));
            self.diary.tell_workers(at);
            self.report().await;
        }
    }

    /// Notes what the launcher uses, and tells who works, where that was not done a moment ago.
    pub(in crate::bench) async fn measure(&mut self, launcher: &impl Launch) {
        let at = self.at();
        if self.diary.is_due(at) {
            self.diary.measure(at, reading(launcher));
            self.diary.tell_workers(at);
            self.report().await;
        }
    }

    /// How far it is, in words.
    pub(super) fn reached(&self, round: u32, warmup: bool) -> String {
        let effort = &self.ledger.effort;
        let (kind, most) = if warmup {
            ("warm-up round", effort.warmup_rounds)
        } else {
            ("round", effort.max_rounds)
        };
        if !warmup && effort.min_rounds < effort.max_rounds {
            return format!("{kind} {} of at most {most}", round + 1);
        }
        format!("{kind} {} of {most}", round + 1)
    }

    /// Writes down that it can go on from here, unless that was done a moment ago.
    pub(in crate::bench) async fn checkpoint(&mut self, trigger: &str, reached: &str) {
        if self.keep.is_due(self.clock.now()) {
            self.write_checkpoint(trigger, reached).await;
        }
    }

    /// Writes down that it can go on from here.
    pub(in crate::bench) async fn write_checkpoint(&mut self, trigger: &str, reached: &str) {
        let at = self.at();
        let mut saved = self.saved(at);
        let mut checkpoint = Checkpoint {
            id: SafeText::new(&self.diary.next_checkpoint().to_string()),
            at_ms: at.ms,
            trigger: trigger.into(),
            duration_seconds: None,
            bytes: None,
            status: "COMPLETED".into(),
            reached: SafeText::new(reached),
        };
        let shown = checkpoint.clone();
        let books = Books {
            samples: &self.ledger.samples,
            steps: &self.loads.steps,
            empty: &self.ledger.overhead,
        };
        let (kept, notice) = self.keep.checkpoint(books, |bytes| {
            saved.checkpoints.push(Checkpoint { bytes: Some(bytes), ..shown });
            saved
        });
        if let Some(kept) = kept {
            (checkpoint.duration_seconds, checkpoint.bytes) = (Some(kept.took), Some(kept.bytes));
            self.diary.reach(at, checkpoint);
        }
        self.notice(notice).await;
        self.report().await;
    }

    /// What is saved with a checkpoint.
    fn saved(&self, at: At) -> Saved {
        let record = self.diary.record();
        let skip = (record.checkpoints.len() + 1).saturating_sub(CHECKPOINTS);
        let mut progress = self.ledger.progress;
        progress.elapsed_seconds = at.seconds;
        Saved {
            format: FORMAT,
            samples: self.ledger.samples.len() as u64,
            steps: self.loads.steps.len() as u64,
            elapsed_seconds: at.seconds,
            progress,
            rounds: self.rounds_end.clone(),
            resumed: self.resumed,
            checkpoints: record.checkpoints.iter().skip(skip).cloned().collect(),
            workers: self.diary.workers(),
        }
    }
}

/// What is read of `launcher`.
fn reading(launcher: &impl Launch) -> Reading {
    let cpu = launcher.usage().and_then(|usage| usage.cpu);
    Reading { cpu, held: launcher.held(), pid: launcher.pid() }
}
