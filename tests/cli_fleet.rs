//! `isomon bench` on several nodes as a shell sees it. This machine takes part for real; the other
//! node is one where nobody listens.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

#[path = "support/home.rs"]
mod home;

use home::{Home, err, out, status};

/// Nobody listens at port 1.
const GONE: &str = "--source=gone=http://127.0.0.1:1";

#[test]
fn who_cannot_is_named_and_the_others_are_measured() {
    let home = Home::new();
    let words = ["bench", "process", "--runs=3", "--warmup=0", "--hosts=local", GONE];
    let output = home.run(&[&words[..], &["--export-json=all.json"]].concat());
    let (text, told) = (out(&output), err(&output));
    assert_eq!(status(&output), Some(1), "one node took no part: {told}");
    assert!(text.contains("left out gone: it does not answer"), "{text}");
    assert!(text.contains("local") && text.contains("completed"), "{text}");
    assert!(told.contains("local: run "), "{told}");
    let json = fs::read_to_string(home.path().join("all.json")).expect("the export");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["nodes"][0]["node"], "local");
    assert_eq!(json["left_out"][0]["node"], "gone");
    let id = json["nodes"][0]["run"]["id"].as_str().expect("an id").to_owned();
    let shown = home.run(&["show", &id]);
    assert_eq!(status(&shown), Some(0), "{}", err(&shown));
}

#[test]
fn nobody_at_all_is_no_success() {
    let home = Home::new();
    let output = home.run(&["bench", "process", "--runs=3", GONE, "--json"]);
    assert_eq!(status(&output), Some(1), "{}", err(&output));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json["nodes"], serde_json::json!([]));
    assert_eq!(json["left_out"][0]["node"], "gone");
}

#[test]
fn what_means_nothing_for_several_runs_is_refused() {
    let home = Home::new();
    for flag in ["--export-csv=x", "--tune", "--save-baseline=main"] {
        let output = home.run(&["bench", "process", "--runs=3", GONE, flag]);
        let told = err(&output);
        assert_eq!(status(&output), Some(2), "{flag}: {told}");
        assert!(told.contains("leave it out"), "{flag}: {told}");
    }
}

#[test]
fn an_interrupt_ends_the_runs_and_waits_for_them() {
    let home = Home::new();
    let words = ["bench", "process", "--runs=5000", "--budget=5m", "--hosts=local", GONE];
    let mut child =
        home.command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
    let mut lines = BufReader::new(child.stderr.take().expect("standard error")).lines();
    let begun = lines.by_ref().map_while(Result::ok).any(|line| line.starts_with("local: run "));
    assert!(begun, "it begins");
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("kill").success());
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    let output = child.wait_with_output().expect("ends");
    assert_eq!(status(&output), Some(130), "{rest:?}");
    assert!(out(&output).contains("cancelled"), "{}", out(&output));
}
