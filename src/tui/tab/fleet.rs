//! The numbers of one node or of many together, as strips.
//!
//! Across nodes a share is the mean by size (processors, memory), a rate is the sum, and pressure
//! and heat are the worst: a mean would hide the one that suffers.

use std::ops::Bound;

use super::super::look::Look;
use super::super::widget::status::Status;
use super::super::widget::strip::{Strip, Tone};
use super::super::widget::trail::Window;
use crate::model::gpu::Gpu;
use crate::model::id::SourceId;
use crate::model::node::NodeSample;
use crate::model::unit::Bytes;
use crate::state::history::{GpuMetric, Metric, NodeHistory, gpu_row, node_row};
use crate::state::{Node, State};

mod past;
mod survey;
mod words;

pub(super) use past::Past;
pub(in crate::tui) use survey::{Survey, Surveyor};

/// A node and the name of its source.
pub(super) type Named<'a> = (&'a SourceId, &'a Node);

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
    tone: Tone,
    aside: fn(&NodeSample) -> String,
}

const RECIPES: [Recipe; 8] = [
    recipe("CPU", &[Metric::Cpu], Join::Processors, Tone::Load, words::cpu),
    recipe("Memory", &[Metric::Memory], Join::Memory, Tone::Load, words::memory),
    Recipe {
        within: Join::Worst,
        ..recipe(
            "Pressure",
            &[Metric::CpuPressure, Metric::MemoryPressure, Metric::IoPressure],
            Join::Worst,
            Tone::Pressure,
            words::pressure,
        )
    },
    recipe("Disk", &[Metric::DiskRead, Metric::DiskWrite], Join::Sum, Tone::Plain, words::disk),
    recipe("Network", &[Metric::Receive, Metric::Transmit], Join::Sum, Tone::Plain, words::network),
    recipe("Load", &[Metric::Load], Join::Sum, Tone::Plain, words::load),
    recipe("Steal", &[Metric::Steal], Join::Processors, Tone::Load, |_| String::new()),
    recipe("Heat", &[Metric::Temperature], Join::Worst, Tone::Load, |_| {
        "hottest sensor".to_owned()
    }),
];

const fn recipe(
    name: &'static str,
    metrics: &'static [Metric],
    across: Join,
    tone: Tone,
    aside: fn(&NodeSample) -> String,
) -> Recipe {
    Recipe { name, metrics, within: Join::Sum, across, tone, aside }
}

/// Most nodes of which the pasts are joined for each frame; of more it is kept as it is seen.
pub(super) const TOGETHER: usize = 64;

/// Numbers of GPUs that are joined.
const GPUS: [(&str, GpuMetric, Tone); 2] =
    [("GPU busy", GpuMetric::Utilization, Tone::Plain), ("VRAM", GpuMetric::Memory, Tone::Load)];

/// The strips of `nodes` together over `window`, `columns` values each; GPU strips follow memory
/// where there are GPUs. One that never had a value is left out, unless it is CPU or memory.
pub(super) fn strips(
    nodes: &[Named<'_>],
    window: Window,
    columns: usize,
    look: &Look<'_>,
) -> Vec<Strip> {
    let of: Vec<&Node> = nodes.iter().map(|(_, node)| *node).collect();
    let (heard, live) = heard(&of, look);
    let strip = |recipe: &Recipe| Strip {
        now: recipe.present(&heard),
        live,
        past: recipe.joined_past(nodes, (window, columns), look),
        aside: match of.as_slice() {
            [Node { sample: Some((_, sample)), .. }] => (recipe.aside)(sample),
            _ => String::new(),
        },
        ..recipe.empty()
    };
    let gpus = || gpu_strips((nodes, &heard), live, (window, columns), look);
    let gpus = of.iter().any(|node| has_gpus(node)).then(gpus);
    let strips = chosen(RECIPES.iter().map(strip), gpus.map(Vec::from).unwrap_or_default());
    strips.into_iter().map(|strip| at_instant(strip, window, look)).collect()
}

/// `strip` with its value at the instant that is looked at, where that is not now.
fn at_instant(mut strip: Strip, window: Window, look: &Look<'_>) -> Strip {
    if look.is_then() && !strip.past.is_empty() {
        let part = window.part_of(look.instant(), strip.past.len());
        strip.now = part.and_then(|part| strip.past.get(part).copied().flatten());
        strip.mark = part.filter(|_| look.cursor().is_some());
        (strip.live, strip.aside) = (true, String::new());
    }
    strip
}

/// The same of very many nodes, out of what was kept of them.
pub(super) fn kept(past: &Past, window: Window, columns: usize, look: &Look<'_>) -> Vec<Strip> {
    let strip = |(which, empty): (usize, Strip)| Strip {
        now: past.now(which),
        live: past.live,
        past: window.trail(past.series(), which, columns),
        ..empty
    };
    let recipes = RECIPES.iter().map(Recipe::empty).enumerate().map(strip);
    let gpus = || {
        let mut both = GPUS.map(empty_gpus).into_iter().zip(RECIPES.len()..);
        let mut next = || both.next().map(|(empty, which)| strip((which, empty)));
        let mut strips: Vec<Strip> = std::iter::from_fn(&mut next).collect();
        if let Some(busy) = strips.first_mut() {
            busy.aside = words::count(past.gpus);
        }
        strips
    };
    let strips = chosen(recipes, if past.gpus > 0 { gpus() } else { Vec::new() });
    strips.into_iter().map(|strip| at_instant(strip, window, look)).collect()
}

/// Those of which anything is known, and CPU and memory always; `gpus` after memory.
fn chosen(recipes: impl Iterator<Item = Strip>, mut gpus: Vec<Strip>) -> Vec<Strip> {
    let mut strips = Vec::with_capacity(RECIPES.len() + GPUS.len());
    for strip in recipes {
        let known = strip.now.is_some() || strip.past.iter().any(Option::is_some);
        let memory = strip.name == "Memory";
        if known || memory || strip.name == "CPU" {
            strips.push(strip);
        }
        if memory {
            strips.append(&mut gpus);
        }
    }
    strips
}

/// Those of `nodes` that are live, or all where none is; and whether any is.
fn heard<'a>(nodes: &[&'a Node], look: &Look<'_>) -> (Vec<&'a Node>, bool) {
    let is_live = |node: &&&Node| Status::of(node, look).is_live();
    let live: Vec<&Node> = nodes.iter().filter(is_live).copied().collect();
    if live.is_empty() { (nodes.to_vec(), false) } else { (live, true) }
}

