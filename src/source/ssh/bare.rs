//! A host without isomon, read by the script: `/proc`, `/sys` and `nvidia-smi`.
//!
//! Rates are over the host's own clock (`/proc/uptime`), so that a slow line makes no figure wrong. What
//! moves slowly, or costs the host much, is asked for every few seconds; processes only where somebody
//! looks. A dead mount or a driver that hangs has 3 s there, then it is a gap.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::super::{Error, Told, Wants};
use super::files::Files;
use super::link::Link;
use super::process::Processes;
use super::{EXCHANGE, nvidia, sensor};
use crate::model::gpu::Topology;
use crate::model::node::{
    Core, Disk, List, Mount, Network, NodeInfo, NodeSample, Pressure, Stall, Tasks, Temperature,
    Unread,
};
use crate::model::origin::{Endpoint, Offer};
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;
use crate::model::unit::{Bytes, Hertz};
use crate::model::update::What;
use crate::procfs::counter::Counters;
use crate::procfs::cpu::{self, Times};
use crate::procfs::{disk, load, machine, memory, mount_table, network, pressure, sandbox};

/// Time between two looks at space and sensors.
const SLOW: Duration = Duration::from_secs(5);
/// Time between two looks at GPUs, which may take a second.
const GPUS: Duration = Duration::from_secs(2);

/// A host that is read by the script.
#[derive(Debug)]
pub(super) struct Bare {
    link: Link,
    info: Option<NodeInfo>,
    nvidia: bool,
    began: Instant,
    /// Time since boot at the look before.
    uptime: Option<Duration>,
    slow_at: Option<Instant>,
    gpus_at: Option<Instant>,
    /// How the GPUs are connected, which is asked once.
    topology: Reading<Topology>,
    all: Option<Times>,
    cores: BTreeMap<u32, Times>,
    disks: Counters<5>,
    networks: Counters<4>,
    mounts: Vec<Mount>,
    stacked: HashSet<String>,
    temperatures: Vec<Temperature>,
    clocks: HashMap<u32, Hertz>,
    processes: Processes,
}

impl Bare {
    /// The host at the end of `link`, of which these `facts` are known.
    pub(super) fn new(link: Link, facts: &Files) -> Self {
        Self {
            link,
            info: Some(info(facts)),
            nvidia: facts.told("nvidia").is_some(),
            began: Instant::now(),
            uptime: None,
            slow_at: None,
            gpus_at: None,
            topology: Reading::default(),
            all: None,
            cores: BTreeMap::new(),
            disks: Counters::default(),
            networks: Counters::default(),
            mounts: Vec::new(),
            stacked: HashSet::new(),
            temperatures: Vec::new(),
            clocks: HashMap::new(),
            processes: Processes::new(facts),
        }
    }

    /// What the script reads.
    pub(super) fn endpoints(&self) -> Vec<Endpoint> {
        let nvidia = if self.nvidia { Offer::Offered } else { Offer::NotOffered };
        vec![
            Endpoint { name: "/proc and /sys".into(), offer: Offer::Offered },
            Endpoint { name: "nvidia-smi".into(), offer: nvidia },
        ]
    }

    /// One look.
    pub(super) async fn news(&mut self, wants: Wants) -> Result<Vec<Told>, Error> {
        let now = Instant::now();
        let is_due =
            |at: Option<Instant>, period| at.is_none_or(|at| now.duration_since(at) >= period);
        let slow = is_due(self.slow_at, SLOW);
        let gpus = self.nvidia && is_due(self.gpus_at, GPUS);
        let mut question = "look".to_owned();
        if slow {
            question.push_str(" space sensors");
            self.slow_at = Some(now);
        }
        if gpus {
            question.push_str(if self.gpus_at.is_none() { " gpus topology" } else { " gpus" });
            self.gpus_at = Some(now);
        }
        if wants.depth {
            question.push_str(&self.processes.wanted());
        }
        let late = Error::Late { seconds: EXCHANGE.as_secs(), doing: "reading the host" };
        let asked = timeout(EXCHANGE, self.link.exchange(&question));
        let files = asked.await.unwrap_or(Err(late))?;
        let mut told = self.take(&files, slow, wants.depth);
        let sample = nvidia::sample(&files, &mut self.topology);
        told.extend(sample.map(|sample| Told::own(What::Gpus(Box::new(sample)))));
        Ok(told)
    }

