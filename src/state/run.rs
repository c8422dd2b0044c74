//! A run as it is folded from its events.
//!
//! Beside the samples it keeps what pictures are made of ([`Digest`]), so that a frame costs the
//! same with a hundred samples and with a hundred thousand.

use std::collections::{BTreeMap, VecDeque};

use crate::model::bench::{Cell, Figure, Progress, Sample, Summary};
use crate::model::id::{RunId, SourceId};
use crate::model::load::{LoadSummary, Step};
use crate::model::pipeline::{Artifact, Checkpoint, LOG_LINES, LogLine, Moment, Worker};
use crate::model::run::{CHECKPOINTS, Run, RunEnd, RunEvent, RunHead, RunTail};
use crate::model::time::Stamp;
use crate::model::update::Update;
use crate::stats::place::Rivals;

pub mod course;
pub mod digest;
pub mod lately;
pub mod sketch;
pub mod tally;

pub use digest::{CellDigest, Digest};
pub use tally::Tally;

/// Samples kept for drawing; a longer run keeps its latest, the figures cover all.
const SAMPLES: usize = 100_000;
/// Steps kept, the first; later ones are counted, and on disk.
const STEPS: usize = 20_000;
/// Shots, and readings of what stood still and of hands, kept in steps; the steps of a longer run keep their
/// other figures.
const SHOTS: usize = 200_000;

/// Workers kept of what is told.
const WORKERS: usize = 512;
/// Files kept of what is told.
const FILES: usize = 512;
/// Moments kept.
const MOMENTS: usize = 2_000;

/// What is known of a run.
#[derive(Clone, Debug)]
pub struct RunState {
    /// The node it runs on.
    pub from: SourceId,
    /// What was known at the start.
    pub head: RunHead,
    /// Its samples, warm-up included.
    pub samples: Vec<Sample>,
    /// How far it is.
    pub progress: Progress,
    /// What is known so far.
    pub summary: Vec<Summary>,
    /// Steps of its loads, the first of very many.
    pub steps: Vec<Step>,
    /// What is known of its loads so far.
    pub loads: Vec<LoadSummary>,
    /// What happened in it, in that order.
    pub moments: Vec<Moment>,
    /// The latest lines of its log.
    pub log: VecDeque<LogLine>,
    /// Lines before those, which are kept no longer.
    pub log_dropped: u64,
    /// The latest of its checkpoints, earliest first.
    pub checkpoints: VecDeque<Checkpoint>,
    /// Who works for it, as it was told last.
    pub workers: Vec<Worker>,
    /// The files it wrote, as far as it was told.
    pub files: Vec<Artifact>,
    /// What is counted of it as a job of stages.
    pub tally: Tally,
    /// How it ended; `None` while it goes on.
    pub tail: Option<RunTail>,
    /// When something last happened to it.
    pub heard: Stamp,
    /// How often something happened to it: much of it may at the same instant.
    pub events: u64,
    /// Whether it was read from disk, so that nothing more happens to it by itself.
    pub stored: bool,
    /// What pictures of it are made of.
    pub digest: Digest,
    /// Samples that are kept no longer.
    dropped: u64,
    /// Shots and readings in the steps that are kept.
    shots: usize,
    /// The first step that has its shots.
    bare: usize,
}

impl RunState {
    fn new(head: RunHead, update: &Update) -> Self {
        Self {
            from: update.from.clone(),
            head,
            samples: Vec::new(),
            progress: Progress::default(),
            summary: Vec::new(),
            steps: Vec::new(),
            loads: Vec::new(),
            moments: Vec::new(),
            log: VecDeque::new(),
            log_dropped: 0,
            checkpoints: VecDeque::new(),
            workers: Vec::new(),
            files: Vec::new(),
            tally: Tally::default(),
            tail: None,
            heard: update.at,
            events: 0,
            stored: update.from.is_kept(),
            digest: Digest::default(),
            dropped: 0,
            shots: 0,
            bare: 0,
        }
    }

    /// It in one piece, as a file holds it.
    pub fn whole(&self) -> Run {
        Run {
            head: self.head.clone(),
            samples: self.samples.clone(),
            steps: self.steps.clone(),
            moments: self.moments.clone(),
            log: self.log.iter().cloned().collect(),
            checkpoints: self.checkpoints.iter().cloned().collect(),
            workers: self.workers.clone(),
            files: self.files.clone(),
            tail: self.tail.clone(),
        }
    }

    /// Whether it is still going on.
    pub const fn is_live(&self) -> bool {
        self.tail.is_none() && !self.stored
    }

