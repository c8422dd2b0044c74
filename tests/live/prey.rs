//! The real program with a run under way, to be killed or stopped.

#![allow(dead_code, reason = "each test program uses its part")]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use isomon::backend::{CampSettings, gc};
use isomon::model::bench::Limits;
use isomon::model::id::RunId;
use isomon::store::RunDir;
use rustix::process::{Pid, Signal, kill_process};

use crate::live::exe;
use crate::oracle::{pass, settle};

/// Longest that something that must happen is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// More rounds than any of these tests has time for.
const LONG: &str = "process namespaces bubblewrap runc gvisor-ptrace --payload noop \
                    --payload cpu=2000000 --runs 1000 --budget 60s";

/// `isomon bench` and what is known of its runs.
pub(crate) struct Prey {
    pub(crate) child: Child,
    pub(crate) settings: CampSettings,
    home: tempfile::TempDir,
    seen: BTreeSet<RunId>,
}

impl Prey {
    /// Starts a long run.
    pub(crate) fn start() -> Self {
        Self::doing(LONG, &[])
    }

    /// Starts `isomon bench` with `arguments`, and `set` in its environment.
    pub(crate) fn doing(arguments: &str, set: &[(&str, &str)]) -> Self {
        Self::through(&[], arguments, set)
    }

    /// The same, started by the program and arguments `through`.
    pub(crate) fn through(through: &[&str], arguments: &str, set: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut words = through.iter().map(OsString::from).chain([exe().into_os_string()]);
        let mut command = Command::new(words.next().unwrap());
        command.args(words).arg("bench").args(arguments.split_whitespace()).current_dir("/");
        command.env("HOME", home.path()).env("XDG_STATE_HOME", home.path());
        command.envs(set.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let settings = CampSettings::detect(Limits::default()).unwrap();
        Self { child, settings, home, seen: BTreeSet::new() }
    }

    /// The runs whose journal belongs to it, now and before.
    pub(crate) fn runs(&mut self) -> &BTreeSet<RunId> {
        self.seen.extend(runs_of(&self.settings, self.child.id()));
        &self.seen
    }

    /// The helpers called `name` that it has now.
    pub(crate) fn helpers(&mut self, name: &str) -> Vec<u32> {
        helpers_of(&runs_of(&self.settings, self.child.id()), name)
    }

    /// Waits until a run is kept that has a sample; its id.
    pub(crate) fn wait_for_sample(&mut self, never: &Receiver<()>) -> RunId {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            self.runs();
            for id in self.kept() {
                if RunDir::read(&self.place(&id)).is_ok_and(|run| !run.samples.is_empty()) {
                    return id;
                }
            }
            pass(Duration::from_millis(5), never);
        }
        panic!("no sample came");
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end, and notes its runs meanwhile.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            self.runs();
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end");
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }

    /// Kills it and waits until nothing of its runs is left; how long that took.
    pub(crate) fn kill(&mut self, never: &Receiver<()>) -> Duration {
        self.runs();
        self.child.kill().unwrap();
        self.runs();
        self.child.wait().unwrap();
        self.assert_nothing_left(never)
    }

    /// Waits for the reapers, then fails if anything is left.
    pub(crate) fn assert_nothing_left(&mut self, never: &Receiver<()>) -> Duration {
        let mut longest = Duration::ZERO;
        for id in self.runs().clone() {
            let (left, took) = settle(&self.settings, &id, never);
            assert_eq!(left, [], "of run {id}");
            longest = longest.max(took);
        }
        let ids: Vec<RunId> = self.seen.iter().cloned().collect();
        let began = Instant::now();
        while !helpers_of(&ids, "__").is_empty() {
            assert!(began.elapsed() < PATIENCE, "a helper does not end");
            pass(Duration::from_millis(5), never);
        }
        assert_eq!(gc(&self.settings, false).unwrap(), []);
        longest
    }

    /// The runs on disk.
    pub(crate) fn kept(&self) -> Vec<RunId> {
        let entries = std::fs::read_dir(self.home.path().join("isomon/runs"));
        let names = entries.into_iter().flatten().flatten().map(|entry| entry.file_name());
        names.filter_map(|name| RunId::parse(name.to_str()?)).collect()
    }

    pub(crate) fn place(&self, id: &RunId) -> PathBuf {
        self.home.path().join("isomon/runs").join(id.as_str())
    }

    /// Fails unless every run on disk can be read and shown, and its samples are the first ones of
    /// a run: none is missing in between. Returns how many samples there are.
    pub(crate) fn assert_readable(&self) -> usize {
        let mut samples = 0;
        for id in self.kept() {
            if !self.place(&id).join("head.json").exists() {
                continue;
            }
            let run = RunDir::read(&self.place(&id)).unwrap();
            samples += run.samples.len();
            let cells = run.head.cells.len();
            // What is measured again comes out of turn.
            let first = run.samples.iter().filter(|sample| sample.attempt == 0);
            for (at, sample) in first.enumerate() {
                assert_eq!(sample.round as usize, round(&run, at, cells), "{id}: {at}");
            }
            assert!(self.isomon(&["show", id.as_str()]).success(), "{id} cannot be shown");
        }
        assert!(self.isomon(&["list"]).success());
        samples
    }

    /// How `isomon` with `arguments` ends, in the same home.
    pub(crate) fn isomon(&self, arguments: &[&str]) -> ExitStatus {
        let mut command = Command::new(exe());
        command.args(arguments).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.env("HOME", self.home.path()).env("XDG_STATE_HOME", self.home.path());
        command.status().unwrap()
    }
}

impl Drop for Prey {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The round that the sample at place `at` must be of.
fn round(run: &isomon::model::run::Run, at: usize, cells: usize) -> usize {
    let warmup = run.head.plan.effort.warmup_rounds as usize;
    let whole = at / cells;
    if whole < warmup { whole } else { whole - warmup }
}

/// The runs whose journal says that they belong to `pid`.
pub(crate) fn runs_of(settings: &CampSettings, pid: u32) -> Vec<RunId> {
    let entries = std::fs::read_dir(settings.state.join("runs")).into_iter().flatten().flatten();
    let owned = |entry: &std::fs::DirEntry| {
        let journal = std::fs::read_to_string(entry.path().join("journal")).unwrap_or_default();
        journal.lines().next().is_some_and(|line| line.contains(&format!("\"pid\":{pid},")))
    };
    entries.filter(owned).filter_map(|entry| RunId::parse(entry.file_name().to_str()?)).collect()
}

/// The helpers called `name` of the runs `ids`.
fn helpers_of(ids: &[RunId], name: &str) -> Vec<u32> {
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_helper = |pid: &u32| {
        let said = said_by(*pid);
        said.contains(name) && ids.iter().any(|id| said.contains(id.as_str()))
    };
    pids.filter(is_helper).collect()
}

/// The command line of process `pid`; empty if it has ended.
pub(crate) fn said_by(pid: u32) -> String {
    let said = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&said).into_owned()
}
