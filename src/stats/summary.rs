//! From the samples of a run to what is known of each cell.
//!
//! The generator of each figure is seeded from the plan's seed, the cell and the figure alone, so
//! that a summary does not depend on which others were made, and can be made again from a file.

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::estimate::estimate;
use super::interval::Interval;
use super::place::{Rivals, place};
use super::sorted::Sorted;
use super::standing::standing;
use crate::model::bench::{Cell, Estimate, Figure, Outcome, Payload, Sample, Summary};
use crate::model::unit::Seconds;

/// The figures of `cells`, ordered by cell and then as in [`Figure::ALL`]. Warm-up samples do not
/// count; failed ones are counted and in no estimate; disturbed ones are in and are counted. A cell
/// that does no work has no figure of it.
pub fn summarise(cells: &[Cell], samples: &[Sample], resamples: u32, seed: u64) -> Vec<Summary> {
    summarise_among(cells, samples, (resamples, seed), Rivals::Isolating)
}

/// The same with places among `rivals`.
pub fn summarise_among(
    cells: &[Cell],
    samples: &[Sample],
    (resamples, seed): (u32, u64),
    rivals: Rivals,
) -> Vec<Summary> {
    let mut counted = vec![Vec::new(); cells.len()];
    for sample in standing(samples) {
        if let Some(of_cell) = counted.get_mut(sample.cell as usize) {
            of_cell.push(sample);
        }
    }
    let figures = |((index, cell), samples): ((u32, &Cell), Vec<&Sample>)| {
        let applies = |figure: &Figure| applies(*figure, *cell, &samples);
        let shown = Figure::ALL.into_iter().filter(applies);
        let of = |figure| summary(index, figure, &samples, resamples, seed);
        shown.map(of).collect::<Vec<_>>()
    };
    let all = (0..).zip(cells).zip(counted).flat_map(figures);
    let (mut summaries, data): (Vec<_>, Vec<_>) = all.unzip();
    place(cells, &mut summaries, &data, resamples, seed, rivals);
    summaries
}

/// `noop` only starts and ends: what lies between its marker and its result is nothing. Few backends
/// have a boundary at the first instruction inside.
fn applies(figure: Figure, cell: Cell, samples: &[&Sample]) -> bool {
    match figure {
        Figure::Work => cell.payload != Payload::Noop,
        Figure::Spec | Figure::FirstExec => {
            samples.iter().any(|sample| is_good(sample) && figure.of(&sample.phases).is_some())
        }
        _ => true,
    }
}

/// What is known of one figure, and the times behind it.
fn summary(
    cell: u32,
    figure: Figure,
    samples: &[&Sample],
    resamples: u32,
    seed: u64,
) -> (Summary, Option<Sorted>) {
    let (mut failures, mut tainted, mut times) = (0, 0, Vec::new());
    for sample in samples {
        match figure.of(&sample.phases) {
            _ if !is_good(sample) => failures += 1,
            Some(time) => {
                tainted += usize::from(!sample.taints.is_empty());
                times.push(time.0);
            }
            None => {}
        }
    }
    let mut rng = generator(seed, cell, figure);
    let data = Sorted::new(times);
    let summary = Summary {
        cell,
        figure,
        n: count(data.as_ref().map_or(0, Sorted::len)),
        failures: count(failures),
        tainted: count(tainted),
        estimate: data.as_ref().map(|data| estimate(data, resamples, &mut rng)),
        place: None,
    };
    (summary, data)
}

/// The times of `figure` in those of `samples` that are good; `None` if there is none.
pub fn times_of<'a>(
    figure: Figure,
    samples: impl IntoIterator<Item = &'a Sample>,
) -> Option<Sorted> {
    let good = standing(samples).into_iter().filter(|sample| is_good(sample));
    let time = |sample: &Sample| figure.of(&sample.phases).map(|time| time.0);
    Sorted::new(good.filter_map(time).collect())
}

/// The figure that stands for a payload: the start where nothing else is done, else the work. Its
/// interval decides whether a cell is known well enough, and it is what ratios are made of.
pub const fn deciding(payload: Payload) -> Figure {
    match payload {
        Payload::Noop => Figure::Start,
        // A command is all of it: where it is started bare, nobody says when it began.
        Payload::Job => Figure::Cli,
        _ => Figure::Work,
    }
}

/// The figures that tables show of a payload, and that comparisons are made of. `request` is the sum
/// of two others; `clean` says little beside real work.
pub const fn telling(payload: Payload) -> &'static [Figure] {
    match payload {
        Payload::Noop => {
            &[Figure::Start, Figure::Cli, Figure::Clean, Figure::Spec, Figure::FirstExec]
        }
        Payload::Job => &[Figure::Cli, Figure::Start, Figure::Work],
        _ => &[Figure::Start, Figure::Work, Figure::Cli],
    }
}

