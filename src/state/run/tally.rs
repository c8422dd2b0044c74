//! What is counted of a run as a job: of its stages, of who worked for them, of what went wrong.
//!
//! Kept up with each sample, step and moment, so that no frame walks them all. Everything in it is
//! bounded, whatever a file or a node says. Times are seconds since the run began.

use std::collections::{BTreeMap, VecDeque};

use super::lately::Lately;
use crate::model::bench::{BenchStage, Failure, Outcome, Phase, Phases, Sample};
use crate::model::load::{Shot, Step, Stride};
use crate::model::pipeline::{LogLine, Moment, MomentKind};
use crate::model::text::SafeText;
use crate::model::unit::Bytes;

mod hands;
mod slots;
mod waiting;

pub use slots::WORKERS;
pub use waiting::Waiting;

/// Cells that are followed.
const CELLS: usize = 4_096;
/// Kinds of errors that are told apart.
const ERRORS: usize = 256;
/// Parts of which it is kept what their sandboxes wrote last, and lines of each.
const SAID: (usize, usize) = (256, 20);
/// Times that a run may go on anew; those beyond are not told apart.
const RESUMED: usize = 1_000;
/// Spells of a stage that are told apart; what comes beyond belongs to the last.
const SPELLS: usize = 500;
/// No stage takes longer, in seconds.
const LONGEST: f64 = 1e9;

/// What is counted of a run.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    stages: [StageTally; BenchStage::ALL.len()],
    /// The stage that was begun last and did not end, where that was told.
    pub current: Option<BenchStage>,
    /// What went wrong, by stage, way and cell.
    pub errors: BTreeMap<(BenchStage, Failure, u32), ErrorTally>,
    /// Who waited for what in its loads, earliest first.
    pub pressure: VecDeque<Waiting>,
    /// When it went on anew, and how far its wall clock is ahead of its own time since then.
    resumed: Vec<(f64, i64)>,
    said: BTreeMap<SafeText, Said>,
}

/// What is counted of a stage.
#[derive(Clone, Debug, Default)]
pub struct StageTally {
    /// When it began, where that was told; and the wall clock then.
    pub opened: Option<(f64, i64)>,
    /// When it ended, where that was told.
    pub closed: Option<f64>,
    /// When it was begun the last time, while it goes on.
    reopened: Option<f64>,
    /// From when until when it was at work, where that was told.
    spells: Vec<(f64, f64)>,
    /// When its first and its last sandbox were asked for, and ended.
    pub seen: Option<(f64, f64)>,
    /// Sandboxes that ended well.
    pub good: u64,
    /// Sandboxes that failed.
    pub failed: u64,
    /// Steps of a load.
    pub steps: u32,
    /// Sandboxes that ended, lately.
    pub lately: Lately,
    /// The most at work at the same time, of all steps.
    pub at_once: u32,
    /// Samples of each cell, of which each round counts once; or its steps.
    pub done: BTreeMap<u32, u64>,
    /// Who worked for it.
    pub workers: Vec<WorkerTally>,
}

/// What is counted of a worker.
#[derive(Clone, Debug, Default)]
pub struct WorkerTally {
    /// When it first began and last ended something.
    pub seen: (f64, f64),
    /// Sandboxes that ended well.
    pub good: u64,
    /// Sandboxes that failed.
    pub failed: u64,
    /// Time in which one of its sandboxes was there.
    pub busy_seconds: f64,
    /// Sandboxes that ended, lately.
    pub lately: Lately,
    /// The cells it worked on.
    pub cells: std::collections::BTreeSet<u32>,
    /// Time over which its processor time was counted, and that; of a hand of a load.
    pub cpu: Option<(f64, f64)>,
    /// The most memory it held.
    pub peak: Option<Bytes>,
    /// Steps in which what it used was looked at.
    pub measured: u32,
    /// By how many sandboxes it was behind the busiest hand, over all steps it had part in.
    pub behind: u64,
}

/// One kind of error of one cell.
#[derive(Clone, Debug, Default)]
pub struct ErrorTally {
    /// How often it came.
    pub count: u64,
    /// When it came first and last.
    pub seen: (f64, f64),
    /// What was said last.
    pub message: SafeText,
    /// The worker it came to last, from 0.
    pub worker: usize,
}

/// What sandboxes of a part wrote last.
#[derive(Clone, Debug, Default)]
struct Said {
    at_ms: i64,
    lines: VecDeque<SafeText>,
}

/// A sandbox from asked for to ended, in seconds since the run began.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: f64,
    to: f64,
}

