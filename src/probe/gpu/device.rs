//! One NVIDIA GPU as NVML tells it, each value by itself.
//!
//! A call that fails costs its own field and no other. What only newer drivers and GPUs tell is asked
//! for apart from this (see `more`).

use std::collections::BTreeMap;

use nvml_wrapper::Device;
use nvml_wrapper::enum_wrappers::device::{
    Clock, EccCounter, MemoryError, TemperatureSensor, TemperatureThreshold,
};
use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::error::{Bits, NvmlError};
use nvml_wrapper::struct_wrappers::device::{MemoryInfo, ProcessInfo};

use super::number::{BLANK_64, both, celsius, count, fan, hertz, percent, switch, watts};
use super::roster::NAMELESS;
use super::wire::MOST_PROCESSES;
use crate::model::gpu::{Gpu, GpuProcess, GpuState, MemoryOwner, Vendor, throttle};
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;
use crate::model::unit::Bytes;

/// How old a process's utilization may be, in µs, before it says nothing of the present.
const FRESH_US: u64 = 2_000_000;
/// `NVML_ERROR_ARGUMENT_VERSION_MISMATCH` and `NVML_ERROR_DEPRECATED`, which the wrapper lacks.
const NOT_OFFERED: [u32; 2] = [25, 26];

/// Reads everything of one GPU; `seen` is the newest utilization time stamp known of it.
pub(super) fn read(device: &Device<'_>, index: u32, seen: &mut u64) -> Gpu {
    let mut asked = Asked::default();
    let mut gpu = name(device, index, &mut asked);
    load(device, &mut gpu, &mut asked);
    heat(device, &mut gpu, &mut asked);
    health(device, &mut gpu, &mut asked);
    gpu.processes = processes(device, seen, &mut asked);
    if let Some(reason) = asked.lost {
        gpu.state = GpuState::Lost(reason);
    }
    gpu
}

/// Keeps the one failure that concerns the whole GPU.
#[derive(Default)]
struct Asked {
    lost: Option<SafeText>,
}

impl Asked {
    fn take<T>(&mut self, result: Result<T, NvmlError>) -> Reading<T> {
        if let Err(error @ NvmlError::GpuLost) = &result {
            self.lost = Some(SafeText::from(error.to_string()));
        }
        Reading::from(result.map_err(|error| why(&error)))
    }
}

/// NVML's refusal in our words.
pub(super) fn why(error: &NvmlError) -> Why {
    match error {
        NvmlError::NotSupported
        | NvmlError::FunctionNotFound
        | NvmlError::FailedToLoadSymbol(_) => Why::NotSupported,
        NvmlError::UnexpectedVariant(code) if NOT_OFFERED.contains(code) => Why::NotSupported,
        NvmlError::NoPermission => Why::NoPermission,
        NvmlError::Timeout => Why::TimedOut,
        other => Why::Failed(other.to_string().into()),
    }
}

fn name(device: &Device<'_>, index: u32, asked: &mut Asked) -> Gpu {
    let text = |reading: Reading<String>| reading.map(SafeText::from);
    let pci = asked.take(device.pci_info()).map(|pci| SafeText::from(address(&pci.bus_id)));
    let uuid = text(asked.take(device.uuid()));
    let name = text(asked.take(device.name()));
    let id = uuid.known().or_else(|| pci.known()).cloned();
    Gpu {
        index,
        id: id.unwrap_or_default(),
        name: name.known().cloned().unwrap_or_else(|| SafeText::from(NAMELESS)),
        vendor: Vendor::Nvidia,
        pci,
        ..Gpu::default()
    }
}

/// NVML's bus id (`00000000:3B:00.0`) as the kernel writes it (`0000:3b:00.0`).
fn address(bus_id: &str) -> String {
    let lower = bus_id.to_ascii_lowercase();
    let number = |domain| u32::from_str_radix(domain, 16).ok();
    let parts = lower.split_once(':');
    match parts.and_then(|(domain, rest)| Some((number(domain)?, rest))) {
        Some((domain, rest)) => format!("{domain:04x}:{rest}"),
        None => lower,
    }
}

