//! What dead runs leave is swept, what is not theirs is not touched, and a long life is flat.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "live/ground.rs"]
mod live;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use isomon::backend::{Camp, Error, Kind, Launch, Task, Work, audit, gc};
use isomon::model::backend::BackendId;
use isomon::model::bench::{Cell, Limits, Outcome, Payload};
use isomon::model::id::RunId;

use live::{Ground, id};

/// Puts the directory of a run there, with a journal of `lines`.
fn plant(ground: &Ground, id: &RunId, lines: &str) -> PathBuf {
    use std::os::unix::fs::DirBuilderExt;
    let runs = ground.settings.state.join("runs");
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&runs).unwrap();
    let place = runs.join(id.as_str());
    fs::create_dir(&place).unwrap();
    fs::write(place.join("journal"), lines).unwrap();
    place
}

fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap().trim().to_owned()
}

fn owner(boot: &str, pid: u32, start: u64) -> String {
    format!("{{\"intent\":\"owner\",\"boot\":\"{boot}\",\"pid\":{pid},\"start\":{start}}}\n")
}

/// A process that is killed when the test is over.
struct Sleeper(Child);

impl Sleeper {
    fn marked(id: Option<&RunId>) -> Self {
        let mut command = Command::new("sleep");
        let marked = id.map(|id| ("ISOMON_RUN", id.as_str()));
        let child = command.arg("1000").envs(marked).spawn().unwrap();
        // For an instant while it is executed, a program shows no environment.
        let environment = format!("/proc/{}/environ", child.id());
        while fs::read(&environment).unwrap().is_empty() {}
        Self(child)
    }

    fn lives(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn a_run_of_another_boot_is_forgotten_and_nothing_is_killed() {
    let (ground, id) = (Ground::new(), id());
    let mut bystander = Sleeper::marked(Some(&id));
    let place = plant(&ground, &id, &owner("another", bystander.0.id(), 1));
    gc(&ground.settings, false).unwrap();
    assert!(bystander.lives());
    assert!(!place.exists());
}

#[test]
fn a_pid_that_is_used_again_is_not_the_owner() {
    let (ground, id) = (Ground::new(), id());
    let mut bystander = Sleeper::marked(None);
    let mut left_behind = Sleeper::marked(Some(&id));
    plant(&ground, &id, &owner(&boot(), bystander.0.id(), 1));
    let seen = gc(&ground.settings, true).unwrap();
    assert!(seen.iter().any(|one| one.kind == Kind::Process), "{seen:?}");
    assert_eq!(gc(&ground.settings, false).unwrap(), []);
    assert!(bystander.lives());
    assert!(!left_behind.lives());
}

#[test]
fn a_damaged_journal_is_swept_as_far_as_it_goes() {
    for lines in ["", "\0\u{1}garbage\n", "{\"intent\":\"group\",\"path\":\"/etc\"}\n{\"inte"] {
        let (ground, id) = (Ground::new(), id());
        let place = plant(&ground, &id, lines);
        assert_eq!(gc(&ground.settings, false).unwrap(), [], "{lines:?}");
        assert!(!place.exists() && Path::new("/etc").exists());
    }
}

#[test]
fn what_only_looks_like_ours_stays() {
    let (ground, id) = (Ground::new(), id());
    let place = plant(&ground, &id, "");
    let precious = tempfile::tempdir().unwrap();
    fs::write(precious.path().join("file"), "x").unwrap();
    std::os::unix::fs::symlink(precious.path(), place.join("root")).unwrap();
    let foreign = ground.settings.state.join("runs/not-a-run");
    fs::create_dir(&foreign).unwrap();
    assert_eq!(gc(&ground.settings, false).unwrap(), []);
    assert!(precious.path().join("file").exists());
    assert!(foreign.exists());
}

#[tokio::test]
async fn a_start_over_what_cannot_be_removed_is_refused_and_names_it() {
    let (ground, dead) = (Ground::new(), id());
    let place = plant(&ground, &dead, "");
    let stuck = place.join("stuck");
    fs::write(&stuck, "").unwrap();
    let attribute = |flag: &str| {
        let changed = Command::new("chattr").arg(flag).arg(&stuck).output();
        changed.is_ok_and(|output| output.status.success())
    };
    if !attribute("+i") {
        println!("skipped: no file can be made immutable here");
        return;
    }
    let refused = Camp::open(&id(), &ground.settings).await;
    assert!(attribute("-i"));
    let Err(error @ Error::LeftOver { .. }) = refused else {
        panic!("{refused:?}");
    };
    assert!(error.to_string().contains(dead.as_str()), "{error}");
    let camp = Camp::open(&id(), &ground.settings).await.unwrap();
    assert_eq!(camp.close().await.unwrap().left, []);
}

#[tokio::test]
async fn a_task_that_is_given_up_halfway_leaves_nothing() {
    let (ground, id) = (Ground::new(), id());
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let limits = Limits::default();
    let endless = Payload::Cpu { rounds: u64::MAX };
    let task = Task::of(Cell::cold(BackendId::Namespaces, endless), 1, limits);
    for _ in 0..3 {
        let patience = std::time::Duration::from_millis(100);
        assert!(tokio::time::timeout(patience, camp.launch(&task)).await.is_err());
        let honest = Task { work: Work::Payload(Payload::Noop), ..task.clone() };
        assert_eq!(camp.launch(&honest).await.unwrap().outcome, Outcome::Good);
    }
    camp.close().await.unwrap();
    assert_eq!(audit(&ground.settings, &id), []);
}

#[tokio::test]
async fn hundreds_of_launches_leave_no_descriptor_thread_or_zombie() {
    let (ground, id) = (Ground::new(), id());
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let limits = Limits::default();
    let count = |what: &str| fs::read_dir(format!("/proc/self/{what}")).unwrap().count();
    let mut before = 0;
    for nonce in 0..300 {
        let task = Task::of(Cell::cold(BackendId::Process, Payload::Noop), nonce, limits);
        assert_eq!(camp.launch(&task).await.unwrap().outcome, Outcome::Good);
        if nonce == 10 {
            before = count("fd");
        }
    }
    // Other tests of this program open files meanwhile.
    assert!(count("fd") < before + 100, "{before} -> {}", count("fd"));
    let zombies = audit(&ground.settings, &id).into_iter().filter(|one| one.kind == Kind::Zombie);
    assert_eq!(zombies.count(), 0);
    camp.close().await.unwrap();
    assert_eq!(audit(&ground.settings, &id), []);
}
