//! `GET /v1/nodes` and `/v1/nodes/{id}`: the nodes this isomon knows, in Vulcan's row with isomon's own fields beside.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Ask, Context, Door, Json, Problem};
use crate::model::backend::BackendStatus;
use crate::model::gpu::GpuSample;
use crate::model::id::{RunId, SourceId};
use crate::model::node::{NodeInfo, NodeSample};
use crate::model::process::Process;
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::update::Health;
use crate::model::workload::{self, Workload};
use crate::state::Node;

/// A node in a list.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Row {
    /// Its name here.
    pub id: SourceId,
    /// What it calls itself.
    pub hostname: Option<SafeText>,
    /// Where it is.
    pub address: SafeText,
    /// Logical processors.
    pub cpus_total: Option<u32>,
    /// Processors that are busy, rounded.
    pub cpus_used: Option<u32>,
    /// Memory in MiB.
    pub mem_total: Option<u64>,
    /// Memory that programs hold, in MiB.
    pub mem_used: Option<u64>,
    /// Backends that run there.
    pub backends: Vec<SafeText>,
    /// When it was last heard of, RFC 3339.
    pub last_seen: Option<String>,
    /// Whether it can be worked with.
    pub status: Status,
}

/// Whether a node can be worked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It answers.
    Online,
    /// It does not.
    Offline,
    /// It answers and takes no new work.
    Draining,
}

pub(super) fn routes(door: Door) -> Door {
    door.get("/v1/nodes", "All nodes", list).get(
        "/v1/nodes/{id}",
        "A node, with everything that is known of it",
        one,
    )
}

/// What of a node is asked for.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
pub struct Query {
    /// 1: its processes too.
    #[schemars(range(max = 1))]
    depth: Option<u8>,
}

/// A node, with everything that is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Detail {
    #[serde(flatten)]
    row: Row,
    /// Why it does not answer; null while it does.
    down: Option<SafeText>,
    /// What it is.
    info: Option<NodeInfo>,
    /// How it is doing.
    sample: Option<NodeSample>,
    /// Its GPUs, and the readers that were asked for them.
    gpus: Option<GpuSample>,
    /// Its backends, each with whether it can run and why not.
    backend_statuses: Vec<BackendStatus>,
    /// Workloads that run there.
    workloads: Vec<Workload>,
    /// Runs of benchmarks that are going on there.
    runs: Vec<RunId>,
    /// Its processes; null unless asked for, and until they are known.
    processes: Option<Vec<Process>>,
}

async fn list(context: Arc<Context>, _: Ask) -> Answer<Json<Vec<Row>>> {
    let state = context.state();
    Ok(Json(state.nodes.iter().map(|(id, node)| row(id, node)).collect()))
}

async fn one(context: Arc<Context>, ask: Ask<Query>) -> Answer<Json<Detail>> {
    let deep = ask.query.depth == Some(1);
    if deep {
        context.depth.want(context.clock.now());
    }
    let id = SourceId(SafeText::new(ask.part("id")));
    let state = context.state();
    let node = state.nodes.get(&id);
    let node = node.ok_or_else(|| Problem::unknown("no such node; GET /v1/nodes lists them"))?;
    let live = state.runs.iter().filter(|(_, run)| run.from == id && run.is_live());
    Ok(Json(Detail { runs: live.map(|(id, _)| id.clone()).collect(), ..detail(&id, node, deep) }))
}

fn detail(id: &SourceId, node: &Node, deep: bool) -> Detail {
    let latest = node.workloads.iter().flat_map(|(_, workloads)| &workloads.latest);
    let running = latest.filter(|workload| workload.status == workload::Status::Running);
    let processes = node.processes.as_ref().filter(|_| deep);
    Detail {
        row: row(id, node),
        down: match &node.health {
            Some(Health::Down { why, .. }) => Some(why.clone()),
            Some(Health::Up) | None => None,
        },
        info: node.info.as_deref().cloned(),
        sample: node.sample.as_ref().map(|(_, sample)| (**sample).clone()),
        gpus: node.gpus.as_ref().map(|(_, gpus)| (**gpus).clone()),
        backend_statuses: node.backends.clone(),
        workloads: running.cloned().collect(),
        runs: Vec::new(),
        processes: processes.map(|(_, processes)| processes.clone()),
    }
}

fn row(id: &SourceId, node: &Node) -> Row {
    let cpus = node.info.as_ref().map(|info| info.cpus).filter(|cpus| *cpus > 0);
    let sample = node.sample.as_ref().map(|(_, sample)| sample);
    let memory = sample.and_then(|sample| sample.memory.known());
    let busy = sample.and_then(|sample| sample.cpu.known()).map(|cpu| cpu.busy.fraction());
    let used = cpus.zip(busy).map(|(cpus, busy)| whole(f64::from(cpus) * busy));
    let runs = node.backends.iter().filter(|backend| backend.readiness.runs());
    Row {
        id: id.clone(),
        hostname: node.info.as_ref().map(|info| info.hostname.clone()),
        address: node
            .origin
            .as_ref()
            .map_or_else(|| "local".into(), |origin| origin.address.clone()),
        cpus_total: cpus,
        cpus_used: used,
        mem_total: memory.map(|memory| memory.total_bytes.0 >> 20),
        mem_used: memory.map(|memory| memory.used_bytes().0 >> 20),
        backends: runs.map(|backend| backend.id.name().into()).collect(),
        last_seen: node.last_heard().map(Stamp::rfc3339),
        status: status(node),
    }
}

const fn status(node: &Node) -> Status {
    match node.health {
        Some(Health::Up) => Status::Online,
        Some(Health::Down { .. }) | None => Status::Offline,
    }
}

/// `count`, which is not negative, to the nearest whole.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of processors"
)]
fn whole(count: f64) -> u32 {
    count.round() as u32
}
