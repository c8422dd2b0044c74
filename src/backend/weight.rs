//! The memory of processes, as the kernel tells it: proportional set sizes, and of a machine's
//! memory what was touched.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::audit::{self, Scope};
use super::docker;
use super::settings::CampSettings;
use crate::model::id::RunId;
use crate::model::unit::Bytes;

/// Longest name of an engine's own process beside a container.
const SHIM: &str = "containerd-shim";

/// What stands in one lot.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    /// The lot's name.
    pub lot: String,
    /// The process of its launcher.
    pub launcher: Option<u32>,
    /// A process of each program.
    pub pids: Vec<u32>,
    /// Isolates, in one process.
    pub hosted: u32,
    /// Memory of each guest.
    pub guest: Option<u64>,
}

/// What was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Weight {
    /// How many stand.
    pub count: u32,
    /// Bytes of all processes but for guests' memory; `None` where that cannot be told.
    pub own: Option<u64>,
    /// Bytes of guests' memory that were touched; `None` where there are no guests, or where that
    /// cannot be told.
    pub guests: Option<u64>,
}

/// Weighs what stands in `rows`.
pub(super) fn weigh(settings: &CampSettings, run: &RunId, rows: &[Row]) -> Weight {
    let all: Vec<Weight> = rows.iter().map(|row| weigh_row(settings, run, row)).collect();
    let sum = |of: fn(&Weight) -> Option<u64>| {
        let standing = || all.iter().filter(|weight| weight.count > 0);
        standing().next()?;
        standing().map(of).sum::<Option<u64>>()
    };
    let count = all.iter().map(|weight| weight.count).sum();
    Weight { count, own: sum(|weight| weight.own), guests: sum(|weight| weight.guests) }
}

fn weigh_row(settings: &CampSettings, run: &RunId, row: &Row) -> Weight {
    let proc = &settings.roots.proc;
    let mut found = audit::processes(settings, Scope { run, lot: Some(&row.lot) });
    found.retain(|pid| Some(*pid) != row.launcher && !is_dead(proc, *pid));
    let alive: BTreeSet<u32> = found.iter().copied().collect();
    let programs = row.pids.iter().filter(|pid| alive.contains(pid)).count();
    let isolates = if alive.is_empty() { 0 } else { row.hosted };
    let count = u32::try_from(programs).unwrap_or(u32::MAX).saturating_add(isolates);
    let drivers = found.len();
    found.retain(|pid| !is_driver(proc, *pid));
    if drivers > found.len() {
        found.extend(shims(proc, &found));
    }
    let enough = found.len() >= programs && (row.hosted == 0 || !found.is_empty());
    let each = || found.iter().map(|pid| proc.join(pid.to_string()));
    let all = each().map(|dir| rollup(&dir)).sum::<Option<u64>>().filter(|_| enough);
    let guests = row.guest.and_then(|size| {
        let found: Vec<u64> = each().filter_map(|dir| guest(&dir, size)).collect();
        (found.len() >= programs).then(|| found.iter().sum())
    });
    // A guest's memory that cannot be told apart is in what is found.
    let own = all.filter(|_| row.guest.is_none() || guests.is_some());
    Weight { count, own: own.map(|all| all.saturating_sub(guests.unwrap_or(0))), guests }
}

/// Memory available now.
pub(super) fn available(settings: &CampSettings) -> Option<Bytes> {
    let text = fs::read_to_string(settings.roots.proc.join("meminfo")).ok()?;
    kibibytes(text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?).map(Bytes)
}

/// The bytes of `  12 kB`.
fn kibibytes(field: &str) -> Option<u64> {
    let number: u64 = field.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    number.checked_mul(1 << 10)
}

/// Proportional set size of the process in `dir`; 0 if it has ended meanwhile.
fn rollup(dir: &Path) -> Option<u64> {
    let Ok(text) = fs::read_to_string(dir.join("smaps_rollup")) else {
        return (!dir.exists()).then_some(0);
    };
    kibibytes(text.lines().find_map(|line| line.strip_prefix("Pss:"))?)
}

