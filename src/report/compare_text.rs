//! One run beside another as tables for the terminal, and below them what the verdicts rest on.

use super::columns::aligned;
use super::run_table::{DISTURBED, NOTHING};
use super::run_text::wrapped;
use crate::model::backend::Start;
use crate::model::bench::{Cell, Estimate, Payload};
use crate::model::run::Run;
use crate::model::unit::as_many_times;
use crate::stats::compare::{Change, Comparison, Row, Rules};
use crate::stats::standing::standing;

/// The report, with a newline at its end. `names` are what the user calls base and other.
pub fn text(comparison: &Comparison, rules: &Rules, names: [&str; 2], runs: [&Run; 2]) -> String {
    let mut text = String::new();
    for (side, (name, run)) in ["base ", "other"].into_iter().zip(names.into_iter().zip(runs)) {
        text.push_str(&wrapped(&format!("{side}  "), &described(name, run)));
    }
    text.push('\n');
    for payload in payloads(&comparison.rows) {
        let rows: Vec<&Row> =
            comparison.rows.iter().filter(|row| row.cell.payload == payload).collect();
        let lines = std::iter::once(heads()).chain(rows.iter().map(|row| line(row)));
        text.push_str(&titled(payload));
        text.push_str("\n\n");
        text.push_str(&aligned(&lines.collect::<Vec<_>>()));
        text.push('\n');
    }
    if runs[0].head.id == runs[1].head.id && runs[0].samples == runs[1].samples {
        text.push_str(&wrapped("", "both are the same run: nothing can have changed"));
    }
    let shaken = names.into_iter().zip(&comparison.disturbed);
    let shaken = shaken.filter_map(|(name, words)| {
        let words = format!("{DISTURBED} {name}: the machine was {}", words.as_ref()?);
        Some(super::run_text::safe(&words).to_string())
    });
    for note in notes(comparison, rules).into_iter().chain(shaken) {
        text.push_str(&wrapped("", &note));
    }
    text
}

