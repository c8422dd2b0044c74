//! Control groups: where they are, and one run's group in each hierarchy.
//!
//! A machine may have version 2 alone, version 1 alone, or both ("hybrid": limits in version 1, one
//! tree of version 2 beside them, which can kill). A run gets `isomon/<run>` wherever it may write,
//! and below it one group for each of its lots: limits stand on those, and below them are `box`, with
//! a launcher and what it starts, and the groups that container runtimes make. Where nothing can be
//! written, a run goes on without.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{tree, usage};
use crate::model::bench::Limits;
use crate::model::id::RunId;
use crate::model::root::Roots;
use crate::model::usage::{Held, Usage};

/// The directory above every run's.
pub(super) const TOP: &str = "isomon";
/// Scheduling period of a processor limit, in microseconds; the kernel's own default.
const PERIOD_US: u64 = 100_000;
/// Version 1 controllers that limit.
const LIMITING: [&str; 3] = ["memory", "pids", "cpu"];

/// One mounted tree of control groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hierarchy {
    /// Where it is mounted.
    pub at: PathBuf,
    /// Its version 1 controllers; `None` for version 2.
    pub controllers: Option<Vec<String>>,
}

impl Hierarchy {
    /// Every hierarchy in `mountinfo`.
    pub(super) fn all(roots: &Roots) -> Vec<Self> {
        let mounts = fs::read_to_string(roots.proc.join("self/mountinfo")).unwrap_or_default();
        mounts.lines().filter_map(Self::parse).collect()
    }

    fn parse(line: &str) -> Option<Self> {
        let (mount, filesystem) = line.split_once(" - ")?;
        let at = PathBuf::from(mount.split(' ').nth(4)?);
        let mut fields = filesystem.split(' ');
        let controllers = match fields.next()? {
            "cgroup2" => None,
            "cgroup" => Some(fields.nth(1)?.split(',').map(str::to_owned).collect()),
            _ => return None,
        };
        Some(Self { at, controllers })
    }

    /// Whether a run wants a group in it: to kill by, or to limit by.
    fn is_wanted(&self) -> bool {
        self.controllers
            .as_ref()
            .is_none_or(|has| has.iter().any(|controller| LIMITING.contains(&controller.as_str())))
    }
}

/// Whether version 2 stands beside version 1, and where.
pub(super) fn hybrid(roots: &Roots) -> Option<PathBuf> {
    let all = Hierarchy::all(roots);
    let older = all.iter().any(|hierarchy| hierarchy.controllers.is_some());
    let newer = all.into_iter().find(|hierarchy| hierarchy.controllers.is_none());
    newer.filter(|_| older).map(|hierarchy| hierarchy.at)
}

/// Which limits are in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Enforced {
    /// Memory.
    pub memory: bool,
    /// Processor time.
    pub cpu: bool,
    /// Processes.
    pub pids: bool,
}

/// Counters of memory trouble; both only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Memory {
    /// Processes killed.
    pub kills: u64,
    /// Times the limit was hit.
    pub hits: u64,
}

/// A run's directories, one in each hierarchy it may write to; none where it may write nowhere.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    /// `…/isomon/<run>`, with whether it is version 2.
    dirs: Vec<(PathBuf, bool)>,
}

impl Group {
    /// The directories a run called `id` would have: in each wanted hierarchy, below its root or
    /// else below our own group in it.
    pub(super) fn places(roots: &Roots, id: &RunId) -> Vec<PathBuf> {
        let own = own_group(roots);
        let wanted = Hierarchy::all(roots).into_iter().filter(Hierarchy::is_wanted);
        let writable = |hierarchy: Hierarchy| {
            let below = hierarchy.controllers.is_none().then_some(own.as_deref()).flatten();
            let ours = below.map(|own| hierarchy.at.join(own));
            [Some(hierarchy.at), ours].into_iter().flatten().find(|dir| may_write(dir))
        };
        let named = |dir: PathBuf| dir.join(TOP).join(id.as_str());
        wanted.filter_map(writable).map(named).collect()
    }

    /// Makes `places`; a place that refuses is left out.
    pub(super) fn open(places: &[PathBuf]) -> Self {
        let made = places.iter().filter_map(|dir| {
            let newer = fs::metadata(dir.parent()?.parent()?.join("cgroup.controllers")).is_ok();
            make(dir).ok()?;
            if newer {
                delegate(dir);
            }
            Some((dir.clone(), newer))
        });
        Self { dirs: made.collect() }
    }

    /// Makes the groups of the lot called `name`, with the `box` in each.
    pub(super) fn lot(&self, name: &str) -> Self {
        let made = self.dirs.iter().filter_map(|(dir, newer)| {
            let dir = dir.join(name);
            make(&dir.join("box")).ok()?;
            Some((dir, *newer))
        });
        Self { dirs: made.collect() }
    }

    /// Whether there is none at all.
    pub(super) const fn is_empty(&self) -> bool {
        self.dirs.is_empty()
    }

    /// Where the launcher goes.
    pub(super) fn boxes(&self) -> Vec<PathBuf> {
        self.dirs.iter().map(|(dir, _)| dir.join("box")).collect()
    }

