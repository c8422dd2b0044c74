//! A job of Solstice in any of its forms, and the lists it comes in. Pure.

use std::cmp::Reverse;

use serde_json::Value;

use super::{stage, told};
use crate::model::pipeline::{Pipeline, Pipelines};
use crate::model::text::SafeText;
use crate::model::unit::Ratio;
use crate::source::foreign::value;

/// Edges that are kept of a job.
const EDGES: usize = 1024;

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
        error: value::text(row, "error").filter(|error| !error.is_empty()),
        left_seconds: value::seconds(row, "eta_seconds", 1.0),
        progress: value::percent(row, "progress_percent").or_else(|| splits(row)),
        configuration: row.get("config").map(told::configuration).unwrap_or_default(),
        ..Pipeline::default()
    })
}

/// How many of its parts are done, of all.
fn splits(row: &Value) -> Option<Ratio> {
    let all = value::above_zero(row, "total_splits")?;
    Ratio::of(value::number(row, "completed_splits")?, all)
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

/// `fresh` as a list has it, with what is known of the job beyond lists.
pub(super) fn beyond(fresh: Pipeline, old: Pipeline) -> Pipeline {
    Pipeline {
        workers: old.workers,
        exceptions: old.exceptions,
        checkpoints: old.checkpoints,
        timeline: old.timeline,
        lineage: old.lineage,
        configuration: if old.configuration.is_empty() {
            fresh.configuration
        } else {
            old.configuration
        },
        log: old.log,
        log_dropped: old.log_dropped,
        pressure: old.pressure,
        gaps: old.gaps,
        ..fresh
    }
}
