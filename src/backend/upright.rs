//! Programs that a launcher let stand: started, seen to be ready, and kept until the launcher ends.
//!
//! Their streams stay open, so that none of them is ended by a write. One that does not become ready
//! is killed with whatever it had started by then. Each keeps a few descriptors of ours, so the bound
//! of open files is raised as far as it may be.

use std::fs;
use std::os::fd::BorrowedFd;

use rustix::process::{Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions};

use super::measure::{self, Held};
use super::wire::{Launch, Report};

/// What stands.
#[derive(Default)]
pub(super) struct Upright {
    held: Vec<Held>,
}

impl Upright {
    /// Starts what `launch` names and waits until it is ready; what became of it.
    pub(super) fn raise(&mut self, launch: &Launch, lifeline: BorrowedFd<'_>) -> Report {
        if self.held.is_empty() {
            widen();
        }
        let (report, held) = measure::stand(launch, lifeline);
        self.held.extend(held);
        report
    }
}

/// Raises the bound of open files.
fn widen() {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    // If it is refused, fewer can stand, and the one that cannot says so.
    let wider = Rlimit { current: limit.maximum, maximum: limit.maximum };
    rustix::process::setrlimit(Resource::Nofile, wider).ok();
}

/// All that `pid` started and that lives, as far as it is told: children before their parents.
pub(super) fn family(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let children: Vec<u32> = lists
        .flat_map(|list| list.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|pid| pid.parse().ok())
        .collect();
    children.into_iter().flat_map(|child| [family(child), vec![child]].concat()).collect()
}

/// Kills `family`, whose first parent is gone, and takes their end.
pub(super) fn disperse(family: &[u32]) {
    for pid in family.iter().filter_map(|pid| Pid::from_raw(i32::try_from(*pid).ok()?)) {
        // Ignored: it may have ended with its parent. It is ours by now, or the run's sweep has it.
        rustix::process::kill_process(pid, Signal::KILL).ok();
        rustix::process::waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOHANG)
            .ok();
    }
}
