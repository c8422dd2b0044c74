//! The rest of an NVIDIA GPU as NVML tells it: what works in it, its links, its energy, its parts.
//!
//! Asked for by itself, after every GPU has said how it is doing: these calls are newer and slower than
//! the basic ones, and a driver that hangs in one of them must cost no more than these.

use nvml_wrapper::Device;
use nvml_wrapper::Nvml;
use nvml_wrapper::enum_wrappers::device::{Clock, EccCounter, MemoryError, PcieUtilCounter};
use nvml_wrapper::enums::device::SampleValue;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::gpm::GpmSample;
use nvml_wrapper::structs::device::FieldId;
use nvml_wrapper::sys_exports::field_id::NVML_FI_DEV_MEMORY_TEMP;

use super::device::{total, used, why};
use super::gpm;
use super::number::{BLANK_64, both, celsius, count, hertz, rate, within};
use super::nvlink::{self, Counted};
use crate::model::gpu::{GpuDetail, MigInstance, PcieLink};
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;
use crate::model::unit::{Bytes, BytesPerSecond, Celsius, Joules};

/// Fastest PCI Express link believed, in kB/s: twice the fastest that is planned.
const FASTEST_PCIE: u32 = 500_000_000;
/// Most parts of one GPU looked at; NVIDIA's limit is 7.
const MOST_PARTS: u32 = 16;

/// What is remembered of a GPU from one request to the next.
#[derive(Default)]
pub(super) struct Before {
    /// Whom it is about: an index may pass to another GPU.
    id: Option<String>,
    gpm: Option<GpmSample<'static>>,
    links: Counted,
}

/// Reads it.
pub(super) fn read(
    nvml: &'static Nvml,
    device: &Device<'static>,
    before: &mut Before,
) -> GpuDetail {
    let id = device.uuid().ok();
    if before.id != id {
        *before = Before { id, ..Before::default() };
    }
    let counters = gpm::read(nvml, device, &mut before.gpm);
    let bar1 = told(device.bar1_memory_info());
    GpuDetail {
        activity: counters.activity,
        pcie: pcie(device, counters.pcie),
        nvlink: nvlink::read(nvml, device, counters.nvlink, &mut before.links),
        memory_celsius: memory_celsius(device),
        energy_joules: both(told(device.total_energy_consumption()).map(joules)),
        bar1_total_bytes: both(bar1.clone().map(|window| bytes(window.total))),
        bar1_used_bytes: both(bar1.map(|window| bytes(window.used))),
        core_clock_max_hertz: both(told(device.max_clock_info(Clock::Graphics)).map(hertz)),
        memory_clock_max_hertz: both(told(device.max_clock_info(Clock::Memory)).map(hertz)),
        ecc_corrected: both(
            told(device.total_ecc_errors(MemoryError::Corrected, EccCounter::Volatile)).map(count),
        ),
        mig_instances: parts(device),
        ..GpuDetail::default()
    }
}

fn told<T>(result: Result<T, NvmlError>) -> Reading<T> {
    Reading::from(result.map_err(|error| why(&error)))
}

/// From mJ.
fn joules(millijoules: u64) -> Reading<Joules> {
    count(millijoules).map(|sane| Joules(sane as f64 / 1000.0))
}

fn bytes(value: u64) -> Reading<Bytes> {
    Reading::from_option((value < BLANK_64).then_some(Bytes(value)), Why::NotSupported)
}

/// Its PCI Express link. The call for a rate watches the link for 20 ms, so it is made only where the
/// performance counters do not tell.
fn pcie(device: &Device<'_>, counted: [Reading<BytesPerSecond>; 2]) -> PcieLink {
    let [into, out] = counted;
    let watched = |counter| {
        both(told(device.pcie_throughput(counter)).map(|kilobytes| {
            both(within(kilobytes, FASTEST_PCIE).map(|sane| rate(f64::from(sane) * 1000.0)))
        }))
    };
    let or = |counted: Reading<BytesPerSecond>, counter| match counted {
        Reading::Missing(Why::NotSupported) => watched(counter),
        told => told,
    };
    PcieLink {
        generation: both(told(device.current_pcie_link_gen()).map(|it| within(it, 16))),
        generation_max: both(told(device.max_pcie_link_gen()).map(|it| within(it, 16))),
        width: both(told(device.current_pcie_link_width()).map(|it| within(it, 64))),
        width_max: both(told(device.max_pcie_link_width()).map(|it| within(it, 64))),
        receive_bytes_per_second: or(into, PcieUtilCounter::Receive),
        transmit_bytes_per_second: or(out, PcieUtilCounter::Send),
    }
}

fn memory_celsius(device: &Device<'_>) -> Reading<Celsius> {
    let asked = device.field_values_for(&[FieldId(NVML_FI_DEV_MEMORY_TEMP)]);
    let field = asked.and_then(|mut fields| fields.pop().unwrap_or(Err(NvmlError::NotFound)));
    match told(field.and_then(|field| field.value)) {
        Reading::Known(SampleValue::U32(degrees)) => celsius(degrees),
        Reading::Known(_) => Reading::Missing(Why::NotSupported),
        Reading::Missing(why) => Reading::Missing(why),
    }
}

/// The parts it is split into; none where it is whole.
fn parts(device: &Device<'_>) -> Reading<Vec<MigInstance>> {
    match told(device.mig_mode()) {
        Reading::Known(mode) if mode.current == 1 => {}
        Reading::Known(_) => return Reading::Known(Vec::new()),
        Reading::Missing(why) => return Reading::Missing(why),
    }
    told(device.mig_device_count()).map(|most| {
        let part = |index| Some((index, device.mig_device_by_index(index).ok()?));
        let parts = (0..most.min(MOST_PARTS)).filter_map(part);
        parts.map(|(index, part)| instance(index, &part)).collect()
    })
}

fn instance(index: u32, part: &Device<'_>) -> MigInstance {
    let memory = told(part.memory_info());
    let name = part.name().unwrap_or_default();
    let profile = name.rsplit_once("MIG ").map_or("", |(_, profile)| profile);
    MigInstance {
        index,
        id: SafeText::from(part.uuid().unwrap_or_default()),
        profile: SafeText::new(profile),
        memory_total_bytes: both(memory.clone().map(|info| total(&info))),
        memory_used_bytes: both(memory.map(|info| used(&info))),
    }
}
