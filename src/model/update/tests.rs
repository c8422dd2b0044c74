//! Whatever can be said survives the wire: one JSON line each, the same value back.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::model::backend::{BackendId, Readiness, Start, Traits};
use crate::model::bench::{
    Cell, Effort, Estimate, Failure, Figure, HostState, Limits, Outcome, Payload, Phase, Phases,
    Plan, Progress, Sample, Summary, Taint,
};
use crate::model::gpu::{Gpu, GpuProcess, GpuReader, GpuReaderState, GpuState};
use crate::model::node::{Core, CpuUse, Disk, List, Stall, Unread};
use crate::model::process::{Engine, Sandbox};
use crate::model::reading::{Reading, Why};
use crate::model::run::{FORMAT, Fingerprint, LeftOut, RunEnd, RunHead, RunTail};
use crate::model::unit::{Bytes, Ratio, Seconds};

fn text() -> impl Strategy<Value = SafeText> {
    "(\\PC|\u{1b}|\u{202e}|\"|\\\\|\n){0,12}".prop_map(SafeText::from)
}

fn why() -> impl Strategy<Value = Why> {
    prop_oneof![
        Just(Why::NotYet),
        Just(Why::NotSupported),
        Just(Why::NoPermission),
        Just(Why::TimedOut),
        text().prop_map(Why::Absent),
        text().prop_map(Why::Failed),
    ]
}

fn reading<T: std::fmt::Debug>(
    known: impl Strategy<Value = T>,
) -> impl Strategy<Value = Reading<T>> {
    prop_oneof![known.prop_map(Reading::Known), why().prop_map(Reading::Missing)]
}

/// Any length of time that arithmetic may have made; halves and quarters of it too.
fn seconds() -> impl Strategy<Value = Seconds> {
    (0.0..1e9_f64).prop_map(Seconds)
}

fn ratio() -> impl Strategy<Value = Ratio> {
    (0.0..=1.0_f64).prop_map(|share| Ratio::new(share).unwrap_or_default())
}

fn stamp() -> impl Strategy<Value = Stamp> {
    (any::<u64>(), any::<i64>()).prop_map(|(mono_ms, wall_ms)| Stamp { mono_ms, wall_ms })
}

fn sandbox() -> impl Strategy<Value = Sandbox> {
    let engine = prop_oneof![Just(Engine::Namespaces), Just(Engine::CloudHypervisor)];
    (engine, text()).prop_map(|(engine, name)| Sandbox { engine, name })
}

prop_compose! {
    fn node()(
        share in ratio(),
        cpu in why(),
        stall in option::of(ratio()),
        load in reading([0.0..1e6_f64, 0.0..1e6_f64, 0.0..1e6_f64]),
        name in text(),
        list in why(),
        some_total_us: u64,
        stacked: bool,
        id: u32,
    ) -> NodeSample {
        let usage = Reading::Known(CpuUse { busy: share, steal: share, ..CpuUse::default() });
        let mut sample = NodeSample {
            cpu: Reading::Missing(cpu),
            cores: vec![Core { id, usage, ..Core::default() }],
            load,
            disks: vec![Disk { name, stacked, ..Disk::default() }],
            unread: vec![Unread { list: List::Mounts, why: list }],
            ..NodeSample::default()
        };
        sample.pressure.io = Reading::Known(Stall { some: share, full: stall, some_total_us });
        sample
    }
}

prop_compose! {
    fn process()(
        pid: u32,
        name in text(),
        state in any::<char>(),
        cpu_cores in reading(0.0..4096.0_f64),
        memory: u64,
        sandbox in option::of(sandbox()),
    ) -> Process {
        let memory_bytes = Bytes(memory);
        Process { pid, name, state, cpu_cores, memory_bytes, sandbox, ..Process::default() }
    }
}

