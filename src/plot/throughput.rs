//! Good results a second over how many run at once, with the knee: the fewest at once that reach
//! 95 % of the best rate that was seen.

use super::data::{LINES, left_away, name};
use super::scale::{Scale, Unit};
use super::{Axis, Ink, Made, Mark, Panel};
use crate::model::load::{LoadFigure, LoadSummary, Rate, Stride};
use crate::model::run::Run;
use crate::model::unit::PerSecond;
use crate::stats::load;

/// The rates of a cell, by how many at once.
struct Curve {
    name: String,
    points: Vec<(f64, Rate)>,
    /// Where more at once bring no more, and the rate there; of more than one step.
    knee: Option<(f64, f64)>,
}

pub(super) fn throughput(run: &Run) -> Made {
    let mut curves = curves(run);
    if curves.is_empty() {
        return Err("the run had no throughput load, or no result of it was good".to_owned());
    }
    let mut notes = vec![
        "bars: 95 % intervals of the rate; ring: the knee, the fewest at once that reach 95 % of the \
         best rate"
            .to_owned(),
    ];
    notes.extend(left_away(curves.len(), LINES, "lines"));
    curves.truncate(LINES);
    Ok(("Throughput, closed loop".to_owned(), vec![panel(&curves)], notes))
}

fn curves(run: &Run) -> Vec<Curve> {
    let cells = (0..).zip(&run.head.cells);
    let of = |(index, cell): (u32, &crate::model::bench::Cell)| {
        let loads =
            || run.tail.iter().flat_map(|tail| &tail.loads).filter(move |load| load.cell == index);
        let mut points: Vec<(f64, Rate)> = loads().filter_map(point).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let knee = load::knee(loads()).map(f64::from).filter(|_| points.len() > 1);
        let found = points.iter().find(|(at_once, _)| Some(*at_once) == knee);
        let knee = found.map(|(at_once, rate)| (*at_once, rate.per_second));
        (!points.is_empty()).then(|| Curve { name: name(*cell), points, knee })
    };
    cells.filter_map(of).collect()
}

fn point(load: &LoadSummary) -> Option<(f64, Rate)> {
    match (load.stride, load.figure?) {
        (Stride::Throughput { at_once }, LoadFigure::Rate(rate)) if at_once > 0 => {
            rate.per_second.is_finite().then(|| (f64::from(at_once), rate))
        }
        _ => None,
    }
}

fn panel(curves: &[Curve]) -> Panel {
    let rates: Vec<f64> =
        curves.iter().flat_map(|curve| curve.points.iter().flat_map(seen)).collect();
    let y = Axis::around("good results a second", Unit::Number, &rates);
    let (mut marks, mut legend) = (Vec::new(), Vec::new());
    for (at, curve) in curves.iter().enumerate() {
        let ink = Ink::Series(at);
        let on = |rate: f64| y.scale != Scale::Log || rate > 0.0;
        let line = curve.points.iter().map(|(at_once, rate)| (*at_once, rate.per_second));
        let points: Vec<(f64, f64)> = line.filter(|(_, rate)| on(*rate)).collect();
        for (at_once, rate) in &curve.points {
            if let (Some(low), Some(high)) = (rate.low_per_second, rate.high_per_second) {
                let low = if on(low) { low } else { y.range.0 };
                marks.push(Mark::Interval { from: (*at_once, low), to: (*at_once, high) });
            }
        }
        let ring = |knee| Mark::Dots { points: vec![knee], ink: Ink::Text, hollow: true };
        marks.extend(curve.knee.map(ring));
        marks.push(Mark::Dots { points: points.clone(), ink, hollow: false });
        marks.push(Mark::Line { points, ink, width: 2.0, dashed: at >= LINES / 2 });
        let dashed = if at >= LINES / 2 { ", dashed" } else { "" };
        legend.push((words(curve) + dashed, ink));
    }
    Panel { title: String::new(), x: at_once(curves), y, marks, legend, height: 320.0 }
}

fn seen((_, rate): &(f64, Rate)) -> Vec<f64> {
    [Some(rate.per_second), rate.low_per_second, rate.high_per_second]
        .into_iter()
        .flatten()
        .collect()
}

/// The name of a curve with its knee, where there is more than one step to find one in.
fn words(curve: &Curve) -> String {
    match curve.knee {
        Some((at_once, rate)) => {
            format!("{} (knee at {at_once}: {})", curve.name, PerSecond(rate))
        }
        None => curve.name.clone(),
    }
}

/// Doublings, since that is how steps go.
fn at_once(curves: &[Curve]) -> Axis {
    let all = || curves.iter().flat_map(|curve| curve.points.iter().map(|(at_once, _)| *at_once));
    let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(1.0, f64::max));
    let mut values: Vec<f64> = all().collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let every = values.len().div_ceil(12).max(1);
    let ticks = values.into_iter().step_by(every).map(|value| (value, value.to_string())).collect();
    let range = (low / 1.2, high * 1.2);
    Axis { label: "at once, logarithmic".to_owned(), scale: Scale::Log, range, ticks }
}
