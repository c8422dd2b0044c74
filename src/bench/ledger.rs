//! What a run has so far: samples, counts, how well each cell is known, how much is to come. Pure.
//!
//! Sandboxes may come by the thousand a second, so nothing here looks at all samples for each of
//! them: the figures so far are renewed for the cells that changed, a bounded number of samples at
//! a time, and whether all is known is asked again when a twentieth more is.

use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::model::bench::{Cell, Effort, Outcome, Phase, Progress, Sample, Summary};
use crate::model::unit::Seconds;
use crate::stats::interval::of_median;
use crate::stats::sorted::Sorted;
use crate::stats::summary::{deciding, summarise, times_of};

/// Resamples behind a figure that is replaced a moment later.
const LIVE: u32 = 200;
/// Resamples behind the decision to stop.
const DECIDING: u32 = 1_000;
/// Samples that are looked at for figures that are replaced a moment later.
const LIVE_WORK: usize = 2_000;

/// The books of one run.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) cells: Vec<Cell>,
    /// How many of the cells the plan named; the rest are the baseline.
    pub(super) asked: usize,
    pub(super) effort: Effort,
    pub(super) seed: u64,
    pub(super) samples: Vec<Sample>,
    pub(super) overhead: Vec<Seconds>,
    pub(super) progress: Progress,
    /// Counted rounds the run will have, as far as can be told.
    rounds: u32,
    /// Of each cell, which samples stand.
    stands: Vec<Vec<usize>>,
    /// Cells with samples that `figures` does not know yet.
    stale: Vec<bool>,
    figures: Vec<Summary>,
    /// The cell whose turn it is to be looked at.
    turn: usize,
    /// The number of rounds at which it is asked again whether all is known.
    ask_at: u32,
}

impl Ledger {
    pub(super) fn new(cells: Vec<Cell>, asked: usize, effort: Effort, seed: u64) -> Self {
        Self {
            stands: vec![Vec::new(); cells.len()],
            stale: vec![true; cells.len()],
            figures: summarise(&cells, &[], LIVE, seed),
            cells,
            asked,
            effort,
            seed,
            samples: Vec::new(),
            overhead: Vec::new(),
            progress: Progress::default(),
            rounds: effort.min_rounds,
            turn: 0,
            ask_at: 0,
        }
    }

    /// Takes a sample in.
    pub(super) fn record(&mut self, sample: Sample) {
        match sample.outcome {
            Outcome::Good => self.progress.completed += 1,
            Outcome::Failed { .. } => self.progress.failed += 1,
        }
        self.note(&sample);
        self.samples.push(sample);
    }

    /// Takes note of which sample stands now; see [`crate::stats::standing`].
    fn note(&mut self, sample: &Sample) {
        let (cell, index) = (sample.cell as usize, self.samples.len());
        let Some(stands) = self.stands.get_mut(cell).filter(|_| !sample.warmup) else {
            return;
        };
        let samples = &self.samples;
        let again = |last: &usize| sample.attempt > 0 && samples[*last].round == sample.round;
        if stands.last().is_some_and(again) {
            stands.pop();
        }
        stands.push(index);
        self.stale[cell] = true;
    }

    /// What is known so far, roughly, and how many samples were looked at for it, in units of what
    /// may be looked at each time (1 or more).
    pub(super) fn live(&mut self) -> (Vec<Summary>, u32) {
        let (mut renewed, mut work, mut waits) = (Vec::new(), 0, None);
        let turns = self.turn..self.turn + self.cells.len();
        for cell in turns.map(|turn| turn % self.cells.len().max(1)) {
            let more = self.stands[cell].len();
            if !self.stale[cell] {
                continue;
            }
            if work > 0 && work + more > LIVE_WORK {
                waits = waits.or(Some(cell));
                continue;
            }
            work += more;
            self.stale[cell] = false;
            renewed.push(cell);
        }
        self.turn = waits.unwrap_or(0);
        self.renew(&renewed);
        let units = u32::try_from(work.div_ceil(LIVE_WORK)).unwrap_or(u32::MAX);
        (self.figures.clone(), units.max(1))
    }

    fn renew(&mut self, renewed: &[usize]) {
        let of = renewed.iter().flat_map(|cell| &self.stands[*cell]);
        let samples: Vec<Sample> = of.map(|index| self.samples[*index].clone()).collect();
        let fresh = summarise(&self.cells, &samples, LIVE, self.seed);
        for (old, new) in self.figures.iter_mut().zip(fresh) {
            if renewed.contains(&(new.cell as usize)) {
                *old = new;
            }
        }
    }

    /// What is known, as it is published.
    pub(super) fn last(&self) -> Vec<Summary> {
        let resamples = crate::stats::interval::RESAMPLES;
        summarise(&self.cells, &self.samples, resamples, self.seed)
    }

    /// The median time that one sandbox of a cell took until the next could be started, in seconds:
    /// its phases, and what isomon does around them where that is longer.
    pub(super) fn cycle(&self, cell: usize) -> Option<f64> {
        let stands = self.stands.get(cell)?;
        let good = stands.iter().filter(|index| self.samples[**index].outcome == Outcome::Good);
        let whole = |index: &usize| -> f64 {
            let phases = &self.samples[*index].phases;
            let phases = Phase::ALL.iter().filter_map(|phase| phases.get(*phase));
            let begun = self.samples[*index].at_seconds.0;
            let next = self.samples.get(index + 1).map_or(0.0, |next| next.at_seconds.0 - begun);
            phases.map(|time| time.0).sum::<f64>().max(next)
        };
        Sorted::new(good.map(whole).collect()).map(|times| times.median())
    }

