//! Without root and without any control group: what runs, what it says it lacks, and that the belts
//! that remain hold.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "live/ground.rs"]
mod live;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use isomon::backend::{Camp, Launch, Task};
use isomon::model::backend::{BackendId, Readiness};
use isomon::model::bench::{Cell, Failure, Limits, Outcome, Payload};
use isomon::model::unit::Seconds;

use live::{Ground, exe, id, must_be_live};

/// The user of the second half.
const NOBODY: &str = "65534";

#[test]
fn nobody_can_benchmark() {
    let tool = Path::new("/usr/bin/setpriv");
    if !rustix::process::geteuid().is_root() || !tool.exists() {
        println!("skipped: needs root and setpriv");
        assert!(!must_be_live());
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let open = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(home.path(), open).unwrap();
    let copy = |from: &Path, name: &str| -> PathBuf {
        let to = home.path().join(name);
        std::fs::copy(from, &to).unwrap();
        to
    };
    let test = copy(&std::env::current_exe().unwrap(), "test");
    let isomon = copy(&exe(), "isomon");
    let user = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")];
    let mut command = Command::new(tool);
    command.args(user).args(["--clear-groups", "--bounding-set=-all", "--no-new-privs"]);
    command.arg(test).args(["--exact", "as_nobody", "--ignored", "--nocapture"]);
    command.env("ISOMON_TEST_EXE", isomon).env("TMPDIR", home.path()).current_dir("/");
    assert!(command.status().unwrap().success());
}

#[test]
fn nobody_can_run_the_program_and_is_told_what_is_not_enforced() {
    let tool = Path::new("/usr/bin/setpriv");
    if !rustix::process::geteuid().is_root() || !tool.exists() {
        println!("skipped: needs root and setpriv");
        assert!(!must_be_live());
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let open = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(home.path(), open).unwrap();
    let isomon = home.path().join("isomon");
    std::fs::copy(exe(), &isomon).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(tool);
        command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")]);
        command.args(["--clear-groups", "--bounding-set=-all", "--no-new-privs"]);
        command.arg(&isomon).args(arguments).current_dir("/").env_clear();
        command.env("PATH", "/usr/bin:/bin").env("HOME", home.path());
        command.env("TMPDIR", home.path()).output().unwrap()
    };
    let bench = run(&["bench", "process", "namespaces", "--payload", "noop", "--runs", "3"]);
    let said = String::from_utf8_lossy(&bench.stdout).into_owned();
    let aside = String::from_utf8_lossy(&bench.stderr);
    assert!(said.contains("process"), "{said}{aside}");
    assert!(aside.contains("not limited: memory, cpu, pids"), "{aside}");
    let doctor = run(&["doctor"]);
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(said.contains("not limited: memory, cpu, pids"), "{said}");
    let rest = std::fs::read_dir(home.path().join(format!("isomon-{NOBODY}/runs")));
    assert_eq!(rest.map_or(0, Iterator::count), 0, "something is left");
}

#[tokio::test]
#[ignore = "runs only as the other half of the test above"]
async fn as_nobody() {
    if std::env::var_os("ISOMON_TEST_EXE").is_none() {
        return;
    }
    assert!(!rustix::process::geteuid().is_root());
    let ground = Ground::new();
    let plain = [BackendId::Process, BackendId::Namespaces, BackendId::Bubblewrap];
    let known = ground.check(&plain).await;
    for status in &known {
        println!("{}: {:?}", status.id, status.readiness);
    }
    assert!(matches!(known[0].readiness, Readiness::Degraded { .. }), "{:?}", known[0]);
    assert!(!known[0].traits.memory_limit);
    let mut camp = Camp::open(&id(), &ground.settings).await.unwrap();
    let limits = Limits::default();
    for status in known.iter().filter(|status| status.readiness.runs()) {
        let task = Task::of(Cell::cold(status.id, Payload::Syscall { calls: 100 }), 5, limits);
        assert_eq!(camp.launch(&task).await.unwrap().outcome, Outcome::Good, "{}", status.id);
    }
    assert_eq!(camp.close().await.unwrap().left, []);
    without_groups_what_stays_is_killed().await;
}

async fn without_groups_what_stays_is_killed() {
    let mut ground = Ground::new();
    ground.fake("bwrap", "#!/bin/sh\n(setsid sleep 1000 &) \nsetsid sleep 1000\n");
    let mut camp = Camp::open(&id(), &ground.settings).await.unwrap();
    let limits = Limits { timeout_seconds: Seconds(0.3), ..Limits::default() };
    let task = Task::of(Cell::cold(BackendId::Bubblewrap, Payload::Noop), 5, limits);
    let trial = camp.launch(&task).await.unwrap();
    assert!(matches!(trial.outcome, Outcome::Failed { kind: Failure::Timeout, .. }), "{trial:?}");
    let swept = camp.close().await.unwrap();
    assert_eq!((swept.found, swept.left), (vec![], vec![]));
}
