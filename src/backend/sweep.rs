//! Clears up after a run, in an order that can be repeated: kill, tell the runtimes, unmount,
//! remove, and the journal last, so that a sweep that is cut short is done again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::mount::UnmountFlags;
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions};

use super::Error;
use super::audit::{self, Kind, LeftOver, Scope, audit};
use super::failpoint::{self, Point};
use super::identity::Identity;
use super::journal::Found;
use super::settings::CampSettings;
use super::{identity, residue, tree};
use crate::model::id::RunId;

mod owed;

pub use owed::write_off;
pub(super) use owed::{coming, settle_late};

/// Time for a run's processes to be gone after they were killed.
const DEATH: Duration = Duration::from_secs(2);
/// Time for a runtime to delete one container, all of whose processes are dead. runsc waits until
/// init has taken the last one away, which may be long; what it keeps is removed all the same.
const DELETE: Duration = Duration::from_secs(1);
/// Containers deleted at the same time.
const HANDS: usize = 8;
/// Time to wait for another sweep of the same run.
const PATIENCE: Duration = Duration::from_secs(8);

/// What a sweep did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sweep {
    /// Things that were still there when it began, the run's own directories not counted.
    pub found: Vec<LeftOver>,
    /// Things it could not remove.
    pub left: Vec<LeftOver>,
}

/// Whether a run's owner is at work: it lives, and holds its journal.
fn is_owned(settings: &CampSettings, id: &RunId) -> bool {
    let journal = Found::open(&audit::place(settings, id));
    journal.owner().is_some_and(|owner| owner.alive(&settings.roots)) && !journal.lock()
}

/// Sweeps run `id`, whose owner is known to have ended with it. Does nothing while someone else
/// holds its journal.
pub(super) fn sweep(settings: &CampSettings, id: &RunId) -> Sweep {
    let place = audit::place(settings, id);
    let journal = Found::open(&place);
    let began = Instant::now();
    while !journal.lock() {
        if began.elapsed() >= PATIENCE {
            return Sweep { found: Vec::new(), left: audit(settings, id) };
        }
        residue::pause(Duration::from_millis(5), None);
    }
    let stale = |one: &LeftOver| {
        !matches!(one.kind, Kind::Directory | Kind::Group | Kind::Zombie | Kind::Image)
    };
    let found = audit(settings, id).into_iter().filter(stale).collect();
    let this_boot = |owner: &Identity| owner.of_this_boot(&settings.roots);
    let ours = journal.owner().is_none_or(this_boot);
    if ours {
        end(settings, id, &journal);
        failpoint::reach(Point::Killed);
    }
    let in_engines = owed::settle(settings, id, &audit::engines(&journal));
    if ours {
        // Last, since an engine may have been in the middle of a start.
        tree::remove(&audit::groups(settings, id, &journal), DEATH);
    }
    reap(settings, Scope::whole(id));
    clear_place(settings, &place);
    let mut left = audit::audit_here(settings, id);
    left.extend(in_engines.unwrap_or_default());
    // A zombie that is not our child is its parent's, or init's, to take away.
    left.retain(|one| one.kind != Kind::Zombie);
    Sweep { found, left }
}

/// Kills and deletes what lives outside the run's directory.
fn end(settings: &CampSettings, id: &RunId, journal: &Found) {
    let groups = audit::groups(settings, id, journal);
    tree::kill(&groups, DEATH);
    kill_marked(settings, Scope::whole(id));
    forget(&audit::containers(journal));
}

/// Has runtimes forget `containers`, several at a time: each may take as long as [`DELETE`].
pub(super) fn forget(containers: &[(Vec<String>, PathBuf)]) {
    let each = |share: &[(Vec<String>, PathBuf)]| {
        for (tool, container) in share {
            delete(tool, container);
        }
    };
    std::thread::scope(|scope| {
        for share in containers.chunks(containers.len().div_ceil(HANDS).max(1)) {
            let alone = std::thread::Builder::new().spawn_scoped(scope, || each(share));
            // Where there is no room for a thread it takes longer.
            if alone.is_err() {
                each(share);
            }
        }
    });
}

/// Kills what carries the mark of `scope` and is in none of its groups. Looks twice: for an instant while
/// a program is executed, it shows no environment.
pub(super) fn kill_marked(settings: &CampSettings, scope: Scope<'_>) {
    let began = Instant::now();
    let mut quiet = 0;
    while quiet < 2 && began.elapsed() < DEATH {
        let proc = &settings.roots.proc;
        let marked = audit::processes(settings, scope);
        let started: Vec<(u32, u64)> = marked
            .into_iter()
            .filter_map(|pid| Some((pid, identity::start_of(proc, pid)?)))
            .collect();
        quiet = if started.is_empty() { quiet + 1 } else { 0 };
        for (pid, start) in started {
            identity::kill_if(pid, || {
                identity::start_of(proc, pid) == Some(start)
                    && audit::is_marked(settings, scope, pid)
            });
        }
        residue::pause(Duration::from_millis(2), None);
    }
}

