//! The readers against made-up machines: every layout, two samples, and what breaks in between.

#![expect(clippy::unwrap_used, clippy::float_cmp, reason = "a test, over numbers that are exact")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use isomon::model::node::{Cgroup, List, NodeSample};
use isomon::model::reading::{Reading, Why};
use isomon::model::root::Roots;
use isomon::model::unit::{Bytes, Hertz, Ratio};
use isomon::probe::Probe;
use isomon::probe::info::info;
use isomon::probe::mount::{MountProbe, Space};
use isomon::probe::node::NodeProbe;

/// A copy of a fixture that a test may change.
struct Machine {
    directory: tempfile::TempDir,
    probe: NodeProbe,
    start: Instant,
}

impl Machine {
    fn new(layout: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture/proc");
        copy(&fixture.join(layout), directory.path());
        let roots = roots(directory.path());
        let mount = MountProbe::asking(&roots, Arc::new(space));
        Self { probe: NodeProbe::with_mount(&roots, mount), directory, start: Instant::now() }
    }

    fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.directory.path().join(file), text).unwrap();
    }

    fn replace(&self, file: &str, old: &str, new: &str) {
        let text = std::fs::read_to_string(self.directory.path().join(file)).unwrap();
        assert!(text.contains(old), "{file} holds {old}");
        self.write(file, text.replace(old, new));
    }

    fn sample(&mut self, seconds: u64) -> NodeSample {
        let now = self.start + Duration::from_secs(seconds);
        self.probe.sample(now).unwrap()
    }
}

fn roots(directory: &Path) -> Roots {
    Roots { proc: directory.join("proc"), sys: directory.join("sys") }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (source, target) = entry.map(|e| (e.path(), to.join(e.file_name()))).unwrap();
        if source.is_dir() {
            copy(&source, &target);
        } else {
            std::fs::copy(&source, &target).unwrap();
        }
    }
}

/// Stands in for `statvfs`; the share never answers.
fn space(path: &Path) -> Reading<Space> {
    if path == Path::new("/mnt/share") {
        std::thread::park_timeout(Duration::from_mins(2));
    }
    Reading::Known(Space { total: Bytes(1000), used: Bytes(250), free: Bytes(500), inodes: None })
}

fn percent(ratio: Option<Ratio>) -> String {
    ratio.map_or_else(|| "—".to_owned(), |ratio| format!("{:.0}", ratio.percent()))
}

#[test]
fn a_first_sample_has_levels_and_no_rates() {
    let sample = Machine::new("v2_only").sample(0);
    assert_eq!(sample.cpu, Reading::Missing(Why::NotYet));
    assert_eq!(sample.cores.len(), 2);
    assert_eq!(sample.cores[0].frequency_hertz, Reading::Known(Hertz(3_100_000_000)));
    assert_eq!(sample.load, Reading::Known([0.5, 1.25, 2.0]));
    let memory = sample.memory.get().unwrap();
    assert_eq!(memory.used_bytes(), Bytes(3_000_000 * 1024));
    assert_eq!(percent(memory.swap_used()), "25");
    let tasks = sample.tasks.get().unwrap();
    assert_eq!((tasks.processes, tasks.running, tasks.threads), (1, 3, 321));
    assert_eq!(sample.uptime_seconds.get().unwrap().0, 86_400.25);
    assert_eq!(sample.disks.len(), 1);
    assert_eq!(sample.disks[0].busy, Reading::Missing(Why::NotYet));
    let pressure = sample.pressure.io.get().unwrap();
    assert_eq!(percent(pressure.full), "1");
    assert_eq!(sample.pressure.cpu.get().unwrap().full, None);
}

#[test]
fn rates_are_over_the_time_between() {
    let mut machine = Machine::new("v2_only");
    machine.sample(0);
    machine.replace("proc/stat", "cpu  1000 50 500 8000 100", "cpu  1100 50 550 8040 110");
    machine.replace(
        "proc/diskstats",
        "vda 1000 0 8000 500 2000 0 16000 900 0 700",
        "vda 1020 0 8040 500 2010 0 16080 900 0 1700",
    );
    machine.replace("proc/net/dev", "100000    1000", "102000    1010");
    let sample = machine.sample(2);
    let cpu = sample.cpu.get().unwrap();
    assert_eq!(
        [cpu.busy, cpu.user, cpu.system, cpu.iowait].map(|r| percent(Some(r))),
        ["75", "50", "25", "5"]
    );
    let disk = &sample.disks[0];
    assert_eq!(disk.read_bytes_per_second.get().unwrap().0, 10_240.0);
    assert_eq!(disk.write_bytes_per_second.get().unwrap().0, 20_480.0);
    assert_eq!(disk.reads_per_second.get().unwrap().0, 10.0);
    assert_eq!(percent(disk.busy.get()), "50");
    let shown: Vec<(&str, bool, u64)> =
        sample.networks.iter().map(|n| (n.name.as_str(), n.up, n.errors)).collect();
    assert_eq!(shown, [("eth0", true, 10), ("eth1", false, 0), ("lo", true, 0)]);
    assert_eq!(sample.networks[0].receive_bytes_per_second.get().unwrap().0, 1000.0);
    assert_eq!(sample.networks[0].receive_packets_per_second.get().unwrap().0, 5.0);
}

