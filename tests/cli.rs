//! The program as a shell sees it: what it writes where, and how it ends.

use std::fs::File;
use std::io::Write as _;
use std::process::Stdio;

#[path = "support/home.rs"]
mod home;

use home::{Home, err, out, status};
use isomon::model::backend::BackendId;

#[test]
fn without_a_terminal_the_screen_is_refused_with_a_hint() {
    let output = Home::new().run(&[]);
    assert_eq!(status(&output), Some(2));
    assert!(err(&output).contains("isomon snapshot"), "{}", err(&output));
    assert_eq!(out(&output), "");
}

#[test]
fn a_reader_that_goes_is_no_error() {
    let home = Home::new();
    for words in [["config", "print"], ["config", "schema"], ["completions", "bash"]] {
        let mut command = home.command(&words);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("ends");
        assert_eq!(status(&output), Some(0), "{words:?}");
        assert_eq!(err(&output), "", "{words:?}");
    }
}

#[test]
fn a_full_disk_is_told() {
    let home = Home::new();
    let full = || File::options().write(true).open("/dev/full").expect("/dev/full");
    for words in [vec!["config", "print"], vec!["snapshot"], vec!["--help"], vec!["man"]] {
        let output = home.command(&words).stdout(full()).output().expect("runs");
        assert_eq!(status(&output), Some(2), "{words:?}");
        assert!(err(&output).contains("No space left"), "{words:?}: {}", err(&output));
    }
    let both = home.command(&["snapshot"]).stdout(full()).stderr(full()).status();
    assert_eq!(both.expect("runs").code(), Some(2), "nobody is left to tell, and no panic");
}

#[test]
fn a_snapshot_is_json_with_numbers_and_nulls() {
    let home = Home::new();
    for words in [vec!["snapshot", "--json"], vec!["--json"], vec!["snapshot", "--format=json"]] {
        let output = home.run(&words);
        assert_eq!(status(&output), Some(0), "{}", err(&output));
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(json["format"], 1);
        assert!(!out(&output).contains("missing"), "{}", out(&output));
    }
}

#[test]
fn a_snapshot_speaks_csv_and_prometheus() {
    let home = Home::new();
    let csv = out(&home.run(&["snapshot", "--format", "csv"]));
    assert!(csv.starts_with("at,source,name,label,value\n"), "{csv}");
    let page = out(&home.run(&["snapshot", "--format", "prometheus"]));
    let is_line = |line: &str| line.starts_with("# ") || line.starts_with("isomon_");
    assert!(page.lines().all(is_line), "{page}");
}

#[test]
fn wrong_arguments_are_usage() {
    let home = Home::new();
    let wrong = [
        vec!["bench", "gvizor"],
        vec!["snapshot", "--format", "yaml"],
        vec!["-i", "1ns"],
        vec!["-i", "2", "doctor"],
        vec!["--sideways"],
    ];
    for words in wrong {
        let output = home.run(&words);
        assert_eq!(status(&output), Some(2), "{words:?}");
        assert!(!err(&output).is_empty());
        assert_eq!(out(&output), "", "{words:?}");
    }
}

