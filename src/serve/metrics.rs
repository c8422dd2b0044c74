//! `GET /metrics`: everything in the text format of Prometheus (0.0.4).
//!
//! The machine and its GPUs as `isomon snapshot --format prometheus` writes them, its backends and
//! workloads, the figures of the last benchmark, and what isomon itself lost and answered.

use std::sync::Arc;

use axum::response::Response;
use schemars::{Schema, SchemaGenerator};

use super::answer::{Reply, with_type};
use super::context::VERSION;
use super::{Answer, Ask, Context, Door};
use crate::model::id::SourceId;
use crate::model::time::Stamp;
use crate::model::unit::Ratio;
use crate::model::workload::{BackendFigures, Window};
use crate::report::exposition as table;
use crate::report::node::{FORMAT, Snapshot, prometheus};
use crate::state::{Node, State};

/// The media type of the format.
const MEDIA: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The page.
pub struct Page(String);

impl Reply for Page {
    const STATUS: u16 = 200;
    const MEDIA: &'static str = "text/plain";

    fn schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string" })
    }

    fn respond(self) -> Response {
        with_type(Self::STATUS, MEDIA, self.0.into())
    }
}

pub(super) fn routes(door: Door) -> Door {
    door.get("/metrics", "Everything, in the text format of Prometheus", metrics)
}

async fn metrics(context: Arc<Context>, _: Ask) -> Answer<Page> {
    Ok(Page(page(&context)))
}

/// The page as it is now.
pub fn page(context: &Context) -> String {
    let state = context.state();
    let mut page = of_node(&state);
    super::alert::expose(&mut page, &state);
    own(&mut page, context, &state);
    drop(state);
    if let Some(bench) = context.last_bench() {
        page.push_str(&String::from_utf8_lossy(&bench));
    }
    page
}

/// What is known of this machine; nothing before its first sample.
fn of_node(state: &State) -> String {
    let Some(node) = state.nodes.get(&SourceId::local()) else { return String::new() };
    let mut page = snapshot(node).map(|snapshot| prometheus::write(&snapshot)).unwrap_or_default();
    backends(&mut page, node);
    workloads(&mut page, node);
    page
}

fn snapshot(node: &Node) -> Option<Snapshot> {
    let (at, sample) = node.sample.as_ref()?;
    Some(Snapshot {
        format: FORMAT,
        isomon: VERSION,
        at: Stamp::rfc3339(*at),
        source: SourceId::local(),
        info: node.info.as_deref().cloned().unwrap_or_default(),
        node: (**sample).clone(),
        gpus: node.gpus.as_ref().map(|(_, gpus)| (**gpus).clone()).unwrap_or_default(),
        serving: node.serving.as_ref().map(|(_, all)| all.clone()).unwrap_or_default(),
        processes: Vec::new(),
        agents: node.agents.as_ref().map(|(_, agents)| (**agents).clone()),
        nodes: Vec::new(),
    })
}

fn backends(page: &mut String, node: &Node) {
    let ready = node.backends.iter().map(|status| {
        let labels = [status.id.to_string(), status.id.class().words().to_owned()];
        (labels, u64::from(status.readiness.runs()))
    });
    table::BACKEND_READY.write(page, ready);
    let most = node.backends.iter().filter(|status| status.readiness.runs()).filter_map(|status| {
        Some(([status.id.to_string()], u64::from(status.traits.max_at_once?)))
    });
    table::BACKEND_ROOM.write(page, most);
}

fn workloads(page: &mut String, node: &Node) {
    let Some((_, workloads)) = &node.workloads else { return };
    let by_status = workloads.by_status.iter();
    table::WORKLOADS.write(page, by_status.map(|(status, count)| ([status.to_string()], *count)));
    let of = |row: &BackendFigures| [row.backend.to_string()];
    let all = &workloads.by_backend;
    table::BACKEND_WORKLOADS.write(page, all.iter().map(|row| (of(row), row.count)));
    let means = all.iter().filter_map(|row| Some((of(row), row.mean_seconds?.0)));
    table::BACKEND_MEAN.write(page, means);
    let hour = workloads.spells.iter().filter(|spell| spell.window == Window::Hour);
    let hour: Vec<&BackendFigures> = hour.flat_map(|spell| &spell.by_backend).collect();
    table::HOUR_WORKLOADS.write(page, hour.iter().map(|row| (of(row), row.count)));
    let share = hour.iter().filter_map(|row| Some((of(row), row.success?.fraction())));
    table::HOUR_SUCCESS.write(page, share);
    let means = hour.iter().filter_map(|row| Some((of(row), row.mean_seconds?.0)));
    table::HOUR_MEAN.write(page, means);
    let now = [
        (&table::WORKLOAD_OLDEST, workloads.oldest_seconds.get().map(|age| age.0)),
        (&table::WORKLOAD_ERRORS, workloads.done.errors_1h.get()),
        (&table::WORKLOAD_TIMEOUTS, workloads.done.timeouts_1h.get()),
        (&table::WORKLOAD_HOUR, workloads.done.completed_1h.get()),
        (&table::WORKLOAD_DAY, workloads.done.completed_24h.get()),
        (&table::WORKLOAD_SUCCESS, workloads.done.success_24h.get().map(Ratio::fraction)),
        (&table::WORKLOAD_MEAN, workloads.done.mean_24h_seconds.get().map(|mean| mean.0)),
    ];
    for (metric, value) in now {
        metric.write(page, value.map(|value| ([], value)));
    }
    let slowest = hour.iter().filter_map(|row| Some((of(row), row.p95_seconds?.0)));
    table::HOUR_P95.write(page, slowest);
}

/// What isomon itself lost, answered and sent.
fn own(page: &mut String, context: &Context, state: &State) {
    let labels = [VERSION.to_owned(), context.instance.to_string()];
    table::BUILD.write(page, [(labels, 1)]);
    table::LOST.write(page, [([], state.lost)]);
    table::UPDATES.write(page, [([], context.log.last())]);
    let requests = context.counts.all().into_iter().map(|(kind, count)| {
        ([kind.method.to_string(), kind.path.to_string(), kind.status.to_string()], count)
    });
    table::REQUESTS.write(page, requests);
    table::REFUSALS.write(page, [([], context.counts.refusals())]);
    if let Some(counts) = context.remote.get() {
        table::REMOTE_SENT.write(page, [([], counts.sent())]);
        table::REMOTE_LOST.write(page, [([], counts.lost())]);
        table::REMOTE_WAITING.write(page, [([], counts.waiting())]);
    }
}
