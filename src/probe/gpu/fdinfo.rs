//! Who uses the DRM GPUs: every process's open files, looked through every few seconds.
//!
//! Only files under `/dev/dri` are opened. A client may be open many times and in many processes;
//! it counts once, for the lowest process id.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::client::{Client, LONGEST};
use super::name;
use crate::model::gpu::{Gpu, GpuProcess};
use crate::model::reading::{Reading, Why};
use crate::model::unit::{Bytes, Ratio};

/// How often the processes are looked through.
const EVERY: Duration = Duration::from_secs(4);
/// Longest time that takes.
const BOX: Duration = Duration::from_millis(400);
/// Most open files looked at in one process.
const MOST_FILES: usize = 4096;

/// Clients by the GPU's address and their number there.
type Clients = BTreeMap<(String, u64), (u32, Client)>;

/// The clients of all DRM GPUs, now and one look before.
#[derive(Debug)]
pub(super) struct Fdinfo {
    proc: PathBuf,
    now: Option<Look>,
    before: Option<Look>,
}

/// What was seen at one moment.
#[derive(Debug)]
struct Look {
    at: Instant,
    clients: Clients,
    /// Why some of it may be missing.
    gap: Option<Why>,
}

impl Fdinfo {
    /// Nothing is looked at yet.
    pub(super) const fn new(proc: PathBuf) -> Self {
        Self { proc, now: None, before: None }
    }

    /// Looks again if the last look is old enough.
    pub(super) fn refresh(&mut self, at: Instant) {
        let is_fresh = |look: &Look| at.saturating_duration_since(look.at) < EVERY;
        if self.now.as_ref().is_some_and(is_fresh) {
            return;
        }
        let look = look(&self.proc, at);
        self.before = self.now.replace(look);
    }

    /// Adds to `gpu` who uses it, and what its driver does not tell in sum.
    pub(super) fn complete(&self, gpu: Gpu) -> Gpu {
        let (Some(now), Some(address)) = (&self.now, gpu.pci.known()) else {
            return gpu;
        };
        let address = address.as_str();
        let used = now.used(address).map(Bytes);
        let utilization = self.utilization(address);
        Gpu {
            processes: self.users(now, address),
            utilization: or_else(gpu.utilization.clone(), utilization),
            memory_used_bytes: or_else(gpu.memory_used_bytes.clone(), used),
            ..gpu
        }
    }

    /// Who uses it. Nobody is only said where everybody could be looked at; those seen are told
    /// all the same.
    fn users(&self, now: &Look, address: &str) -> Reading<Vec<GpuProcess>> {
        match (self.processes(now, address), &now.gap) {
            (seen, Some(gap)) if seen.is_empty() => Reading::Missing(gap.clone()),
            (seen, _) => Reading::Known(seen),
        }
    }

    fn processes(&self, now: &Look, address: &str) -> Vec<GpuProcess> {
        let mut rows: BTreeMap<u32, (Option<u64>, Option<f64>)> = BTreeMap::new();
        for ((_, id), (pid, client)) in now.of(address) {
            let row = rows.entry(*pid).or_default();
            row.0 = sum(row.0, client.memory(), u64::saturating_add);
            let shares = self.shares(now, address, *id, client);
            let busiest = shares.and_then(|shares| shares.into_values().reduce(f64::max));
            row.1 = sum(row.1, busiest, |one, other| one + other);
        }
        let process = |(pid, (memory, share)): (u32, (Option<u64>, Option<f64>))| GpuProcess {
            pid,
            name: name::read(&self.proc, pid),
            memory_bytes: Reading::from_option(memory.map(Bytes), Why::NotSupported),
            utilization: Reading::from_option(share.and_then(Ratio::new), Why::NotYet),
            ..GpuProcess::default()
        };
        rows.into_iter().map(process).collect()
    }

    /// The busiest kind of engine, all clients together. What some of them do not tell makes the
    /// sum a lie, so then there is none.
    fn utilization(&self, address: &str) -> Reading<Ratio> {
        let (Some(now), Some(_)) = (&self.now, &self.before) else {
            return Reading::Missing(Why::NotYet);
        };
        if let Some(gap) = &now.gap {
            return Reading::Missing(gap.clone());
        }
        let mut engines: BTreeMap<&str, f64> = BTreeMap::new();
        for ((_, id), (_, client)) in now.of(address) {
            let Some(shares) = self.shares(now, address, *id, client) else {
                return Reading::Missing(Why::NotYet);
            };
            for (engine, share) in shares {
                *engines.entry(engine).or_default() += share;
            }
        }
        let busiest = engines.into_values().fold(0.0, f64::max);
        Reading::from_option(Ratio::new(busiest), Why::NotSupported)
    }

