//! A GPU falls off the bus, a call hangs, the library crashes: isomon lives, the others are still
//! read, and no process is left behind.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use isomon::model::gpu::{GpuReaderState, GpuSample};
use isomon::probe::gpu::{GpuProbe, Launch};

use crate::machine::{ISOMON, Machine, fakes, is_running, loss, reader, roots, trouble};

/// The reason why each GPU is lost, "" for one that answers, by PCI address.
fn losses(sample: &GpuSample) -> Vec<&str> {
    let reasons = sample.gpus.iter().map(|gpu| loss(gpu).unwrap_or_default());
    reasons.collect()
}

#[test]
fn a_gpu_that_falls_off_the_bus_stays_in_the_list_until_it_comes_back() {
    let Some(fakes) = fakes() else { return };
    for call in ["nvmlDeviceGetPowerUsage", "nvmlDeviceGetHandleByIndex_v2", "*"] {
        let mut machine = Machine::new(&fakes.full);
        machine.sample();
        machine.script(&format!("fail {call} 1 15"));
        let sample = machine.sample();
        let reasons = losses(&sample);
        assert_eq!(reasons[0], "", "{call}");
        assert!(reasons[1].contains("fell off the bus"), "{call}: {reasons:?}");
        assert_eq!(sample.gpus[1].id.as_str(), "GPU-00000001-fake");
        assert_eq!(sample.gpus[1].utilization.get(), None);
        assert!(sample.gpus[0].utilization.get().is_some());
        machine.script("");
        assert_eq!(losses(&machine.sample()), ["", ""], "{call}");
    }
}

#[test]
fn a_gpu_that_nvml_stops_showing_is_lost_although_its_index_is_taken() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    machine.plug("0000:3a:00.0");
    machine.plug("0000:3b:00.0");
    assert_eq!(reader(&machine.sample()), &GpuReaderState::Works);
    machine.script("show 1\nfrom 1");
    let sample = machine.sample();
    assert_eq!(losses(&sample), ["NVML does not show it any more", ""]);
    assert_eq!((sample.gpus[1].index, sample.gpus[1].id.as_str()), (0, "GPU-00000001-fake"));
    let said = trouble(&sample);
    assert!(said.contains("NVML shows 1 of 2") && said.contains("0000:3a:00.0 missing"), "{said}");
}

#[test]
fn a_call_that_hangs_costs_one_gpu_and_one_watchdog() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    machine.sample();
    let first = machine.probe.reader_pid().expect("a reader");
    machine.script("hang nvmlDeviceGetPowerUsage 0");
    let sample = machine.sample();
    assert!(losses(&sample)[0].contains("no answer from the GPU library within 2 s"));
    assert!(!is_running(first), "the hung reader is gone");
    let began = Instant::now();
    let sample = machine.sample();
    assert!(began.elapsed() < Duration::from_secs(1), "the hung GPU is left alone");
    assert!(losses(&sample)[0].contains("no answer"));
    assert_eq!(losses(&sample)[1], "");
    assert!(sample.gpus[1].utilization.get().is_some(), "the other one is read");
    machine.script("");
    assert_eq!(losses(&machine.later(20)), ["", ""], "and it is asked again later");
}

#[test]
fn a_hang_while_loading_is_waited_for_and_then_given_up() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    machine.script("hang nvmlInit_v2");
    assert!(trouble(&machine.sample()).contains("still loading"));
    let reader = machine.probe.reader_pid().expect("a reader");
    let said = trouble(&machine.later(31));
    assert!(said.contains("no answer from the GPU library within 30 s"), "{said}");
    assert!(!is_running(reader));
    machine.script("");
    assert_eq!(losses(&machine.later(2)), ["", ""]);
}

#[test]
fn a_library_that_crashes_in_one_gpu_takes_nobody_with_it() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    machine.sample();
    machine.script("abort nvmlDeviceGetTemperature 1");
    let sample = machine.sample();
    assert_eq!(losses(&sample)[0], "");
    assert!(losses(&sample)[1].contains("crashed its reader (signal 6)"));
    assert!(sample.gpus[0].celsius.get().is_some());
    let reader = machine.probe.reader_pid();
    machine.sample();
    assert_eq!(machine.probe.reader_pid(), reader, "the new reader leaves that GPU alone");
}

