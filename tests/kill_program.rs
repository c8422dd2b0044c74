//! Kills the real program, and its helpers, while a run goes on: nothing is left, and what was
//! measured until then can be read.
//!
//! `ISOMON_KILLS` says how often (10), `ISOMON_SEED` repeats a run.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "live/ground.rs"]
mod live;
#[path = "live/oracle.rs"]
mod oracle;
#[path = "live/prey.rs"]
mod prey;
#[path = "pty/rig.rs"]
#[allow(dead_code, missing_docs, unreachable_pub, reason = "shared with the tests of the terminal")]
mod rig;

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use isomon::backend::{CampSettings, Kind, audit};
use isomon::model::bench::Limits;
use isomon::model::run::RunEnd;
use isomon::store::RunDir;
use rand::Rng;
use rustix::process::{Pid, Signal, kill_process};

use oracle::{Decoys, chance, kills, pass, settle};
use prey::{Prey, runs_of};
use rig::{Place, Rig, until};

/// Longest that something that must happen is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// Every start sweeps what dead runs left, so only one of these may go on at a time.
static ALONE: Mutex<()> = Mutex::new(());
/// A run that ends by itself soon.
const SHORT: &str = "process namespaces --payload noop --runs 30 --warmup 1";

#[test]
fn a_killed_benchmark_leaves_nothing() {
    kill_often(kills());
}

#[test]
#[ignore = "half an hour"]
fn a_thousand_killed_benchmarks_leave_nothing() {
    kill_often(1000);
}

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn kill_often(times: u32) {
    let _alone = alone();
    let (_sender, never) = channel();
    let mut chance = chance();
    let (mut longest, mut samples, mut caught) = (Duration::ZERO, 0, 0);
    for turn in 0..times {
        let mut decoys = Decoys::near(&live::id());
        let mut prey = Prey::start();
        pass(Duration::from_millis(chance.random_range(0..2200)), &never);
        longest = longest.max(prey.kill(&never));
        caught += u32::from(!prey.runs().is_empty());
        samples += prey.assert_readable();
        decoys.assert_untouched();
        assert!(turn < 20 || caught > turn / 2, "the kills miss their aim");
    }
    println!("{times} kills, {caught} in a camp, {samples} samples, longest sweep {longest:?}");
}

/// Only debug builds can be made to die on wish.
#[cfg(debug_assertions)]
#[test]
fn an_end_at_any_point_leaves_nothing() {
    use std::os::unix::process::ExitStatusExt as _;
    let _alone = alone();
    let (_sender, never) = channel();
    let points = [
        "reaper", "journal", "noted", "group", "lot", "hello", "launcher", "runtime", "bundle",
        "ordered", "reported", "closing", "cleared", "killed", "swept",
    ];
    for point in points {
        let fail = format!("{point}:kill");
        let mut prey =
            Prey::doing("process runc --payload noop --runs 2", &[("ISOMON_FAIL", &fail)]);
        assert_eq!(prey.wait().signal(), Some(9), "{point} is never reached");
        prey.assert_nothing_left(&never);
    }
}

#[test]
fn without_the_reaper_the_leak_is_seen_and_gc_sweeps_it() {
    let _alone = alone();
    let (_sender, never) = channel();
    let mut prey = Prey::start();
    let id = prey.wait_for_sample(&never);
    // Both at once: a reaper killed first would be missed by nobody else.
    prey.signal(Signal::STOP);
    kill_all(&prey.helpers("__reaper"));
    prey.child.kill().unwrap();
    prey.child.wait().unwrap();
    pass(Duration::from_millis(500), &never);
    let seen = audit(&prey.settings, &id);
    assert!(seen.iter().any(|one| one.kind == Kind::Directory), "no leak is seen: {seen:?}");
    assert!(prey.isomon(&["gc"]).success());
    prey.assert_nothing_left(&never);
    assert!(prey.assert_readable() > 0);
}

fn kill_all(pids: &[u32]) {
    assert!(!pids.is_empty());
    for pid in pids {
        let pid = Pid::from_raw(i32::try_from(*pid).unwrap()).unwrap();
        // One that has ended in this instant needs no kill.
        kill_process(pid, Signal::KILL).ok();
    }
}

#[test]
fn a_killed_reaper_does_not_hold_the_run_and_its_end_is_clean() {
    let _alone = alone();
    let (_sender, never) = channel();
    let mut prey = Prey::doing(SHORT, &[]);
    let id = prey.wait_for_sample(&never);
    kill_all(&prey.helpers("__reaper"));
    assert_eq!(prey.wait().code(), Some(0));
    prey.assert_nothing_left(&never);
    assert_eq!(end_of(&prey, &id), RunEnd::Completed);
}

