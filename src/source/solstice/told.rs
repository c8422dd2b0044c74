//! What a Solstice server tells of one job beside its stages: errors, events, lineage, configuration,
//! checkpoints, queues over time, logs. Pure; each answer is bounded and may have any form.

use std::cmp::Reverse;
use std::collections::HashMap;

use serde_json::Value;

use crate::model::pipeline::{
    Artifact, Checkpoint, Exception, LogLine, Moment, MomentKind, Pipeline, Pressure,
};
use crate::model::text::SafeText;
use crate::model::unit::Seconds;
use crate::procfs::redact::is_secret;
use crate::source::foreign::value;

/// Errors, events and checkpoints that are kept of a job.
const DETAILS: usize = 500;
/// Lines of a stack.
const STACK: usize = 200;
/// Parts of the work, settings, and moments of a queue that are kept.
const PARTS: usize = 2_000;
const SETTINGS: usize = 1_000;
const QUEUES: usize = 600;
/// Levels of a setting that are gone into.
const DEEP: usize = 8;
/// What stands for a secret.
const HIDDEN: &str = "[redacted]";
/// Words of an error, and what is likely behind it: what mends it.
const HINTS: [(&[&str], &str); 4] = [
    (
        &["oom", "memory"],
        "it ran out of memory: give its workers more, or make their parts smaller",
    ),
    (&["timeout", "timed out"], "it took too long: see what it waits for, or give it longer"),
    (
        &["connection", "network", "unreachable"],
        "a connection failed: see that the other side is up",
    ),
    (&["permission", "access denied", "forbidden"], "it may not do that: see its account's rights"),
];

/// A list, bare or under its name.
fn rows<'a>(answer: &'a Value, name: &str, most: usize) -> &'a [Value] {
    let rows = answer.as_array().map_or_else(|| value::list(answer, name), Vec::as_slice);
    rows.get(..most).unwrap_or(rows)
}

/// What went wrong in a job, grouped, latest first: servers tell what happens again once with a count, or each
/// time.
pub(super) fn exceptions(answer: &Value) -> Vec<Exception> {
    let read = |row: &Value| {
        let kind = value::words(row, "exception_type");
        let message = value::words(row, "message");
        let stack = row.get("stacktrace").and_then(Value::as_str).unwrap_or_default();
        let hint = value::text(row, "root_cause_hint").or_else(|| hint(&kind, &message));
        Exception {
            stack: stack.lines().take(STACK).map(SafeText::new).collect(),
            hint: hint.filter(|hint| !hint.is_empty()),
            stage: value::words(row, "stage_id"),
            worker: value::words(row, "worker_id"),
            part: value::words(row, "split_id"),
            count: value::count(row, "occurrence_count").unwrap_or(1),
            first_ms: value::moment(row, "first_seen").or_else(|| value::moment(row, "timestamp")),
            last_ms: value::moment(row, "last_seen").or_else(|| value::moment(row, "timestamp")),
            kind,
            message,
        }
    };
    let mut all: Vec<Exception> = rows(answer, "exceptions", DETAILS).iter().map(read).collect();
    all.retain(|one| !one.kind.is_empty() || !one.message.is_empty());
    all.sort_by_key(|one| Reverse(one.last_ms));
    grouped(all)
}

/// One for each that is the same in kind, words, stage and worker, as the first of `all` tells of it.
fn grouped(all: Vec<Exception>) -> Vec<Exception> {
    let mut groups: Vec<Exception> = Vec::new();
    let mut places = HashMap::new();
    for one in all {
        let same = (one.kind.clone(), one.message.clone(), one.stage.clone(), one.worker.clone());
        let place = *places.entry(same).or_insert(groups.len());
        match groups.get_mut(place) {
            None => groups.push(one),
            Some(group) => {
                group.count = group.count.saturating_add(one.count);
                group.first_ms = group.first_ms.into_iter().chain(one.first_ms).min();
            }
        }
    }
    groups
}

fn hint(kind: &SafeText, message: &SafeText) -> Option<SafeText> {
    let said = format!("{kind} {message}").to_lowercase();
    let found = HINTS.iter().find(|(words, _)| words.iter().any(|word| said.contains(word)));
    found.map(|(_, hint)| SafeText::new(hint))
}

