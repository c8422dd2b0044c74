//! `GET /v1/system/metrics` and `/v1/system/gpus`: this machine in one flat set of fields, whoever made
//! what is in it. Every name ends in its unit; what is missing is null.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Answer, Ask, Context, Door, Json};
use crate::model::gpu::{Gpu, GpuProcess, GpuReader, GpuState, Vendor};
use crate::model::id::SourceId;
use crate::model::node::{CpuUse, Disk, Memory, Mount, Network, NodeSample};
use crate::model::reading::Reading;
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::unit::{Bytes, BytesPerSecond, Celsius, Hertz, Ratio, Seconds, Watts};
use crate::state::Node;

/// How this machine is doing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Metrics {
    /// What the machine calls itself.
    pub hostname: Option<SafeText>,
    /// When this was so, RFC 3339; null before the first sample.
    pub sampled_at: Option<String>,
    /// How old that is.
    pub age_seconds: Option<Seconds>,
    /// Logical processors.
    pub cpus: Option<u32>,
    /// Share of time processors worked.
    pub cpu_busy_ratio: Option<Ratio>,
    /// Share of time the hypervisor took.
    pub cpu_steal_ratio: Option<Ratio>,
    /// Share of time processors waited for I/O.
    pub cpu_iowait_ratio: Option<Ratio>,
    /// Load average over 1 minute.
    pub load1: Option<f64>,
    /// Load average over 5 minutes.
    pub load5: Option<f64>,
    /// Load average over 15 minutes.
    pub load15: Option<f64>,
    /// All memory.
    pub memory_total_bytes: Option<Bytes>,
    /// Memory that programs hold.
    pub memory_used_bytes: Option<Bytes>,
    /// Memory that can be given to programs without swapping.
    pub memory_available_bytes: Option<Bytes>,
    /// All swap space.
    pub swap_total_bytes: Option<Bytes>,
    /// Swap in use.
    pub swap_used_bytes: Option<Bytes>,
    /// Size of the root file system.
    pub disk_total_bytes: Option<Bytes>,
    /// What is taken of it.
    pub disk_used_bytes: Option<Bytes>,
    /// Read rate of all disks.
    pub disk_read_bytes_per_second: Option<BytesPerSecond>,
    /// Write rate of all disks.
    pub disk_write_bytes_per_second: Option<BytesPerSecond>,
    /// Received by all interfaces but the loopback.
    pub network_receive_bytes_per_second: Option<BytesPerSecond>,
    /// Sent by all interfaces but the loopback.
    pub network_transmit_bytes_per_second: Option<BytesPerSecond>,
    /// The hottest sensor.
    pub temperature_celsius: Option<Celsius>,
    /// Time since boot.
    pub uptime_seconds: Option<Seconds>,
    /// Processes.
    pub processes: Option<u32>,
}

/// The GPUs of this machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Gpus {
    /// When this was so, RFC 3339; null before the first sample.
    pub sampled_at: Option<String>,
    /// Each GPU; null before the first sample.
    pub gpus: Option<Vec<Card>>,
    /// Each vendor's reader that was asked, and why it has nothing to say.
    pub readers: Vec<GpuReader>,
}

/// A GPU.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Card {
    /// Its index for its vendor's tools.
    pub index: u32,
    /// Stable id.
    pub id: SafeText,
    /// Model.
    pub name: SafeText,
    /// Maker.
    pub vendor: Vendor,
    /// Whether it answers.
    pub answers: bool,
    /// Share of time in which at least one kernel ran.
    pub utilization_ratio: Option<Ratio>,
    /// Share of time in which its memory was read or written.
    pub memory_utilization_ratio: Option<Ratio>,
    /// Its memory.
    pub memory_total_bytes: Option<Bytes>,
    /// Memory in use.
    pub memory_used_bytes: Option<Bytes>,
    /// Core temperature.
    pub temperature_celsius: Option<Celsius>,
    /// Present draw.
    pub power_watts: Option<Watts>,
    /// Enforced limit of it.
    pub power_limit_watts: Option<Watts>,
    /// Core clock.
    pub core_clock_hertz: Option<Hertz>,
    /// Memory clock.
    pub memory_clock_hertz: Option<Hertz>,
    /// Fan speed as a share of its maximum.
    pub fan_ratio: Option<Ratio>,
    /// Encoder use.
    pub encoder_ratio: Option<Ratio>,
    /// Decoder use.
    pub decoder_ratio: Option<Ratio>,
    /// Who uses it; null where that is unknown.
    pub processes: Option<Vec<GpuProcess>>,
}

pub(super) fn routes(door: Door) -> Door {
    door.get("/v1/system/metrics", "How this machine is doing, in one flat set of fields", metrics)
        .get("/v1/system/gpus", "The GPUs of this machine, whoever made them", gpus)
}

async fn metrics(context: Arc<Context>, _: Ask) -> Answer<Json<Metrics>> {
    let now = context.clock.now();
    let state = context.state();
    let node = state.nodes.get(&SourceId::local());
    Ok(Json(node.map(|node| of_node(node, now)).unwrap_or_default()))
}

async fn gpus(context: Arc<Context>, _: Ask) -> Answer<Json<Gpus>> {
    let state = context.state();
    let known = state.nodes.get(&SourceId::local()).and_then(|node| node.gpus.as_ref());
    Ok(Json(known.map_or_else(Gpus::default, |(at, sample)| Gpus {
        sampled_at: Some(at.rfc3339()),
        gpus: Some(sample.gpus.iter().map(card).collect()),
        readers: sample.readers.clone(),
    })))
}

