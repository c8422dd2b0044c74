//! The history under `kill -9`: nothing that was acknowledged is lost, nothing is torn or made up.
//!
//! The victim is this program again. It writes batches, and after each commit the batch's number to a
//! file beside. `ISOMON_KILLS` says how often it is killed (100), `ISOMON_SEED` repeats a run. The last
//! test acknowledges too early on purpose: the same judge must find that out.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "history/known.rs"]
mod known;

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use isomon::store::history::{Keep, Reader, Writer};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use known::COLUMNS;

/// Rows of a batch.
const TRACKS: u32 = 50;

const DIR: &str = "ISOMON_TEST_HISTORY";
const FIRST: &str = "ISOMON_TEST_FIRST";
const EARLY: &str = "ISOMON_TEST_EARLY";
const LAST: &str = "ISOMON_TEST_LAST";

#[test]
#[ignore = "runs only as the victim of the other tests"]
fn victim() {
    let Some(dir) = std::env::var_os(DIR).map(PathBuf::from) else { return };
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let mut acks = OpenOptions::new().create(true).append(true).open(dir.join("acks")).unwrap();
    let mut acknowledge = |batch: u64| acks.write_all(&batch.to_le_bytes()).unwrap();
    let mut writer = Writer::open(&dir.join("history"), Keep::default()).unwrap();
    let mut faults = 0_u32;
    for batch in number(FIRST).unwrap()..=number(LAST).unwrap_or(u64::MAX) {
        let rows = known::rows(batch, TRACKS);
        if std::env::var_os(EARLY).is_some() {
            acknowledge(batch);
        }
        while let Err(error) = writer.append(&rows) {
            faults += 1;
            assert!(faults < 1_000, "{error}");
            std::fs::write(dir.join("faults"), faults.to_string()).unwrap();
        }
        if std::env::var_os(EARLY).is_none() {
            acknowledge(batch);
        }
        // A fault here is met again by the next batch.
        writer.tend(20).ok();
    }
}

/// A command that writes from batch `first` on.
fn writing(dir: &Path, first: u64) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["victim", "--exact", "--ignored"])
        .env(DIR, dir)
        .env(FIRST, first.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Batches that were acknowledged.
fn acknowledged(dir: &Path) -> Vec<u64> {
    let mut bytes = Vec::new();
    if let Ok(mut file) = File::open(dir.join("acks")) {
        file.read_to_end(&mut bytes).unwrap();
    }
    bytes.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect()
}

fn wait(child: &mut Child, patience: Duration) {
    let until = Instant::now() + patience;
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < until, "it does not end");
        pause(Duration::from_millis(5));
    }
}

fn pause(length: Duration) {
    std::thread::park_timeout(length);
}

/// What kills came to.
#[derive(Debug, Default)]
struct Toll {
    kills: u32,
    acknowledged: u64,
    lost: u64,
    wrong: Vec<String>,
}

