//! The file of workloads on a disk that is full, and on one that is read-only: said, nothing lost, and
//! written again as soon as that works.

use std::path::Path;
use std::time::{Duration, Instant};

use isomon::model::workload::Status;
use isomon::store::workload::{Filter, Keep, Ledger, Record};
use rustix::mount::{MountFlags, mount, mount_remount};

use crate::apart;

#[test]
fn a_disk_that_is_full_or_read_only_loses_no_workload() {
    apart::run("disk::inside");
}

fn record(number: u32) -> Record {
    Record {
        id: format!("{number:026}"),
        status: Status::Completed,
        isolation: "auto".into(),
        runtime: "command".into(),
        created_ns: i64::from(number),
        output: Some(vec![b'x'; 8 << 10]),
        ..Record::default()
    }
}

async fn fault(ledger: &Ledger) -> Option<String> {
    ledger.health().await.unwrap().fault.map(|(why, _)| why.to_string())
}

async fn total(ledger: &Ledger) -> u64 {
    ledger.list(Filter::default(), 1, 0).await.unwrap().total
}

/// Waits until the file is written again.
async fn healed(ledger: &Ledger) {
    let began = Instant::now();
    while let Some(why) = fault(ledger).await {
        assert!(began.elapsed() < Duration::from_secs(10), "{why}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn resize(place: &Path, flags: MountFlags, size: &str) {
    let size = std::ffi::CString::new(format!("size={size}")).unwrap();
    mount_remount(place, flags, size.as_c_str()).unwrap();
}

#[tokio::test]
#[ignore = "runs only as the other half of the test above"]
async fn inside() {
    if !apart::is() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let place = home.path();
    mount("none", place, "tmpfs", MountFlags::empty(), c"size=1m").unwrap();
    let ledger = Ledger::open(place, Keep::default(), 0).unwrap();
    let mut count = 0;
    let began = Instant::now();
    while fault(&ledger).await.is_none() {
        count += 1;
        ledger.save(record(count)).await.unwrap();
        assert!(count < 1_000, "it never fills");
    }
    let why = fault(&ledger).await.unwrap();
    println!("full after {count} workloads and {:?}: {why}", began.elapsed());
    assert!(why.contains("isomon.db"), "{why}");
    for _ in 0..20 {
        count += 1;
        ledger.save(record(count)).await.unwrap();
    }
    assert_eq!(total(&ledger).await, u64::from(count), "those in memory are told too");
    resize(place, MountFlags::empty(), "16m");
    healed(&ledger).await;
    assert_eq!(total(&ledger).await, u64::from(count));

    // A file that is open for writing keeps its disk from becoming read-only: it is the directory above
    // all that is taken away here, so a new ledger meets it.
    drop(ledger);
    let began = Instant::now();
    let read_only = loop {
        match rustix::mount::mount_remount(place, MountFlags::RDONLY, c"size=16m") {
            Ok(()) => break Ledger::open(place, Keep::default(), 0).unwrap(),
            Err(error) => assert!(began.elapsed() < Duration::from_secs(10), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let why = fault(&read_only).await.unwrap();
    println!("read-only: {why}");
    assert!(why.contains("Read-only") || why.contains("readonly"), "{why}");
    read_only.save(record(count + 1)).await.unwrap();
    assert_eq!(total(&read_only).await, 1, "work goes on in memory");
    drop(read_only);
    resize(place, MountFlags::empty(), "16m");
    let again = Ledger::open(place, Keep::default(), 0).unwrap();
    assert_eq!((fault(&again).await, total(&again).await), (None, u64::from(count)));
    drop(again);
    rustix::mount::unmount(place, rustix::mount::UnmountFlags::DETACH).unwrap();
}
