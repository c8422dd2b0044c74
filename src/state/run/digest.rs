//! What pictures of a run are drawn from: kept up with each sample, so that no frame walks them all.

use std::collections::{BTreeMap, VecDeque};

use super::course::{Course, Merge};
use super::sketch::Sketch;
use crate::model::bench::{Failure, Figure, HostState, Outcome, Phase, Sample, Taint};
use crate::model::load::{Cause, Shot, Step, Stride, Verdict};
use crate::model::text::SafeText;
use crate::model::unit::{Ratio, Seconds};
use crate::stats::verdict::{share, worse};

/// Ways in which a cell failed that are told apart; the others are counted together.
const WAYS: usize = 32;
/// Cells that are followed; a file may name any number.
const CELLS: usize = 4_096;
/// Bins of lengths in all sketches together; what comes after so many is counted in those that are there.
const BINS: usize = 2_000_000;

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
    /// The worst of each cause in what is not measured again any more.
    settled: BTreeMap<Taint, Option<Ratio>>,
    /// From the intended arrival to the result, by cell.
    latency: BTreeMap<u32, Sketch>,
    /// Bins of all sketches.
    bins: usize,
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
    /// What disturbed its last sample, and how much: that one alone may be measured again.
    open: Vec<(Taint, Ratio)>,
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

    /// How many bins its sketches have.
    fn bins(&self) -> usize {
        self.figures.iter().chain(&self.phases).map(|sketch| sketch.bins().len()).sum()
    }

    fn take(&mut self, sample: &Sample, number: u64, may_grow: bool) {
        self.own.push_back(number);
        if let Some(stretch) = self.track.at(sample.at_seconds.0) {
            stretch.take(sample);
        }
        self.count(sample, true, may_grow);
    }

    /// Counts `sample`, or takes it back where it has been measured again.
    fn count(&mut self, sample: &Sample, stands: bool, may_grow: bool) {
        step(&mut self.counted, stands);
        for taint in &sample.taints {
            step(self.taints.entry(*taint).or_default(), stands);
        }
        match &sample.outcome {
            Outcome::Good => self.count_lengths(sample, stands, may_grow),
            Outcome::Failed { kind, message } => self.count_failure(*kind, message, stands),
        }
    }

    fn count_lengths(&mut self, sample: &Sample, stands: bool, may_grow: bool) {
        let tainted = !sample.taints.is_empty();
        let put = |sketch: &mut Sketch, length: Seconds| {
            if stands {
                sketch.push(length.0, tainted, may_grow);
            } else {
                sketch.pull(length.0, tainted);
            }
        };
        for (figure, sketch) in Figure::ALL.into_iter().zip(&mut self.figures) {
            if let Some(length) = figure.of(&sample.phases) {
                put(sketch, length);
            }
        }
        for (phase, sketch) in Phase::ALL.into_iter().zip(&mut self.phases) {
            if let Some(length) = sample.phases.get(phase) {
                put(sketch, length);
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
        let bins = cell.bins();
        cell.count(sample, false, false);
        cell.open.clear();
        self.bins -= bins - cell.bins();
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
            let left = if stands { None } else { self.worst(*taint) };
            let causes = &mut self.verdict.causes;
            let known = causes.iter().position(|cause| cause.taint == *taint);
            let at = known.unwrap_or_else(|| {
                causes.push(Cause { taint: *taint, samples: 0, worst: None });
                causes.len() - 1
            });
            let cause = &mut causes[at];
            step(&mut cause.samples, stands);
            cause.worst =
                if stands { worse(*taint, cause.worst, share(*taint, host)) } else { left };
        }
        self.verdict.causes.retain(|cause| cause.samples > 0);
        self.verdict.causes.sort_by_key(|cause| (std::cmp::Reverse(cause.samples), cause.taint));
    }

    /// The worst of `taint` in what stands.
    fn worst(&self, taint: Taint) -> Option<Ratio> {
        let settled = self.settled.get(&taint).copied().flatten();
        let open = self.cells.iter().flat_map(|cell| &cell.open).filter(|(of, _)| *of == taint);
        open.fold(settled, |worst, (_, share)| worse(taint, worst, Some(*share)))
    }

    /// Takes in what stays, whatever is measured again.
    fn settle(&mut self, shares: Vec<(Taint, Ratio)>) {
        for (taint, share) in shares {
            let worst = self.settled.entry(taint).or_default();
            *worst = worse(taint, *worst, Some(share));
        }
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
        let cell = &mut self.cells[index];
        let before = std::mem::replace(&mut cell.open, shares(&sample.host, &sample.taints));
        let bins = cell.bins();
        cell.take(sample, number, self.bins < BINS);
        self.bins += cell.bins() - bins;
        self.settle(before);
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
        self.settle(shares(&step.host, &step.taints));
        if matches!(step.stride, Stride::Latency { .. }) && (step.cell as usize) < CELLS {
            let sketch = self.latency.entry(step.cell).or_default();
            let good = step.shots.iter().filter(|shot| shot.outcome == Outcome::Good);
            let tainted = !step.taints.is_empty();
            let (bins, may_grow) = (sketch.bins().len(), self.bins < BINS);
            good.filter_map(waited).for_each(|length| sketch.push(length, tainted, may_grow));
            self.bins += sketch.bins().len() - bins;
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

/// How much of each of `taints` there is in `host`, where it is a share.
fn shares(host: &HostState, taints: &[Taint]) -> Vec<(Taint, Ratio)> {
    taints.iter().filter_map(|taint| Some((*taint, share(*taint, host)?))).collect()
}

/// From the intended arrival of `shot` to its result, in seconds.
fn waited(shot: &Shot) -> Option<f64> {
    Some(shot.done_seconds.0 - shot.intended_seconds?.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bench::Phases;
    use crate::report::run_sample::loaded;
    use crate::stats::verdict::verdict;

    fn sample(cell: u32, round: u32, attempt: u32, (steal, clock): (f64, f64)) -> Sample {
        let (steal, clock) = (Ratio::new(steal), Ratio::new(clock));
        let seen = [
            (Taint::Steal, steal.is_some_and(|steal| steal.fraction() > 0.02)),
            (Taint::SlowClock, clock.is_some_and(|clock| clock.fraction() < 0.9)),
        ];
        Sample {
            cell,
            round,
            warmup: false,
            attempt,
            at_seconds: Seconds(0.0),
            phases: Phases::default(),
            outcome: Outcome::Good,
            host: HostState { steal, clock, ..HostState::default() },
            taints: seen.into_iter().filter(|(_, seen)| *seen).map(|(taint, _)| taint).collect(),
        }
    }

    /// What is known after `samples`, a visit that is made again in the place of the one before.
    fn known(samples: &[Sample]) -> Digest {
        let mut digest = Digest::default();
        for (number, sample) in samples.iter().enumerate() {
            let before = samples[..number].iter().rfind(|one| one.cell == sample.cell);
            if let Some(before) = before.filter(|_| sample.attempt > 0) {
                digest.take_back(before);
            }
            digest.take(sample, number as u64);
        }
        digest
    }

    #[test]
    fn the_verdict_so_far_is_that_on_what_stands() {
        let samples = [
            sample(0, 0, 0, (0.40, 1.0)),
            sample(1, 0, 0, (0.10, 0.5)),
            sample(0, 0, 1, (0.03, 1.0)),
            sample(1, 0, 1, (0.20, 1.0)),
            sample(1, 0, 2, (0.00, 1.0)),
            sample(0, 1, 0, (0.00, 0.6)),
            sample(1, 1, 0, (0.00, 0.3)),
            sample(1, 1, 1, (0.00, 0.7)),
            sample(0, 1, 1, (0.00, 1.0)),
            sample(0, 2, 0, (0.02, 1.0)),
        ];
        for end in 0..=samples.len() {
            let so_far = &samples[..end];
            assert_eq!(known(so_far).verdict, verdict(so_far, &[]), "after {end}");
        }
        let worst = known(&samples[..3]).verdict.causes[0].worst;
        assert_eq!(worst, Ratio::new(0.10), "not the one that was measured again");
    }

    #[test]
    fn the_bins_of_all_sketches_are_counted_and_bounded() {
        let long = |seconds: f64| {
            let mut long = sample(0, 0, 0, (0.0, 1.0));
            long.phases.set(Phase::Ready, Seconds(seconds));
            long
        };
        let counted = |digest: &Digest| -> usize {
            let latency = digest.latency.values().map(|sketch| sketch.bins().len());
            digest.cells.iter().map(CellDigest::bins).chain(latency).sum()
        };
        let mut digest = Digest::default();
        for seconds in [0.1, 0.2, 0.3] {
            digest.take(&long(seconds), 0);
        }
        digest.take_back(&long(0.2));
        loaded().steps.iter().for_each(|step| digest.take_step(step));
        let bins = digest.bins;
        assert!(bins >= 2 && bins == counted(&digest), "{bins}");
        digest.bins = BINS;
        digest.take(&long(7.0), 0);
        assert_eq!((digest.bins, counted(&digest)), (BINS, bins), "one of those that are there");
    }

    #[test]
    fn what_disturbed_a_step_stays() {
        let mut step = loaded().steps.remove(0);
        (step.host.steal, step.taints) = (Ratio::new(0.3), vec![Taint::Steal]);
        let loud = sample(0, 0, 0, (0.5, 1.0));
        let mut digest = Digest::default();
        digest.take_step(&step);
        digest.take(&loud, 0);
        assert_eq!(digest.verdict.causes[0].worst, Ratio::new(0.5));
        digest.take_back(&loud);
        let cause = Cause { taint: Taint::Steal, samples: 1, worst: Ratio::new(0.3) };
        assert_eq!(digest.verdict.causes, [cause]);
    }
}
