//! Curves over time, over a number, or over the rows.

use super::super::{Axis, Mark, Panel};
use super::axis::{self, Layout};
use super::name::{self, Named};
use super::{Source, ink, tell_apart, word};
use crate::model::unit::Seconds;
use crate::model::workflow::plot::PlotSpec;
use crate::table::digest::Data;
use crate::table::time::Clock;

/// Curves of no more points have a dot at each.
const DOTTED: usize = 60;
/// Curves of more points have a finer line.
const DENSE: usize = 400;

/// What the horizontal axis counts from.
struct Ground {
    clock: Option<(Clock, i64)>,
    origin: f64,
    window: Option<f64>,
    several: bool,
}

pub(super) fn panel(spec: &PlotSpec, sources: Vec<Source>, notes: &mut Vec<String>) -> Panel {
    let first = sources.first().map(|source| &source.digest);
    let ground = Ground {
        clock: first.and_then(|digest| digest.clock),
        origin: first.map_or(0.0, |digest| digest.origin),
        window: first.and_then(|digest| digest.window),
        several: sources.len() > 1,
    };
    let moved: Vec<f64> =
        sources.iter().map(|source| source.digest.origin - ground.origin).collect();
    let mut named = name::named(sources, false);
    tell_apart(&mut named, notes);
    if ground.clock.is_none() {
        // Numbers are what they are; only times are counted from each run's start.
        for of in &mut named {
            shift(of, moved[of.run]);
        }
    }
    notes.extend(windowed(spec, &ground));
    let (mut x, mut y) = (None, None);
    for (at, value) in named.iter().flat_map(points) {
        grow(&mut x, *at);
        grow(&mut y, *value);
    }
    let (label, unit) = name::label(named.iter().map(|of| &of.series));
    Panel {
        title: String::new(),
        x: across(spec, &ground, x.unwrap_or((0.0, 1.0))),
        y: axis::values(&label, unit.as_deref(), y.unwrap_or((0.0, 1.0))),
        marks: named.iter().enumerate().flat_map(|(at, of)| marks(at, points(of))).collect(),
        legend: named.iter().enumerate().map(|(at, of)| (of.name.clone(), ink(at).0)).collect(),
        height: 0.0,
    }
}

fn points(of: &Named) -> &[(f64, f64)] {
    match &of.series.data {
        Data::Points(points, _) => points,
        Data::Spread(_) => &[],
    }
}

fn shift(of: &mut Named, by: f64) {
    if let Data::Points(points, _) = &mut of.series.data {
        for (x, _) in points {
            *x += by;
        }
    }
}

fn grow(ends: &mut Option<(f64, f64)>, value: f64) {
    let (low, high) = ends.unwrap_or((value, value));
    *ends = Some((low.min(value), high.max(value)));
}

fn marks(at: usize, points: &[(f64, f64)]) -> Vec<Mark> {
    let ((ink, dashed), points) = (ink(at), points.to_vec());
    let width = if points.len() > DENSE { 1.0 } else { 1.8 };
    let dots = points.len() <= DOTTED;
    let dots = dots.then(|| Mark::Dots { points: points.clone(), ink, hollow: dashed });
    std::iter::once(Mark::Line { points, ink, width, dashed }).chain(dots).collect()
}

fn across(spec: &PlotSpec, ground: &Ground, ends: (f64, f64)) -> Axis {
    let name = spec.x.first().map_or("row", String::as_str);
    match ground.clock {
        Some(_) if ground.several => {
            axis::since(&format!("{name}, since the first row of each run"), ends)
        }
        Some(clock) => {
            let layout = Layout::of(spec.options.x_timestamp_format.as_deref());
            axis::instants(name, clock, ends, layout)
        }
        None => axis::across(name, None, ends, ground.origin),
    }
}

/// What a point stands for, where that is more than a row.
fn windowed(spec: &PlotSpec, ground: &Ground) -> Option<String> {
    let (of, each) = (spec.aggregation?, ground.window?);
    let each = if ground.clock.is_some() { Seconds(each).to_string() } else { format!("{each}") };
    Some(format!("each point: {} of a window of {each}", word(of)))
}
