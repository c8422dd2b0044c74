//! AMD's and Intel's GPUs from directories that look like theirs.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use isomon::model::gpu::{GpuReaderState, GpuSample, Vendor};
use isomon::model::reading::{Reading, Why};
use isomon::model::unit::{Bytes, Celsius, Hertz, Joules, Ratio, Watts};
use isomon::probe::gpu::{GpuProbe, Launch};

use crate::machine::{ISOMON, loss, roots};

/// A copy of a fixture that a test may change.
struct Machine {
    directory: tempfile::TempDir,
    probe: GpuProbe,
    now: Instant,
}

impl Machine {
    fn new(fixture: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture").join(fixture);
        copy(&from, directory.path());
        let launch = Launch {
            program: PathBuf::from(ISOMON),
            library: Some(PathBuf::from("/nonexistent/libnvidia-ml.so.1")),
            environment: Vec::new(),
        };
        Self {
            probe: GpuProbe::new(roots(directory.path()), launch),
            directory,
            now: Instant::now(),
        }
    }

    fn later(&mut self, seconds: u64) -> GpuSample {
        self.now += Duration::from_secs(seconds);
        self.probe.sample(self.now)
    }

    fn replace(&self, file: &str, old: &str, new: &str) {
        let path = self.directory.path().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(old), "{file}");
        std::fs::write(path, text.replace(old, new)).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().unwrap().is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(source).unwrap(), target).unwrap();
        } else if entry.file_type().unwrap().is_dir() {
            copy(&source, &target);
        } else {
            std::fs::copy(source, target).unwrap();
        }
    }
}

fn share(percent: f64) -> Reading<Ratio> {
    Reading::Known(Ratio::of(percent, 100.0).unwrap())
}

fn state<'a>(sample: &'a GpuSample, name: &str) -> &'a GpuReaderState {
    let reader = sample.readers.iter().find(|reader| reader.name.as_str() == name);
    &reader.expect("each reader is told").state
}

#[test]
fn an_amd_gpu_tells_everything_but_what_amd_does_not_offer() {
    let sample = Machine::new("gpu_amd").later(0);
    assert_eq!(state(&sample, "amdgpu sysfs"), &GpuReaderState::Works);
    assert!(matches!(state(&sample, "i915/xe sysfs"), GpuReaderState::NotHere(_)));
    let gpu = &sample.gpus[0];
    assert_eq!((gpu.index, gpu.vendor), (1, Vendor::Amd));
    assert_eq!((gpu.name.as_str(), gpu.id.as_str()), ("Radeon RX 6900 XT", "5d1c3a7b9e2f4c60"));
    assert_eq!(gpu.pci.to_string(), "0000:03:00.0");
    assert_eq!((&gpu.utilization, &gpu.memory_utilization), (&share(73.0), &share(21.0)));
    assert_eq!(gpu.memory_total_bytes, Reading::Known(Bytes(16 << 30)));
    assert_eq!(gpu.memory_used_bytes, Reading::Known(Bytes(6 << 30)));
    assert_eq!(gpu.celsius, Reading::Known(Celsius(81.0)), "the junction, not the edge");
    assert_eq!(gpu.slowdown_celsius, Reading::Known(Celsius(110.0)));
    assert_eq!(gpu.power_watts, Reading::Known(Watts(203.0)));
    assert_eq!(gpu.power_limit_watts, Reading::Known(Watts(255.0)));
    assert_eq!(gpu.core_clock_hertz, Reading::Known(Hertz(2_250_000_000)));
    assert_eq!(gpu.memory_clock_hertz, Reading::Known(Hertz(1_990_000_000)));
    assert_eq!((&gpu.fan, &gpu.ecc_uncorrected), (&share(40.0), &Reading::Known(2)));
    let held = ["power limit", "too hot"].map(Into::into);
    assert_eq!(gpu.throttle, Reading::Known(held.to_vec()));
    assert_eq!(gpu.mig.why(), Some(&Why::NotSupported));
    let detail = &gpu.detail;
    assert_eq!(detail.memory_celsius, Reading::Known(Celsius(78.0)), "the firmware's table first");
    assert_eq!(detail.core_clock_max_hertz, Reading::Known(Hertz(2_660_000_000)));
    assert_eq!(detail.ecc_corrected, Reading::Known(40));
    let link = &detail.pcie;
    assert_eq!((link.generation.get(), link.generation_max.get()), (Some(3), Some(4)));
    assert_eq!((link.width.get(), link.width_max.get()), (Some(16), Some(16)));
    assert_eq!(detail.activity.sm.why(), Some(&Why::NotSupported));
    assert_eq!(detail.xids.why(), Some(&Why::NotSupported));
}

