//! What happens in a run besides its samples: stages, workers, errors, checkpoints, lines of its log.
//!
//! It is written between two samples and told by [`Course::report`](super::course::Course::report); nothing
//! here waits, and nothing is said more often than a person can read.

use std::collections::BTreeMap;

use crate::model::bench::{BenchStage, Failure};
use crate::model::pipeline::{Checkpoint, LogLine, Moment, MomentKind, Worker};
use crate::model::run::{Run, RunEvent};
use crate::model::text::SafeText;
use crate::model::unit::Seconds;
use crate::model::usage::Held;

mod crew;

pub(super) use crew::{Figures, Reading};

/// Of so many failures of one kind all is written that the sandbox said; of the others one line.
const TOLD: u64 = 10;
/// Stages with their workers that are kept, each with as many workers as are told apart.
const WORKERS: usize = 256;

/// An instant of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    /// Milliseconds since 1970 UTC.
    pub(super) ms: i64,
    /// Time the run has taken.
    pub(super) seconds: Seconds,
}

impl At {
    /// Time of the run from `before` to this.
    fn since(self, before: Self) -> Seconds {
        Seconds((self.seconds.0 - before.seconds.0).max(0.0))
    }
}

/// A sandbox that failed.
pub(super) struct Fault<'a> {
    /// Its cell: index and name.
    pub(super) cell: (u32, &'a str),
    pub(super) kind: Failure,
    pub(super) message: &'a SafeText,
    /// What it wrote last.
    pub(super) said: &'a [SafeText],
}

/// The diary of a run.
#[derive(Debug)]
pub(super) struct Diary {
    /// What is kept of it; no samples.
    record: Run,
    /// What was not told yet.
    fresh: Vec<RunEvent>,
    node: SafeText,
    stage: Option<(BenchStage, At)>,
    workers: Vec<Worker>,
    /// When each that works began to, this time.
    engaged: BTreeMap<SafeText, At>,
    figures: Figures,
    errors: BTreeMap<(BenchStage, Failure, u32), u64>,
    checkpoints: u64,
}

impl Diary {
    /// That of `record`, a run without its samples; on the node called `node`.
    pub(super) fn of(record: Run, node: SafeText) -> Self {
        let last = record.checkpoints.last().and_then(|last| last.id.as_str().parse().ok());
        Self {
            workers: record.workers.clone(),
            checkpoints: last.unwrap_or(0),
            record,
            fresh: Vec::new(),
            node,
            stage: None,
            engaged: BTreeMap::new(),
            figures: Figures::default(),
            errors: BTreeMap::new(),
        }
    }

    /// The stage that goes on.
    pub(super) fn stage(&self) -> Option<BenchStage> {
        self.stage.map(|(stage, _)| stage)
    }

    /// What was not told yet; from now on it was.
    pub(super) fn take(&mut self) -> Vec<RunEvent> {
        let fresh = std::mem::take(&mut self.fresh);
        for event in &fresh {
            self.record.take(event.clone());
        }
        fresh
    }

    /// All of it, when nothing more is written.
    pub(super) fn into_record(mut self) -> Run {
        self.take();
        self.record
    }

    /// All that was told before.
    pub(super) const fn record(&self) -> &Run {
        &self.record
    }

    /// Notes that something happened to the run as a whole, or to its present stage.
    pub(super) fn note(&mut self, at: At, kind: MomentKind, words: &str) {
        let whole =
            matches!(kind, MomentKind::RunStarted | MomentKind::RunEnded | MomentKind::Resumed);
        let stage = self.stage().filter(|_| !whole).map_or("", BenchStage::name);
        self.moment(at, kind, (stage, ""), words, None);
    }

    fn moment(
        &mut self,
        at: At,
        kind: MomentKind,
        (stage, worker): (&str, &str),
        words: &str,
        seconds: Option<Seconds>,
    ) {
        let moment = Moment {
            at_ms: at.ms,
            at_seconds: at.seconds,
            kind,
            stage: stage.into(),
            worker: worker.into(),
            words: SafeText::new(words),
            seconds,
        };
        self.fresh.push(RunEvent::Moment(Box::new(moment)));
    }

    /// Begins `stage`, after the one before.
    pub(super) fn open(&mut self, at: At, stage: BenchStage, words: &str) {
        self.close(at);
        self.stage = Some((stage, at));
        self.moment(at, MomentKind::StageStarted, (stage.name(), ""), words, None);
    }

    /// A stage that took `seconds` and is over.
    pub(super) fn passed(&mut self, from: At, to: At, stage: BenchStage, seconds: Seconds) {
        self.moment(from, MomentKind::StageStarted, (stage.name(), ""), stage.words(), None);
        self.moment(to, MomentKind::StageEnded, (stage.name(), ""), "", Some(seconds));
    }

    /// Ends the stage that goes on, and its workers.
    pub(super) fn close(&mut self, at: At) {
        let Some((stage, begun)) = self.stage.take() else { return };
        self.dismiss((begun, at), stage);
        let took = at.since(begun);
        self.moment(at, MomentKind::StageEnded, (stage.name(), ""), "", Some(took));
    }

    /// Notes that a sandbox failed. Each kind is a moment when it comes first, and at each tenfold.
    pub(super) fn fail(&mut self, at: At, fault: &Fault<'_>) {
        let Some((stage, _)) = self.stage else { return };
        let (cell, name) = fault.cell;
        let count = self.errors.entry((stage, fault.kind, cell)).or_default();
        *count += 1;
        let count = *count;
        let words = fault.kind.told(fault.message);
        self.say(at, name, true, &words);
        if count <= TOLD {
            fault.said.iter().for_each(|line| self.say(at, name, true, line.as_str()));
        }
        if is_power_of_ten(count) {
            let times = if count > 1 { format!("{count} times now: ") } else { String::new() };
            let words = format!("{name} {times}{words}");
            self.moment(at, MomentKind::Error, (stage.name(), ""), &words, None);
        }
    }

    /// Writes a line into the log.
    pub(super) fn say(&mut self, at: At, from: &str, bad: bool, text: &str) {
        let line =
            LogLine { at_ms: at.ms, from: SafeText::new(from), bad, text: SafeText::new(text) };
        match self.fresh.last_mut() {
            Some(RunEvent::Log(lines)) => lines.push(line),
            _ => self.fresh.push(RunEvent::Log(vec![line])),
        }
    }

    /// The number of the next checkpoint.
    pub(super) const fn next_checkpoint(&self) -> u64 {
        self.checkpoints + 1
    }

    /// Notes a checkpoint. One that ends a stage is a moment too; of those of rounds there are too many.
    pub(super) fn reach(&mut self, at: At, checkpoint: Checkpoint) {
        self.checkpoints += 1;
        if checkpoint.trigger.as_str() != "round" {
            let stage = self.stage().map_or("", BenchStage::name);
            let (words, took) = (checkpoint.reached.to_string(), checkpoint.duration_seconds);
            self.moment(at, MomentKind::Checkpoint, (stage, ""), &words, took);
        }
        self.fresh.push(RunEvent::Checkpoint(Box::new(checkpoint)));
    }
}

const fn is_power_of_ten(mut number: u64) -> bool {
    while number > 9 && number.is_multiple_of(10) {
        number /= 10;
    }
    number == 1
}

#[cfg(test)]
mod tests;
