//! The ladder: the phases of a start, one behind the other, all backends on one scale.

use super::bars::ROW;
use super::data::{Data, ROWS, left_away, name, work};
use super::scale::Unit;
use super::{Axis, Ink, Made, Mark, Panel};
use crate::model::bench::{Cell, Phase};
use crate::model::run::Run;
use crate::model::unit::Seconds;
use crate::stats::sorted::Sorted;

/// A row whose whole is shorter than this part of the longest is drawn again by itself.
const SHORT: f64 = 0.1;
/// How often the short ones are taken apart again.
const DEPTH: usize = 3;

/// A cell with the median of each phase that it has.
#[derive(Clone, Debug)]
struct Rungs {
    cell: Cell,
    phases: Vec<(Phase, f64)>,
}

impl Rungs {
    fn whole(&self) -> f64 {
        self.phases.iter().map(|(_, length)| length).sum()
    }
}

pub(super) fn ladder(run: &Run) -> Made {
    let data = Data::of(run);
    let none = || "no sample was good, so there are no phases to draw".to_owned();
    let payload = data.plainest().ok_or_else(none)?;
    let rungs =
        data.cells(payload).into_iter().filter_map(|(index, cell)| rungs(&data, index, cell));
    let all: Vec<Rungs> = rungs.collect();
    let panels = panels(&all);
    if panels.is_empty() {
        return Err(none());
    }
    let mut notes = vec![
        "each part is the median of its phase over all good samples; a phase that a backend does not \
         have is not there, and medians of parts need not add up to the median of the whole"
            .to_owned(),
    ];
    notes.extend(left_away(all.len(), ROWS, "rows"));
    Ok((format!("Where the time goes ({})", work(payload)), panels, notes))
}

fn rungs(data: &Data<'_>, index: u32, cell: Cell) -> Option<Rungs> {
    let median = |phase: Phase| {
        let lengths = data.samples(index).filter_map(|sample| sample.phases.get(phase));
        let known = Sorted::new(lengths.map(|length| length.0).collect())?;
        Some((phase, known.median().max(0.0)))
    };
    let phases: Vec<(Phase, f64)> = Phase::ALL.into_iter().filter_map(median).collect();
    (!phases.is_empty()).then_some(Rungs { cell, phases })
}

fn panels(all: &[Rungs]) -> Vec<Panel> {
    let mut rest: Vec<Rungs> = all.iter().take(ROWS).cloned().collect();
    let mut panels = Vec::new();
    let mut title = "all on one scale";
    for _ in 0..DEPTH {
        let longest = rest.iter().map(Rungs::whole).fold(0.0, f64::max);
        if rest.is_empty() || !longest.is_finite() {
            break;
        }
        panels.push(panel(title, &rest));
        let before = rest.len();
        rest.retain(|row| row.whole() < longest * SHORT);
        if rest.len() == before {
            break;
        }
        title = "the short ones again, on a scale of their own";
    }
    panels
}

fn panel(title: &str, rows: &[Rungs]) -> Panel {
    let x = Axis::from_zero("time since it was asked for", Unit::Seconds, {
        rows.iter().map(|row| row.whole() * 1.12)
    });
    let mut marks = Vec::new();
    for (at, row) in (0..).map(f64::from).zip(rows) {
        let mut from = 0.0;
        for (phase, length) in &row.phases {
            let (x, y) = ((from, from + length), (at - 0.34, at + 0.34));
            marks.push(Mark::Bar { x, y, ink: ink(*phase), cover: 1.0 });
            from += length;
        }
        let text = Seconds(from).to_string();
        marks.push(Mark::Word { at: (from, at), text, centred: false, ink: Ink::Text });
    }
    let there = |phase: &Phase| rows.iter().any(|row| row.phases.iter().any(|(of, _)| of == phase));
    let phases = Phase::ALL.into_iter().filter(there);
    let legend = phases.map(|phase| (phase.name().to_owned(), ink(phase))).collect();
    let names = rows.iter().map(|row| name(row.cell)).collect();
    let height = rows.len() as f64 * ROW;
    Panel { title: title.to_owned(), x, y: Axis::rows(names), marks, legend, height }
}

/// The same colour for a phase on every picture.
fn ink(phase: Phase) -> Ink {
    Ink::Series(Phase::ALL.iter().position(|of| *of == phase).unwrap_or(0))
}
