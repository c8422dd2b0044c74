//! Each layout of control groups that a machine may have: version 1 alone, version 2 alone, none.
//! Made out of this machine's own in a private mount namespace.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "live/ground.rs"]
mod live;

use std::path::Path;
use std::process::Command;

use isomon::backend::{Camp, Launch, Task, audit};
use isomon::model::backend::{BackendId, Readiness};
use isomon::model::bench::{Cell, Failure, Limits, Outcome, Payload};
use isomon::model::unit::Seconds;

use live::{Ground, id, must_be_live};

/// Runs the other half where `prepare`, a line of shell, has changed the mounts.
fn with_layout(prepare: &str) {
    let root = rustix::process::geteuid().is_root();
    if !root || !Path::new("/usr/bin/unshare").exists() {
        println!("skipped: needs root and unshare");
        assert!(!must_be_live());
        return;
    }
    let again = format!("{prepare} && exec \"$0\" --exact a_camp --ignored --nocapture");
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &again]).arg(std::env::current_exe().unwrap());
    assert!(command.status().unwrap().success(), "{prepare}");
}

#[test]
fn version_1_alone() {
    with_layout("{ ! mountpoint -q /sys/fs/cgroup/unified || umount /sys/fs/cgroup/unified; }");
}

#[test]
fn version_2_alone() {
    with_layout("umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup");
}

#[test]
fn no_control_groups() {
    with_layout("umount -R /sys/fs/cgroup");
}

#[tokio::test]
#[ignore = "runs only in the layouts of the tests above"]
async fn a_camp() {
    let mut ground = Ground::new();
    let plain = [BackendId::Process, BackendId::Namespaces];
    for status in ground.check(&plain).await {
        println!("{}: {:?} {:?}", status.id, status.readiness, status.traits);
        let all = status.traits.memory_limit && status.traits.cpu_limit && status.traits.pids_limit;
        assert_eq!(status.readiness == Readiness::Ready, all);
        assert!(status.readiness.runs());
    }
    ground.fake("bwrap", "#!/bin/sh\n(setsid sleep 1000 &)\ntrap '' TERM\nsetsid sleep 1000\n");
    let id = id();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let limits = Limits { timeout_seconds: Seconds(0.3), ..Limits::default() };
    let task = Task::of(Cell::cold(BackendId::Bubblewrap, Payload::Noop), 5, limits);
    let trial = camp.launch(&task).await.unwrap();
    assert!(matches!(trial.outcome, Outcome::Failed { kind: Failure::Timeout, .. }), "{trial:?}");
    let swept = camp.close().await.unwrap();
    assert_eq!((swept.found, swept.left), (vec![], vec![]));
    assert_eq!(audit(&ground.settings, &id), []);
}
