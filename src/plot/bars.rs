//! Bars from zero: medians with their intervals, and the memory of one sandbox.
//!
//! A bar that does not begin at zero lies, and beside a slow backend a fast one is a hair. So whatever
//! is less than a tenth of the longest stands a second time, on a scale of its own that is named.

use super::data::{Data, ROWS, boundary, left_away, name, work};
use super::scale::{Unit, bytes};
use super::{Axis, Ink, Made, Mark, Panel};
use crate::model::bench::{Figure, Payload};
use crate::model::load::LoadFigure;
use crate::model::run::Run;
use crate::model::unit::Seconds;

/// Height of a row in points.
pub(super) const ROW: f64 = 24.0;
/// A bar shorter than this part of the longest is drawn again by itself.
const SHORT: f64 = 0.1;
/// How often the short ones are taken apart again.
const DEPTH: usize = 3;

/// One bar.
#[derive(Clone, Debug)]
struct Row {
    name: String,
    ink: Ink,
    value: f64,
    interval: Option<(f64, f64)>,
    shown: String,
}

/// Medians of the figure that decides, and of the whole command for `noop`.
pub(super) fn bars(run: &Run) -> Made {
    let data = Data::of(run);
    let mut panels = Vec::new();
    let mut notes = vec!["bars: medians; lines: their 95 % intervals".to_owned()];
    let mut bare = false;
    for payload in data.payloads() {
        let figures: &[Figure] = match payload {
            Payload::Noop => &[Figure::Start, Figure::Cli],
            _ => &[Figure::Work],
        };
        for figure in figures {
            let rows = rows(&data, payload, *figure);
            bare |= rows.iter().any(|row| row.interval.is_none());
            let title = format!("{}: {}, {}", work(payload), figure.name(), boundary(*figure));
            panels.extend(apart(&title, "time", Unit::Seconds, &rows));
            notes.extend(left_away(rows.len(), ROWS, "rows"));
        }
    }
    if panels.is_empty() {
        return Err("no sample was good, so there is no median to draw".to_owned());
    }
    if bare {
        notes.push("no line: fewer than 6 samples, which have no interval".to_owned());
    }
    Ok(("What isolation costs".to_owned(), panels, notes))
}

fn rows(data: &Data<'_>, payload: Payload, figure: Figure) -> Vec<Row> {
    let row = |(index, cell)| {
        let known = data.estimate(index, figure)?;
        let interval = known.low_seconds.zip(known.high_seconds);
        Some(Row {
            name: name(cell),
            ink: Ink::Series(0),
            value: known.median_seconds.0,
            interval: interval.map(|(low, high)| (low.0, high.0)),
            shown: Seconds(known.median_seconds.0).to_string(),
        })
    };
    data.cells(payload).into_iter().filter_map(row).filter(|row| row.value.is_finite()).collect()
}

/// Memory of one sandbox of each cell, by both ways in which it is told.
pub(super) fn memory(run: &Run) -> Made {
    let (mut pss, mut available) = (Vec::new(), Vec::new());
    for load in run.tail.iter().flat_map(|tail| &tail.loads) {
        let Some(LoadFigure::Memory { pss_each_bytes, available_each_bytes }) = load.figure else {
            continue;
        };
        let Some(cell) = run.head.cells.get(load.cell as usize) else { continue };
        let row = |value: f64, ink| Row {
            name: name(*cell),
            ink,
            value: value.max(0.0),
            interval: None,
            shown: bytes(value),
        };
        pss.extend(pss_each_bytes.map(|value| row(value, Ink::Series(0))));
        available.extend(available_each_bytes.map(|value| row(value, Ink::Series(1))));
    }
    let mut panels =
        apart("PSS of its processes, less guest memory", "memory of one", Unit::Bytes, &pss);
    let title = "drop of available memory for each";
    panels.extend(apart(title, "memory of one", Unit::Bytes, &available));
    if panels.is_empty() {
        return Err("the run had no memory load, or nothing of it is known".to_owned());
    }
    let notes = ["no intervals: each is one reading of many that stand together"];
    Ok(("Memory of one sandbox".to_owned(), panels, notes.map(str::to_owned).to_vec()))
}

/// A panel of `rows`, and one for those that are much shorter than the longest, and so on.
fn apart(title: &str, label: &str, unit: Unit, rows: &[Row]) -> Vec<Panel> {
    let mut panels = Vec::new();
    let mut rest: Vec<Row> = rows.iter().take(ROWS).cloned().collect();
    let mut title = title.to_owned();
    for _ in 0..DEPTH {
        if rest.is_empty() {
            break;
        }
        panels.push(panel(&title, label, unit, &rest));
        let longest = rest.iter().map(|row| row.value).fold(0.0, f64::max);
        let before = rest.len();
        rest.retain(|row| row.value < longest * SHORT);
        // One by itself has nothing to be set beside.
        if rest.len() == before || rest.len() < 2 {
            break;
        }
        "the short ones again, on a scale of their own".clone_into(&mut title);
    }
    panels
}

fn panel(title: &str, label: &str, unit: Unit, rows: &[Row]) -> Panel {
    let ends = rows.iter().map(|row| row.interval.map_or(row.value, |(_, high)| high));
    // Room for the words behind the longest.
    let x = Axis::from_zero(label, unit, ends.map(|end| end * 1.12));
    let mut marks = Vec::new();
    for (at, row) in (0..).map(f64::from).zip(rows) {
        let y = (at - 0.34, at + 0.34);
        marks.push(Mark::Bar { x: (0.0, row.value), y, ink: row.ink, cover: 1.0 });
        if let Some((low, high)) = row.interval {
            marks.push(Mark::Interval { from: (low, at), to: (high, at) });
        }
        let end = row.interval.map_or(row.value, |(_, high)| high.max(row.value));
        let text = row.shown.clone();
        marks.push(Mark::Word { at: (end, at), text, centred: false, ink: Ink::Text });
    }
    let names = rows.iter().map(|row| row.name.clone()).collect();
    let height = rows.len() as f64 * ROW;
    Panel { title: title.to_owned(), x, y: Axis::rows(names), marks, legend: Vec::new(), height }
}
