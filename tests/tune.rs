//! `isomon bench --tune` as a shell sees it, on processor settings of our own: a directory laid over
//! the kernel's in a mount namespace.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "support/home.rs"]
mod home;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use home::{Home, err, status};
use rustix::process::{Pid, Signal, kill_process};

/// Longest that is waited for anything.
const PATIENCE: Duration = Duration::from_secs(30);
const FILES: [(&str, &str); 6] = [
    ("online", "0-1\n"),
    ("possible", "0-1\n"),
    ("cpufreq/policy0/scaling_governor", "powersave\n"),
    ("cpufreq/policy0/scaling_available_governors", "performance powersave\n"),
    ("smt/active", "1\n"),
    ("smt/control", "on\n"),
];

/// Settings of our own; `None`, said, where nothing can be laid over the kernel's.
fn settings() -> Option<tempfile::TempDir> {
    let able = Command::new("unshare").args(["--mount", "true"]).stderr(Stdio::null()).status();
    if !able.is_ok_and(|able| able.success()) {
        println!("skipped: no mount namespace without root");
        return None;
    }
    let home = tempfile::tempdir().unwrap();
    for (name, content) in FILES {
        let path = home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    Some(home)
}

/// isomon with `words`, on `settings`.
fn isomon(home: &Home, settings: &Path, words: &[&str]) -> Command {
    let plain = home.command(words);
    let mut command = Command::new("unshare");
    let script = "mount --bind \"$0\" /sys/devices/system/cpu && exec \"$@\"";
    command.args(["--mount", "--", "sh", "-c", script]).arg(settings);
    command.arg(plain.get_program()).args(plain.get_args()).env_clear();
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(Stdio::null());
    command
}

fn governor(settings: &Path) -> String {
    fs::read_to_string(settings.join("cpufreq/policy0/scaling_governor")).unwrap()
}

fn untouched(settings: &Path) -> bool {
    let smt = fs::read_to_string(settings.join("smt/control")).unwrap();
    governor(settings).trim() == "powersave" && smt.trim() == "on"
}

#[track_caller]
fn wait_until(what: &str, is: impl Fn() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

#[test]
fn with_a_yes_the_machine_is_set_for_the_run_and_put_back() {
    let Some(settings) = settings() else { return };
    let home = Home::new();
    let words = [
        "bench",
        "process",
        "--runs",
        "3",
        "--tune",
        "--yes",
        "--export-json",
        "/dev/null",
        "--json",
    ];
    let output = isomon(&home, settings.path(), &words).output().unwrap();
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    let said = err(&output);
    assert!(said.contains("powersave -> performance") && said.contains("SMT"), "{said}");
    let run: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(run["fingerprint"]["governor"], "performance");
    assert!(untouched(settings.path()));
    assert_eq!(home::out(&home.run(&["gc"])), "nothing is left behind\n");
}

#[test]
fn without_a_yes_nothing_is_set() {
    let Some(settings) = settings() else { return };
    let home = Home::new();
    let words = ["bench", "process", "--runs", "3", "--tune", "--json"];
    let output = isomon(&home, settings.path(), &words).output().unwrap();
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    let run: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(run["fingerprint"]["governor"], "powersave");
    assert!(untouched(settings.path()));
}

#[test]
fn a_killed_run_is_put_back_by_its_keeper_and_after_both_died_by_gc() {
    let Some(settings) = settings() else { return };
    let home = Home::new();
    let words = ["bench", "process", "--runs", "100000", "--budget", "60s", "--tune", "--yes"];
    for keeper_too in [false, true] {
        let mut command = isomon(&home, settings.path(), &words);
        let mut run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_until("set", || governor(settings.path()).trim() == "performance");
        let owner = Pid::from_child(&run);
        if keeper_too {
            kill_process(keeper(owner), Signal::KILL).unwrap();
        }
        kill_process(owner, Signal::KILL).unwrap();
        run.wait().unwrap();
        if keeper_too {
            assert!(!untouched(settings.path()));
            let output = isomon(&home, settings.path(), &["gc"]).output().unwrap();
            assert!(home::out(&output).contains("settings of the host"), "{}", home::out(&output));
        }
        wait_until("put back", || untouched(settings.path()));
    }
}

/// The keeper among the children of `owner`.
fn keeper(owner: Pid) -> Pid {
    let text = |pid: &str, file: &str| {
        fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default()
    };
    let pids = fs::read_dir("/proc").unwrap().flatten();
    let names = pids.filter_map(|entry| entry.file_name().into_string().ok());
    let is = |pid: &String| {
        text(pid, "cmdline").contains("__keep-tuned")
            && text(pid, "status").contains(&format!("PPid:\t{}\n", owner.as_raw_nonzero()))
    };
    let found: Vec<i32> = names.filter(is).map(|pid| pid.parse().unwrap()).collect();
    assert_eq!(found.len(), 1);
    Pid::from_raw(found[0]).unwrap()
}
