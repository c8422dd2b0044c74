//! What the fake NVML tells arrives, and what it refuses is missing for the right reason.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Instant;

use isomon::model::gpu::{Gpu, GpuReaderState};
use isomon::model::reading::{Reading, Why};
use isomon::model::unit::{Bytes, Celsius, Hertz, Ratio, Watts};
use isomon::probe::gpu::{GpuProbe, Launch};

use crate::machine::{ISOMON, Machine, fakes, loss, reader, roots, trouble};

#[test]
fn two_gpus_tell_everything() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    let sample = machine.sample();
    assert_eq!(reader(&sample), &GpuReaderState::Works);
    assert_eq!(sample.readers[0].version.to_string(), "580.95.05");
    assert_eq!(sample.cuda.to_string(), "13.0");
    assert_eq!(sample.gpus.len(), 2);
    let gpu = &sample.gpus[1];
    assert_eq!(gpu.name.as_str(), "Fake GPU ^[[31m1");
    assert_eq!((gpu.index, gpu.id.as_str()), (1, "GPU-00000001-fake"));
    assert_eq!(gpu.pci.to_string(), "0000:3b:00.0");
    let share = |percent: f64| Reading::Known(Ratio::of(percent, 100.0).unwrap());
    assert_eq!(gpu.utilization, share(40.0));
    assert_eq!(gpu.memory_utilization, share(0.0));
    assert_eq!(gpu.memory_total_bytes, Reading::Known(Bytes(80 << 30)));
    assert_eq!(gpu.memory_used_bytes, Reading::Known(Bytes(20 << 30)));
    assert_eq!(gpu.celsius, Reading::Known(Celsius(61.0)));
    assert_eq!(gpu.slowdown_celsius, Reading::Known(Celsius(91.0)));
    assert_eq!(gpu.power_watts, Reading::Known(Watts(250.5)));
    assert_eq!(gpu.power_limit_watts, Reading::Known(Watts(700.0)));
    assert_eq!(gpu.core_clock_hertz, Reading::Known(Hertz(1_500_000_000)));
    assert_eq!(gpu.memory_clock_hertz, Reading::Known(Hertz(1_502_000_000)));
    assert_eq!(gpu.fan, share(35.0));
    assert_eq!(gpu.throttle, Reading::Known(vec!["power limit".into()]));
    assert_eq!(gpu.ecc_uncorrected, Reading::Known(3));
    assert_eq!(gpu.mig, Reading::Known(true));
    assert_eq!((gpu.encoder.clone(), gpu.decoder.clone()), (share(5.0), share(6.0)));
    let processes = gpu.processes.known().expect("processes");
    assert_eq!(processes.len(), 1);
    assert_eq!(processes[0].pid, std::process::id());
    assert_eq!(processes[0].name.as_str(), "train^[[2J");
    assert_eq!(processes[0].memory_bytes, Reading::Known(Bytes(1 << 30)));
    assert_eq!(processes[0].utilization, share(30.0));
}

/// Functions whose failure costs one or two fields, and how many fields are missing then.
const CALLS: [(&str, usize); 18] = [
    ("nvmlDeviceGetName", 0),
    ("nvmlDeviceGetUUID", 0),
    ("nvmlDeviceGetPciInfo_v3", 0),
    ("nvmlDeviceGetUtilizationRates", 2),
    ("nvmlDeviceGetMemoryInfo_v2", 2),
    ("nvmlDeviceGetTemperature", 1),
    ("nvmlDeviceGetTemperatureThreshold", 1),
    ("nvmlDeviceGetPowerUsage", 1),
    ("nvmlDeviceGetEnforcedPowerLimit", 1),
    ("nvmlDeviceGetClockInfo", 2),
    ("nvmlDeviceGetFanSpeed_v2", 1),
    ("nvmlDeviceGetCurrentClocksThrottleReasons", 1),
    ("nvmlDeviceGetTotalEccErrors", 1),
    ("nvmlDeviceGetMigMode", 1),
    ("nvmlDeviceGetEncoderUtilization", 1),
    ("nvmlDeviceGetDecoderUtilization", 1),
    ("nvmlDeviceGetComputeRunningProcesses_v3", 0),
    ("nvmlDeviceGetProcessUtilization", 0),
];
/// Return codes: uninitialized, invalid argument, not supported, no permission, not found, driver
/// not loaded, timeout, interrupt trouble, operating system, no data, version mismatch of an
/// argument, unknown.
const CODES: [i32; 12] = [1, 2, 3, 4, 6, 9, 10, 11, 17, 21, 25, 999];

fn gaps(gpu: &Gpu) -> Vec<String> {
    let json = serde_json::to_value(gpu).unwrap();
    let fields = json.as_object().unwrap();
    let missing = fields.iter().filter(|(_, value)| value.get("missing").is_some());
    missing.map(|(name, _)| name.clone()).collect()
}

#[test]
fn each_call_may_fail_with_each_code_and_costs_only_its_own_fields() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    let whole = machine.sample().gpus[0].clone();
    assert_eq!(gaps(&whole), [""; 0]);
    for (function, cost) in CALLS {
        for code in CODES {
            machine.script(&format!("fail {function} 0 {code}"));
            let sample = machine.sample();
            let case = format!("{function} {code}");
            assert_eq!(sample.gpus.len(), 2, "{case}");
            let (gpu, other) = (&sample.gpus[0], &sample.gpus[1]);
            assert_eq!((loss(gpu), loss(other)), (None, None), "{case}");
            assert_eq!(gaps(gpu).len(), cost, "{case}: {:?}", gaps(gpu));
            assert_eq!(gaps(other), [""; 0], "{case}");
            assert_eq!((&gpu.id, &gpu.name, &gpu.pci), (&whole.id, &whole.name, &whole.pci));
        }
    }
}

