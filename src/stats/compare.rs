//! One run against another: which figures changed, and by how much.
//!
//! A change needs two things. A permutation test of the medians, with Holm's correction over all
//! rows, must find chance too poor an explanation; and the 95 % interval of the ratio must reach
//! beyond the noise threshold. It is the far end that has to: where a real change as large as the
//! threshold is there, it is then found as often as the test finds it, while a change known to be
//! smaller is none. With alpha 0.01 no ratio nearer to 1 than 0.56 of the threshold can be both.

use std::num::NonZero;
use std::thread::ScopedJoinHandle;

use rand::rngs::StdRng;

use super::estimate::estimate;
use super::holm::holm;
use super::interval::{FEWEST, RESAMPLES, Times, times};
use super::permutation::{least_p, p_of};
use super::sorted::Sorted;
use super::summary::{generator, telling, times_of};
use super::verdict;
use crate::model::bench::{Cell, Estimate, Figure, Sample};
use crate::model::run::Run;

mod difference;

pub use difference::{Difference, differences, unlike};

/// When a difference is a change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// Changes known to be smaller are noise, as a share: 0.05 is 5 %.
    pub noise: f64,
    /// Chance of any false alarm in a comparison in which nothing changed.
    pub alpha: f64,
    /// Shuffles behind a p; more where there are so many rows that a smaller p is needed.
    pub permutations: u32,
    /// Resamples behind an interval.
    pub resamples: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self { noise: 0.05, alpha: 0.01, permutations: 9_999, resamples: RESAMPLES }
    }
}

impl Rules {
    /// Shuffles that let the smallest p of `tests` be well below alpha after Holm's correction.
    pub fn shuffles(&self, tests: usize) -> u32 {
        let needed = 3.0 * tests as f64 / self.alpha;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded")]
        let needed = needed.clamp(0.0, 1e7) as u32;
        self.permutations.max(needed)
    }

    /// What is to be said of a ratio with an adjusted p among so many tests; `least` is the
    /// smallest p that so few samples could have.
    pub fn change(&self, times: &Times, adjusted_p: f64, least: f64, tests: usize) -> Change {
        let Some(interval) = times.interval else {
            return Change::Unknown;
        };
        let most = 1.0 + self.noise;
        if adjusted_p >= self.alpha {
            let never = least * tests as f64 >= self.alpha;
            let within = interval.low >= 1.0 / most && interval.high <= most;
            return match (never, within) {
                (true, _) => Change::Unknown,
                (_, true) => Change::Alike,
                _ => Change::Unclear,
            };
        }
        match times.times {
            slower if slower > 1.0 && interval.high > most => Change::Slower,
            faster if faster < 1.0 && interval.low < 1.0 / most => Change::Faster,
            _ => Change::Alike,
        }
    }
}

/// What one run is beside another.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What is not alike of the machines, the programs and the plans; nothing of it was measured.
    pub differences: Vec<Difference>,
    /// Every figure of every cell, in the order of the base; cells that only the other run has last.
    pub rows: Vec<Row>,
    /// Cells that worked in the base and of which every sample of the other run failed.
    pub broken: Vec<Cell>,
    /// What disturbed the base and the other while they were measured, in words.
    pub disturbed: [Option<String>; 2],
}

impl Comparison {
    /// Whether some row is slower, or what worked does not any more.
    pub fn has_regression(&self) -> bool {
        !self.broken.is_empty() || self.rows.iter().any(|row| row.change == Change::Slower)
    }
}

/// One figure of one cell in both runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The cell.
    pub cell: Cell,
    /// The figure.
    pub figure: Figure,
    /// What is known of it in the base; `None` where that has no such cell or no good sample.
    pub base: Option<Estimate>,
    /// The same of the other run.
    pub other: Option<Estimate>,
    /// The other's median as so many times the base's.
    pub times: Option<Times>,
    /// The p of the permutation test; `None` with too few samples.
    pub p: Option<f64>,
    /// The same after Holm's correction over all rows.
    pub adjusted_p: Option<f64>,
    /// What follows.
    pub change: Change,
}

impl Row {
    /// What it says, in a word.
    pub const fn word(&self) -> &'static str {
        match (self.change, &self.base, &self.other) {
            (Change::Alike, ..) => "alike",
            (Change::Faster, ..) => "faster",
            (Change::Slower, ..) => "slower",
            (Change::Unclear, ..) => "unclear",
            (Change::Unknown, None, _) => "new",
            (Change::Unknown, _, None) => "gone",
            (Change::Unknown, ..) => "too few",
        }
    }
}

/// Whether a figure changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Whatever changed is within the noise.
    Alike,
    /// It takes less time.
    Faster,
    /// It takes more time.
    Slower,
    /// Chance explains what is seen, and a change beyond the noise would be no surprise either.
    Unclear,
    /// One side is missing, or there are too few samples to tell.
    Unknown,
}