/// What is touched of a guest's memory of `size` bytes in the process in `dir`; `None` if it has no
/// such mapping.
fn guest(dir: &Path, size: u64) -> Option<u64> {
    let text = fs::read_to_string(dir.join("smaps")).ok()?;
    mappings(&text).filter(|found| found.0 >= size).min_by_key(|found| found.0).map(|found| found.1)
}

/// Size and proportional set size of each mapping in `smaps` that can be written.
fn mappings(smaps: &str) -> impl Iterator<Item = (u64, u64)> {
    let mut lines = smaps.lines();
    let (mut writable, mut size) = (false, 0);
    std::iter::from_fn(move || {
        loop {
            let line = lines.next()?;
            if let Some(field) = line.strip_prefix("Size:") {
                size = kibibytes(field).unwrap_or(0);
            } else if let Some(field) = line.strip_prefix("Pss:") {
                if writable {
                    return Some((size, kibibytes(field).unwrap_or(0)));
                }
            } else if let Some((range, rest)) = line.split_once(' ')
                && !range.ends_with(':')
            {
                writable = rest.starts_with("rw");
            }
        }
    })
}

/// Whether it has ended and was not waited for.
fn is_dead(proc: &Path, pid: u32) -> bool {
    super::identity::start_of(proc, pid).is_none()
}

/// Whether it is isomon as it drives an engine.
fn is_driver(proc: &Path, pid: u32) -> bool {
    let line = fs::read(proc.join(pid.to_string()).join("cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).nth(1) == Some(docker::NAME.as_bytes())
}

/// Of the parents of `pids` those that an engine keeps beside each container.
fn shims(proc: &Path, pids: &[u32]) -> BTreeSet<u32> {
    let parent = |pid: &u32| {
        let text = fs::read_to_string(proc.join(pid.to_string()).join("status")).ok()?;
        text.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse::<u32>().ok()
    };
    let is_shim = |pid: &u32| {
        let name = fs::read_to_string(proc.join(pid.to_string()).join("comm")).unwrap_or_default();
        // The kernel keeps 15 letters of a name.
        SHIM.starts_with(name.trim()) && !name.trim().is_empty()
    };
    let parents = pids.iter().filter_map(parent);
    parents.filter(|pid| is_shim(pid) && !pids.contains(pid)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMAPS: &str = "\
7f0000000000-7f0008000000 rw-p 00000000 00:00 0
Size:             131072 kB
Rss:                 140 kB
Pss:                 132 kB
Pss_Dirty:           132 kB
VmFlags: rd wr mr mw me ac
7f0010000000-7f0020000000 ---p 00000000 00:00 0
Size:             131080 kB
Pss:                   0 kB
7f0030000000-7f0050000000 rw-p 00000000 00:00 0  [heap]
Size:             524288 kB
Pss:                   8 kB
";

    #[test]
    fn a_guests_memory_is_the_mapping_that_is_just_large_enough() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("smaps"), SMAPS).unwrap();
        assert_eq!(guest(dir.path(), 128 << 20), Some(132 << 10));
        assert_eq!(guest(dir.path(), 129 << 20), Some(8 << 10));
        assert_eq!(guest(dir.path(), 1 << 40), None);
        assert_eq!(guest(&dir.path().join("none"), 1), None);
    }

    #[test]
    fn a_size_is_told_or_absent() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(rollup(&dir.path().join("gone")), Some(0));
        assert_eq!(rollup(dir.path()), None, "it may not be read");
        fs::write(dir.path().join("smaps_rollup"), "5-7 ---p 0 00:00 0 [rollup]\nPss:  77 kB\n")
            .unwrap();
        assert_eq!(rollup(dir.path()), Some(77 << 10));
    }

    #[test]
    fn nothing_stands_in_no_memory_that_is_known() {
        let settings = CampSettings::of_state("/nowhere".into());
        let run = RunId::new(0, 1);
        let row = Row { lot: "no-such".into(), hosted: 3, ..Row::default() };
        assert_eq!(weigh(&settings, &run, &[row]), Weight::default());
    }
}
