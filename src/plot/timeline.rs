//! Samples over the time of the run, and below them on the same axis what the host did.

use super::data::{Data, boundary, good, left_away, name, work};
use super::scale::{Scale, Unit};
use super::{Axis, Ink, Made, Mark, Panel};
use crate::model::bench::{Figure, HostState, Sample};
use crate::model::run::Run;
use crate::model::unit::Ratio;

/// Cells at most: as many as there are colours to tell them apart.
const INKS: usize = 8;
/// Dots of a cell at most.
const DOTS: usize = 4_000;

/// Samples that lie within less than this part of the time are drawn again by themselves.
const CROWDED: f64 = 0.4;

/// A number of the host that is drawn: its name, its unit, how it is found.
type OfHost = (&'static str, Unit, fn(&HostState) -> Option<f64>);

const HOST: [OfHost; 6] = [
    ("processor time the hypervisor took", Unit::Share, |of| of.steal.map(Ratio::fraction)),
    ("share of time a task waited for a processor", Unit::Share, |of| {
        of.cpu_pressure.map(Ratio::fraction)
    }),
    ("share of time a task waited for I/O", Unit::Share, |of| of.io_pressure.map(Ratio::fraction)),
    ("share of time a task waited for memory", Unit::Share, |of| {
        of.memory_pressure.map(Ratio::fraction)
    }),
    ("processors busy with other programs", Unit::Number, |of| of.other_cores),
    ("work on the busiest GPU", Unit::Share, |of| of.gpu.map(Ratio::fraction)),
];

pub(super) fn timeline(run: &Run) -> Made {
    let data = Data::of(run);
    let none = || "no sample was good, so there is nothing to draw".to_owned();
    let payload = data.plainest().ok_or_else(none)?;
    let cells: Vec<_> = data.cells(payload);
    let x = over_time(run);
    let mut notes = vec![
        "dots: good samples at the time they began, hollow where they were disturbed; grey: a load ran"
            .to_owned(),
    ];
    notes.extend(left_away(cells.len(), INKS, "cells"));
    let title = format!("{}: start, {}", work(payload), boundary(Figure::Start));
    let shown: Vec<_> = cells.into_iter().take(INKS).collect();
    let mut panels = vec![dots(&data, &shown, title, &x).ok_or_else(none)?];
    let own = Axis::from_zero(&x.label, Unit::Seconds, good(run).map(|of| of.at_seconds.0));
    if own.range.1 < x.range.1 * CROWDED {
        let title = "the samples again, on a time of their own: loads took the rest".to_owned();
        let again = dots(&data, &shown, title, &own);
        panels.splice(1..1, again.map(|panel| Panel { legend: Vec::new(), ..panel }));
    }
    panels
        .extend(HOST.into_iter().filter_map(|(name, unit, find)| host(run, name, unit, find, &x)));
    let last = panels.len() - 1;
    panels.iter_mut().take(last).for_each(|panel| panel.x.label.clear());
    if panels.len() == 1 {
        notes.push("what the host did is not known of this run".to_owned());
    }
    Ok(("Samples and what the host did".to_owned(), panels, notes))
}

fn over_time(run: &Run) -> Axis {
    let samples = run.samples.iter().map(|sample| sample.at_seconds.0);
    let steps = run.steps.iter().map(|step| step.at_seconds.0 + step.window_seconds.0);
    Axis::from_zero("time since the run began", Unit::Seconds, samples.chain(steps))
}

fn dots(
    data: &Data<'_>,
    cells: &[(u32, crate::model::bench::Cell)],
    title: String,
    x: &Axis,
) -> Option<Panel> {
    let point = |sample: &Sample| {
        let time = Figure::Start.of(&sample.phases)?.0;
        (time.is_finite() && time >= 0.0).then_some((sample.at_seconds.0, time))
    };
    let all: Vec<f64> = cells
        .iter()
        .flat_map(|(index, _)| data.samples(*index).filter_map(point))
        .map(|(_, t)| t)
        .collect();
    if all.is_empty() {
        return None;
    }
    let y = Axis::around("time", Unit::Seconds, &all);
    let on = |(_, time): &(f64, f64)| y.scale != Scale::Log || *time > 0.0;
    let (mut marks, mut legend) = (loads(data.run, x, &y), Vec::new());
    for (at, (index, cell)) in cells.iter().enumerate() {
        let ink = Ink::Series(at);
        for hollow in [false, true] {
            let of = data.samples(*index).filter(|sample| sample.taints.is_empty() != hollow);
            let points: Vec<(f64, f64)> = of.filter_map(point).filter(on).take(DOTS).collect();
            if !points.is_empty() {
                marks.push(Mark::Dots { points, ink, hollow });
            }
        }
        legend.push((name(*cell), ink));
    }
    Some(Panel { title, x: x.clone(), y, marks, legend, height: 260.0 })
}

/// The windows of the loads, behind everything.
fn loads(run: &Run, x: &Axis, y: &Axis) -> Vec<Mark> {
    let window = |step: &crate::model::load::Step| {
        let from = step.at_seconds.0;
        Mark::Bar {
            x: (from, from + step.window_seconds.0),
            y: y.range,
            ink: Ink::Muted,
            cover: 0.12,
        }
    };
    run.steps.iter().filter(|step| step.at_seconds.0 < x.range.1).map(window).collect()
}

/// A panel of one number of the host; `None` where no sample has it.
fn host(
    run: &Run,
    title: &str,
    unit: Unit,
    find: fn(&HostState) -> Option<f64>,
    x: &Axis,
) -> Option<Panel> {
    let samples = good(run).map(|sample| (sample.at_seconds.0, &sample.host));
    let steps = run.steps.iter().map(|step| (step.at_seconds.0, &step.host));
    let mut points: Vec<(f64, f64)> =
        samples.chain(steps).filter_map(|(at, host)| Some((at, find(host)?))).collect();
    points.retain(|(at, value)| at.is_finite() && value.is_finite());
    if points.is_empty() || points.iter().all(|(_, value)| *value == 0.0) {
        return None;
    }
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let stride = points.len().div_ceil(DOTS).max(1);
    let points: Vec<(f64, f64)> = points.into_iter().step_by(stride).collect();
    let y = Axis::from_zero("", unit, points.iter().map(|(_, value)| *value));
    let marks = vec![Mark::Line { points, ink: Ink::Series(4), width: 1.5, dashed: false }];
    Some(Panel {
        title: title.to_owned(),
        x: x.clone(),
        y,
        marks,
        legend: Vec::new(),
        height: 64.0,
    })
}
