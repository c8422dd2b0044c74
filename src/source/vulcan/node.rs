//! The nodes of a Vulcan: planned there, not yet served.
//!
//! What is known of a node is a row of the server's own table: what of its processors and memory is
//! promised to workloads, not what is used. That is told as a memory reading, and as processors in
//! use, because it is what such a table means by it; whether the node is there is told as a service.

use serde_json::Value;

use crate::model::node::{CpuUse, Memory, NodeInfo, NodeSample};
use crate::model::reading::{Reading, Why};
use crate::model::serving::Service;
use crate::model::text::SafeText;
use crate::model::unit::{Bytes, Ratio};
use crate::model::update::What;
use crate::model::workload::{Capability, Status, Workload, Workloads};
use crate::source::Told;
use crate::source::foreign::value::{self, reading};

/// Nodes that are told of.
const MOST: usize = 256;
const MIB: f64 = 1_048_576.0;

/// A row of the table.
#[derive(Debug)]
pub(super) struct Node {
    id: SafeText,
    hostname: SafeText,
    address: SafeText,
    status: SafeText,
    backends: Vec<SafeText>,
    cpus: Option<u32>,
    cpus_used: Option<f64>,
    memory: Option<Bytes>,
    memory_used: Option<Bytes>,
}

/// The rows: a list, or an object that holds one. `None` if there is none.
pub(super) fn read(answer: &Value) -> Option<Vec<Node>> {
    let rows = answer.as_array().or_else(|| answer.get("nodes")?.as_array())?;
    Some(rows.iter().take(MOST).filter_map(node).collect())
}

fn node(row: &Value) -> Option<Node> {
    let (id, hostname) = (value::words(row, "id"), value::words(row, "hostname"));
    if id.is_empty() && hostname.is_empty() {
        return None;
    }
    Some(Node {
        id,
        hostname,
        address: value::words(row, "address"),
        status: value::words(row, "status"),
        backends: value::texts(row, "backends", 16),
        cpus: value::small(row, "cpus_total"),
        cpus_used: value::number(row, "cpus_used"),
        memory: value::bytes(row, "mem_total", MIB),
        memory_used: value::bytes(row, "mem_used", MIB),
    })
}

impl Node {
    /// Everything known of it; `workloads` are those of the whole server.
    pub(super) fn tell(&self, workloads: &[Workload]) -> [Told; 4] {
        let whats = [
            What::Info(Box::new(self.info())),
            What::Node(Box::new(self.sample())),
            What::Services(vec![self.service()]),
            What::Workloads(Box::new(self.workloads(workloads))),
        ];
        whats.map(|what| Told::of(self.name().clone(), what))
    }

    fn name(&self) -> &SafeText {
        if self.hostname.is_empty() { &self.id } else { &self.hostname }
    }

    fn info(&self) -> NodeInfo {
        NodeInfo {
            hostname: self.name().clone(),
            cpus: self.cpus.unwrap_or_default(),
            memory_bytes: reading(self.memory),
            os: Reading::Missing(Why::NotSupported),
            kernel: Reading::Missing(Why::NotSupported),
            cpu_model: Reading::Missing(Why::NotSupported),
            virtualization: Reading::Missing(Why::NotSupported),
            ..NodeInfo::default()
        }
    }

    fn sample(&self) -> NodeSample {
        let busy =
            self.cpus_used.zip(self.cpus).and_then(|(used, all)| Ratio::of(used, all.into()));
        let memory = self.memory.zip(self.memory_used).map(|(total, used)| Memory {
            total_bytes: total,
            available_bytes: Bytes(total.0.saturating_sub(used.0)),
            ..Memory::default()
        });
        let cpu = reading(busy.map(|busy| CpuUse { busy, ..CpuUse::default() }));
        NodeSample { cpu, memory: reading(memory), ..NodeSample::default() }
    }

    fn service(&self) -> Service {
        let status = match self.status.as_str() {
            "online" => "healthy",
            "draining" => "degraded",
            "offline" => "down",
            _ => "unknown",
        };
        let said = if self.status.is_empty() { "status unknown" } else { self.status.as_str() };
        let at =
            if self.address.is_empty() { String::new() } else { format!(" at {}", self.address) };
        let response_seconds = Reading::Missing(Why::NotSupported);
        let name = format!("Vulcan node{at}: {said}").into();
        Service { name, status: status.into(), port: None, response_seconds }
    }

    fn workloads(&self, all: &[Workload]) -> Workloads {
        let here = |one: &&Workload| {
            one.status == Status::Running && !one.node.is_empty() && one.node == self.id
        };
        let latest: Vec<Workload> = all.iter().filter(here).cloned().collect();
        let capability =
            |name: &SafeText| Capability { backend: name.clone(), ..Capability::default() };
        Workloads {
            by_status: super::figures::by_status(&latest),
            latest,
            derived: true,
            capabilities: self.backends.iter().map(capability).collect(),
            ..Workloads::default()
        }
    }
}
