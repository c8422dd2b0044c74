//! Whether there is room for sandboxes, before the first of them is started.
//!
//! The rule. Memory: what the kernel says is available, less a reserve of a twentieth of it and at
//! least 256 MiB, must hold what all of them are likely to use together: of each its launcher, what
//! its backend takes by itself, and its work: what one of our kernels is known to touch, of other
//! work a sixteenth of its limit. Limits may promise more than there is; each still holds by itself.
//! Processes and open files: what each takes must be free in the kernel, in the control groups above
//! us and in this process, with a little to spare. What cannot be read bounds nothing.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Resource, Rlimit};

use super::cgroup::Hierarchy;
use super::settings::CampSettings;
use super::trial::{Task, Work};
use super::{Error, kind};
use crate::model::backend::{BackendId, Class};
use crate::model::bench::{Limits, Payload};
use crate::model::root::Roots;
use crate::model::unit::Bytes;

/// Memory that stays free, at least.
const RESERVE: u64 = 256 << 20;
/// Processes and threads that stay free.
const SPARE_PIDS: u64 = 64;
/// Open files of this process that stay free.
const SPARE_FILES: u64 = 64;
/// Of a limit, what work that is not ours is taken to use.
const SHARE: u64 = 16;
/// Memory of a guest with Linux in it, beside its work.
const LINUX: u64 = 192 << 20;
/// Memory of a host with one isolate.
const HOST: u64 = 96 << 20;
/// Processes and threads of a host.
const HOST_PIDS: u64 = 16;
/// Open files that a lot costs this process: two pipes and the child's descriptor, and one to spare.
const LOT_FILES: u64 = 4;

/// What sandboxes take; or what there is, `None` where that is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Amount<T> {
    memory: T,
    pids: T,
    files: T,
}

/// What a sandbox of `id` is likely to take: by itself, and for `work` within `limits`.
fn need(id: BackendId, limits: &Limits, work: Option<Payload>) -> Amount<u64> {
    let mebibytes = |own: u64| own << 20;
    // Its launcher and its tools, as seen: their own pages, and their processes and threads.
    let (own, pids) = match id.class() {
        Class::None => (mebibytes(2), 3),
        Class::Runtime => (mebibytes(4), 1),
        Class::Namespaces => (mebibytes(3), 6),
        Class::Container => (mebibytes(12), 24),
        Class::UserKernel => (mebibytes(40), 64),
        Class::Emulator | Class::MicroVm => (mebibytes(32), 8),
    };
    let limit = limits.memory_bytes.0;
    let worked = match work {
        Some(Payload::Memory { mib }) => mebibytes(u64::from(mib)),
        Some(_) => mebibytes(1),
        None => limit / SHARE,
    };
    let hosted = kind::of(id).is_some_and(kind::Kind::is_host);
    let files = if hosted { 0 } else { LOT_FILES };
    Amount { memory: own + worked.min(limit), pids, files }
}

fn needs<'a>(tasks: impl Iterator<Item = &'a Task>) -> Amount<u64> {
    let each = tasks.map(|task| {
        let work = match task.work {
            Work::Payload(payload) => Some(payload),
            Work::Look | Work::Hold => Some(Payload::Noop),
            Work::Job(_) => None,
        };
        let linux = task.kernel.is_some() || matches!(task.work, Work::Job(_));
        let mut need = need(task.backend, &task.limits, work);
        if linux && task.backend.boots_linux() {
            need.memory += LINUX.min(task.limits.memory_bytes.0);
        }
        need
    });
    each.fold(Amount::default(), |sum, one| Amount {
        memory: sum.memory + one.memory,
        pids: sum.pids + one.pids,
        files: sum.files + one.files,
    })
}

/// Refuses `tasks` as a whole if there is no room for all of them at once.
pub(super) fn admit(settings: &CampSettings, tasks: &[Task]) -> Result<(), Error> {
    admit_need(settings, tasks.len(), needs(tasks.iter()))
}

/// The same for tasks that stand together in a few lots.
pub(super) fn admit_together(settings: &CampSettings, tasks: &[Task]) -> Result<(), Error> {
    admit_need(settings, tasks.len(), Amount { files: 0, ..needs(tasks.iter()) })
}

