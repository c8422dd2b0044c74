//! How much slower one sandbox is while another backend is busy beside it: a tile for each pair.

use std::collections::BTreeMap;

use super::data::{left_away, name};
use super::scale::times;
use super::{Axis, Ink, Made, Mark, Panel};
use crate::model::bench::Estimate;
use crate::model::load::{LoadFigure, Stride};
use crate::model::run::Run;
use crate::model::unit::Seconds;

/// Rows and columns at most.
const MOST: usize = 16;
/// So many times as slow is as hot as a tile gets.
const HOTTEST: f64 = 4.0;

/// Times of each victim: alone (`None`) and beside each neighbour.
type Pairs = BTreeMap<(u32, Option<u32>), Estimate>;

pub(super) fn neighbour(run: &Run) -> Made {
    let pairs = pairs(run);
    if pairs.is_empty() {
        return Err("the run had no neighbour load, or no result of it was good".to_owned());
    }
    let known = |index: &u32| (*index as usize) < run.head.cells.len();
    let mut victims: Vec<u32> = pairs.keys().map(|(victim, _)| *victim).filter(known).collect();
    victims.dedup();
    let mut beside: Vec<u32> =
        pairs.keys().filter_map(|(_, beside)| *beside).filter(known).collect();
    beside.sort_unstable();
    beside.dedup();
    let rare = pairs.values().all(|of| of.p99_seconds.is_some());
    let what = if rare { "99th percentile" } else { "median" };
    let mut notes = vec![format!(
        "each tile: the {what} from asked for to the result beside a busy neighbour, as many times that \
         alone; a row's own time alone stands behind its name"
    )];
    if victims.iter().any(|victim| !pairs.contains_key(&(*victim, None))) {
        notes.push(
            "where a row was not measured alone, its tiles are the times themselves".to_owned(),
        );
    }
    let measured = pairs.keys().filter(|(_, beside)| beside.is_some()).count();
    if measured < victims.len() * beside.len() {
        notes.push("no tile: that pair was not measured, or no result of it was good".to_owned());
    }
    notes.extend(left_away(victims.len(), MOST, "rows"));
    notes.extend(left_away(beside.len(), MOST, "columns"));
    victims.truncate(MOST);
    beside.truncate(MOST);
    let panel = panel(run, &pairs, &victims, &beside, rare);
    Ok(("Beside a busy neighbour".to_owned(), vec![panel], notes))
}

fn pairs(run: &Run) -> Pairs {
    let loads = run.tail.iter().flat_map(|tail| &tail.loads);
    let pair = |load: &crate::model::load::LoadSummary| match (load.stride, load.figure?) {
        (Stride::Neighbour { beside }, LoadFigure::Times(times)) => {
            Some(((load.cell, beside), times))
        }
        _ => None,
    };
    loads.filter_map(pair).collect()
}

fn time(of: &Estimate, rare: bool) -> Seconds {
    of.p99_seconds.filter(|_| rare).unwrap_or(of.median_seconds)
}

fn panel(run: &Run, pairs: &Pairs, victims: &[u32], beside: &[u32], rare: bool) -> Panel {
    let called = |index: u32| {
        run.head.cells.get(index as usize).map_or_else(String::new, |cell| name(*cell))
    };
    let alone = |victim: u32| pairs.get(&(victim, None)).map(|of| time(of, rare));
    let mut marks = Vec::new();
    for (row, victim) in (0..).map(f64::from).zip(victims) {
        for (column, neighbour) in (0..).map(f64::from).zip(beside) {
            let Some(of) = pairs.get(&(*victim, Some(*neighbour))) else { continue };
            let here = time(of, rare);
            let slower =
                alone(*victim).map(|alone| here.0 / alone.0).filter(|slower| slower.is_finite());
            let heat = heat(slower.unwrap_or(1.0));
            let (x, y) = ((column - 0.48, column + 0.48), (row - 0.46, row + 0.46));
            marks.push(Mark::Bar { x, y, ink: Ink::Heat(heat), cover: 1.0 });
            let text = slower.map_or_else(|| here.to_string(), times);
            marks.push(Mark::Word {
                at: (column, row),
                text,
                centred: true,
                ink: Ink::OnHeat(heat),
            });
        }
    }
    let rows = victims.iter().map(|victim| {
        let alone =
            alone(*victim).map_or_else(|| "alone: —".to_owned(), |time| format!("alone: {time}"));
        format!("{} ({alone})", called(*victim))
    });
    let height = victims.len() as f64 * 36.0;
    let mut x = Axis::rows(beside.iter().map(|of| called(*of)).collect());
    "the neighbour that is busy".clone_into(&mut x.label);
    let y = Axis::rows(rows.collect());
    Panel { title: String::new(), x, y, marks, legend: Vec::new(), height }
}

/// Cool up to once, hottest from [`HOTTEST`] times on.
fn heat(slower: f64) -> u8 {
    let share = (slower.max(1.0).ln() / HOTTEST.ln()).clamp(0.0, 1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..=255")]
    let heat = (share * 255.0) as u8;
    heat
}