#[test]
fn a_counter_that_was_reset_leaves_a_gap_and_no_time_leaves_one_too() {
    let mut machine = Machine::new("v2_only");
    machine.sample(0);
    machine.replace("proc/diskstats", "vda 1000 0 8000", "vda 3 0 24");
    let sample = machine.sample(1);
    assert_eq!(sample.disks[0].reads_per_second, Reading::Missing(Why::NotYet));
    assert_eq!(sample.disks[0].writes_per_second.get().unwrap().0, 0.0);
    let again = machine.sample(1);
    assert_eq!(again.disks[0].writes_per_second, Reading::Missing(Why::NotYet));
}

#[test]
fn devices_and_processors_come_and_go() {
    let mut machine = Machine::new("v2_only");
    machine.sample(0);
    machine.write("proc/diskstats", " 8 0 sda 1 0 8 0 1 0 8 0 0 0 0\n");
    machine.write(
        "proc/stat",
        "cpu  1100 50 500 8000 100 10 20 0 0 0\ncpu1 500 25 250 4000 50 5 10 0 0 0\n",
    );
    let sample = machine.sample(1);
    assert_eq!(sample.disks[0].name.as_str(), "sda");
    assert_eq!(sample.disks[0].busy.get(), None);
    assert_eq!(sample.cores.len(), 1);
    assert_eq!(sample.cores[0].id, 1);
    assert!(sample.cores[0].usage.known().is_some());
}

#[test]
fn steal_is_seen_and_is_busy() {
    let mut machine = Machine::new("hybrid_steal");
    machine.sample(0);
    machine.replace(
        "proc/stat",
        "cpu  1000 50 500 8000 100 10 20 400",
        "cpu  1000 50 500 8070 100 10 20 430",
    );
    let cpu = machine.sample(1).cpu.get().unwrap();
    assert_eq!(percent(Some(cpu.steal)), "30");
    assert_eq!(percent(Some(cpu.busy)), "30");
}

#[test]
fn a_kernel_without_pressure_says_so() {
    let sample = Machine::new("no_psi").sample(0);
    let why = Why::Absent("/proc/pressure".into());
    assert_eq!(sample.pressure.cpu, Reading::Missing(why));
    assert!(sample.memory.known().is_some());
}

#[test]
fn sixty_disks_are_sixty_disks() {
    let sample = Machine::new("many_disks").sample(0);
    assert_eq!(sample.disks.len(), 66);
    assert!(sample.disks.iter().all(|disk| !disk.name.as_str().ends_with("p1")));
}

#[test]
fn tells_what_the_machine_is() {
    let layouts =
        [("v2_only", Cgroup::V2), ("no_psi", Cgroup::V1), ("hybrid_steal", Cgroup::Hybrid)];
    for (layout, cgroup) in layouts {
        let machine = Machine::new(layout);
        let info = info(&roots(machine.directory.path()));
        assert_eq!(info.cgroup, cgroup);
        assert_eq!(info.hostname.as_str(), layout.replace('_', "-"));
        assert_eq!(info.cpus, 2);
        assert_eq!(info.cpu_model.to_string(), "Fixture CPU 3000");
        assert_eq!(info.kernel.to_string(), "6.1.0-fixture");
        assert_eq!(info.memory_bytes.get(), Some(Bytes(8_000_000 * 1024)));
        assert_eq!(info.virtualization.to_string(), "unknown hypervisor");
    }
}

#[test]
fn a_node_in_a_container_says_in_which() {
    let machine = Machine::new("v2_only");
    let told = || info(&roots(machine.directory.path())).virtualization.to_string();
    machine.write("proc/1/cgroup", format!("0::/docker/{}\n", "a1".repeat(32)));
    assert_eq!(told(), "docker");
    machine.write("proc/1/environ", "A=b\0container=podman\0");
    assert_eq!(told(), "podman");
}

