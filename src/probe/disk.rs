//! What disks do, from `/proc/diskstats`.
//!
//! Whole devices only: a partition's work is counted in its disk already. Loop, RAM and compressed
//! memory devices have no disk behind them. Stacked ones (`dm-0`, `md0`) are shown beside the disks
//! below them and marked, so that a sum over all devices can leave them out.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::counter::Counters;
use super::kept::Kept;
use super::{Error, Probe};
use crate::model::node::Disk;
use crate::model::root::Roots;
use crate::model::text::SafeText;
use crate::model::unit::{BytesPerSecond, PerSecond, Ratio};

/// The kernel counts in sectors of this many bytes, whatever the disk has.
const SECTOR: u64 = 512;
/// Most disks shown.
const MOST: usize = 1024;

/// Reads `/proc/diskstats`.
#[derive(Debug)]
pub struct DiskProbe {
    diskstats: Kept,
    block: PathBuf,
    counters: Counters<5>,
}

impl DiskProbe {
    /// A reader under `roots`.
    pub fn new(roots: &Roots) -> Self {
        Self {
            diskstats: Kept::new(roots.proc.join("diskstats")),
            block: roots.sys.join("block"),
            counters: Counters::default(),
        }
    }
}

impl Probe for DiskProbe {
    type Sample = Vec<Disk>;

    fn sample(&mut self, now: Instant) -> Result<Vec<Disk>, Error> {
        let text = self.diskstats.read()?;
        self.counters.begin(now);
        let disks = whole(parse(&text))
            .map(|(name, work)| {
                let [reads, read, writes, write, busy] = self.counters.rates(name, work);
                Disk {
                    name: SafeText::new(name),
                    stacked: is_stacked(&self.block, name),
                    read_bytes_per_second: read.map(BytesPerSecond),
                    write_bytes_per_second: write.map(BytesPerSecond),
                    reads_per_second: reads.map(PerSecond),
                    writes_per_second: writes.map(PerSecond),
                    busy: busy.map(|ms| Ratio::new(ms / 1000.0).unwrap_or_default()),
                }
            })
            .collect();
        self.counters.end();
        Ok(disks)
    }
}

/// Reads, bytes read, writes, bytes written, milliseconds with work; since boot.
type Work = [u64; 5];

fn parse(text: &str) -> Vec<(&str, Work)> {
    text.lines().filter_map(device).collect()
}

/// Columns as in the kernel's `admin-guide/iostats`.
fn device(line: &str) -> Option<(&str, Work)> {
    let mut columns = line.split_ascii_whitespace().skip(2);
    let name = columns.next().filter(|name| !is_memory(name))?;
    let mut counts = [0_u64; 10];
    for count in &mut counts {
        *count = columns.next()?.parse().ok()?;
    }
    let [reads, _, read, _, writes, _, written, _, _, busy] = counts;
    let bytes = |sectors: u64| sectors.saturating_mul(SECTOR);
    Some((name, [reads, bytes(read), writes, bytes(written), busy]))
}

fn is_memory(name: &str) -> bool {
    ["loop", "ram", "zram"].iter().any(|kind| {
        name.strip_prefix(kind).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
    })
}

/// A device mapper or RAID device stands on those in its `slaves`; one without any (`dm-0` of the
/// kind `zero`, or a machine that does not show them) has nothing below it to be counted twice.
fn is_stacked(block: &Path, name: &str) -> bool {
    let may_be = ["dm-", "md", "bcache"].iter().any(|kind| name.starts_with(kind));
    let below = || std::fs::read_dir(block.join(name).join("slaves"));
    may_be && below().is_ok_and(|mut below| below.next().is_some())
}

fn whole(devices: Vec<(&str, Work)>) -> impl Iterator<Item = (&str, Work)> {
    let names: HashSet<&str> = devices.iter().map(|(name, _)| *name).collect();
    devices
        .into_iter()
        .filter(move |(name, _)| disk_of(name).is_none_or(|disk| !names.contains(disk)))
        .take(MOST)
}

/// The disk a partition's name speaks of: `sda1` of `sda`, `nvme0n1p2` of `nvme0n1`. Whether there
/// is such a disk is another question: `md0` would be of `md`.
fn disk_of(name: &str) -> Option<&str> {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if stem.len() == name.len() || stem.is_empty() {
        return None;
    }
    let numbered =
        stem.strip_suffix('p').filter(|disk| disk.ends_with(|c: char| c.is_ascii_digit()));
    Some(numbered.unwrap_or(stem))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(devices: &[&str]) -> Vec<String> {
        let line = |name: &&str| format!("   8       0 {name} 1 0 8 0 2 0 16 0 0 5 5");
        let lines = devices.iter().map(line).collect::<Vec<_>>().join("\n");
        whole(parse(&lines)).map(|(name, _)| name.to_owned()).collect()
    }

    #[test]
    fn shows_whole_devices() {
        let shown = names(&[
            "loop0",
            "ram1",
            "zram0",
            "sda",
            "sda1",
            "nvme0n1",
            "nvme0n1p2",
            "mmcblk0",
            "mmcblk0p1",
            "dm-0",
            "md0",
            "md127",
            "md127p1",
            "vda",
            "xvdf1",
            "sr0",
        ]);
        assert_eq!(
            shown,
            ["sda", "nvme0n1", "mmcblk0", "dm-0", "md0", "md127", "vda", "xvdf1", "sr0"],
            "a partition is a disk where its disk is not there"
        );
    }

    #[test]
    fn a_stacked_device_has_others_below_it() {
        let block = tempfile::tempdir().unwrap();
        for path in ["dm-0/slaves/sda", "dm-1/slaves", "sda/slaves/odd", "md0/slaves/sdb"] {
            std::fs::create_dir_all(block.path().join(path)).unwrap();
        }
        let stacked = ["dm-0", "dm-1", "sda", "md0", "dm-9"].map(|n| is_stacked(block.path(), n));
        assert_eq!(stacked, [true, false, false, true, false]);
    }

    #[test]
    fn reads_the_columns() {
        let line = " 254 0 vda 10 1 80 5 20 2 160 6 0 7 11 0 0 0 0 0 0";
        assert_eq!(device(line), Some(("vda", [10, 40_960, 20, 81_920, 7])));
        assert_eq!(device("254 0 vda 10 1 80"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(sd[a-c]|[0-9]{0,21}| |p|\\PC|\n){0,80}") {
            let _ = whole(parse(&text)).count();
        }
    }
}
