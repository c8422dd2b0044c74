//! The numbers of one node or of many together, as strips.
//!
//! Across nodes a share is the mean by size (processors, memory), a rate is the sum, and pressure
//! and heat are the worst: a mean would hide the one that suffers.

use super::super::look::Look;
use super::super::widget::status::Status;
use super::super::widget::strip::Strip;
use super::super::widget::trail::Window;
use crate::model::gpu::Gpu;
use crate::model::node::NodeSample;
use crate::model::unit::Bytes;
use crate::state::history::{GpuMetric, Metric, gpu_row, node_row};
use crate::state::{Node, State};

mod words;

/// How values become one.
#[derive(Clone, Copy)]
enum Join {
    /// Mean by number of processors.
    Processors,
    /// Mean by size of memory.
    Memory,
    Sum,
    Worst,
}

/// A strip of a node's metrics.
struct Recipe {
    name: &'static str,
    /// More than one are joined within the node, by `within`.
    metrics: &'static [Metric],
    within: Join,
    across: Join,
    load: bool,
    aside: fn(&NodeSample) -> String,
}

const RECIPES: [Recipe; 8] = [
    recipe("CPU", &[Metric::Cpu], Join::Processors, true, words::cpu),
    recipe("Memory", &[Metric::Memory], Join::Memory, true, words::memory),
    Recipe {
        within: Join::Worst,
        ..recipe(
            "Pressure",
            &[Metric::CpuPressure, Metric::MemoryPressure, Metric::IoPressure],
            Join::Worst,
            true,
            words::pressure,
        )
    },
    recipe("Disk", &[Metric::DiskRead, Metric::DiskWrite], Join::Sum, false, words::disk),
    recipe("Network", &[Metric::Receive, Metric::Transmit], Join::Sum, false, words::network),
    recipe("Load", &[Metric::Load], Join::Sum, false, words::load),
    recipe("Steal", &[Metric::Steal], Join::Processors, true, |_| String::new()),
    recipe("Heat", &[Metric::Temperature], Join::Worst, true, |_| "hottest sensor".to_owned()),
];

const fn recipe(
    name: &'static str,
    metrics: &'static [Metric],
    across: Join,
    load: bool,
    aside: fn(&NodeSample) -> String,
) -> Recipe {
    Recipe { name, metrics, within: Join::Sum, across, load, aside }
}

/// The strips of `nodes` together over `window`, `columns` values each; GPU strips follow memory
/// where there are GPUs. One that never had a value is left out, unless it is CPU or memory.
pub(super) fn strips(
    nodes: &[&Node],
    window: Window,
    columns: usize,
    look: &Look<'_>,
) -> Vec<Strip> {
    let mut strips = Vec::with_capacity(RECIPES.len() + 2);
    for recipe in &RECIPES {
        let strip = recipe.strip(nodes, window, columns, look);
        let known = strip.now.is_some() || strip.past.iter().any(Option::is_some);
        if known || matches!(recipe.name, "CPU" | "Memory") {
            strips.push(strip);
        }
        if recipe.name == "Memory" && nodes.iter().any(|node| gpus(node).next().is_some()) {
            strips.extend(gpu_strips(nodes, window, columns, look));
        }
    }
    strips
}

impl Recipe {
    fn strip(&self, nodes: &[&Node], window: Window, columns: usize, look: &Look<'_>) -> Strip {
        let live: Vec<&Node> = live(nodes, look);
        let heard = if live.is_empty() { nodes } else { &live };
        let present = heard.iter().filter_map(|node| {
            let row = node_row(&node.sample.as_ref()?.1);
            let values = self.metrics.iter().map(|metric| (row[*metric as usize], 1.0));
            Some((join(self.within, values), self.weight(node)))
        });
        let pasts: Vec<_> = nodes
            .iter()
            .map(|node| (self.past(node, window, columns), self.weight(node)))
            .collect();
        let aside = match nodes {
            [Node { sample: Some((_, sample)), .. }] => (self.aside)(sample),
            _ => String::new(),
        };
        Strip {
            name: self.name,
            now: join(self.across, present),
            live: !live.is_empty(),
            scale: self.metrics[0].scale(),
            past: joined(self.across, &pasts, columns),
            load: self.load,
            aside,
        }
    }

