//! A benchmark that is killed again and again, and goes on each time: no sample is lost, none is there
//! twice, and every figure follows from them.
//!
//! `ISOMON_KILLS` says how often it is killed (6).

#![allow(clippy::unwrap_used, reason = "a test program")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use isomon::model::pipeline::MomentKind;
use isomon::model::run::{Run, RunEnd};
use isomon::store::RunDir;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rustix::process::{Pid, Signal, kill_process};

#[path = "support/home.rs"]
mod home;

use home::{Home, err, out, status};

/// Longest that something that must happen is waited for.
const PATIENCE: Duration = Duration::from_mins(1);
/// Every start sweeps what dead runs left, so only one of these may go on at a time.
static ALONE: Mutex<()> = Mutex::new(());

const ROUNDS: u32 = 1_200;
const BENCH: [&str; 9] = [
    "bench",
    "process",
    "--payload",
    "noop",
    "--runs",
    "1200",
    "--warmup=2",
    "--budget=10m",
    "--name=long",
];

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn spawn(home: &Home, words: &[&str]) -> Child {
    home.command(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts")
}

/// The only run that is kept.
fn place(home: &Home) -> Option<PathBuf> {
    let runs = home.path().join(".local/state/isomon/runs");
    fs::read_dir(runs).ok()?.flatten().next().map(|entry| entry.path())
}

/// What is there of its samples, up to the last whole line.
fn samples(home: &Home) -> Vec<u8> {
    let path = place(home).map(|place| place.join("samples.ndjson"));
    let mut bytes = path.and_then(|path| fs::read(path).ok()).unwrap_or_default();
    bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
    bytes
}

fn wait_until(what: &str, mut is: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < until, "{what} does not happen");
        pause(20);
    }
}

/// Lets `milliseconds` pass.
fn pause(milliseconds: u64) {
    let (_sender, never) = std::sync::mpsc::channel::<()>();
    let _late = never.recv_timeout(Duration::from_millis(milliseconds));
}

fn id(home: &Home) -> String {
    place(home).unwrap().file_name().unwrap().to_str().unwrap().to_owned()
}

/// Whether all of it is there: it may be killed between its last line and its exit.
fn is_finished(home: &Home) -> bool {
    place(home).and_then(|place| RunDir::read(&place).ok()).is_some_and(|run| run.tail.is_some())
}

/// Every visit once, every round whole.
fn assert_whole(run: &Run) {
    let visits: Vec<_> =
        run.samples.iter().map(|of| (of.warmup, of.round, of.cell, of.attempt)).collect();
    let once: BTreeSet<_> = visits.iter().copied().collect();
    assert_eq!(once.len(), visits.len(), "a visit is there twice");
    for round in 0..ROUNDS {
        assert!(once.contains(&(false, round, 0, 0)), "round {round} is not there");
    }
    assert!(run.samples.windows(2).all(|pair| pair[0].at_seconds.0 <= pair[1].at_seconds.0));
}

fn assert_verified(home: &Home, place: &Path) {
    let verified = home.run(&["verify", place.to_str().unwrap()]);
    assert_eq!(status(&verified), Some(0), "{}{}", out(&verified), err(&verified));
    assert!(out(&verified).contains("hashes"), "{}", out(&verified));
}

#[test]
fn a_benchmark_that_is_killed_again_and_again_is_brought_to_its_end() {
    let _alone = alone();
    let home = Home::new();
    let times: usize =
        std::env::var("ISOMON_KILLS").ok().and_then(|times| times.parse().ok()).unwrap_or(6_usize);
    let (mut chance, mut had, mut kills) = (StdRng::from_os_rng(), Vec::new(), 0);
    let mut child = spawn(&home, &BENCH);
    while kills < times {
        wait_until("a further sample", || {
            samples(&home).len() > had.len() || child.try_wait().unwrap().is_some()
        });
        pause(chance.random_range(0..400));
        child.kill().unwrap();
        if child.wait().unwrap().success() || is_finished(&home) {
            break;
        }
        kills += 1;
        let now = samples(&home);
        assert!(now.starts_with(&had), "kill {kills}: what was there is not there any more");
        had = now;
        child = spawn(&home, &["bench", "--resume", &id(&home)]);
    }
    assert!(kills > 0, "it was over before it was killed");
    assert!(child.wait().unwrap().success() || is_finished(&home));
    assert!(samples(&home).starts_with(&had));
    let place = place(&home).unwrap();
    let run = RunDir::read(&place).unwrap();
    assert_eq!(run.tail.as_ref().unwrap().end, RunEnd::Completed);
    assert_whole(&run);
    let resumed = run.moments.iter().filter(|of| of.kind == MomentKind::Resumed).count();
    assert!(resumed > 0 && resumed <= kills, "{resumed} of {kills}");
    assert_verified(&home, &place);
    assert_refused(&home, "is finished");
}

/// Steps under load: throughput at 1, 2, 4 and 8 at once, twice each.
const LOAD: [&str; 9] = [
    "bench",
    "process",
    "--measure=throughput=1..8/500ms",
    "--payload",
    "noop",
    "--runs=6",
    "--warmup=1",
    "--budget=10m",
    "--name=load",
];