    /// At most `most` of its samples from the one at `offset` on, or from the first that is kept; where
    /// they begin, and how many there were.
    pub fn page(&self, offset: usize, most: usize) -> (usize, Vec<Sample>, usize) {
        let gone = usize::try_from(self.dropped).unwrap_or(usize::MAX);
        let samples = self.samples.iter().skip(offset.saturating_sub(gone)).take(most);
        (offset.max(gone), samples.cloned().collect(), gone + self.samples.len())
    }

    /// Whether a start that is told of it now is one of going on, after which all is told again.
    fn may_begin_anew(&self) -> bool {
        let end = self.tail.as_ref().map(|tail| &tail.end);
        self.stored || matches!(end, Some(RunEnd::Cancelled | RunEnd::Failed { .. }))
    }

    /// Whether its samples were let go of; they are on disk.
    pub fn is_bare(&self) -> bool {
        self.samples.is_empty() && self.progress.completed > 0 && !self.is_live()
    }

    /// The sample at `at` of those of the cell at `index` that are kept.
    pub fn sample(&self, index: u32, at: usize) -> Option<&Sample> {
        let number = self.digest.cell(index)?.number(at)?.checked_sub(self.dropped)?;
        self.samples.get(usize::try_from(number).ok()?)
    }

    /// Where among the kept samples of the cell at `index` the last stands that began by `seconds`;
    /// the first if all began later, `None` if there is none.
    pub fn at_or_before(&self, index: u32, seconds: f64) -> Option<usize> {
        let kept = self.digest.cell(index)?.kept();
        let (mut low, mut high) = (0, kept);
        while low < high {
            let middle = usize::midpoint(low, high);
            let began = self.sample(index, middle).map_or(0.0, |sample| sample.at_seconds.0);
            if began <= seconds { low = middle + 1 } else { high = middle }
        }
        (kept > 0).then(|| low.saturating_sub(1))
    }

    /// What is known of `figure` of the cell at `cell`.
    pub fn summary(&self, cell: u32, figure: Figure) -> Option<&Summary> {
        self.summary.iter().find(|summary| summary.cell == cell && summary.figure == figure)
    }

    /// Its cells with their index.
    pub fn cells(&self) -> impl Iterator<Item = (u32, Cell)> {
        (0..).zip(self.head.cells.iter().copied())
    }

    fn apply(&mut self, event: &RunEvent, at: Stamp) {
        self.heard = at;
        self.events += 1;
        match event {
            RunEvent::Started(head) => self.head = (**head).clone(),
            RunEvent::Sample(sample) => self.push((**sample).clone()),
            RunEvent::Progress(progress) => self.progress = *progress,
            RunEvent::Summary(figures) => self.know(figures),
            RunEvent::Step(step) => self.step((**step).clone()),
            RunEvent::Loads(loads) => self.loads.clone_from(loads),
            RunEvent::Moment(moment) => self.note(moment),
            RunEvent::Log(lines) => self.write(lines),
            RunEvent::Checkpoint(checkpoint) => {
                if self.checkpoints.len() == CHECKPOINTS {
                    self.checkpoints.pop_front();
                }
                self.checkpoints.push_back((**checkpoint).clone());
            }
            RunEvent::Workers(workers) => {
                self.workers = workers.iter().take(WORKERS).cloned().collect();
            }
            RunEvent::Files(files) => self.files = files.iter().take(FILES).cloned().collect(),
            RunEvent::CutOff => self.stored = true,
            RunEvent::Ended(tail) => {
                self.progress = tail.progress;
                self.know(&tail.summary);
                self.loads.clone_from(&tail.loads);
                self.tail = Some((**tail).clone());
            }
        }
    }

    /// Takes figures in. Places of a file of before, in which what has no wall was the best of those that
    /// have one, are let go: intervals say it then, as while the run went on.
    fn know(&mut self, figures: &[Summary]) {
        self.summary.clear();
        self.summary.extend_from_slice(figures);
        if Rivals::of(&self.head.cells, figures) == Rivals::All {
            self.summary.iter_mut().for_each(|summary| summary.place = None);
        }
    }

    /// Keeps no more than [`MOMENTS`]: a run that goes wrong for hours must not fill the memory. The first
    /// half of them stays, of the others the latest do.
    fn note(&mut self, moment: &Moment) {
        if self.moments.len() >= MOMENTS {
            self.moments.drain(MOMENTS / 2..MOMENTS / 2 + MOMENTS / 8);
        }
        self.tally.note(moment, self.head.started.wall_ms);
        self.moments.push(moment.clone());
    }

