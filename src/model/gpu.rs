//! GPUs: what they are and how they are doing, whoever made them.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::process::{Process, Sandbox};
use super::reading::Reading;
use super::text::SafeText;
use super::unit::{Bytes, Celsius, Hertz, Ratio, Watts};

mod detail;
pub mod throttle;
pub mod topology;
mod total;
pub mod xid;

pub use detail::{Activity, GpuDetail, MigInstance, NvLink, PcieLink};
pub use topology::Topology;
pub use total::{Tally, Total};

/// What the GPU probe found at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GpuSample {
    /// Each GPU, in a fixed order (by vendor, then PCI address).
    pub gpus: Vec<Gpu>,
    /// Each vendor's reader that was tried, and how that went.
    pub readers: Vec<GpuReader>,
    /// The newest CUDA that NVIDIA's driver runs, `13.0`; only NVML tells it.
    #[serde(default)]
    pub cuda: Reading<SafeText>,
    /// How they are connected; read once.
    #[serde(default)]
    pub topology: Reading<Topology>,
}

impl GpuSample {
    /// The version of the driver that runs `gpu`; `None` where nobody tells it.
    pub fn driver(&self, gpu: &Gpu) -> Option<&SafeText> {
        let works = |reader: &&GpuReader| reader.state == GpuReaderState::Works;
        let told = self.readers.iter().filter(works).find_map(|reader| reader.version.known());
        told.filter(|_| gpu.vendor == Vendor::Nvidia)
    }

    /// The newest CUDA that the driver of `gpu` runs; `None` where nobody tells it.
    pub fn cuda(&self, gpu: &Gpu) -> Option<&SafeText> {
        self.cuda.known().filter(|_| gpu.vendor == Vendor::Nvidia)
    }

    /// Says of each process on a GPU in which sandbox it is, where `processes` of the same node
    /// know it: who reads GPUs sees process ids, who reads processes sees sandboxes.
    pub fn join(&mut self, processes: &[Process]) {
        let known: HashMap<u32, &Sandbox> = processes
            .iter()
            .filter_map(|process| Some((process.pid, process.sandbox.as_ref()?)))
            .collect();
        for gpu in &mut self.gpus {
            let Reading::Known(users) = &mut gpu.processes else {
                continue;
            };
            for user in users {
                user.sandbox = known.get(&user.pid).copied().cloned();
            }
        }
    }
}

/// A vendor's reader (NVML, amdgpu, i915/xe) and its state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GpuReader {
    /// Which one: `NVML`, `amdgpu sysfs`, `i915/xe sysfs`.
    pub name: SafeText,
    /// Driver or library version.
    pub version: Reading<SafeText>,
    /// What it came to.
    pub state: GpuReaderState,
}

/// What came of asking a vendor's reader.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GpuReaderState {
    /// It answers.
    Works,
    /// There is no such hardware or library here, which is nothing to worry about.
    NotHere(SafeText),
    /// It is here and does not answer: the reason, and what to do about it.
    Broken {
        /// What went wrong.
        reason: SafeText,
        /// What mends it.
        remedy: SafeText,
    },
}

/// Who made a GPU.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Vendor {
    /// NVIDIA.
    #[default]
    Nvidia,
    /// AMD.
    Amd,
    /// Intel.
    Intel,
    /// Somebody else.
    Other,
}

/// One GPU at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gpu {
    /// Its index for its vendor's tools.
    pub index: u32,
    /// Stable id (UUID, else PCI address).
    pub id: SafeText,
    /// Model name.
    pub name: SafeText,
    /// Its maker.
    pub vendor: Vendor,
    /// PCI address.
    pub pci: Reading<SafeText>,
    /// Whether it still answers.
    pub state: GpuState,
    /// Share of time in which at least one kernel ran. 100 % does not mean that all of it works.
    pub utilization: Reading<Ratio>,
    /// Share of time in which its memory was read or written.
    pub memory_utilization: Reading<Ratio>,
    /// Its memory.
    pub memory_total_bytes: Reading<Bytes>,
    /// Memory in use.
    pub memory_used_bytes: Reading<Bytes>,
    /// Whose memory that is.
    #[serde(default)]
    pub memory_owner: MemoryOwner,
    /// Core temperature.
    pub celsius: Reading<Celsius>,
    /// Temperature at which it slows down.
    pub slowdown_celsius: Reading<Celsius>,
    /// Present draw.
    pub power_watts: Reading<Watts>,
    /// Enforced power limit.
    pub power_limit_watts: Reading<Watts>,
    /// Core clock.
    pub core_clock_hertz: Reading<Hertz>,
    /// Memory clock.
    pub memory_clock_hertz: Reading<Hertz>,
    /// Fan speed as a share of its maximum.
    pub fan: Reading<Ratio>,
    /// Why it is slower than it could be; empty when nothing holds it back.
    pub throttle: Reading<Vec<SafeText>>,
    /// Uncorrected memory errors since the driver was loaded.
    pub ecc_uncorrected: Reading<u64>,
    /// Whether MIG is on.
    pub mig: Reading<bool>,
    /// Encoder use.
    pub encoder: Reading<Ratio>,
    /// Decoder use.
    pub decoder: Reading<Ratio>,
    /// Who uses it.
    pub processes: Reading<Vec<GpuProcess>>,
    /// What only some readers tell.
    #[serde(default)]
    pub detail: GpuDetail,
}

