//! Other nodes in a snapshot: a line each for people, everything that is known in JSON.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use super::number::{Family, Number, models, numbers};
use super::{Snapshot, agent, model};
use crate::model::agent::Agents;
use crate::model::gpu::{Gpu, GpuSample};
use crate::model::id::SourceId;
use crate::model::node::{Memory, NodeInfo, NodeSample};
use crate::model::origin::Origin;
use crate::model::serving::Serving;
use crate::model::text::SafeText;
use crate::model::unit::Ratio;

/// Another node at one moment.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Remote {
    /// Its name here.
    pub source: String,
    /// Where it is.
    pub address: SafeText,
    /// Why it does not answer; `null` if it does.
    pub down: Option<SafeText>,
    /// What its source is, and what it offers.
    pub origin: Option<Origin>,
    /// What the machine is.
    pub info: Option<NodeInfo>,
    /// How it is doing.
    pub node: Option<NodeSample>,
    /// Its GPUs.
    pub gpus: Option<GpuSample>,
    /// Agents that are watched there; left out where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agents: Option<Agents>,
    /// Models it serves; left out where it tells of none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serving: Option<Vec<Serving>>,
}

/// Whether a node answers.
const UP: Family = Family { name: "node_up", help: "Whether the node answers, 0 or 1." };

impl Remote {
    /// The node as if this were its own snapshot; `None` where nothing is known of it.
    fn alone(&self, whole: &Snapshot) -> Option<Snapshot> {
        Some(Snapshot {
            source: SourceId(self.source.as_str().into()),
            info: self.info.clone().unwrap_or_default(),
            node: self.node.clone()?,
            gpus: self.gpus.clone().unwrap_or_default(),
            serving: self.models().to_vec(),
            processes: Vec::new(),
            agents: self.agents.clone(),
            nodes: Vec::new(),
            at: whole.at.clone(),
            ..*whole
        })
    }

    /// The models it serves.
    fn models(&self) -> &[Serving] {
        self.serving.as_deref().unwrap_or_default()
    }

    fn cells(&self) -> [String; 7] {
        let dash = || "—".to_owned();
        let node = self.node.as_ref();
        let cpu = node.and_then(|node| node.cpu.get());
        let memory = node.and_then(|node| node.memory.get());
        let load = node.and_then(|node| node.load.get());
        let kind = self.origin.as_ref().map_or_else(dash, |origin| origin.kind.to_string());
        [
            self.source.clone(),
            if self.down.is_some() { "down" } else { "up" }.to_owned(),
            kind,
            cpu.map_or_else(dash, |cpu| cpu.busy.to_string()),
            memory.as_ref().and_then(Memory::used).map_or_else(dash, |used| used.to_string()),
            load.map_or_else(dash, |load| format!("{:.2}", load[0])),
            self.gpus.as_ref().map_or_else(dash, |gpus| gpu_use(&gpus.gpus)),
        ]
    }
}

/// Mean use of some GPUs, and how many there are.
fn gpu_use(gpus: &[Gpu]) -> String {
    let known: Vec<f64> =
        gpus.iter().filter_map(|gpu| gpu.utilization.get()).map(Ratio::percent).collect();
    match (gpus.len(), known.len()) {
        (0, _) => "none".to_owned(),
        (count, 0) => format!("{count} x —"),
        (count, some) => format!("{count} x {:.0} %", known.iter().sum::<f64>() / some as f64),
    }
}

/// A table of `nodes`; nothing where there are none. Below it, why those that are down do not answer.
pub(super) fn table(nodes: &[Remote]) -> String {
    let mut text = String::new();
    if nodes.is_empty() {
        return text;
    }
    let head = ["other node", "", "kind", "CPU", "memory", "load", "GPUs"].map(str::to_owned);
    let rows: Vec<[String; 7]> =
        std::iter::once(head).chain(nodes.iter().map(Remote::cells)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: [usize; 7] = std::array::from_fn(|column| width(column).unwrap_or_default());
    text.push('\n');
    for row in &rows {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        let _infallible = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    text.push_str(&model::table(nodes.iter().map(|node| (node.source.as_str(), node.models()))));
    for (node, why) in nodes.iter().filter_map(|node| Some((node, node.down.as_ref()?))) {
        let _infallible = writeln!(text, "{}: {why}", node.source);
    }
    text
}

/// Every number of `snapshot` and of its other nodes, with the node; those of one family follow each
/// other.
pub(super) fn all_numbers(snapshot: &Snapshot) -> Vec<(SourceId, Number)> {
    let mut found: Vec<(SourceId, Number)> = of(snapshot).collect();
    for remote in &snapshot.nodes {
        let value = Some(if remote.down.is_some() { 0.0 } else { 1.0 });
        let up = Number { family: UP, label: None, value };
        found.push((SourceId(remote.source.as_str().into()), up));
        let alone = remote.alone(snapshot);
        found.extend(alone.iter().flat_map(of));
        if alone.is_none() {
            // Who watches agents, or serves models, may tell nothing of a machine.
            let source = SourceId(remote.source.as_str().into());
            let told = agent::numbers(remote.agents.as_ref()).into_iter();
            let told = told.chain(models(remote.models()));
            found.extend(told.map(|number| (source.clone(), number)));
        }
    }
    let mut order: Vec<&str> = Vec::new();
    for (_, number) in &found {
        if !order.contains(&number.family.name) {
            order.push(number.family.name);
        }
    }
    let place = |number: &Number| order.iter().position(|name| *name == number.family.name);
    found.sort_by_key(|(_, number)| place(number));
    found
}

fn of(snapshot: &Snapshot) -> impl Iterator<Item = (SourceId, Number)> {
    let source = snapshot.source.clone();
    numbers(snapshot).into_iter().map(move |number| (source.clone(), number))
}