    fn take(&mut self, files: &Files, slow: bool, depth: bool) -> Vec<Told> {
        let uptime = files.text("/proc/uptime").and_then(load::seconds);
        let since_boot = uptime.and_then(|uptime| Duration::try_from_secs_f64(uptime.0).ok());
        let before = std::mem::replace(&mut self.uptime, since_boot);
        let elapsed = since_boot.zip(before).and_then(|(now, before)| now.checked_sub(before));
        let now =
            since_boot.and_then(|uptime| self.began.checked_add(uptime)).unwrap_or(self.began);
        if slow {
            self.take_slow(files);
        }
        let mut told = Vec::new();
        told.extend(self.info.take().map(|info| Told::own(What::Info(Box::new(info)))));
        let sample = NodeSample {
            uptime_seconds: Reading::from_option(uptime, absent("/proc/uptime")),
            ..self.sample(files, now)
        };
        told.push(Told::own(What::Node(Box::new(sample))));
        if depth {
            let processes = self.processes.take(files, elapsed);
            told.push(Told::own(What::Processes(processes)));
        }
        told
    }

    fn take_slow(&mut self, files: &Files) {
        self.mounts = mounts(files);
        let slaves = files.all_told("slave").iter();
        self.stacked = slaves
            .filter_map(|path| path.strip_prefix("/sys/block/")?.split_once('/'))
            .map(|(name, _)| name.to_owned())
            .collect();
        self.temperatures = sensor::temperatures(files);
        self.clocks = sensor::clocks(files);
    }

    fn sample(&mut self, files: &Files, now: Instant) -> NodeSample {
        let mut unread = Vec::new();
        let mut note = |list, path: &str| {
            if files.text(path).is_none() {
                unread.push(Unread { list, why: absent(path) });
            }
        };
        note(List::Disks, "/proc/diskstats");
        note(List::Networks, "/proc/net/dev");
        let (load, tasks) = load_and_tasks(files);
        let memory = files.text("/proc/meminfo").and_then(memory::parse);
        let (cpu, cores) = self.processors(files);
        NodeSample {
            cpu,
            cores,
            load,
            tasks,
            pressure: pressures(files),
            memory: Reading::from_option(memory, absent("/proc/meminfo")),
            disks: self.disks(files, now),
            mounts: self.mounts.clone(),
            networks: self.networks(files, now),
            temperatures: self.temperatures.clone(),
            unread,
            ..NodeSample::default()
        }
    }

    fn processors(&mut self, files: &Files) -> (Reading<crate::model::node::CpuUse>, Vec<Core>) {
        let Some((all, cores)) = files.text("/proc/stat").and_then(cpu::parse) else {
            return (Reading::Missing(absent("/proc/stat")), Vec::new());
        };
        let before = std::mem::replace(&mut self.cores, cores);
        let cores = self.cores.iter().map(|(id, times)| Core {
            id: *id,
            usage: cpu::share(before.get(id).copied(), *times),
            frequency_hertz: Reading::from_option(self.clocks.get(id).copied(), Why::NotSupported),
        });
        let cores = cores.collect();
        (cpu::share(self.all.replace(all), all), cores)
    }

    fn disks(&mut self, files: &Files, now: Instant) -> Vec<Disk> {
        self.disks.begin(now);
        let rows = disk::whole(disk::parse(files.text("/proc/diskstats").unwrap_or_default()));
        let disks = rows
            .map(|(name, work)| {
                let stacked = disk::may_be_stacked(name) && self.stacked.contains(name);
                disk::disk(name, stacked, self.disks.rates(name, work))
            })
            .collect();
        self.disks.end();
        disks
    }