/// The same for `count` tasks like `like` in lots of their own, each with its own host if it has one.
pub(super) fn admit_apart(settings: &CampSettings, count: u32, like: &Task) -> Result<(), Error> {
    let mut need = needs(std::iter::repeat_n(like, count as usize));
    if kind::of(like.backend).is_some_and(kind::Kind::is_host) {
        let count = u64::from(count);
        need.memory += HOST * count;
        need.pids += HOST_PIDS * count;
        need.files += LOT_FILES * count;
    }
    admit_need(settings, count as usize, need)
}

fn admit_need(settings: &CampSettings, count: usize, need: Amount<u64>) -> Result<(), Error> {
    widen(need.files + SPARE_FILES);
    let room = room(&settings.roots);
    let memory = |bytes: u64| Bytes(bytes).to_string();
    let number = |number: u64| number.to_string();
    let lack = |name: &str, need: u64, room: Option<u64>, words: &dyn Fn(u64) -> String| {
        let room = room.filter(|room| *room < need)?;
        Some(format!("{name}: {} are needed and {} are free", words(need), words(room)))
    };
    let lacks = [
        lack("memory", need.memory, room.memory, &memory),
        lack("processes", need.pids, room.pids, &number),
        lack("open files", need.files, room.files, &number),
    ];
    match lacks.into_iter().flatten().collect::<Vec<_>>() {
        lacks if lacks.is_empty() => Ok(()),
        lacks => Err(Error::NoRoom { count, why: lacks.join("; ") }),
    }
}

/// Sandboxes of `id` that there is room for now, with work that is not ours in the limits of
/// `settings`; `None` where nothing that bounds them can be read.
pub(super) fn most(id: BackendId, settings: &CampSettings) -> Option<u32> {
    let (need, room) = (need(id, &settings.limits, None), room(&settings.roots));
    let rows = [
        (need.memory, room.memory),
        (need.pids, room.pids),
        // Files can be had up to the hard limit.
        (need.files, hard_files(&settings.roots)),
    ];
    let most = rows.into_iter().filter_map(|(need, room)| room?.checked_div(need)).min()?;
    u32::try_from(most).ok()
}

/// What is free now.
fn room(roots: &Roots) -> Amount<Option<u64>> {
    let soft = rustix::process::getrlimit(Resource::Nofile).current;
    Amount { memory: free_memory(roots), pids: free_pids(roots), files: free_files(roots, soft) }
}

fn free_memory(roots: &Roots) -> Option<u64> {
    let text = fs::read_to_string(roots.proc.join("meminfo")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    let available = kibibytes << 10;
    Some(available.saturating_sub((available / 20).max(RESERVE)))
}

/// The least of what the kernel and the groups above this process leave.
fn free_pids(roots: &Roots) -> Option<u64> {
    let kernel = ["pid_max", "threads-max"].into_iter().filter_map(|name| {
        number(&roots.proc.join("sys/kernel").join(name))?.checked_sub(threads(roots)?)
    });
    let groups = own_groups(roots).into_iter().filter_map(|group| {
        let most = number(&group.join("pids.max"))?;
        Some(most.saturating_sub(number(&group.join("pids.current"))?))
    });
    kernel.chain(groups).min().map(|free| free.saturating_sub(SPARE_PIDS))
}

/// Every thread of the machine: the second number of `1/523` in `loadavg`.
fn threads(roots: &Roots) -> Option<u64> {
    let text = fs::read_to_string(roots.proc.join("loadavg")).ok()?;
    text.split(' ').nth(3)?.split_once('/')?.1.parse().ok()
}

/// The control groups this process is in, and all above them.
fn own_groups(roots: &Roots) -> Vec<PathBuf> {
    let text = fs::read_to_string(roots.proc.join("self/cgroup")).unwrap_or_default();
    let hierarchies = Hierarchy::all(roots);
    let places = text.lines().filter_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (names, path) = rest.split_once(':')?;
        let is = |hierarchy: &&Hierarchy| match &hierarchy.controllers {
            None => names.is_empty(),
            Some(has) => {
                !names.is_empty() && names.split(',').all(|one| has.iter().any(|c| c == one))
            }
        };
        let hierarchy = hierarchies.iter().find(is)?;
        Some((hierarchy.at.clone(), hierarchy.at.join(path.trim_start_matches('/'))))
    });
    let chain = |(top, own): (PathBuf, PathBuf)| {
        let above: Vec<PathBuf> =
            own.ancestors().take_while(|dir| dir.starts_with(&top)).map(Path::to_owned).collect();
        above
    };
    places.flat_map(chain).collect()
}

