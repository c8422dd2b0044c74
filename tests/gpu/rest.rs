//! What is asked of an NVIDIA GPU after its basic numbers: what works in it, links, energy, parts; and
//! what neither its library nor its tool may cost when they hang, crash or lie.

use std::time::{Duration, Instant};

use isomon::model::gpu::{Gpu, MemoryOwner, Topology};
use isomon::model::reading::{Reading, Why};
use isomon::model::unit::{Bytes, BytesPerSecond, Celsius, Hertz, Joules, Ratio, Seconds};

use crate::machine::{Machine, fakes, loss};

const MIB: f64 = 1024.0 * 1024.0;

fn share(percent: f64) -> Reading<Ratio> {
    Reading::Known(Ratio::of(percent, 100.0).unwrap())
}

fn is_whole(gpu: &Gpu) -> bool {
    gpu.utilization.get().is_some() && gpu.celsius.get().is_some() && loss(gpu).is_none()
}

#[test]
fn the_second_sample_tells_what_works_in_a_busy_gpu() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    let first = machine.sample().gpus.remove(1);
    assert_eq!(first.detail.activity.sm.why(), Some(&Why::NotYet));
    assert_eq!(first.detail.energy_joules, Reading::Known(Joules(7200.5)));
    let second = machine.sample().gpus.remove(1).detail;
    let activity = &second.activity;
    assert_eq!((&activity.sm, &activity.sm_occupancy), (&share(2.5), &share(3.5)));
    assert_eq!((&activity.tensor, &activity.dram), (&share(5.5), &share(10.5)));
    let rate = |mebibytes: f64| Reading::Known(BytesPerSecond(mebibytes * MIB));
    assert_eq!(second.pcie.transmit_bytes_per_second, rate(20.5));
    assert_eq!(second.pcie.receive_bytes_per_second, rate(21.5));
    assert_eq!(second.nvlink.receive_bytes_per_second, rate(60.5));
    assert_eq!(second.nvlink.transmit_bytes_per_second, rate(61.5));
}

#[test]
fn links_limits_and_parts_are_told() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    let detail = machine.sample().gpus.remove(1).detail;
    assert_eq!(detail.memory_celsius, Reading::Known(Celsius(84.0)));
    assert_eq!(detail.bar1_total_bytes, Reading::Known(Bytes(128 << 30)));
    assert_eq!(detail.bar1_used_bytes, Reading::Known(Bytes(1 << 30)));
    assert_eq!(detail.core_clock_max_hertz, Reading::Known(Hertz(1_980_000_000)));
    assert_eq!(detail.memory_clock_max_hertz, Reading::Known(Hertz(1_982_000_000)));
    assert_eq!(detail.ecc_corrected, Reading::Known(12));
    let link = &detail.pcie;
    assert_eq!((link.generation.get(), link.generation_max.get()), (Some(4), Some(5)));
    assert_eq!((link.width.get(), link.width_max.get()), (Some(8), Some(16)));
    assert!(link.is_narrow());
    assert_eq!(detail.nvlink.up(), Some((3, 4)));
    let parts = detail.mig_instances.known().unwrap();
    assert_eq!(parts.len(), 2);
    assert_eq!((parts[1].index, parts[1].id.as_str()), (1, "MIG-00000001-1-fake"));
    assert_eq!(parts[1].profile.as_str(), "3g.40gb");
    assert_eq!(parts[1].memory_total_bytes, Reading::Known(Bytes(40 << 30)));
    assert_eq!(parts[1].memory_used_bytes, Reading::Known(Bytes(4 << 30)));
    machine.script("whole");
    let whole = machine.sample().gpus.remove(1).detail;
    assert_eq!(whole.mig_instances, Reading::Known(Vec::new()));
}

#[test]
fn a_gpu_before_hopper_has_its_traffic_watched_and_says_what_it_lacks() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    machine.script("plain");
    machine.sample();
    let detail = machine.sample().gpus.remove(0).detail;
    assert_eq!(detail.activity.sm.why(), Some(&Why::NotSupported));
    assert_eq!(detail.nvlink.receive_bytes_per_second.why(), Some(&Why::NotSupported));
    assert_eq!(detail.pcie.transmit_bytes_per_second, Reading::Known(BytesPerSecond(2e6)));
    assert_eq!(detail.pcie.receive_bytes_per_second, Reading::Known(BytesPerSecond(2.001e6)));
}

