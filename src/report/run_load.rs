//! The loads of a run as tables for people: one for each kind, the same on the terminal and in
//! Markdown. What was cut short, and why, stands below them.

use super::load_row::stride_name;
use super::run_table::{DISTURBED, NOTHING, median, times as against};
use crate::model::bench::Estimate;
use crate::model::load::{Load, LoadFigure, LoadSummary, Rate, Step, Stride};
use crate::model::run::Run;
use crate::model::unit::{Bytes, PerSecond, Seconds, three_digits};
use crate::stats::load::{knee, slowdown, summarise};

/// Stands behind the fewest at once that are as good as more.
const KNEE: &str = "knee";

/// One kind of load.
pub(super) struct LoadTable {
    pub(super) title: &'static str,
    /// The heads of the columns, then the rows.
    pub(super) lines: Vec<Vec<String>>,
}

/// What is known of the loads of `run`; of a run that was cut off it is made here.
pub(super) fn loads(run: &Run) -> Vec<LoadSummary> {
    let known = run.tail.as_ref().map(|tail| tail.loads.clone());
    known.unwrap_or_else(|| summarise(&run.head.cells, &run.steps, run.head.plan.seed))
}

/// A table for each kind of load that was put on.
pub(super) fn load_tables(run: &Run) -> Vec<LoadTable> {
    let loads = loads(run);
    let kinds = Load::NAMES.into_iter().filter_map(|name| {
        let of_kind: Vec<&LoadSummary> =
            loads.iter().filter(|load| stride_name(load.stride) == name).collect();
        (!of_kind.is_empty()).then(|| table(run, name, &loads, &of_kind))
    });
    kinds.collect()
}

fn table(run: &Run, name: &str, loads: &[LoadSummary], of_kind: &[&LoadSummary]) -> LoadTable {
    let energy = of_kind.iter().any(|load| load.energy_each_joules.is_some());
    let (title, heads): (_, &[&str]) = match name {
        "memory" => (
            "memory: sandboxes that stand still together",
            &["stand", "PSS each", "Δ available each"],
        ),
        "throughput" => (
            "throughput: each hand starts the next when it is done",
            &["at once", "rate", "", "failed"],
        ),
        "latency" => (
            "latency: arrivals on a schedule; times from when they were meant to come",
            &["arrivals", "at most", "p50", "p99", "n", "failed"],
        ),
        "neighbour" => (
            "neighbour: one after another beside a busy neighbour",
            &["beside", "p50", "p99", "× alone", "n"],
        ),
        _ => ("density: as many alive at once as there was room for", &["alive", "of at most"]),
    };
    let heads = std::iter::once("backend").chain(heads.iter().copied());
    let heads = heads.chain(energy.then_some("energy")).map(str::to_owned).collect();
    let row = |load: &&LoadSummary| {
        let mut row = vec![label(run, load.cell)];
        row.extend(cells(run, load, loads));
        let joules = load.energy_each_joules.map(|joules| format!("{} J", three_digits(joules)));
        row.extend(energy.then(|| joules.unwrap_or_else(nothing)));
        row
    };
    LoadTable { title, lines: std::iter::once(heads).chain(of_kind.iter().map(row)).collect() }
}

/// What the cell at `index` is called.
pub(super) fn label(run: &Run, index: u32) -> String {
    let cell = run.head.cells.get(index as usize);
    cell.map_or_else(nothing, crate::model::bench::Cell::label)
}

fn nothing() -> String {
    NOTHING.to_owned()
}

/// The columns of one row behind its name.
fn cells(run: &Run, load: &LoadSummary, loads: &[LoadSummary]) -> Vec<String> {
    let failed = load.failures.to_string();
    match load.stride {
        Stride::Memory { count } => {
            let (pss, available) = match load.figure {
                Some(LoadFigure::Memory { pss_each_bytes, available_each_bytes }) => {
                    (pss_each_bytes, available_each_bytes)
                }
                _ => (None, None),
            };
            vec![count.to_string(), bytes(pss), bytes(available)]
        }
        Stride::Throughput { at_once } => {
            let of_cell = loads.iter().filter(|other| other.cell == load.cell);
            let mark = if knee(of_cell) == Some(at_once) { KNEE } else { "" };
            vec![at_once.to_string(), rate(load) + disturbed(load), mark.to_owned(), failed]
        }
        Stride::Latency { per_second, most } => {
            let times = times(load);
            let arrivals = PerSecond(per_second).to_string();
            let [p50, p99] = quantiles(times);
            vec![arrivals, most.to_string(), p50, p99, number(load), failed]
        }
        Stride::Neighbour { beside } => {
            let [p50, p99] = quantiles(times(load));
            let ratio = beside.and_then(|beside| slowdown(loads, load.cell, beside));
            let ratio = ratio.map_or_else(nothing, |ratio| against(&ratio));
            let beside = beside.map_or_else(|| "nobody".to_owned(), |beside| label(run, beside));
            vec![beside, p50, p99, ratio, number(load)]
        }
        Stride::Density { most } => {
            let alive = match load.figure {
                Some(LoadFigure::Most { count, .. }) => count.to_string(),
                _ => nothing(),
            };
            vec![alive, most.to_string()]
        }
    }
}

