//! How samples are spread: each of them with a histogram, and the share up to a time.

use super::data::{Data, LINES, ROWS, boundary, left_away, name, work};
use super::scale::{Scale, Unit};
use super::{Axis, Ink, Made, Mark, Panel};
use crate::model::bench::{Cell, Figure, Payload, Sample};
use crate::model::run::Run;
use crate::stats::sorted::Sorted;
use crate::stats::summary::deciding;

/// Height of a row in points.
const ROW: f64 = 40.0;
/// Boxes of a histogram over the width of a panel.
const BINS: usize = 60;
/// Dots of a row at most; more would hide each other.
const DOTS: usize = 2_000;

/// A cell with its times, disturbed ones apart.
struct Spread {
    cell: Cell,
    calm: Vec<f64>,
    disturbed: Vec<f64>,
}

impl Spread {
    fn all(&self) -> impl Iterator<Item = f64> {
        self.calm.iter().chain(&self.disturbed).copied()
    }
}

fn spreads(data: &Data<'_>, payload: Payload, figure: Figure) -> Vec<Spread> {
    let spread = |(index, cell)| {
        let (mut calm, mut disturbed) = (Vec::new(), Vec::new());
        let time = |sample: &Sample| figure.of(&sample.phases).map(|time| time.0);
        for sample in data.samples(index) {
            let to = if sample.taints.is_empty() { &mut calm } else { &mut disturbed };
            to.extend(time(sample).filter(|time| time.is_finite() && *time >= 0.0));
        }
        let spread = Spread { cell, calm, disturbed };
        let some = spread.all().next().is_some();
        some.then_some(spread)
    };
    data.cells(payload).into_iter().filter_map(spread).collect()
}

/// What is drawn of every payload: its figure and its times.
fn looked_at(data: &Data<'_>) -> Vec<(Payload, Figure, Vec<Spread>)> {
    let of = |payload| (payload, deciding(payload), spreads(data, payload, deciding(payload)));
    data.payloads().into_iter().map(of).filter(|(.., spreads)| !spreads.is_empty()).collect()
}

const NONE: &str = "no sample was good, so there is nothing to draw";

/// Every sample as a dot under the histogram of its row.
pub(super) fn samples(run: &Run) -> Made {
    let data = Data::of(run);
    let (mut panels, mut notes) = (Vec::new(), Vec::new());
    for (payload, figure, rows) in looked_at(&data) {
        notes.extend(left_away(rows.len(), ROWS, "rows"));
        let shown: Vec<Spread> = rows.into_iter().take(ROWS).collect();
        let title = format!("{}: {}, {}", work(payload), figure.name(), boundary(figure));
        panels.push(strips(&title, &shown));
    }
    if panels.is_empty() {
        return Err(NONE.to_owned());
    }
    notes.insert(
        0,
        "dots: every good sample, hollow where it was disturbed; boxes: how many lie \
                     there, each row to its own height; upright line: the median"
            .to_owned(),
    );
    Ok(("Every sample".to_owned(), panels, notes))
}

fn strips(title: &str, rows: &[Spread]) -> Panel {
    let all: Vec<f64> = rows.iter().flat_map(Spread::all).collect();
    let x = Axis::around("time", Unit::Seconds, &all);
    let mut marks = Vec::new();
    for (at, row) in (0..).map(f64::from).zip(rows) {
        marks.extend(histogram(&x, at, row));
        let dots = |times: &[f64]| {
            let on = |time: &&f64| x.scale != Scale::Log || **time > 0.0;
            times.iter().filter(on).take(DOTS).map(|time| (*time, at + 0.26)).collect::<Vec<_>>()
        };
        marks.push(Mark::Dots { points: dots(&row.calm), ink: Ink::Series(0), hollow: false });
        marks.push(Mark::Dots { points: dots(&row.disturbed), ink: Ink::Series(5), hollow: true });
        let median = Sorted::new(row.all().collect()).map(|known| known.median());
        let line = |median| Mark::Line {
            points: vec![(median, at - 0.42), (median, at + 0.42)],
            ink: Ink::Text,
            width: 1.5,
            dashed: false,
        };
        marks.extend(median.map(line));
    }
    let names = rows.iter().map(|row| format!("{} (n {})", name(row.cell), row.all().count()));
    let y = Axis::rows(names.collect());
    let height = rows.len() as f64 * ROW;
    let legend =
        vec![("quiet".to_owned(), Ink::Series(0)), ("disturbed".to_owned(), Ink::Series(5))];
    Panel { title: title.to_owned(), x, y, marks, legend, height }
}