#[test]
fn the_links_of_a_gpu_before_hopper_are_counted() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    let mut rates = |orders: &str| {
        machine.script(&format!("plain\n{orders}"));
        let link = machine.sample().gpus.remove(1).detail.nvlink;
        (link.receive_bytes_per_second, link.transmit_bytes_per_second)
    };
    let none = |why: Why| (Reading::Missing(why.clone()), Reading::Missing(why));
    // Links 0, 1 and 3 are up, and carry one, two and four times what the script says.
    let of = |kibibytes: f64| {
        let rate = |times: f64| Reading::Known(BytesPerSecond(7.0 * kibibytes * 1024.0 * times));
        (rate(2.0), rate(1.0))
    };
    assert_eq!(rates("count 1000 5000000"), none(Why::NotYet), "the first reading");
    assert_eq!(rates("count 3000 5500000"), of(4000.0), "2000 KiB in half a second");
    assert_eq!(rates("count 3000 6500000"), of(0.0), "idle");
    assert_eq!(rates("count 4000 6500000"), none(Why::NotYet), "no time went by");
    assert_eq!(rates("count 10 7500000"), none(Why::NotYet), "the driver was loaded again");
    assert_eq!(rates("count 20 8500000"), of(10.0));
    assert_eq!(rates("count 30 8000000"), none(Why::NotYet), "the clock went back");
    assert_eq!(rates("count 40 9000000\nblank"), none(Why::NotSupported));
    assert_eq!(rates("count 50 10000000"), none(Why::NotYet), "nothing to compare with");
    assert_eq!(rates("count 60 11000000\nwild"), none(Why::NotSupported), "no link is so fast");
    let refused = rates("count 70 12000000\nfail nvmlDeviceGetFieldValues 1 4");
    assert_eq!(refused, none(Why::NoPermission));
}

#[test]
fn blank_and_wild_numbers_are_none_here_either() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    machine.sample();
    for orders in ["blank", "wild"] {
        machine.script(orders);
        let detail = machine.sample().gpus.remove(0).detail;
        let activity = &detail.activity;
        for share in [&activity.sm, &activity.sm_occupancy, &activity.tensor, &activity.dram] {
            assert_eq!(share.get(), None, "{orders}");
        }
        assert_eq!(detail.pcie.transmit_bytes_per_second.get(), None, "{orders}");
        assert_eq!(detail.pcie.generation.get(), None, "{orders}");
        assert_eq!(detail.memory_celsius.get(), None, "{orders}");
        assert_eq!(detail.core_clock_max_hertz.get(), None, "{orders}");
    }
    machine.script("blank");
    let detail = machine.sample().gpus.remove(0).detail;
    assert_eq!(detail.energy_joules.why(), Some(&Why::NotSupported));
    assert_eq!(detail.bar1_total_bytes.why(), Some(&Why::NotSupported));
    assert_eq!(detail.ecc_corrected.why(), Some(&Why::NotSupported));
}

#[test]
fn an_old_library_lacks_all_of_it_and_nothing_else() {
    let Some(fakes) = fakes() else { return };
    let sample = Machine::new(&fakes.old).sample();
    assert_eq!(sample.gpus.len(), 2);
    let detail = &sample.gpus[0].detail;
    assert_eq!(detail.activity.sm.why(), Some(&Why::NotSupported));
    assert_eq!(detail.energy_joules.why(), Some(&Why::NotSupported));
}

#[test]
fn a_counter_that_hangs_costs_the_rest_of_one_gpu_and_no_basic_number() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    machine.sample();
    machine.script("hang nvmlGpmSampleGet 0");
    let sample = machine.sample();
    assert!(sample.gpus.iter().all(is_whole), "both have told how they are doing");
    assert_eq!(sample.gpus[0].detail.energy_joules.why(), Some(&Why::TimedOut));
    assert!(sample.gpus[1].detail.energy_joules.get().is_some(), "the other one's rest is read");
    let began = Instant::now();
    let sample = machine.sample();
    assert!(began.elapsed() < Duration::from_millis(900), "it is left alone");
    assert!(sample.gpus.iter().all(is_whole));
    assert_eq!(sample.gpus[0].detail.energy_joules.why(), Some(&Why::TimedOut));
    machine.script("");
    let sample = machine.later(20);
    assert!(sample.gpus[0].detail.energy_joules.get().is_some(), "and asked again later");
}

#[test]
fn a_counter_that_crashes_the_library_is_told_and_the_others_are_read() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    machine.sample();
    machine.script("abort nvmlGpmMetricsGet 1");
    let sample = machine.sample();
    assert!(sample.gpus.iter().all(is_whole));
    let Some(Why::Failed(words)) = sample.gpus[1].detail.energy_joules.why() else { panic!() };
    assert!(words.as_str().contains("crashed its reader (signal 6)"), "{words}");
    let reader = machine.probe.reader_pid();
    assert!(machine.sample().gpus.iter().all(is_whole));
    assert_eq!(machine.probe.reader_pid(), reader, "no crash a second time");
}

#[test]
fn samples_of_two_gpus_are_never_compared() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    machine.sample();
    machine.script("show 1\nfrom 1");
    let sample = machine.sample();
    let moved = sample.gpus.iter().find(|gpu| gpu.id.as_str() == "GPU-00000001-fake").unwrap();
    assert_eq!(moved.index, 0);
    assert_eq!(moved.detail.activity.sm.why(), Some(&Why::NotYet));
}

