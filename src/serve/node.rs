//! `GET /v1/nodes`: the nodes this isomon knows, in Vulcan's row with isomon's own fields beside.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Answer, Ask, Context, Door, Json};
use crate::model::id::SourceId;
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::update::Health;
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
    door.get("/v1/nodes", "All nodes", list)
}

async fn list(context: Arc<Context>, _: Ask) -> Answer<Json<Vec<Row>>> {
    let state = context.state();
    Ok(Json(state.nodes.iter().map(|(id, node)| row(id, node)).collect()))
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