impl Gpu {
    /// What NVIDIA knows it by wherever it is; `None` where its id is another one.
    pub fn uuid(&self) -> Option<&SafeText> {
        let id = self.id.as_str();
        ["GPU-", "MIG-"].iter().any(|form| id.starts_with(form)).then_some(&self.id)
    }
}

/// Whose memory a GPU uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemoryOwner {
    /// Its own.
    #[default]
    Gpu,
    /// The machine's: GPU and processors share it, and the figures are the machine's.
    Machine,
}

/// Whether a GPU answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GpuState {
    /// It answers.
    #[default]
    Ok,
    /// It answered before and does not now: fallen off the bus, or its driver hangs.
    Lost(SafeText),
}

/// A process that uses a GPU.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GpuProcess {
    /// Process id.
    pub pid: u32,
    /// Its name.
    pub name: SafeText,
    /// GPU memory it holds.
    pub memory_bytes: Reading<Bytes>,
    /// Its share of the GPU's time.
    pub utilization: Reading<Ratio>,
    /// The sandbox it belongs to.
    pub sandbox: Option<Sandbox>,
    /// The model it serves, where a server of models says so.
    #[serde(default)]
    pub model: Option<SafeText>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_is_told_of_its_own_gpus_alone() {
        let reader = |version, state| GpuReader { name: "a".into(), version, state };
        let works = reader(Reading::Known("580.95".into()), GpuReaderState::Works);
        let gone = reader(Reading::Known("470".into()), GpuReaderState::NotHere("no card".into()));
        let mut sample = GpuSample {
            readers: vec![gone, works],
            cuda: Reading::Known("13.0".into()),
            ..GpuSample::default()
        };
        let nvidia = Gpu { id: "GPU-1-2".into(), ..Gpu::default() };
        let amd = Gpu { id: "0000:03:00.0".into(), vendor: Vendor::Amd, ..Gpu::default() };
        let told = |sample: &GpuSample, gpu: &Gpu| {
            [sample.driver(gpu), sample.cuda(gpu), gpu.uuid()].map(|of| of.map(ToString::to_string))
        };
        let all = ["580.95", "13.0", "GPU-1-2"].map(|text| Some(text.to_owned()));
        assert_eq!(told(&sample, &nvidia), all);
        assert_eq!(told(&sample, &amd), [None, None, None]);
        sample.readers.pop();
        assert_eq!(sample.driver(&nvidia), None, "of a reader that reads nothing");
    }

    #[test]
    fn processes_on_a_gpu_are_joined_to_their_sandboxes() {
        let sandbox = Sandbox { name: SafeText::new("vm1"), ..Sandbox::default() };
        let process = |pid, sandbox| Process { pid, sandbox, ..Process::default() };
        let user = |pid| GpuProcess { pid, ..GpuProcess::default() };
        let processes = Reading::Known(vec![user(7), user(8), user(9)]);
        let gpus = vec![Gpu { processes, ..Gpu::default() }, Gpu::default()];
        let mut sample = GpuSample { gpus, ..GpuSample::default() };
        sample.join(&[process(8, Some(sandbox.clone())), process(9, None)]);
        let users = sample.gpus[0].processes.known().unwrap();
        let joined: Vec<_> = users.iter().map(|user| user.sandbox.clone()).collect();
        assert_eq!(joined, [None, Some(sandbox), None]);
    }
}
