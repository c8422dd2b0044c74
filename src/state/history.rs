//! Which numbers of a node and of a GPU are kept for an hour.

use std::collections::BTreeMap;

use crate::model::gpu::{Gpu, GpuSample};
use crate::model::node::{Disk, Memory, Network, NodeSample, Stall};
use crate::model::reading::Reading;
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::unit::{BytesPerSecond, Ratio};
use crate::series::Series;

mod energy;

pub use energy::{Spent, energy};

/// A number of a node that has a history. Shares are kept in percent, rates in bytes per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its `words` say")]
pub enum Metric {
    Cpu,
    Steal,
    Iowait,
    Load,
    Memory,
    Swap,
    CpuPressure,
    MemoryPressure,
    IoPressure,
    DiskRead,
    DiskWrite,
    Receive,
    Transmit,
    Temperature,
}

impl Metric {
    /// Every metric, in the order a user steps through them.
    pub const ALL: [Self; 14] = [
        Self::Cpu,
        Self::Steal,
        Self::Iowait,
        Self::Load,
        Self::Memory,
        Self::Swap,
        Self::CpuPressure,
        Self::MemoryPressure,
        Self::IoPressure,
        Self::DiskRead,
        Self::DiskWrite,
        Self::Receive,
        Self::Transmit,
        Self::Temperature,
    ];

    /// What it is, in a few words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Cpu => "CPU use",
            Self::Steal => "CPU steal",
            Self::Iowait => "CPU I/O wait",
            Self::Load => "load 1 min",
            Self::Memory => "memory use",
            Self::Swap => "swap use",
            Self::CpuPressure => "CPU pressure",
            Self::MemoryPressure => "memory pressure",
            Self::IoPressure => "I/O pressure",
            Self::DiskRead => "disk read",
            Self::DiskWrite => "disk write",
            Self::Receive => "network receive",
            Self::Transmit => "network transmit",
            Self::Temperature => "hottest sensor",
        }
    }

    /// What it is called where it is kept: what it is, and its unit.
    pub const fn column(self) -> &'static str {
        match self {
            Self::Cpu => "cpu_busy_percent",
            Self::Steal => "cpu_steal_percent",
            Self::Iowait => "cpu_iowait_percent",
            Self::Load => "load_1m",
            Self::Memory => "memory_used_percent",
            Self::Swap => "swap_used_percent",
            Self::CpuPressure => "cpu_pressure_percent",
            Self::MemoryPressure => "memory_pressure_percent",
            Self::IoPressure => "io_pressure_percent",
            Self::DiskRead => "disk_read_bytes_per_second",
            Self::DiskWrite => "disk_write_bytes_per_second",
            Self::Receive => "network_receive_bytes_per_second",
            Self::Transmit => "network_transmit_bytes_per_second",
            Self::Temperature => "temperature_celsius",
        }
    }

    /// How its values are to be written.
    pub const fn scale(self) -> Scale {
        match self {
            Self::Load => Scale::Plain,
            Self::DiskRead | Self::DiskWrite | Self::Receive | Self::Transmit => Scale::ByteRate,
            Self::Temperature => Scale::Celsius,
            _ => Scale::Percent,
        }
    }
}

/// A number of a GPU that has a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its `words` say")]
pub enum GpuMetric {
    Utilization,
    Memory,
    Temperature,
    Power,
    Sm,
    Tensor,
    Dram,
    MemoryTemperature,
    Energy,
}

impl GpuMetric {
    /// Every metric, in the order a user steps through them.
    pub const ALL: [Self; 9] = [
        Self::Utilization,
        Self::Memory,
        Self::Temperature,
        Self::Power,
        Self::Sm,
        Self::Tensor,
        Self::Dram,
        Self::MemoryTemperature,
        Self::Energy,
    ];