/// Queues of a stage over time.
pub(super) fn queues(answer: &Value, stage: &SafeText) -> Vec<Pressure> {
    let rows = rows(answer, "data", usize::MAX);
    let late = rows.get(rows.len().saturating_sub(QUEUES)..).unwrap_or_default();
    let read = |row: &Value| {
        let queue = value::count(row, "queue_size").or_else(|| value::count(row, "queue_lag"))?;
        Some(Pressure {
            at_ms: value::moment(row, "timestamp")?,
            stage: stage.clone(),
            queue,
            active: value::flag(row, "backpressure_active").unwrap_or(false),
            ..Pressure::default()
        })
    };
    late.iter().filter_map(read).collect()
}

/// Adds what is known of the queues of `job` now, where it is not what was known before.
pub(super) fn note_queues(job: &mut Pipeline, at_ms: i64) {
    let mut fresh = Vec::new();
    for stage in &job.stages {
        let Some(queue) = stage.queue else { continue };
        let active = stage.backpressure == Some(true);
        let last = job.pressure.iter().rfind(|one| one.stage == stage.id);
        if last.is_none_or(|last| (last.queue, last.active) != (queue, active)) {
            let stage = stage.id.clone();
            fresh.push(Pressure { at_ms, stage, queue, active, ..Pressure::default() });
        }
    }
    job.pressure.append(&mut fresh);
    let beyond = job.pressure.len().saturating_sub(QUEUES);
    job.pressure.drain(..beyond);
}

/// Events that have a time, and how many have none.
pub(super) fn events(answer: &Value, began_ms: Option<i64>) -> (Vec<Moment>, usize) {
    let rows = rows(answer, "events", DETAILS);
    let read = |row: &Value| {
        let at_ms = value::moment(row, "timestamp")?;
        let kind = match value::words(row, "event_type").as_str() {
            "ERROR" => MomentKind::Error,
            _ => MomentKind::Notice,
        };
        let words =
            [value::words(row, "name"), value::words(row, "state"), value::words(row, "details")];
        let words: Vec<&str> =
            words.iter().map(SafeText::as_str).filter(|one| !one.is_empty()).collect();
        Some(Moment {
            at_ms,
            at_seconds: value::between(began_ms, Some(at_ms)).unwrap_or(Seconds(0.0)),
            kind,
            stage: value::words(row, "stage_id"),
            worker: value::text(row, "worker_id")
                .or_else(|| value::text(row, "actor_id"))
                .unwrap_or_default(),
            words: SafeText::new(&words.join(" ")),
            seconds: value::seconds(row, "duration_ms", 1e-3),
        })
    };
    let known: Vec<Moment> = rows.iter().filter_map(read).collect();
    let timeless = rows.len() - known.len();
    (known, timeless)
}