#[test]
fn a_library_that_always_crashes_is_tried_less_and_less_often() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    machine.sample();
    machine.script("abort nvmlDeviceGetCount_v2\nabort nvmlInit_v2");
    for wait in [1, 2, 3] {
        let sample = machine.later(wait);
        assert!(losses(&sample).iter().all(|reason| reason.contains("signal 6")), "{wait}");
        assert!(trouble(&sample).contains("crashed its reader (signal 6)"), "{wait}");
        assert_eq!(machine.probe.reader_pid(), None);
    }
    machine.script("");
    assert!(trouble(&machine.later(3)).contains("crashed"), "the third wait is 4 s");
    assert_eq!(losses(&machine.later(2)), ["", ""]);
}

/// An executable that is not isomon and behaves in its own way as GPU reader.
fn impostor(place: &Path, body: &str) -> Launch {
    use std::os::unix::fs::PermissionsExt as _;
    let program = place.join("impostor");
    std::fs::write(&program, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    Launch { program, ..Launch::default() }
}

#[test]
fn a_reader_that_talks_nonsense_is_ended() {
    for (body, wanted) in [
        ("echo hello; exec cat", "not an answer"),
        ("yes | tr -d '\\n'", "more than 1048576 bytes"),
        ("exit 3", "exit status 3"),
        (
            "read ask; echo '{\"survey\":{\"driver\":\"1\",\"count\":4000000000}}'; read ask",
            "not an answer",
        ),
        ("read ask; echo '{\"device\":{}}'; read ask", "not an answer"),
    ] {
        let place = tempfile::tempdir().unwrap();
        let mut probe = GpuProbe::new(roots(place.path()), impostor(place.path(), body));
        let began = Instant::now();
        let sample = probe.sample(began);
        assert!(trouble(&sample).contains(wanted), "{body}: {}", trouble(&sample));
        assert!(began.elapsed() < Duration::from_secs(2), "{body}");
        assert_eq!(probe.reader_pid(), None, "{body}");
    }
}

#[test]
fn a_program_that_cannot_be_started_is_a_reading_too() {
    let place = tempfile::tempdir().unwrap();
    let launch = Launch { program: PathBuf::from("/nonexistent/isomon"), ..Launch::default() };
    let sample = GpuProbe::new(roots(place.path()), launch).sample(Instant::now());
    assert!(trouble(&sample).contains("could not start the GPU reader /nonexistent/isomon"));
}

#[test]
fn the_reader_ends_with_its_probe() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    machine.sample();
    let reader = machine.probe.reader_pid().expect("a reader");
    assert!(is_running(reader));
    drop(machine);
    assert!(!is_running(reader));
}

/// Waits until `pid` is gone, by its pidfd.
fn outlives(pid: u32, length: Duration) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::process::{Pid, PidfdFlags, pidfd_open};
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let Ok(end) = pidfd_open(pid, PidfdFlags::empty()) else {
        return false;
    };
    let timeout = Timespec { tv_sec: i64::try_from(length.as_secs()).unwrap(), tv_nsec: 0 };
    poll(&mut [PollFd::new(&end, PollFlags::IN)], Some(&timeout)) == Ok(0)
}

#[test]
fn the_reader_does_not_outlive_a_parent_that_is_killed_even_in_a_call_that_hangs() {
    let Some(fakes) = fakes() else { return };
    for orders in ["", "hang nvmlInit_v2"] {
        let place = tempfile::tempdir().unwrap();
        let script = place.path().join("script");
        std::fs::write(&script, orders).unwrap();
        // A shell stands in for the parent: it holds the only writing end of the reader's input.
        let mut parent = Command::new("sh")
            .args(["-c", r#"mkfifo "$3"; "$0" __gpu "$1" < "$3" > "$2" & exec 9> "$3"; echo '"survey"' >&9; echo $!; read forever"#])
            .args([Path::new(ISOMON), &fakes.full, &place.path().join("out"), &place.path().join("in")])
            .env("FAKE_NVML", &script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = parent.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut line).unwrap();
        let reader: u32 = line.trim().parse().unwrap();
        assert!(is_running(reader));
        parent.kill().unwrap();
        parent.wait().unwrap();
        assert!(!outlives(reader, Duration::from_secs(5)), "{orders}");
    }
}
