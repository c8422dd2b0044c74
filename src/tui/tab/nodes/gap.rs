//! Which values of a node are missing, and why.

use crate::model::node::{List, NodeSample};
use crate::model::origin::Offer;
use crate::model::reading::{Reading, Why};
use crate::model::update::Health;
use crate::state::Node;
use crate::state::history::Metric;

/// Why values of an instant of the past are missing.
pub(crate) const OF_THEN: &str = "what is missing was not read then, or is not kept: the history keeps \
                                  the numbers that charts show, of nodes, GPUs and models";

/// `name: reason` for each missing value of `node`; several of one kind are named once.
pub(crate) fn gaps(node: &Node) -> Vec<String> {
    let Some((_, sample)) = &node.sample else {
        return offers(node);
    };
    let mut gaps = [cpu(sample), memory(sample), storage(sample), network(sample)].concat();
    gaps.extend(quarantined(sample));
    gaps
}

/// What a server does not tell, of one that is not sampled as a machine.
fn offers(node: &Node) -> Vec<String> {
    let down = match &node.health {
        Some(Health::Down { why, .. }) => Some(format!("it does not answer: {why}")),
        _ => None,
    };
    let endpoints = node.origin.iter().flat_map(|origin| &origin.endpoints);
    let lacking = endpoints.filter(|one| one.offer != Offer::Offered);
    let lacking = lacking.map(|one| format!("{}: {}", one.name, one.offer));
    let gaps: Vec<String> = down.into_iter().chain(lacking).collect();
    if gaps.is_empty() && node.last_heard().is_none() {
        return vec!["no sample has been taken yet".to_owned()];
    }
    gaps
}

pub(super) fn cpu(sample: &NodeSample) -> Vec<String> {
    let cores = || sample.cores.iter();
    let known = [
        gap("CPU", sample.cpu.why()),
        gap("load", sample.load.why()),
        gap("core use", cores().find_map(|core| core.usage.why())),
        gap("core frequency", cores().find_map(|core| core.frequency_hertz.why())),
    ];
    known.into_iter().flatten().collect()
}

pub(super) fn memory(sample: &NodeSample) -> Vec<String> {
    let pressure = &sample.pressure;
    let known = [
        gap("memory", sample.memory.why()),
        gap("CPU pressure", pressure.cpu.why()),
        gap("memory pressure", pressure.memory.why()),
        gap("I/O pressure", pressure.io.why()),
        gap("tasks", sample.tasks.why()),
    ];
    known.into_iter().flatten().collect()
}

pub(super) fn storage(sample: &NodeSample) -> Vec<String> {
    let disks = || sample.disks.iter();
    let mounts = || sample.mounts.iter();
    let known = [
        gap("disks", sample.why_unread(List::Disks)),
        gap("mounts", sample.why_unread(List::Mounts)),
        gap("disk rate", disks().find_map(|disk| disk.read_bytes_per_second.why())),
        gap("disk busy", disks().find_map(|disk| disk.busy.why())),
        gap("mount size", mounts().find_map(|mount| mount.total_bytes.why())),
        gap("inodes", mounts().find_map(|mount| mount.inodes_used.why())),
    ];
    known.into_iter().flatten().collect()
}

pub(super) fn network(sample: &NodeSample) -> Vec<String> {
    let rate = sample.networks.iter().find_map(|network| network.receive_bytes_per_second.why());
    let heat = sample.temperatures.iter().find_map(|sensor| sensor.celsius.why());
    let unread = sample.why_unread(List::Temperatures);
    let none = unread.is_none() && sample.temperatures.is_empty();
    let known = [
        gap("networks", sample.why_unread(List::Networks)),
        gap("network rate", rate),
        gap("temperature", unread.or(heat)),
        none.then(|| "temperature: no sensor is shown".to_owned()),
    ];
    known.into_iter().flatten().collect()
}

/// Why `metric` has no value in `sample`; `None` if it has one.
pub(super) fn metric(sample: &NodeSample, metric: Metric) -> Option<String> {
    let first = |gaps: Vec<String>| gaps.into_iter().next();
    let whole = |reading: Option<&Why>| gap(metric.words(), reading);
    match metric {
        Metric::Cpu | Metric::Steal | Metric::Iowait => whole(sample.cpu.why()),
        Metric::Load => whole(sample.load.why()),
        Metric::Memory => whole(sample.memory.why()),
        Metric::Swap => whole(sample.memory.why()).or_else(|| swap(&sample.memory)),
        Metric::CpuPressure => whole(sample.pressure.cpu.why()),
        Metric::MemoryPressure => whole(sample.pressure.memory.why()),
        Metric::IoPressure => whole(sample.pressure.io.why()),
        Metric::DiskRead | Metric::DiskWrite => first(storage(sample)),
        Metric::Receive | Metric::Transmit | Metric::Temperature => network(sample)
            .into_iter()
            .find(|gap| gap.starts_with("temperature") == (metric == Metric::Temperature)),
    }
}

fn swap(memory: &Reading<crate::model::node::Memory>) -> Option<String> {
    let without = memory.known()?.swap_used().is_none();
    without.then(|| "swap: this machine has none".to_owned())
}

fn quarantined(sample: &NodeSample) -> Option<String> {
    let names: Vec<&str> = sample.quarantined.iter().map(AsRef::as_ref).collect();
    (!names.is_empty()).then(|| format!("resting after they took too long: {}", names.join(", ")))
}

fn gap(name: &str, why: Option<&Why>) -> Option<String> {
    why.map(|why| format!("{name}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::node::Unread;

    #[test]
    fn a_list_that_could_not_be_read_is_not_one_that_is_empty() {
        let unread = |list| Unread { list, why: Why::NoPermission };
        let empty = NodeSample::default();
        assert_eq!(storage(&empty), Vec::<String>::new());
        assert_eq!(network(&empty), ["temperature: no sensor is shown"]);
        let lists = [List::Disks, List::Mounts, List::Networks, List::Temperatures];
        let sample = NodeSample { unread: lists.map(unread).to_vec(), ..empty };
        let why = Why::NoPermission;
        assert_eq!(storage(&sample), [format!("disks: {why}"), format!("mounts: {why}")]);
        assert_eq!(network(&sample), [format!("networks: {why}"), format!("temperature: {why}")]);
    }
}
