//! `GET /metrics`: everything in the text format of Prometheus (0.0.4).
//!
//! The machine and its GPUs as `isomon snapshot --format prometheus` writes them, its backends and
//! workloads, the figures of the last benchmark, and what isomon itself lost and answered.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::response::Response;
use schemars::{Schema, SchemaGenerator};

use super::answer::{Reply, with_type};
use super::context::VERSION;
use super::{Answer, Ask, Context, Door};
use crate::model::id::SourceId;
use crate::model::time::Stamp;
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
    let state = context.state();
    let mut page = of_node(&state);
    own(&mut page, &context, &state);
    drop(state);
    if let Some(bench) = context.last_bench() {
        page.push_str(&String::from_utf8_lossy(&bench));
    }
    Ok(Page(page))
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
        processes: Vec::new(),
        nodes: Vec::new(),
    })
}

fn backends(page: &mut String, node: &Node) {
    let ready = node.backends.iter().map(|status| {
        let labels = format!("backend=\"{}\",class=\"{}\"", status.id, status.id.class().words());
        (labels, u64::from(status.readiness.runs()))
    });
    family(page, "backend_ready", "gauge", "Whether a backend can run.", ready);
    let most = node.backends.iter().filter(|status| status.readiness.runs()).filter_map(|status| {
        Some((format!("backend=\"{}\"", status.id), u64::from(status.traits.max_at_once?)))
    });
    let help = "Sandboxes at once for which there is room.";
    family(page, "backend_room_sandboxes", "gauge", help, most);
}

fn workloads(page: &mut String, node: &Node) {
    let Some((_, workloads)) = &node.workloads else { return };
    let by_status = workloads.by_status.iter();
    let by_status = by_status.map(|(status, count)| (format!("status=\"{status}\""), *count));
    family(page, "workloads", "gauge", "Workloads by how far they are.", by_status);
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let of = |backend: &str| format!("backend=\"{}\"", escaped(backend));
    let counts = workloads.by_backend.iter().map(|row| (of(row.backend.as_str()), row.count));
    family(page, "backend_workloads", "gauge", "Workloads of a backend.", counts);
    let means = workloads.by_backend.iter();
    let means = means.filter_map(|row| Some((of(row.backend.as_str()), row.mean_seconds?.0)));
    let help = "Mean duration of the workloads of a backend that completed.";
    family(page, "backend_workload_mean_seconds", "gauge", help, means);
}

/// What isomon itself lost and answered.
fn own(page: &mut String, context: &Context, state: &State) {
    let labels = format!("version=\"{VERSION}\",instance=\"{}\"", context.instance);
    family(page, "build_info", "gauge", "This isomon, 1.", [(labels, 1)]);
    let none = String::new;
    let help = "Periodic samples dropped because nobody took them in time.";
    family(page, "lost_samples_total", "counter", help, [(none(), state.lost)]);
    let help = "Updates of this machine.";
    family(page, "updates_total", "counter", help, [(none(), context.log.last())]);
    let requests = context.counts.all().into_iter().map(|(kind, count)| {
        let (method, path, status) = (kind.method, kind.path, kind.status);
        (format!("method=\"{method}\",path=\"{path}\",status=\"{status}\""), count)
    });
    family(page, "http_requests_total", "counter", "Requests answered.", requests);
    let help = "Connections dropped because every other one was busy.";
    let refusals = context.counts.refusals();
    family(page, "http_connections_refused_total", "counter", help, [(none(), refusals)]);
}

/// A family with its samples; nothing where there is none.
fn family<V: std::fmt::Display>(
    page: &mut String,
    name: &str,
    kind: &str,
    help: &str,
    samples: impl IntoIterator<Item = (String, V)>,
) {
    let mut samples = samples.into_iter().peekable();
    if samples.peek().is_none() {
        return;
    }
    let _infallible = writeln!(page, "# HELP isomon_{name} {help}\n# TYPE isomon_{name} {kind}");
    for (labels, value) in samples {
        let labels = if labels.is_empty() { labels } else { format!("{{{labels}}}") };
        let _infallible = writeln!(page, "isomon_{name}{labels} {value}");
    }
}
