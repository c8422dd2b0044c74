//! One run beside others as JSON, for scripts and pipelines.

use serde::Serialize;

use crate::model::bench::{Cell, Estimate, Figure};
use crate::model::run::Run;
use crate::stats::compare::{Change, Comparison, Difference, Row, Rules};
use crate::stats::standing::standing;

#[derive(Serialize)]
struct Document<'a> {
    base: Side<'a>,
    noise: f64,
    alpha: f64,
    permutations: u32,
    comparisons: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Side<'a> {
    name: &'a str,
    id: &'a str,
    started_at: &'a str,
    samples: usize,
    finished: bool,
}

#[derive(Serialize)]
struct Entry<'a> {
    other: Side<'a>,
    alike: bool,
    regression: bool,
    differences: &'a [Difference],
    broken: &'a [Cell],
    rows: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    cell: &'a Cell,
    figure: Figure,
    base: Option<&'a Estimate>,
    other: Option<&'a Estimate>,
    times: Option<f64>,
    times_low: Option<f64>,
    times_high: Option<f64>,
    p: Option<f64>,
    adjusted_p: Option<f64>,
    change: Change,
}

/// A run, and what the user calls it.
pub type Named<'a> = (&'a str, &'a Run);

/// `base` beside each of `others`, indented, with a newline at its end.
pub fn json(
    rules: &Rules,
    base: Named<'_>,
    others: &[(Named<'_>, &Comparison)],
) -> serde_json::Result<String> {
    let document = Document {
        base: side(base),
        noise: rules.noise,
        alpha: rules.alpha,
        permutations: rules.permutations,
        comparisons: others.iter().map(|(other, comparison)| entry(*other, comparison)).collect(),
    };
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}

fn side((name, run): Named<'_>) -> Side<'_> {
    Side {
        name,
        id: run.head.id.as_str(),
        started_at: &run.head.started_at,
        samples: standing(&run.samples).len(),
        finished: run.tail.is_some(),
    }
}

fn entry<'a>(other: Named<'a>, comparison: &'a Comparison) -> Entry<'a> {
    Entry {
        other: side(other),
        alike: comparison.differences.is_empty(),
        regression: comparison.has_regression(),
        differences: &comparison.differences,
        broken: &comparison.broken,
        rows: comparison.rows.iter().map(line).collect(),
    }
}

fn line(row: &Row) -> Line<'_> {
    let interval = row.times.and_then(|times| times.interval);
    Line {
        cell: &row.cell,
        figure: row.figure,
        base: row.base.as_ref(),
        other: row.other.as_ref(),
        times: row.times.map(|times| times.times),
        times_low: interval.map(|interval| interval.low),
        times_high: interval.map(|interval| interval.high),
        p: row.p,
        adjusted_p: row.adjusted_p,
        change: row.change,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::run_sample::run;
    use super::*;
    use crate::stats::compare::compare;

    #[test]
    fn a_script_finds_what_it_needs() {
        let (run, rules) = (run(), Rules::default());
        let comparison = compare(&run, &run, &rules);
        let text = json(&rules, ("main", &run), &[(("last", &run), &comparison)]).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let only = &value["comparisons"][0];
        assert_eq!((&only["alike"], &only["regression"]), (&true.into(), &false.into()));
        let row = &only["rows"][0];
        assert_eq!(row["cell"]["backend"], "runc");
        assert_eq!((&row["times"], &row["change"]), (&Value::from(1.0), &Value::from("alike")));
        assert!(row["base"]["median_seconds"].is_f64());
    }
}