#[test]
fn a_card_without_the_firmwares_table_lacks_what_only_that_tells() {
    let mut machine = Machine::new("gpu_amd");
    let device = machine.directory.path().join("sys/class/drm/card1/device");
    let table = device.join("gpu_metrics");
    std::fs::write(&table, [120, 0, 7, 7]).unwrap();
    let gpu = machine.later(0).gpus.remove(0);
    let Some(Why::Failed(words)) = gpu.throttle.why() else { panic!("{:?}", gpu.throttle) };
    assert!(words.as_str().contains("7.7"), "{words}");
    std::fs::remove_file(&table).unwrap();
    std::fs::remove_file(device.join("hwmon/hwmon4/temp2_label")).unwrap();
    let gpu = machine.later(1).gpus.remove(0);
    assert_eq!(gpu.throttle.why(), Some(&Why::NotSupported));
    assert_eq!(gpu.celsius, Reading::Known(Celsius(64.0)), "without a junction the edge");
    assert_eq!(gpu.slowdown_celsius, Reading::Known(Celsius(100.0)));
    assert_eq!(gpu.detail.memory_celsius, Reading::Known(Celsius(76.0)));
    assert_eq!(gpu.detail.pcie.width.get(), Some(8));
}

#[test]
fn a_client_that_is_open_many_times_counts_once_and_its_share_needs_two_looks() {
    let mut machine = Machine::new("gpu_amd");
    let sample = machine.later(0);
    let processes = sample.gpus[0].processes.known().expect("processes");
    let rows: Vec<_> = processes.iter().map(|row| (row.pid, row.name.as_str())).collect();
    assert_eq!(rows, [(4000, "blender"), (4001, "Xwayland")]);
    assert_eq!(processes[0].memory_bytes, Reading::Known(Bytes((4 << 30) + (1 << 20))));
    assert_eq!(processes[1].memory_bytes, Reading::Known(Bytes(256 << 20)));
    assert_eq!(processes[0].utilization.why(), Some(&Why::NotYet));
    for file in ["4000/fdinfo/7", "4000/fdinfo/8", "4001/fdinfo/6"] {
        machine.replace(&format!("proc/{file}"), "1000000000 ns", "3500000000 ns");
    }
    let sample = machine.later(5);
    let processes = sample.gpus[0].processes.known().expect("processes");
    assert_eq!((&processes[0].utilization, &processes[1].utilization), (&share(50.0), &share(0.0)));
}