    fn shares<'a>(
        &self,
        now: &Look,
        address: &str,
        id: u64,
        client: &'a Client,
    ) -> Option<BTreeMap<&'a str, f64>> {
        let before = self.before.as_ref()?;
        let then = match before.clients.get(&(address.to_owned(), id)) {
            Some((_, then)) => then.clone(),
            None if before.gap.is_none() => client.newborn()?,
            None => return None,
        };
        let elapsed = now.at.saturating_duration_since(before.at).as_nanos() as f64;
        Some(client.shares(&then, elapsed))
    }
}

impl Look {
    fn of(&self, address: &str) -> impl Iterator<Item = (&(String, u64), &(u32, Client))> {
        self.clients.iter().filter(move |((gpu, _), _)| gpu == address)
    }

    /// The GPU's own memory that all clients hold.
    fn used(&self, address: &str) -> Reading<u64> {
        if let Some(gap) = &self.gap {
            return Reading::Missing(gap.clone());
        }
        let clients = self.of(address).map(|(_, (_, client))| client);
        let sizes = clients.filter(|client| client.has_own_memory()).filter_map(Client::memory);
        Reading::from_option(sizes.reduce(u64::saturating_add), Why::NotSupported)
    }
}

fn or_else<T>(told: Reading<T>, summed: Reading<T>) -> Reading<T> {
    match told {
        Reading::Missing(Why::NotSupported) => summed,
        told => told,
    }
}

fn sum<T>(one: Option<T>, other: Option<T>, add: impl FnOnce(T, T) -> T) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(add(one, other)),
        (None, any) | (any, None) => any,
    }
}

fn look(proc: &Path, at: Instant) -> Look {
    let began = Instant::now();
    let mut look = Look { at, clients: Clients::new(), gap: None };
    for pid in pids(proc) {
        if began.elapsed() > BOX {
            look.gap = Some(Why::TimedOut);
            break;
        }
        let seen = look_at(proc, pid, &mut look.clients);
        if seen.is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied) {
            look.gap = Some(Why::NoPermission);
        }
    }
    look
}

fn pids(proc: &Path) -> Vec<u32> {
    let entries = std::fs::read_dir(proc).into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut pids: Vec<u32> = numbers.collect();
    pids.sort_unstable();
    pids
}

fn look_at(proc: &Path, pid: u32, clients: &mut Clients) -> std::io::Result<()> {
    let process = proc.join(pid.to_string());
    for entry in std::fs::read_dir(process.join("fd"))?.take(MOST_FILES).flatten() {
        let target = std::fs::read_link(entry.path()).unwrap_or_default();
        if !target.starts_with("/dev/dri") {
            continue;
        }
        let told = process.join("fdinfo").join(entry.file_name());
        if let Some(client) = read(&told).as_deref().and_then(Client::parse) {
            let key = (client.gpu.clone(), client.id);
            clients.entry(key).or_insert((pid, client));
        }
    }
    Ok(())
}

fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    let file = std::fs::File::open(path).ok()?;
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str = "drm-pdev:\t0000:03:00.0\ndrm-client-id:\t7\n";

    fn users(clients: &[(u32, &str)], gap: Option<Why>) -> Reading<Vec<GpuProcess>> {
        let entry = |(pid, text): &(u32, &str)| {
            let client = Client::parse(text).unwrap();
            ((client.gpu.clone(), client.id), (*pid, client))
        };
        let clients = clients.iter().map(entry).collect();
        let now = Look { at: Instant::now(), clients, gap };
        Fdinfo::new("/nonexistent".into()).users(&now, "0000:03:00.0")
    }

    #[test]
    fn nobody_uses_it_only_if_everybody_was_looked_at() {
        assert_eq!(users(&[], None), Reading::Known(Vec::new()));
        assert_eq!(users(&[], Some(Why::NoPermission)), Reading::Missing(Why::NoPermission));
        let seen = users(&[(5, CLIENT)], Some(Why::TimedOut));
        assert_eq!(seen.known().map(Vec::len), Some(1), "who was seen is told");
    }
}
