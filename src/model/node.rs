//! A node: what it is, and how it is doing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reading::{Reading, Why};
use super::text::SafeText;
use super::unit::{Bytes, BytesPerSecond, Celsius, Hertz, PerSecond, Ratio, Seconds};

/// What does not change while a node is up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NodeInfo {
    /// The name the machine gives itself.
    pub hostname: SafeText,
    /// Distribution and version, for example `Debian GNU/Linux 12`.
    pub os: Reading<SafeText>,
    /// Kernel release.
    pub kernel: Reading<SafeText>,
    /// Machine architecture, for example `x86_64`.
    pub arch: SafeText,
    /// Processor model.
    pub cpu_model: Reading<SafeText>,
    /// Logical processors online.
    pub cpus: u32,
    /// Memory the kernel manages.
    pub memory_bytes: Reading<Bytes>,
    /// Which cgroup layout is mounted.
    pub cgroup: Cgroup,
    /// The hypervisor or container it runs in, as far as it can be told.
    pub virtualization: Reading<SafeText>,
}

/// How control groups are mounted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cgroup {
    /// Not mounted.
    #[default]
    None,
    /// Version 1 only.
    V1,
    /// Version 2 only.
    V2,
    /// Controllers on version 1, a version 2 tree beside them.
    Hybrid,
}

/// How a node was doing at one moment. Rates are over the time since the sample before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NodeSample {
    /// All processors together.
    pub cpu: Reading<CpuUse>,
    /// Each logical processor, in kernel order.
    pub cores: Vec<Core>,
    /// Load averages over 1, 5 and 15 minutes.
    pub load: Reading<[f64; 3]>,
    /// Pressure stall information.
    pub pressure: Pressure,
    /// Memory.
    pub memory: Reading<Memory>,
    /// Disks by device.
    pub disks: Vec<Disk>,
    /// Mounted file systems with storage behind them.
    pub mounts: Vec<Mount>,
    /// Network interfaces.
    pub networks: Vec<Network>,
    /// Temperature sensors.
    pub temperatures: Vec<Temperature>,
    /// Time since boot.
    pub uptime_seconds: Reading<Seconds>,
    /// Processes, and how many of them are running.
    pub tasks: Reading<Tasks>,
    /// Collectors that did not answer in time and rest for now.
    pub quarantined: Vec<SafeText>,
    /// Lists that could not be read at all; one that is merely empty is not named here.
    #[serde(default)]
    pub unread: Vec<Unread>,
}

/// A list of a sample that is empty because it could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unread {
    /// Which one.
    pub list: List,
    /// Why.
    pub why: Why,
}

/// The lists of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum List {
    /// [`NodeSample::disks`].
    Disks,
    /// [`NodeSample::mounts`].
    Mounts,
    /// [`NodeSample::networks`].
    Networks,
    /// [`NodeSample::temperatures`].
    Temperatures,
}

impl List {
    /// Its name in a sentence.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disks => "disks",
            Self::Mounts => "mounts",
            Self::Networks => "networks",
            Self::Temperatures => "temperatures",
        }
    }
}

impl NodeSample {
    /// Why `list` could not be read; `None` if it was, however empty it is.
    pub fn why_unread(&self, list: List) -> Option<&Why> {
        self.unread.iter().find(|unread| unread.list == list).map(|unread| &unread.why)
    }
}

/// Where a processor's time went; each a share of the time since the sample before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CpuUse {
    /// Everything but idle and I/O wait.
    pub busy: Ratio,
    /// User code, `nice` included.
    pub user: Ratio,
    /// Kernel, interrupts included.
    pub system: Ratio,
    /// Waiting for I/O.
    pub iowait: Ratio,
    /// Taken by the hypervisor for others.
    pub steal: Ratio,
}

/// One logical processor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Core {
    /// Its number.
    pub id: u32,
    /// Where its time went.
    pub usage: Reading<CpuUse>,
    /// Its present clock.
    pub frequency_hertz: Reading<Hertz>,
}

/// Pressure stall information of the kernel (`/proc/pressure`), 10-second averages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pressure {
    /// Waiting for a processor.
    pub cpu: Reading<Stall>,
    /// Waiting for memory.
    pub memory: Reading<Stall>,
    /// Waiting for I/O.
    pub io: Reading<Stall>,
}

/// A share of time in which tasks were stalled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stall {
    /// At least one task waited.
    pub some: Ratio,
    /// All non-idle tasks waited (absent for processors on older kernels).
    pub full: Option<Ratio>,
    /// Total stalled time of `some` since boot, in microseconds.
    pub some_total_us: u64,
}

/// Memory and swap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Memory {
    /// All memory.
    pub total_bytes: Bytes,
    /// What can be given to programs without swapping.
    pub available_bytes: Bytes,
    /// Page cache and buffers.
    pub cached_bytes: Bytes,
    /// All swap space.
    pub swap_total_bytes: Bytes,
    /// Swap in use.
    pub swap_used_bytes: Bytes,
}

impl Memory {
    /// What programs hold: all less available.
    pub const fn used_bytes(&self) -> Bytes {
        Bytes(self.total_bytes.0.saturating_sub(self.available_bytes.0))
    }

