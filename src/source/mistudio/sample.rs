//! A sample of the machine, made from what a miStudio tells of it.
//!
//! Its processor percentage is the sum over all cores, and its disk and network bytes are totals since
//! boot: shares and rates are made here, so that other clients of that server cannot spoil them. What
//! it does not tell is missing. A part that is stale is missing too.

use serde_json::Value;

use super::STALE;
use super::part::{Part, Parts};
use crate::model::node::{
    CpuUse, Disk, List, Memory, Mount, Network, NodeSample, Pressure, Unread,
};
use crate::model::reading::{Reading, Why};
use crate::model::unit::{BytesPerSecond, Ratio};
use crate::source::foreign::Rate;
use crate::source::foreign::value::{self, reading};

/// Mounts that are kept.
const MOST: usize = 64;

/// What has to be remembered from sample to sample.
#[derive(Debug, Default)]
pub(super) struct Maker {
    read: Total,
    write: Total,
    receive: Total,
    send: Total,
    pub(super) mounts: Vec<Mount>,
}

/// A rate of a total, and the part it was made from: one is never made twice.
#[derive(Debug, Default)]
struct Total {
    rate: Rate,
    last: Option<(tokio::time::Instant, Reading<f64>)>,
}

impl Total {
    fn take(&mut self, part: Option<&Part>, key: &str) -> Reading<BytesPerSecond> {
        let Some(part) = part else { return Reading::Missing(Why::NotSupported) };
        if let Some((at, rate)) = &self.last
            && *at == part.at
        {
            return rate.clone().map(BytesPerSecond);
        }
        let rate = self.rate.take(part.at, value::number(&part.value, key));
        self.last = Some((part.at, rate.clone()));
        rate.map(BytesPerSecond)
    }
}

impl Maker {
    /// The sample that `parts` make.
    pub(super) fn make(&mut self, parts: &Parts) -> NodeSample {
        let missing = || Why::NotSupported;
        NodeSample {
            cpu: fresh(parts.cpu.as_ref(), cpu),
            memory: fresh(parts.memory.as_ref(), memory),
            disks: self.disks(parts.disk.as_ref()),
            networks: self.networks(parts.network.as_ref()),
            mounts: self.mounts.clone(),
            load: Reading::Missing(missing()),
            uptime_seconds: Reading::Missing(missing()),
            tasks: Reading::Missing(missing()),
            pressure: Pressure {
                cpu: Reading::Missing(missing()),
                memory: Reading::Missing(missing()),
                io: Reading::Missing(missing()),
            },
            unread: vec![Unread { list: List::Temperatures, why: missing() }],
            ..NodeSample::default()
        }
    }

    fn disks(&mut self, part: Option<&Part>) -> Vec<Disk> {
        let Some(part) = part.filter(|part| part.age() < STALE) else { return Vec::new() };
        let missing = || Why::NotSupported;
        vec![Disk {
            name: "all".into(),
            stacked: false,
            read_bytes_per_second: self.read.take(Some(part), "read_bytes"),
            write_bytes_per_second: self.write.take(Some(part), "write_bytes"),
            reads_per_second: Reading::Missing(missing()),
            writes_per_second: Reading::Missing(missing()),
            busy: Reading::Missing(missing()),
        }]
    }

    fn networks(&mut self, part: Option<&Part>) -> Vec<Network> {
        let Some(part) = part.filter(|part| part.age() < STALE) else { return Vec::new() };
        vec![Network {
            name: "all".into(),
            up: true,
            receive_bytes_per_second: self.receive.take(Some(part), "recv_bytes"),
            transmit_bytes_per_second: self.send.take(Some(part), "sent_bytes"),
            receive_packets_per_second: Reading::Missing(Why::NotSupported),
            transmit_packets_per_second: Reading::Missing(Why::NotSupported),
            errors: 0,
        }]
    }
}

/// What `read` finds in `part`, unless that is stale.
fn fresh<T>(part: Option<&Part>, read: impl FnOnce(&Value) -> Option<T>) -> Reading<T> {
    match part {
        None => Reading::Missing(Why::NotYet),
        Some(part) if part.age() >= STALE => Reading::Missing(Why::TimedOut),
        Some(part) => reading(read(&part.value)),
    }
}

/// The use of all cores together; the server gives the sum of their percentages.
fn cpu(part: &Value) -> Option<CpuUse> {
    let cores = value::above_zero(part, "count")?;
    let sum = value::number(part, "percent").filter(|sum| *sum >= 0.0)?;
    Some(CpuUse { busy: Ratio::of(sum / 100.0, cores)?, ..CpuUse::default() })
}

fn memory(part: &Value) -> Option<Memory> {
    let (ram, swap) = (part.get("ram")?, part.get("swap").unwrap_or(&Value::Null));
    let total_bytes = value::bytes(ram, "total", 1.0)?;
    let used = value::bytes(ram, "used", 1.0);
    let free = used.map(|used| crate::model::unit::Bytes(total_bytes.0.saturating_sub(used.0)));
    Some(Memory {
        total_bytes,
        available_bytes: value::bytes(ram, "available", 1.0).or(free)?,
        swap_total_bytes: value::bytes(swap, "total", 1.0).unwrap_or_default(),
        swap_used_bytes: value::bytes(swap, "used", 1.0).unwrap_or_default(),
        ..Memory::default()
    })
}

/// File systems and how full they are.
pub(super) fn mounts(rows: &[Value]) -> Vec<Mount> {
    let mount = |row: &Value| {
        Some(Mount {
            path: value::text(row, "mount_point")?,
            total_bytes: reading(value::bytes(row, "total", 1.0)),
            used_bytes: reading(value::bytes(row, "used", 1.0)),
            inodes_used: Reading::Missing(Why::NotSupported),
            ..Mount::default()
        })
    };
    rows.iter().take(MOST).filter_map(mount).collect()
}
