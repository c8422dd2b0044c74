//! Boxes from the first to the third quartile, with the median across, whiskers to the last value within
//! one and a half times their length (Tukey 1977), and what lies beyond as rings.

use super::super::{Axis, Ink, Mark, Panel};
use super::axis;
use super::name::{self, Named, or_empty};
use super::{Source, ink, tell_apart};
use crate::model::workflow::plot::PlotSpec;
use crate::table::digest::Data;
use crate::table::{Boxed, Spread};

/// Rings of one box at most.
const RINGS: usize = 200;
/// Width of all boxes of a category, of the room it has.
const WIDE: f64 = 0.72;

pub(super) fn panel(spec: &PlotSpec, sources: Vec<Source>, notes: &mut Vec<String>) -> Panel {
    let named = name::named(sources, false);
    let plain = spec.x.is_empty();
    // Without a column that parts them, each box is a category of its own.
    let category = |of: &Named| if plain { of.name.clone() } else { or_empty(&of.series.category) };
    let hue = |of: &Named| if plain { String::new() } else { of.name.clone() };
    let categories = ordered(distinct(named.iter().map(category)));
    let mut hues = distinct(named.iter().map(hue));
    tell_apart(&mut hues, notes);
    let mut marks = Vec::new();
    let mut ends = None;
    for of in &named {
        let at = categories.iter().position(|name| *name == category(of));
        let (Some(at), Some(hue)) = (at, hues.iter().position(|name| *name == hue(of))) else {
            continue;
        };
        let Data::Spread(spread) = &of.series.data else { continue };
        let (low, high) = ends.unwrap_or((spread.min, spread.max));
        ends = Some((low.min(spread.min), high.max(spread.max)));
        let each = WIDE / hues.len() as f64;
        let middle = at as f64 - WIDE / 2.0 + each * (hue as f64 + 0.5);
        marks.extend(drawn(spread, middle, each * 0.42, ink(hue).0));
    }
    notes.push("box: quartiles; line: median; whiskers: 1.5 × the box; rings: beyond".to_owned());
    let (label, unit) = name::label(named.iter().map(|of| &of.series));
    let range = (-0.5, (categories.len().max(1)) as f64 - 0.5);
    let ticks = (0..).map(f64::from).zip(categories).collect();
    Panel {
        title: String::new(),
        x: Axis {
            scale: super::super::Scale::Rows,
            ..Axis::with(&spec.x.join(", "), range, ticks)
        },
        y: axis::values(&label, unit.as_deref(), ends.unwrap_or((0.0, 1.0))),
        marks,
        legend: (0..).map(|at| ink(at).0).zip(hues).map(|(ink, name)| (name, ink)).collect(),
        height: 0.0,
    }
}

fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for name in names {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// Numbers by size; names as they come.
fn ordered(mut names: Vec<String>) -> Vec<String> {
    let number = |name: &String| name.parse::<f64>().ok().filter(|number| !number.is_nan());
    if names.iter().all(|name| number(name).is_some()) {
        names.sort_by(|left, right| {
            let [left, right] = [left, right].map(|name| number(name).unwrap_or(0.0));
            left.total_cmp(&right)
        });
    }
    names
}

/// A box with all that belongs to it, `half` as wide to each side of `x`.
fn drawn(spread: &Spread, x: f64, half: f64, ink: Ink) -> Vec<Mark> {
    let Boxed { low, first, median, third, high, beyond, .. } = spread.boxed(RINGS);
    let (left, right) = (x - half, x + half);
    let line = |points: Vec<(f64, f64)>, width| Mark::Line { points, ink, width, dashed: false };
    let cap = |y: f64| line(vec![(x - half / 2.0, y), (x + half / 2.0, y)], 1.4);
    let mut marks = vec![
        Mark::Bar { x: (left, right), y: (first, third), ink, cover: 0.35 },
        line(
            vec![(left, first), (right, first), (right, third), (left, third), (left, first)],
            1.4,
        ),
        line(vec![(x, low), (x, first)], 1.4),
        line(vec![(x, third), (x, high)], 1.4),
        cap(low),
        cap(high),
        Mark::Line {
            points: vec![(left, median), (right, median)],
            ink: Ink::Text,
            width: 2.0,
            dashed: false,
        },
    ];
    let points: Vec<(f64, f64)> = beyond.iter().map(|value| (x, *value)).collect();
    if !points.is_empty() {
        marks.push(Mark::Dots { points, ink, hollow: true });
    }
    marks
}