    fn networks(&mut self, files: &Files, now: Instant) -> Vec<Network> {
        self.networks.begin(now);
        let text = files.text("/proc/net/dev").unwrap_or_default();
        let mut networks = Vec::new();
        for (name, traffic) in text.lines().filter_map(network::interface).take(network::MOST) {
            let state = files.line(&format!("/sys/class/net/{name}/operstate"));
            let up = state.is_none_or(network::is_up);
            networks.push(network::network(name, up, &traffic, &mut self.networks));
        }
        self.networks.end();
        networks.sort_by_key(|network| network.name.as_str() == "lo");
        networks
    }
}

fn absent(path: &str) -> Why {
    Why::Absent(path.into())
}

/// What the host is.
fn info(facts: &Files) -> NodeInfo {
    let text = |path: &str| facts.text(path).unwrap_or_default();
    let line = |path: &str| Reading::from_option(facts.line(path).map(SafeText::new), absent(path));
    let cpuinfo = text("/proc/cpuinfo");
    let model =
        machine::named(cpuinfo, &["model name", "cpu model", "uarch", "cpu", "Hardware", "Model"]);
    let cores = cpu::parse(text("/proc/stat")).map_or(0, |(_, cores)| cores.len());
    let total = memory::parse(text("/proc/meminfo")).map(|memory| memory.total_bytes);
    NodeInfo {
        hostname: facts.line("/proc/sys/kernel/hostname").unwrap_or_default().into(),
        os: Reading::from_option(os(text("/etc/os-release")), absent("/etc/os-release")),
        kernel: line("/proc/sys/kernel/osrelease"),
        arch: facts.told("machine").unwrap_or_default().into(),
        cpu_model: Reading::from_option(model, Why::NotSupported),
        cpus: u32::try_from(cores).unwrap_or(u32::MAX),
        memory_bytes: Reading::from_option(total, absent("/proc/meminfo")),
        cgroup: machine::cgroup(text("/proc/self/mountinfo")),
        virtualization: Reading::from_option(virtualization(facts, cpuinfo), Why::NotSupported),
    }
}

/// `Debian GNU/Linux 12`, of the lines `NAME` and `VERSION_ID`.
fn os(release: &str) -> Option<SafeText> {
    let value = |name: &str| {
        let mut values =
            release.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        values.next().map(|value| value.trim().trim_matches(['"', '\'']))
    };
    let name = value("NAME").filter(|name| !name.is_empty())?;
    let version = value("VERSION_ID").map_or(String::new(), |version| format!(" {version}"));
    Some(SafeText::from(format!("{name}{version}")))
}

fn virtualization(facts: &Files, cpuinfo: &str) -> Option<SafeText> {
    let part = |name: &str| facts.line(&format!("/sys/class/dmi/id/{name}")).unwrap_or_default();
    let maker = || machine::maker(&format!("{} {}", part("sys_vendor"), part("product_name")));
    let groups = facts.text("/proc/1/cgroup").unwrap_or_default();
    if let Some(engine) = sandbox::Ground::new(groups, None).engine() {
        return Some(SafeText::from(engine.to_string()));
    }
    match machine::is_guest(cpuinfo) {
        Some(false) => Some("none".into()),
        Some(true) => maker().or_else(|| Some("unknown hypervisor".into())),
        None => maker(),
    }
}

fn load_and_tasks(files: &Files) -> (Reading<[f64; 3]>, Reading<Tasks>) {
    let Some((load, (running, threads))) = files.text("/proc/loadavg").and_then(load::parse) else {
        let why = absent("/proc/loadavg");
        return (Reading::Missing(why.clone()), Reading::Missing(why));
    };
    let processes = files.told("processes").and_then(|count| count.parse().ok());
    let tasks = processes.map(|processes| Tasks { processes, running, threads });
    (Reading::Known(load), Reading::from_option(tasks, absent("/proc")))
}