#[test]
fn what_intel_does_not_tell_is_added_up_from_its_clients() {
    let mut machine = Machine::new("gpu_intel");
    let sample = machine.later(0);
    assert_eq!(state(&sample, "i915/xe sysfs"), &GpuReaderState::Works);
    let names: Vec<_> = sample.gpus.iter().map(|gpu| gpu.pci.to_string()).collect();
    assert_eq!(names, ["0000:04:00.0", "0000:08:00.0", "0000:00:02.0"], "by their numbers");
    let arc = &sample.gpus[0];
    assert_eq!(arc.power_watts.why(), Some(&Why::NotYet));
    assert_eq!(arc.utilization.why(), Some(&Why::NotYet));
    let held = ["power limit (PL1)", "voltage regulator too hot"].map(Into::into);
    assert_eq!(arc.throttle, Reading::Known(held.to_vec()));
    assert_eq!(arc.core_clock_hertz, Reading::Known(Hertz(2_050_000_000)));
    assert_eq!(arc.detail.core_clock_max_hertz, Reading::Known(Hertz(2_450_000_000)));
    assert_eq!(arc.detail.energy_joules, Reading::Known(Joules(5.0)));
    assert_eq!(arc.memory_used_bytes, Reading::Known(Bytes(512 << 20)));
    assert_eq!(arc.memory_total_bytes.why(), Some(&Why::NotSupported));
    machine.replace("proc/5000/fdinfo/4", "2000000000 ns", "6000000000 ns");
    machine.replace(
        "sys/class/drm/card0/device/hwmon/hwmon2/energy1_input",
        "5000000",
        "605000000",
    );
    machine.replace("proc/5001/fdinfo/4", "cycles-ccs:\t1000\n", "cycles-ccs:\t2500\n");
    machine.replace("proc/5001/fdinfo/4", "cycles-ccs:\t10000\n", "cycles-ccs:\t12000\n");
    let sample = machine.later(5);
    assert_eq!(sample.gpus[0].utilization, share(40.0), "two video engines, 4 s in 5 s");
    assert_eq!(sample.gpus[0].power_watts, Reading::Known(Watts(120.0)));
    let battlemage = &sample.gpus[1];
    assert_eq!(battlemage.utilization, share(75.0));
    assert_eq!(battlemage.memory_used_bytes, Reading::Known(Bytes(6 << 30)));
    assert_eq!(battlemage.celsius, Reading::Known(Celsius(48.0)));
    assert_eq!(battlemage.throttle, Reading::Known(Vec::new()));
    assert_eq!(battlemage.detail.memory_celsius, Reading::Known(Celsius(52.0)));
    assert_eq!(battlemage.detail.core_clock_max_hertz, Reading::Known(Hertz(2_600_000_000)));
    let link = &battlemage.detail.pcie;
    assert_eq!(link.generation.why(), Some(&Why::NotSupported), "no PCI Express");
    assert_eq!(link.width.why(), Some(&Why::NotSupported));
}

#[test]
fn a_gpu_that_sleeps_is_not_woken_up() {
    let sample = Machine::new("gpu_intel").later(0);
    let asleep = Why::Failed("the GPU sleeps".into());
    assert_eq!(sample.gpus[2].core_clock_hertz.why(), Some(&asleep));
    assert_eq!(loss(&sample.gpus[2]), None);
}

#[test]
fn a_card_that_is_unplugged_stays_in_the_list() {
    let mut machine = Machine::new("gpu_intel");
    assert_eq!(machine.later(0).gpus.len(), 3);
    std::fs::remove_dir_all(machine.directory.path().join("sys/class/drm/card1")).unwrap();
    let sample = machine.later(11);
    let lost: Vec<_> = sample.gpus.iter().map(|gpu| loss(gpu).is_some()).collect();
    assert_eq!(lost, [false, true, false]);
}

/// A file that blocks whoever reads it, like those of a driver in trouble.
#[test]
fn a_driver_that_blocks_is_waited_for_once() {
    let mut machine = Machine::new("gpu_amd");
    machine.later(0);
    let busy = machine.directory.path().join("sys/class/drm/card1/device/gpu_busy_percent");
    std::fs::remove_file(&busy).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &busy, rustix::fs::Mode::RUSR).unwrap();
    for _ in 0..2 {
        let began = Instant::now();
        let sample = machine.later(1);
        assert!(began.elapsed() < Duration::from_millis(1900));
        assert_eq!(loss(&sample.gpus[0]), Some("its driver does not answer"));
        assert!(matches!(state(&sample, "amdgpu sysfs"), GpuReaderState::Broken { .. }));
    }
    let mut pipe = std::fs::File::options().write(true).open(&busy).unwrap();
    std::io::Write::write_all(&mut pipe, b"5\n").unwrap();
    drop(pipe);
    std::fs::remove_file(&busy).unwrap();
    std::fs::write(&busy, "5\n").unwrap();
    machine.later(1);
    assert_eq!(loss(&machine.later(1).gpus[0]), None);
}

#[test]
fn a_machine_without_gpus_says_what_was_looked_for() {
    let directory = tempfile::tempdir().unwrap();
    let launch = Launch {
        program: PathBuf::from(ISOMON),
        library: Some(PathBuf::from("/nonexistent/libnvidia-ml.so.1")),
        environment: Vec::new(),
    };
    let mut probe = GpuProbe::new(roots(directory.path()), launch);
    let sample = probe.sample(Instant::now());
    assert!(sample.gpus.is_empty());
    for reader in &sample.readers {
        assert!(matches!(reader.state, GpuReaderState::NotHere(_)), "{reader:?}");
    }
    assert_eq!(sample.readers.len(), 3);
}