fn of_node(node: &Node, now: Stamp) -> Metrics {
    let info = node.info.as_ref();
    let known = Metrics {
        hostname: info.map(|info| info.hostname.clone()),
        cpus: info.map(|info| info.cpus).filter(|cpus| *cpus > 0),
        ..Metrics::default()
    };
    let Some((at, sample)) = &node.sample else { return known };
    let cpu = |part: fn(&CpuUse) -> Ratio| sample.cpu.known().map(part);
    let memory = |part: fn(&Memory) -> Bytes| sample.memory.known().map(part);
    let load = sample.load.get();
    let root = sample.mounts.iter().find(|mount| mount.path.as_str() == "/");
    Metrics {
        sampled_at: Some(at.rfc3339()),
        age_seconds: Some(Seconds::from(now.since(*at))),
        cpu_busy_ratio: cpu(|cpu| cpu.busy),
        cpu_steal_ratio: cpu(|cpu| cpu.steal),
        cpu_iowait_ratio: cpu(|cpu| cpu.iowait),
        load1: load.map(|load| load[0]),
        load5: load.map(|load| load[1]),
        load15: load.map(|load| load[2]),
        memory_total_bytes: memory(|memory| memory.total_bytes),
        memory_used_bytes: memory(Memory::used_bytes),
        memory_available_bytes: memory(|memory| memory.available_bytes),
        swap_total_bytes: memory(|memory| memory.swap_total_bytes),
        swap_used_bytes: memory(|memory| memory.swap_used_bytes),
        disk_total_bytes: root.and_then(|root: &Mount| root.total_bytes.get()),
        disk_used_bytes: root.and_then(|root| root.used_bytes.get()),
        uptime_seconds: sample.uptime_seconds.get(),
        processes: sample.tasks.get().map(|tasks| tasks.processes),
        ..rates(sample, known)
    }
}

/// `known` with what is summed over devices.
fn rates(sample: &NodeSample, known: Metrics) -> Metrics {
    let disks = |part: fn(&Disk) -> &Reading<BytesPerSecond>| {
        sum(sample.disks.iter().filter(|disk| !disk.stacked).map(part))
    };
    let networks = |part: fn(&Network) -> &Reading<BytesPerSecond>| {
        sum(sample.networks.iter().filter(|network| network.name.as_str() != "lo").map(part))
    };
    let heat = sample.temperatures.iter().filter_map(|sensor| sensor.celsius.get());
    Metrics {
        disk_read_bytes_per_second: disks(|disk| &disk.read_bytes_per_second),
        disk_write_bytes_per_second: disks(|disk| &disk.write_bytes_per_second),
        network_receive_bytes_per_second: networks(|network| &network.receive_bytes_per_second),
        network_transmit_bytes_per_second: networks(|network| &network.transmit_bytes_per_second),
        temperature_celsius: heat.max_by(|a, b| a.0.total_cmp(&b.0)),
        ..known
    }
}

/// The sum of what is known; `None` if nothing is.
fn sum<'a>(rates: impl Iterator<Item = &'a Reading<BytesPerSecond>>) -> Option<BytesPerSecond> {
    let known = rates.filter_map(Reading::get).map(|rate| rate.0);
    known.reduce(|sum, rate| sum + rate).map(BytesPerSecond)
}

fn card(gpu: &Gpu) -> Card {
    Card {
        index: gpu.index,
        id: gpu.id.clone(),
        name: gpu.name.clone(),
        vendor: gpu.vendor,
        answers: gpu.state == GpuState::Ok,
        utilization_ratio: gpu.utilization.get(),
        memory_utilization_ratio: gpu.memory_utilization.get(),
        memory_total_bytes: gpu.memory_total_bytes.get(),
        memory_used_bytes: gpu.memory_used_bytes.get(),
        temperature_celsius: gpu.celsius.get(),
        power_watts: gpu.power_watts.get(),
        power_limit_watts: gpu.power_limit_watts.get(),
        core_clock_hertz: gpu.core_clock_hertz.get(),
        memory_clock_hertz: gpu.memory_clock_hertz.get(),
        fan_ratio: gpu.fan.get(),
        encoder_ratio: gpu.encoder.get(),
        decoder_ratio: gpu.decoder.get(),
        processes: gpu.processes.known().cloned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_of_what_is_known_and_none_of_nothing() {
        let rate = |rate| Reading::Known(BytesPerSecond(rate));
        let gap = Reading::default();
        assert_eq!(sum([rate(1.0), gap.clone(), rate(2.0)].iter()), Some(BytesPerSecond(3.0)));
        assert_eq!(sum([gap].iter()), None);
    }

    #[test]
    fn stacked_disks_and_the_loopback_count_once_and_never() {
        let disk = |stacked, rate| Disk {
            stacked,
            read_bytes_per_second: Reading::Known(BytesPerSecond(rate)),
            ..Disk::default()
        };
        let network = |name: &str, rate| Network {
            name: name.into(),
            receive_bytes_per_second: Reading::Known(BytesPerSecond(rate)),
            ..Network::default()
        };
        let sample = NodeSample {
            disks: vec![disk(false, 5.0), disk(true, 5.0)],
            networks: vec![network("lo", 9.0), network("eth0", 2.0)],
            ..NodeSample::default()
        };
        let metrics = rates(&sample, Metrics::default());
        assert_eq!(metrics.disk_read_bytes_per_second, Some(BytesPerSecond(5.0)));
        assert_eq!(metrics.network_receive_bytes_per_second, Some(BytesPerSecond(2.0)));
        assert_eq!(metrics.temperature_celsius, None);
    }
}
