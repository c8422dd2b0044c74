//! How often values come: the share of each of equally wide parts of their range.

use super::super::{Axis, Ink, Mark, Panel};
use super::axis;
use super::name::{self, Named};
use super::{Source, ink, tell_apart};
use crate::model::workflow::plot::PlotSpec;
use crate::table::Spread;
use crate::table::digest::Data;

/// Parts where the file names no number, and at most.
const BINS: (u32, u32) = (16, 1_000);

/// How the shares are drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Element {
    Step,
    Bars,
    Poly,
}

pub(super) fn panel(
    spec: &PlotSpec,
    sources: Vec<Source>,
    notes: &mut Vec<String>,
) -> Result<Panel, String> {
    let element = match spec.options.hist_element.as_deref() {
        None | Some("" | "step") => Element::Step,
        Some("bars") => Element::Bars,
        Some("poly") => Element::Poly,
        Some(other) => {
            return Err(format!("there is no hist_element {other}; there are step, bars and poly"));
        }
    };
    let mut named = name::named(sources, false);
    tell_apart(&mut named, notes);
    let bins = spec.options.bins.unwrap_or(BINS.0).clamp(1, BINS.1);
    let common = spec.options.hist_common_norm.unwrap_or(false) && named.len() > 1;
    notes.push(format!(
        "{bins} parts of the range; shares are of {}",
        if common { "the values of all groups" } else { "the values of each group" }
    ));
    let spreads: Vec<&Spread> = named.iter().filter_map(spread).collect();
    let (label, unit) = name::label(named.iter().map(|of| &of.series));
    let x = axis::across(&label, unit.as_deref(), ends(&spreads), 0.0);
    let total: u64 = spreads.iter().map(|spread| spread.n).sum();
    let shares: Vec<Vec<f64>> = spreads
        .iter()
        .map(|spread| shares(spread, x.range, bins, if common { total } else { spread.n }))
        .collect();
    let highest = shares.iter().flatten().copied().fold(0.0, f64::max);
    let mut marks: Vec<Mark> = Vec::new();
    let each = || shares.iter().enumerate();
    if element != Element::Poly {
        let cover = if shares.len() == 1 || element == Element::Bars { 0.45 } else { 0.14 };
        each().for_each(|(at, shares)| marks.extend(fills(shares, x.range, ink(at).0, cover)));
    }
    each().for_each(|(at, shares)| marks.push(outline(shares, x.range, at, element)));
    let legend = named.iter().enumerate().map(|(at, of)| (of.name.clone(), ink(at).0)).collect();
    let y: Axis = axis::shares("share of values", highest);
    Ok(Panel { title: String::new(), x, y, marks, legend, height: 0.0 })
}

fn spread(of: &Named) -> Option<&Spread> {
    match &of.series.data {
        Data::Spread(spread) => Some(spread),
        Data::Points(..) => None,
    }
}

fn ends(spreads: &[&Spread]) -> (f64, f64) {
    let low = spreads.iter().map(|spread| spread.min).fold(f64::INFINITY, f64::min);
    let high = spreads.iter().map(|spread| spread.max).fold(f64::NEG_INFINITY, f64::max);
    (low, high)
}

/// The share of `all` in each part of `range`; the last one holds its upper end.
fn shares(spread: &Spread, range: (f64, f64), bins: u32, all: u64) -> Vec<f64> {
    let mut counts = vec![0_u64; bins as usize];
    for (value, n) in spread.parts() {
        let at = (value - range.0) / (range.1 - range.0) * f64::from(bins);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates"
        )]
        let at = (at.max(0.0) as usize).min(counts.len() - 1);
        counts[at] += n;
    }
    counts.into_iter().map(|n| n as f64 / all.max(1) as f64).collect()
}

/// Where part `at` of `bins` begins.
fn edge(range: (f64, f64), at: usize, bins: usize) -> f64 {
    range.0 + (range.1 - range.0) * (at as f64 / bins as f64)
}

fn fills(shares: &[f64], range: (f64, f64), ink: Ink, cover: f64) -> Vec<Mark> {
    let bar = |(at, share): (usize, &f64)| Mark::Bar {
        x: (edge(range, at, shares.len()), edge(range, at + 1, shares.len())),
        y: (0.0, *share),
        ink,
        cover,
    };
    shares.iter().enumerate().filter(|(_, share)| **share > 0.0).map(bar).collect()
}

fn outline(shares: &[f64], range: (f64, f64), at: usize, element: Element) -> Mark {
    let (ink, dashed) = ink(at);
    let bins = shares.len();
    let mut points = Vec::new();
    if element == Element::Poly {
        let middle = |at| f64::midpoint(edge(range, at, bins), edge(range, at + 1, bins));
        points.extend(shares.iter().enumerate().map(|(at, share)| (middle(at), *share)));
    } else {
        points.push((range.0, 0.0));
        for (at, share) in shares.iter().enumerate() {
            let (from, to) = (edge(range, at, bins), edge(range, at + 1, bins));
            points.extend([(from, *share), (to, *share)]);
            if element == Element::Bars {
                points.push((to, 0.0));
            }
        }
        points.push((range.1, 0.0));
    }
    Mark::Line { points, ink, width: 1.6, dashed }
}
