//! Kills the owner of a camp at each moment that has a name, and kills its reaper and launcher with
//! it: nothing is left, or the next start takes it away before all else.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "live/ground.rs"]
mod live;
#[path = "live/oracle.rs"]
mod oracle;
#[path = "live/trace.rs"]
mod trace;
#[path = "live/victim.rs"]
mod victim_play;

use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use isomon::backend::{Camp, Kind, audit, gc};
use isomon::model::backend::BackendId;
use isomon::model::id::RunId;
use rustix::process::{Pid, Signal, kill_process};

use live::Ground;
use oracle::{Decoys, pass, remains, settle};
use trace::{alive, pids_of, traces};
use victim_play::{Doing, Victim};

/// Longest that something that must happen is waited for.
const PATIENCE: Duration = Duration::from_mins(1);
/// Longest until the next start must have swept.
const SWEPT: Duration = Duration::from_secs(10);

#[tokio::test]
#[ignore = "runs only as the victim of the other tests"]
async fn victim() {
    victim_play::play().await;
}

/// Each moment, with a backend and a life in which it is reached.
const POINTS: [(&str, BackendId, Doing); 34] = [
    ("reaper", BackendId::Process, Doing::Long),
    ("journal", BackendId::Process, Doing::Long),
    ("noted", BackendId::Process, Doing::Long),
    ("group", BackendId::Process, Doing::Long),
    ("lot", BackendId::Process, Doing::Long),
    ("hello", BackendId::Process, Doing::Long),
    ("launcher", BackendId::Process, Doing::Long),
    ("crowd", BackendId::Process, Doing::Crowd(10)),
    ("crowd", BackendId::Process, Doing::Hands(5)),
    ("standing", BackendId::Runc, Doing::Stand(3)),
    ("standing", BackendId::Kvm, Doing::Stand(3)),
    ("standing", BackendId::Wasm, Doing::Stand(5)),
    ("runtime", BackendId::Runc, Doing::Long),
    ("runtime", BackendId::GvisorPtrace, Doing::Long),
    ("bundle", BackendId::Runc, Doing::Long),
    ("jail", BackendId::FirecrackerJailed, Doing::Long),
    ("shown", BackendId::FirecrackerJailed, Doing::Long),
    ("files", BackendId::Bubblewrap, Doing::Job),
    ("first", BackendId::Firecracker, Doing::Crowd(2)),
    ("ordered", BackendId::Process, Doing::Long),
    ("ordered", BackendId::Runc, Doing::Crowd(3)),
    ("ordered", BackendId::GvisorPtrace, Doing::Long),
    ("ordered", BackendId::QemuTcg, Doing::Long),
    ("ordered", BackendId::Wasm, Doing::Crowd(5)),
    ("ordered", BackendId::Deno, Doing::Long),
    ("told", BackendId::Runc, Doing::Job),
    ("told", BackendId::GvisorPtrace, Doing::Job),
    ("reported", BackendId::Wasm, Doing::Short),
    ("reported", BackendId::Deno, Doing::Short),
    ("renewed", BackendId::QemuTcg, Doing::Late),
    ("closing", BackendId::Wasm, Doing::Once),
    ("cleared", BackendId::GvisorPtrace, Doing::Once),
    ("killed", BackendId::Runc, Doing::Once),
    ("swept", BackendId::Wasm, Doing::Once),
];

/// Only debug builds can be made to die on wish.
#[cfg(debug_assertions)]
#[test]
fn an_end_at_any_point_of_any_kind_leaves_nothing() {
    end_at_each(1);
}

#[cfg(debug_assertions)]
#[test]
#[ignore = "half an hour"]
fn fifty_ends_at_each_point_leave_nothing() {
    end_at_each(50);
}

#[cfg(debug_assertions)]
fn end_at_each(times: u32) {
    use std::os::unix::process::ExitStatusExt as _;
    let (_sender, never) = channel();
    let ground = Ground::new();
    let ready = ready(&ground, &POINTS.map(|(_, backend, _)| backend));
    let mut longest = Duration::ZERO;
    for (point, backend, doing) in POINTS.into_iter().filter(|row| ready.contains(&row.1)) {
        for turn in 0..times {
            let state = &ground.settings.state;
            let mut victim = Victim::start(state, backend, doing, turn, Some(point));
            let mut decoys = Decoys::near(&victim.id);
            assert_eq!(victim.ended(PATIENCE).signal(), Some(9), "{point} of {backend}");
            longest = longest.max(assert_nothing_left(&ground, &victim.id, &decoys, &never));
            decoys.assert_untouched();
        }
    }
    println!("{} points, {times} times each, longest sweep {longest:?}", POINTS.len());
}

