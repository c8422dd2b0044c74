//! GPUs of every vendor, each reader apart from the others.
//!
//! NVIDIA's go through NVML in a process of its own (`isomon __gpu`), AMD's and Intel's through
//! sysfs and `/proc/PID/fdinfo`. A vendor that is not here costs next to nothing and is said to be
//! absent, with what was looked for; one that is broken says why and what mends it.

mod amd;
mod amd_metrics;
mod backoff;
mod card;
mod child;
mod client;
mod device;
mod drm;
mod fault;
mod fdinfo;
mod gpm;
mod hwmon;
mod intel;
mod kernel_log;
mod leash;
mod more;
mod name;
mod number;
mod nvlink;
mod nvml;
mod pci;
mod pcie;
mod roster;
mod session;
mod turn;
mod uevent;
mod verdict;
mod wire;
mod wiring;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

pub use leash::Launch;

use self::drm::DrmReader;
use self::kernel_log::KernelLog;
use self::nvml::NvmlReader;
use self::pci::PciGpu;
use self::turn::Turn;
use self::wiring::Wiring;
use crate::model::gpu::{Gpu, GpuReader, GpuSample, GpuState, MemoryOwner, Topology};
use crate::model::reading::{Reading, Why};
use crate::model::root::Roots;
use crate::model::text::SafeText;
use crate::model::unit::Bytes;
use crate::procfs::memory;

/// Longest time a sample takes.
const TURN: Duration = Duration::from_millis(2400);
/// How often the PCI bus is looked at.
const BUS_EVERY: Duration = Duration::from_secs(10);
/// Longest wait for the thread that reads AMD's and Intel's GPUs.
const DRM_BOX: Duration = Duration::from_secs(1);
/// NVIDIA's PCI vendor id.
const NVIDIA: &str = "0x10de";

/// Runs isomon as its own GPU reader (`__gpu [LIBRARY]`) when the first argument says so.
pub fn reexecuted(arguments: &[OsString]) -> Option<ExitCode> {
    match arguments {
        [_, word, rest @ ..] if word == "__gpu" => {
            Some(child::run(rest.first().map(OsString::as_os_str)))
        }
        _ => None,
    }
}

/// All GPUs of this machine.
#[derive(Debug)]
pub struct GpuProbe {
    roots: Roots,
    nvml: NvmlReader,
    drm: DrmReader,
    /// NVIDIA's GPUs on the PCI bus, and when that was seen.
    bus: Option<(Instant, Option<Vec<PciGpu>>)>,
    log: KernelLog,
    wiring: Wiring,
}

impl GpuProbe {
    /// A probe that reads the machine under `roots` and starts its GPU reader as `launch` says,
    /// when it is first needed.
    pub fn new(roots: Roots, launch: Launch) -> Self {
        Self {
            wiring: Wiring::new(launch.environment.clone()),
            log: KernelLog::new(PathBuf::from(kernel_log::PLACE)),
            nvml: NvmlReader::new(launch, roots.proc.clone()),
            drm: DrmReader::new(roots.clone()),
            roots,
            bus: None,
        }
    }

    /// Reads the kernel's log at `path` instead of where Linux has it.
    #[must_use]
    pub fn with_kernel_log(mut self, path: PathBuf) -> Self {
        self.log = KernelLog::new(path);
        self
    }

    /// How all GPUs are doing at `now`. Blocks, at most 2.5 s when a driver hangs; a GPU that
    /// answered before and does not now stays in the list as lost.
    pub fn sample(&mut self, now: Instant) -> GpuSample {
        let turn = Turn::new(now, TURN);
        self.drm.ask(now);
        self.nvml.sample(&turn);
        let mut gpus = self.nvml.gpus();
        let topology = self.complete(&mut gpus);
        let mut readers = vec![self.judge(&gpus, now)];
        let (others, their_readers) = self.drm.collect(turn.left().min(DRM_BOX));
        gpus.extend(others);
        readers.extend(their_readers);
        GpuSample { gpus, readers, cuda: self.nvml.cuda(), topology }
    }

    /// Adds to NVIDIA's `gpus` what their library does not tell; answers how they are connected.
    fn complete(&mut self, gpus: &mut [Gpu]) -> Reading<Topology> {
        if gpus.is_empty() {
            return Reading::Missing(Why::NotSupported);
        }
        self.log.refresh();
        for gpu in gpus {
            if let Some(pci) = gpu.pci.known() {
                gpu.detail.xids = self.log.of(pci.as_str());
            }
            if gpu.memory_owner == MemoryOwner::Machine && gpu.state == GpuState::Ok {
                self.lend(gpu);
            }
        }
        self.wiring.look()
    }

    /// The machine's memory is that of a GPU without any of its own.
    fn lend(&self, gpu: &mut Gpu) {
        let text = std::fs::read_to_string(self.roots.proc.join("meminfo")).unwrap_or_default();
        if let Some(memory) = memory::parse(&text) {
            let used = memory.total_bytes.0.saturating_sub(memory.available_bytes.0);
            gpu.memory_total_bytes = Reading::Known(memory.total_bytes);
            gpu.memory_used_bytes = Reading::Known(Bytes(used));
        }
    }

    /// The process id of the GPU reader while one runs.
    pub fn reader_pid(&self) -> Option<u32> {
        self.nvml.pid()
    }

    fn judge(&mut self, gpus: &[Gpu], now: Instant) -> GpuReader {
        let answering = gpus.iter().filter(|gpu| gpu.state == GpuState::Ok);
        let shown: Vec<&str> =
            answering.filter_map(|gpu| gpu.pci.known().map(SafeText::as_str)).collect();
        self.look_at_bus(now);
        let bus = self.bus.as_ref().and_then(|(_, bus)| bus.as_deref());
        GpuReader {
            name: SafeText::from("NVML"),
            version: self.nvml.driver(),
            state: verdict::judge(self.nvml.standing(), bus, &shown),
        }
    }

    fn look_at_bus(&mut self, now: Instant) {
        let is_old = |(seen, _): &(Instant, _)| now.saturating_duration_since(*seen) >= BUS_EVERY;
        if self.bus.as_ref().is_none_or(is_old) {
            self.bus = Some((now, pci::find(&self.roots.sys, NVIDIA)));
        }
    }
}