#[test]
fn sensors_are_shown_once_and_a_broken_one_says_so() {
    let sample = Machine::new("v2_only").sample(0);
    let shown: Vec<(String, Option<f64>, Option<f64>)> = sample
        .temperatures
        .iter()
        .map(|t| {
            let degrees =
                |reading: &Reading<isomon::model::unit::Celsius>| reading.get().map(|c| c.0);
            (t.label.to_string(), degrees(&t.celsius), degrees(&t.critical_celsius))
        })
        .collect();
    let row = |label: &str, now, critical| (label.to_owned(), now, critical);
    assert_eq!(
        shown,
        [
            row("coretemp Package id 0", Some(51.0), Some(100.0)),
            row("coretemp temp2", None, None),
            row("acpitz temp1", Some(27.8), None),
            row("x86_pkg_temp", Some(52.0), Some(105.0)),
        ]
    );
}

#[test]
fn a_hung_mount_is_named_and_the_others_are_read() {
    let mut machine = Machine::new("v2_only");
    let began = Instant::now();
    let read = |sample: NodeSample| sample.mounts[0].used_bytes == Reading::Known(Bytes(250));
    assert!((0..500).any(|_| read(machine.sample(0))), "/ was read");
    let later = machine.sample(2);
    assert!(began.elapsed() < Duration::from_secs(100), "no sample waits for it");
    assert_eq!(later.mounts[1].path.as_str(), "/mnt/share");
    assert_eq!(later.mounts[1].used_bytes, Reading::Missing(Why::TimedOut));
    assert_eq!(later.quarantined.len(), 1);
    assert_eq!(later.quarantined[0].as_str(), "mount /mnt/share");
    assert_eq!(machine.sample(600).quarantined.len(), 1);
}

#[test]
fn a_machine_without_files_is_all_gaps() {
    let nowhere =
        Roots { proc: PathBuf::from("/nonexistent/proc"), sys: PathBuf::from("/nonexistent/sys") };
    let sample = NodeProbe::new(&nowhere).sample(Instant::now()).unwrap();
    assert_eq!(sample.cpu, Reading::Missing(Why::Absent("/nonexistent/proc/stat".into())));
    assert_eq!(sample.memory.get(), None);
    assert!(sample.disks.is_empty() && sample.cores.is_empty());
    let absent = |file: &str| Why::Absent(format!("/nonexistent/proc/{file}").into());
    assert_eq!(sample.why_unread(List::Disks), Some(&absent("diskstats")));
    assert_eq!(sample.why_unread(List::Mounts), Some(&absent("self/mountinfo")));
    assert_eq!(sample.why_unread(List::Networks), Some(&absent("net/dev")));
    assert_eq!(sample.why_unread(List::Temperatures), None, "a machine may have no sensor");
    assert!(info(&nowhere).cpus >= 1);
}

#[test]
fn files_full_of_noise_are_gaps_too() {
    let mut machine = Machine::new("v2_only");
    let noise: Vec<u8> =
        (0..40_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for file in [
        "stat",
        "meminfo",
        "loadavg",
        "uptime",
        "diskstats",
        "net/dev",
        "self/mountinfo",
        "cpuinfo",
        "pressure/cpu",
    ] {
        machine.write(&format!("proc/{file}"), &noise);
    }
    let sample = machine.sample(0);
    assert!(matches!(sample.cpu, Reading::Missing(Why::Failed(_))));
    assert!(matches!(sample.memory, Reading::Missing(Why::Failed(_))));
    machine.replace("proc/pressure/io", "avg10=2.50", "avg10=");
    assert_eq!(machine.sample(1).pressure.io.get(), None);
}

#[test]
fn this_machine_answers() {
    let mut probe = NodeProbe::new(&Roots::default());
    let now = Instant::now();
    let first = probe.sample(now).unwrap();
    assert!(first.memory.get().unwrap().total_bytes.0 > 0);
    assert!(first.tasks.get().unwrap().processes > 0);
    let second = probe.sample(now + Duration::from_secs(1)).unwrap();
    assert_eq!(first.cores.len(), second.cores.len());
    assert!(second.quarantined.is_empty());
    assert!(
        info(&Roots::default()).cpu_model.known().is_some() || cfg!(not(target_arch = "x86_64"))
    );
}

#[test]
fn probes_can_move_to_another_thread() {
    fn moves<T: Send>() {}
    moves::<NodeProbe>();
    moves::<isomon::probe::process::ProcessProbe>();
}