prop_compose! {
    fn gpus()(
        name in text(),
        lost in option::of(text()),
        throttle in reading(vec(text(), 0..3)),
        mig in reading(any::<bool>()),
        used in reading(any::<u64>().prop_map(Bytes)),
        sandbox in option::of(sandbox()),
        version in reading(text()),
        state in prop_oneof![
            Just(GpuReaderState::Works),
            text().prop_map(GpuReaderState::NotHere),
            (text(), text())
                .prop_map(|(reason, remedy)| GpuReaderState::Broken { reason, remedy }),
        ],
    ) -> GpuSample {
        let user = GpuProcess { name: name.clone(), sandbox, ..GpuProcess::default() };
        let gpu = Gpu {
            name: name.clone(),
            state: lost.map_or(GpuState::Ok, GpuState::Lost),
            throttle,
            mig,
            memory_used_bytes: used,
            processes: Reading::Known(vec![user]),
            ..Gpu::default()
        };
        GpuSample { gpus: vec![gpu], readers: vec![GpuReader { name, version, state }], ..GpuSample::default() }
    }
}

fn readiness() -> impl Strategy<Value = Readiness> {
    prop_oneof![
        Just(Readiness::Checking),
        Just(Readiness::Ready),
        (text(), text()).prop_map(|(reason, remedy)| Readiness::Degraded { reason, remedy }),
        (text(), text()).prop_map(|(reason, remedy)| Readiness::Unavailable { reason, remedy }),
    ]
}

prop_compose! {
    fn backend()(
        id in prop::sample::select(BackendId::ALL.to_vec()),
        version in option::of(text()),
        readiness in readiness(),
        seccomp: bool,
    ) -> BackendStatus {
        let traits = Traits { seccomp, ..Traits::default() };
        BackendStatus { id, path: version.clone(), version, readiness, traits, ..BackendStatus::new(id) }
    }
}

fn cell() -> impl Strategy<Value = Cell> {
    let payload = prop_oneof![
        Just(Payload::Noop),
        any::<u64>().prop_map(|rounds| Payload::Cpu { rounds }),
        any::<u32>().prop_map(|mib| Payload::Memory { mib }),
        any::<u64>().prop_map(|calls| Payload::Syscall { calls }),
    ];
    let backend = prop::sample::select(BackendId::ALL.to_vec());
    (backend, payload).prop_map(|(backend, payload)| Cell::cold(backend, payload))
}

prop_compose! {
    fn head()(
        cells in vec(cell(), 0..4),
        name in option::of(text()),
        started in stamp(),
        seed: u64,
        random: u32,
        target in ratio(),
        length in seconds(),
        turbo in option::of(any::<bool>()),
        repeat: String,
    ) -> RunHead {
        let plan = Plan {
starts: Start::ALL.to_vec(),
            name: name.clone(),
            backends: cells.iter().map(|cell| cell.backend).collect(),
            payloads: cells.iter().map(|cell| cell.payload).collect(),
            effort: Effort {
                warmup_rounds: random,
                min_rounds: 1,
                max_rounds: u32::MAX,
                min_seconds: length,
                budget_seconds: length,
                target,
            },
            limits: Limits::default(),
            kernel: None,
            seed, loads: Vec::new(), job: None };
        RunHead {
            format: FORMAT,
            id: RunId::new(1_000, random),
            started,
            started_at: started.rfc3339(),
            plan,
            cells,
            left_out: Vec::new(),
            fingerprint: Fingerprint { kernel: name, turbo, ..Fingerprint::default() },
            repeat,
        }
    }
}

prop_compose! {
    fn sample()(
        (cell, round, warmup) in any::<(u32, u32, bool)>(),
        at_seconds in seconds(),
        phase in prop::sample::select(Phase::ALL.to_vec()),
        failure in option::of(text()),
        steal in option::of(ratio()),
        other_cores in option::of(0.0..4096.0_f64),
    ) -> Sample {
        let mut phases = Phases::default();
        phases.set(phase, at_seconds);
        let failed = |message| Outcome::Failed { kind: Failure::WrongResult, message };
        Sample {
            cell,
            round,
            warmup,
            at_seconds,
            phases,
            outcome: failure.map_or(Outcome::Good, failed),
            host: HostState { steal, other_cores, ..HostState::default() },
            taints: vec![Taint::Steal, Taint::LeftOver], attempt: 0 }
    }
}