#[test]
fn each_call_may_be_refused_and_costs_its_own_fields() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    machine.sample();
    for call in [
        "nvmlDeviceGetBAR1MemoryInfo",
        "nvmlDeviceGetTotalEnergyConsumption",
        "nvmlDeviceGetFieldValues",
        "nvmlDeviceGetNvLinkState",
        "nvmlDeviceGetCurrPcieLinkWidth",
        "nvmlDeviceGetMaxClockInfo",
        "nvmlDeviceGetMaxMigDeviceCount",
        "nvmlGpmQueryDeviceSupport",
        "nvmlGpmSampleGet",
    ] {
        machine.script(&format!("fail {call} 0 999"));
        let sample = machine.sample();
        let gaps = |gpu: &Gpu| serde_json::to_string(&gpu.detail).unwrap().matches("999").count();
        let unknown =
            |gpu: &Gpu| serde_json::to_string(&gpu.detail).unwrap().matches("\"failed\"").count();
        assert!(sample.gpus.iter().all(is_whole), "{call}");
        assert!(gaps(&sample.gpus[0]) + unknown(&sample.gpus[0]) > 0, "{call}");
        assert_eq!(unknown(&sample.gpus[1]), 0, "{call}");
    }
}

#[test]
fn xid_errors_are_given_to_their_gpu_even_when_it_is_lost() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    assert_eq!(machine.sample().gpus[0].detail.xids.why(), Some(&Why::NotSupported));
    let mut machine = Machine::new(&fakes.full);
    let log = "4,7,93000000,-;NVRM: Xid (PCI:0000:3B:00): 79, GPU has fallen off the bus.\n";
    std::fs::write(machine.directory.path().join("kmsg"), log).unwrap();
    machine.sample();
    machine.script("fail * 1 15");
    let sample = machine.sample();
    assert_eq!(sample.gpus[0].detail.xids, Reading::Known(Vec::new()));
    assert!(loss(&sample.gpus[1]).is_some());
    let xids = sample.gpus[1].detail.xids.known().unwrap();
    assert_eq!((xids.len(), xids[0].code), (1, 79));
    assert_eq!(xids[0].last_uptime_seconds, Reading::Known(Seconds(93.0)));
    assert!(xids[0].meaning().is_grave);
}

#[test]
fn a_gpu_without_memory_of_its_own_uses_the_machines_and_says_so() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    let meminfo = "MemTotal: 125829120 kB\nMemAvailable: 104857600 kB\n";
    std::fs::write(machine.directory.path().join("proc/meminfo"), meminfo).unwrap();
    machine.script("fail nvmlDeviceGetMemoryInfo_v2 0 3");
    let sample = machine.sample();
    let (shared, own) = (&sample.gpus[0], &sample.gpus[1]);
    assert_eq!(shared.memory_owner, MemoryOwner::Machine);
    assert_eq!(shared.memory_total_bytes, Reading::Known(Bytes(120 << 30)));
    assert_eq!(shared.memory_used_bytes, Reading::Known(Bytes(20 << 30)));
    assert_eq!(own.memory_owner, MemoryOwner::Gpu);
    assert_eq!(own.memory_total_bytes, Reading::Known(Bytes(80 << 30)));
}

/// Samples until the tool's answer is there, or for 12 s.
fn topology(machine: &mut Machine) -> Reading<Topology> {
    let began = Instant::now();
    loop {
        let told = machine.sample().topology;
        if told.why() != Some(&Why::NotYet) || began.elapsed() > Duration::from_secs(12) {
            return told;
        }
    }
}

#[test]
fn the_tool_is_asked_once_how_the_gpus_are_connected() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    let asked = machine.directory.path().join("asked");
    let drawing = "\\tGPU0\\tGPU1\\nGPU0\\t X \\tNV18\\nGPU1\\tNV18\\t X \\n";
    machine.tool(&format!("echo \"$@\" >>{}; printf '{drawing}'", asked.display()));
    let told = topology(&mut machine);
    assert_eq!(told.known().expect("a topology").devices[0].links[1].to_string(), "NV18");
    machine.sample();
    assert_eq!(std::fs::read_to_string(asked).unwrap(), "topo -m\n");
}

#[test]
fn without_the_tool_or_with_one_that_fails_there_is_a_reason() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    assert_eq!(topology(&mut machine).why(), Some(&Why::Absent("nvidia-smi".into())));
    for (body, wanted) in
        [("exit 9", "drew nothing"), ("exec /bin/cat /dev/zero", "said more than")]
    {
        let mut machine = Machine::new(&fakes.full);
        machine.tool(body);
        let told = topology(&mut machine);
        let Some(Why::Failed(words)) = told.why() else { panic!("{told:?}") };
        assert!(words.as_str().contains(wanted), "{words}");
    }
}

#[test]
fn a_tool_that_hangs_is_ended_and_no_sample_waits_for_it() {
    let Some(fakes) = fakes() else { return };
    let mut machine = Machine::new(&fakes.full);
    let pid = machine.directory.path().join("pid");
    machine.tool(&format!("echo $$ >{}; exec /bin/sleep 600", pid.display()));
    assert_eq!(machine.sample().topology.why(), Some(&Why::NotYet));
    assert_eq!(topology(&mut machine).why(), Some(&Why::TimedOut));
    let pid: u32 = std::fs::read_to_string(pid).unwrap().trim().parse().unwrap();
    let began = Instant::now();
    while crate::machine::is_running(pid) {
        assert!(began.elapsed() < Duration::from_secs(2), "it is still there");
    }
}
