//! Too few descriptors or processes for isomon itself: it ends by itself, and leaves nothing.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "live/ground.rs"]
mod live;
#[path = "live/oracle.rs"]
mod oracle;
#[path = "live/prey.rs"]
mod prey;

use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};

use prey::Prey;

const PLAN: &str = "process namespaces runc --payload noop --runs 2 --warmup 0";
/// Every start sweeps what dead runs left, so only one of these may go on at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// Does a small run through each of `ways`, until one has enough; whether one had.
fn squeeze(ways: impl Iterator<Item = Vec<String>>) -> bool {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (_sender, never) = channel();
    for way in ways {
        let words: Vec<&str> = way.iter().map(String::as_str).collect();
        let mut prey = Prey::through(&words, PLAN, &[]);
        let ended = prey.wait();
        assert!(matches!(ended.code(), Some(0..=2)), "{way:?}: {ended}");
        prey.assert_nothing_left(&never);
        prey.assert_readable();
        if ended.success() {
            println!("enough: {way:?}");
            return true;
        }
    }
    false
}

#[test]
fn few_descriptors() {
    let way = |files: u32| vec!["prlimit".to_owned(), format!("--nofile={files}:4096")];
    assert!(squeeze((4..64).step_by(2).map(way)));
}

/// A control group in which there may be few processes.
struct Narrow(PathBuf);

impl Narrow {
    fn make() -> Option<Self> {
        let trees = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"].map(Path::new);
        let tree = trees.into_iter().find(|tree| tree.exists())?;
        let dir = tree.join(format!("isomon-scarce-{}", std::process::id()));
        std::fs::create_dir(&dir).ok()?;
        let narrow = Self(dir);
        narrow.0.join("pids.max").exists().then_some(narrow)
    }
}

impl Drop for Narrow {
    fn drop(&mut self) {
        std::fs::remove_dir(&self.0).ok();
    }
}

#[test]
fn few_processes() {
    let Some(narrow) = Narrow::make() else {
        println!("skipped: no pids controller that we may write to");
        return;
    };
    let dir = narrow.0.display();
    let way = |most: u32| {
        let script =
            format!("echo {most} > {dir}/pids.max; echo $$ > {dir}/cgroup.procs; exec \"$@\"");
        vec!["sh".to_owned(), "-c".to_owned(), script, "sh".to_owned()]
    };
    assert!(squeeze((1..40).map(way)));
}
