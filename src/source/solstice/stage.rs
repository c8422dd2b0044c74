//! A stage of a Solstice job in any of its forms. Pure.
//!
//! A stage that is over stands in the snapshot of a running job as if it had not begun, unless one
//! looks at its end; so its end decides. Which numbers a form has differs, and what it lacks is
//! missing.

use serde_json::Value;

use super::job;
use crate::model::pipeline::{Pipeline, Stage};
use crate::model::text::SafeText;
use crate::source::foreign::value;

/// Stages that are kept of a job.
const MOST: usize = 256;
/// Partitions of a stage that are looked at.
const PARTITIONS: usize = 4096;

/// The stages of a job, or of an answer about them.
pub(super) fn read(row: &Value) -> Vec<Stage> {
    value::list(row, "stages").iter().take(MOST).filter_map(stage).collect()
}

/// Takes in what `/stages` says of `job`; `None` if that is no list of stages.
pub(super) fn fill(job: &mut Pipeline, answer: &Value) -> Option<()> {
    answer.get("stages")?.as_array()?;
    let before = std::mem::replace(&mut job.stages, read(answer));
    for stage in &mut job.stages {
        // Rows of this form lack these.
        let old = before.iter().find(|old| old.id == stage.id);
        stage.parallelism = stage.parallelism.or_else(|| old?.parallelism);
        stage.skew = stage.skew.or_else(|| old?.skew);
    }
    let edges = job::edges(answer);
    if !edges.is_empty() {
        job.edges = edges;
    }
    Some(())
}

fn stage(row: &Value) -> Option<Stage> {
    let last = row.get("final_metrics").unwrap_or(&Value::Null);
    let count = |names: &[&str]| {
        let of = |row| names.iter().find_map(|name| value::count(row, name));
        of(row).or_else(|| of(last))
    };
    let workers = ["worker_count", "final_worker_count"];
    let workers = workers.iter().find_map(|name| value::small(row, name));
    Some(Stage {
        id: value::text(row, "stage_id")?,
        operator: value::words(row, "operator_type"),
        status: status(row),
        workers: workers.or_else(|| value::small(last, "worker_count")),
        parallelism: value::small(row, "min_parallelism").zip(value::small(row, "max_parallelism")),
        input: count(&["input_records", "input_count"]),
        output: count(&["output_records", "output_count"]),
        queue: count(&["queue_lag", "output_queue_size", "output_buffer_size"]),
        backpressure: value::flag(row, "backpressure_active")
            .or_else(|| value::flag(last, "backpressure_active")),
        skew: skew(row).or_else(|| skew(last)),
        ..Stage::default()
    })
}

fn status(row: &Value) -> SafeText {
    let word = value::words(row, "status");
    let is = |key| value::flag(row, key) == Some(true);
    let ended = row.get("end_time").is_some_and(|end| !end.is_null());
    let status = match word.as_str() {
        "FAILED" => "failed",
        _ if is("failed") => "failed",
        "COMPLETED" | "FINISHED" => "finished",
        _ if is("is_finished") || ended => "finished",
        "RUNNING" => "running",
        _ if is("is_running") => "running",
        _ => "pending",
    };
    status.into()
}

/// Largest lag of a partition over the mean lag: as the server says, or made from the partitions.
fn skew(row: &Value) -> Option<f64> {
    let said = value::above_zero(row, "skew_ratio");
    said.or_else(|| of_lags(&lags(row.get("partition_metrics")?)))
}

/// The lag of each partition: a map by partition, or a list of them.
fn lags(partitions: &Value) -> Vec<f64> {
    let lag = |partition: &Value| value::number(partition, "lag").filter(|lag| *lag >= 0.0);
    match partitions {
        Value::Object(map) => map.values().take(PARTITIONS).filter_map(lag).collect(),
        Value::Array(list) => list.iter().take(PARTITIONS).filter_map(lag).collect(),
        _ => Vec::new(),
    }
}

fn of_lags(lags: &[f64]) -> Option<f64> {
    let largest = lags.iter().copied().fold(0.0, f64::max);
    let mean = lags.iter().sum::<f64>() / lags.len() as f64;
    let skew = largest / mean;
    (lags.len() > 1 && skew.is_finite()).then_some(skew)
}