/// Boxes of equal width on the axis; their height is the number in them.
fn histogram(x: &Axis, at: f64, row: &Spread) -> Vec<Mark> {
    let mut counts = [0_u32; BINS];
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..BINS")]
    let bin = |place: f64| (place.clamp(0.0, 0.999_999) * BINS as f64) as usize;
    for place in row.all().filter_map(|time| x.place(time)) {
        counts[bin(place)] += 1;
    }
    let most = f64::from(counts.iter().copied().max().unwrap_or(0).max(1));
    let edge = |share: f64| match x.scale {
        Scale::Log => (x.range.0.ln() + share * (x.range.1.ln() - x.range.0.ln())).exp(),
        _ => x.range.0 + share * (x.range.1 - x.range.0),
    };
    let bar = |(at_bin, count): (usize, &u32)| {
        let part = |bin: usize| edge(bin as f64 / BINS as f64);
        let top = at + 0.12 - 0.52 * f64::from(*count) / most;
        Mark::Bar {
            x: (part(at_bin), part(at_bin + 1)),
            y: (top, at + 0.12),
            ink: Ink::Series(1),
            cover: 0.75,
        }
    };
    counts.iter().enumerate().filter(|(_, count)| **count > 0).map(bar).collect()
}

/// The share of samples that took at most so long.
pub(super) fn ecdf(run: &Run) -> Made {
    let data = Data::of(run);
    let (mut panels, mut notes) = (Vec::new(), Vec::new());
    for (payload, figure, rows) in looked_at(&data) {
        notes.extend(left_away(rows.len(), LINES, "lines"));
        let shown: Vec<Spread> = rows.into_iter().take(LINES).collect();
        let title = format!("{}: {}, {}", work(payload), figure.name(), boundary(figure));
        panels.push(steps(&title, &shown));
    }
    if panels.is_empty() {
        return Err(NONE.to_owned());
    }
    notes.insert(0, "each step is a sample; disturbed ones are in it".to_owned());
    Ok(("Share of samples up to a time".to_owned(), panels, notes))
}

fn steps(title: &str, rows: &[Spread]) -> Panel {
    let all: Vec<f64> = rows.iter().flat_map(Spread::all).collect();
    let x = Axis::around("time", Unit::Seconds, &all);
    let mut marks = Vec::new();
    let mut legend = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let ink = Ink::Series(at);
        let Some(known) = Sorted::new(row.all().collect()) else { continue };
        let points = staircase(known.values(), &x);
        marks.push(Mark::Line { points, ink, width: 2.0, dashed: at >= LINES / 2 });
        let dashed = if at >= LINES / 2 { ", dashed" } else { "" };
        legend.push((format!("{} (n {}){dashed}", name(row.cell), known.len()), ink));
    }
    let y = shares();
    Panel { title: title.to_owned(), x, y, marks, legend, height: 300.0 }
}

/// An axis from nothing to all.
pub(super) fn shares() -> Axis {
    let ticks = [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| (share, format!("{} %", share * 100.0)));
    Axis::with("share of samples", (0.0, 1.02), ticks.to_vec())
}

/// Two corners for each value, no more than can be seen.
fn staircase(values: &[f64], x: &Axis) -> Vec<(f64, f64)> {
    let n = values.len() as f64;
    let mut points = vec![(values[0].max(x.range.0), 0.0)];
    let stride = values.len().div_ceil(DOTS).max(1);
    for (rank, value) in
        values.iter().enumerate().filter(|(rank, _)| rank % stride == 0 || rank + 1 == values.len())
    {
        let (value, before) = (value.max(x.range.0), points[points.len() - 1].1);
        points.push((value, before));
        points.push((value, (rank + 1) as f64 / n));
    }
    points.push((x.range.1, 1.0));
    points
}
