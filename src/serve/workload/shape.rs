//! Workloads as a client sees them: Vulcan's fields, those that are empty left out, and isomon's own
//! beside them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Serialize;

use crate::model::text::SafeText;
use crate::model::unit::{Bytes, Seconds};
use crate::model::workload as model;
use crate::model::workload::Status;
use crate::store::workload::{Line, Record};

/// Letters of an output that the screen is told.
const SHOWN: usize = 200;

/// A workload.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Workload {
    /// A ULID.
    pub id: String,
    /// `pending`, `running`, `completed`, `failed`, `killed`.
    pub status: &'static str,
    /// What was asked for.
    pub isolation: String,
    /// The backend that was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<String>,
    /// What it needs.
    pub runtime: String,
    /// The node it runs on.
    pub node_id: String,
    /// What it wrote to standard output, up to 1 MiB, in base64; a list leaves out what is longer than
    /// 4 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Bytes of output that were not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_dropped_bytes: Option<u64>,
    /// What it ended with; 128 + n for signal n.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Processors it may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_limit: Option<serde_json::Number>,
    /// Memory it may use, in MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mem_limit: Option<u64>,
    /// Seconds it may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u64>,
    /// Bounds that do not hold on this machine: `memory`, `cpus`, `pids`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_limited: Vec<String>,
    /// Milliseconds from its begin to its cleared-up end, rounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Lines it wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_lines: Option<u64>,
    /// When it was ordered, RFC 3339.
    pub created_at: String,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// When it was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<String>,
}

impl From<Record> for Workload {
    fn from(record: Record) -> Self {
        let unlimited = record.unlimited.split(',').filter(|name| !name.is_empty());
        Self {
            status: record.status.name(),
            not_limited: unlimited.map(str::to_owned).collect(),
            backend: record.backend,
            output: record.output.map(|output| STANDARD.encode(output)),
            output_dropped_bytes: Some(record.dropped_bytes).filter(|bytes| *bytes > 0),
            exit_code: record.exit_code,
            error: record.error,
            cpu_limit: record.cpus.and_then(number),
            mem_limit: record.mem_mb,
            timeout_s: record.timeout_s,
            duration_ms: record.duration_s.map(milliseconds),
            log_lines: Some(record.lines).filter(|lines| *lines > 0),
            created_at: rfc3339(record.created_ns),
            started_at: record.started_ns.map(rfc3339),
            finished_at: record.finished_ns.map(rfc3339),
            id: record.id,
            isolation: record.isolation,
            runtime: record.runtime,
            node_id: record.node,
        }
    }
}

/// Some of many workloads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub(super) struct List {
    /// These, latest first.
    pub workloads: Vec<Workload>,
    /// How many there are.
    pub total: u64,
    /// How many were asked for.
    pub limit: u32,
    /// How many were passed over.
    pub offset: u64,
}

/// What a workload wrote.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub(super) struct History {
    /// Which workload.
    pub workload_id: String,
    /// Its lines; of many, the first and the last 2,500.
    pub lines: Vec<Entry>,
}

/// A line of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub(super) struct Entry {
    /// Its number, from 0; where numbers are missing, lines were not kept.
    pub seq: u64,
    /// The line.
    pub line: String,
    /// `stderr` for a line of standard error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<&'static str>,
    /// When it came, RFC 3339.
    pub created_at: String,
}

impl From<Line> for Entry {
    fn from(line: Line) -> Self {
        let error = line.stream == crate::model::job::Stream::Error;
        let stream = error.then_some("stderr");
        Self { seq: line.seq, line: line.text, stream, created_at: rfc3339(line.at_ns) }
    }
}

/// A workload as the screen is told of it.
pub(super) fn shown(record: Record) -> model::Workload {
    let output = record.output.map(|output| String::from_utf8_lossy(&output).into_owned());
    model::Workload {
        id: record.id.into(),
        status: record.status,
        isolation: record.isolation.into(),
        backend: record.backend.map(SafeText::from),
        runtime: record.runtime.into(),
        node: record.node.into(),
        created_ms: record.created_ns / 1_000_000,
        started_ms: record.started_ns.map(|ns| ns / 1_000_000),
        finished_ms: record.finished_ns.map(|ns| ns / 1_000_000),
        duration_seconds: record.duration_s.map(Seconds),
        exit_code: record.exit_code,
        error: record.error.map(SafeText::from),
        output: output.map(|output| SafeText::within(output.trim_end(), SHOWN)),
        cpus: record.cpus,
        memory_bytes: record.mem_mb.map(|mem| Bytes(mem << 20)),
        timeout_seconds: record.timeout_s.map(|seconds| Seconds(seconds as f64)),
    }
}

/// The status that a filter names.
pub(super) fn status(word: &str) -> Option<Status> {
    Some(Status::named(word)).filter(|status| *status != Status::Unknown)
}

/// A time in RFC 3339, UTC, as finely as it is known.
pub(in crate::serve) fn rfc3339(ns: i64) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(ns))
        .map_or_else(|_| String::new(), |at| at.to_string())
}

/// `value` as people write it: 1 and not 1.0.
#[expect(clippy::cast_possible_truncation, reason = "a whole number of processors, at most 4096")]
fn number(value: f64) -> Option<serde_json::Number> {
    if value.fract() == 0.0 {
        Some((value as i64).into())
    } else {
        serde_json::Number::from_f64(value)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a length of time, which saturates"
)]
fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1_000.0).round() as u64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_shape_is_vulcans_and_what_is_empty_is_left_out() {
        let pending = Record {
            id: "01JKQX7V8MZRN3B4HTGFWDCS9E".into(),
            isolation: "isolate".into(),
            runtime: "node".into(),
            created_ns: 1_771_484_400_123_456_789,
            ..Record::default()
        };
        let mut wanted = json!({"id": "01JKQX7V8MZRN3B4HTGFWDCS9E", "status": "pending",
            "isolation": "isolate", "runtime": "node", "node_id": "",
            "created_at": "2026-02-19T07:00:00.123456789Z"});
        assert_eq!(serde_json::to_value(Workload::from(pending.clone())).unwrap(), wanted);
        let done = Record {
            status: Status::Completed,
            output: Some(b"hello from isolate".to_vec()),
            exit_code: Some(0),
            duration_s: Some(0.5),
            cpus: Some(1.0),
            finished_ns: Some(1_771_484_400_630_000_000),
            ..pending
        };
        for (name, value) in [
            ("status", json!("completed")),
            ("output", json!("aGVsbG8gZnJvbSBpc29sYXRl")),
            ("exit_code", json!(0)),
            ("duration_ms", json!(500)),
            ("cpu_limit", json!(1)),
            ("finished_at", json!("2026-02-19T07:00:00.63Z")),
        ] {
            wanted[name] = value;
        }
        assert_eq!(serde_json::to_value(Workload::from(done)).unwrap(), wanted);
    }
}