/// The backends of `wanted` that run here.
fn ready(ground: &Ground, wanted: &[BackendId]) -> Vec<BackendId> {
    let mut wanted = wanted.to_vec();
    wanted.sort();
    wanted.dedup();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let known = runtime.block_on(ground.check(&wanted));
    let runs = |id: &BackendId| known.iter().any(|one| one.id == *id && one.readiness.runs());
    let (ready, other): (Vec<_>, Vec<_>) = wanted.into_iter().partition(runs);
    for id in other {
        println!("skipped {id}");
        assert!(live::may_lack(id) || !live::must_be_live(), "{id} must be live");
    }
    ready
}

/// Waits for the sweep, which must leave nothing; how long it took.
fn assert_nothing_left(
    ground: &Ground,
    id: &RunId,
    decoys: &Decoys,
    never: &Receiver<()>,
) -> Duration {
    let (left, took) = settle(&ground.settings, id, never);
    assert_eq!(left, []);
    assert_eq!(gc(&ground.settings, false).unwrap(), []);
    let began = Instant::now();
    while !traces(id, &decoys.pids()).is_empty() {
        assert!(began.elapsed() < SWEPT, "{:#?}", traces(id, &decoys.pids()));
        pass(Duration::from_millis(5), never);
    }
    took
}

#[test]
fn without_a_reaper_a_process_is_seen_to_leak_and_the_next_start_sweeps_it() {
    orphan(BackendId::Process, "__payload", Doing::Crowd(3));
}

#[test]
fn without_a_reaper_a_machine_is_seen_to_leak_and_the_next_start_sweeps_it() {
    orphan(BackendId::QemuTcg, "qemu-system-x86_64", Doing::Long);
}

#[test]
fn without_a_reaper_a_container_is_seen_to_leak_and_the_next_start_sweeps_it() {
    orphan(BackendId::Runc, "__payload", Doing::Long);
}

#[test]
fn without_a_reaper_a_jail_is_seen_to_leak_and_the_next_start_sweeps_it() {
    orphan(BackendId::FirecrackerJailed, "/firecracker", Doing::Long);
}

/// Kills everything of a run's that could clear up: what is left is seen, and the next start takes it
/// away. `sign` ends a word of the command of what shall be left.
fn orphan(backend: BackendId, sign: &str, doing: Doing) {
    let (_sender, never) = channel();
    let ground = Ground::new();
    if ready(&ground, &[backend]).is_empty() {
        return;
    }
    let mut victim = Victim::start(&ground.settings.state, backend, doing, 0, None);
    let id = victim.id.clone();
    let mut decoys = Decoys::near(&id);
    let began = Instant::now();
    // One that is there a moment later too: what is only asked its version is no sandbox.
    let orphans = loop {
        assert!(began.elapsed() < PATIENCE, "no sandbox comes up");
        let first = pids_of(&id, &[sign]);
        pass(Duration::from_millis(if first.is_empty() { 5 } else { 250 }), &never);
        if !first.is_empty() && pids_of(&id, &[sign]) == first {
            break first;
        }
    };
    // Stopped first, so that none sees another's end.
    for signal in [Signal::STOP, Signal::KILL] {
        send(&pids_of(&id, &["__reaper", "__launcher"]), &decoys, signal);
        send(&[victim.child.id()], &decoys, signal);
        if signal == Signal::STOP {
            send(&orphans, &decoys, signal);
        }
    }
    victim.kill();
    let seen = audit(&ground.settings, &id);
    for kind in [Kind::Process, Kind::Directory] {
        assert!(seen.iter().any(|one| one.kind == kind), "no leak is seen: {seen:?}");
    }
    assert!(!traces(&id, &decoys.pids()).is_empty(), "the leak leaves no trace");
    assert!(!gc(&ground.settings, true).unwrap().is_empty(), "a dry run tells of it");
    assert!(!alive(&id, &[sign]).is_empty(), "a dry run changes nothing");
    assert_next_start_sweeps(&ground, &id);
    assert_nothing_left(&ground, &id, &decoys, &never);
    decoys.assert_untouched();
}

fn send(pids: &[u32], decoys: &Decoys, signal: Signal) {
    for pid in pids.iter().filter(|pid| !decoys.pids().contains(pid)) {
        let pid = Pid::from_raw(i32::try_from(*pid).unwrap()).unwrap();
        // One that has ended in this instant needs no signal.
        kill_process(pid, signal).ok();
    }
}

fn assert_next_start_sweeps(ground: &Ground, dead: &RunId) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let began = Instant::now();
        let camp = Camp::open(&live::id(), &ground.settings).await.unwrap();
        println!("swept and opened in {:?}", began.elapsed());
        assert!(began.elapsed() < SWEPT);
        assert_eq!(remains(&ground.settings, dead), []);
        assert_eq!(camp.close().await.unwrap().left, []);
    });
}
