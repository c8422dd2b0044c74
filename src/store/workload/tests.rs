//! The file of workloads: what is kept stays, what is not ours is not touched, what fails is told.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rusqlite::Connection;

use super::*;
use crate::model::job::Stream;
use crate::model::workload::Status;

fn record(id: u32, status: Status) -> Record {
    let duration_s = (status == Status::Completed).then_some(0.1);
    Record {
        id: format!("{id:026}"),
        status,
        isolation: "auto".into(),
        backend: Some("runc".into()),
        runtime: "node".into(),
        created_ns: i64::from(id),
        duration_s,
        output: Some(b"hello".to_vec()),
        ..Record::default()
    }
}

fn line(seq: u64) -> Line {
    Line { seq, at_ns: 7, stream: Stream::Error, text: format!("line {seq}") }
}

fn open(state: &Path) -> Ledger {
    Ledger::open(state, Keep::default(), 99).unwrap()
}

/// An open ledger once the one before has let go of the file.
async fn reopen(state: &Path, before: Ledger) -> Ledger {
    drop(before);
    for _ in 0..200 {
        let ledger = open(state);
        if fault(&ledger).await.is_none() {
            return ledger;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the file is not let go of");
}

async fn fault(ledger: &Ledger) -> Option<String> {
    ledger.health().await.unwrap().fault.map(|(why, _)| why.to_string())
}

fn sql(state: &Path, text: &str) {
    Connection::open(state.join("isomon.db")).unwrap().execute_batch(text).unwrap();
}

#[tokio::test]
async fn what_was_kept_is_there_and_what_was_unfinished_has_failed() {
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join("isomon");
    let ledger = open(&state);
    for (id, status) in [(1, Status::Completed), (2, Status::Running), (3, Status::Pending)] {
        ledger.save(record(id, status)).await.unwrap();
    }
    ledger
        .append(&record(1, Status::Completed).id, vec![line(0), line(1), line(2)], (1, 2))
        .await
        .unwrap();
    let mode = |name| fs::metadata(state.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("isomon.db"), mode("isomon.db-wal")), (0o600, 0o600));
    let ledger = reopen(&state, ledger).await;
    let page = ledger.list(Filter::default(), 20, 0).await.unwrap();
    assert_eq!(page.total, 3);
    assert_eq!(page.records[2], record(1, Status::Completed));
    let failed = &page.records[1];
    assert_eq!((failed.status, failed.finished_ns), (Status::Failed, Some(99)));
    assert_eq!(failed.error.as_deref(), Some("isomon ended while it ran"));
    assert_eq!(page.records[0].error.as_deref(), Some("isomon ended before it began"));
    let lines = ledger.lines(&page.records[2].id, 0, 10).await.unwrap();
    assert_eq!(lines, [line(0), line(2)]);
}

#[tokio::test]
async fn lists_are_filtered_and_paged_latest_first() {
    let ledger = Ledger::in_memory(Keep::default()).unwrap();
    for id in 0..50 {
        let status = if id % 5 == 0 { Status::Failed } else { Status::Completed };
        let backend = Some(if id % 2 == 0 { "runc" } else { "crun" }.to_owned());
        let output = Some(vec![b'x'; if id == 49 { 5_000 } else { 5 }]);
        ledger.save(Record { backend, output, ..record(id, status) }).await.unwrap();
    }
    let page = ledger.list(Filter::default(), 2, 1).await.unwrap();
    assert_eq!((page.total, page.records.len()), (50, 2));
    assert_eq!(page.records[0].created_ns, 48);
    let all = ledger.list(Filter::default(), 1, 0).await.unwrap();
    assert_eq!(all.records[0].output, None, "a list shows no long output");
    let whole = ledger.read(&all.records[0].id).await.unwrap().unwrap();
    assert_eq!(whole.output.map(|output| output.len()), Some(5_000));
    let filter = Filter { status: Some(Status::Failed), backend: Some("runc".into()) };
    assert_eq!(ledger.list(filter, 100, 0).await.unwrap().total, 5);
    assert_eq!(ledger.read("nobody").await.unwrap(), None);
}

#[tokio::test]
async fn figures_are_over_all_and_over_time() {
    let ledger = Ledger::in_memory(Keep::default()).unwrap();
    for id in 0..4 {
        ledger.save(record(id, Status::Completed)).await.unwrap();
    }
    let bad = Record { exit_code: Some(3), duration_s: Some(0.3), ..record(4, Status::Completed) };
    ledger.save(bad).await.unwrap();
    ledger.save(Record { backend: None, ..record(9, Status::Failed) }).await.unwrap();
    let figures = ledger.figures(10, 5, 2).await.unwrap();
    assert_eq!(figures.by_status, [(Status::Completed, 5), (Status::Failed, 1)]);
    assert_eq!(figures.by_isolation, [("auto".to_owned(), 6)]);
    let of = |name: &str, status, count, good| (name.to_owned(), status, count, good);
    let wanted = [of("auto", Status::Failed, 1, 0), of("runc", Status::Completed, 5, 4)];
    assert_eq!(figures.by_backend, wanted);
    assert!((figures.mean_s.unwrap() - 0.14).abs() < 1e-9);
    let slots: Vec<_> = figures
        .slots
        .iter()
        .map(|slot| (slot.number, slot.count, slot.succeeded, slot.failed))
        .collect();
    assert_eq!(slots, [(0, 5, 4, 1), (1, 1, 0, 1)]);
}

#[tokio::test]
async fn a_second_isomon_has_no_part_in_the_first_ones_file() {
    let home = tempfile::tempdir().unwrap();
    let first = open(home.path());
    first.save(record(1, Status::Running)).await.unwrap();
    let second = open(home.path());
    assert!(fault(&second).await.unwrap().contains("in use by another isomon"));
    second.save(record(2, Status::Running)).await.unwrap();
    assert_eq!(second.list(Filter::default(), 9, 0).await.unwrap().total, 1);
    let page = first.list(Filter::default(), 9, 0).await.unwrap();
    assert_eq!((page.total, page.records[0].status), (1, Status::Running));
}

/// A name, what makes such a file, and what is said of it.
type Spoilt<'a> = (&'a str, &'a dyn Fn(&Path), &'a str);