    /// Bounds everything in it; which bounds the kernel took.
    pub(super) fn limit(&self, limits: &Limits) -> Enforced {
        let memory = limits.memory_bytes.0.to_string();
        // Finite and small: clamped before the cast.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let quota = (limits.cpus.clamp(0.01, 1e6) * PERIOD_US as f64) as u64;
        let newer = [
            self.write("memory.max", &memory),
            self.write("pids.max", &limits.pids.to_string()),
            self.write("cpu.max", &format!("{quota} {PERIOD_US}")),
        ];
        self.write("memory.swap.max", "0");
        // Memory with swap may not be below memory, so it is written before a rise and after a fall;
        // and it is a little above, because only a hit on memory alone is counted.
        let with_swap = limits.memory_bytes.0.saturating_add(1 << 20).to_string();
        self.write("memory.memsw.limit_in_bytes", &with_swap);
        let older = [
            self.write("memory.limit_in_bytes", &memory),
            self.write("cpu.cfs_quota_us", &quota.to_string()),
        ];
        self.write("memory.memsw.limit_in_bytes", &with_swap);
        Enforced { memory: newer[0] || older[0], pids: newer[1], cpu: newer[2] || older[1] }
    }

    /// Writes `value` to the file called `name` where there is one; whether one took it.
    fn write(&self, name: &str, value: &str) -> bool {
        self.dirs.iter().any(|(dir, _)| {
            let file = dir.join(name);
            file.exists() && fs::write(file, value).is_ok()
        })
    }

    /// How often the kernel killed for want of memory, and how often the limit was hit. Version 1
    /// counts a kill in the victim's own group alone, which its runtime may have removed; then a hit
    /// together with a violent end is what is left to tell by.
    pub(super) fn memory(&self) -> Memory {
        let places = self.dirs.iter().flat_map(|(dir, _)| [dir.clone(), dir.join("box")]);
        let kills =
            places.flat_map(|dir| [dir.join("memory.events"), dir.join("memory.oom_control")]);
        let hits = self.dirs.iter().map(|(dir, _)| dir.join("memory.failcnt"));
        Memory {
            kills: kills.filter_map(|file| field(&file, "oom_kill")).sum(),
            hits: hits.filter_map(|file| field(&file, "")).sum(),
        }
    }

    /// What everything in it has used so far; `None` without groups.
    pub(super) fn usage(&self) -> Option<Usage> {
        let dirs: Vec<&Path> = self.dirs.iter().map(|(dir, _)| dir.as_path()).collect();
        (!dirs.is_empty()).then(|| usage::read(&dirs))
    }

    /// Memory that everything in it holds; `None` where no group counts it.
    pub(super) fn held(&self) -> Option<Held> {
        let dirs: Vec<&Path> = self.dirs.iter().map(|(dir, _)| dir.as_path()).collect();
        usage::held(&dirs)
    }

    /// Its directories.
    pub(super) fn dirs(&self) -> Vec<PathBuf> {
        self.dirs.iter().map(|(dir, _)| dir.clone()).collect()
    }

    /// Kills everything in it; true when it is empty.
    pub(super) fn kill(&self, within: Duration) -> bool {
        tree::kill(&self.dirs(), within)
    }
}

/// The version 2 group this process is in, relative to its mount.
fn own_group(roots: &Roots) -> Option<String> {
    let text = fs::read_to_string(roots.proc.join("self/cgroup")).ok()?;
    let own = text.lines().find_map(|line| line.strip_prefix("0::/"))?;
    (!own.is_empty()).then(|| own.to_owned())
}

fn may_write(dir: &Path) -> bool {
    rustix::fs::access(dir, rustix::fs::Access::WRITE_OK).is_ok()
        && rustix::fs::statvfs(dir)
            .is_ok_and(|fs| !fs.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY))
}

/// Lets version 2 groups below the root, below `isomon` and below `dir` have limits. Each may be
/// refused, where version 1 holds that controller; then the limit is missing, which
/// [`Group::limit`] tells.
fn delegate(dir: &Path) {
    let Some(top) = dir.parent() else { return };
    for above in [top.parent(), Some(top), Some(dir)].into_iter().flatten() {
        if fs::create_dir_all(above).is_err() {
            return;
        }
        for controller in LIMITING {
            fs::write(above.join("cgroup.subtree_control"), format!("+{controller}")).ok();
        }
    }
}

/// Makes `dir`, again if another run's clean-up takes the empty parent away meanwhile.
fn make(dir: &Path) -> io::Result<()> {
    let mut made = fs::create_dir_all(dir);
    for _ in 0..5 {
        made = made.or_else(|_| fs::create_dir_all(dir));
    }
    made
}

/// The number after `key` in a file of `key number` lines; the first line for an empty key.
fn field(file: &Path, key: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let mut lines = text.lines().map(|line| line.rsplit_once(' ').unwrap_or(("", line)));
    lines.find(|(name, _)| *name == key)?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_told_from_mountinfo() {
        let older = "36 31 0:33 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct";
        let newer = "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw";
        assert_eq!(
            Hierarchy::parse(older).and_then(|found| found.controllers),
            Some(vec!["rw".to_owned(), "cpu".to_owned(), "cpuacct".to_owned()])
        );
        let found = Hierarchy::parse(newer).unwrap();
        assert_eq!(found.controllers, None);
        assert!(found.is_wanted());
        assert_eq!(Hierarchy::parse("23 1 8:1 / / rw - ext4 /dev/vda rw"), None);
        assert_eq!(Hierarchy::parse("garbage"), None);
    }

    #[test]
    fn counters_are_read_by_name_or_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x");
        fs::write(&file, "low 0\noom 3\noom_kill 2\n").unwrap();
        assert_eq!(field(&file, "oom_kill"), Some(2));
        fs::write(&file, "17\n").unwrap();
        assert_eq!(field(&file, ""), Some(17));
        assert_eq!(field(&dir.path().join("none"), ""), None);
    }
}