fn load(device: &Device<'_>, gpu: &mut Gpu, asked: &mut Asked) {
    let use_of = asked.take(device.utilization_rates());
    gpu.utilization = both(use_of.clone().map(|rates| percent(rates.gpu)));
    gpu.memory_utilization = both(use_of.map(|rates| percent(rates.memory)));
    let memory = device.memory_info();
    if matches!(memory, Err(NvmlError::NotSupported)) {
        gpu.memory_owner = MemoryOwner::Machine;
    }
    let memory = asked.take(memory);
    gpu.memory_total_bytes = both(memory.clone().map(|info| total(&info)));
    gpu.memory_used_bytes = both(memory.map(|info| used(&info)));
    let encoder = asked.take(device.encoder_utilization());
    gpu.encoder = both(encoder.map(|info| percent(info.utilization)));
    let decoder = asked.take(device.decoder_utilization());
    gpu.decoder = both(decoder.map(|info| percent(info.utilization)));
}

fn heat(device: &Device<'_>, gpu: &mut Gpu, asked: &mut Asked) {
    let now = asked.take(device.temperature(TemperatureSensor::Gpu));
    gpu.celsius = both(now.map(celsius));
    let slow = asked.take(device.temperature_threshold(TemperatureThreshold::Slowdown));
    gpu.slowdown_celsius = both(slow.map(celsius));
    gpu.power_watts = both(asked.take(device.power_usage()).map(watts));
    gpu.power_limit_watts = both(asked.take(device.enforced_power_limit()).map(watts));
    let core = asked.take(device.clock_info(Clock::Graphics));
    gpu.core_clock_hertz = both(core.map(hertz));
    let memory = asked.take(device.clock_info(Clock::Memory));
    gpu.memory_clock_hertz = both(memory.map(hertz));
    gpu.fan = both(asked.take(device.fan_speed(0)).map(fan));
}

fn health(device: &Device<'_>, gpu: &mut Gpu, asked: &mut Asked) {
    let held = match device.current_throttle_reasons_strict() {
        Ok(reasons) => Ok(reasons.bits()),
        Err(NvmlError::IncorrectBits(Bits::U64(bits))) => Ok(bits),
        Err(error) => Err(error),
    };
    gpu.throttle = asked.take(held).map(throttle::words);
    let errors = device.total_ecc_errors(MemoryError::Uncorrected, EccCounter::Volatile);
    gpu.ecc_uncorrected = both(asked.take(errors).map(count));
    gpu.mig = both(asked.take(device.mig_mode()).map(|mode| switch(mode.current)));
}

/// All memory.
pub(super) fn total(info: &MemoryInfo) -> Reading<Bytes> {
    let told = info.total > 0 && info.total < BLANK_64;
    Reading::from_option(told.then_some(Bytes(info.total)), Why::NotSupported)
}

/// Memory in use, which cannot be more than all.
pub(super) fn used(info: &MemoryInfo) -> Reading<Bytes> {
    match (total(info), info.used) {
        (Reading::Missing(why), _) => Reading::Missing(why),
        (_, blank) if blank >= BLANK_64 => Reading::Missing(Why::NotSupported),
        (Reading::Known(Bytes(total)), used) if used > total => {
            Reading::Missing(Why::Failed(format!("the driver says {used} B of {total} B").into()))
        }
        (_, used) => Reading::Known(Bytes(used)),
    }
}

fn processes(device: &Device<'_>, seen: &mut u64, asked: &mut Asked) -> Reading<Vec<GpuProcess>> {
    let compute = asked.take(device.running_compute_processes());
    let graphics = asked.take(device.running_graphics_processes());
    let rows = match (compute, graphics) {
        (Reading::Missing(why), Reading::Missing(_)) => return Reading::Missing(why),
        (compute, graphics) => {
            let lists = [compute, graphics];
            merge(lists.iter().filter_map(Reading::known).flatten())
        }
    };
    let shares = utilization(device, seen, asked);
    Reading::Known(rows.into_iter().map(|row| process(row, &shares)).collect())
}