impl Recipe {
    /// Its strip without any value.
    fn empty(&self) -> Strip {
        Strip {
            name: self.name,
            now: None,
            live: false,
            scale: self.metrics[0].scale(),
            past: Vec::new(),
            tone: self.tone,
            mark: None,
            aside: String::new(),
        }
    }

    /// Its value of all of `heard` together.
    fn present(&self, heard: &[&Node]) -> Option<f64> {
        let each = heard.iter().filter_map(|node| {
            let row = node_row(&node.sample.as_ref()?.1);
            Some((self.value(&row), self.weight(node)))
        });
        join(self.across, each)
    }

    /// Its value of a node whose numbers are `row`.
    fn value(&self, row: &NodeRow) -> Option<f64> {
        join(self.within, self.metrics.iter().map(|metric| (row[*metric as usize], 1.0)))
    }

    fn joined_past(
        &self,
        nodes: &[Named<'_>],
        shape: (Window, usize),
        look: &Look<'_>,
    ) -> Vec<Option<f64>> {
        let past = |named: &Named<'_>| {
            let history = look.history(named.0, named.1);
            (self.past(history, shape), self.weight(named.1))
        };
        let pasts: Vec<_> = nodes.iter().map(past).collect();
        joined(self.across, &pasts, shape.1)
    }

    fn past(&self, history: &NodeHistory, (window, columns): (Window, usize)) -> Vec<Option<f64>> {
        let metrics = self.metrics.iter();
        let pasts: Vec<_> =
            metrics.map(|metric| (window.trail(history, *metric as usize, columns), 1.0)).collect();
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

/// The numbers of a node at one moment.
type NodeRow = [Option<f64>; Metric::ALL.len()];

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

fn has_gpus(node: &Node) -> bool {
    !node.all_gpus().is_empty()
}

/// The numbers of all GPUs together.
fn join_gpus(heard: &[&Node]) -> [Option<f64>; GPUS.len()] {
    GPUS.map(|(_, metric, _)| {
        let all = heard.iter().flat_map(|node| node.all_gpus());
        let now = all.map(|gpu| (gpu_row(gpu)[metric as usize], size(gpu, metric)));
        join(Join::Memory, now)
    })
}

/// What a GPU weighs among others.
fn size(gpu: &Gpu, metric: GpuMetric) -> f64 {
    match metric {
        GpuMetric::Memory => gpu.memory_total_bytes.get().map_or(1.0, |bytes| bytes.0 as f64),
        _ => 1.0,
    }
}

fn empty_gpus((name, metric, tone): (&'static str, GpuMetric, Tone)) -> Strip {
    let (past, aside) = (Vec::new(), String::new());
    let (now, live, mark, scale) = (None, false, None, metric.scale());
    Strip { name, now, live, scale, past, tone, mark, aside }
}

fn gpu_strips(
    (nodes, heard): (&[Named<'_>], &[&Node]),
    live: bool,
    (window, columns): (Window, usize),
    look: &Look<'_>,
) -> [Strip; GPUS.len()] {
    let all: Vec<&Gpu> = heard.iter().flat_map(|node| node.all_gpus()).collect();
    let values = join_gpus(heard);
    let past = |metric: GpuMetric| {
        let histories = nodes.iter().flat_map(|(id, node)| look.gpu_histories(id, node));
        let pasts: Vec<_> =
            histories.map(|past| (window.trail(past, metric as usize, columns), 1.0)).collect();
        joined(Join::Memory, &pasts, columns)
    };
    let [mut busy, mut memory] =
        GPUS.map(|gpu| Strip { live, past: past(gpu.1), ..empty_gpus(gpu) });
    (busy.now, memory.now) = (values[0], values[1]);
    busy.aside = words::count(all.len());
    memory.aside = words::vram(&all);
    [busy, memory]
}

/// Every node of `state`, with its name.
pub(super) fn all(state: &State) -> Vec<Named<'_>> {
    state.nodes.iter().collect()
}

/// Calls `each` for the next `count` nodes after `after`. The last of them, where there are more.
fn some<'a>(
    state: &'a State,
    after: Option<SourceId>,
    count: usize,
    mut each: impl FnMut(&'a SourceId, &'a Node),
) -> Option<SourceId> {
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    let mut left = state.nodes.range((from, Bound::Unbounded)).peekable();
    let mut last = None;
    for (id, node) in left.by_ref().take(count) {
        each(id, node);
        last = Some(id);
    }
    left.peek().and(last).cloned()
}
