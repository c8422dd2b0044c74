//! What pictures of a run are drawn from: kept up with each sample, so that no frame walks them all.

use std::collections::{BTreeMap, VecDeque};

use super::course::{Course, Merge};
use super::sketch::Sketch;
use crate::model::bench::{Failure, Figure, HostState, Outcome, Phase, Sample, Taint};
use crate::model::load::{Cause, Shot, Step, Stride, Verdict};
use crate::model::text::SafeText;
use crate::model::unit::Ratio;
use crate::stats::verdict::share;

/// Ways in which a cell failed that are told apart; the others are counted together.
const WAYS: usize = 32;
/// Cells that are followed; a file may name any number.
const CELLS: usize = 4_096;

/// What is known of the samples of a run that count.
#[derive(Clone, Debug, Default)]
pub struct Digest {
    /// Whether the machine was quiet so far, of samples and steps that stand.
    pub verdict: Verdict,
    /// Rounds that were begun.
    pub rounds: u32,
    /// What the host did meanwhile.
    pub host: Course<HostPeak>,
    /// When the last sample began, in seconds since the run began.
    pub end_seconds: f64,
    cells: Vec<CellDigest>,
    /// From the intended arrival to the result, by cell.
    latency: BTreeMap<u32, Sketch>,
}

/// The same of one cell.
#[derive(Clone, Debug, Default)]
pub struct CellDigest {
    /// Samples that count.
    pub counted: u32,
    /// Of those, how many failed.
    pub failed: u32,
    /// By what they were disturbed.
    pub taints: BTreeMap<Taint, u32>,
    /// In which ways they failed, with the first words of each.
    pub failures: BTreeMap<(Failure, SafeText), u32>,
    /// Its figures over time.
    pub track: Course<Stretch>,
    figures: [Sketch; Figure::ALL.len()],
    phases: [Sketch; Phase::ALL.len()],
    /// Which samples are its own, by their number since the run began.
    own: VecDeque<u64>,
}

/// A figure of a cell in a stretch of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stretch {
    /// The shortest and the longest of each figure in seconds, of good samples.
    ends: [Option<(f64, f64)>; Figure::ALL.len()],
    /// Samples that ended well.
    pub good: u32,
    /// Samples that failed.
    pub failed: u32,
    /// Samples that are marked as disturbed.
    pub tainted: u32,
}

/// The most of each that was seen in a stretch of time; `None` where it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HostPeak {
    /// Share of processor time the hypervisor took.
    pub steal: Option<f64>,
    /// Share of time in which some task waited for a processor.
    pub cpu_pressure: Option<f64>,
    /// Share of time in which some task waited for memory.
    pub memory_pressure: Option<f64>,
    /// Share of time in which some task waited for I/O.
    pub io_pressure: Option<f64>,
    /// Work of other programs, in cores.
    pub other_cores: Option<f64>,
    /// The busiest GPU's share of time with work on it.
    pub gpu: Option<f64>,
    /// Samples and steps that are marked as disturbed.
    pub tainted: u32,
}

fn higher(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.max(other)),
        (one, other) => one.or(other),
    }
}

impl HostPeak {
    /// What `host` shows, at an instant.
    pub fn of(host: &HostState, tainted: bool) -> Self {
        let share = |ratio: Option<Ratio>| ratio.map(Ratio::fraction);
        Self {
            steal: share(host.steal),
            cpu_pressure: share(host.cpu_pressure),
            memory_pressure: share(host.memory_pressure),
            io_pressure: share(host.io_pressure),
            other_cores: host.other_cores.filter(|cores| cores.is_finite()),
            gpu: share(host.gpu),
            tainted: u32::from(tainted),
        }
    }
}

impl Merge for HostPeak {
    fn merge(&mut self, later: &Self) {
        self.steal = higher(self.steal, later.steal);
        self.cpu_pressure = higher(self.cpu_pressure, later.cpu_pressure);
        self.memory_pressure = higher(self.memory_pressure, later.memory_pressure);
        self.io_pressure = higher(self.io_pressure, later.io_pressure);
        self.other_cores = higher(self.other_cores, later.other_cores);
        self.gpu = higher(self.gpu, later.gpu);
        self.tainted = self.tainted.saturating_add(later.tainted);
    }
}

