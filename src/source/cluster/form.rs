//! The four forms of a cluster's status. Pure.
//!
//! `nodes` is a list of nodes or a map of them. A node is called `name`, `node`, `id`, or by its key;
//! it is healthy by `healthy` or `vllm_healthy`; it may tell of its GPU, in an object or by its load
//! alone. That it does not say whether it is healthy does not make it ill.

use serde_json::Value;

use crate::model::agent::Cluster;
use crate::model::gpu::{Gpu, GpuReader, GpuReaderState, GpuSample};
use crate::model::node::NodeInfo;
use crate::model::reading::{Reading, Why};
use crate::model::serving::Service;
use crate::model::text::SafeText;
use crate::model::unit::Celsius;
use crate::model::update::What;
use crate::source::Told;
use crate::source::foreign::value::{self, reading};

/// Nodes that are told of.
const MOST: usize = 256;
const GIB: f64 = 1_073_741_824.0;

struct Node {
    name: SafeText,
    healthy: Option<bool>,
    gpu: Option<Gpu>,
}

/// Everything in a cluster's status; `None` if it is none.
pub(in crate::source) fn tell(answer: &Value) -> Option<Vec<Told>> {
    let nodes = nodes(answer)?;
    let mut told = vec![Told::own(What::Services(services(answer, &nodes)))];
    told.extend(nodes.iter().flat_map(Node::tell));
    Some(told)
}

/// A cluster's status taken together; `None` if it is none.
pub(in crate::source) fn together(answer: &Value) -> Option<Cluster> {
    let nodes = nodes(answer)?;
    let gpus: Vec<&Gpu> = nodes.iter().filter_map(|node| node.gpu.as_ref()).collect();
    let works = |gpu: &&&Gpu| gpu.utilization.get().is_some_and(|load| load.fraction() > 0.0);
    let busy = gpus.iter().filter(works).count() as u64;
    Some(Cluster {
        nodes: nodes.len() as u64,
        up: healthy(&nodes) as u64,
        gpus: (!gpus.is_empty()).then_some((gpus.len() as u64, busy)),
        failover: Some(is_ready(answer, &nodes)),
        serves: value::words(answer, "active_node"),
    })
}

fn nodes(answer: &Value) -> Option<Vec<Node>> {
    Some(match answer.get("nodes")? {
        Value::Array(nodes) => nodes.iter().take(MOST).filter_map(|one| node(one, "")).collect(),
        Value::Object(nodes) => {
            nodes.iter().take(MOST).filter_map(|(key, one)| node(one, key)).collect()
        }
        _ => return None,
    })
}

fn healthy(nodes: &[Node]) -> usize {
    nodes.iter().filter(|node| node.healthy == Some(true)).count()
}

/// Whether another node can take over: with no word about it, that takes a second healthy one.
fn is_ready(answer: &Value, nodes: &[Node]) -> bool {
    value::flag(answer, "failover_ready").unwrap_or_else(|| healthy(nodes) > 1)
}

fn node(row: &Value, key: &str) -> Option<Node> {
    let named = ["name", "node", "id"].iter().find_map(|key| value::text(row, key));
    let number = value::count(row, "id").map(|id| SafeText::new(&id.to_string()));
    let name =
        named.or(number).or_else(|| Some(key).filter(|key| !key.is_empty()).map(SafeText::new));
    let healthy = value::flag(row, "healthy").or_else(|| value::flag(row, "vllm_healthy"));
    Some(Node { name: name?, healthy: healthy.or_else(|| row.as_bool()), gpu: gpu(row) })
}

/// The GPU of a node, as far as it is told.
fn gpu(row: &Value) -> Option<Gpu> {
    let (row, load) = match row.get("gpu").filter(|gpu| gpu.is_object()) {
        Some(gpu) => (gpu, "gpu_util"),
        None => (row, "gpu_utilization"),
    };
    row.get(load)?;
    let absent = || Why::NotSupported;
    Some(Gpu {
        id: "0".into(),
        name: "GPU".into(),
        utilization: reading(value::percent(row, load)),
        memory_used_bytes: reading(value::bytes(row, "vram_used_gb", GIB)),
        memory_total_bytes: reading(value::bytes(row, "vram_total_gb", GIB)),
        celsius: reading(value::number(row, "temp_c").map(Celsius)),
        memory_utilization: Reading::Missing(absent()),
        power_watts: Reading::Missing(absent()),
        power_limit_watts: Reading::Missing(absent()),
        fan: Reading::Missing(absent()),
        processes: Reading::Missing(absent()),
        ..Gpu::default()
    })
}

impl Node {
    fn tell(&self) -> Vec<Told> {
        let info = NodeInfo { hostname: self.name.clone(), ..NodeInfo::default() };
        let mut whats = vec![
            What::Info(Box::new(info)),
            What::Services(vec![service("model server".into(), word(self.healthy))]),
        ];
        if let Some(gpu) = &self.gpu {
            let reader = GpuReader {
                name: "cluster proxy".into(),
                version: Reading::Missing(Why::NotSupported),
                state: GpuReaderState::Works,
            };
            let sample = GpuSample {
                gpus: vec![gpu.clone()],
                readers: vec![reader],
                ..GpuSample::default()
            };
            whats.push(What::Gpus(Box::new(sample)));
        }
        whats.into_iter().map(|what| Told::of(self.name.clone(), what)).collect()
    }
}

/// The nodes, and whether another stands ready, ill ones first.
fn services(answer: &Value, nodes: &[Node]) -> Vec<Service> {
    let active = value::text(answer, "active_node");
    let mut services: Vec<Service> = nodes
        .iter()
        .map(|node| {
            let serves = if active.as_ref() == Some(&node.name) { " (serves)" } else { "" };
            service(format!("{}{serves}", node.name).into(), word(node.healthy))
        })
        .collect();
    services.sort_by_key(|one| one.status.as_str() == "healthy");
    let ready = is_ready(answer, nodes);
    let failover = if ready { ("failover ready", "healthy") } else { ("no failover", "degraded") };
    services.insert(0, service(failover.0.into(), failover.1));
    services
}

const fn word(healthy: Option<bool>) -> &'static str {
    match healthy {
        Some(true) => "healthy",
        Some(false) => "unhealthy",
        None => "unknown",
    }
}

fn service(name: SafeText, status: &str) -> Service {
    let response_seconds = Reading::Missing(Why::NotSupported);
    Service { name, status: status.into(), port: None, response_seconds }
}
