//! Runs of workflows beside the first of them as JSON, for scripts: what the terminal is told, unrounded.

use serde_json::{Value, json};

use super::Pair;
use crate::model::workflow::result::{ColumnView, Figures, TableView};
use crate::report::flow_compare::{Of, Row, Said, Side, columns, percent, rows, said, tables};

/// `base` beside the other of each of `pairs`, indented, with a newline at its end.
pub(super) fn text(base: &Side<'_>, pairs: &[Pair<'_>], noise: f64) -> serde_json::Result<String> {
    let comparisons: Vec<Value> = pairs.iter().map(|pair| comparison(pair, noise)).collect();
    let whole = json!({ "base": run(base), "noise": noise, "comparisons": comparisons });
    serde_json::to_string_pretty(&whole).map(|text| text + "\n")
}

fn comparison(pair: &Pair<'_>, noise: f64) -> Value {
    let sides = pair.sides();
    let rows = rows(sides);
    let (whole, stages) = rows.split_first().unzip();
    let stages = stages.unwrap_or_default();
    json!({
        "other": run(&pair.other),
        "regression": pair.is_worse(noise),
        "differences": pair.unlike,
        "metadata": said(sides, noise).iter().map(metadata).collect::<Vec<_>>(),
        "whole": whole.map(row),
        "stages": stages.iter().map(row).collect::<Vec<_>>(),
        "tables": tables(sides).into_iter().map(table).collect::<Vec<_>>(),
    })
}

fn run(side: &Side<'_>) -> Value {
    json!({
        "name": side.name,
        "status": side.word,
        "finished": side.done,
        "why": side.why,
        "seconds": side.took,
    })
}

fn metadata(said: &Said<'_>) -> Value {
    let [base, other] = said.sides;
    json!({
        "name": said.name,
        "base": base,
        "other": other,
        "change_percent": said.numbers.and_then(|[old, new]| percent(old, new)),
        "worse": said.worse,
    })
}

fn row(row: &Row) -> Value {
    let [base, other] = row.sides.each_ref().map(|side| side.as_ref().map(stage));
    let (seconds, share) = row.longer().unzip();
    json!({
        "name": row.name,
        "base": base,
        "other": other,
        "longer_seconds": seconds,
        "longer_percent": share.flatten(),
    })
}

fn stage(of: &Of) -> Value {
    let (passed, tasks) = of.tasks.unzip();
    json!({ "status": of.word, "seconds": of.took, "passed": passed, "tasks": tasks })
}

fn table(both: [&TableView; 2]) -> Value {
    let [base, other] = both;
    json!({
        "file": base.file,
        "base_rows": base.rows,
        "other_rows": other.rows,
        "columns": columns(both).into_iter().map(column).collect::<Vec<_>>(),
    })
}

fn column((of, [base, other]): (&ColumnView, [Figures; 2])) -> Value {
    json!({
        "column": of.name,
        "unit": of.unit,
        "base": base,
        "other": other,
        "median_change_percent": percent(base.median, other.median),
    })
}