impl Stretch {
    /// The shortest and the longest of `figure`, in seconds.
    pub fn ends(&self, figure: Figure) -> Option<(f64, f64)> {
        self.ends[place(figure)]
    }

    fn take(&mut self, sample: &Sample) {
        self.tainted += u32::from(!sample.taints.is_empty());
        if sample.outcome != Outcome::Good {
            self.failed += 1;
            return;
        }
        self.good += 1;
        for figure in Figure::ALL {
            let length = figure.of(&sample.phases).map(|length| length.0);
            if let Some(length) = length.filter(|length| length.is_finite()) {
                let ends = &mut self.ends[place(figure)];
                *ends = Some(joined(*ends, (length, length)));
            }
        }
    }
}

impl Merge for Stretch {
    fn merge(&mut self, later: &Self) {
        self.good += later.good;
        self.failed += later.failed;
        self.tainted += later.tainted;
        for (ends, later) in self.ends.iter_mut().zip(later.ends) {
            *ends = later.map(|later| joined(*ends, later)).or(*ends);
        }
    }
}

fn joined(one: Option<(f64, f64)>, (low, high): (f64, f64)) -> (f64, f64) {
    one.map_or((low, high), |(least, most)| (least.min(low), most.max(high)))
}

/// Where `figure` stands in [`Figure::ALL`].
fn place(figure: Figure) -> usize {
    Figure::ALL.iter().position(|other| *other == figure).unwrap_or(0)
}

impl CellDigest {
    /// How `figure` is spread over the good samples.
    pub fn spread(&self, figure: Figure) -> &Sketch {
        &self.figures[place(figure)]
    }

    /// The median of each phase in seconds, of those it has.
    pub fn phases(&self) -> Vec<(Phase, f64)> {
        let each = Phase::ALL.into_iter().zip(&self.phases);
        each.filter_map(|(phase, sketch)| Some((phase, sketch.median()?))).collect()
    }

    /// How many of its samples are kept whole.
    pub fn kept(&self) -> usize {
        self.own.len()
    }

    /// The number since the run began of the sample at `at` of those that are kept.
    pub(super) fn number(&self, at: usize) -> Option<u64> {
        self.own.get(at).copied()
    }

    fn take(&mut self, sample: &Sample, number: u64) {
        self.own.push_back(number);
        if let Some(stretch) = self.track.at(sample.at_seconds.0) {
            stretch.take(sample);
        }
        self.count(sample, true);
    }

    /// Counts `sample`, or takes it back where it has been measured again.
    fn count(&mut self, sample: &Sample, stands: bool) {
        step(&mut self.counted, stands);
        for taint in &sample.taints {
            step(self.taints.entry(*taint).or_default(), stands);
        }
        match &sample.outcome {
            Outcome::Good => self.count_lengths(sample, stands),
            Outcome::Failed { kind, message } => self.count_failure(*kind, message, stands),
        }
    }

    fn count_lengths(&mut self, sample: &Sample, stands: bool) {
        let tainted = !sample.taints.is_empty();
        let put = if stands { Sketch::push } else { Sketch::pull };
        for (figure, sketch) in Figure::ALL.into_iter().zip(&mut self.figures) {
            if let Some(length) = figure.of(&sample.phases) {
                put(sketch, length.0, tainted);
            }
        }
        for (phase, sketch) in Phase::ALL.into_iter().zip(&mut self.phases) {
            if let Some(length) = sample.phases.get(phase) {
                put(sketch, length.0, tainted);
            }
        }
    }

    fn count_failure(&mut self, kind: Failure, message: &SafeText, stands: bool) {
        step(&mut self.failed, stands);
        let mut way = (kind, message.clone());
        if self.failures.len() >= WAYS && !self.failures.contains_key(&way) {
            way.1 = SafeText::new("in other ways");
        }
        step(self.failures.entry(way).or_default(), stands);
    }
}

/// One more, or one less.
const fn step(count: &mut u32, more: bool) {
    *count = if more { count.saturating_add(1) } else { count.saturating_sub(1) };
}

impl Digest {
    /// What is known of the cell at `index`; `None` before its first sample.
    pub fn cell(&self, index: u32) -> Option<&CellDigest> {
        self.cells.get(index as usize).filter(|cell| cell.counted > 0)
    }