/// What is not alike, a line each.
pub fn differences(comparison: &Comparison) -> String {
    let line = |found: &crate::stats::compare::Difference| {
        format!("{}: {} in the base, {} in the other", found.what, found.base, found.other)
    };
    comparison.differences.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What worked in the base and does not in the other, a line each.
pub fn broken(comparison: &Comparison) -> Vec<String> {
    let names = comparison.broken.iter().map(Cell::name);
    names.map(|name| format!("broken: {name} worked in the base; now every sample fails")).collect()
}

fn described(name: &str, run: &Run) -> String {
    let head = &run.head;
    let id = head.id.as_str();
    let name = if name == id { String::new() } else { format!("{name}: ") };
    let title = head.plan.name.as_ref().map(|title| format!(" “{title}”"));
    let counted = standing(&run.samples).len();
    let cut = if run.tail.is_none() { ", cut off" } else { "" };
    let (title, host) = (title.unwrap_or_default(), &head.fingerprint.hostname);
    let words = format!("{name}{id}{title}, on {host}, {counted} samples{cut}");
    super::run_text::safe(&words).to_string()
}

fn payloads(rows: &[Row]) -> Vec<Payload> {
    let mut payloads = Vec::new();
    for row in rows {
        if !payloads.contains(&row.cell.payload) {
            payloads.push(row.cell.payload);
        }
    }
    payloads
}

fn titled(payload: Payload) -> String {
    match payload.amount() {
        0 => payload.name().to_owned(),
        amount => format!("{} {amount}", payload.name()),
    }
}

fn heads() -> Vec<String> {
    ["backend", "figure", "base", "other", "times", "p", ""].map(str::to_owned).to_vec()
}

fn line(row: &Row) -> Vec<String> {
    let median = |side: &Option<Estimate>| {
        side.as_ref().map_or_else(|| NOTHING.to_owned(), |known| known.median_seconds.to_string())
    };
    let times = row.times.as_ref().map(|times| {
        let range = times.interval.map(|interval| (interval.low, interval.high));
        let words = as_many_times(times.times, range);
        if range.is_some() { words } else { words + " (no interval)" }
    });
    vec![
        label(&row.cell),
        row.figure.name().to_owned(),
        median(&row.base),
        median(&row.other),
        times.unwrap_or_else(|| NOTHING.to_owned()),
        row.adjusted_p.map_or_else(|| NOTHING.to_owned(), chance),
        row.word().to_owned(),
    ]
}

fn label(cell: &Cell) -> String {
    match cell.start {
        Start::Cold => cell.backend.name().to_owned(),
        _ => cell.label(),
    }
}

/// A chance with two digits; below what is worth telling apart, so.
fn chance(p: f64) -> String {
    match p {
        small if small < 0.0001 => "<0.0001".to_owned(),
        small if small < 0.001 => format!("{small:.4}"),
        small if small < 0.0995 => format!("{small:.3}"),
        _ => format!("{p:.2}"),
    }
}

fn notes(comparison: &Comparison, rules: &Rules) -> Vec<String> {
    let rows = &comparison.rows;
    let count = |change| rows.iter().filter(|row| row.change == change).count();
    let tests = rows.iter().filter(|row| row.p.is_some()).count();
    let (noise, alpha) = (rules.noise * 100.0, rules.alpha);
    let mut notes = vec![
        format!(
            "{} slower, {} faster, {} alike, {} unclear, {} not compared",
            count(Change::Slower),
            count(Change::Faster),
            count(Change::Alike),
            count(Change::Unclear),
            count(Change::Unknown)
        ),
        format!(
            "slower or faster: p below {alpha} in a permutation test of the medians, with Holm's \
             correction over {tests} rows, and a 95 % interval of times that reaches beyond \
             {noise}% (--alpha, --noise); alike: that interval is within {noise}%; unclear: chance \
             may explain it, and so may a change"
        ),
    ];
    if rows.iter().any(|row| row.word() == "too few") {
        notes.push(
            "too few: not even a large change could be told from chance with so few samples; \
             measure more rounds (isomon bench --min-runs)"
                .to_owned(),
        );
    }
    notes.extend(broken(comparison));
    if !comparison.differences.is_empty() {
        notes.push("not alike, so what changed may be due to it:".to_owned());
        notes.extend(differences(comparison).lines().map(|line| format!("- {line}")));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::super::run_sample::run;
    use super::super::run_text::WIDTH;
    use super::*;
    use crate::model::bench::{Failure, Outcome};
    use crate::model::text::SafeText;
    use crate::model::unit::Seconds;
    use crate::stats::compare::compare;

    fn slower() -> Run {
        let mut other = run();
        for sample in &mut other.samples {
            if sample.cell == 0 {
                let ready = sample.phases.ready_seconds.unwrap_or_default();
                sample.phases.ready_seconds = Some(Seconds(ready.0 * 3.0));
            }
        }
        other
    }

    fn shown(base: &Run, other: &Run) -> String {
        let rules = Rules::default();
        text(&compare(base, other, &rules), &rules, ["main", "last"], [base, other])
    }

    #[test]
    fn two_runs_as_a_table() {
        insta::assert_snapshot!(shown(&run(), &slower()));
    }

    #[test]
    fn what_is_not_alike_is_told_and_cannot_steer_the_terminal() {
        let mut other = slower();
        other.head.fingerprint.kernel = Some(SafeText::new("6.1\u{1b}[2J"));
        other.head.fingerprint.isomon = "9\u{1b}]0;x\u{7}".to_owned();
        let shown = shown(&run(), &other);
        assert!(shown.contains("- kernel: not known in the base, 6.1"), "{shown}");
        assert!(!shown.contains('\u{1b}'));
    }

    #[test]
    fn a_run_that_was_disturbed_is_named() {
        let (base, other) = (run(), slower());
        let told = shown(&base, &other);
        assert!(told.contains("main: the machine was disturbed: steal"), "{told}");
        let mut quiet = base.clone();
        quiet.samples.iter_mut().for_each(|sample| sample.taints.clear());
        quiet.steps.iter_mut().for_each(|step| step.taints.clear());
        quiet.tail = None;
        assert!(!shown(&quiet, &other).contains("main: the machine"));
    }

    #[test]
    fn what_works_no_more_is_told() {
        let mut other = run();
        for sample in other.samples.iter_mut().filter(|sample| sample.cell == 0) {
            let (kind, message) = (Failure::Start, SafeText::new("no"));
            sample.outcome = Outcome::Failed { kind, message };
        }
        let told = shown(&run(), &other);
        let name = other.head.cells[0].name();
        let wanted = format!("broken: {name} worked in the base; now every sample fails\n");
        assert!(told.contains(&wanted), "{told}");
    }

    #[test]
    fn it_fits_a_terminal() {
        let shown = shown(&run(), &slower());
        let wide = shown.lines().filter(|line| line.chars().count() > WIDTH);
        assert_eq!(wide.count(), 0, "{shown}");
    }
}
