//! What stands below the tables of a run: how it ended, what the marks mean, what must be known to
//! believe it. A note that has nothing to say is left away.

use std::collections::{BTreeMap, BTreeSet};

use super::run_load::{call_costs, load_notes};
use super::run_row::Row;
use super::run_table::{BASELINE, DISTURBED, Table, is_uneven};
use super::run_unmade::unmade;
use crate::model::backend::Start;
use crate::model::bench::{Failure, Figure, Outcome};
use crate::model::run::{LeftOut, Run, RunEnd};
use crate::model::text::SafeText;
use crate::stats::interval::FEWEST;
use crate::stats::standing::standing;
use crate::stats::verdict;

/// The notes below `tables`, each a sentence or a few.
pub(super) fn notes(run: &Run, rows: &[Row], tables: &[Table<'_>]) -> Vec<String> {
    let tail = run.tail.as_ref();
    let mut notes = vec![end(run, rows), known(run, rows), legend(tables, rows)];
    if rows.iter().any(|row| row.baseline) {
        notes.push(format!("{BASELINE} the baseline, measured in every run"));
    }
    notes.extend(starts(rows));
    notes.push(page_cache(run).to_owned());
    notes.extend(linux(run));
    notes.extend(nested(run));
    notes.extend(call_costs(run, rows));
    notes.extend(load_notes(run));
    notes.extend(unmade(run));
    notes.extend(disturbed(run));
    notes.extend(failures(run));
    let suspended = tail.map(|tail| tail.suspended.as_slice()).unwrap_or_default();
    notes.extend(left_out("given up", suspended.iter()));
    notes
        .extend(left_out("left out", run.head.left_out.iter().filter(|out| out.payload.is_none())));
    let overhead = tail.and_then(|tail| tail.overhead_seconds);
    notes.extend(overhead.map(|cost| format!("isomon's own part: {cost} to spawn and wait")));
    notes.push(machine(run));
    notes.retain(|note| !note.is_empty());
    notes
}

/// Times the time allowed, beyond which, either way, the time that a run took is told beside it.
const LATE: f64 = 1.1;

/// How it ended.
fn end(run: &Run, rows: &[Row]) -> String {
    let effort = &run.head.plan.effort;
    match run.tail.as_ref().map(|tail| &tail.end) {
        None => "cut off: it did not come to its end".to_owned(),
        Some(RunEnd::Completed) => "completed".to_owned(),
        Some(RunEnd::RoundsSpent) => {
            format!("stopped after {} rounds, the most allowed (--max-runs)", effort.max_rounds)
        }
        Some(RunEnd::BudgetSpent) => {
            let (budget, least) = (effort.budget_seconds, effort.min_rounds as usize);
            let short = match fewest(run, rows) {
                fewest if fewest < least => format!(": {fewest} samples of a row, not {least}"),
                _ => String::new(),
            };
            let took = run.tail.as_ref().map_or(budget, |tail| tail.progress.elapsed_seconds);
            if took.0 < budget.0 / LATE {
                format!("stopped after {took}: no more fitted into {budget} (--budget){short}")
            } else if took.0 > budget.0 * LATE {
                let why = "what had begun was measured to its end";
                format!("stopped after {took}: {budget} were allowed (--budget), and {why}{short}")
            } else {
                format!("stopped after {budget}, the time allowed (--budget){short}")
            }
        }
        Some(RunEnd::Cancelled) => "cancelled; what was measured until then stands".to_owned(),
        Some(RunEnd::Failed { reason }) => format!("the run failed: {reason}"),
    }
}

/// The fewest counted samples of a row that was asked for and not given up.
fn fewest(run: &Run, rows: &[Row]) -> usize {
    let suspended = run.tail.as_ref().map_or(&[][..], |tail| tail.suspended.as_slice());
    let given_up = |row: &&Row| suspended.iter().any(|out| out.holds(&row.cell));
    let asked = rows.iter().filter(|row| !row.baseline && !given_up(row));
    let counted = standing(&run.samples);
    let of_row = |row: &Row| counted.iter().filter(|of| of.cell == row.index).count();
    asked.map(of_row).min().unwrap_or(0)
}

/// How well the medians are known; nothing when a number of rounds was asked for instead.
fn known(run: &Run, rows: &[Row]) -> String {
    let effort = &run.head.plan.effort;
    if effort.min_rounds >= effort.max_rounds {
        return String::new();
    }
    let asked = || rows.iter().filter(|row| !row.baseline);
    let is_wide =
        |row: &&Row| row.half_width().is_none_or(|width| width > effort.target.fraction());
    let (wide, all, percent) = (asked().filter(is_wide).count(), asked().count(), effort.target);
    match wide {
        0 => format!("every median is known within ±{percent}, as asked (--target)"),
        wide => format!("known less well than the ±{percent} asked for: {wide} of {all} medians"),
    }
}

/// What the columns and numbers are.
fn legend(tables: &[Table<'_>], rows: &[Row]) -> String {
    let shown = |figure: &Figure| tables.iter().any(|table| table.figures().contains(figure));
    let figures = Figure::ALL.into_iter().filter(shown).map(|figure| {
        let words = match figure {
            Figure::Start => "from asked for to ready",
            Figure::Work => "the payload alone",
            Figure::Request => "from asked for to the result",
            Figure::Cli => "from asked for to ended",
            Figure::Clean => "from ended to nothing left",
            Figure::Spec => "from let run to its first process",
            Figure::FirstExec => "from asked for to the first instruction inside",
        };
        format!("{}: {words}", figure.name())
    });
    let figures: Vec<String> = figures.collect();
    let estimates = rows.iter().filter_map(|row| row.deciding()?.estimate.as_ref());
    let uneven = estimates.clone().any(is_uneven);
    let uneven = if uneven { ", -/+ where one end is farther" } else { "" };
    let bare = estimates.filter(|known| known.low_seconds.is_none()).count();
    let bare = match bare {
        0 => String::new(),
        _ => format!("; none with fewer than {FEWEST} samples"),
    };
    format!("medians, ± 95 % interval{uneven}{bare}; {}", figures.join(", "))
}

/// What a cold start finds: nothing runs, but its files may have been read before.
const fn page_cache(run: &Run) -> &'static str {
    if run.head.fingerprint.page_cache_hot {
        "page cache hot: rounds to warm up have read every file once, also for what starts cold"
    } else {
        "page cache perhaps cold: no round warmed up, so a first sample may have read its files from disk"
    }
}

/// What was there already in the rows that say so, and what all ratios are made with.
fn starts(rows: &[Row]) -> Option<String> {
    let used = |start: &Start| rows.iter().any(|row| row.cell.start == *start);
    let words = Start::ALL
        .into_iter()
        .filter(used)
        .map(|start| format!("{}: {}", start.name(), was_there(start)));
    let words: Vec<String> = words.collect();
    (words.len() > 1).then(|| {
        format!("{}; × process cold: as many times a process started cold", words.join(", "))
    })
}

/// What was there already, in a few words.
const fn was_there(start: Start) -> &'static str {
    match start {
        Start::Cold => "started from nothing",
        Start::Cached => "its code was compiled already",
        Start::Pooled => "its memory was set aside too",
        Start::Snapshot => "restored as it was when ready",
        Start::Warm => "it lived and was idle",
    }
}

