//! From the steps of a run's loads to what is known of each.
//!
//! Steps of the same cell and stride belong together, whatever their round. Each figure has a
//! generator of its own from the plan's seed, so that it can be made again from a file.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::estimate::estimate;
use super::interval::{Interval, RESAMPLES, Times};
use super::sorted::Sorted;
use crate::model::bench::{Cell, Estimate, Outcome, Taint};
use crate::model::load::{LoadFigure, LoadSummary, Rate, Shot, Standing, Step, Stride};

/// Parts that each window is cut into for the interval of its rate.
pub const WINDOWS: u32 = 10;
/// Good results below which a rate has no interval.
const FEWEST: u32 = 10;
/// Share of the highest rate at which more at once are said to bring no more.
pub const KNEE: f64 = 0.95;

/// What is known of each load, in the order of [`sort`]. Steps of a cell that is not among `cells` are
/// left away.
pub fn summarise(cells: &[Cell], steps: &[Step], seed: u64) -> Vec<LoadSummary> {
    let mut groups: Vec<Vec<&Step>> = Vec::new();
    for step in steps.iter().filter(|step| (step.cell as usize) < cells.len()) {
        match groups.iter_mut().find(|group| is_alike(group[0], step)) {
            Some(group) => group.push(step),
            None => groups.push(vec![step]),
        }
    }
    let mut loads: Vec<LoadSummary> = groups.iter().map(|group| summary(group, seed)).collect();
    sort(&mut loads);
    loads
}

/// Brings loads into one order, whatever order they were measured in: by kind as in `Load::NAMES`,
/// then by cell, then by how many at once.
pub fn sort(loads: &mut [LoadSummary]) {
    let key = |load: &LoadSummary| {
        let (kind, number) = match load.stride {
            Stride::Memory { count } => (0, count),
            Stride::Throughput { at_once } => (1, at_once),
            Stride::Latency { most, .. } => (2, most),
            Stride::Neighbour { beside } => {
                (3, beside.map_or(0, |beside| beside.saturating_add(1)))
            }
            Stride::Density { most } => (4, most),
        };
        (kind, load.cell, number)
    };
    loads.sort_by_key(key);
}

/// Whether two steps did the same on the same cell.
pub fn is_alike(one: &Step, other: &Step) -> bool {
    one.cell == other.cell && one.stride == other.stride
}

/// What is known of steps that are alike; at least one.
pub fn summary(steps: &[&Step], seed: u64) -> LoadSummary {
    let first = steps[0];
    let mut rng = generator(seed, first);
    let shots = || steps.iter().flat_map(|step| &step.shots);
    let good = shots().filter(|shot| is_good(shot)).count();
    let n = match first.stride {
        Stride::Memory { .. } | Stride::Density { .. } => steps.len(),
        Stride::Throughput { .. } => steps.iter().map(|step| within(step).count()).sum(),
        Stride::Latency { .. } | Stride::Neighbour { .. } => good,
    };
    let disturbed = |step: &&&Step| step.taints.iter().any(|taint| *taint != Taint::LeftOver);
    LoadSummary {
        cell: first.cell,
        stride: first.stride,
        n: count(n),
        failures: count(shots().count() - good),
        tainted: count(steps.iter().filter(disturbed).count()),
        figure: figure(first.stride, steps, &mut rng),
        energy_each_joules: energy(steps),
    }
}

fn figure(stride: Stride, steps: &[&Step], rng: &mut StdRng) -> Option<LoadFigure> {
    match stride {
        Stride::Throughput { .. } => rate(steps, rng).map(LoadFigure::Rate),
        Stride::Latency { .. } | Stride::Neighbour { .. } => {
            let shots = steps.iter().flat_map(|step| &step.shots).filter(|shot| is_good(shot));
            let data = Sorted::new(shots.map(time).collect())?;
            Some(LoadFigure::Times(estimate(&data, RESAMPLES, rng)))
        }
        Stride::Memory { .. } => memory(steps),
        Stride::Density { most } => {
            let counts =
                steps.iter().filter_map(|step| step.standing.iter().map(|of| of.count).max());
            let count = counts.min()?;
            Some(LoadFigure::Most { count, all: count >= most })
        }
    }
}

/// From the intended arrival to the result; from asked to result where none was intended.
pub fn time(shot: &Shot) -> f64 {
    let from = shot.intended_seconds.unwrap_or(shot.at_seconds);
    shot.done_seconds.0 - from.0
}