prop_compose! {
    fn summary()(
        figure in prop::sample::select(Figure::ALL.to_vec()),
        (cell, n, failures, tainted, outliers) in any::<(u32, u32, u32, u32, u32)>(),
        median_seconds in seconds(),
        tail in option::of(seconds()),
        known: bool,
    ) -> Summary {
        let estimate = known.then_some(Estimate {
            median_seconds,
            low_seconds: tail,
            high_seconds: tail,
            mad_seconds: median_seconds,
            min_seconds: median_seconds,
            max_seconds: median_seconds,
            mean_seconds: median_seconds,
            sd_seconds: None,
            p90_seconds: tail,
            p95_seconds: None,
            p99_seconds: tail,
            outliers, p999_seconds: None });
        Summary { cell, figure, n, failures, tainted, estimate, place: None }
    }
}

prop_compose! {
    fn tail()(
        ended in stamp(),
        end in prop_oneof![
            Just(RunEnd::Completed),
            Just(RunEnd::BudgetSpent),
            Just(RunEnd::RoundsSpent),
            Just(RunEnd::Cancelled),
            text().prop_map(|reason| RunEnd::Failed { reason }),
        ],
        submitted: u32,
        elapsed_seconds in seconds(),
        left_seconds in option::of(seconds()),
        summary in vec(summary(), 0..3),
        reason in option::of(text()),
    ) -> RunTail {
        let out = |reason: SafeText| {
            LeftOut {
                start: Some(Start::Warm),
                ..LeftOut::backend(BackendId::V8, reason.clone(), reason)
            }
        };
        RunTail {
            ended,
            end,
            progress: Progress { submitted, elapsed_seconds, left_seconds, ..Progress::default() },
            summary,
            suspended: reason.map(out).into_iter().collect(),
            overhead_seconds: left_seconds, empty_seconds: Vec::new(), loads: Vec::new(), verdict: None }
    }
}

fn event() -> impl Strategy<Value = RunEvent> {
    prop_oneof![
        head().prop_map(|head| RunEvent::Started(Box::new(head))),
        sample().prop_map(|sample| RunEvent::Sample(Box::new(sample))),
        tail().prop_map(|tail| RunEvent::Progress(tail.progress)),
        vec(summary(), 0..3).prop_map(RunEvent::Summary),
        tail().prop_map(|tail| RunEvent::Ended(Box::new(tail))),
    ]
}

fn what() -> impl Strategy<Value = What> {
    let info = (text(), reading(text()), any::<u32>()).prop_map(|(hostname, os, cpus)| {
        What::Info(Box::new(NodeInfo { hostname, os, cpus, ..NodeInfo::default() }))
    });
    let health = option::of((stamp(), text())).prop_map(|down| match down {
        Some((since, why)) => What::Health(Health::Down { since, why }),
        None => What::Health(Health::Up),
    });
    prop_oneof![
        info,
        node().prop_map(|sample| What::Node(Box::new(sample))),
        vec(process(), 0..3).prop_map(What::Processes),
        gpus().prop_map(|sample| What::Gpus(Box::new(sample))),
        vec(backend(), 0..3).prop_map(What::Backends),
        (any::<u32>(), event())
            .prop_map(|(random, event)| What::Run { id: RunId::new(0, random), event }),
        health,
        any::<u64>().prop_map(What::Lost),
        (any::<bool>(), text()).prop_map(|(bad, text)| What::Notice(Notice { bad, text })),
    ]
}

proptest! {
    #[test]
    fn every_update_survives_the_wire(at in stamp(), from in text(), what in what()) {
        let update = Update { at, from: SourceId(from), what };
        let line = serde_json::to_string(&update).unwrap();
        prop_assert!(!line.contains('\n'), "one line");
        prop_assert_eq!(serde_json::from_str::<Update>(&line).unwrap(), update);
    }

    #[test]
    fn a_damaged_line_is_refused_or_means_something(
        what in what(),
        at in any::<prop::sample::Index>(),
        damage in "(null|-1|1e999|\\{|\\}|\\[|\"missing\"|\\PC){0,3}",
    ) {
        let update = Update { at: Stamp::default(), from: SourceId::local(), what };
        let mut letters: Vec<char> = serde_json::to_string(&update).unwrap().chars().collect();
        let at = at.index(letters.len());
        letters.splice(at..=at, damage.chars());
        let line: String = letters.into_iter().collect();
        if let Ok(read) = serde_json::from_str::<Update>(&line) {
            let again = serde_json::to_string(&read).unwrap();
            prop_assert_eq!(serde_json::from_str::<Update>(&again).unwrap(), read);
        }
    }
}