impl Span {
    /// `None` for what is no time of a run.
    fn new(from: f64, length: f64) -> Option<Self> {
        let to = from + length.max(0.0);
        ((0.0..1e9).contains(&from) && to < 1e9).then_some(Self { from, to })
    }
}

impl Tally {
    /// What is counted of `stage`.
    pub const fn stage(&self, stage: BenchStage) -> &StageTally {
        &self.stages[stage as usize]
    }

    /// What sandboxes of the part called `name` wrote last.
    pub fn said(&self, name: &SafeText) -> Vec<SafeText> {
        self.said.get(name).map(|said| said.lines.iter().cloned().collect()).unwrap_or_default()
    }

    /// Milliseconds since 1970 UTC at `at_seconds` of a run that began at `started_ms`.
    pub fn wall_ms(&self, started_ms: i64, at_seconds: f64) -> i64 {
        let ahead = self.resumed.iter().rev().find(|(from, _)| *from <= at_seconds);
        #[expect(clippy::cast_possible_truncation, reason = "it saturates, and no number is 0")]
        let own = (at_seconds * 1e3).round() as i64;
        started_ms.saturating_add(ahead.map_or(0, |(_, ahead)| *ahead)).saturating_add(own)
    }

    /// Takes in what happened, in a run that began at `started_ms`.
    pub(super) fn note(&mut self, moment: &Moment, started_ms: i64) {
        let at = moment.at_seconds.0;
        if moment.kind == MomentKind::Resumed && self.resumed.len() < RESUMED && at.is_finite() {
            #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
            let own = (at * 1e3) as i64;
            self.resumed.push((at, moment.at_ms.saturating_sub(started_ms).saturating_sub(own)));
            self.stages.iter_mut().for_each(|stage| stage.cut(at));
        }
        let Some(stage) = BenchStage::parse(moment.stage.as_str()) else { return };
        let tally = &mut self.stages[stage as usize];
        match moment.kind {
            MomentKind::StageStarted => {
                tally.opened = tally.opened.or(Some((at, moment.at_ms)));
                (tally.closed, tally.reopened) = (None, Some(at));
                self.current = Some(stage);
            }
            MomentKind::StageEnded => {
                let from = tally.reopened.take().unwrap_or(at);
                // What was prepared before the run's clock began is told by its length alone.
                let took = moment.seconds.map_or(at - from, |took| took.0.clamp(0.0, LONGEST));
                tally.worked(at - took, at);
                tally.closed = Some(at);
                self.current = self.current.filter(|current| *current != stage);
            }
            _ => {}
        }
    }

    /// Takes in lines of the log; those of one instant that tell of something wrong belong together.
    pub(super) fn hear(&mut self, lines: &[LogLine]) {
        for line in lines.iter().filter(|line| line.bad) {
            if self.said.len() >= SAID.0 && !self.said.contains_key(&line.from) {
                continue;
            }
            let said = self.said.entry(line.from.clone()).or_default();
            if said.at_ms != line.at_ms {
                *said = Said { at_ms: line.at_ms, lines: VecDeque::new() };
            }
            said.lines.push_back(line.text.clone());
            if said.lines.len() > SAID.1 {
                said.lines.pop_front();
            }
        }
    }

    /// Takes in a sample.
    pub(super) fn take(&mut self, sample: &Sample) {
        let stage = if sample.warmup { BenchStage::WarmUp } else { BenchStage::Rounds };
        let Some(span) = Span::new(sample.at_seconds.0, whole(&sample.phases)) else { return };
        if sample.attempt == 0 {
            self.stages[stage as usize].count_part(sample.cell);
        }
        self.end(stage, sample.cell, span, &sample.outcome, Some(0));
    }

    /// Takes in a step of a load, and all sandboxes in it.
    pub(super) fn take_step(&mut self, step: &Step) {
        let stage = BenchStage::of_stride(&step.stride);
        self.stages[stage as usize].steps += 1;
        self.stages[stage as usize].count_part(step.cell);
        let begun = step.at_seconds.0;
        let mut shots: Vec<&Shot> = step.shots.iter().collect();
        shots.sort_by(|one, other| one.at_seconds.0.total_cmp(&other.at_seconds.0));
        // What stands still stands until its step ends.
        let stands = matches!(step.stride, Stride::Memory { .. } | Stride::Density { .. });
        let mut hands = slots::Slots::default();
        for shot in shots {
            let end = if stands { step.window_seconds.0 } else { shot.done_seconds.0 };
            let length = end - shot.at_seconds.0;
            let Some(span) = Span::new(begun + shot.at_seconds.0, length) else { continue };
            let slot = hands.take(span.from, span.to);
            let hand = shot.hand.map_or(slot, place);
            self.end(stage, step.cell, span, &shot.outcome, hand);
        }
        let tally = &mut self.stages[stage as usize];
        // Where one ends as the next begins, rounding may make them overlap; hands that are told do not.
        let told = u32::try_from(step.hands.len()).ok().filter(|told| *told > 0);
        tally.at_once = hands.most().min(told.unwrap_or(u32::MAX)).max(tally.at_once);
        hands::note(tally, step);
        self.pressure.extend(waiting::of_step(stage, step));
        waiting::thin(&mut self.pressure);
    }