/// The median of `times`; `None` without any.
pub fn middle(times: &[Seconds]) -> Option<Seconds> {
    let times = Sorted::new(times.iter().map(|time| time.0).collect());
    times.map(|times| Seconds(times.median()))
}

/// How well the median is known: half of its interval as a share of it, which may be more than all of it.
/// `None` without an interval.
pub fn half_width(estimate: &Estimate) -> Option<f64> {
    let (low, high) = (estimate.low_seconds?.0, estimate.high_seconds?.0);
    Interval { low, high }.half_width(estimate.median_seconds.0)
}

/// The generator of one figure of one cell in a run with `seed`.
pub fn generator(seed: u64, cell: u32, figure: Figure) -> StdRng {
    let stream = (u64::from(cell) << 8) | figure as u64;
    StdRng::seed_from_u64(seed ^ (stream + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn is_good(sample: &Sample) -> bool {
    sample.outcome == Outcome::Good
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::backend::BackendId;
    use crate::model::bench::{Failure, HostState, Phase, Phases, Place, Taint};
    use crate::model::text::SafeText;

    const NOOP: Cell = Cell::cold(BackendId::Process, Payload::Noop);
    const RUNC: Cell = Cell::cold(BackendId::Runc, Payload::Noop);
    const CPU: Cell = Cell::cold(BackendId::Process, Payload::Cpu { rounds: 1 });

    fn sample(cell: u32, ready: f64) -> Sample {
        let mut phases = Phases::default();
        phases.set(Phase::Ready, Seconds(ready));
        Sample {
            cell,
            round: 0,
            warmup: false,
            at_seconds: Seconds(0.0),
            phases,
            outcome: Outcome::Good,
            host: HostState::default(),
            taints: Vec::new(),
            attempt: 0,
        }
    }

    fn failed(cell: u32) -> Sample {
        let message = SafeText::new("no");
        Sample { outcome: Outcome::Failed { kind: Failure::Start, message }, ..sample(cell, 99.0) }
    }

    #[test]
    fn failures_and_warm_up_are_in_no_estimate_and_taints_are_counted() {
        let mut samples = vec![sample(0, 1.0), sample(0, 3.0), failed(0), sample(1, 7.0)];
        samples.push(Sample { warmup: true, ..sample(0, 50.0) });
        samples[1].taints.push(Taint::Steal);
        let all = summarise(&[CPU, NOOP], &samples, 99, 1);
        assert_eq!(all.len(), 2 * 5 - 1, "noop does no work, and nobody saw a first instruction");
        let cold = &all[0];
        assert_eq!((cold.n, cold.failures, cold.tainted), (2, 1, 1));
        assert_eq!(cold.estimate.unwrap().median_seconds, Seconds(2.0));
        assert_eq!((all[1].figure, all[1].n, all[1].estimate), (Figure::Work, 0, None));
    }

    #[test]
    fn a_first_instruction_is_a_figure_where_one_is_seen() {
        let mut seen = sample(0, 1.0);
        seen.phases.set(Phase::Boot, Seconds(0.5));
        let figures: Vec<Figure> =
            summarise(&[NOOP], &[seen], 99, 1).iter().map(|summary| summary.figure).collect();
        assert!(figures.contains(&Figure::FirstExec) && !figures.contains(&Figure::Spec));
    }

    #[test]
    fn a_sample_of_an_unknown_cell_is_no_panic() {
        assert!(summarise(&[], &[sample(9, 1.0)], 99, 1).is_empty());
    }

    #[test]
    fn cells_of_one_kind_are_placed() {
        let mut samples: Vec<Sample> =
            (0..20).map(|k| sample(0, 1.0 + f64::from(k) / 1e3)).collect();
        samples.extend((0..20).map(|k| sample(1, 2.0 + f64::from(k) / 1e3)));
        let places =
            summarise(&[RUNC, Cell { backend: BackendId::Crun, ..RUNC }], &samples, 999, 5)
                .into_iter()
                .filter_map(|summary| summary.place);
        assert_eq!(places.collect::<Vec<_>>(), [Place::Best, Place::Above]);
    }

    #[test]
    fn a_figure_does_not_depend_on_its_neighbours() {
        let alone: Vec<Sample> = (0..20).map(|k| sample(0, 1.0 + f64::from(k * k))).collect();
        let mut both = alone.clone();
        both.extend((0..20).map(|k| sample(1, f64::from(k))));
        assert_eq!(summarise(&[CPU], &alone, 99, 5)[0], summarise(&[CPU, CPU], &both, 99, 5)[0]);
    }
}