#[tokio::test]
async fn what_is_newer_foreign_or_damaged_is_not_touched() {
    let home = tempfile::tempdir().unwrap();
    let rows: [Spoilt<'_>; 4] = [
        (
            "newer",
            &|state| sql(state, "PRAGMA application_id=0x69736f6d; PRAGMA user_version=99"),
            "version 99",
        ),
        (
            "foreign",
            &|state| sql(state, "CREATE TABLE x (y); PRAGMA user_version=1"),
            "no file of isomon",
        ),
        (
            "text",
            &|state| fs::write(state.join("isomon.db"), "x".repeat(5_000)).unwrap(),
            "damaged",
        ),
        ("damaged", &damage, "damaged"),
    ];
    for (name, make, wanted) in rows {
        let state = home.path().join(name);
        fs::create_dir(&state).unwrap();
        make(&state);
        let before = fs::read(state.join("isomon.db")).unwrap();
        let ledger = open(&state);
        let said = fault(&ledger).await.unwrap_or_default();
        assert!(said.contains(wanted), "{name}: {said:?}");
        ledger.save(record(1, Status::Running)).await.unwrap();
        assert_eq!(ledger.list(Filter::default(), 9, 0).await.unwrap().total, 1, "{name}");
        drop(ledger);
        assert_eq!(fs::read(state.join("isomon.db")).unwrap(), before, "{name}");
    }
}

