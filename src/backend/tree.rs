//! Trees of control groups: who is in them, killing them, removing them.
//!
//! A list of processes is old as soon as it is read, so each is held by a descriptor and looked up
//! again before it is killed, and the list is read until it is empty.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::identity;
use super::residue::pause;

/// Kills everything in and below `dirs`; true when they are empty.
pub(super) fn kill(dirs: &[PathBuf], within: Duration) -> bool {
    let began = Instant::now();
    loop {
        for dir in dirs {
            strike(dir);
        }
        let pids = members(dirs);
        if pids.is_empty() {
            return true;
        }
        for pid in pids {
            identity::kill_if(pid, || members(dirs).contains(&pid));
        }
        if began.elapsed() >= within {
            return members(dirs).is_empty();
        }
        pause(Duration::from_millis(2), None);
    }
}

/// Kills at once what version 2 holds, and thaws what version 1 froze, which else would not die: a
/// runtime freezes its container now and then, and may be killed just then. Each file exists in some
/// hierarchies only.
fn strike(dir: &Path) {
    write_existing(&dir.join("cgroup.kill"), "1");
    for group in below(dir) {
        write_existing(&group.join("freezer.state"), "THAWED");
    }
}

fn write_existing(file: &Path, value: &str) {
    if file.exists() {
        // Ignored: what stays alive is seen by the loop that follows.
        fs::write(file, value).ok();
    }
}

/// Removes `dirs` and all groups below them; those that are left.
pub(super) fn remove(dirs: &[PathBuf], within: Duration) -> Vec<PathBuf> {
    let began = Instant::now();
    loop {
        for dir in dirs.iter().flat_map(|dir| below(dir)) {
            fs::remove_dir(dir).ok();
        }
        let left: Vec<PathBuf> = dirs.iter().filter(|dir| dir.exists()).cloned().collect();
        if left.is_empty() || began.elapsed() >= within {
            remove_tops(dirs);
            return left;
        }
        pause(Duration::from_millis(5), None);
    }
}

/// Removes the directories above `dirs` when it was the last run's. Another run that has a group below
/// one of them may be about to get one below the next, which a runtime makes step by step.
fn remove_tops(dirs: &[PathBuf]) {
    let tops: Vec<&Path> = dirs.iter().filter_map(|dir| dir.parent()).collect();
    if tops.iter().all(|top| below(top).len() <= 1) {
        for top in tops {
            fs::remove_dir(top).ok();
        }
    }
}

/// The processes in and below `dirs`.
fn members(dirs: &[PathBuf]) -> Vec<u32> {
    let lists = dirs
        .iter()
        .flat_map(|dir| below(dir))
        .map(|dir| fs::read_to_string(dir.join("cgroup.procs")).unwrap_or_default());
    let mut pids: Vec<u32> = lists
        .flat_map(|list| list.lines().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .filter(|pid| *pid != std::process::id())
        .collect();
    pids.sort_unstable();
    pids.dedup();
    pids
}

/// `dir` and what is below it, deepest first.
fn below(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    let inner = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut all: Vec<PathBuf> = inner.flat_map(|entry| below(&entry.path())).collect();
    all.push(dir.to_owned());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_above_stays_while_another_run_has_a_group_anywhere() {
        let root = tempfile::tempdir().unwrap();
        let of = |run: &str| {
            ["memory", "devices"].map(|tree| root.path().join(tree).join("isomon").join(run))
        };
        let (first, second) = (of("1"), of("2"));
        for dir in first.iter().chain([&second[0]]) {
            fs::create_dir_all(dir.join("main")).unwrap();
        }
        assert_eq!(remove(&first, Duration::ZERO), Vec::<PathBuf>::new());
        assert!(first[1].parent().unwrap().is_dir(), "the other may get one here");
        assert_eq!(remove(&second, Duration::ZERO), Vec::<PathBuf>::new());
        assert!(of("1").iter().all(|dir| !dir.parent().unwrap().exists()));
    }
}