    /// What it is, in a few words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Utilization => "GPU use",
            Self::Memory => "GPU memory",
            Self::Temperature => "GPU temperature",
            Self::Power => "GPU power",
            Self::Sm => "GPU multiprocessors",
            Self::Tensor => "GPU tensor cores",
            Self::Dram => "GPU memory bandwidth",
            Self::MemoryTemperature => "GPU memory temperature",
            Self::Energy => "GPU energy",
        }
    }

    /// What it is called where it is kept: what it is, and its unit.
    pub const fn column(self) -> &'static str {
        match self {
            Self::Utilization => "gpu_use_percent",
            Self::Memory => "gpu_memory_used_percent",
            Self::Temperature => "gpu_temperature_celsius",
            Self::Power => "gpu_power_watts",
            Self::Sm => "gpu_sm_active_percent",
            Self::Tensor => "gpu_tensor_active_percent",
            Self::Dram => "gpu_dram_active_percent",
            Self::MemoryTemperature => "gpu_memory_temperature_celsius",
            Self::Energy => "gpu_energy_joules",
        }
    }

    /// How its values are to be written.
    pub const fn scale(self) -> Scale {
        match self {
            Self::Utilization | Self::Memory | Self::Sm | Self::Tensor | Self::Dram => {
                Scale::Percent
            }
            Self::Temperature | Self::MemoryTemperature => Scale::Celsius,
            Self::Power => Scale::Watts,
            Self::Energy => Scale::Plain,
        }
    }
}

/// How values of a history are to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// 0..=100, fixed.
    Percent,
    /// Bytes per second, from 0 up.
    ByteRate,
    /// Degrees.
    Celsius,
    /// Watts.
    Watts,
    /// Seconds, however few.
    Seconds,
    /// A bare number.
    Plain,
}

/// An hour of a node's numbers; [`Metric`] as `usize` is the index.
pub type NodeHistory = Series<{ Metric::ALL.len() }>;

/// An hour of a GPU's numbers; [`GpuMetric`] as `usize` is the index.
pub type GpuHistory = Series<{ GpuMetric::ALL.len() }>;

/// The row of `sample` in a node's history.
pub fn node_row(sample: &NodeSample) -> [Option<f64>; Metric::ALL.len()] {
    let cpu = sample.cpu.get();
    let memory = sample.memory.get();
    let share = |ratio: Option<Ratio>| ratio.map(Ratio::percent);
    let stall = |stall: &Reading<Stall>| share(stall.get().map(|stall| stall.some));
    [
        share(cpu.map(|cpu| cpu.busy)),
        share(cpu.map(|cpu| cpu.steal)),
        share(cpu.map(|cpu| cpu.iowait)),
        sample.load.get().map(|load| load[0]),
        share(memory.as_ref().and_then(Memory::used)),
        share(memory.as_ref().and_then(Memory::swap_used)),
        stall(&sample.pressure.cpu),
        stall(&sample.pressure.memory),
        stall(&sample.pressure.io),
        total(&sample.disks, |disk| below_all(disk, disk.read_bytes_per_second.get())),
        total(&sample.disks, |disk| below_all(disk, disk.write_bytes_per_second.get())),
        total(&sample.networks, |network| outside(network, network.receive_bytes_per_second.get())),
        total(&sample.networks, |network| {
            outside(network, network.transmit_bytes_per_second.get())
        }),
        hottest(sample),
    ]
}

/// The sum of what is known; `None` when nothing is.
pub fn total<T>(items: &[T], rate: impl Fn(&T) -> Option<BytesPerSecond>) -> Option<f64> {
    items.iter().filter_map(rate).map(|rate| rate.0).reduce(|sum, rate| sum + rate)
}

/// What a stacked device does is done by the disks below it, and counted there.
fn below_all(disk: &Disk, rate: Option<BytesPerSecond>) -> Option<BytesPerSecond> {
    rate.filter(|_| !disk.stacked)
}

/// The loopback interface carries nothing into or out of the machine.
fn outside(network: &Network, rate: Option<BytesPerSecond>) -> Option<BytesPerSecond> {
    rate.filter(|_| !network.is_loopback())
}

fn hottest(sample: &NodeSample) -> Option<f64> {
    let known = sample.temperatures.iter().filter_map(|sensor| sensor.celsius.get());
    known.map(|celsius| celsius.0).reduce(f64::max)
}

