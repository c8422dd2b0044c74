//! What disks do, from `/proc/diskstats`.
//!
//! Whole devices only: a partition's work is counted in its disk already. Loop, RAM and compressed
//! memory devices have no disk behind them. Stacked ones (`dm-0`, `md0`) are shown beside the disks
//! below them and marked, so that a sum over all devices can leave them out.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::kept::Kept;
use super::{Error, Probe};
use crate::model::node::Disk;
use crate::model::root::Roots;
use crate::procfs::counter::Counters;
use crate::procfs::disk::{disk, may_be_stacked, parse, whole};

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
                disk(name, is_stacked(&self.block, name), self.counters.rates(name, work))
            })
            .collect();
        self.counters.end();
        Ok(disks)
    }
}

/// A device mapper or RAID device stands on those in its `slaves`; one without any (`dm-0` of the
/// kind `zero`, or a machine that does not show them) has nothing below it to be counted twice.
fn is_stacked(block: &Path, name: &str) -> bool {
    let below = || std::fs::read_dir(block.join(name).join("slaves"));
    may_be_stacked(name) && below().is_ok_and(|mut below| below.next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stacked_device_has_others_below_it() {
        let block = tempfile::tempdir().unwrap();
        for path in ["dm-0/slaves/sda", "dm-1/slaves", "sda/slaves/odd", "md0/slaves/sdb"] {
            std::fs::create_dir_all(block.path().join(path)).unwrap();
        }
        let stacked = ["dm-0", "dm-1", "sda", "md0", "dm-9"].map(|n| is_stacked(block.path(), n));
        assert_eq!(stacked, [true, false, false, true, false]);
    }
}