#[test]
fn a_killed_launcher_costs_a_sample_and_not_the_run() {
    let _alone = alone();
    let (_sender, never) = channel();
    let mut prey = Prey::doing(SHORT, &[]);
    let id = prey.wait_for_sample(&never);
    kill_all(&prey.helpers("__launcher"));
    let status = prey.wait().code();
    assert!(matches!(status, Some(0 | 1)), "{status:?}");
    prey.assert_nothing_left(&never);
    assert_eq!(end_of(&prey, &id), RunEnd::Completed);
}

fn end_of(prey: &Prey, id: &isomon::model::id::RunId) -> RunEnd {
    RunDir::read(&prey.place(id)).unwrap().tail.unwrap().end
}

#[test]
fn both_helpers_killed_then_the_owner() {
    let _alone = alone();
    let (_sender, never) = channel();
    let mut prey = Prey::start();
    prey.wait_for_sample(&never);
    let launchers = prey.helpers("__launcher");
    kill_all(&prey.helpers("__reaper"));
    kill_all(&launchers);
    prey.child.kill().unwrap();
    prey.child.wait().unwrap();
    assert!(prey.isomon(&["gc"]).success());
    prey.assert_nothing_left(&never);
}

#[test]
fn a_stopped_benchmark_that_is_killed_leaves_nothing() {
    let _alone = alone();
    let (_sender, never) = channel();
    let mut prey = Prey::start();
    prey.wait_for_sample(&never);
    prey.signal(Signal::STOP);
    pass(Duration::from_millis(200), &never);
    prey.kill(&never);
    assert!(prey.assert_readable() > 0);
}

#[test]
fn one_signal_ends_the_run_with_a_valid_result() {
    let _alone = alone();
    let (_sender, never) = channel();
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut prey = Prey::start();
        let id = prey.wait_for_sample(&never);
        prey.signal(signal);
        assert_eq!(prey.wait().code(), Some(status), "{signal:?}");
        prey.assert_nothing_left(&never);
        assert_eq!(end_of(&prey, &id), RunEnd::Cancelled);
        assert!(prey.assert_readable() > 0);
    }
}

#[test]
fn a_signal_while_the_backends_are_tried_ends_it_too() {
    let _alone = alone();
    let (_sender, never) = channel();
    let mut prey = Prey::start();
    assert!(until(Duration::from_secs(10), || !prey.runs().is_empty()));
    prey.signal(Signal::INT);
    assert_eq!(prey.wait().code(), Some(130));
    prey.assert_nothing_left(&never);
}

#[test]
fn a_second_signal_leaves_at_once() {
    let _alone = alone();
    let (_sender, never) = channel();
    let mut prey = Prey::start();
    prey.wait_for_sample(&never);
    prey.runs();
    prey.signal(Signal::INT);
    pass(Duration::from_millis(1), &never);
    prey.signal(Signal::TERM);
    let status = prey.wait().code();
    assert!(matches!(status, Some(130 | 143)), "{status:?}");
    prey.assert_nothing_left(&never);
    prey.assert_readable();
}

#[test]
fn a_killed_screen_leaves_nothing_of_its_run() {
    let _alone = alone();
    let (_sender, never) = channel();
    let mut chance = chance();
    let times = kills().div_ceil(10).max(2);
    for turn in 0..times {
        kill_screen(turn % 2 == 0, chance.random_range(0..1500), &never);
    }
}

/// Kills a screen whose backends are being tried, or one that runs a benchmark.
fn kill_screen(early: bool, milliseconds: u64, never: &Receiver<()>) {
    let home = tempfile::tempdir().unwrap();
    let set = [("XDG_STATE_HOME", home.path().to_str().unwrap())];
    let settings = CampSettings::detect(Limits::default()).unwrap();
    let mut rig = Rig::started(Place::Leader, &set);
    let pid = rig.pid().as_raw_nonzero().get().cast_unsigned();
    let begun = || !runs_of(&settings, pid).is_empty();
    rig.send(b"5c");
    assert!(until(PATIENCE, begun), "no backend is tried:\n{}", rig.text());
    if !early {
        assert!(until(PATIENCE, || !begun()), "the trying does not end:\n{}", rig.text());
        rig.send(b"b");
        assert!(until(PATIENCE, begun), "no run began:\n{}", rig.text());
    }
    let mut ids = runs_of(&settings, pid);
    pass(Duration::from_millis(milliseconds), never);
    ids.extend(runs_of(&settings, pid));
    rig.signal(Signal::KILL);
    rig.end_within(Duration::from_secs(2));
    ids.extend(runs_of(&settings, pid));
    for id in ids {
        assert_eq!(settle(&settings, &id, never).0, []);
    }
}
