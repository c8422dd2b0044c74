//! The launcher, spoken to as a camp does.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// What a program would be lent for its marks is not there for the next one, which may be a user's.
#[test]
fn a_program_that_could_not_begin_leaves_no_descriptor_to_the_next() {
    let launch = |marks: bool, input: Value| {
        let script = "[ -e /proc/self/fd/3 ] && echo lent || echo nothing";
        json!({"Launch": {
            "argv": ["/bin/sh", "-c", script], "env": [], "nonce": 1, "timeout_ms": 10_000,
            "keep_bytes": 4096, "gone": [], "marks": marks, "input": input,
        }})
    };
    let mut launcher = Command::new(env!("CARGO_BIN_EXE_isomon"))
        .arg("__launcher")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut orders = launcher.stdin.take().unwrap();
    for order in [launch(true, json!({"File": "/nonexistent"})), launch(false, json!("Nothing"))] {
        writeln!(orders, "{order}").unwrap();
    }
    // A hello and two reports; only then may the orders end, which would end what still runs.
    let said: Vec<String> = BufReader::new(launcher.stdout.take().unwrap())
        .lines()
        .take(3)
        .map(Result::unwrap)
        .collect();
    drop(orders);
    assert!(launcher.wait().unwrap().success());
    let report = |line: &str| serde_json::from_str::<Value>(line).unwrap()["Reports"][0].clone();
    assert!(report(&said[1])["start_error"].is_string(), "{said:?}");
    assert_eq!(report(&said[2])["first_line"], "nothing", "{said:?}");
}

/// A policy of the user's own is isomon's and not the sandboxes'.
#[test]
fn what_is_started_has_the_ordinary_scheduling_policy() {
    let own = env!("CARGO_BIN_EXE_isomon");
    let Ok(mut launcher) = Command::new("chrt")
        .args(["--batch", "0", own, "__launcher"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
    else {
        let why = "chrt is not on PATH (apt-get install util-linux)";
        assert!(std::env::var_os("ISOMON_REQUIRE_LIVE").is_none_or(|live| live != "1"), "{why}");
        println!("passed over: {why}");
        return;
    };
    let mut orders = launcher.stdin.take().unwrap();
    // The 41st field; the name in brackets has no blank.
    let script = "set -- $(cat /proc/self/stat); shift 40; echo policy $1";
    let order = json!({"Launch": {
        "argv": ["/bin/sh", "-c", script], "env": [["PATH", "/usr/bin:/bin"]], "nonce": 1,
        "timeout_ms": 10_000, "keep_bytes": 4096, "gone": [],
    }});
    writeln!(orders, "{order}").unwrap();
    let said: Vec<String> = BufReader::new(launcher.stdout.take().unwrap())
        .lines()
        .take(2)
        .map(Result::unwrap)
        .collect();
    drop(orders);
    assert!(launcher.wait().unwrap().success());
    let report: Value = serde_json::from_str(&said[1]).unwrap();
    assert_eq!(report["Reports"][0]["first_line"], "policy 0", "{said:?}");
}