fn is_good(shot: &Shot) -> bool {
    shot.outcome == Outcome::Good
}

/// Good results that came within the window.
fn within(step: &Step) -> impl Iterator<Item = &Shot> {
    step.shots.iter().filter(|shot| is_good(shot) && shot.done_seconds.0 <= step.window_seconds.0)
}

/// How much of `shot` lies between two instants, 0 to 1, if it is good: of what was under way at
/// either end its share counts. Over a while in which a load neither rises nor falls, shares are
/// right on the mean whatever the times (each result counts once, spread over its time). To count
/// whole results alone would lose half of one a hand where all take alike long.
fn share(shot: &Shot, from: f64, to: f64) -> f64 {
    let (at, done) = (shot.at_seconds.0, shot.done_seconds.0);
    if !is_good(shot) {
        return 0.0;
    }
    if from <= at && done <= to {
        return 1.0;
    }
    let share = (done.min(to) - at.max(from)) / (done - at);
    if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
}

/// Good results of `step` since `from`, with shares.
fn results(step: &Step, from: f64) -> f64 {
    step.shots.iter().map(|shot| share(shot, from, step.window_seconds.0)).sum()
}

/// When each hand had its first result: all begin in the same instant, which is like no other. 0
/// where that would leave less than half of the window.
fn settled(step: &Step) -> f64 {
    let Stride::Throughput { at_once } = step.stride else { return 0.0 };
    let mut shots: Vec<&Shot> = step.shots.iter().collect();
    shots.sort_by(|a, b| a.at_seconds.0.total_cmp(&b.at_seconds.0));
    let firsts = shots.iter().take(at_once as usize).map(|shot| shot.done_seconds.0);
    let settled = firsts.fold(0.0, f64::max);
    if settled <= step.window_seconds.0 / 2.0 { settled } else { 0.0 }
}

/// Good results a second over all windows from where each has [`settled`], counted by [`share`]. Each
/// is cut into [`WINDOWS`] parts of equal length, and the interval is the percentile bootstrap (Efron 1979) of the mean of their rates: the
/// method of batch means (Conway 1963; Law and Kelton, *Simulation Modeling and Analysis*, ch. 9),
/// in which neighbouring results hang together and parts of a window hardly do. A result belongs to
/// the part it came in, the shares of what came later to the last.
fn rate(steps: &[&Step], rng: &mut StdRng) -> Option<Rate> {
    let seconds: f64 = steps.iter().map(|step| step.window_seconds.0 - settled(step)).sum();
    let good = count(steps.iter().map(|step| within(step).count()).sum());
    let per_second = steps.iter().map(|step| results(step, settled(step))).sum::<f64>() / seconds;
    if !per_second.is_finite() || seconds <= 0.0 {
        return None;
    }
    let parts: Vec<f64> = steps.iter().flat_map(|step| parts(step)).collect();
    let interval = (good >= FEWEST).then(|| resampled_mean(&parts, rng)).flatten();
    let (low_per_second, high_per_second) = interval.unzip();
    Some(Rate { per_second, low_per_second, high_per_second })
}

/// The rates of the parts of a window.
fn parts(step: &Step) -> Vec<f64> {
    let from = settled(step);
    let length = (step.window_seconds.0 - from) / f64::from(WINDOWS);
    if length.is_nan() || length <= 0.0 {
        return Vec::new();
    }
    let mut parts = vec![0.0; WINDOWS as usize];
    for shot in &step.shots {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "negative saturates to 0, large is bounded"
        )]
        let part = ((shot.done_seconds.0 - from) / length) as usize;
        parts[part.min(WINDOWS as usize - 1)] += share(shot, from, step.window_seconds.0) / length;
    }
    parts
}

/// The middle 95 % of the means of resamples of `values`.
fn resampled_mean(values: &[f64], rng: &mut StdRng) -> Option<(f64, f64)> {
    if values.len() < WINDOWS as usize {
        return None;
    }
    let mean = |_| {
        let sum: f64 = values.iter().map(|_| values[rng.random_range(0..values.len())]).sum();
        sum / values.len() as f64
    };
    let means = Sorted::new((0..RESAMPLES).map(mean).collect())?;
    Some((means.quantile(0.025), means.quantile(0.975)))
}