#[test]
fn a_refusal_says_which_it_was() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    for (code, wanted) in [
        (3, Why::NotSupported),
        (4, Why::NoPermission),
        (10, Why::TimedOut),
        (13, Why::NotSupported),
        (21, Why::Failed("no data".into())),
        (25, Why::NotSupported),
    ] {
        machine.script(&format!("fail nvmlDeviceGetPowerUsage * {code}"));
        assert_eq!(machine.sample().gpus[0].power_watts.why(), Some(&wanted), "{code}");
    }
}

#[test]
fn blank_and_wild_numbers_are_no_numbers() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    for orders in ["blank", "wild"] {
        machine.script(orders);
        let sample = machine.sample();
        let gpu = &sample.gpus[0];
        for reading in [&gpu.utilization, &gpu.memory_utilization, &gpu.fan, &gpu.encoder] {
            assert_eq!(reading.get(), None, "{orders}");
        }
        assert_eq!(gpu.celsius.get(), None, "{orders}");
        assert_eq!(gpu.power_watts.get(), None, "{orders}");
        assert_eq!(gpu.core_clock_hertz.get(), None, "{orders}");
        assert_eq!(gpu.memory_used_bytes.get(), None, "{orders}");
        assert_eq!(gpu.mig.get(), None, "{orders}");
    }
}

#[test]
fn an_old_library_lacks_fields_and_nothing_else() {
    let Some(fakes) = fakes() else { return };
    let sample = Machine::new(&fakes.old).sample();
    assert_eq!(reader(&sample), &GpuReaderState::Works);
    assert_eq!(sample.gpus.len(), 2);
    assert_eq!(sample.gpus[0].id.as_str(), "GPU-00000000-fake");
    assert_eq!(sample.gpus[0].utilization.why(), Some(&Why::NotSupported));
    assert_eq!(sample.gpus[0].processes.why(), Some(&Why::NotSupported));
}

#[test]
fn a_library_that_talks_to_the_terminal_is_not_listened_to() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    machine.script("chatter");
    assert_eq!(machine.sample().gpus.len(), 2);
    assert_eq!(reader(&machine.sample()), &GpuReaderState::Works);
}

#[test]
fn the_library_is_found_where_the_loader_finds_it() {
    let Some(fakes) = fakes() else { return };
    let directory = tempfile::tempdir().unwrap();
    let path = fakes.full.parent().unwrap().as_os_str().to_owned();
    let launch = Launch {
        program: PathBuf::from(ISOMON),
        library: None,
        environment: vec![(OsString::from("LD_LIBRARY_PATH"), path)],
    };
    let mut probe = GpuProbe::new(roots(directory.path()), launch);
    assert_eq!(probe.sample(Instant::now()).gpus.len(), 2);
}

#[test]
fn without_a_library_there_is_no_process_and_a_good_reason() {
    let mut machine = Machine::new(Path::new("/nonexistent/libnvidia-ml.so.1"));
    let sample = machine.sample();
    assert!(sample.gpus.is_empty());
    assert!(trouble(&sample).starts_with("no NVIDIA library (libnvidia-ml.so.1)"));
    assert_eq!(machine.probe.reader_pid(), None);
    machine.plug("0000:3a:00.0");
    let said = trouble(&machine.later(10));
    assert!(said.contains("0000:3a:00.0 -> install the NVIDIA driver"), "{said}");
}

#[test]
fn a_library_that_appears_is_found_within_a_minute_and_not_looked_for_each_second() {
    let Some(fakes) = fakes() else { return };
    let place = tempfile::tempdir().unwrap();
    let library = place.path().join("libnvidia-ml.so.1");
    let mut machine = Machine::new(&library);
    assert!(machine.sample().gpus.is_empty());
    std::os::unix::fs::symlink(&fakes.full, &library).unwrap();
    assert!(machine.later(58).gpus.is_empty());
    assert_eq!(machine.later(3).gpus.len(), 2);
}

#[test]
fn what_is_no_library_is_broken_and_says_so() {
    let place = tempfile::tempdir().unwrap();
    let library = place.path().join("libnvidia-ml.so.1");
    std::fs::write(&library, "not an ELF file").unwrap();
    let said = trouble(&Machine::new(&library).sample());
    assert!(said.contains("-> reinstall the NVIDIA driver"), "{said}");
}

#[test]
fn each_way_of_not_starting_has_its_remedy() {
    let Some(fakes) = fakes() else { return };
    for (code, wanted) in [
        (9, "libnvidia-ml.so.1 is installed, the NVIDIA kernel driver is not loaded"),
        (4, "-> let this user read and write /dev/nvidiactl"),
        (18, "-> restart the machine"),
        (15, "fell off the bus"),
        (999, "-> run nvidia-smi"),
    ] {
        let mut machine = Machine::new(&fakes.full);
        machine.script(&format!("fail nvmlInit_v2 * {code}"));
        let said = trouble(&machine.sample());
        assert!(said.contains(wanted), "{code}: {said}");
        assert_eq!(machine.probe.reader_pid(), None);
    }
}
