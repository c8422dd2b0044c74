//! Kills the owner of a camp at random moments and looks whether anything of its run is left.
//!
//! `ISOMON_KILLS` says how often (10), `ISOMON_SEED` repeats a run. The owner is this program again,
//! in the test that is ignored unless it is told to be one. `kill_program.rs` does the same to the
//! real program.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "live/ground.rs"]
mod live;
#[path = "live/oracle.rs"]
mod oracle;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use isomon::backend::{Camp, Kind, Launch, Task, audit, gc};
use isomon::model::backend::BackendId;
use isomon::model::bench::{Cell, Limits, Payload};
use isomon::model::id::RunId;
use rand::Rng;

use live::{Ground, id};
use oracle::{Decoys, chance, kills, pass, remains, settle};

#[tokio::test]
#[ignore = "runs only as the victim of the other tests"]
async fn victim() {
    let Some(id) = std::env::var("ISOMON_VICTIM").ok().and_then(|id| RunId::parse(&id)) else {
        return;
    };
    let mut ground = Ground::new();
    ground.settings.state = std::env::var_os("ISOMON_STATE").unwrap().into();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let backends = [
        BackendId::Process,
        BackendId::Namespaces,
        BackendId::Bubblewrap,
        BackendId::Runc,
        BackendId::GvisorPtrace,
    ];
    for (nonce, backend) in (1..).zip(backends.into_iter().cycle()) {
        let payload = Payload::Cpu { rounds: 3_000_000 };
        let task = Task::of(Cell::cold(backend, payload), nonce, Limits::default());
        // A tool may be missing here; the others go on.
        drop(camp.launch(&task).await);
    }
}

fn start_victim(state: &Path, id: &RunId) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "victim", "--ignored", "--quiet"]);
    command.env("ISOMON_VICTIM", id.as_str()).env("ISOMON_STATE", state);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

#[test]
fn a_killed_owner_leaves_nothing() {
    let (_sender, never) = channel();
    let ground = Ground::new();
    let mut chance = chance();
    let mut longest = Duration::ZERO;
    for turn in 0..kills() {
        let id = id();
        let mut decoys = Decoys::near(&id);
        let mut victim = start_victim(&ground.settings.state, &id);
        pass(Duration::from_millis(chance.random_range(0..700)), &never);
        victim.kill().unwrap();
        victim.wait().unwrap();
        let (left, took) = settle(&ground.settings, &id, &never);
        longest = longest.max(took);
        assert_eq!(left, [], "kill {turn}");
        assert_eq!(gc(&ground.settings, false).unwrap(), []);
        assert_eq!(remains(&ground.settings, &id), []);
        decoys.assert_untouched();
    }
    println!("{} kills, longest sweep {longest:?}", kills());
}

#[test]
fn without_a_reaper_the_leak_is_seen_and_the_next_start_sweeps_it() {
    let (_sender, never) = channel();
    let ground = Ground::new();
    let id = id();
    let mut decoys = Decoys::near(&id);
    let mut victim = start_victim(&ground.settings.state, &id);
    let reaper = wait_for_reaper(&id, &never);
    pass(Duration::from_millis(200), &never);
    assert!(Command::new("kill").args(["-9", &reaper.to_string()]).status().unwrap().success());
    victim.kill().unwrap();
    victim.wait().unwrap();
    pass(Duration::from_millis(300), &never);
    let seen = audit(&ground.settings, &id);
    assert!(seen.iter().any(|one| one.kind == Kind::Directory), "the audit sees no leak: {seen:?}");
    let listed = gc(&ground.settings, true).unwrap();
    assert!(
        !listed.is_empty() && !audit(&ground.settings, &id).is_empty(),
        "a dry run changes nothing"
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let camp = Camp::open(&live::id(), &ground.settings).await.unwrap();
        assert_eq!(remains(&ground.settings, &id), []);
        assert_eq!(camp.close().await.unwrap().left, []);
    });
    decoys.assert_untouched();
}

fn wait_for_reaper(id: &RunId, never: &Receiver<()>) -> u32 {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(20) {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let mut pids =
            processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let is_reaper = |pid: &u32| {
            let said = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            said.contains("__reaper") && said.contains(id.as_str())
        };
        if let Some(pid) = pids.find(is_reaper) {
            return pid;
        }
        pass(Duration::from_millis(5), never);
    }
    panic!("no reaper came up");
}