/// What is not there, those with the same reason and remedy together.
fn left_out<'a>(how: &str, all: impl Iterator<Item = &'a LeftOut>) -> Vec<String> {
    let mut alike: Vec<(&LeftOut, Vec<String>)> = Vec::new();
    for out in all {
        let same = |(first, _): &&mut (&LeftOut, Vec<String>)| {
            (&first.reason, &first.remedy) == (&out.reason, &out.remedy)
        };
        match alike.iter_mut().find(same) {
            Some((_, labels)) => labels.push(out.label()),
            None => alike.push((out, vec![out.label()])),
        }
    }
    let line = |(out, labels): (&LeftOut, Vec<String>)| {
        format!("{how} {}: {} -> {}", labels.join(", "), out.reason, out.remedy)
    };
    alike.into_iter().map(line).collect()
}

/// Failures of one cell and kind together, with the first message.
fn failures(run: &Run) -> Vec<String> {
    let mut kinds: BTreeMap<(u32, Failure), (u32, &SafeText)> = BTreeMap::new();
    for sample in standing(&run.samples) {
        if let Outcome::Failed { kind, message } = &sample.outcome {
            kinds.entry((sample.cell, *kind)).or_insert((0, message)).0 += 1;
        }
    }
    let line = |((cell, kind), (times, message)): ((u32, Failure), (u32, &SafeText))| {
        let cell = run.head.cells.get(cell as usize)?;
        let (label, payload, told) = (cell.label(), cell.payload, kind.told(message));
        let times = if times == 1 { "once".to_owned() } else { format!("{times} times") };
        let limit = limit(kind, run).unwrap_or_default();
        Some(format!("failed {times}, {label} {payload}: {told}{limit}"))
    };
    kinds.into_iter().filter_map(line).collect()
}