fn pressures(files: &Files) -> Pressure {
    let stall = |name: &str| -> Reading<Stall> {
        let text = files.text(&format!("/proc/pressure/{name}"));
        Reading::from_option(text.and_then(pressure::parse), absent("/proc/pressure"))
    };
    Pressure { cpu: stall("cpu"), memory: stall("memory"), io: stall("io") }
}

/// The mounts with storage behind them; what `df` did not tell of one is missing.
fn mounts(files: &Files) -> Vec<Mount> {
    let space: HashMap<&str, [u64; 3]> =
        files.all_told("df").iter().filter_map(|row| row_of_df(row)).collect();
    let entries = mount_table::parse(files.text("/proc/self/mountinfo").unwrap_or_default());
    let mount = |entry: mount_table::Entry| {
        let known = entry.path.to_str().and_then(|path| space.get(path));
        let bytes = |at: usize| {
            let kibibytes = known.and_then(|known| known.get(at).copied());
            let bytes = kibibytes.map(|kibibytes| Bytes(kibibytes.saturating_mul(1024)));
            Reading::from_option(bytes, Why::Failed("df did not tell of it within 3 s".into()))
        };
        Mount {
            path: SafeText::from_bytes(entry.path.as_os_str().as_encoded_bytes()),
            device: SafeText::from_bytes(entry.device.as_encoded_bytes()),
            kind: SafeText::new(&entry.kind),
            total_bytes: bytes(0),
            used_bytes: bytes(1),
            free_bytes: bytes(2),
            inodes_used: Reading::Missing(Why::NotSupported),
        }
    };
    entries.into_iter().map(mount).collect()
}

/// `/dev/vda1 1000 600 400 60% /`: where it is mounted, and its size, what is taken and what
/// may still be in KiB.
fn row_of_df(row: &str) -> Option<(&str, [u64; 3])> {
    let mut words = row.split_ascii_whitespace().skip(1).peekable();
    let mut last: [Option<u64>; 3] = [None; 3];
    for word in words.by_ref() {
        if word.ends_with('%') || word == "-" {
            break;
        }
        last = [last[1], last[2], word.parse().ok()];
    }
    let first = words.next()?;
    let (_, path) =
        row.split_once(&format!("% {first}")).or_else(|| row.split_once(&format!("- {first}")))?;
    let start = row.len() - path.len() - first.len();
    Some((row.get(start..)?, [last[0]?, last[1]?, last[2]?]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_df_are_read_from_the_right() {
        let rows = [
            ("/dev/vda1 1000 600 400 60% /", Some(("/", [1000, 600, 400]))),
            ("host:/my share 10 4 6 40% /mnt/a b", Some(("/mnt/a b", [10, 4, 6]))),
            ("Filesystem 1024-blocks Used Available Capacity Mounted on", None),
            ("", None),
            ("a b c % x", None),
        ];
        for (row, wanted) in rows {
            assert_eq!(row_of_df(row), wanted, "{row}");
        }
    }

    #[test]
    fn what_the_host_is() {
        let facts = Files::read(
            "@machine:x86_64\n/proc/sys/kernel/hostname:db-1\n/etc/os-release:NAME=\"Debian GNU/Linux\"\n\
             /etc/os-release:VERSION_ID=\"12\"\n/proc/cpuinfo:model name : Some CPU\n\
             /proc/cpuinfo:flags : fpu hypervisor\n/sys/class/dmi/id/sys_vendor:QEMU\n\
             /proc/stat:cpu 1 2 3 4\n/proc/stat:cpu0 1 2 3 4\n/proc/meminfo:MemTotal: 4 kB",
        );
        let info = info(&facts);
        let shown =
            [&info.hostname, info.os.known().unwrap(), info.virtualization.known().unwrap()];
        assert_eq!(shown.map(SafeText::as_str), ["db-1", "Debian GNU/Linux 12", "qemu"]);
        assert_eq!((info.cpus, info.memory_bytes.get()), (1, Some(Bytes(4096))));
        assert!(info.kernel.known().is_none());
    }
}
