//! What a miStudio tells, part by part, each with when it came.
//!
//! Stream and REST bring the same parts, so that either can stand in for the other. A part of the
//! stream says by its `metric_type` what it is; older servers do not write one, and then its fields
//! say it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::source::foreign::value;

/// GPUs that are kept.
pub(super) const MOST_GPUS: u32 = 64;

/// A part, and when it came.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) at: Instant,
    pub(super) value: Arc<Value>,
}

impl Part {
    fn now(value: &Value) -> Self {
        Self { at: Instant::now(), value: Arc::new(value.clone()) }
    }

    /// Time since it came.
    pub(super) fn age(&self) -> Duration {
        self.at.elapsed()
    }
}

/// The latest of each part.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Parts {
    pub(super) cpu: Option<Part>,
    pub(super) memory: Option<Part>,
    pub(super) disk: Option<Part>,
    pub(super) network: Option<Part>,
    pub(super) gpus: BTreeMap<u32, Part>,
}

impl Parts {
    /// Takes a message of the stream in; false if it is none.
    pub(super) fn take(&mut self, message: &Value) -> bool {
        let slot = match kind(message) {
            Some("gpu") => return self.take_gpu(message),
            Some("cpu") => &mut self.cpu,
            Some("memory") => &mut self.memory,
            Some("disk") => &mut self.disk,
            Some("network") => &mut self.network,
            _ => return false,
        };
        *slot = Some(Part::now(message));
        true
    }

    /// Takes the numbers of one GPU in; false if it does not say of which.
    pub(super) fn take_gpu(&mut self, metrics: &Value) -> bool {
        let Some(id) = value::small(metrics, "gpu_id").filter(|id| *id < MOST_GPUS) else {
            return false;
        };
        self.gpus.insert(id, Part::now(metrics));
        true
    }

    /// Takes in everything that REST tells of the machine at once.
    pub(super) fn take_all(&mut self, metrics: &Value) {
        let part = |key: &str| metrics.get(key).filter(|one| one.is_object()).map(Part::now);
        newer(&mut self.cpu, part("cpu"));
        newer(&mut self.disk, part("disk_io"));
        newer(&mut self.network, part("network_io"));
        if metrics.get("ram").is_some() {
            self.memory = Some(Part::now(metrics));
        }
    }

    /// Takes what is newer in `other`.
    pub(super) fn merge(&mut self, other: Self) {
        newer(&mut self.cpu, other.cpu);
        newer(&mut self.memory, other.memory);
        newer(&mut self.disk, other.disk);
        newer(&mut self.network, other.network);
        for (id, part) in other.gpus {
            if self.gpus.get(&id).is_none_or(|known| known.at < part.at) {
                self.gpus.insert(id, part);
            }
        }
    }

    /// When the last of them came.
    pub(super) fn newest(&self) -> Option<Instant> {
        let parts = [&self.cpu, &self.memory, &self.disk, &self.network];
        parts.into_iter().flatten().chain(self.gpus.values()).map(|part| part.at).max()
    }
}

fn newer(known: &mut Option<Part>, other: Option<Part>) {
    let at = |part: &Option<Part>| part.as_ref().map(|part| part.at);
    if at(&other) > at(known) {
        *known = other;
    }
}

/// What a message is about, by its own word or by its fields.
fn kind(message: &Value) -> Option<&str> {
    if !message.is_object() {
        return None;
    }
    if let Some(kind) = message.get("metric_type").and_then(Value::as_str) {
        return Some(kind);
    }
    let marks = [
        ("gpu_id", "gpu"),
        ("percent", "cpu"),
        ("ram", "memory"),
        ("read_bytes", "disk"),
        ("sent_bytes", "network"),
    ];
    marks.iter().find(|(key, _)| message.get(key).is_some()).map(|(_, kind)| *kind)
}
