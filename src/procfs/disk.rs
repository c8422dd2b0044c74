//! What disks do, from the text of `/proc/diskstats`.
//!
//! Whole devices only. Loop, RAM and compressed memory devices have no disk behind them.

use std::collections::HashSet;

use crate::model::node::Disk;
use crate::model::reading::Reading;
use crate::model::text::SafeText;
use crate::model::unit::{BytesPerSecond, PerSecond, Ratio};

/// The kernel counts in sectors of this many bytes, whatever the disk has.
const SECTOR: u64 = 512;
/// Most disks shown.
const MOST: usize = 1024;

/// Reads, bytes read, writes, bytes written, milliseconds with work; since boot.
pub type Work = [u64; 5];

/// Every device with a disk behind it and what it did.
pub fn parse(text: &str) -> Vec<(&str, Work)> {
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

/// A whole device, with the rates of its [`Work`].
pub fn disk(name: &str, stacked: bool, rates: [Reading<f64>; 5]) -> Disk {
    let [reads, read, writes, write, busy] = rates;
    Disk {
        name: SafeText::new(name),
        stacked,
        read_bytes_per_second: read.map(BytesPerSecond),
        write_bytes_per_second: write.map(BytesPerSecond),
        reads_per_second: reads.map(PerSecond),
        writes_per_second: writes.map(PerSecond),
        busy: busy.map(|ms| Ratio::new(ms / 1000.0).unwrap_or_default()),
    }
}

/// Whether a device of this name may stand on others: device mapper, RAID, bcache.
pub fn may_be_stacked(name: &str) -> bool {
    ["dm-", "md", "bcache"].iter().any(|kind| name.starts_with(kind))
}

/// Of these the whole devices: a partition's work is counted in its disk already.
pub fn whole(devices: Vec<(&str, Work)>) -> impl Iterator<Item = (&str, Work)> {
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
