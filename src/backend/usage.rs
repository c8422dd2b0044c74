//! Reads what a run's control groups have used so far, whatever version keeps the count.

use std::fs;
use std::path::Path;

use crate::model::unit::Bytes;
use crate::model::usage::{Held, Usage};

/// What everything in `dirs`, one directory in each hierarchy, has used.
pub(super) fn read(dirs: &[&Path]) -> Usage {
    let first = |value: &dyn Fn(&Path) -> Option<u64>| dirs.iter().find_map(|dir| value(dir));
    let stall = |name: &str| first(&|dir| total(&dir.join(name)));
    Usage {
        cpu: first(&processor),
        cpu_stall: stall("cpu.pressure"),
        memory_stall: stall("memory.pressure"),
        io_stall: stall("io.pressure"),
    }
}

/// Memory that everything in `dirs` holds; `None` where no group counts it.
pub(super) fn held(dirs: &[&Path]) -> Option<Held> {
    let number =
        |dir: &Path, name: &str| fs::read_to_string(dir.join(name)).ok()?.trim().parse().ok();
    let of = |newer: &str, older: &str| {
        dirs.iter().find_map(|dir| number(dir, newer).or_else(|| number(dir, older))).map(Bytes)
    };
    let now = of("memory.current", "memory.usage_in_bytes")?;
    Some(Held { now, peak: of("memory.peak", "memory.max_usage_in_bytes") })
}

/// Version 2 counts microseconds in a file of several, version 1 nanoseconds in a file of one.
fn processor(dir: &Path) -> Option<u64> {
    let newer = || {
        let text = fs::read_to_string(dir.join("cpu.stat")).ok()?;
        text.lines().find_map(|line| line.strip_prefix("usage_usec "))?.trim().parse().ok()
    };
    let older = || {
        let text = fs::read_to_string(dir.join("cpuacct.usage")).ok()?;
        text.trim().parse::<u64>().ok().map(|nanoseconds| nanoseconds / 1_000)
    };
    newer().or_else(older)
}

/// The end of `some avg10=0.00 avg60=0.00 avg300=0.00 total=5`.
fn total(file: &Path) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let some = text.lines().find(|line| line.starts_with("some "))?;
    some.rsplit_once("total=")?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_is_read_where_it_counts() {
        let home = tempfile::tempdir().unwrap();
        let dirs = ["older", "newer"].map(|name| home.path().join(name));
        let put = |at: &Path, text: &str| {
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            fs::write(at, text).unwrap();
        };
        let [older, newer] = [dirs[0].as_path(), dirs[1].as_path()];
        assert_eq!(read(&[older, newer]), Usage::default());
        // The same name, another content.
        put(&older.join("cpu.stat"), "nr_periods 0\nnr_throttled 0\n");
        put(&older.join("cpuacct.usage"), "7000999\n");
        assert_eq!(read(&[older, newer]).cpu, Some(7_000));
        put(&newer.join("cpu.stat"), "usage_usec 12\nuser_usec 10\n");
        put(&newer.join("io.pressure"), "some avg10=0.00 total=5\nfull avg10=0.00 total=3\n");
        let found = read(&[newer, older]);
        assert_eq!((found.cpu, found.io_stall, found.cpu_stall), (Some(12), Some(5), None));
    }
}
