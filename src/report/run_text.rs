//! A run as a table for the terminal, and below it what must be known to believe it.

use std::collections::BTreeMap;

use super::run_row::{Row, rows};
use super::run_table::{NOTHING, heads, line};
use crate::model::bench::{Failure, Outcome, Payload};
use crate::model::run::{LeftOut, Run, RunEnd};
use crate::model::text::SafeText;

/// The report, with a newline at its end.
pub fn text(run: &Run) -> String {
    let rows = rows(run);
    let mut text = String::new();
    for payload in payloads(&rows) {
        let of_payload: Vec<&Row> = rows.iter().filter(|row| row.cell.payload == payload).collect();
        text.push_str(&title(payload));
        text.push_str(&aligned(&of_payload));
        text.push('\n');
    }
    for note in notes(run, &rows) {
        text.push_str(&note);
        text.push('\n');
    }
    text
}

/// The payloads of the rows, each once, in their order.
pub(super) fn payloads(rows: &[Row]) -> Vec<Payload> {
    let mut found = Vec::new();
    for row in rows {
        if !found.contains(&row.cell.payload) {
            found.push(row.cell.payload);
        }
    }
    found
}

/// `cpu, 20000000 rounds`.
fn title(payload: Payload) -> String {
    match payload {
        Payload::Noop => "noop\n".to_owned(),
        Payload::Cpu { rounds } => format!("cpu, {rounds} rounds\n"),
        Payload::Memory { mib } => format!("memory, {mib} MiB\n"),
        Payload::Syscall { calls } => format!("syscall, {calls} calls\n"),
    }
}

/// The first column to the left, the others to the right.
fn aligned(rows: &[&Row]) -> String {
    let lines: Vec<Vec<String>> =
        std::iter::once(heads()).chain(rows.iter().map(|row| line(row))).collect();
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let mut text = String::new();
    for line in &lines {
        for (column, cell) in line.iter().enumerate() {
            let width = width(column);
            let pad =
                if column == 0 { format!("{cell:<width$}") } else { format!("  {cell:>width$}") };
            text.push_str(&pad);
        }
        text.push('\n');
    }
    text
}

/// What stands below the tables, line by line.
pub(super) fn notes(run: &Run, rows: &[Row]) -> Vec<String> {
    let tail = run.tail.as_ref();
    let mut notes = vec![verdict(run, rows)];
    if rows.iter().any(|row| row.baseline) {
        notes.push("* baseline, measured in every run".to_owned());
    }
    notes.extend(run.head.left_out.iter().map(|out| left_out("left out", out)));
    let suspended = tail.map(|tail| tail.suspended.as_slice()).unwrap_or_default();
    notes.extend(suspended.iter().map(|out| left_out("suspended", out)));
    notes.extend(failures(run));
    notes.extend(disturbed(run));
    let overhead = tail.and_then(|tail| tail.overhead_seconds);
    notes.extend(overhead.map(|cost| format!("an empty spawn-and-wait took {cost}")));
    notes.push(machine(run));
    notes.push(format!("seed {}; repeat with: {}", run.head.plan.seed, safe(&run.head.repeat)));
    notes
}

/// How it ended, and what is not known as well as was asked.
fn verdict(run: &Run, rows: &[Row]) -> String {
    let target = run.head.plan.effort.target;
    let wide = |row: &&Row| !row.baseline && row.half_width().is_none_or(|width| width > target);
    let name = |row: &Row| {
        let width = row
            .half_width()
            .map_or_else(|| NOTHING.to_owned(), |w| format!("±{:.1}%", w.percent()));
        format!("{} {} {width}", row.cell.backend, row.cell.payload)
    };
    let wide: Vec<String> = rows.iter().filter(wide).map(name).collect();
    let percent = target.percent();
    let known = if wide.is_empty() {
        format!("every median is known within ±{percent:.1}%")
    } else {
        format!("not known within ±{percent:.1}%: {}", wide.join(", "))
    };
    let ended = match run.tail.as_ref().map(|tail| &tail.end) {
        None => "cut off".to_owned(),
        Some(RunEnd::Completed) => "completed".to_owned(),
        Some(RunEnd::BudgetSpent) => "budget spent".to_owned(),
        Some(RunEnd::Cancelled) => "cancelled".to_owned(),
        Some(RunEnd::Failed { reason }) => format!("failed: {reason}"),
    };
    format!("{ended}; {known} (95 % intervals)")
}

fn left_out(how: &str, out: &LeftOut) -> String {
    format!("{how}: {}: {} — {}", out.backend, out.reason, out.remedy)
}

/// Failures of one cell and kind together, with the first message.
fn failures(run: &Run) -> Vec<String> {
    let mut kinds: BTreeMap<(u32, Failure), (u32, &SafeText)> = BTreeMap::new();
    for sample in run.samples.iter().filter(|sample| !sample.warmup) {
        if let Outcome::Failed { kind, message } = &sample.outcome {
            kinds.entry((sample.cell, *kind)).or_insert((0, message)).0 += 1;
        }
    }
    let line = |((cell, kind), (times, message)): ((u32, Failure), (u32, &SafeText))| {
        let cell = run.head.cells.get(cell as usize)?;
        let (backend, payload, words) = (cell.backend, cell.payload, kind.words());
        Some(format!("failed: {backend} {payload}: {words}, {times} times: {message}"))
    };
    kinds.into_iter().filter_map(line).collect()
}

/// How many samples were disturbed, and by what.
fn disturbed(run: &Run) -> Option<String> {
    let mut by = BTreeMap::new();
    let counted = run.samples.iter().filter(|sample| !sample.warmup);
    for taint in counted.flat_map(|sample| &sample.taints) {
        *by.entry(taint.words()).or_insert(0_u32) += 1;
    }
    let list: Vec<String> = by.iter().map(|(what, times)| format!("{what} {times}")).collect();
    (!list.is_empty()).then(|| format!("disturbed samples (kept, marked): {}", list.join(", ")))
}

fn machine(run: &Run) -> String {
    let print = &run.head.fingerprint;
    let parts = [&print.cpu_model, &print.kernel, &print.os, &print.virtualization];
    let known = parts.into_iter().flatten().map(|part| format!(", {part}"));
    let governor = print.governor.iter().map(|governor| format!(", governor {governor}"));
    let parts: String = known.chain(governor).collect();
    format!("on {}: {} cpus{parts}", print.hostname, print.cpus)
}

/// Text of a file is not trusted.
pub(super) fn safe(text: &str) -> SafeText {
    SafeText::within(text, 2_000)
}

#[cfg(test)]
mod tests {
    use super::super::run_sample::run;
    use super::*;

    #[test]
    fn a_run_as_a_table() {
        insta::assert_snapshot!(text(&run()));
    }

    #[test]
    fn a_run_without_a_sample_says_so() {
        let mut empty = run();
        empty.samples.clear();
        empty.tail = None;
        let text = text(&empty);
        assert!(text.contains("cut off; not known within"), "{text}");
        assert!(text.contains(NOTHING));
    }

    #[test]
    fn what_a_file_says_cannot_steer_the_terminal() {
        let mut run = run();
        run.head.repeat = "isomon\u{1b}]0;x\u{7}".to_owned();
        assert!(!text(&run).contains('\u{1b}'));
    }
}
