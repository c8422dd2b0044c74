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
use crate::model::node::NodeSample;
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
        let mut sample = NodeSample {
            cpu,
            cores,
            load,
            tasks,
            uptime_seconds,
            pressure: self.pressure.sample(now)?,
            memory: self.memory.sample(now).into(),
            disks: or_none(self.disk.sample(now)),
            mounts: or_none(self.mount.sample(now)),
            networks: or_none(self.network.sample(now)),
            temperatures: or_none(self.temperature.sample(now)),
            quarantined: Vec::new(),
        };
        sample.quarantined = self.quarantined();
        Ok(sample)
    }
}

/// A list has no place for a reason; it goes to the log.
fn or_none<T>(read: Result<Vec<T>, Error>) -> Vec<T> {
    read.unwrap_or_else(|error| {
        tracing::debug!(%error, "a part of the node cannot be read");
        Vec::new()
    })
}