/// The row of `gpu` in its history.
pub fn gpu_row(gpu: &Gpu) -> [Option<f64>; GpuMetric::ALL.len()] {
    let memory = gpu.memory_used_bytes.get().zip(gpu.memory_total_bytes.get());
    let memory = memory.and_then(|(used, total)| Ratio::of(used.0 as f64, total.0 as f64));
    let share = |share: &Reading<Ratio>| share.get().map(Ratio::percent);
    [
        share(&gpu.utilization),
        memory.map(Ratio::percent),
        gpu.celsius.get().map(|celsius| celsius.0),
        gpu.power_watts.get().map(|power| power.0),
        share(&gpu.detail.activity.sm),
        share(&gpu.detail.activity.tensor),
        share(&gpu.detail.activity.dram),
        gpu.detail.memory_celsius.get().map(|celsius| celsius.0),
        gpu.detail.energy_joules.get().map(|energy| energy.0),
    ]
}

/// GPUs of one node of which a history is kept.
const GPUS: usize = 256;
/// A GPU that was silent for so long is forgotten, in milliseconds.
const SILENT_MS: u64 = 3_600_000;

/// The numbers of each GPU of a node, by the GPU's id.
pub type GpuHistories = BTreeMap<SafeText, GpuHistory>;

/// Adds what `sample` says at `at` to the history of each GPU, of which at most `rows` rows are kept. One
/// that is not told of for a moment keeps its own.
pub(super) fn push(histories: &mut GpuHistories, sample: &GpuSample, at: Stamp, rows: usize) {
    for gpu in &sample.gpus {
        if let Some(history) = of(histories, &gpu.id) {
            history.push_within(rows, at.mono_ms, gpu_row(gpu));
        }
    }
    histories.retain(|_, history| {
        history.last_ms().is_some_and(|last| at.mono_ms.saturating_sub(last) < SILENT_MS)
    });
}

/// Puts `rows` of the past, by the present clock, before what is known of the GPU `id`; it may not have
/// told anything yet.
pub(super) fn precede(
    histories: &mut GpuHistories,
    id: &SafeText,
    most: usize,
    rows: &[(u64, [Option<f64>; GpuMetric::ALL.len()])],
) {
    if rows.is_empty() {
        return;
    }
    if let Some(history) = of(histories, id) {
        history.precede(most, rows);
    }
}

fn of<'h>(histories: &'h mut GpuHistories, id: &SafeText) -> Option<&'h mut GpuHistory> {
    let fits = histories.len() < GPUS || histories.contains_key(id);
    fits.then(|| histories.entry(id.clone()).or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gpu_keeps_its_hour_while_nobody_tells_of_it_for_a_moment() {
        let gpu = Gpu { id: "GPU-1".into(), ..Gpu::default() };
        let sample = |gpus: Vec<Gpu>| GpuSample { gpus, ..GpuSample::default() };
        let at = |mono_ms| Stamp { mono_ms, wall_ms: 0 };
        let mut histories = GpuHistories::new();
        push(&mut histories, &sample(vec![gpu.clone()]), at(1_000), 100);
        push(&mut histories, &sample(Vec::new()), at(2_000), 100);
        push(&mut histories, &sample(vec![gpu]), at(3_000), 100);
        assert_eq!(histories[&SafeText::from("GPU-1")].len(), 2);
        push(&mut histories, &sample(Vec::new()), at(SILENT_MS + 3_000), 100);
        assert!(histories.is_empty(), "after an hour it is forgotten");
        let any = |number| Gpu { id: format!("{number}").into(), ..Gpu::default() };
        push(&mut histories, &sample((0..GPUS + 9).map(any).collect()), at(1), 100);
        assert_eq!(histories.len(), GPUS, "whoever names any number of them");
    }

    #[test]
    fn work_is_counted_once() {
        let disk = |stacked, rate| Disk {
            stacked,
            read_bytes_per_second: Reading::Known(BytesPerSecond(rate)),
            ..Disk::default()
        };
        let disks = vec![disk(false, 5.0), disk(true, 7.0), disk(false, 2.0), Disk::default()];
        let row = node_row(&NodeSample { disks, ..NodeSample::default() });
        assert_eq!(row[Metric::DiskRead as usize], Some(7.0));
        assert_eq!(row[Metric::DiskWrite as usize], None, "unknown is not 0");
    }
}
