//! The history when things go wrong: a full disk, one that only reads, damage of every kind, two who
//! would write, many who read. isomon goes on, says what is wrong once, and never shows a wrong value.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "history/known.rs"]
mod known;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use isomon::model::id::SourceId;
use isomon::model::time::{Clock, SystemClock};
use isomon::model::update::{Notice, Update, What};
use isomon::record::history::{Recording, begin};
use isomon::store::history::{Keep, Reader, Writer};
use isomon::store::sqlite::Error;
use isomon::watch::Outlet;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::mpsc;

/// Tracks of the stores that are damaged.
const FEW: u32 = 3;
/// Batches in them: two blocks and a tail.
const BATCHES: u64 = 700;

/// A recorder that is fed by hand.
struct Rig {
    updates: mpsc::Sender<Update>,
    told: mpsc::Receiver<Update>,
    recording: Recording,
}

impl Rig {
    fn begin(dir: &Path) -> Self {
        let (updates, heard) = mpsc::channel(64);
        let (out, told) = mpsc::channel(64);
        let outlet = Outlet::new(SourceId::local(), Arc::new(SystemClock), out);
        let recording = begin(dir.to_owned(), Keep::default(), heard, outlet).unwrap();
        Self { updates, told, recording }
    }

    async fn feed(&self) {
        let update = Update {
            at: SystemClock.now(),
            from: SourceId::local(),
            what: What::Node(Box::default()),
        };
        self.updates.send(update).await.unwrap();
    }

    /// Feeds until something is told, at most so many seconds.
    async fn hear(&mut self, seconds: u64) -> Notice {
        let until = tokio::time::Instant::now() + Duration::from_secs(seconds);
        while tokio::time::Instant::now() < until {
            self.feed().await;
            let heard = tokio::time::timeout(Duration::from_millis(20), self.told.recv()).await;
            if let Ok(Some(Update { what: What::Notice(notice), .. })) = heard {
                return notice;
            }
        }
        panic!("nothing is told in {seconds} s");
    }

    async fn end(self) {
        drop(self.updates);
        self.recording.end().await;
    }
}

/// Instants that are kept of this machine.
fn kept(dir: &Path) -> usize {
    let reader = Reader::open(dir).unwrap().unwrap();
    usize::try_from(reader.verify().unwrap().instants).unwrap()
}

/// A file system of a few MiB; goes when it is dropped.
struct Small(tempfile::TempDir);

