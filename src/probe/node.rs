//! The whole node: every reader of it in one sample.
//!
//! One that fails leaves a gap with its reason; the others are not held up.

use std::path::Path;
use std::time::Instant;

use super::cpu::CpuProbe;
use super::disk::DiskProbe;
use super::memory::MemoryProbe;
use super::mount::MountProbe;
use super::network::NetworkProbe;
use super::pressure::PressureProbe;
use super::task::{TaskProbe, TaskSample};
use super::temperature::TemperatureProbe;
use super::{Error, Probe};
use crate::model::node::{List, NodeSample, Unread};
use crate::model::reading::Reading;
use crate::model::root::Roots;
use crate::model::text::SafeText;

/// Reads how this machine is doing.
#[derive(Debug)]
pub struct NodeProbe {
    cpu: CpuProbe,
    disk: DiskProbe,
    memory: MemoryProbe,
    mount: MountProbe,
    network: NetworkProbe,
    pressure: PressureProbe,
    task: TaskProbe,
    temperature: TemperatureProbe,
}

impl NodeProbe {
    /// A reader under `roots`.
    pub fn new(roots: &Roots) -> Self {
        Self::with_mount(roots, MountProbe::new(roots))
    }

    /// A reader under `roots` with another way to ask file systems for their space.
    pub fn with_mount(roots: &Roots, mount: MountProbe) -> Self {
        Self {
            cpu: CpuProbe::new(roots),
            disk: DiskProbe::new(roots),
            memory: MemoryProbe::new(roots),
            mount,
            network: NetworkProbe::new(roots),
            pressure: PressureProbe::new(roots),
            task: TaskProbe::new(roots),
            temperature: TemperatureProbe::new(roots),
        }
    }

    fn quarantined(&self) -> Vec<SafeText> {
        let named = |kind: &str, path: &Path| SafeText::new(&format!("{kind} {}", path.display()));
        let mounts = self.mount.quarantined().map(|path| named("mount", path));
        let sensors = self.temperature.quarantined().map(|path| named("sensor", path));
        mounts.chain(sensors).collect()
    }
}

impl Probe for NodeProbe {
    type Sample = NodeSample;

    /// Never an error: what cannot be read is a gap in the sample.
    fn sample(&mut self, now: Instant) -> Result<NodeSample, Error> {
        let (cpu, cores) = match self.cpu.sample(now) {
            Ok(sample) => (sample.all, sample.cores),
            Err(error) => (Reading::Missing(error.into()), Vec::new()),
        };
        let TaskSample { load, tasks, uptime_seconds } = self.task.sample(now)?;
        let mut unread = Vec::new();
        let mut sample = NodeSample {
            cpu,
            cores,
            load,
            tasks,
            uptime_seconds,
            pressure: self.pressure.sample(now)?,
            memory: self.memory.sample(now).into(),
            disks: or_unread(self.disk.sample(now), List::Disks, &mut unread),
            mounts: or_unread(self.mount.sample(now), List::Mounts, &mut unread),
            networks: or_unread(self.network.sample(now), List::Networks, &mut unread),
            temperatures: or_unread(self.temperature.sample(now), List::Temperatures, &mut unread),
            quarantined: Vec::new(),
            unread,
        };
        sample.quarantined = self.quarantined();
        Ok(sample)
    }
}

/// An empty list and, in `unread`, why it is.
fn or_unread<T>(read: Result<Vec<T>, Error>, list: List, unread: &mut Vec<Unread>) -> Vec<T> {
    read.unwrap_or_else(|error| {
        unread.push(Unread { list, why: error.into() });
        Vec::new()
    })
}
