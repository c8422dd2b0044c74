//! What a snapshot's page says of a GPU below its first line: only what its reader tells.

use crate::model::gpu::{Gpu, GpuDetail, GpuState, MemoryOwner};
use crate::model::reading::Reading;

/// The lines.
pub(super) fn lines(gpu: &Gpu) -> Vec<String> {
    let mut lines = Vec::new();
    if let GpuState::Lost(reason) = &gpu.state {
        lines.push(format!("lost: {reason}"));
    }
    if gpu.memory_owner == MemoryOwner::Machine {
        lines.push("its memory is the machine's".to_owned());
    }
    if let Some(held) = gpu.throttle.known().filter(|held| !held.is_empty()) {
        let held: Vec<&str> = held.iter().map(AsRef::as_ref).collect();
        lines.push(format!("slowed by {}", held.join(", ")));
    }
    lines.extend(gpu.uuid().map(|uuid| format!("UUID {uuid}")));
    let detail = &gpu.detail;
    lines.extend([activity(detail), links(detail), heat_and_energy(detail)].into_iter().flatten());
    lines.extend(troubles(detail));
    lines
}

/// `name value` for what is known.
fn told<T: std::fmt::Display>(name: &str, reading: &Reading<T>) -> Option<String> {
    reading.known().map(|value| format!("{name} {value}"))
}

fn joined(parts: impl IntoIterator<Item = Option<String>>) -> Option<String> {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn activity(detail: &GpuDetail) -> Option<String> {
    let activity = &detail.activity;
    joined([
        told("SM active", &activity.sm),
        told("SM occupancy", &activity.sm_occupancy),
        told("tensor", &activity.tensor),
        told("DRAM", &activity.dram),
    ])
}

fn links(detail: &GpuDetail) -> Option<String> {
    let link = &detail.pcie;
    let lanes = link.generation.get().zip(link.width.get());
    let most = link.generation_max.get().zip(link.width_max.get());
    let most = most.map_or_else(String::new, |(most, lanes)| format!(" of gen {most} x{lanes}"));
    joined([
        lanes.map(|(generation, lanes)| format!("PCIe gen {generation} x{lanes}{most}")),
        told("in", &link.receive_bytes_per_second),
        told("out", &link.transmit_bytes_per_second),
        detail.nvlink.up().map(|(up, all)| format!("NVLink {up} of {all} up")),
        told("NVLink in", &detail.nvlink.receive_bytes_per_second),
        told("NVLink out", &detail.nvlink.transmit_bytes_per_second),
    ])
}

fn heat_and_energy(detail: &GpuDetail) -> Option<String> {
    let parts = detail.mig_instances.known().map(Vec::len).filter(|parts| *parts > 0);
    joined([
        told("memory at", &detail.memory_celsius),
        told("energy since the driver was loaded", &detail.energy_joules),
        told("corrected memory errors", &detail.ecc_corrected),
        parts.map(|parts| format!("split into {parts}")),
    ])
}

fn troubles(detail: &GpuDetail) -> Vec<String> {
    let xids = detail.xids.known().map_or(&[][..], Vec::as_slice);
    let words = |xid: &crate::model::gpu::xid::Xid| {
        let meaning = xid.meaning();
        format!("Xid {} ({} times): {}; {}", xid.code, xid.count, meaning.words, meaning.remedy)
    };
    xids.iter().map(words).collect()
}