/// A file of ours with a page of it overwritten.
fn damage(state: &Path) {
    let mut connection = Connection::open(state.join("isomon.db")).unwrap();
    schema::migrate(&mut connection, 0).unwrap();
    drop(connection);
    let path = state.join("isomon.db");
    let mut bytes = fs::read(&path).unwrap();
    let page = bytes.len() / 2;
    bytes[page..page + 4_096].fill(0xa5);
    fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn an_older_file_is_brought_up_to_date() {
    let home = tempfile::tempdir().unwrap();
    let mut old = Connection::open(home.path().join("isomon.db")).unwrap();
    schema::make_old(&mut old, 1).unwrap();
    record::save(&old, "main", &record(1, Status::Completed)).unwrap();
    drop(old);
    let ledger = open(home.path());
    assert_eq!(fault(&ledger).await, None);
    assert_eq!(ledger.list(Filter::default(), 9, 0).await.unwrap().total, 1);
    let seen = Connection::open(home.path().join("isomon.db")).unwrap();
    let version: u32 = seen.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, schema::VERSION);
}

#[tokio::test]
async fn while_the_file_cannot_be_written_nothing_is_lost() {
    let home = tempfile::tempdir().unwrap();
    let ledger = open(home.path());
    ledger.save(record(1, Status::Completed)).await.unwrap();
    // A writer from outside that does not let go: the file is busy for longer than anyone waits.
    let other = Connection::open(home.path().join("isomon.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    ledger.save(Record { status: Status::Failed, ..record(1, Status::Completed) }).await.unwrap();
    ledger.save(record(2, Status::Completed)).await.unwrap();
    ledger.append(&record(2, Status::Completed).id, vec![line(0)], (0, 0)).await.unwrap();
    let page = ledger.list(Filter::default(), 9, 0).await.unwrap();
    assert_eq!(page.total, 2);
    assert_eq!(page.records[1].status, Status::Failed, "the newer of two is shown");
    assert!(fault(&ledger).await.unwrap().contains("locked"));
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(fault(&ledger).await, None, "and goes to the file when it can");
    let count: u32 =
        other.query_row("SELECT count(*) FROM workload", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 2);
    assert_eq!(ledger.lines(&record(2, Status::Completed).id, 0, 9).await.unwrap(), [line(0)]);
}

#[tokio::test]
async fn what_is_too_much_is_forgotten_oldest_first() {
    let keep = Keep { workloads: 10, ..Keep::default() };
    let ledger = Ledger::in_memory(keep).unwrap();
    ledger.save(record(0, Status::Running)).await.unwrap();
    for id in 1..=200 {
        ledger.save(record(id, Status::Completed)).await.unwrap();
        ledger.append(&format!("{id:026}"), vec![line(0)], (0, 0)).await.unwrap();
    }
    let page = ledger.list(Filter::default(), 100, 0).await.unwrap();
    assert!(page.total < 100, "{}", page.total);
    assert_eq!(page.records[0].created_ns, 200);
    let oldest = page.records.last().unwrap();
    assert_eq!(oldest.status, Status::Running, "what is not over stays");
}

#[tokio::test]
async fn what_is_too_much_or_too_old_is_forgotten_and_what_goes_on_never_is() {
    let home = tempfile::tempdir().unwrap();
    let keep = Keep { workloads: 120, age_ns: 500, ..Keep::default() };
    let ledger = Ledger::open(home.path(), keep, 0).unwrap();
    for id in 0..300 {
        let status = if id == 7 { Status::Running } else { Status::Completed };
        ledger.save(record(id, status)).await.unwrap();
    }
    while ledger.forget(300).await.unwrap() {}
    let page = ledger.list(Filter::default(), 100, 0).await.unwrap();
    assert_eq!((page.total, page.records[0].created_ns), (120, 299));
    assert!(ledger.read(&record(7, Status::Running).id).await.unwrap().is_some());
    assert_eq!(ledger.read(&record(8, Status::Completed).id).await.unwrap(), None);
    while ledger.forget(790).await.unwrap() {}
    assert_eq!(ledger.list(Filter::default(), 1, 0).await.unwrap().total, 11);
    while ledger.forget(i64::MAX).await.unwrap() {}
    assert_eq!(ledger.list(Filter::default(), 1, 0).await.unwrap().total, 1);
}
