//! The numbers of a snapshot, each with its name, once for CSV and Prometheus.

use std::collections::BTreeMap;

use super::{Snapshot, agent};
use crate::model::gpu::Gpu;
use crate::model::node::{CpuUse, Disk, Mount, Network, Stall, Temperature};
use crate::model::reading::Reading;
use crate::model::serving::Serving;
use crate::model::text::SafeText;
use crate::model::unit::{Bytes, BytesPerSecond, PerSecond, Ratio};
use crate::report::exposition::{Kind, Metric, OWN};

/// What a number is: its name, which ends in its unit, and a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// For example `memory_total_bytes`.
    pub name: &'static str,
    /// One line.
    pub help: &'static str,
}

/// One number, or the place of one that is missing.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// What it is.
    pub family: Family,
    /// Of which thing, for example `("device", "sda")`; `None` for the whole machine.
    pub label: Option<(&'static str, String)>,
    /// Its value.
    pub value: Option<f64>,
}

/// Every number of `snapshot`; those of one family follow each other.
pub fn numbers(snapshot: &Snapshot) -> Vec<Number> {
    let mut found = machine(snapshot);
    found.extend(each(&snapshot.node.disks, |disk: &Disk| ("device", disk.name.to_string()), DISK));
    found.extend(each(
        &snapshot.node.mounts,
        |mount: &Mount| ("mount", mount.path.to_string()),
        MOUNT,
    ));
    found.extend(each(
        &snapshot.node.networks,
        |network: &Network| ("interface", network.name.to_string()),
        NETWORK,
    ));
    found.extend(each(
        &snapshot.node.temperatures,
        |sensor: &Temperature| ("sensor", sensor.label.to_string()),
        TEMPERATURE,
    ));
    found.extend(each(&snapshot.gpus.gpus, |gpu: &Gpu| ("gpu", gpu.id.to_string()), GPU));
    found.extend(agent::numbers(snapshot.agents.as_ref()));
    found.extend(models(&snapshot.serving));
    found
}

/// Every number of the models that are served. Several servers of one model are told apart as `m`, `m #2`:
/// two series of one name would be refused by whoever collects them.
pub(super) fn models(serving: &[Serving]) -> Vec<Number> {
    let mut seen: BTreeMap<SafeText, u32> = BTreeMap::new();
    let mut apart = serving.to_vec();
    for served in &mut apart {
        let count = seen.entry(served.model.clone()).or_default();
        *count += 1;
        if *count > 1 {
            served.model = SafeText::from(format!("{} #{count}", served.model));
        }
    }
    each(&apart, |served: &Serving| ("model", served.model.to_string()), MODEL)
}

/// Every metric of a machine, with the labels it has on a page.
pub fn metrics() -> Vec<Metric> {
    let mut all = of(MACHINE, &["node"]);
    all.extend(of(DISK, &["node", "device"]));
    all.extend(of(MOUNT, &["node", "mount"]));
    all.extend(of(NETWORK, &["node", "interface"]));
    all.extend(of(TEMPERATURE, &["node", "sensor"]));
    all.extend(of(GPU, &["node", "gpu"]));
    all.extend(agent::metrics());
    all.extend(of(MODEL, &["node", "model"]));
    all
}

/// The metrics of some rows.
pub(super) fn of<T>(rows: &[Row<T>], labels: &'static [&'static str]) -> Vec<Metric> {
    let metric = |(Family { name, help }, _): &Row<T>| {
        let kind = if name.ends_with("_total") { Kind::Counter } else { Kind::Gauge };
        Metric { prefix: OWN, name, help, kind, labels }
    };
    rows.iter().map(metric).collect()
}

/// A family with the way to its value in `T`.
pub(super) type Row<T> = (Family, fn(&T) -> Option<f64>);

pub(super) const fn row<T>(
    name: &'static str,
    help: &'static str,
    value: fn(&T) -> Option<f64>,
) -> Row<T> {
    (Family { name, help }, value)
}