    fn write(&mut self, lines: &[LogLine]) {
        self.tally.hear(lines);
        self.log.extend(lines.iter().cloned());
        let beyond = self.log.len().saturating_sub(LOG_LINES);
        self.log.drain(..beyond);
        self.log_dropped += beyond as u64;
    }

    /// Lets go of what takes room; figures and verdict stay. A run that goes on keeps all.
    pub(super) fn forget_samples(&mut self) {
        if !self.is_live() {
            self.samples = Vec::new();
            self.steps = Vec::new();
            self.digest = Digest::default();
            (self.dropped, self.shots, self.bare) = (0, 0, 0);
        }
    }

    fn push(&mut self, sample: Sample) {
        if self.samples.len() == SAMPLES {
            self.samples.drain(..SAMPLES / 10);
            self.dropped += SAMPLES as u64 / 10;
            self.digest.forget_before(self.dropped);
        }
        self.replace(&sample);
        self.tally.take(&sample);
        self.digest.take(&sample, self.dropped + self.samples.len() as u64);
        self.samples.push(sample);
    }

    /// A visit that is made again because the one before was disturbed stands in its place.
    fn replace(&mut self, sample: &Sample) {
        let last = self.digest.last(sample.cell).filter(|_| sample.attempt > 0);
        let at = last.and_then(|number| usize::try_from(number.checked_sub(self.dropped)?).ok());
        let before = at.and_then(|at| self.samples.get(at));
        if let Some(before) = before.filter(|before| before.round == sample.round) {
            self.digest.take_back(before);
        }
    }

    fn step(&mut self, step: Step) {
        self.digest.take_step(&step);
        self.tally.take_step(&step);
        if self.steps.len() == STEPS {
            return;
        }
        self.shots += shots(&step);
        self.steps.push(step);
        while self.shots > SHOTS && self.bare + 1 < self.steps.len() {
            let step = &mut self.steps[self.bare];
            self.shots -= shots(step);
            (step.shots, step.standing, step.hands) = (Vec::new(), Vec::new(), Vec::new());
            self.bare += 1;
        }
    }
}

/// What of `step` counts towards [`SHOTS`].
const fn shots(step: &Step) -> usize {
    step.shots.len() + step.standing.len() + step.hands.len()
}

/// Takes an event in. Events of a run whose start was never heard are not for us.
pub(super) fn fold(
    runs: &mut BTreeMap<RunId, RunState>,
    id: &RunId,
    event: &RunEvent,
    update: &Update,
) -> bool {
    if let RunEvent::Started(head) = event
        && (update.from.is_kept() || runs.get(id).is_none_or(RunState::may_begin_anew))
    {
        runs.insert(id.clone(), RunState::new((**head).clone(), update));
        return true;
    }
    if let Some(run) = runs.get_mut(id) {
        run.apply(event, update.at);
        return true;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bench::BenchStage;
    use crate::model::load::HandUse;
    use crate::model::unit::Seconds;
    use crate::model::update::What;
    use crate::report::run_sample::loaded;

    /// The run of [`loaded`] before its first step, and that.
    fn begun() -> (RunState, Step) {
        let run = loaded();
        let (at, from) = (Stamp::default(), SourceId("a".into()));
        let state = RunState::new(run.head, &Update { at, from, what: What::Gone });
        (state, run.steps[0].clone())
    }

    #[test]
    fn a_run_keeps_so_many_steps_and_counts_all() {
        let (mut run, first) = begun();
        let later = Step { shots: Vec::new(), standing: Vec::new(), round: 7, ..first.clone() };
        for step in std::iter::once(first).chain(std::iter::repeat_n(later, STEPS + 9)) {
            run.step(step);
        }
        assert_eq!((run.steps.len(), run.steps[0].round, run.steps[1].round), (STEPS, 0, 7));
        let counted = BenchStage::ALL.iter().map(|stage| run.tally.stage(*stage).steps);
        assert_eq!(counted.sum::<u32>() as usize, STEPS + 10);
    }

    #[test]
    fn what_hands_used_is_bounded_as_shots_are() {
        let (mut run, first) = begun();
        let used = HandUse { seconds: Seconds(1.0), cpu_seconds: None, peak_bytes: None };
        for _ in 0..3 {
            run.step(Step { hands: vec![used; SHOTS / 2 + 1], ..first.clone() });
        }
        let kept: Vec<bool> = run.steps.iter().map(|step| step.hands.is_empty()).collect();
        assert_eq!(kept, [true, true, false]);
    }
}