/// What a sandbox that failed in this way was allowed, and what allows more.
fn limit(kind: Failure, run: &Run) -> Option<String> {
    let limits = &run.head.plan.limits;
    match kind {
        Failure::Timeout => Some(format!(" ({} allowed; --timeout)", limits.timeout_seconds)),
        Failure::Memory => Some(format!(" ({} allowed; --memory)", limits.memory_bytes)),
        _ => None,
    }
}

/// What virtual machines booted, where that is not isomon's own guest.
fn linux(run: &Run) -> Option<String> {
    let kernel = run.head.plan.kernel.as_ref()?;
    let version = run.head.fingerprint.guest_kernel.as_ref();
    let version = version.map(|version| format!(" {version}")).unwrap_or_default();
    let initrd = kernel.initrd.as_ref().map(|initrd| format!(" with {}", initrd.display()));
    let memory = run.head.plan.limits.memory_bytes;
    let (image, initrd) = (kernel.image.display(), initrd.unwrap_or_default());
    Some(format!(
        "virtual machines boot Linux{version} ({image}{initrd}); {memory} for every sandbox"
    ))
}

/// That virtual machines ran inside one, which decides what they cost.
fn nested(run: &Run) -> Option<String> {
    let below = run.head.fingerprint.virtualization.as_ref()?;
    let used: BTreeSet<_> = run.head.cells.iter().map(|cell| cell.backend).collect();
    let used: Vec<_> = used.into_iter().filter(|used| used.needs_kvm()).collect();
    if below.as_str() == "none" || used.is_empty() {
        return None;
    }
    let names: Vec<_> = used.iter().map(|used| used.name()).collect();
    Some(format!(
        "{}: this machine is itself virtual ({below}), where each exit to the hypervisor costs more, \
         or all of the guest is emulated; on hardware it is another figure",
        names.join(", ")
    ))
}

/// Whether the machine was quiet.
fn disturbed(run: &Run) -> Option<String> {
    let judged = verdict::of(run);
    let mark = if judged.tainted > 0 { format!("{DISTURBED} ") } else { String::new() };
    (judged.samples > 0).then(|| format!("{mark}the machine was {}", verdict::words(&judged)))
}

fn machine(run: &Run) -> String {
    let print = &run.head.fingerprint;
    let parts = [&print.cpu_model, &print.kernel, &print.os, &print.virtualization];
    let known = parts.into_iter().flatten().map(|part| format!(", {part}"));
    let governor = print.governor.iter().map(|governor| format!(", governor {governor}"));
    let parts: String = known.chain(governor).collect();
    format!("on {}: {} CPUs{parts}", print.hostname, print.cpus)
}