impl Small {
    fn mount() -> Option<Self> {
        let home = tempfile::tempdir().unwrap();
        let args = ["-t", "tmpfs", "-o", "size=2m", "tmpfs"];
        let mounted = Command::new("mount").args(args).arg(home.path()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(home));
        }
        let root = rustix::process::geteuid().is_root();
        let required = std::env::var_os("ISOMON_REQUIRE_LIVE").is_some_and(|live| live == "1");
        assert!(!(required && root), "root cannot mount a file system");
        println!("passed over: only root may mount a file system");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn remount(&self, how: &str) {
        let option = format!("remount,{how}");
        let done = Command::new("mount").args(["-o", &option]).arg(self.path()).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(self.0.path()).status().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_once_and_written_again_when_there_is_room() {
    let Some(small) = Small::mount() else { return };
    let dir = small.path().join("history");
    let mut rig = Rig::begin(&dir);
    for _ in 0..20 {
        rig.feed().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let before = kept(&dir);
    assert!(before > 0);
    let ballast = small.path().join("ballast");
    // What there is room for is written, and then it is full.
    std::fs::write(&ballast, vec![1_u8; 4 << 20]).unwrap_err();
    let notice = rig.hear(5).await;
    assert!(notice.bad && notice.text.as_str().contains("metric.db"), "{notice:?}");
    assert!(notice.text.as_str().contains("cannot be written"), "{notice:?}");
    std::fs::remove_file(&ballast).unwrap();
    let notice = rig.hear(10).await;
    assert!(notice.text.as_str().contains("written again; nothing is lost"), "{notice:?}");
    rig.end().await;
    assert!(kept(&dir) > before, "what waited is written");
}

#[test]
fn what_can_only_be_read_is_read() {
    let Some(small) = Small::mount() else { return };
    let dir = small.path().join("history");
    let mut writer = Writer::open(&dir, Keep::default()).unwrap();
    writer.append(&known::rows(0, FEW)).unwrap();
    drop(writer);
    small.remount("ro");
    let past = known::past(&dir, 0, 100).unwrap();
    assert_eq!(known::batches(&past, FEW), Ok(vec![0]));
    let refused = Writer::open(&dir, Keep::default()).and_then(|mut writer| writer.ready());
    assert!(matches!(refused, Err(Error::Io { .. })), "{refused:?}");
    small.remount("rw");
}

/// A store with chunks and a tail, as it stands while it is written: file, log and index.
fn store(dir: &Path) {
    let mut writer = Writer::open(dir, Keep::default()).unwrap();
    let mut rows = Vec::new();
    for batch in 0..BATCHES {
        rows.extend(known::rows(batch, FEW));
        if batch % 100 == 99 {
            writer.append(&std::mem::take(&mut rows)).unwrap();
            while writer.tend(100).unwrap() {}
        }
    }
    let copy = dir.with_file_name("copy");
    std::fs::create_dir(&copy).unwrap();
    for file in std::fs::read_dir(dir).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.join(file.file_name())).unwrap();
    }
}

/// Makes a copy of the store `from` in which one file is damaged; what was done.
fn damage(from: &Path, to: &Path, random: &mut StdRng) -> String {
    std::fs::create_dir(to).unwrap();
    let names = ["metric.db", "metric.db-wal", "metric.db-shm"];
    for name in names {
        std::fs::copy(from.join(name), to.join(name)).unwrap();
    }
    let name = names[random.random_range(0..3)];
    let path = to.join(name);
    let mut bytes = std::fs::read(&path).unwrap();
    let at = random.random_range(0..bytes.len().max(1));
    let how = ["truncate", "zero", "flip", "delete", "swap", "noise"][random.random_range(0..6)];
    match how {
        "truncate" => bytes.truncate(at),
        "zero" => {
            let end = (at + 4_096).min(bytes.len());
            bytes[at..end].fill(0);
        }
        "flip" => bytes[at] ^= 1 << random.random_range(0..8),
        "noise" => {
            let end = (at + 64).min(bytes.len());
            random.fill(&mut bytes[at..end]);
        }
        "swap" => bytes = std::fs::read(to.join(names[random.random_range(0..3)])).unwrap(),
        _ => {}
    }
    if how == "delete" { std::fs::remove_file(&path) } else { std::fs::write(&path, &bytes) }
        .unwrap();
    format!("{how} {name} at {at}")
}

/// Reads what is left, writes on, and looks through it: nothing of it may be wrong.
fn judge(dir: &Path, what: &str) {
    let named = |error: &Error| {
        assert!(error.to_string().contains("metric.db"), "{what}: {error}");
    };
    let look = || match known::past(dir, 0, 5_000) {
        Ok(past) => {
            for track in &past.tracks {
                known::judge(track).unwrap_or_else(|wrong| panic!("{what}: {wrong}"));
            }
        }
        Err(error) => named(&error),
    };
    look();
    let mut writer = Writer::open(dir, Keep::default()).unwrap();
    let new = known::rows(BATCHES + 100, FEW);
    if let Err(error) = writer.append(&new) {
        named(&error);
        assert!(
            matches!(error, Error::Corrupt { .. } | Error::Foreign { .. } | Error::Newer { .. }),
            "{what}: {error:?}"
        );
        let aside = writer.set_aside("test").unwrap();
        assert!(aside.exists(), "{what}");
        assert_eq!(writer.append(&new).unwrap().rows, u64::from(FEW), "{what}");
    }
    for _ in 0..20 {
        // What is found while folding is an error that names the file.
        if let Err(error) = writer.tend(100) {
            named(&error);
        }
    }
    drop(writer);
    look();
    if let Ok(Some(Err(error))) =
        Reader::open(dir).map(|reader| reader.map(|reader| reader.verify()))
    {
        named(&error);
    }
}

fn corrupt(times: u32) {
    let home = tempfile::tempdir().unwrap();
    store(&home.path().join("history"));
    let seed = std::env::var("ISOMON_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| StdRng::from_os_rng().random());
    println!("ISOMON_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..times {
        let dir = home.path().join("damaged");
        let what = damage(&home.path().join("copy"), &dir, &mut random);
        judge(&dir, &what);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}

#[test]
fn damage_is_named_and_no_wrong_value_is_shown() {
    corrupt(120);
}

#[test]
#[ignore = "takes minutes: 1,200 damaged stores"]
fn no_wrong_value_is_shown_of_many_damaged_stores() {
    corrupt(1_200);
}

#[test]
fn a_flipped_bit_in_a_value_is_found() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("history");
    store(&dir);
    let path = dir.join("metric.db");
    let whole = Reader::open(&dir).unwrap().unwrap().verify().unwrap();
    assert!(whole.is_whole(), "{whole:?}");
    let mut bytes = std::fs::read(&path).unwrap();
    let wanted = known::value(10, 1, 5).to_le_bytes();
    let next = known::value(11, 1, 5).to_le_bytes();
    let pair: Vec<u8> = wanted.into_iter().chain(next).collect();
    let at = bytes.windows(8).position(|bytes| bytes == pair).expect("a column of a chunk");
    bytes[at] ^= 4;
    std::fs::write(&path, &bytes).unwrap();
    let found = Reader::open(&dir).unwrap().unwrap().verify().unwrap();
    assert_eq!(found.damaged, 1, "{found:?}");
    let past = known::past(&dir, 0, 5_000).unwrap();
    assert!(past.gap.as_ref().is_some_and(|gap| gap.as_str().contains("metric.db")), "{past:?}");
    for track in &past.tracks {
        known::judge(track).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_put_aside_and_a_new_one_begun() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("metric.db"), vec![7; 9_000]).unwrap();
    let mut rig = Rig::begin(home.path());
    let notice = rig.hear(5).await;
    assert!(notice.bad && notice.text.as_str().contains("damaged"), "{notice:?}");
    rig.feed().await;
    rig.end().await;
    assert!(kept(home.path()) > 0);
    let names = std::fs::read_dir(home.path()).unwrap().map(|file| file.unwrap().path());
    let aside: Vec<PathBuf> =
        names.filter(|path| path.to_string_lossy().contains(".damaged-")).collect();
    assert_eq!(std::fs::read(&aside[0]).unwrap(), vec![7; 9_000], "it is kept as it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_isomon_reads_and_takes_over_when_the_first_ends() {
    let home = tempfile::tempdir().unwrap();
    let first = Rig::begin(home.path());
    first.feed().await;
    while Reader::open(home.path()).ok().flatten().is_none() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut second = Rig::begin(home.path());
    let notice = second.hear(5).await;
    assert!(!notice.bad && notice.text.as_str().contains("another isomon"), "{notice:?}");
    first.end().await;
    let notice = second.hear(10).await;
    assert!(notice.text.as_str().contains("writes the history now"), "{notice:?}");
    second.end().await;
}

#[test]
fn of_two_who_would_write_one_does() {
    let home = tempfile::tempdir().unwrap();
    for batch in 0..100 {
        let (begin, done) = (std::sync::Barrier::new(2), std::sync::Barrier::new(2));
        let race = || {
            begin.wait();
            let writer = Writer::open(home.path(), Keep::default());
            let wrote = writer
                .and_then(|mut writer| writer.append(&known::rows(batch, FEW)).map(|_| writer));
            done.wait();
            wrote.map(drop)
        };
        let (one, other) = std::thread::scope(|scope| {
            let other = scope.spawn(race);
            (race(), other.join().unwrap())
        });
        let busy =
            [&one, &other].iter().filter(|race| matches!(race, Err(Error::Busy { .. }))).count();
        assert_eq!((busy, one.is_ok() != other.is_ok()), (1, true), "{one:?} {other:?}");
    }
    let past = known::past(home.path(), 0, 5_000).unwrap();
    assert_eq!(known::batches(&past, FEW), Ok((0..100).collect()));
}

#[test]
fn readers_beside_a_writer_see_whole_batches_in_order() {
    let home = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(home.path(), Keep::default()).unwrap();
    writer.append(&known::rows(0, FEW)).unwrap();
    let over = AtomicBool::new(false);
    let looks: usize = std::thread::scope(|scope| {
        let look = || {
            let mut looks = 0;
            while !over.load(Ordering::Relaxed) {
                let past = known::past(home.path(), 0, 5_000).unwrap();
                assert_eq!(past.gap, None);
                let there = known::batches(&past, FEW).unwrap();
                assert!(there.iter().copied().eq(0..there.len() as u64), "no hole: {there:?}");
                looks += 1;
            }
            looks
        };
        let readers: Vec<_> = (0..16).map(|_| scope.spawn(look)).collect();
        for batch in 1..BATCHES {
            writer.append(&known::rows(batch, FEW)).unwrap();
            writer.tend(2).unwrap();
        }
        over.store(true, Ordering::Relaxed);
        readers.into_iter().map(|reader| reader.join().unwrap()).sum()
    });
    assert!(looks >= 16, "{looks}");
}