/// Kills the victim `kills` times and judges what is there after each.
fn kill(kills: u32, early: bool) -> Toll {
    let home = tempfile::tempdir().unwrap();
    let seed = std::env::var("ISOMON_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| StdRng::from_os_rng().random());
    println!("ISOMON_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let (mut toll, mut first, mut judged) = (Toll::default(), 0, 0);
    for _ in 0..kills {
        let mut command = writing(home.path(), first);
        if early {
            command.env(EARLY, "1");
        }
        let mut child = command.spawn().unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        // It has begun to write; then at any moment.
        while acknowledged(home.path()).len() <= judged && Instant::now() < until {
            pause(Duration::from_millis(1));
        }
        pause(Duration::from_micros(random.random_range(0..120_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        let acks = acknowledged(home.path());
        let last = acks.last().copied().unwrap_or_default();
        let past = known::past(&home.path().join("history"), first, last + 5_000).unwrap();
        toll.wrong.extend(past.gap.iter().map(ToString::to_string));
        let there = known::batches(&past, TRACKS).unwrap_or_else(|wrong| {
            toll.wrong.push(wrong);
            Vec::new()
        });
        let fresh = acks.get(judged..).unwrap_or_default();
        toll.lost +=
            fresh.iter().filter(|batch| there.binary_search(batch).is_err()).count() as u64;
        if there.last().is_some_and(|batch| *batch > last + 1) {
            toll.wrong.push(format!("invented: {:?} after {last}", there.last()));
        }
        toll.acknowledged += fresh.len() as u64 * u64::from(TRACKS * COLUMNS);
        toll.kills += 1;
        judged = acks.len();
        first = last.max(there.last().copied().unwrap_or_default()) + 1;
    }
    let found = Reader::open(&home.path().join("history")).unwrap().unwrap().verify().unwrap();
    toll.wrong.extend(found.named.iter().map(ToString::to_string));
    println!(
        "{} kills, {} samples acknowledged, {} lost",
        toll.kills, toll.acknowledged, toll.lost
    );
    toll
}

fn kills() -> u32 {
    std::env::var("ISOMON_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(100)
}

#[test]
fn nothing_that_was_acknowledged_is_lost_to_a_kill() {
    let toll = kill(kills(), false);
    assert_eq!((toll.lost, &toll.wrong[..]), (0, &[][..]), "{toll:?}");
    assert!(toll.acknowledged >= u64::from(toll.kills) * 1_000, "{toll:?}");
}

#[test]
#[ignore = "takes minutes: 1,000 kills and ten million samples"]
fn nothing_is_lost_to_a_thousand_kills() {
    let mut all = Toll::default();
    while all.kills < 1_000 || all.acknowledged < 10_000_000 {
        let toll = kill(100, false);
        all.kills += toll.kills;
        all.acknowledged += toll.acknowledged;
        all.lost += toll.lost;
        all.wrong.extend(toll.wrong);
    }
    println!("{all:?}");
    assert_eq!((all.lost, &all.wrong[..]), (0, &[][..]));
}

#[test]
fn who_acknowledges_before_the_commit_is_found_out() {
    let mut toll = Toll::default();
    while toll.lost == 0 && toll.kills < 200 {
        let more = kill(20, true);
        toll.kills += more.kills;
        toll.lost += more.lost;
        assert_eq!(more.wrong, [""; 0], "a transaction is whole all the same");
    }
    assert!(toll.lost > 0, "the judge sees nothing: {toll:?}");
}

/// Whether `strace` can be had; else why the test is passed over.
fn has_strace() -> bool {
    let there = Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_ok();
    if !there {
        let required = std::env::var_os("ISOMON_REQUIRE_LIVE").is_some_and(|live| live == "1");
        assert!(!required, "strace is missing");
        println!("passed over: strace is missing");
    }
    there
}

#[test]
fn a_disk_that_fails_to_sync_loses_nothing_that_was_acknowledged() {
    if !has_strace() {
        return;
    }
    for when in ["12", "9..11", "30..60+3"] {
        let home = tempfile::tempdir().unwrap();
        let plain = writing(home.path(), 0);
        let mut traced = Command::new("strace");
        traced.args(["-f", "-qq", "-o", "/dev/null"]);
        traced.args(["-e", "trace=fsync,fdatasync"]);
        traced.arg("-e").arg(format!("inject=fsync,fdatasync:error=EIO:when={when}"));
        traced.arg(plain.get_program()).args(plain.get_args());
        for (name, value) in plain.get_envs() {
            traced.env(name, value.unwrap());
        }
        traced.env(LAST, "80").stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = traced.spawn().unwrap();
        wait(&mut child, Duration::from_mins(1));
        let faults = std::fs::read_to_string(home.path().join("faults")).unwrap_or_default();
        assert!(faults.parse::<u32>().is_ok_and(|faults| faults > 0), "{when}: nothing failed");
        let acks = acknowledged(home.path());
        assert_eq!(acks.len(), 81, "{when}: it went on");
        let past = known::past(&home.path().join("history"), 0, 5_000).unwrap();
        assert_eq!(known::batches(&past, TRACKS), Ok((0..81).collect()), "{when}");
    }
}