    fn past(&self, node: &Node, window: Window, columns: usize) -> Vec<Option<f64>> {
        let metrics = self.metrics.iter();
        let pasts: Vec<_> = metrics
            .map(|metric| (window.trail(&node.history, *metric as usize, columns), 1.0))
            .collect();
        joined(self.within, &pasts, columns)
    }

    fn weight(&self, node: &Node) -> f64 {
        match self.across {
            Join::Processors => node.info.as_ref().map_or(1.0, |info| f64::from(info.cpus.max(1))),
            Join::Memory => total_memory(node).map_or(1.0, |bytes| bytes.0 as f64),
            Join::Sum | Join::Worst => 1.0,
        }
    }
}

fn total_memory(node: &Node) -> Option<Bytes> {
    Some(node.sample.as_ref()?.1.memory.known()?.total_bytes)
}

fn live<'a>(nodes: &[&'a Node], look: &Look<'_>) -> Vec<&'a Node> {
    let is_live = |node: &&&Node| Status::of(node, look).is_live();
    nodes.iter().filter(is_live).copied().collect()
}

/// Joins values with their weights; what is unknown is left out, and nothing known is unknown.
fn join(how: Join, values: impl Iterator<Item = (Option<f64>, f64)>) -> Option<f64> {
    let known = values.filter_map(|(value, weight)| Some((value?, weight)));
    match how {
        Join::Sum => known.map(|(value, _)| value).reduce(|a, b| a + b),
        Join::Worst => known.map(|(value, _)| value).reduce(f64::max),
        Join::Processors | Join::Memory => {
            let (sum, weights) = known.fold((0.0, 0.0), |(sum, weights), (value, weight)| {
                (sum + value * weight, weights + weight)
            });
            (weights > 0.0).then(|| sum / weights)
        }
    }
}

fn joined(how: Join, pasts: &[(Vec<Option<f64>>, f64)], columns: usize) -> Vec<Option<f64>> {
    let column = |index: usize| {
        let values =
            pasts.iter().map(|(past, weight)| (past.get(index).copied().flatten(), *weight));
        join(how, values)
    };
    (0..columns).map(column).collect()
}

fn gpus(node: &Node) -> impl Iterator<Item = &Gpu> {
    node.gpus.iter().flat_map(|(_, sample)| &sample.gpus)
}

fn gpu_strips(nodes: &[&Node], window: Window, columns: usize, look: &Look<'_>) -> [Strip; 2] {
    let live = live(nodes, look);
    let heard = if live.is_empty() { nodes } else { &live };
    let all: Vec<&Gpu> = heard.iter().flat_map(|node| gpus(node)).collect();
    let strip = |name, metric: GpuMetric, load| {
        let size = |gpu: &Gpu| match metric {
            GpuMetric::Memory => gpu.memory_total_bytes.get().map_or(1.0, |bytes| bytes.0 as f64),
            _ => 1.0,
        };
        let now = all.iter().map(|gpu| (gpu_row(gpu)[metric as usize], size(gpu)));
        let histories = nodes.iter().flat_map(|node| node.gpu_history.values());
        let pasts: Vec<_> =
            histories.map(|past| (window.trail(past, metric as usize, columns), 1.0)).collect();
        Strip {
            name,
            now: join(Join::Memory, now),
            live: !live.is_empty(),
            scale: metric.scale(),
            past: joined(Join::Memory, &pasts, columns),
            load,
            aside: String::new(),
        }
    };
    let mut busy = strip("GPU busy", GpuMetric::Utilization, false);
    let plural = if all.len() == 1 { "" } else { "s" };
    busy.aside = format!("{} GPU{plural}, mean time busy", all.len());
    let mut memory = strip("VRAM", GpuMetric::Memory, true);
    memory.aside = words::vram(&all);
    [busy, memory]
}

/// Every node of `state`.
pub(super) fn all(state: &State) -> Vec<&Node> {
    state.nodes.values().collect()
}
