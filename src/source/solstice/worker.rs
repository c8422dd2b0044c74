//! Workers of a Solstice job, whether a server tells of their state or of what happened to them. Pure.

use serde_json::Value;

use crate::model::pipeline::{Moment, MomentKind, Worker};
use crate::model::text::SafeText;
use crate::model::unit::{Ratio, Seconds};
use crate::source::foreign::value;

/// Rows of an answer that are read: several of a worker are events of its life.
const ROWS: usize = 2_000;
/// Workers, parts and events that are kept.
const WORKERS: usize = 500;
const PARTS: usize = 200;
const EVENTS: usize = 200;

/// The workers of a job that began at `began_ms`; of several rows of one the last says how it is, and all
/// that have a time are events of its life.
pub(super) fn workers(answer: &Value, began_ms: Option<i64>) -> Vec<Worker> {
    let rows = answer.as_array().map_or_else(|| value::list(answer, "workers"), Vec::as_slice);
    let mut workers: Vec<Worker> = Vec::new();
    for row in rows.iter().take(ROWS) {
        let Some(mut worker) = worker(row) else { continue };
        let known = workers.iter().position(|known| known.id == worker.id);
        if let Some(at) = known {
            let before = workers.remove(at);
            worker.started_ms = before.started_ms.or(worker.started_ms);
            worker.events = before.events;
        }
        let event = event(row, &worker, began_ms);
        worker.events.extend(event.filter(|_| worker.events.len() < EVENTS));
        if workers.len() < WORKERS {
            workers.push(worker);
        }
    }
    workers.sort_by(|one, other| (&one.stage, &one.id).cmp(&(&other.stage, &other.id)));
    workers
}

fn worker(row: &Value) -> Option<Worker> {
    let status = value::text(row, "status").or_else(|| value::text(row, "event_type"));
    let busy = value::seconds(row, "processing_time", 1.0);
    let done = value::count(row, "processed_count").or_else(|| value::count(row, "output_records"));
    let mean =
        done.zip(busy).filter(|(_, busy)| busy.0 > 0.0).map(|(done, busy)| done as f64 / busy.0);
    let percent = |key| value::number(row, key).filter(|share| *share >= 0.0);
    Some(Worker {
        id: value::text(row, "worker_id")?,
        stage: value::words(row, "stage_id"),
        status: status.unwrap_or_default(),
        node: value::text(row, "node_ip")
            .or_else(|| value::text(row, "node_id"))
            .unwrap_or_default(),
        pid: value::small(row, "pid"),
        started_ms: value::moment(row, "start_time"),
        ended_ms: value::moment(row, "end_time"),
        input: value::count(row, "input_records"),
        output: value::count(row, "output_records"),
        failed: value::count(row, "error_count"),
        per_second: percent("records_per_second").or(mean),
        busy_seconds: busy,
        cores: percent("cpu_percent").map(|percent| percent / 100.0),
        memory_bytes: value::bytes(row, "memory_mb", 1_048_576.0).filter(|bytes| bytes.0 > 0),
        gpu: percent("gpu_utilization").and_then(|share| Ratio::new(share / 100.0)),
        parts: parts(row),
        ..Worker::default()
    })
}

fn parts(row: &Value) -> Vec<SafeText> {
    let name = |part: &Value| match part {
        Value::String(name) => Some(SafeText::new(name)),
        Value::Number(number) => Some(SafeText::new(&number.to_string())),
        _ => None,
    };
    value::list(row, "assigned_partitions").iter().take(PARTS).filter_map(name).collect()
}

/// What `row` says happened to `worker`, if it says when.
fn event(row: &Value, worker: &Worker, began_ms: Option<i64>) -> Option<Moment> {
    let word = value::text(row, "event_type")?;
    let at_ms = value::moment(row, "timestamp")?;
    let kind = match word.as_str().to_ascii_uppercase().as_str() {
        "STARTED" => MomentKind::WorkerStarted,
        "COMPLETED" | "STOPPED" | "DEAD" => MomentKind::WorkerEnded,
        "ERROR" | "FAILED" => MomentKind::Error,
        _ => MomentKind::Notice,
    };
    let at_seconds = value::between(began_ms, Some(at_ms)).unwrap_or(Seconds(0.0));
    let words = format!("{} {}", worker.id, word.as_str().to_lowercase()).into();
    let (stage, worker) = (worker.stage.clone(), worker.id.clone());
    Some(Moment { at_ms, at_seconds, kind, stage, worker, words, seconds: None })
}