/// Sets `other` beside `base`. The same runs and rules give the same answer.
pub fn compare(base: &Run, other: &Run, rules: &Rules) -> Comparison {
    let (base_by_cell, other_by_cell) = (by_cell(base), by_cell(other));
    let mut pairs = Vec::new();
    for cell in cells(base, other) {
        let place = |run: &Run| run.head.cells.iter().position(|of| *of == cell);
        let (in_base, in_other) = (place(base), place(other));
        for figure in telling(cell.payload) {
            let side = |run, at: Option<usize>, by_cell: &[Vec<&Sample>]| {
                at.and_then(|at| Side::of(run, at, *figure, by_cell))
            };
            let base = side(base, in_base, &base_by_cell);
            let other = side(other, in_other, &other_by_cell);
            if base.is_some() || other.is_some() {
                pairs.push(Pair { cell, figure: *figure, base, other });
            }
        }
    }
    let mut rows = rows(&pairs, rules, base.head.plan.seed ^ other.head.plan.seed.rotate_left(32));
    judge(&mut rows, &pairs, rules);
    let visited = |cell: &Cell| {
        let at = other.head.cells.iter().position(|of| of == cell);
        at.is_some_and(|at| other_by_cell[at].iter().any(|sample| !sample.warmup))
    };
    let works = |cell: &Cell, side: fn(&Pair) -> &Option<Side>| {
        pairs.iter().any(|pair| pair.cell == *cell && side(pair).is_some())
    };
    let is_broken = |cell: &Cell| {
        works(cell, |pair| &pair.base) && !works(cell, |pair| &pair.other) && visited(cell)
    };
    let broken = base.head.cells.iter().filter(|cell| is_broken(cell)).copied().collect();
    let disturbed = [base, other].map(|run| {
        let verdict = verdict::of(run);
        (verdict.tainted > 0).then(|| verdict::words(&verdict))
    });
    Comparison { differences: differences(base, other), rows, broken, disturbed }
}

/// Every cell once, those of the base first.
fn cells(base: &Run, other: &Run) -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::new();
    for cell in base.head.cells.iter().chain(&other.head.cells) {
        if !cells.contains(cell) {
            cells.push(*cell);
        }
    }
    cells
}

fn by_cell(run: &Run) -> Vec<Vec<&Sample>> {
    let mut by_cell = vec![Vec::new(); run.head.cells.len()];
    for sample in &run.samples {
        if let Some(of_cell) = by_cell.get_mut(sample.cell as usize) {
            of_cell.push(sample);
        }
    }
    by_cell
}

/// The times of one figure of one cell in one run.
struct Side {
    data: Sorted,
    rng: StdRng,
}

impl Side {
    fn of(run: &Run, at: usize, figure: Figure, by_cell: &[Vec<&Sample>]) -> Option<Self> {
        let data = times_of(figure, by_cell.get(at)?.iter().copied())?;
        let index = u32::try_from(at).ok()?;
        Some(Self { data, rng: generator(run.head.plan.seed, index, figure) })
    }
}

/// Both sides of a row.
struct Pair {
    cell: Cell,
    figure: Figure,
    base: Option<Side>,
    other: Option<Side>,
}

impl Pair {
    /// Both sides where both have samples enough, and times that a ratio can be made of.
    fn testable(&self) -> Option<(&Sorted, &Sorted)> {
        let (base, other) = (&self.base.as_ref()?.data, &self.other.as_ref()?.data);
        let enough = |data: &Sorted| data.len() >= FEWEST && data.median() > 0.0;
        (enough(base) && enough(other)).then_some((base, other))
    }

    fn row(&self, most: u32, rules: &Rules, rng: &mut StdRng) -> Row {
        let known = |side: &Option<Side>| {
            let side = side.as_ref()?;
            Some(estimate(&side.data, rules.resamples, &mut side.rng.clone()))
        };
        let sides = self.base.as_ref().zip(self.other.as_ref());
        let ratio = sides.filter(|(base, _)| base.data.median() > 0.0);
        Row {
            cell: self.cell,
            figure: self.figure,
            base: known(&self.base),
            other: known(&self.other),
            times: ratio
                .and_then(|(base, other)| times(&other.data, &base.data, rules.resamples, rng)),
            p: self.testable().map(|(base, other)| p_of(base, other, most, rng)),
            adjusted_p: None,
            change: Change::Unknown,
        }
    }
}

fn rows(pairs: &[Pair], rules: &Rules, seed: u64) -> Vec<Row> {
    let most = rules.shuffles(pairs.iter().filter(|pair| pair.testable().is_some()).count());
    let row = |(index, pair): &(u32, &Pair)| {
        pair.row(most, rules, &mut generator(seed, *index, pair.figure))
    };
    let of = |part: &[(u32, &Pair)]| part.iter().map(row).collect::<Vec<_>>();
    let numbered: Vec<(u32, &Pair)> = (0..).zip(pairs).collect();
    let hands = std::thread::available_parallelism().map_or(1, NonZero::get);
    let share = numbered.len().div_ceil(hands).max(1);
    // Each row draws from a generator of its own, so that it is the same whoever works it out.
    std::thread::scope(|scope| {
        let work = |part| (part, std::thread::Builder::new().spawn_scoped(scope, move || of(part)));
        let parts: Vec<_> = numbered.chunks(share).map(work).collect();
        let rows = |(part, hand): (_, std::io::Result<ScopedJoinHandle<'_, Vec<Row>>>)| {
            hand.ok().and_then(|hand| hand.join().ok()).unwrap_or_else(|| of(part))
        };
        parts.into_iter().flat_map(rows).collect()
    })
}

/// Corrects the ps and says what follows.
fn judge(rows: &mut [Row], pairs: &[Pair], rules: &Rules) {
    let adjusted = holm(&rows.iter().map(|row| row.p).collect::<Vec<_>>());
    let tests = adjusted.iter().flatten().count();
    for ((row, pair), adjusted) in rows.iter_mut().zip(pairs).zip(adjusted) {
        row.adjusted_p = adjusted;
        if let (Some(times), Some(p), Some((base, other))) = (&row.times, adjusted, pair.testable())
        {
            row.change = rules.change(times, p, least_p(base.len(), other.len()), tests);
        }
    }
}

#[cfg(test)]
mod tests;
