//! A run in Bencher's metric format: `{benchmark: {measure: {value, lower_value, upper_value}}}`.
//!
//! A benchmark's name (`runc/cold/noop/start`) is the same in each run, so that Bencher can follow it.
//! Measures are named as Bencher names them: `latency` in nanoseconds, `throughput` in operations a
//! second; memory and density have measures of their own, in bytes and sandboxes.

use std::collections::BTreeMap;

use serde::Serialize;

use super::load_row::{LoadRow, load_rows};
use super::run_row::rows;
use crate::model::bench::{Cell, Estimate, Payload};
use crate::model::load::LoadFigure;
use crate::model::run::Run;

/// A number with its 95 % interval, where there is one.
#[derive(Clone, Copy, Debug, Serialize)]
struct Metric {
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lower_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upper_value: Option<f64>,
}

type Results = BTreeMap<String, BTreeMap<&'static str, Metric>>;

/// The results, indented, with a newline at the end. What has no good sample is not in it.
pub fn bmf(run: &Run) -> serde_json::Result<String> {
    let mut results = Results::new();
    for row in rows(run) {
        let known = |of: &crate::model::bench::Summary| Some((of.figure.name(), of.estimate?));
        for (figure, estimate) in row.figures.iter().filter_map(known) {
            let name = format!("{}/{figure}", benchmark(row.cell));
            results.entry(name).or_default().insert("latency", nanoseconds(&estimate));
        }
    }
    for row in load_rows(run) {
        let name = format!("{}/{}", benchmark(row.cell), suffix(&row));
        let metrics = metrics(&row);
        if !metrics.is_empty() {
            results.entry(name).or_default().extend(metrics);
        }
    }
    serde_json::to_string_pretty(&results).map(|text| text + "\n")
}

/// `backend/start/payload`; the amount of work stands behind it where it is not the usual one.
pub(super) fn benchmark(cell: Cell) -> String {
    let Cell { backend, start, payload } = cell;
    let usual = payload.amount() == 0 || Payload::USUAL.contains(&payload);
    let amount = if usual { String::new() } else { format!("={}", payload.amount()) };
    format!("{backend}/{}/{payload}{amount}", start.name())
}

fn suffix(row: &LoadRow) -> String {
    match (row.at_once(), row.beside) {
        (Some(at_once), _) => format!("throughput/{at_once}"),
        (None, Some(beside)) => format!("neighbour/{}", benchmark(beside)),
        (None, None) => row.name().to_owned(),
    }
}

fn metrics(row: &LoadRow) -> Vec<(&'static str, Metric)> {
    let bare = |value| Metric { value, lower_value: None, upper_value: None };
    match row.of.figure {
        None => Vec::new(),
        Some(LoadFigure::Rate(rate)) => vec![(
            "throughput",
            Metric {
                value: rate.per_second,
                lower_value: rate.low_per_second,
                upper_value: rate.high_per_second,
            },
        )],
        Some(LoadFigure::Times(times)) => vec![("latency", nanoseconds(&times))],
        Some(LoadFigure::Memory { pss_each_bytes, available_each_bytes }) => {
            let all = [("memory", pss_each_bytes), ("memory-available", available_each_bytes)];
            all.into_iter().filter_map(|(name, value)| Some((name, bare(value?)))).collect()
        }
        Some(LoadFigure::Most { count, .. }) => vec![("density", bare(f64::from(count)))],
    }
}

fn nanoseconds(estimate: &Estimate) -> Metric {
    let scaled = |seconds: crate::model::unit::Seconds| seconds.0 * 1e9;
    Metric {
        value: scaled(estimate.median_seconds),
        lower_value: estimate.low_seconds.map(scaled),
        upper_value: estimate.high_seconds.map(scaled),
    }
}