pub(super) fn each<T>(
    items: &[T],
    label: impl Fn(&T) -> (&'static str, String),
    rows: &[Row<T>],
) -> Vec<Number> {
    let of_family = |(family, value): &Row<T>| {
        let one = |item| Number { family: *family, label: Some(label(item)), value: value(item) };
        items.iter().map(one).collect::<Vec<_>>()
    };
    rows.iter().flat_map(of_family).collect()
}

fn machine(snapshot: &Snapshot) -> Vec<Number> {
    let number = |(family, value): &Row<Snapshot>| Number {
        family: *family,
        label: None,
        value: value(snapshot),
    };
    MACHINE.iter().map(number).collect()
}

const MODEL: &[Row<Serving>] = &[
    row("model_requests_running", "Requests at work.", |m| m.running.get()),
    row("model_requests_waiting", "Requests that wait.", |m| m.waiting.get()),
    row("model_tokens_per_second", "Tokens generated since the sample before.", |m| {
        m.tokens_per_second.get().map(|rate| rate.0)
    }),
    row("model_prompt_tokens_per_second", "Tokens of prompts since the sample before.", |m| {
        m.prompt_tokens_per_second.get().map(|rate| rate.0)
    }),
    row("model_tokens_total", "Tokens generated since its server began.", |m| m.tokens_total.get()),
    row("model_prompt_tokens_total", "Tokens of prompts since its server began.", |m| {
        m.prompt_tokens_total.get()
    }),
    row("model_requests_per_second", "Requests that ended, over the last minute.", |m| {
        m.requests_per_second.get().map(|rate| rate.0)
    }),
    row("model_failures_total", "Requests that failed since its server began.", |m| {
        m.failures_total.get()
    }),
    row("model_kv_cache_ratio", "Share of the key-value cache in use.", |m| {
        m.kv_cache.get().map(share)
    }),
    row("model_prefix_hits_ratio", "Share of prompt tokens found in the cache.", |m| {
        m.prefix_hits.get().map(share)
    }),
    row("model_preemptions_total", "Requests put back since its server began.", |m| {
        m.preemptions_total.get()
    }),
    row(
        "model_first_token_p50_seconds",
        "Time to the first token, half of the last minute.",
        |m| m.first_token.p50.get().map(|time| time.0),
    ),
    row(
        "model_first_token_p95_seconds",
        "Time to the first token, 95 % of the last minute.",
        |m| m.first_token.p95.get().map(|time| time.0),
    ),
    row(
        "model_first_token_p99_seconds",
        "Time to the first token, 99 % of the last minute.",
        |m| m.first_token.p99.get().map(|time| time.0),
    ),
    row("model_inter_token_p95_seconds", "Time between tokens, 95 % of the last minute.", |m| {
        m.inter_token.p95.get().map(|time| time.0)
    }),
    row("model_end_to_end_p95_seconds", "Time of a whole request, 95 % of the last minute.", |m| {
        m.end_to_end.p95.get().map(|time| time.0)
    }),
    row("model_still_seconds", "How long requests are at work and no token came.", |m| {
        m.still_seconds.get().map(|still| still.0)
    }),
];

/// A share as a plain number, 0..=1.
fn share(share: Ratio) -> f64 {
    share.percent() / 100.0
}

const MACHINE: &[Row<Snapshot>] = &[
    row("cpus", "Logical processors online.", |s| {
        Some(f64::from(s.info.cpus)).filter(|cpus| *cpus > 0.0)
    }),
    row("cpu_busy_ratio", "Share of time processors were neither idle nor waiting for I/O.", |s| {
        cpu(s, |cpu| cpu.busy)
    }),
    row("cpu_user_ratio", "Share of time in user code.", |s| cpu(s, |cpu| cpu.user)),
    row("cpu_system_ratio", "Share of time in the kernel.", |s| cpu(s, |cpu| cpu.system)),
    row("cpu_iowait_ratio", "Share of time waiting for I/O.", |s| cpu(s, |cpu| cpu.iowait)),
    row("cpu_steal_ratio", "Share of time taken by the hypervisor.", |s| cpu(s, |cpu| cpu.steal)),
    row("load1", "Load average over 1 minute.", |s| load(s, 0)),
    row("load5", "Load average over 5 minutes.", |s| load(s, 1)),
    row("load15", "Load average over 15 minutes.", |s| load(s, 2)),
    row("pressure_cpu_some_ratio", "Share of 10 s in which a task waited for a processor.", |s| {
        stall(&s.node.pressure.cpu)
    }),
    row("pressure_memory_some_ratio", "Share of 10 s in which a task waited for memory.", |s| {
        stall(&s.node.pressure.memory)
    }),
    row("pressure_io_some_ratio", "Share of 10 s in which a task waited for I/O.", |s| {
        stall(&s.node.pressure.io)
    }),
    row("memory_total_bytes", "All memory.", |s| memory(s, |m| m.total_bytes)),
    row("memory_available_bytes", "Memory that can be given to programs without swapping.", |s| {
        memory(s, |m| m.available_bytes)
    }),
    row("memory_cached_bytes", "Page cache and buffers.", |s| memory(s, |m| m.cached_bytes)),
    row("swap_total_bytes", "All swap space.", |s| memory(s, |m| m.swap_total_bytes)),
    row("swap_used_bytes", "Swap in use.", |s| memory(s, |m| m.swap_used_bytes)),
    row("uptime_seconds", "Time since boot.", |s| {
        s.node.uptime_seconds.get().map(|uptime| uptime.0)
    }),
    row("processes", "Processes.", |s| s.node.tasks.get().map(|tasks| f64::from(tasks.processes))),
    row("threads", "Threads.", |s| s.node.tasks.get().map(|tasks| f64::from(tasks.threads))),
];

const DISK: &[Row<Disk>] = &[
    row("disk_read_bytes_per_second", "Read rate of a disk.", |d| rate(&d.read_bytes_per_second)),
    row("disk_write_bytes_per_second", "Write rate of a disk.", |d| {
        rate(&d.write_bytes_per_second)
    }),
    row("disk_reads_per_second", "Read operations of a disk.", |d| count(&d.reads_per_second)),
    row("disk_writes_per_second", "Write operations of a disk.", |d| count(&d.writes_per_second)),
    row("disk_busy_ratio", "Share of time in which a disk had work.", |d| ratio(&d.busy)),
];

const MOUNT: &[Row<Mount>] = &[
    row("filesystem_total_bytes", "Size of a file system.", |m| bytes(&m.total_bytes)),
    row("filesystem_used_bytes", "What is taken of a file system.", |m| bytes(&m.used_bytes)),
    row("filesystem_free_bytes", "What users may still take of a file system.", |m| {
        bytes(&m.free_bytes)
    }),
    row("filesystem_used_ratio", "Share taken of a file system, as df tells it.", |m| {
        ratio(&m.used())
    }),
    row("filesystem_inodes_used_ratio", "Share of inodes taken.", |m| ratio(&m.inodes_used)),
];

const NETWORK: &[Row<Network>] = &[
    row("network_up", "Whether an interface is up.", |n| Some(f64::from(u8::from(n.up)))),
    row("network_receive_bytes_per_second", "Received by an interface.", |n| {
        rate(&n.receive_bytes_per_second)
    }),
    row("network_transmit_bytes_per_second", "Sent by an interface.", |n| {
        rate(&n.transmit_bytes_per_second)
    }),
    row("network_errors_total", "Errors and drops of an interface since boot.", |n| {
        Some(n.errors as f64)
    }),
];

const TEMPERATURE: &[Row<Temperature>] =
    &[row("temperature_celsius", "Temperature of a sensor.", |sensor| {
        sensor.celsius.get().map(|celsius| celsius.0)
    })];

const GPU: &[Row<Gpu>] = &[
    row("gpu_utilization_ratio", "Share of time in which at least one kernel ran.", |g| {
        ratio(&g.utilization)
    }),
    row("gpu_memory_total_bytes", "Memory of a GPU.", |g| bytes(&g.memory_total_bytes)),
    row("gpu_memory_used_bytes", "Memory of a GPU in use.", |g| bytes(&g.memory_used_bytes)),
    row("gpu_temperature_celsius", "Core temperature of a GPU.", |g| {
        g.celsius.get().map(|celsius| celsius.0)
    }),
    row("gpu_power_watts", "Present draw of a GPU.", |g| g.power_watts.get().map(|power| power.0)),
    row("gpu_power_limit_watts", "Enforced power limit of a GPU.", |g| {
        g.power_limit_watts.get().map(|power| power.0)
    }),
    row("gpu_core_clock_hertz", "Core clock of a GPU.", |g| {
        g.core_clock_hertz.get().map(|clock| clock.0 as f64)
    }),
    row("gpu_fan_ratio", "Fan speed as a share of its maximum.", |g| ratio(&g.fan)),
    row("gpu_sm_active_ratio", "Share of multiprocessor time with a warp on it.", |g| {
        ratio(&g.detail.activity.sm)
    }),
    row(
        "gpu_sm_occupancy_ratio",
        "Warps on the multiprocessors as a share of those that fit.",
        |g| ratio(&g.detail.activity.sm_occupancy),
    ),
    row("gpu_tensor_active_ratio", "Share of time in which the tensor cores worked.", |g| {
        ratio(&g.detail.activity.tensor)
    }),
    row("gpu_dram_active_ratio", "Share of memory bandwidth used.", |g| {
        ratio(&g.detail.activity.dram)
    }),
    row("gpu_memory_temperature_celsius", "Temperature of a GPU's memory.", |g| {
        g.detail.memory_celsius.get().map(|celsius| celsius.0)
    }),
    row("gpu_energy_joules_total", "Energy since the driver was loaded.", |g| {
        g.detail.energy_joules.get().map(|energy| energy.0)
    }),
    row("gpu_ecc_corrected_total", "Corrected memory errors since the driver was loaded.", |g| {
        g.detail.ecc_corrected.get().map(|errors| errors as f64)
    }),
    row("gpu_ecc_uncorrected_total", "Memory errors that were not corrected.", |g| {
        g.ecc_uncorrected.get().map(|errors| errors as f64)
    }),
    row("gpu_xid_total", "Xid errors in the kernel's log since boot.", |g| {
        let xids = g.detail.xids.known()?;
        Some(xids.iter().map(|xid| xid.count as f64).sum())
    }),
    row("gpu_bar1_used_bytes", "BAR1 window of a GPU in use.", |g| {
        bytes(&g.detail.bar1_used_bytes)
    }),
    row("gpu_pcie_receive_bytes_per_second", "Into a GPU over PCI Express.", |g| {
        rate(&g.detail.pcie.receive_bytes_per_second)
    }),
    row("gpu_pcie_transmit_bytes_per_second", "Out of a GPU over PCI Express.", |g| {
        rate(&g.detail.pcie.transmit_bytes_per_second)
    }),
    row("gpu_pcie_width", "PCI Express lanes of a GPU in use.", |g| {
        g.detail.pcie.width.get().map(f64::from)
    }),
    row("gpu_nvlink_receive_bytes_per_second", "Into a GPU over all NVLinks.", |g| {
        rate(&g.detail.nvlink.receive_bytes_per_second)
    }),
    row("gpu_nvlink_transmit_bytes_per_second", "Out of a GPU over all NVLinks.", |g| {
        rate(&g.detail.nvlink.transmit_bytes_per_second)
    }),
    row("gpu_nvlinks_up", "NVLinks of a GPU that are up.", |g| {
        g.detail.nvlink.up().map(|(up, _)| up as f64)
    }),
    row("gpu_throttled", "Whether anything holds a GPU's clocks back.", |g| {
        g.throttle.known().map(|reasons| f64::from(u8::from(!reasons.is_empty())))
    }),
    row("gpu_up", "Whether a GPU answers.", |g| {
        Some(f64::from(u8::from(g.state == crate::model::gpu::GpuState::Ok)))
    }),
];

fn cpu(snapshot: &Snapshot, part: fn(&CpuUse) -> Ratio) -> Option<f64> {
    snapshot.node.cpu.known().map(|cpu| part(cpu).fraction())
}

fn load(snapshot: &Snapshot, which: usize) -> Option<f64> {
    snapshot.node.load.get().map(|load| load[which])
}

fn stall(stall: &Reading<Stall>) -> Option<f64> {
    stall.get().map(|stall| stall.some.fraction())
}

fn memory(snapshot: &Snapshot, part: fn(&crate::model::node::Memory) -> Bytes) -> Option<f64> {
    let memory = snapshot.node.memory.known();
    memory.map(|memory| part(memory).0 as f64)
}

fn bytes(reading: &Reading<Bytes>) -> Option<f64> {
    reading.get().map(|bytes| bytes.0 as f64)
}

fn rate(reading: &Reading<BytesPerSecond>) -> Option<f64> {
    reading.get().map(|rate| rate.0)
}

fn count(reading: &Reading<PerSecond>) -> Option<f64> {
    reading.get().map(|rate| rate.0)
}

fn ratio(reading: &Reading<Ratio>) -> Option<f64> {
    reading.get().map(Ratio::fraction)
}
