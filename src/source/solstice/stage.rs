//! A stage of a Solstice job in any of its forms. Pure.
//!
//! A stage that is over stands in the snapshot of a running job as if it had not begun, unless one
//! looks at its end; so its end decides. Which numbers a form has differs, and what it lacks is
//! missing.

use serde_json::Value;

use super::job;
use crate::model::pipeline::{Partition, Pipeline, Stage};
use crate::model::text::SafeText;
use crate::source::foreign::value;

/// Stages that are kept of a job.
const MOST: usize = 256;
/// Partitions of a stage that are looked at.
const PARTITIONS: usize = 4096;
/// Partitions that are kept of a stage.
const SHOWN: usize = 256;

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
        stage.started_ms = stage.started_ms.or_else(|| old?.started_ms);
        if let Some(old) = old.filter(|_| stage.partitions.is_empty()) {
            stage.partitions.clone_from(&old.partitions);
        }
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
    let started_ms = value::moment(row, "start_time");
    let until = value::moment(row, "end_time").or_else(|| value::moment(row, "last_update"));
    let rate = |key| value::number(row, key).filter(|rate| *rate >= 0.0);
    Some(Stage {
        id: value::text(row, "stage_id")?,
        started_ms,
        duration_seconds: value::between(started_ms, until)
            .or_else(|| value::seconds(last, "uptime_secs", 1.0)),
        input_per_second: rate("input_throughput"),
        output_per_second: rate("output_throughput"),
        error: value::text(row, "failure_message").filter(|error| !error.is_empty()),
        partitions: partitions(
            row.get("partition_metrics").or_else(|| last.get("partition_metrics")),
        ),
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

/// The parts of its work: a map by partition, or a list of them.
fn partitions(told: Option<&Value>) -> Vec<Partition> {
    let read = |name: Option<&str>, row: &Value| {
        let number = value::count(row, "partition_id").map(|id| id.to_string());
        let id = value::text(row, "partition_id").map(|id| id.to_string()).or(number);
        Some(Partition {
            id: id.as_deref().or(name).map(SafeText::new)?,
            latest: value::count(row, "latest_offset"),
            committed: value::count(row, "committed_offset"),
            lag: value::count(row, "lag"),
            worker: value::words(row, "worker_id"),
            ..Partition::default()
        })
    };
    let mut all: Vec<Partition> = match told {
        Some(Value::Object(map)) => {
            map.iter().take(SHOWN).filter_map(|(name, row)| read(Some(name), row)).collect()
        }
        Some(Value::Array(list)) => {
            list.iter().take(SHOWN).filter_map(|row| read(None, row)).collect()
        }
        _ => Vec::new(),
    };
    all.sort_by(|one, other| {
        let number = |part: &Partition| part.id.as_str().parse::<u64>().ok();
        (number(one), &one.id).cmp(&(number(other), &other.id))
    });
    all
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