fn free_files(roots: &Roots, limit: Option<u64>) -> Option<u64> {
    let open = fs::read_dir(roots.proc.join("self/fd")).ok()?.count() as u64;
    Some(limit?.saturating_sub(open + SPARE_FILES))
}

fn hard_files(roots: &Roots) -> Option<u64> {
    free_files(roots, rustix::process::getrlimit(Resource::Nofile).maximum)
}

/// Raises this process's own bound of open files, if it may, so that `more` can be opened.
fn widen(more: u64) {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let open = fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64);
    let wanted = (open + more).min(limit.maximum.unwrap_or(u64::MAX));
    if limit.current.is_some_and(|current| current < wanted) {
        let wider = Rlimit { current: Some(wanted), maximum: limit.maximum };
        // If it is refused, the room that is found is too little, and that is said.
        rustix::process::setrlimit(Resource::Nofile, wider).ok();
    }
}

fn number(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bench::Cell;

    fn machine(mebibytes: u64) -> (tempfile::TempDir, CampSettings) {
        let home = tempfile::tempdir().unwrap();
        let proc = home.path().join("proc");
        for dir in ["self/fd", "sys/kernel"] {
            fs::create_dir_all(proc.join(dir)).unwrap();
        }
        let put = |name: &str, text: &str| fs::write(proc.join(name), text).unwrap();
        put("meminfo", &format!("MemTotal: 1 kB\nMemAvailable:   {} kB\n", mebibytes << 10));
        put("loadavg", "0.1 0.2 0.3 1/1000 77\n");
        put("sys/kernel/pid_max", "4096\n");
        put("sys/kernel/threads-max", "9999\n");
        let mut settings = CampSettings::of_state(home.path().join("state"));
        settings.roots.proc = proc;
        (home, settings)
    }

    fn crowd(id: BackendId, payload: Payload, count: usize) -> Vec<Task> {
        vec![Task::of(Cell::cold(id, payload), 1, Limits::default()); count]
    }

    #[test]
    fn what_is_likely_used_counts_and_not_the_limits() {
        let (_home, settings) = machine(2048);
        // 200 limits of 128 MiB are 25 GiB.
        admit(&settings, &crowd(BackendId::Process, Payload::Noop, 200)).unwrap();
        let hungry = crowd(BackendId::Process, Payload::Memory { mib: 64 }, 200);
        let refused = admit(&settings, &hungry).unwrap_err().to_string();
        assert!(refused.starts_with("no room for 200 sandboxes at once: memory: "), "{refused}");
    }

    #[test]
    fn processes_run_out_too() {
        let (_home, settings) = machine(1 << 20);
        let refused = admit(&settings, &crowd(BackendId::GvisorPtrace, Payload::Noop, 60));
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("processes: 3840 are needed and 3032 are free"), "{refused}");
    }

    #[test]
    fn the_most_at_once_is_what_is_admitted() {
        let (_home, mut settings) = machine(4096);
        settings.limits.memory_bytes = Bytes(1 << 30);
        let most = most(BackendId::Process, &settings).unwrap() as usize;
        let room = room(&settings.roots);
        let each = need(BackendId::Process, &settings.limits, None);
        assert_eq!(most as u64, room.memory.unwrap() / each.memory);
    }

    #[test]
    fn what_cannot_be_read_bounds_nothing() {
        let mut settings = CampSettings::of_state("/nowhere".into());
        settings.roots = Roots { proc: "/nowhere".into(), sys: "/nowhere".into() };
        assert_eq!(most(BackendId::Process, &settings), None);
    }
}
