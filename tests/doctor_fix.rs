//! `isomon doctor --fix` as a shell sees it, with a package system of our own.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "support/depot.rs"]
mod depot;
#[path = "support/home.rs"]
mod home;

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use depot::Depot;
use home::{Home, err, out, status};
use rustix::process::{Pid, Signal, kill_process};

/// Longest that is waited for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// A machine without bubblewrap that has one to install; said where there is none.
fn depot() -> Option<Depot> {
    let root = rustix::process::geteuid().is_root();
    let depot = Depot::new().filter(|_| root);
    if depot.is_none() {
        println!("skipped: needs root, and bubblewrap: apt-get install bubblewrap");
        assert!(std::env::var_os("ISOMON_REQUIRE_LIVE").is_none_or(|live| live != "1"));
    }
    depot
}

fn command(home: &Home, depot: &Depot, words: &[&str]) -> Command {
    let mut command = home.command(words);
    command.env("PATH", depot.path());
    command
}

/// `PATH` and the system's directories are both searched, so nothing hides the machine's own tool:
/// a directory laid over it in a mount namespace does.
fn hidden(command: &Command) -> Command {
    let mut hiding = Command::new("unshare");
    let script = "for at in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin; do \
                  if [ -e $at/bwrap ]; then mount --bind /dev/null $at/bwrap; fi; done; exec \"$@\"";
    hiding.args(["--mount", "--", "sh", "-c", script, "sh"]);
    hiding.arg(command.get_program()).args(command.get_args());
    hiding.env_clear();
    hiding.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    hiding.stdin(Stdio::null());
    hiding
}

#[test]
fn what_is_missing_is_installed_after_a_yes_and_is_ready_then() {
    let Some(depot) = depot() else { return };
    let home = Home::new();
    let words = ["doctor", "--fix", "--yes", "bubblewrap"];
    let output = hidden(&command(&home, &depot, &words)).output().unwrap();
    let text = out(&output);
    assert_eq!(status(&output), Some(0), "{text}{}", err(&output));
    assert!(text.contains("bubblewrap can be made ready by"), "{text}");
    assert!(text.contains("$ apt-get install -y --no-install-recommends bubblewrap"), "{text}");
    assert!(text.contains("Unpacking ^[[31mbubblewrap^[[0m ..."), "{text}");
    assert!(text.contains("backend bubblewrap") && text.contains("ready, bubblewrap"), "{text}");
    let installs = depot.asked().into_iter().filter(|line| line.starts_with("install"));
    assert_eq!(installs.count(), 1);
}

#[test]
fn nothing_runs_without_a_yes() {
    let Some(depot) = depot() else { return };
    let home = Home::new();
    let words = ["doctor", "--fix", "bubblewrap"];
    let output = hidden(&command(&home, &depot, &words)).output().unwrap();
    assert_eq!(status(&output), Some(2));
    assert!(err(&output).contains("--yes"), "{}", err(&output));
    for wrong in [vec!["doctor", "--yes"], vec!["doctor", "--fix", "--json"]] {
        assert_eq!(status(&home.run(&wrong)), Some(2), "{wrong:?}");
    }
    assert_eq!(depot.asked(), Vec::<String>::new());
}

#[test]
fn a_command_that_fails_is_told_and_the_backend_stays_as_it_is() {
    let Some(depot) = depot() else { return };
    let home = Home::new();
    depot.put("apt-get", "#!/bin/sh\necho 'E: Unable to locate package' >&2\nexit 100\n");
    let words = ["doctor", "--fix", "-y", "bubblewrap"];
    let output = hidden(&command(&home, &depot, &words)).output().unwrap();
    let text = out(&output);
    assert_eq!(status(&output), Some(1), "{text}{}", err(&output));
    assert!(text.contains("E: Unable to locate package"), "{text}");
    assert!(text.contains("apt-get ended with exit status: 100"), "{text}");
    assert!(text.contains("bwrap is not on PATH"), "{text}");
}

#[test]
fn a_signal_ends_the_command_and_all_it_started() {
    let Some(depot) = depot() else { return };
    let home = Home::new();
    let mark = depot.bin().join("pids");
    let script = format!(
        "#!/bin/sh\nsleep 1000 &\necho $$ $! >{0}.new\nmv {0}.new {0}\necho waiting\nwait\n",
        mark.display()
    );
    depot.put("apt-get", &script);
    for signal in [Signal::INT, Signal::KILL] {
        let words = ["doctor", "--fix", "--yes", "bubblewrap"];
        let mut child =
            hidden(&command(&home, &depot, &words)).stdout(Stdio::piped()).spawn().unwrap();
        let pids = until(|| std::fs::read_to_string(&mark).ok());
        std::fs::remove_file(&mark).unwrap();
        kill_process(Pid::from_child(&child), signal).unwrap();
        let mut text = String::new();
        let ended = child.wait().unwrap();
        child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        assert!(signal == Signal::KILL || ended.code() == Some(130), "{ended:?} {text}");
        let mut pids = pids.split_whitespace();
        let leader = pids.next().unwrap().to_owned();
        until(|| (!alive(&leader)).then_some(()));
        let sleeper = pids.next().unwrap();
        if signal == Signal::INT {
            until(|| (!alive(sleeper)).then_some(()));
        } else if alive(sleeper) {
            // A package system ends what it started; this script does not.
            kill_process(Pid::from_raw(sleeper.parse().unwrap()).unwrap(), Signal::KILL).unwrap();
        }
    }
}

fn alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

fn until<T>(look: impl Fn() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "nothing came of it");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