const fn disturbed(load: &LoadSummary) -> &'static str {
    if load.tainted > 0 { " !" } else { "" }
}

/// How many good results, marked where some were disturbed.
fn number(load: &LoadSummary) -> String {
    if load.tainted > 0 { format!("{}{DISTURBED}", load.n) } else { load.n.to_string() }
}

const fn times(load: &LoadSummary) -> Option<&Estimate> {
    match &load.figure {
        Some(LoadFigure::Times(times)) => Some(times),
        _ => None,
    }
}

/// Median with how well it is known, and the 99th percentile.
fn quantiles(times: Option<&Estimate>) -> [String; 2] {
    let p50 = times.map_or_else(nothing, median);
    let p99 = times.and_then(|times| times.p99_seconds);
    [p50, p99.map_or_else(|| "n/a".to_owned(), |p99: Seconds| p99.to_string())]
}

fn bytes(number: Option<f64>) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    let whole = number.map(|number| Bytes(number.round() as u64));
    whole.map_or_else(nothing, |bytes| bytes.to_string())
}

/// `912/s ±2.1%`.
fn rate(load: &LoadSummary) -> String {
    let Some(LoadFigure::Rate(rate)) = load.figure else { return nothing() };
    let Rate { per_second, low_per_second, high_per_second } = rate;
    let width = low_per_second.zip(high_per_second).map(|(low, high)| {
        let percent = (high - low) / 2.0 / per_second * 100.0;
        format!(" ±{percent:.1}%")
    });
    format!("{}{}", PerSecond(per_second), width.unwrap_or_default())
}

/// What must be known to read the tables, and what was cut short.
pub(super) fn load_notes(run: &Run) -> Vec<String> {
    let loads = loads(run);
    let has = |name: &str| loads.iter().any(|load| stride_name(load.stride) == name);
    let mut notes = Vec::new();
    if has("throughput") {
        notes.push(
            "rate: good results a second, ± 95 % interval by batch means; knee: the fewest at once \
             within 5 % of the highest rate"
                .to_owned(),
        );
    }
    if has("latency") || has("neighbour") {
        notes.push("p99 is n/a with fewer than 100 results".to_owned());
    }
    if has("memory") {
        notes.push(
            "PSS each: of all processes of a sandbox; Δ available each: by how much less memory the \
             machine had, said of 20 or more"
                .to_owned(),
        );
    }
    notes.extend(cut_short(run));
    notes
}

/// What a step is called: `runc throughput at 4`.
pub(super) fn step_name(run: &Run, step: &Step) -> String {
    let (name, label) = (stride_name(step.stride), label(run, step.cell));
    let at_once = match step.stride {
        Stride::Throughput { at_once } => format!(" at {at_once}"),
        _ => String::new(),
    };
    format!("{label} {name}{at_once}")
}

/// Steps that ended before their time, those with the same reason together.
fn cut_short(run: &Run) -> Vec<String> {
    let mut reasons: Vec<(String, Vec<String>)> = Vec::new();
    for step in &run.steps {
        let Some(why) = &step.cut_off else { continue };
        let what = step_name(run, step);
        match reasons.iter_mut().find(|(known, _)| known == why.as_str()) {
            Some((_, steps)) if steps.contains(&what) => {}
            Some((_, steps)) => steps.push(what),
            None => reasons.push((why.as_str().to_owned(), vec![what])),
        }
    }
    let line =
        |(why, steps): (String, Vec<String>)| format!("cut short, {}: {why}", steps.join(", "));
    reasons.into_iter().map(line).collect()
}

/// What one system call costs in each row that has such work: its work over its calls.
pub(super) fn call_costs(run: &Run, rows: &[super::run_row::Row]) -> Option<String> {
    use crate::model::bench::{Figure, Payload};
    let cost = |row: &super::run_row::Row| {
        let Payload::Syscall { calls } = row.cell.payload else { return None };
        let work = row.estimate(Figure::Work)?.median_seconds;
        let each = Seconds(work.0 / calls as f64);
        Some(format!("{} {each}", label(run, row.index)))
    };
    let costs: Vec<String> = rows.iter().filter_map(cost).collect();
    (!costs.is_empty()).then(|| format!("a system call costs: {}", costs.join(", ")))
}
