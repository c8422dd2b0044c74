//! `isomon serve` keeps a history, and `isomon history` looks back at it, as a shell sees both.

#![allow(clippy::unwrap_used, reason = "a test program")]

#[path = "support/home.rs"]
mod home;

use std::process::Stdio;
use std::time::{Duration, Instant};

use home::{Home, err, out, status};
use rustix::process::{Pid, Signal, kill_process};

/// A home in which a server has kept a few seconds.
fn kept() -> Home {
    let home = Home::new();
    let mut server = home
        .command(&["serve", "--stdio", "--no-check"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    drop(server.stdin.take());
    server.wait().unwrap();
    let mut server = home
        .command(&["serve", "--listen", "127.0.0.1:0", "--no-check", "-i", "100ms"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while status(&home.run(&["history", "query", "--metric", "load"])) != Some(0) {
        assert!(Instant::now() < until, "nothing is kept");
    }
    kill_process(Pid::from_child(&server), Signal::TERM).unwrap();
    server.wait().unwrap();
    home
}

#[test]
fn what_a_server_kept_is_told_in_every_form() {
    let home = kept();
    let table = home.run(&["history", "query", "--metric", "load"]);
    assert!(out(&table).contains("load_1m"), "{}", out(&table));
    let json = out(&home.run(&["history", "query", "--metric", "load", "--json"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(json["tracks"][0]["values"]["load_1m"][0].is_number(), "{json}");
    let csv = out(&home.run(&["history", "export", "-", "--format", "csv", "--metric", "memory"]));
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("time,source,kind,name,step_seconds,memory_used_percent"));
    assert!(lines.next().is_some_and(|line| line.contains(",local,node,,")), "{csv}");
    let written = home.run(&["history", "export", "h.db"]);
    assert_eq!(status(&written), Some(0), "{}", err(&written));
    let database = rusqlite::Connection::open(home.path().join("h.db")).unwrap();
    let sql = "SELECT count(*) FROM node WHERE source = 'local' AND load_1m IS NOT NULL";
    let rows: i64 = database.query_row(sql, [], |row| row.get(0)).unwrap();
    assert!(rows > 0);
    let verified = home.run(&["history", "verify"]);
    assert_eq!((status(&verified), out(&verified).contains("is whole")), (Some(0), true));
    assert!(out(&home.run(&["history", "info"])).contains("local  node"));
}

#[test]
fn a_mistake_is_told_with_what_mends_it() {
    let home = kept();
    for (words, hint) in [
        (&["query", "--metric", "cpi"][..], "--metric cpu"),
        (&["query", "--source", "web"], "one of: local"),
        (&["query", "--from", "2h"], "-2h"),
        (&["query", "--from", "now"], "is not before"),
        (&["query", "--from", "-30d", "--step", "1s"], "choose a step"),
        (&["query", "--to", "-9d", "--from", "-10d"], "kept is: since"),
        (&["export", "x.txt"], "--format csv"),
        (&["export", "-", "--format", "sqlite"], "name a file"),
    ] {
        let words: Vec<&str> = std::iter::once("history").chain(words.iter().copied()).collect();
        let output = home.run(&words);
        assert_eq!(status(&output), Some(2), "{words:?}");
        assert!(err(&output).contains(hint), "{words:?}: {}", err(&output));
    }
}

#[test]
fn where_nothing_is_kept_it_says_how_to_keep_something() {
    let output = Home::new().run(&["history", "query"]);
    assert_eq!(status(&output), Some(2));
    assert!(err(&output).contains("isomon serve"), "{}", err(&output));
}

#[test]
fn damage_is_a_bad_end() {
    let home = kept();
    let state = home.path().join(".local/state/isomon/history/metric.db");
    std::fs::write(
        &state,
        b"this is no database, and longer than a header of one would be: ......",
    )
    .unwrap();
    let output = home.run(&["history", "verify"]);
    assert_eq!(status(&output), Some(2));
    assert!(err(&output).contains("metric.db is damaged"), "{}", err(&output));
}
