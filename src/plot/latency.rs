//! Percentiles of an open loop. Times count from the arrival that was intended, so that what waited
//! behind a stall is in them.

use super::data::{LINES, left_away, name};
use super::scale::{Scale, Unit};
use super::{Axis, Ink, Made, Mark, Panel};
use crate::model::bench::Outcome;
use crate::model::load::{Step, Stride};
use crate::model::run::Run;
use crate::model::unit::PerSecond;
use crate::stats::load;
use crate::stats::sorted::Sorted;

/// Shares that are written at the axis.
const SHARES: [(f64, &str); 6] = [
    (0.0, "0 %"),
    (0.5, "50 %"),
    (0.9, "90 %"),
    (0.99, "99 %"),
    (0.999, "99.9 %"),
    (0.9999, "99.99 %"),
];

/// All good shots of a cell at a rate.
struct Curve {
    name: String,
    times: Sorted,
}

pub(super) fn latency(run: &Run) -> Made {
    let mut curves = curves(run);
    if curves.is_empty() {
        return Err("the run had no open loop, or no result of it was good".to_owned());
    }
    let mut notes = vec![
        "from the intended arrival to the result, so that what waits behind a stall is in it; no line \
         goes further than its number of results tells"
            .to_owned(),
    ];
    notes.extend(left_away(curves.len(), LINES, "lines"));
    curves.truncate(LINES);
    Ok(("Latency, open loop".to_owned(), vec![panel(&curves)], notes))
}

fn curves(run: &Run) -> Vec<Curve> {
    let mut found: Vec<(u32, f64, Vec<f64>)> = Vec::new();
    for step in &run.steps {
        let Stride::Latency { per_second, .. } = step.stride else { continue };
        let same = |of: &&mut (u32, f64, Vec<f64>)| {
            of.0 == step.cell && of.1.to_bits() == per_second.to_bits()
        };
        match found.iter_mut().find(same) {
            Some((.., times)) => times.extend(good(step)),
            None => found.push((step.cell, per_second, good(step).collect())),
        }
    }
    // In the order of the cells, as in every other picture: steps are visited at random.
    found.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let curve = |(index, rate, times): (u32, f64, Vec<f64>)| {
        let cell = run.head.cells.get(index as usize)?;
        let times = Sorted::new(times)?;
        let name = format!("{} at {} (n {})", name(*cell), PerSecond(rate), times.len());
        Some(Curve { name, times })
    };
    found.into_iter().filter_map(curve).collect()
}

fn good(step: &Step) -> impl Iterator<Item = f64> {
    let good = step.shots.iter().filter(|shot| shot.outcome == Outcome::Good);
    good.map(|shot| load::time(shot).max(0.0))
}

fn panel(curves: &[Curve]) -> Panel {
    let all: Vec<f64> =
        curves.iter().flat_map(|curve| curve.times.values().iter().copied()).collect();
    let y = Axis::around("time from the intended arrival", Unit::Seconds, &all);
    let longest = curves.iter().map(|curve| curve.times.len()).max().unwrap_or(1);
    let furthest = rare(1.0 - 1.0 / longest as f64).max(rare(0.9));
    let ticks = SHARES.into_iter().map(|(share, word)| (rare(share), word.to_owned()));
    let ticks = ticks.filter(|(place, _)| *place <= furthest * 1.001).collect();
    let x = Axis::with("share of results", (0.0, furthest * 1.02), ticks);
    let (mut marks, mut legend) = (Vec::new(), Vec::new());
    for (at, curve) in curves.iter().enumerate() {
        let ink = Ink::Series(at);
        let points = line(&curve.times, &y);
        marks.push(Mark::Line { points, ink, width: 2.0, dashed: at >= LINES / 2 });
        let dashed = if at >= LINES / 2 { ", dashed" } else { "" };
        legend.push((format!("{}{dashed}", curve.name), ink));
    }
    Panel { title: String::new(), x, y, marks, legend, height: 320.0 }
}

/// How rare what lies above a share is: 0 for all, 1 for one in ten, 2 for one in a hundred.
fn rare(share: f64) -> f64 {
    -(1.0 - share).max(1e-9).log10()
}

/// The line up to the last share that so many results tell of.
fn line(times: &Sorted, y: &Axis) -> Vec<(f64, f64)> {
    let n = times.len();
    let last = rare(1.0 - 1.0 / n as f64);
    let on = |time: f64| if y.scale == Scale::Log { time.max(y.range.0) } else { time };
    let at = |k: u32| {
        let place = last * f64::from(k) / 200.0;
        (place, on(times.quantile(1.0 - 10.0_f64.powf(-place))))
    };
    (0..=200).map(at).collect()
}