    /// Used share of memory.
    pub fn used(&self) -> Option<Ratio> {
        Ratio::of(self.used_bytes().0 as f64, self.total_bytes.0 as f64)
    }

    /// Used share of swap; `None` without swap.
    pub fn swap_used(&self) -> Option<Ratio> {
        Ratio::of(self.swap_used_bytes.0 as f64, self.swap_total_bytes.0 as f64)
    }
}

/// A block device and what it did since the sample before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Disk {
    /// Kernel name, for example `nvme0n1`.
    pub name: SafeText,
    /// Whether it is made of other disks (`dm-0`, `md0`): its work is theirs, counted twice in a
    /// sum over all.
    #[serde(default)]
    pub stacked: bool,
    /// Read rate.
    pub read_bytes_per_second: Reading<BytesPerSecond>,
    /// Write rate.
    pub write_bytes_per_second: Reading<BytesPerSecond>,
    /// Read operations.
    pub reads_per_second: Reading<PerSecond>,
    /// Write operations.
    pub writes_per_second: Reading<PerSecond>,
    /// Share of time in which it had work.
    pub busy: Reading<Ratio>,
}

/// A mounted file system.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Mount {
    /// Where it is mounted.
    pub path: SafeText,
    /// What is mounted.
    pub device: SafeText,
    /// File system type.
    pub kind: SafeText,
    /// Its size.
    pub total_bytes: Reading<Bytes>,
    /// What is taken.
    pub used_bytes: Reading<Bytes>,
    /// What may still be taken by others than root, for whom some of it may be set aside.
    #[serde(default)]
    pub free_bytes: Reading<Bytes>,
    /// Share of inodes taken, where the file system has a fixed number.
    pub inodes_used: Reading<Ratio>,
}

impl Mount {
    /// How full it is for others than root: what is taken, of that and what may still be, as `df` has it.
    pub fn used(&self) -> Reading<Ratio> {
        match (&self.used_bytes, self.free()) {
            (Reading::Known(used), Reading::Known(free)) => {
                let (used, free) = (used.0 as f64, free.0 as f64);
                Reading::from_option(Ratio::of(used, used + free), Why::NotSupported)
            }
            (Reading::Missing(why), _) => Reading::Missing(why.clone()),
            (_, Reading::Missing(why)) => Reading::Missing(why),
        }
    }

    /// What may still be taken; where nobody told, all of it less what is taken.
    pub fn free(&self) -> Reading<Bytes> {
        match (&self.free_bytes, &self.used_bytes, &self.total_bytes) {
            (Reading::Known(free), ..) => Reading::Known(*free),
            (_, Reading::Known(used), Reading::Known(total)) => {
                Reading::Known(Bytes(total.0.saturating_sub(used.0)))
            }
            (_, Reading::Missing(why), _) | (_, _, Reading::Missing(why)) => {
                Reading::Missing(why.clone())
            }
        }
    }
}

/// A network interface and what passed it since the sample before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Network {
    /// Interface name.
    pub name: SafeText,
    /// Whether it is up.
    pub up: bool,
    /// Received.
    pub receive_bytes_per_second: Reading<BytesPerSecond>,
    /// Sent.
    pub transmit_bytes_per_second: Reading<BytesPerSecond>,
    /// Packets received.
    pub receive_packets_per_second: Reading<PerSecond>,
    /// Packets sent.
    pub transmit_packets_per_second: Reading<PerSecond>,
    /// Errors and drops of both directions since boot.
    pub errors: u64,
}

impl Network {
    /// Whether it carries nothing into or out of the machine.
    pub fn is_loopback(&self) -> bool {
        self.name.as_str() == "lo"
    }
}

/// A temperature sensor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Temperature {
    /// Chip and label, for example `coretemp Package id 0`.
    pub label: SafeText,
    /// The reading.
    pub celsius: Reading<Celsius>,
    /// Where the chip itself says it is too hot.
    pub critical_celsius: Reading<Celsius>,
}

/// How many tasks there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tasks {
    /// Processes.
    pub processes: u32,
    /// Kernel scheduling entities running or runnable.
    pub running: u32,
    /// Threads.
    pub threads: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_is_as_full_as_df_says() {
        let known = |bytes: u64| Reading::Known(Bytes(bytes));
        let mut mount =
            Mount { total_bytes: known(250), used_bytes: known(35), ..Mount::default() };
        assert_eq!(mount.used().map(|used| used.to_string()), Reading::Known("14 %".to_owned()));
        assert_eq!(mount.free(), known(215));
        mount.free_bytes = known(65);
        assert_eq!(mount.used().map(|used| used.to_string()), Reading::Known("35 %".to_owned()));
        assert_eq!(mount.free(), known(65));
        mount.used_bytes = Reading::Missing(Why::TimedOut);
        assert_eq!(mount.used(), Reading::Missing(Why::TimedOut));
        let none = Mount { total_bytes: known(0), used_bytes: known(0), ..Mount::default() };
        assert_eq!(none.used(), Reading::Missing(Why::NotSupported));
    }
}