    /// How the times under a schedule of the cell at `index` are spread.
    pub fn latency(&self, index: u32) -> Option<&Sketch> {
        self.latency.get(&index)
    }

    /// The number of the last sample of the cell at `index`.
    pub(super) fn last(&self, index: u32) -> Option<u64> {
        self.cells.get(index as usize)?.own.back().copied()
    }

    /// Takes back a sample that has been measured again.
    pub(super) fn take_back(&mut self, sample: &Sample) {
        let Some(cell) = self.cells.get_mut(sample.cell as usize) else {
            return;
        };
        cell.count(sample, false);
        self.verdict.repeated = self.verdict.repeated.saturating_add(1);
        self.judge(&sample.host, &sample.taints, false);
    }

    /// Counts what disturbed a sample or a step, or takes it back.
    fn judge(&mut self, host: &HostState, taints: &[Taint], stands: bool) {
        step(&mut self.verdict.samples, stands);
        if !taints.is_empty() {
            step(&mut self.verdict.tainted, stands);
        }
        for taint in taints {
            let causes = &mut self.verdict.causes;
            let known = causes.iter().position(|cause| cause.taint == *taint);
            let at = known.unwrap_or_else(|| {
                causes.push(Cause { taint: *taint, samples: 0, worst: None });
                causes.len() - 1
            });
            step(&mut causes[at].samples, stands);
            if stands {
                causes[at].worst = worse(*taint, causes[at].worst, share(*taint, host));
            }
        }
        self.verdict.causes.sort_by_key(|cause| std::cmp::Reverse(cause.samples));
    }

    /// Takes in a sample, which is the run's `number`th.
    pub(super) fn take(&mut self, sample: &Sample, number: u64) {
        if sample.at_seconds.0.is_finite() {
            self.end_seconds = self.end_seconds.max(sample.at_seconds.0);
        }
        self.see(&sample.host, sample.at_seconds.0, &sample.taints);
        let index = sample.cell as usize;
        if sample.warmup || index >= CELLS {
            return;
        }
        self.judge(&sample.host, &sample.taints, true);
        self.rounds = self.rounds.max(sample.round.saturating_add(1));
        if self.cells.len() <= index {
            self.cells.resize_with(index + 1, CellDigest::default);
        }
        self.cells[index].take(sample, number);
    }

    fn see(&mut self, host: &HostState, at_seconds: f64, taints: &[Taint]) {
        if let Some(part) = self.host.at(at_seconds) {
            part.merge(&HostPeak::of(host, !taints.is_empty()));
        }
    }

    /// Takes in a step of a load.
    pub(super) fn take_step(&mut self, step: &Step) {
        let end = step.at_seconds.0 + step.window_seconds.0;
        if end.is_finite() {
            self.end_seconds = self.end_seconds.max(end);
        }
        self.see(&step.host, step.at_seconds.0, &step.taints);
        self.judge(&step.host, &step.taints, true);
        if matches!(step.stride, Stride::Latency { .. }) && (step.cell as usize) < CELLS {
            let sketch = self.latency.entry(step.cell).or_default();
            let good = step.shots.iter().filter(|shot| shot.outcome == Outcome::Good);
            let tainted = !step.taints.is_empty();
            good.filter_map(waited).for_each(|length| sketch.push(length, tainted));
        }
    }

    /// Forgets where the samples before number `first` are, which are kept no longer.
    pub(super) fn forget_before(&mut self, first: u64) {
        for cell in &mut self.cells {
            while cell.own.front().is_some_and(|number| *number < first) {
                cell.own.pop_front();
            }
        }
    }
}

/// The higher of two shares; the lower of two clocks.
fn worse(taint: Taint, one: Option<Ratio>, other: Option<Ratio>) -> Option<Ratio> {
    let (Some(left), Some(right)) = (one, other) else {
        return one.or(other);
    };
    let lower = right.fraction() < left.fraction();
    Some(if lower == (taint == Taint::SlowClock) { right } else { left })
}

/// From the intended arrival of `shot` to its result, in seconds.
fn waited(shot: &Shot) -> Option<f64> {
    Some(shot.done_seconds.0 - shot.intended_seconds?.0)
}