    /// Notes that a sandbox ended.
    fn end(
        &mut self,
        stage: BenchStage,
        cell: u32,
        span: Span,
        outcome: &Outcome,
        worker: Option<usize>,
    ) {
        let tally = &mut self.stages[stage as usize];
        tally.end(span, outcome);
        if let Some(worker) = worker.filter(|worker| *worker < WORKERS) {
            if tally.workers.len() <= worker {
                let fresh = WorkerTally { seen: (span.from, span.to), ..WorkerTally::default() };
                tally.workers.resize(worker + 1, fresh);
            }
            tally.workers[worker].end(cell, span, outcome);
        }
        if let Outcome::Failed { kind, message } = outcome {
            let key = (stage, *kind, cell);
            if self.errors.len() < ERRORS || self.errors.contains_key(&key) {
                let error = self.errors.entry(key).or_default();
                error.count += 1;
                let first = if error.count == 1 { span.to } else { error.seen.0 };
                error.seen = (first, span.to);
                error.message.clone_from(message);
                error.worker = worker.unwrap_or(0);
            }
        }
    }
}

impl StageTally {
    /// Takes in that it was cut off by `at`, where it had not ended.
    fn cut(&mut self, at: f64) {
        if let Some(from) = self.reopened.take() {
            self.worked(from, at);
        }
    }

    /// Takes in that it was at work.
    fn worked(&mut self, from: f64, to: f64) {
        let full = self.spells.len() >= SPELLS;
        match self.spells.last_mut() {
            Some(last) if full || last.1 >= from => last.1 = last.1.max(to),
            _ => self.spells.push((from, to)),
        }
    }

    /// From when until when it was at work, earliest first: as it was told, or else as it was seen; the last
    /// has no end while it goes on.
    pub fn spells(&self) -> impl Iterator<Item = (f64, Option<f64>)> {
        let seen = self.seen.filter(|_| self.opened.is_none());
        let told = self.spells.iter().copied().chain(seen).map(|(from, to)| (from, Some(to)));
        told.chain(self.reopened.map(|from| (from, None)))
    }

    fn count_part(&mut self, cell: u32) {
        if self.done.len() < CELLS || self.done.contains_key(&cell) {
            *self.done.entry(cell).or_default() += 1;
        }
    }

    fn end(&mut self, span: Span, outcome: &Outcome) {
        let seen = self.seen.unwrap_or((span.from, span.to));
        self.seen = Some((seen.0.min(span.from), seen.1.max(span.to)));
        *(if *outcome == Outcome::Good { &mut self.good } else { &mut self.failed }) += 1;
        self.lately.count(span.to);
    }

    /// When it began, as it was told or else as it was seen.
    pub fn began(&self) -> Option<f64> {
        self.opened.map(|(at, _)| at).or_else(|| Some(self.seen?.0))
    }

    /// Sandboxes that ended, well or not.
    pub const fn taken(&self) -> u64 {
        self.good + self.failed
    }
}

impl WorkerTally {
    fn end(&mut self, cell: u32, span: Span, outcome: &Outcome) {
        self.seen = (self.seen.0.min(span.from), self.seen.1.max(span.to));
        *(if *outcome == Outcome::Good { &mut self.good } else { &mut self.failed }) += 1;
        self.busy_seconds += span.to - span.from;
        self.lately.count(span.to);
        if self.cells.len() < CELLS {
            self.cells.insert(cell);
        }
    }
}

/// The place of a hand among those that are told apart.
fn place(hand: u32) -> Option<usize> {
    usize::try_from(hand).ok().filter(|place| *place < WORKERS)
}

/// All phases together.
fn whole(phases: &Phases) -> f64 {
    Phase::ALL.into_iter().filter_map(|phase| phases.get(phase)).map(|time| time.0).sum()
}

#[cfg(test)]
mod tests;
