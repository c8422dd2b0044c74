//! A job of Solstice in any of its forms, and the lists it comes in. Pure.

use std::cmp::Reverse;

use serde_json::Value;

use super::stage;
use crate::model::pipeline::{Exception, Pipeline, Pipelines, Worker};
use crate::model::text::SafeText;
use crate::source::foreign::value;

/// Edges that are kept of a job.
const EDGES: usize = 1024;
/// Workers and exceptions that are kept of a job.
const DETAILS: usize = 200;

/// A list of jobs: `{"running","completed"}` or `{"jobs","total"}`; `None` if it is neither.
pub(super) fn list(answer: &Value, most: usize) -> Option<Pipelines> {
    let mut gaps: Vec<SafeText> = Vec::new();
    let mut jobs: Vec<Pipeline> = if let Some(jobs) = answer.get("jobs") {
        let jobs = jobs.as_array()?;
        let total = value::count(answer, "total").unwrap_or_default();
        if total > most as u64 {
            gaps.push(format!("the latest {most} of {total} jobs are shown").into());
        }
        jobs.iter().take(most).filter_map(job).collect()
    } else {
        let both = [answer.get("running"), answer.get("completed")];
        if both.iter().all(|list| list.and_then(Value::as_array).is_none()) {
            return None;
        }
        gaps.push("failed jobs stand in neither of this server's two lists".into());
        let rows = both.into_iter().flatten().filter_map(Value::as_array);
        rows.flat_map(|rows| rows.iter().take(most)).filter_map(job).collect()
    };
    jobs.sort_by_key(|job| (job.status.as_str() != "RUNNING", Reverse(job.started_ms)));
    Some(Pipelines { jobs, gaps })
}

/// A job; `None` without an id.
fn job(row: &Value) -> Option<Pipeline> {
    let started_ms = value::moment(row, "start_time");
    let ended_ms = value::moment(row, "end_time");
    let until = ended_ms.or_else(|| value::moment(row, "last_update"));
    let took = value::seconds(row, "duration_ms", 1e-3);
    let status = value::words(row, "status").as_str().to_ascii_uppercase();
    Some(Pipeline {
        id: value::text(row, "job_id")?,
        status: status.into(),
        started_ms,
        ended_ms,
        duration_seconds: value::between(started_ms, until).or(took),
        stages: stage::read(row),
        edges: edges(row),
        error: value::text(row, "error"),
        ..Pipeline::default()
    })
}

/// Which stage feeds which: each is named with those downstream of it.
pub(super) fn edges(row: &Value) -> Vec<(SafeText, SafeText)> {
    let Some(map) = row.get("dag_edges").and_then(Value::as_object) else { return Vec::new() };
    let pairs = map.iter().flat_map(|(from, to)| {
        let to = to.as_array().into_iter().flatten().filter_map(Value::as_str);
        to.map(|to| (SafeText::new(from), SafeText::new(to)))
    });
    pairs.take(EDGES).collect()
}

/// The workers of a job; of several events of one, the last.
pub(super) fn workers(answer: &Value) -> Vec<Worker> {
    let mut workers: Vec<Worker> = Vec::new();
    for row in rows(answer, "workers") {
        let Some(id) = value::text(row, "worker_id") else { continue };
        let status = value::text(row, "status").or_else(|| value::text(row, "event_type"));
        let worker = Worker {
            id,
            stage: value::words(row, "stage_id"),
            status: status.unwrap_or_default(),
            input: value::count(row, "input_records"),
            output: value::count(row, "output_records"),
            busy_seconds: value::seconds(row, "processing_time", 1.0),
            ..Worker::default()
        };
        workers.retain(|known| known.id != worker.id);
        workers.push(worker);
    }
    workers.sort_by(|one, other| (&one.stage, &one.id).cmp(&(&other.stage, &other.id)));
    workers
}

/// What went wrong in a job, latest first.
pub(super) fn exceptions(answer: &Value) -> Vec<Exception> {
    let read = |row: &Value| Exception {
        kind: value::words(row, "exception_type"),
        message: value::words(row, "message"),
        stage: value::words(row, "stage_id"),
        worker: value::words(row, "worker_id"),
        count: value::count(row, "occurrence_count").unwrap_or(1),
        first_ms: value::moment(row, "first_seen"),
        last_ms: value::moment(row, "last_seen").or_else(|| value::moment(row, "timestamp")),
        ..Exception::default()
    };
    let mut all: Vec<Exception> = rows(answer, "exceptions").iter().map(read).collect();
    all.retain(|one| !one.kind.is_empty() || !one.message.is_empty());
    all.sort_by_key(|one| Reverse(one.last_ms));
    all
}

/// A list, bare or under its name.
fn rows<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    let rows = answer.as_array().map_or_else(|| value::list(answer, name), Vec::as_slice);
    rows.get(..DETAILS).unwrap_or(rows)
}