/// What is there of its steps, up to the last whole line.
fn steps(home: &Home) -> Vec<u8> {
    let path = place(home).map(|place| place.join("steps.ndjson"));
    let mut bytes = path.and_then(|path| fs::read(path).ok()).unwrap_or_default();
    bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
    bytes
}

#[test]
fn a_load_that_is_killed_at_any_moment_goes_on_with_the_steps_that_are_left() {
    let _alone = alone();
    let home = Home::new();
    let (mut chance, mut had, mut kills) = (StdRng::from_os_rng(), Vec::new(), 0);
    let mut child = spawn(&home, &LOAD);
    while kills < 4 {
        wait_until("a further step", || {
            steps(&home).len() > had.len() || child.try_wait().unwrap().is_some()
        });
        // Within the next step, or between two.
        pause(chance.random_range(0..900));
        child.kill().unwrap();
        if child.wait().unwrap().success() || is_finished(&home) {
            break;
        }
        kills += 1;
        let now = steps(&home);
        assert!(now.starts_with(&had), "kill {kills}: a step is not there any more");
        had = now;
        child = spawn(&home, &["bench", "--resume", &id(&home)]);
    }
    assert!(kills > 1, "it was over before it was killed");
    assert!(child.wait().unwrap().success() || is_finished(&home));
    assert!(steps(&home).starts_with(&had));
    let place = place(&home).unwrap();
    let run = RunDir::read(&place).unwrap();
    let tail = run.tail.as_ref().unwrap();
    assert_eq!(tail.end, RunEnd::Completed);
    let visits: Vec<_> =
        run.steps.iter().map(|of| (of.round, format!("{:?}", of.stride))).collect();
    let once: BTreeSet<_> = visits.iter().collect();
    assert_eq!((visits.len(), once.len()), (8, 8), "each step once: {visits:?}");
    assert!(run.steps.iter().all(|of| !of.shots.is_empty() && of.cut_off.is_none()));
    assert!(run.steps.windows(2).all(|pair| pair[0].at_seconds.0 < pair[1].at_seconds.0));
    assert_eq!(tail.loads.len(), 4, "one for each number at once: {:?}", tail.loads);
    assert_verified(&home, &place);
}

fn assert_refused(home: &Home, why: &str) {
    let again = home.run(&["bench", "--resume", &id(home)]);
    assert_ne!(status(&again), Some(0));
    assert!(err(&again).contains(why), "{}", err(&again));
}

#[test]
fn one_that_goes_on_is_refused_and_one_that_was_cancelled_goes_on() {
    let _alone = alone();
    let home = Home::new();
    let mut child = spawn(&home, &BENCH);
    wait_until("a checkpoint", || {
        place(&home).is_some_and(|at| at.join("checkpoint.json").exists())
    });
    assert_refused(&home, "goes on in another process");
    let listed = out(&home.run(&["list"]));
    assert!(listed.contains("RUNNING") && listed.contains("long process"), "{listed}");
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    child.wait().unwrap();
    let (had, place) = (samples(&home), place(&home).unwrap());
    assert_eq!(RunDir::read(&place).unwrap().tail.unwrap().end, RunEnd::Cancelled);
    let listed = out(&home.run(&["list", "--state", "resumable"]));
    assert!(listed.contains("CANCELLED") && listed.contains("--resume"), "{listed}");
    // As a kill leaves it: half a line.
    let at = place.join("samples.ndjson");
    fs::write(&at, [&had[..], b"{\"cell\":0,\"rou"].concat()).unwrap();
    let went_on = home.run(&["bench", "--resume", "last"]);
    assert_eq!(status(&went_on), Some(0), "{}", err(&went_on));
    assert!(err(&went_on).contains("bytes of torn lines were dropped"), "{}", err(&went_on));
    assert!(samples(&home).starts_with(&had));
    let run = RunDir::read(&place).unwrap();
    assert_whole(&run);
    assert_verified(&home, &place);
    assert!(out(&home.run(&["list", "--state", "resumable"])).contains("no run is like that"));
}

#[test]
fn another_machine_is_refused_unless_it_is_wished() {
    let _alone = alone();
    let home = Home::new();
    let mut child = spawn(&home, &BENCH);
    wait_until("a sample", || !samples(&home).is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    let head = place(&home).unwrap().join("head.json");
    let text = fs::read_to_string(&head).unwrap();
    let host = text.lines().find(|line| line.contains("\"hostname\"")).unwrap().to_owned();
    fs::write(&head, text.replace(&host, "    \"hostname\": \"elsewhere\",")).unwrap();
    assert_refused(&home, "hostname was elsewhere");
    let words = ["bench", "--resume", &id(&home), "--resume-anyway"];
    let mut child = spawn(&home, &words);
    let before = samples(&home).len();
    wait_until("a further sample", || samples(&home).len() > before);
    child.kill().unwrap();
    child.wait().unwrap();
}