/// Medians over the steps, each of the most that stood in it.
fn memory(steps: &[&Step]) -> Option<LoadFigure> {
    let fullest = |step: &&Step| step.standing.iter().max_by_key(|of| of.count).copied();
    let standing: Vec<Standing> =
        steps.iter().filter_map(fullest).filter(|of| of.count > 0).collect();
    let median = |of: fn(&Standing) -> Option<f64>| {
        Sorted::new(standing.iter().filter_map(of).collect()).map(|data| data.median())
    };
    let pss_each_bytes = median(Standing::pss_each);
    let available_each_bytes = median(Standing::available_each);
    (!standing.is_empty()).then_some(LoadFigure::Memory { pss_each_bytes, available_each_bytes })
}

/// Joules of each good result, where every step tells its energy.
fn energy(steps: &[&Step]) -> Option<f64> {
    let joules: Option<f64> = steps.iter().map(|step| step.energy_joules).sum();
    let good: f64 = steps.iter().map(|step| results(step, 0.0)).sum();
    joules.filter(|_| good > 0.0).map(|joules| joules / good)
}

/// The fewest at once whose rate is within 5 % ([`KNEE`]) of the highest that was seen: more at once
/// bring no more, they only wait longer. `of_cell` is of one cell; `None` without two rates.
pub fn knee<'a>(of_cell: impl IntoIterator<Item = &'a LoadSummary>) -> Option<u32> {
    let rates: Vec<(u32, f64)> = of_cell.into_iter().filter_map(rate_of).collect();
    if rates.len() < 2 {
        return None;
    }
    let peak = rates.iter().map(|(_, rate)| *rate).fold(0.0, f64::max);
    let near = rates.iter().filter(|(_, rate)| peak > 0.0 && *rate >= KNEE * peak);
    near.map(|(at_once, _)| *at_once).min()
}

/// How many at once, and how many results a second.
pub fn rate_of(load: &LoadSummary) -> Option<(u32, f64)> {
    match (load.stride, load.figure) {
        (Stride::Throughput { at_once }, Some(LoadFigure::Rate(rate))) => {
            Some((at_once, rate.per_second))
        }
        _ => None,
    }
}

/// The median of `victim` beside the cell `beside`, as so many times the one without a neighbour, with
/// the widest range that the two intervals allow; `None` where either has too few results for one.
pub fn slowdown(loads: &[LoadSummary], victim: u32, beside: u32) -> Option<Times> {
    let (loud, calm) = (middle(loads, victim, Some(beside))?, middle(loads, victim, None)?);
    let range = |of: &Estimate| Some((of.low_seconds?.0, of.high_seconds?.0));
    let ((low, high), (least, most)) = (range(&loud)?, range(&calm)?);
    let interval = Interval { low: low / most, high: high / least };
    let times = loud.median_seconds.0 / calm.median_seconds.0;
    let known = [times, interval.low, interval.high].iter().all(|ratio| ratio.is_finite());
    known.then_some(Times { times, interval: Some(interval) })
}

/// What is known of the times of `victim` with or without a neighbour.
fn middle(loads: &[LoadSummary], victim: u32, beside: Option<u32>) -> Option<Estimate> {
    let stride = Stride::Neighbour { beside };
    let found = loads.iter().find(|load| load.cell == victim && load.stride == stride)?;
    match found.figure? {
        LoadFigure::Times(times) => Some(times),
        _ => None,
    }
}

/// The 99th percentile of `victim` with or without a neighbour, in seconds.
pub fn tail(loads: &[LoadSummary], victim: u32, beside: Option<u32>) -> Option<f64> {
    middle(loads, victim, beside)?.p99_seconds.map(|p99| p99.0)
}

/// The generator of the figure of steps like `step` in a run with `seed`.
fn generator(seed: u64, step: &Step) -> StdRng {
    let (kind, number) = match step.stride {
        Stride::Throughput { at_once } => (1, u64::from(at_once)),
        Stride::Latency { per_second, most } => (2, per_second.to_bits() ^ u64::from(most)),
        Stride::Memory { count } => (3, u64::from(count)),
        Stride::Density { most } => (4, u64::from(most)),
        Stride::Neighbour { beside } => (5, beside.map_or(0, |beside| u64::from(beside) + 1)),
    };
    let stream = (u64::from(step.cell) << 32) ^ (kind << 28) ^ number.rotate_left(3);
    StdRng::seed_from_u64(seed ^ (stream + 1).wrapping_mul(0xa076_1d64_78bd_642f))
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