/// What happened in `job`, earliest first: what its stages, workers and errors say, and `events`.
pub(super) fn timeline(job: &Pipeline, events: &[Moment]) -> Vec<Moment> {
    let moment = |at_ms: i64, kind, stage: &SafeText, worker: &SafeText, words: String| Moment {
        at_ms,
        at_seconds: value::between(job.started_ms, Some(at_ms)).unwrap_or(Seconds(0.0)),
        kind,
        stage: stage.clone(),
        worker: worker.clone(),
        words: words.into(),
        seconds: None,
    };
    let none = SafeText::default();
    let mut all = events.to_vec();
    let started = job.started_ms.map(|at| (at, MomentKind::RunStarted, "the job began"));
    let ended = job.ended_ms.map(|at| (at, MomentKind::RunEnded, "the job ended"));
    let ends = [started, ended].into_iter().flatten();
    all.extend(ends.map(|(at, kind, words)| moment(at, kind, &none, &none, words.to_owned())));
    for stage in &job.stages {
        let begun = stage.started_ms;
        let over = stage.status.as_str() != "running";
        let took = stage.duration_seconds.filter(|_| over);
        let ended = begun.zip(took).and_then(|(at, took)| at.checked_add(milliseconds(took)));
        let kind = MomentKind::StageStarted;
        all.extend(
            begun.map(|at| moment(at, kind, &stage.id, &none, format!("{} began", stage.id))),
        );
        let words = format!("{} {}", stage.id, stage.status);
        all.extend(ended.map(|at| moment(at, MomentKind::StageEnded, &stage.id, &none, words)));
    }
    for worker in &job.workers {
        all.extend(worker.events.iter().cloned());
        let told = [
            (worker.started_ms, MomentKind::WorkerStarted, "began"),
            (worker.ended_ms, MomentKind::WorkerEnded, "ended"),
        ];
        for (at, kind, word) in told {
            let words = format!("{} {word}", worker.id);
            let known = worker.events.iter().any(|event| event.kind == kind);
            let at = at.filter(|_| !known);
            all.extend(at.map(|at| moment(at, kind, &worker.stage, &worker.id, words)));
        }
    }
    for one in &job.exceptions {
        let words = format!("{}: {}", one.kind, one.message);
        let at = one.first_ms.or(one.last_ms);
        all.extend(at.map(|at| moment(at, MomentKind::Error, &one.stage, &one.worker, words)));
    }
    all.sort_by_key(|moment| moment.at_ms);
    all.truncate(PARTS);
    all
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
fn milliseconds(length: Seconds) -> i64 {
    (length.0 * 1e3) as i64
}

/// Parts of the work and what they were made of: nodes with edges, or records with their parents.
pub(super) fn lineage(answer: &Value) -> Vec<Artifact> {
    let list = if answer.get("nodes").is_some() { "nodes" } else { "lineage" };
    let edges: Vec<(SafeText, SafeText)> = value::list(answer, "edges")
        .iter()
        .take(PARTS)
        .filter_map(|edge| Some((value::text(edge, "source")?, value::text(edge, "target")?)))
        .collect();
    let read = |row: &Value| {
        let id = value::text(row, "split_id").or_else(|| value::text(row, "id"))?;
        let node = value::text(row, "id").unwrap_or_else(|| id.clone());
        let said =
            value::list(row, "parent_ids").iter().filter_map(Value::as_str).map(SafeText::new);
        let drawn = edges.iter().filter(|(_, to)| *to == node).map(|(from, _)| from.clone());
        Some(Artifact {
            kind: "part".into(),
            parents: said.chain(drawn).take(DETAILS).collect(),
            stage: value::words(row, "stage_id"),
            worker: value::words(row, "worker_id"),
            records: value::count(row, "output_records"),
            id,
            ..Artifact::default()
        })
    };
    rows(answer, list, PARTS).iter().filter_map(read).collect()
}

/// Every setting by its path; what has the name of a secret is hidden.
pub(super) fn configuration(answer: &Value) -> Vec<(SafeText, SafeText)> {
    let mut all = Vec::new();
    flatten("", answer, (0, false), &mut all);
    all
}

fn flatten(
    path: &str,
    value: &Value,
    (depth, secret): (usize, bool),
    all: &mut Vec<(SafeText, SafeText)>,
) {
    if all.len() >= SETTINGS {
        return;
    }
    let join =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(fields) if depth < DEEP => {
            for (name, value) in fields {
                flatten(&join(name), value, (depth + 1, secret || is_secret(name)), all);
            }
        }
        Value::Array(list) if depth < DEEP => {
            for (at, value) in list.iter().enumerate() {
                flatten(&join(&at.to_string()), value, (depth + 1, secret), all);
            }
        }
        Value::Null => {}
        _ if secret => all.push((SafeText::new(path), HIDDEN.into())),
        Value::String(text) => all.push((SafeText::new(path), SafeText::new(text))),
        other => all.push((SafeText::new(path), SafeText::new(&other.to_string()))),
    }
}

/// From where the job can go on, latest first.
pub(super) fn checkpoints(answer: &Value) -> Vec<Checkpoint> {
    let read = |row: &Value| {
        let at = ["completion_time", "trigger_time", "timestamp"];
        Some(Checkpoint {
            id: value::text(row, "checkpoint_id").or_else(|| value::text(row, "id"))?,
            at_ms: at.iter().find_map(|key| value::moment(row, key))?,
            trigger: value::text(row, "trigger").unwrap_or_else(|| "time".into()),
            duration_seconds: value::seconds(row, "duration_ms", 1e-3),
            bytes: value::bytes(row, "state_size_bytes", 1.0),
            status: value::words(row, "status"),
            reached: value::words(row, "reached"),
        })
    };
    let mut all: Vec<Checkpoint> =
        rows(answer, "checkpoints", DETAILS).iter().filter_map(read).collect();
    all.sort_by_key(|one| Reverse(one.at_ms));
    all
}

/// Lines of a worker's log; the server gives them no time, so they have the one at which they were read.
pub(super) fn log(body: &str, worker: &SafeText, at_ms: i64, most: usize) -> Vec<LogLine> {
    let count = body.lines().count();
    let line = |text: &str| {
        let said = text.to_ascii_lowercase();
        let bad =
            ["error", "exception", "traceback", "fatal"].iter().any(|word| said.contains(word));
        LogLine { at_ms, from: worker.clone(), bad, text: SafeText::new(text) }
    };
    let lines = body.lines().filter(|line| !line.trim().is_empty());
    lines.skip(count.saturating_sub(most)).map(line).collect()
}
