//! What rules are asked of: a node as it stands now, and the things of it.
//!
//! What was told too long ago is no longer of now: it counts as missing, whatever it says.

use crate::model::agent::Agents;
use crate::model::backend::BackendStatus;
use crate::model::gpu::Gpu;
use crate::model::gpu::xid::Xid;
use crate::model::id::SourceId;
use crate::model::node::{Disk, Mount, Network, NodeSample, Temperature};
use crate::model::reading::{Reading, Why};
use crate::model::serving::{Service, Serving, named};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::update::Health;
use crate::model::workload::{BackendFigures, Window};
use crate::state::Node;

use super::reading::{Read, Scope};

/// A row of a benchmark beside its baseline.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Benched {
    /// Backend, payload and figure.
    pub name: SafeText,
    /// Whether it is slower, beyond chance and noise.
    pub slower: bool,
    /// Whether it worked in the baseline and does not now.
    pub broken: bool,
    /// By how much its median changed, in percent.
    pub change_percent: Option<f64>,
}

/// A thing of a node.
#[derive(Clone, Copy, Debug)]
pub enum Thing<'a> {
    /// The node itself.
    Node,
    /// A file system.
    Mount(&'a Mount),
    /// A block device.
    Disk(&'a Disk),
    /// An interface.
    Network(&'a Network),
    /// A sensor.
    Sensor(&'a Temperature),
    /// A GPU.
    Gpu(&'a Gpu),
    /// A kind of error that the driver told of a GPU.
    Xid(&'a Gpu, &'a Xid),
    /// A model.
    Model(&'a Serving),
    /// A service.
    Service(&'a Service),
    /// A backend.
    Backend(&'a BackendStatus),
    /// Workloads of a backend.
    Workloads(&'a BackendFigures),
    /// A row of a benchmark.
    Bench(&'a Benched),
}

impl Thing<'_> {
    /// What tells it from the others of its kind; empty for the node itself.
    pub fn name(&self) -> SafeText {
        match self {
            // Several servers of a node may serve one model.
            Self::Model(model) => named(&model.key()),
            _ => self.words(),
        }
    }

    /// What it is called; empty for the node itself.
    pub fn words(&self) -> SafeText {
        match self {
            Self::Node => SafeText::default(),
            Self::Mount(mount) => mount.path.clone(),
            Self::Disk(disk) => disk.name.clone(),
            Self::Network(network) => network.name.clone(),
            Self::Sensor(sensor) => sensor.label.clone(),
            Self::Gpu(gpu) => format!("GPU {} {}", gpu.index, gpu.name).into(),
            Self::Xid(gpu, xid) => format!("GPU {} Xid {}", gpu.index, xid.code).into(),
            Self::Model(model) => model.model.clone(),
            Self::Service(service) => service.name.clone(),
            Self::Backend(backend) => backend.id.name().into(),
            Self::Workloads(figures) => figures.backend.clone(),
            Self::Bench(benched) => benched.name.clone(),
        }
    }
}

/// How a node stands.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// Whether its source says that it does not answer.
    pub down: bool,
    /// Whether it was silent for too long.
    pub late: bool,
    /// Time since it was last heard; `None` if it never was.
    pub silent_seconds: Option<f64>,
    node: &'a Node,
    now: Stamp,
    late_ms: u64,
    found_late_ms: u64,
    bench: &'a [Benched],
}

impl<'a> Standing<'a> {
    /// How `node` stands at `now`; this machine itself is sampled every `own_ms`. `bench`: the rows of
    /// its last benchmark beside the baseline.
    pub fn of(node: &'a Node, now: Stamp, own_ms: u64, bench: &'a [Benched]) -> Self {
        let late_ms = node.late_ms(own_ms);
        let heard = node.last_heard();
        let silence = heard.map(|at| now.since(at));
        let late = silence.is_some_and(|silence| silence.as_millis() > u128::from(late_ms));
        let down = matches!(node.health, Some(Health::Down { .. }));
        let silent_seconds = silence.map(|silence| silence.as_secs_f64());
        let found_late_ms = node.found_late_ms(own_ms);
        Self { down, late, silent_seconds, node, now, late_ms, found_late_ms, bench }
    }

    /// What the node `id` is called: this machine by its own name, every other by the one it has here.
    pub fn name(&self, id: &SourceId) -> SafeText {
        let own = self.node.info.as_ref().filter(|_| *id == SourceId::local());
        let own = own.map(|info| &info.hostname).filter(|name| !name.is_empty());
        own.unwrap_or(&id.0).clone()
    }

    /// A reading of the node's sample.
    pub(super) fn sample(&self, take: fn(&NodeSample) -> Read) -> Read {
        let told = self.node.sample.as_ref().map(|(at, sample)| (*at, &**sample));
        self.fresh(told, self.late_ms, take)
    }

    /// A reading of its agents.
    pub(super) fn agents(&self, take: fn(&Agents) -> Read) -> Read {
        let told = self.node.agents.as_ref().map(|(at, agents)| (*at, &**agents));
        self.fresh(told, self.found_late_ms, take)
    }

    fn fresh<T>(&self, told: Option<(Stamp, &T)>, late_ms: u64, take: fn(&T) -> Read) -> Read {
        match told {
            None => Reading::Missing(Why::NotYet),
            Some((at, told)) => {
                self.is_late(at, late_ms).map_or_else(|| take(told), Reading::Missing)
            }
        }
    }

    /// Why what was told at `at` is no longer of now, after `late_ms` at most.
    fn is_late(&self, at: Stamp, late_ms: u64) -> Option<Why> {
        let age = self.now.since(at);
        let late = age.as_millis() > u128::from(late_ms);
        late.then(|| Why::Failed(format!("not heard for {} s", age.as_secs()).into()))
    }

    /// How long ago `xid` was told, in seconds.
    pub(super) fn age(&self, xid: &Xid) -> Read {
        let up = self.sample(|sample| sample.uptime_seconds.clone().map(|up| up.0));
        match (up, xid.last_uptime_seconds.clone()) {
            (Reading::Known(up), Reading::Known(at)) => Reading::Known((up - at.0).max(0.0)),
            (Reading::Missing(why), _) | (_, Reading::Missing(why)) => Reading::Missing(why),
        }
    }

    /// Why what `thing` says is no longer of now.
    pub(super) fn late_for(&self, thing: &Thing<'_>) -> Option<Why> {
        let node = self.node;
        let at = match thing {
            Thing::Mount(_) | Thing::Disk(_) | Thing::Network(_) | Thing::Sensor(_) => {
                node.sample.as_ref().map(|(at, _)| *at)
            }
            Thing::Gpu(_) | Thing::Xid(..) => node.gpus.as_ref().map(|(at, _)| *at),
            Thing::Model(_) => node.serving.as_ref().map(|(at, _)| *at),
            Thing::Service(_) => node.services.as_ref().map(|(at, _)| *at),
            // These are told when something changes.
            Thing::Node | Thing::Backend(_) | Thing::Workloads(_) | Thing::Bench(_) => None,
        };
        let found = matches!(thing, Thing::Model(_) | Thing::Service(_));
        let late_ms = if found { self.found_late_ms } else { self.late_ms };
        at.and_then(|at| self.is_late(at, late_ms))
    }

    /// The things of kind `scope` that it has.
    pub fn things(&self, scope: Scope) -> Vec<Thing<'a>> {
        let node = self.node;
        let sample = node.sample.as_ref().map(|(_, sample)| &**sample);
        match scope {
            Scope::Node => vec![Thing::Node],
            Scope::Mount => each(sample.map(|sample| &sample.mounts), Thing::Mount),
            Scope::Disk => each(sample.map(|sample| &sample.disks), Thing::Disk),
            Scope::Network => each(sample.map(|sample| &sample.networks), Thing::Network),
            Scope::Sensor => each(sample.map(|sample| &sample.temperatures), Thing::Sensor),
            Scope::Gpu => each(node.gpus.as_ref().map(|(_, gpus)| &gpus.gpus), Thing::Gpu),
            Scope::Xid => {
                let gpus = node.gpus.iter().flat_map(|(_, gpus)| &gpus.gpus);
                let each = |gpu: &'a Gpu| {
                    let xids = gpu.detail.xids.known().into_iter().flatten();
                    xids.map(move |xid| Thing::Xid(gpu, xid))
                };
                gpus.flat_map(each).collect()
            }
            Scope::Model => each(node.serving.as_ref().map(|(_, models)| models), Thing::Model),
            Scope::Service => {
                each(node.services.as_ref().map(|(_, services)| services), Thing::Service)
            }
            Scope::Backend => node.backends.iter().map(Thing::Backend).collect(),
            Scope::Workloads => {
                let spells = node.workloads.iter().flat_map(|(_, workloads)| &workloads.spells);
                let hour = spells.filter(|spell| spell.window == Window::Hour);
                hour.flat_map(|spell| &spell.by_backend).map(Thing::Workloads).collect()
            }
            Scope::Bench => self.bench.iter().map(Thing::Bench).collect(),
        }
    }
}

fn each<'a, T>(list: Option<&'a Vec<T>>, thing: fn(&'a T) -> Thing<'a>) -> Vec<Thing<'a>> {
    list.into_iter().flatten().map(thing).collect()
}