/// Has a runtime forget `container`, then removes what it keeps of it all the same.
fn delete(tool: &[String], container: &Path) {
    let Some((program, options)) = tool.split_first() else {
        return;
    };
    // runsc names the files of a container `<name>_sandbox:<name>.…`.
    let file = container.file_name().unwrap_or_default().to_string_lossy();
    let name = file.split('_').next().unwrap_or_default();
    let mut command = Command::new(program);
    command.args(options).args(["delete", "--force"]).arg(name).env_clear();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    run(&mut command, DELETE);
    if container.is_dir() {
        fs::remove_dir_all(container).ok();
    } else {
        fs::remove_file(container).ok();
    }
}

/// Runs `command`, and kills it after `within`.
fn run(command: &mut Command, within: Duration) {
    let Ok(mut child) = command.spawn() else {
        return;
    };
    if let Ok(held) = rustix::process::pidfd_open(Pid::from_child(&child), PidfdFlags::empty()) {
        let timeout = Timespec::try_from(within).ok();
        let mut polled = [PollFd::new(&held, PollFlags::IN)];
        rustix::event::poll(&mut polled, timeout.as_ref()).ok();
    }
    child.kill().ok();
    child.wait().ok();
}

/// Unmounts and removes the run's directory, the journal last.
fn clear_place(settings: &CampSettings, place: &Path) {
    for point in audit::mounts(settings, place) {
        rustix::mount::unmount(&point, UnmountFlags::DETACH).ok();
    }
    if !audit::mounts(settings, place).is_empty() {
        return;
    }
    let mut entries: Vec<PathBuf> =
        fs::read_dir(place).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort_by_key(|path| path.ends_with("journal"));
    let removed = entries.iter().try_for_each(|path| match fs::symlink_metadata(path) {
        Ok(data) if data.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => Ok(()),
    });
    // What could not be removed is named by the audit that follows.
    removed.and_then(|()| fs::remove_dir(place)).ok();
}

/// The runs that have a directory, whoever owns them.
fn runs(settings: &CampSettings) -> Vec<RunId> {
    let entries = fs::read_dir(settings.state.join("runs")).into_iter().flatten().flatten();
    entries.filter_map(|entry| RunId::parse(entry.file_name().to_str()?)).collect()
}

/// What dead runs left behind; swept up unless `dry_run`, and then what could not be swept up.
/// Running ones are not touched.
pub fn gc(settings: &CampSettings, dry_run: bool) -> Result<Vec<LeftOver>, Error> {
    settings.check_state()?;
    let lock = settings.state.exists().then(|| settings.lock_state()).transpose()?;
    let left = sweep_dead(settings, dry_run).map(|mut left| {
        left.extend(owed::unsettled(settings, dry_run));
        left
    });
    drop(lock);
    left
}

/// The same, by a caller that holds the state directory's lock.
pub(super) fn sweep_dead(settings: &CampSettings, dry_run: bool) -> Result<Vec<LeftOver>, Error> {
    settings.check_state()?;
    let dead = runs(settings).into_iter().filter(|id| !is_owned(settings, id));
    let mut left: Vec<LeftOver> = dead
        .flat_map(|id| if dry_run { audit(settings, &id) } else { sweep(settings, &id).left })
        .collect();
    if !dry_run {
        left.extend(owed::settle_old(settings));
    }
    Ok(left)
}

/// Waits for what was handed to us by the death of its parents, so that no zombie stays.
pub(super) fn reap(settings: &CampSettings, scope: Scope<'_>) {
    let pids = children(&settings.roots.proc).map_or_else(
        || audit::processes(settings, scope),
        |pids| pids.into_iter().filter(|pid| audit::is_marked(settings, scope, *pid)).collect(),
    );
    for pid in pids {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // Refused for what is not our child.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
            rustix::process::waitid(WaitId::Pid(pid), options).ok();
        }
    }
}

/// The children of all our threads; `None` where the kernel does not tell.
fn children(proc: &Path) -> Option<Vec<u32>> {
    let mut all = Vec::new();
    for task in fs::read_dir(proc.join("self/task")).ok()?.flatten() {
        match fs::read_to_string(task.path().join("children")) {
            Ok(text) => {
                all.extend(text.split_ascii_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
            }
            // A thread that has just ended left its children to another; where the file is not known
            // at all, the first thread, which is here, has none either.
            Err(_) if task.path().exists() => return None,
            Err(_) => {}
        }
    }
    Some(all)
}
