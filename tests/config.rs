//! The settings as the program reads them: file, environment, flags.

use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

fn command(home: &TempDir, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_isomon"));
    command
        .args(words)
        .env_clear()
        .env("HOME", home.path())
        .env("XDG_CONFIG_HOME", home.path().join("config"))
        .env("XDG_STATE_HOME", home.path().join("state"));
    command
}

fn run(home: &TempDir, words: &[&str]) -> Output {
    command(home, words).output().expect("runs")
}

fn home() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

#[test]
fn init_writes_what_print_prints_and_check_accepts_once() {
    let home = home();
    assert_eq!(code(&run(&home, &["config", "init"])), Some(0));
    let path = run(&home, &["config", "path"]).stdout;
    let path = String::from_utf8(path).expect("UTF-8");
    assert!(path.trim().ends_with("config/isomon/isomon.toml"), "{path}");
    let written = fs::read(path.trim()).expect("written");
    assert_eq!(written, run(&home, &["config", "print"]).stdout);
    assert_eq!(code(&run(&home, &["config", "check"])), Some(0));
    assert_eq!(code(&run(&home, &["config", "init"])), Some(2), "never overwritten");
}

#[test]
fn a_named_file_must_be_there_and_an_unnamed_one_need_not() {
    let home = home();
    assert_eq!(code(&run(&home, &["config", "check"])), Some(0));
    let output = run(&home, &["-c", "/does/not/exist", "snapshot"]);
    assert_eq!(code(&output), Some(2));
    assert!(err(&output).contains("/does/not/exist"), "{}", err(&output));
}

#[test]
fn every_mistake_is_shown_with_its_place() {
    let home = home();
    let file = home.path().join("my.toml");
    fs::write(&file, "[watch]\nintervall = 2\n\n[screen]\ncolor = 7\n").expect("written");
    let file = file.display().to_string();
    let output = run(&home, &["config", "check", "--config", &file]);
    assert_eq!(code(&output), Some(2));
    let shown = err(&output);
    assert!(shown.contains("my.toml:2:1: "), "{shown}");
    assert!(shown.contains("did you mean `interval`?"), "{shown}");
    assert!(shown.contains("my.toml:5:9: "), "{shown}");
    assert!(shown.contains("5 | color = 7\n  |         ^"), "{shown}");
}

#[test]
fn a_variable_that_means_nothing_is_an_error() {
    let home = home();
    let with = |name: &str, value: &str| {
        let mut command = command(&home, &["config", "check"]);
        command.env(name, value).output().expect("runs")
    };
    assert_eq!(code(&with("ISOMON_WATCH_INTERVAL", "2s")), Some(0));
    assert_eq!(code(&with("ISOMON_SCREEN_MOUSE", "false")), Some(0));
    let output = with("ISOMON_WATCH_INTERVALL", "2s");
    assert_eq!(code(&output), Some(2));
    assert!(err(&output).contains("ISOMON_WATCH_INTERVAL`"), "{}", err(&output));
    assert_eq!(code(&with("ISOMON_BENCH_CPUS", "many")), Some(2));
}

#[test]
fn hostile_files_are_errors_and_quick() {
    let home = home();
    let deep = "[".repeat(100_000);
    let long = format!("x = \"{}\"", "a".repeat(10 << 20));
    let hostile: [&[u8]; 5] = [b"\x00", b"\xff\xfe", deep.as_bytes(), long.as_bytes(), b"a = {"];
    for text in hostile {
        let file = home.path().join("hostile.toml");
        fs::write(&file, text).expect("written");
        let file = file.display().to_string();
        let output = run(&home, &["config", "check", "-c", &file]);
        let start: String = String::from_utf8_lossy(text).chars().take(5).collect();
        assert_eq!(code(&output), Some(2), "{start:?}");
        assert!(err(&output).len() < 4_096, "{start:?}");
    }
}

#[test]
fn the_schema_knows_every_section() {
    let schema = run(&home(), &["config", "schema"]).stdout;
    let schema: serde_json::Value = serde_json::from_slice(&schema).expect("JSON");
    assert!(jsonschema::validator_for(&schema).is_ok());
    for section in ["watch", "screen", "bench", "threshold"] {
        assert!(schema["properties"][section]["properties"].is_object(), "{section}");
    }
}
