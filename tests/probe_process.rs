//! The reader of processes: made-up ones with odd names, and this machine's own.

#![expect(clippy::unwrap_used, clippy::float_cmp, reason = "a test, over numbers that are exact")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use isomon::model::process::{Engine, Process};
use isomon::model::reading::{Reading, Why};
use isomon::model::root::Roots;
use isomon::probe::Probe;
use isomon::probe::process::ProcessProbe;

/// A made-up `/proc`.
struct Machine {
    directory: tempfile::TempDir,
    probe: ProcessProbe,
    start: Instant,
}

impl Machine {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let passwd = directory.path().join("passwd");
        std::fs::write(&passwd, "root:x:0:0::/:/bin/sh\nweb:x:33:33::/:/bin/sh\n").unwrap();
        let roots =
            Roots { proc: directory.path().join("proc"), sys: directory.path().join("sys") };
        std::fs::create_dir_all(&roots.proc).unwrap();
        Self { probe: ProcessProbe::naming(&roots, &passwd), directory, start: Instant::now() }
    }

    fn write(&self, pid: u32, file: &str, content: impl AsRef<[u8]>) {
        let path = self.directory.path().join(format!("proc/{pid}/{file}"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn stat(&self, pid: u32, parent: u32, name: &str, ticks: u64, began: u64) {
        let flags = if name.starts_with("kworker") { 0x0020_8040 } else { 0x40_0000 };
        let line = format!(
            "{pid} ({name}) S {parent} 1 1 0 -1 {flags} 0 0 0 0 {ticks} 0 0 0 20 0 3 0 {began} 1000 25 0 0\n"
        );
        self.write(pid, "stat", line);
        self.write(pid, "status", "Name:\tx\nUid:\t33\t33\t33\t33\n");
    }

    fn vanish(&self, pid: u32) {
        std::fs::remove_dir_all(self.directory.path().join(format!("proc/{pid}"))).unwrap();
    }

    fn sample(&mut self, seconds: u64) -> Vec<Process> {
        let mut all = self.probe.sample(self.start + Duration::from_secs(seconds)).unwrap();
        all.sort_by_key(|process| process.pid);
        all
    }
}

#[test]
fn shows_who_runs_what_and_how_much() {
    let mut machine = Machine::new();
    machine.stat(1, 0, "init", 10, 1);
    machine.stat(7, 1, "we b) S 1 (\n", 100, 50);
    machine.write(7, "cmdline", "/bin/web\0--password\0hunter2\0--port\x0080\0");
    machine.write(7, "io", "read_bytes: 4096\nwrite_bytes: 0\n");
    machine.stat(9, 2, "kworker/0:1", 5, 60);
    let first = machine.sample(0);
    assert_eq!(first.len(), 3);
    assert_eq!(first[1].cpu_cores, Reading::Missing(Why::NotYet));
    assert_eq!(first[1].name.as_str(), "we b) S 1 ( ");
    assert_eq!(first[1].command.as_str(), "/bin/web --password *** --port 80");
    assert_eq!(first[1].user.as_str(), "web");
    assert_eq!((first[1].parent, first[1].threads, first[1].state), (1, 3, 'S'));
    assert_eq!(first[2].command.as_str(), "[kworker/0:1]");
    machine.stat(7, 1, "we b) S 1 (\n", 200, 50);
    machine.write(7, "io", "read_bytes: 8192\nwrite_bytes: 0\n");
    let second = machine.sample(2);
    let tick = rustix::param::clock_ticks_per_second() as f64;
    let cores = second[1].cpu_cores.get().unwrap();
    assert!((cores - 50.0 / tick).abs() < 1e-9);
    assert_eq!(second[1].read_bytes_per_second.get().unwrap().0, 2048.0);
    assert_eq!(second[2].read_bytes_per_second.get(), None, "no io file");
}

#[test]
fn a_pid_that_is_used_again_is_another_process() {
    let mut machine = Machine::new();
    machine.stat(7, 1, "old", 500, 50);
    machine.sample(0);
    machine.stat(7, 1, "new", 900, 99);
    let sample = machine.sample(1);
    assert_eq!(sample[0].cpu_cores, Reading::Missing(Why::NotYet));
    assert_eq!(sample[0].command.as_str(), "new");
}

#[test]
fn one_that_became_another_program_is_looked_at_anew() {
    let mut machine = Machine::new();
    machine.stat(7, 1, "sh", 1, 50);
    machine.write(7, "cmdline", "sh\0");
    for second in 0..5 {
        assert_eq!(machine.sample(second)[0].command.as_str(), "sh");
    }
    machine.stat(7, 1, "vllm", 2, 50);
    machine.write(7, "cmdline", "vllm\0serve\0");
    assert_eq!(machine.sample(6)[0].command.as_str(), "vllm serve");
}

#[test]
fn what_vanishes_or_makes_no_sense_is_left_out() {
    let mut machine = Machine::new();
    for pid in [1, 7, 8, 9] {
        machine.stat(pid, 0, "x", 1, 1);
    }
    assert_eq!(machine.sample(0).len(), 4);
    machine.vanish(7);
    machine.write(8, "stat", "8 (x) S 0 1");
    machine.write(9, "stat", [0xff, 0, b')', b'(']);
    machine.write(10, "cmdline", "never had a stat");
    assert_eq!(machine.sample(1).len(), 1);
    assert_eq!(machine.probe.vanished(), 3);
    machine.stat(8, 0, "x", 1, 1);
    assert_eq!(machine.sample(2).len(), 2);
}

#[test]
fn sandboxes_are_found_and_inherited() {
    let mut machine = Machine::new();
    let id = "0123456789abcdef".repeat(4);
    machine.stat(1, 0, "init", 1, 1);
    machine.write(1, "cgroup", "0::/init.scope\n");
    machine.stat(5, 1, "app", 1, 1);
    machine.write(5, "cgroup", format!("0::/system.slice/docker-{id}.scope\n"));
    machine.stat(6, 1, "firecracker", 1, 1);
    machine.write(6, "cmdline", "firecracker\0--id\0vm1\0");
    machine.stat(7, 6, "helper", 1, 1);
    let shown: Vec<Option<(Engine, String)>> = machine
        .sample(0)
        .into_iter()
        .map(|process| process.sandbox.map(|s| (s.engine, s.name.to_string())))
        .collect();
    let vm = Some((Engine::Firecracker, "vm1".to_owned()));
    let docker = Some((Engine::Docker, "0123456789ab".to_owned()));
    assert_eq!(shown, [None, docker, vm.clone(), vm]);
}

#[test]
fn many_are_read_with_few_handles() {
    let mut machine = Machine::new();
    for pid in 1..1001 {
        machine.stat(pid, pid / 2, "x", 1, 1);
    }
    for second in 0..3 {
        assert_eq!(machine.sample(second).len(), 1000);
    }
    let open = std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|handle| std::fs::read_link(handle.ok()?.path()).ok());
    let open = open.filter(|to| to.starts_with(machine.directory.path())).count();
    assert!(open <= 260, "{open} handles");
}

#[test]
fn without_a_list_it_is_an_error() {
    let roots = Roots { proc: "/nonexistent".into(), sys: "/nonexistent".into() };
    let error = ProcessProbe::naming(&roots, Path::new("/nonexistent")).sample(Instant::now());
    assert!(error.unwrap_err().to_string().starts_with("/nonexistent: "));
}

#[test]
fn this_process_is_found_and_busy() {
    let mut probe = ProcessProbe::new(&Roots::default());
    let start = Instant::now();
    probe.sample(start).unwrap();
    let until = Duration::from_millis(60);
    while start.elapsed() < until {
        std::hint::black_box(0);
    }
    let all = probe.sample(Instant::now()).unwrap();
    let own = all.iter().find(|p| p.pid == std::process::id()).unwrap();
    assert!(own.cpu_cores.get().unwrap() > 0.1, "{own:?}");
    assert!(own.memory_bytes.0 > 0 && own.threads > 0);
    assert!(own.command.as_str().contains("probe_process"));
    assert_eq!(own.sandbox, None);
}

#[test]
fn a_churn_of_processes_is_survived() {
    let mut probe = ProcessProbe::new(&Roots::default());
    let spawn = || {
        let mut command = Command::new("true");
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.spawn()
    };
    let mut now = Instant::now();
    for _ in 0..20 {
        let Ok(children) = (0..20).map(|_| spawn()).collect::<Result<Vec<_>, _>>() else {
            return;
        };
        now += Duration::from_secs(1);
        assert!(probe.sample(now).unwrap().iter().all(|process| process.pid > 0));
        for mut child in children {
            child.wait().unwrap();
        }
    }
}