    /// How wide the interval of a cell is, in units of the target; 1 or less is well enough.
    /// `None` without an interval.
    fn excess(&self, cell: usize) -> Option<f64> {
        let of_cell = self.stands[cell].iter().map(|index| &self.samples[*index]);
        let data = times_of(deciding(self.cells[cell].payload), of_cell)?;
        let mut rng = StdRng::seed_from_u64(self.seed ^ data.len() as u64);
        let width = of_median(&data, DECIDING, &mut rng)?.half_width(data.median())?;
        Some(width / self.effort.target.fraction())
    }

    /// Whether every asked cell that is `active` is known well enough after `done` counted rounds;
    /// foresees the number of rounds on the way. A width shrinks with the root of the rounds.
    pub(super) fn is_known(&mut self, done: u32, active: impl Fn(&Cell) -> bool) -> bool {
        if done < self.ask_at && done < self.effort.max_rounds {
            return false;
        }
        self.ask_at = done.saturating_add((done / 20).max(1));
        let asked = (0..self.asked).filter(|cell| active(&self.cells[*cell]));
        let excess: Vec<Option<f64>> = asked.map(|cell| self.excess(cell)).collect();
        let widest = excess.iter().map(|excess| excess.unwrap_or(1.0)).fold(0.0, f64::max);
        let needed = f64::from(done) * widest.powi(2).min(1e6);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0..=1e16 saturates"
        )]
        let needed = needed.ceil() as u32;
        self.rounds = needed.max(self.effort.min_rounds).min(self.effort.max_rounds);
        excess.iter().all(|excess| excess.is_some_and(|excess| excess <= 1.0))
    }

    /// Renews the outlook.
    pub(super) fn look_ahead(&mut self, at: &Outlook) {
        let rounds = (self.effort.warmup_rounds + self.rounds).saturating_sub(at.begun);
        let progress = &mut self.progress;
        progress.elapsed_seconds = at.elapsed;
        let samples = rounds.saturating_mul(at.active).saturating_add(at.left);
        progress.remaining = samples.saturating_add(at.steps);
        let taken = progress.completed + progress.failed;
        let each = at.elapsed.0 / f64::from(taken.max(1));
        let budget = (self.effort.budget_seconds.0 - at.elapsed.0).max(0.0);
        let to_come = (each * f64::from(samples) + at.load_seconds).min(budget);
        let begun = at.begun > 1 || (at.begun == 1 && at.left == 0);
        progress.left_seconds = begun.then_some(Seconds(to_come));
    }
}

/// Where a run is in its rounds, and what comes after them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outlook {
    /// Rounds that have begun, warm-up included.
    pub(super) begun: u32,
    /// Stops left in this one.
    pub(super) left: u32,
    /// Cells of each round.
    pub(super) active: u32,
    /// Time since the run began.
    pub(super) elapsed: Seconds,
    /// Steps of loads after the rounds.
    pub(super) steps: u32,
    /// How long those take.
    pub(super) load_seconds: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::preset;
    use crate::model::backend::BackendId;
    use crate::model::bench::{HostState, Payload, Phases, Preset};

    fn sample(cell: u32, round: u32, attempt: u32, seconds: f64) -> Sample {
        let mut phases = Phases::default();
        phases.set(Phase::Ready, Seconds(seconds));
        Sample {
            cell,
            round,
            warmup: false,
            attempt,
            at_seconds: Seconds(0.0),
            phases,
            outcome: Outcome::Good,
            host: HostState::default(),
            taints: Vec::new(),
        }
    }

    fn ledger(cells: usize) -> Ledger {
        let cell = Cell::cold(BackendId::Process, Payload::Noop);
        Ledger::new(vec![cell; cells], cells, preset::effort(Preset::Full), 1)
    }

    #[test]
    fn the_figures_so_far_are_those_of_all_samples() {
        let mut ledger = ledger(3);
        for round in 0..40 {
            for cell in 0..3 {
                let seconds = f64::from(cell + 1) + f64::from(round) / 100.0;
                ledger.record(sample(cell, round, 0, seconds * 9.0));
                ledger.record(sample(cell, round, 1, seconds));
            }
            if round % 7 == 0 {
                ledger.live();
            }
        }
        let (live, work) = ledger.live();
        let slow = summarise(&ledger.cells, &ledger.samples, LIVE, ledger.seed);
        assert_eq!((live, work), (slow, 1));
    }

    #[test]
    fn what_is_looked_at_each_time_is_bounded_and_nothing_is_forgotten() {
        let mut ledger = ledger(4);
        for round in 0..1_500 {
            (0..4).for_each(|cell| ledger.record(sample(cell, round, 0, 1.0)));
        }
        let known = |live: &[Summary]| {
            live.iter()
                .filter(|of| of.figure == crate::model::bench::Figure::Start && of.n > 0)
                .count()
        };
        for times in 1..=4 {
            let (live, work) = ledger.live();
            assert_eq!((known(&live), work), (times, 1));
        }
    }
}
