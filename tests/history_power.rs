//! The history when the power goes: a guest writes it to its disk, and its machine is killed.
//!
//! `ISOMON_CUTS` says how often (3), `ISOMON_SEED` repeats a run. A guest whose program does not wait for
//! the disk has to be found out by the same judge. Needs QEMU and a kernel, but no KVM.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "history/guest.rs"]
mod guest;
#[path = "history/known.rs"]
mod known;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use isomon::store::history::{Keep, Reader, Writer};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

use guest::{Ground, Guest};
use known::COLUMNS;

/// Rows of a batch.
const TRACKS: u32 = 10;
/// Time a guest has to come up.
const PATIENCE: Duration = Duration::from_mins(4);

const FIRST: &str = "ISOMON_TEST_FIRST";
const UNSYNCED: &str = "ISOMON_TEST_UNSYNCED";

/// Lets every wish that the disk have it pass for granted, with nothing done.
fn forget_to_sync() {
    let calls = [libc::SYS_fsync, libc::SYS_fdatasync, libc::SYS_sync_file_range];
    let rules = calls.into_iter().map(|call| (call, Vec::new())).collect();
    let (pass, none) = (SeccompAction::Allow, SeccompAction::Errno(0));
    let filter = SeccompFilter::new(rules, pass, none, std::env::consts::ARCH.try_into().unwrap());
    let program: BpfProgram = filter.unwrap().try_into().unwrap();
    seccompiler::apply_filter(&program).unwrap();
}

#[test]
#[ignore = "runs only in the guest of the other tests"]
fn victim() {
    let Some(first) = std::env::var(FIRST).ok().and_then(|first| first.parse().ok()) else {
        return;
    };
    if std::env::var_os(UNSYNCED).is_some() {
        forget_to_sync();
    }
    let mut serial = OpenOptions::new().write(true).open("/dev/ttyS0").unwrap();
    let mut writer = Writer::open(Path::new("/disk/history"), Keep::default()).unwrap();
    for batch in first..u64::MAX {
        writer.append(&known::rows(batch, TRACKS)).unwrap();
        writeln!(serial, "ack {batch}").unwrap();
        // Heard outside before the next one is begun.
        rustix::termios::tcdrain(&serial).unwrap();
        writer.tend(20).unwrap();
    }
}

/// The last batch that was acknowledged in whole lines of `heard`, and how many were.
fn acknowledged(heard: &str) -> (Option<u64>, u64) {
    let whole = heard.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let acks = whole.lines().filter_map(|line| line.trim().strip_prefix("ack ")?.parse().ok());
    acks.fold((None, 0), |(_, count), batch| (Some(batch), count + 1))
}

fn pause(length: Duration) {
    std::thread::park_timeout(length);
}

/// What the cuts came to.
#[derive(Debug, Default)]
struct Toll {
    cuts: u32,
    acknowledged: u64,
    lost: u64,
    wrong: Vec<String>,
}

/// Waits until `guest` has acknowledged something.
fn wait(ground: &Ground, guest: &mut Guest) {
    let until = Instant::now() + PATIENCE;
    while acknowledged(&guest.heard()).1 == 0 {
        let told = || format!("the guest does not write: {} {}", guest_said(guest), ground.said());
        assert!(Instant::now() < until, "{}", told());
        assert!(guest.is_up(), "{}", guest_said(guest) + &ground.said());
        pause(Duration::from_millis(20));
    }
}

fn guest_said(guest: &Guest) -> String {
    guest.heard().chars().take(4_000).collect()
}

/// Judges what the disk has of the batches from `first` on, of which those to `last` were
/// acknowledged; the last one that is there.
fn judge(toll: &mut Toll, dir: &Path, first: u64, last: u64) -> Option<u64> {
    let there = known::past(dir, first, last + 5_000).map_err(|error| error.to_string());
    toll.wrong.extend(there.iter().filter_map(|past| past.gap.as_ref().map(ToString::to_string)));
    let there = there.and_then(|past| known::batches(&past, TRACKS)).unwrap_or_else(|wrong| {
        toll.wrong.push(wrong);
        Vec::new()
    });
    let missing = (first..=last).filter(|batch| there.binary_search(batch).is_err()).count();
    toll.lost += missing as u64;
    if there.last().is_some_and(|batch| *batch > last + 1) {
        toll.wrong.push(format!("invented: {:?} after {last}", there.last()));
    }
    match Reader::open(dir).map(|reader| reader.map(|reader| reader.verify())) {
        Ok(Some(Ok(found))) => toll.wrong.extend(found.named.iter().map(ToString::to_string)),
        Ok(Some(Err(error))) | Err(error) => toll.wrong.push(error.to_string()),
        Ok(None) => {}
    }
    there.last().copied()
}

/// Cuts the power `cuts` times and judges what is on the disk after each.
fn cut(ground: &Ground, cuts: u32, synced: bool) -> Toll {
    let seed = std::env::var("ISOMON_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| StdRng::from_os_rng().random());
    println!("ISOMON_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let (mut toll, mut first, disk) = (Toll::default(), 0, ground.disk());
    for _ in 0..cuts {
        let mut words = vec![format!("{FIRST}={first}")];
        words.extend((!synced).then(|| format!("{UNSYNCED}=1")));
        let mut guest = ground.start(&disk, &words);
        wait(ground, &mut guest);
        pause(Duration::from_micros(random.random_range(0..1_500_000)));
        assert!(guest.is_up(), "{}", guest_said(&guest));
        let (last, count) = acknowledged(&guest.cut());
        let last = last.unwrap();
        let found = ground.found(&disk, "/history");
        let there = judge(&mut toll, &found.path().join("history"), first, last);
        toll.acknowledged += count * u64::from(TRACKS * COLUMNS);
        toll.cuts += 1;
        first = last.max(there.unwrap_or_default()) + 1;
    }
    let Toll { cuts, acknowledged, lost, .. } = &toll;
    println!("{cuts} power cuts, {acknowledged} samples acknowledged, {lost} lost");
    toll
}

/// What guests need; `None`, with its reason, where they cannot be had.
fn ground() -> Option<Ground> {
    let told = |why| {
        let required = std::env::var_os("ISOMON_REQUIRE_LIVE").is_some_and(|live| live == "1");
        assert!(!required, "{why}");
        println!("passed over: {why}");
    };
    Ground::lay().map_err(told).ok()
}

fn cuts() -> u32 {
    std::env::var("ISOMON_CUTS").ok().and_then(|cuts| cuts.parse().ok()).unwrap_or(3)
}

#[test]
fn nothing_that_was_acknowledged_is_lost_to_a_power_cut() {
    let Some(ground) = ground() else { return };
    let toll = cut(&ground, cuts(), true);
    assert_eq!((toll.lost, &toll.wrong[..]), (0, &[][..]), "{toll:?}");
    assert!(toll.acknowledged >= u64::from(toll.cuts * TRACKS * COLUMNS), "{toll:?}");
    let toll = cut(&ground, 1, false);
    assert!(toll.lost > 0, "a disk that is not waited for loses, and the judge sees it: {toll:?}");
}

#[test]
#[ignore = "takes minutes: 100 power cuts"]
fn nothing_is_lost_to_a_hundred_power_cuts() {
    let Some(ground) = ground() else { return };
    let toll = cut(&ground, 100, true);
    assert_eq!((toll.cuts, toll.lost, &toll.wrong[..]), (100, 0, &[][..]), "{toll:?}");
}