/// Memory for each process: a process in both lists holds its memory once, one that runs on
/// several MIG instances holds some on each.
fn merge<'a>(rows: impl Iterator<Item = &'a ProcessInfo>) -> BTreeMap<u32, Reading<Bytes>> {
    let mut parts = BTreeMap::new();
    for row in rows {
        let key = (row.pid, row.gpu_instance_id, row.compute_instance_id);
        let held = match row.used_gpu_memory {
            UsedGpuMemory::Used(bytes) if bytes < BLANK_64 => Some(bytes),
            _ => None,
        };
        let part: &mut Option<u64> = parts.entry(key).or_default();
        *part = (*part).max(held);
    }
    let mut whole = BTreeMap::new();
    for ((pid, ..), held) in parts {
        let sum: &mut Option<u64> = whole.entry(pid).or_default();
        *sum = match (*sum, held) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            (one, other) => one.or(other),
        };
    }
    whole
        .into_iter()
        .take(MOST_PROCESSES)
        .map(|(pid, held)| (pid, Reading::from_option(held.map(Bytes), Why::NotSupported)))
        .collect()
}

/// The newest share of each process's use of the multiprocessors.
fn utilization(
    device: &Device<'_>,
    seen: &mut u64,
    asked: &mut Asked,
) -> Reading<BTreeMap<u32, u32>> {
    let samples = match device.process_utilization_stats(*seen) {
        Err(NvmlError::NotFound) => Ok(Vec::new()),
        other => other,
    };
    asked.take(samples).map(|mut samples| {
        samples.sort_by_key(|sample| sample.timestamp);
        let newest = samples.last().map_or(*seen, |sample| sample.timestamp);
        *seen = (*seen).max(newest);
        let fresh = samples.into_iter().filter(|sample| newest - sample.timestamp <= FRESH_US);
        fresh.map(|sample| (sample.pid, sample.sm_util)).collect()
    })
}

fn process(
    (pid, memory_bytes): (u32, Reading<Bytes>),
    shares: &Reading<BTreeMap<u32, u32>>,
) -> GpuProcess {
    let utilization = match shares {
        Reading::Missing(why) => Reading::Missing(why.clone()),
        Reading::Known(shares) => match shares.get(&pid) {
            Some(share) => percent(*share),
            None => Reading::Missing(Why::Absent("a sample of this process".into())),
        },
    };
    GpuProcess { pid, memory_bytes, utilization, ..GpuProcess::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bus_id_is_written_as_the_kernel_writes_it() {
        assert_eq!(address("00000000:3B:00.0"), "0000:3b:00.0");
        assert_eq!(address("00010000:3B:00.0"), "10000:3b:00.0");
        assert_eq!(address("0000:3B:00.0"), "0000:3b:00.0");
        assert_eq!(address("odd"), "odd");
    }

    #[test]
    fn memory_of_a_process_is_counted_once_for_each_instance() {
        let row = |pid, instance, bytes| ProcessInfo {
            pid,
            used_gpu_memory: UsedGpuMemory::from(bytes),
            gpu_instance_id: instance,
            compute_instance_id: None,
        };
        let rows = [
            row(7, None, 100),
            row(7, None, 100),
            row(8, Some(1), 10),
            row(8, Some(2), 20),
            row(9, None, u64::MAX),
        ];
        let merged = merge(rows.iter());
        assert_eq!(merged[&7], Reading::Known(Bytes(100)));
        assert_eq!(merged[&8], Reading::Known(Bytes(30)));
        assert_eq!(merged[&9], Reading::Missing(Why::NotSupported));
    }
}
