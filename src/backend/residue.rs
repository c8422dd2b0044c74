//! What a sandbox leaves in its launcher's hands when it ends.
//!
//! The launcher is a sub-reaper, so whatever was started under it and lives is still its
//! descendant, whatever it did to its session or parent: no child left means nothing left. One
//! system call tells. It works without any control group.

use std::fs;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

/// Time in which the rest of a sandbox may end by itself.
pub(super) const GRACE: Duration = Duration::from_millis(250);
/// Time in which killed processes must be gone.
const DEATH: Duration = Duration::from_millis(500);

/// Waits up to `grace` until no child and none of `gone` is left (true); otherwise kills the
/// children (false).
pub(super) fn clear(grace: Duration, gone: &[PathBuf], lifeline: BorrowedFd<'_>) -> bool {
    let began = Instant::now();
    let mut nap = Duration::from_micros(20);
    while !(reap() && gone.iter().all(|path| fs::symlink_metadata(path).is_err())) {
        if began.elapsed() >= grace || pause(nap, Some(lifeline)) {
            kill_children();
            return false;
        }
        nap = (nap * 2).min(Duration::from_millis(2));
    }
    true
}

/// The same for whatever is there beside the process `host`, which is given no time: true where
/// nothing is.
pub(super) fn clear_beside(host: Option<Pid>, lifeline: BorrowedFd<'_>) -> bool {
    let Some(host) = host else {
        return clear(GRACE, &[], lifeline);
    };
    let others = || children().into_iter().filter(move |pid| *pid != host);
    let clean = others().next().is_none();
    let began = Instant::now();
    while others().next().is_some() && began.elapsed() < DEATH {
        for pid in others() {
            // Ignored: it may have ended meanwhile, and the wait tells.
            rustix::process::kill_process(pid, Signal::KILL).ok();
            let ended = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
            rustix::process::waitid(WaitId::Pid(pid), ended).ok();
        }
        pause(Duration::from_millis(1), None);
    }
    clean
}

/// Removes what was made for a sandbox alone; what is not there needs no removing, and what cannot
/// be removed is found by the run's audit.
pub(super) fn remove(paths: &[PathBuf]) {
    for path in paths {
        if fs::remove_file(path).is_err() {
            fs::remove_dir_all(path).ok();
        }
    }
}

/// Reaps every child that has ended; true if none is left.
fn reap() -> bool {
    loop {
        match rustix::process::waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOHANG) {
            Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
            Ok(None) => return false,
            Err(_) => return true,
        }
    }
}

/// Kills children, and theirs as they are handed to us, until none is left or time is up. A child
/// that was not waited for keeps its pid, so the right one is killed.
fn kill_children() {
    let began = Instant::now();
    while !reap() && began.elapsed() < DEATH {
        for pid in children() {
            // Ignored: it may have ended meanwhile, and the next round sees.
            rustix::process::kill_process(pid, Signal::KILL).ok();
        }
        pause(Duration::from_millis(1), None);
    }
}

fn children() -> Vec<Pid> {
    let listed = fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
    let pids = listed.split_ascii_whitespace().filter_map(|pid| pid.parse().ok());
    pids.filter_map(Pid::from_raw).collect()
}

/// Waits for `length`; true, at once, when the other end of `lifeline` has closed.
pub(super) fn pause(length: Duration, lifeline: Option<BorrowedFd<'_>>) -> bool {
    let timeout = Timespec::try_from(length).unwrap_or_default();
    let mut polled: Vec<PollFd<'_>> =
        lifeline.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::empty())).into_iter().collect();
    rustix::event::poll(&mut polled, Some(&timeout)).is_ok_and(|closed| closed > 0)
}
