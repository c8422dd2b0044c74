//! What a run has so far: samples, counts, how well each cell is known, how much is to come. Pure.

use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::model::bench::{Cell, Effort, Outcome, Progress, Sample, Summary};
use crate::model::unit::Seconds;
use crate::stats::interval::of_median;
use crate::stats::sorted::Sorted;
use crate::stats::summary::{deciding, summarise, times_of};

/// Resamples behind a figure that is replaced a moment later.
const LIVE: u32 = 200;
/// Resamples behind the decision to stop.
const DECIDING: u32 = 1_000;

/// The books of one run.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) cells: Vec<Cell>,
    /// How many of the cells the plan named; the rest are the baseline.
    pub(super) asked: usize,
    pub(super) effort: Effort,
    pub(super) seed: u64,
    pub(super) samples: Vec<Sample>,
    pub(super) overhead: Vec<f64>,
    pub(super) progress: Progress,
    /// Counted rounds the run will have, as far as can be told.
    rounds: u32,
}

impl Ledger {
    pub(super) fn new(cells: Vec<Cell>, asked: usize, effort: Effort, seed: u64) -> Self {
        Self {
            cells,
            asked,
            effort,
            seed,
            samples: Vec::new(),
            overhead: Vec::new(),
            progress: Progress::default(),
            rounds: effort.min_rounds,
        }
    }

    /// Takes a sample in.
    pub(super) fn record(&mut self, sample: Sample) {
        match sample.outcome {
            Outcome::Good => self.progress.completed += 1,
            Outcome::Failed { .. } => self.progress.failed += 1,
        }
        self.samples.push(sample);
    }

    /// What is known so far, roughly.
    pub(super) fn live(&self) -> Vec<Summary> {
        summarise(&self.cells, &self.samples, LIVE, self.seed)
    }

    /// What is known, as it is published.
    pub(super) fn last(&self) -> Vec<Summary> {
        let resamples = crate::stats::interval::RESAMPLES;
        summarise(&self.cells, &self.samples, resamples, self.seed)
    }

    /// The median of the empty spawns.
    pub(super) fn overhead(&self) -> Option<Seconds> {
        Sorted::new(self.overhead.clone()).map(|times| Seconds(times.median()))
    }

    /// How wide the interval of a cell is, in units of the target; 1 or less is well enough.
    /// `None` without an interval.
    fn excess(&self, cell: usize) -> Option<f64> {
        let of_cell = self.samples.iter().filter(|sample| sample.cell as usize == cell);
        let data = times_of(deciding(self.cells[cell].payload), of_cell)?;
        let mut rng = StdRng::seed_from_u64(self.seed ^ data.len() as u64);
        let width = of_median(&data, DECIDING, &mut rng)?.half_width(data.median())?;
        Some(width / self.effort.target.fraction())
    }

    /// Whether every asked cell that is `active` is known well enough after `done` counted rounds;
    /// foresees the number of rounds on the way. A width shrinks with the root of the rounds.
    pub(super) fn is_known(&mut self, done: u32, active: impl Fn(&Cell) -> bool) -> bool {
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

    /// Renews the outlook: `begun` rounds have begun (warm-up included), `left` stops are left in
    /// this one and each has `active` cells.
    pub(super) fn look_ahead(&mut self, begun: u32, left: u32, active: u32, elapsed: Seconds) {
        let rounds = (self.effort.warmup_rounds + self.rounds).saturating_sub(begun);
        let progress = &mut self.progress;
        progress.elapsed_seconds = elapsed;
        progress.remaining = rounds.saturating_mul(active).saturating_add(left);
        let taken = progress.completed + progress.failed;
        let each = elapsed.0 / f64::from(taken.max(1));
        let budget = (self.effort.budget_seconds.0 - elapsed.0).max(0.0);
        let to_come = Seconds((each * f64::from(progress.remaining)).min(budget));
        progress.left_seconds = (begun > 1 || (begun == 1 && left == 0)).then_some(to_come);
    }
}