#[test]
fn the_doctor_looks_at_everything_and_says_so_as_json() {
    let home = Home::new();
    let output = home.run(&["doctor", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let checks = json["checks"].as_array().expect("checks");
    let names: Vec<&str> = checks.iter().filter_map(|check| check["name"].as_str()).collect();
    for name in ["terminal", "cgroup", "pressure", "left-overs", "runs", "backend process"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    assert_eq!(json["backends"].as_array().map(Vec::len), Some(BackendId::ALL.len()));
    let open = json["backends"][0].get("inside").expect("a process can look around");
    assert_eq!(open["namespaces"], serde_json::json!([]), "{open}");
    let worst = |level: &str| checks.iter().any(|check| check["level"] == level);
    let wanted = match (worst("bad"), worst("warn")) {
        (true, _) => 2,
        (false, true) => 1,
        (false, false) => 0,
    };
    assert_eq!(status(&output), Some(wanted));
}

#[test]
fn the_doctor_looks_at_the_backends_that_are_named_alone() {
    let home = Home::new();
    let output = home.run(&["doctor", "process", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let names = |list: &str, key: &str| -> Vec<String> {
        let all = json[list].as_array().expect("a list").iter();
        all.filter_map(|one| one[key].as_str()).map(str::to_owned).collect()
    };
    assert_eq!(names("checks", "name"), ["backend process"], "{}", err(&output));
    assert_eq!(names("backends", "id"), ["process"]);
    let unknown = home.run(&["doctor", "denno"]);
    assert_eq!(status(&unknown), Some(2));
    assert!(err(&unknown).contains("did you mean"), "{}", err(&unknown));
}

#[test]
fn what_no_terminal_reads_has_no_escapes() {
    let home = Home::new();
    for words in [vec!["doctor"], vec!["--help"], vec!["snapshot"], vec!["bench", "gvizor"]] {
        let output = home.run(&words);
        assert!(!out(&output).contains('\x1b'), "{words:?}");
        assert!(!err(&output).contains('\x1b'), "{words:?}");
    }
    let colored = out(&home.run(&["doctor", "--color", "always"]));
    assert!(colored.contains("\x1b["), "{colored}");
}

#[test]
fn nothing_left_behind_is_said() {
    let home = Home::new();
    let output = home.run(&["list"]);
    assert_eq!(status(&output), Some(0));
    assert!(out(&output).contains("no run is kept"));
    let shown = home.run(&["show"]);
    assert_eq!((status(&shown), err(&shown).contains("no run is kept yet")), (Some(2), true));
    assert_eq!(status(&home.run(&["show", "../../etc"])), Some(2));
    let shown = home.run(&["show", "nosuch"]);
    assert_eq!((status(&shown), err(&shown).contains("there is no run nosuch")), (Some(2), true));
}

#[test]
fn the_log_goes_to_a_file_when_asked() {
    let home = Home::new();
    let file = home.path().join("isomon.log");
    let wish = format!("debug,{}", file.display());
    let output = home.command(&["snapshot"]).env("ISOMON_LOG", wish).output();
    assert_eq!(status(&output.expect("runs")), Some(0));
    assert!(file.exists());
    let wrong = home.command(&["snapshot"]).env("ISOMON_LOG", "===").output();
    assert_eq!(status(&wrong.expect("runs")), Some(2));
}

#[test]
fn settings_may_come_through_a_pipe() {
    let home = Home::new();
    let mut command = home.command(&["-c", "/dev/stdin", "config", "check"]);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("starts");
    let mut pipe = child.stdin.take().expect("is piped");
    pipe.write_all(b"[watch]\nintervall = 2\n").expect("is read");
    drop(pipe);
    let output = child.wait_with_output().expect("ends");
    assert_eq!(status(&output), Some(2));
    assert!(err(&output).contains("/dev/stdin:2:1: there is no `intervall`"), "{}", err(&output));
}

#[test]
fn the_check_reads_theme_keys_and_rules_too() {
    let home = Home::new();
    let directory = home.path().join(".config/isomon");
    std::fs::create_dir_all(&directory).expect("a directory");
    let check = |file: &str, text: &str| {
        let path = directory.join(file);
        std::fs::write(&path, text).expect("is written");
        let output = home.run(&["config", "check"]);
        std::fs::remove_file(&path).expect("is there");
        (status(&output), err(&output))
    };
    assert_eq!(check("isomon.toml", "[screen]\nascii = true\n").0, Some(0));
    let (code, words) = check("isomon.toml", "[screen]\ntheme = \"drak\"\n");
    assert!(code == Some(2) && words.contains("did you mean `dark`?"), "{words}");
    assert!(words.contains("isomon.toml:2:9: ") && words.contains("theme = \"drak\""), "{words}");
    let (code, words) = check("keymap.toml", "[[bind]]\nkeys = [\"q\"]\naction = \"qiut\"\n");
    assert!(code == Some(2) && words.contains("did you mean `quit`?"), "{words}");
    let (code, words) = check("rules.toml", "[[rule]]\nname = \"a\"\nwhen = \"cpuu > 9\"\n");
    assert!(code == Some(2) && words.contains("the rules have a mistake"), "{words}");
    assert!(words.contains("rules.toml:3:9: ") && words.contains("did you mean `cpu`?"), "{words}");
}

#[test]
fn the_page_of_a_command_says_of_which_isomon_it_is() {
    let home = Home::new();
    for words in [vec!["man"], vec!["man", "bench"]] {
        let page = out(&home.run(&words));
        let title = page.lines().find(|line| line.starts_with(".TH ")).expect("a title");
        let whole = format!("\"isomon {}\"", env!("CARGO_PKG_VERSION"));
        assert!(title.contains(&whole), "{words:?}: {title}");
    }
}
