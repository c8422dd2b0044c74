//! The launcher, spoken to as a camp does.

#![allow(clippy::unwrap_used, reason = "a test program")]

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
