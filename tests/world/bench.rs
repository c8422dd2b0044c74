//! A made-up machine with every backend and a made-up run on it: always the same, close to life.
//!
//! Some backends are slow, some start in several ways, one fails now and then, some cannot run, some
//! cannot do all of the work, and for a while the hypervisor steals. Numbers come from a small generator, so that screens can be compared letter by letter.
#![expect(clippy::unwrap_used, reason = "a fixture that is wrong should stop the test")]

use isomon::model::backend::{
    BackendId, BackendStatus, Calls, Class, Inside, Reach, Readiness, Start, Traits,
};
use isomon::model::bench::{
    Cell, Effort, Estimate, Failure, Figure, HostState, Limits, Outcome, Payload, Phase, Phases,
    Plan, Progress, Sample, Summary, Taint,
};
use isomon::model::id::{RunId, SourceId};
use isomon::model::job::Runtime;
use isomon::model::run::{FORMAT, Fingerprint, LeftOut, RunEnd, RunEvent, RunHead, RunTail};
use isomon::model::time::Stamp;
use isomon::model::unit::{Ratio, Seconds};
use isomon::model::update::{Update, What};
use isomon::state::State;

/// Where the made-up run begins: 2026-11-21T09:30:12Z.
pub(crate) const START: Stamp = Stamp { mono_ms: 1_000_000, wall_ms: 1_795_253_412_000 };

/// Seconds later than `START`.
pub(crate) fn after(seconds: f64) -> Stamp {
    let ms = (seconds * 1e3) as u64;
    Stamp { mono_ms: START.mono_ms + ms, wall_ms: START.wall_ms + ms as i64 }
}

/// A xorshift generator.
pub(crate) struct Chance(pub u64);

impl Chance {
    /// A number within 0..1.
    pub(crate) fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// `middle`, spread by a log-normal of `sigma`.
    pub(crate) fn around(&mut self, middle: f64, sigma: f64) -> f64 {
        let normal: f64 = (0..12).map(|_| self.next()).sum::<f64>() - 6.0;
        middle * (normal * sigma).exp()
    }
}

/// Wraps what happened to this machine.
pub(crate) fn update(at: Stamp, what: What) -> Update {
    Update { at, from: SourceId::local(), what }
}

/// The id of the made-up run.
pub(crate) fn id() -> RunId {
    RunId::parse("20261121-093012-a1b2c3d4").unwrap()
}

/// The backends of the made-up machine.
pub(crate) fn statuses() -> Vec<BackendStatus> {
    BackendId::ALL.into_iter().map(status).collect()
}

fn status(id: BackendId) -> BackendStatus {
    let (version, path) = match id {
        BackendId::Process | BackendId::Namespaces | BackendId::Kvm => (None, None),
        BackendId::V8 => (Some("V8 15.0.245.2"), None),
        BackendId::Wasm => (Some("wasmtime 48.0.8"), None),
        BackendId::Deno => (Some("deno 2.9.8"), Some("/usr/bin/deno")),
        BackendId::Docker | BackendId::DockerCrun | BackendId::DockerRunsc => {
            (Some("Docker 20.10.24"), Some("/run/docker.sock"))
        }
        BackendId::QemuTcg | BackendId::QemuKvm => {
            (Some("QEMU emulator version 7.2.22"), Some("/usr/bin/qemu-system-x86_64"))
        }
        BackendId::Firecracker | BackendId::FirecrackerJailed => {
            (Some("Firecracker v1.17.0"), Some("/usr/bin/firecracker"))
        }
        BackendId::Bubblewrap => (Some("bubblewrap 0.8.0"), Some("/usr/bin/bwrap")),
        BackendId::Runc => (Some("runc version 1.1.5+ds1"), Some("/usr/sbin/runc")),
        BackendId::Crun => (Some("crun version 1.8.1"), Some("/usr/bin/crun")),
        _ => (Some("runsc version release-20261102.0"), Some("/usr/local/bin/runsc")),
    };
    let sandboxed = id != BackendId::Process;
    BackendStatus {
        id,
        version: version.map(Into::into),
        path: path.map(Into::into),
        readiness: readiness(id),
        traits: Traits {
            memory_limit: sandboxed,
            cpu_limit: sandboxed && id != BackendId::Bubblewrap,
            pids_limit: sandboxed,
            network: !sandboxed,
            host_writable: !sandboxed,
            seccomp: sandboxed && id != BackendId::Bubblewrap,
            files: !matches!(id.class(), Class::Runtime | Class::MicroVm | Class::Emulator),
            snapshot: matches!(id, BackendId::Firecracker | BackendId::V8),
            runtimes: runtimes(id),
            runtimes_note: None,
            max_at_once: Some(if id.class() == Class::Runtime { 940 } else { 118 }),
        },
        dated: path
            .map(|_| if id.name().starts_with("gvisor") { "2026-11" } else { "2022-12" }.into()),
        inside: inside(id).map(Box::new),
        mend: if id == BackendId::Youki { installed("youki") } else { Vec::new() },
    }
}

fn installed(package: &str) -> Vec<Vec<String>> {
    vec![["apt-get", "install", "-y", package].map(str::to_owned).to_vec()]
}

fn runtimes(id: BackendId) -> Vec<Runtime> {
    match id.class() {
        Class::Runtime if id == BackendId::Wasm => vec![Runtime::Wasm],
        Class::Runtime => vec![Runtime::Js],
        Class::MicroVm | Class::Emulator => Vec::new(),
        Class::Container | Class::UserKernel => {
            vec![Runtime::Command, Runtime::Node, Runtime::Python, Runtime::Go, Runtime::Oci]
        }
        _ => vec![Runtime::Command, Runtime::Node, Runtime::Python, Runtime::Go],
    }
}

/// What was seen from inside; nothing in a machine whose guest cannot look.
fn inside(id: BackendId) -> Option<Inside> {
    let names = |words: &str| Some(words.split(' ').map(Into::into).collect());
    let walled = id != BackendId::Process;
    let own = id.class() == Class::UserKernel;
    let kernel = if own { "Linux 4.4.0" } else { "Linux 6.18.44" };
    match id.class() {
        Class::MicroVm | Class::Emulator => None,
        Class::Runtime => Some(Inside { lent: names("console fetch"), ..Inside::default() }),
        _ => Some(Inside {
            kernel: Some(kernel.into()),
            host_kernel: Some(!own),
            calls: Some(Calls { answered: if walled { 12 } else { 51 }, tried: 54 }),
            namespaces: if walled { names("mnt pid net ipc uts") } else { Some(Vec::new()) },
            seccomp: Some(if walled && !own { "filter" } else { "off" }.into()),
            uid: Some(if walled { 65534 } else { 0 }),
            capabilities: Some(if walled { 0 } else { 40 }),
            writable: if walled { names("/tmp") } else { names("/ /tmp /usr /etc /var /home") },
            host_writable: (!own).then_some(!walled),
            network: Some(if walled { Reach::Loopback } else { Reach::Outside }),
            lent: None,
        }),
    }
}

fn readiness(id: BackendId) -> Readiness {
    match id {
        BackendId::Bubblewrap => Readiness::Degraded {
            reason: "no cgroup of its own: processor time is not bounded".into(),
            remedy: "run isomon as root, or under systemd-run --user --scope".into(),
        },
        BackendId::Youki => Readiness::Unavailable {
            reason: "youki is not on PATH".into(),
            remedy: "cargo install youki".into(),
        },
        BackendId::DockerCrun | BackendId::DockerRunsc | BackendId::DockerKata => {
            Readiness::Unavailable {
                reason: "the Docker engine knows no such runtime".into(),
                remedy: "name it in /etc/docker/daemon.json".into(),
            }
        }
        BackendId::GvisorPtrace => Readiness::Unavailable {
            reason: "this runsc knows no platform ptrace".into(),
            remedy: "install a runsc that does".into(),
        },
        BackendId::GvisorKvm => Readiness::Unavailable {
            reason: "this runsc cannot use /dev/kvm".into(),
            remedy: "install a runsc that knows the platform kvm, or use a machine with \
                     virtualisation; inside a virtual machine it must be allowed to nest"
                .into(),
        },
        _ => Readiness::Ready,
    }
}

/// The backends of the made-up run.
const MEASURED: [BackendId; 15] = [
    BackendId::Process,
    BackendId::Deno,
    BackendId::V8,
    BackendId::Wasm,
    BackendId::Namespaces,
    BackendId::Bubblewrap,
    BackendId::Runc,
    BackendId::Crun,
    BackendId::Docker,
    BackendId::GvisorSystrap,
    BackendId::GvisorPtrace,
    BackendId::Kvm,
    BackendId::QemuKvm,
    BackendId::Firecracker,
    BackendId::FirecrackerJailed,
];

/// The plan of the made-up run.
pub(crate) fn plan() -> Plan {
    Plan {
        starts: Start::ALL.to_vec(),
        name: None,
        backends: MEASURED.to_vec(),
        payloads: Payload::USUAL.to_vec(),
        effort: Effort {
            warmup_rounds: 2,
            min_rounds: 10,
            max_rounds: 300,
            min_seconds: Seconds(3.0),
            budget_seconds: Seconds(300.0),
            target: Ratio::new(0.05).unwrap(),
        },
        limits: Limits::default(),
        kernel: None,
        seed: 42,
        loads: Vec::new(),
        job: None,
    }
}

/// What is known of the made-up run when it starts.
pub(crate) fn head() -> RunHead {
    let plan = plan();
    let cells = plan.cells();
    RunHead {
        format: FORMAT,
        id: id(),
        started: START,
        started_at: START.rfc3339(),
        cells,
        plan,
        left_out: left_out(),
        fingerprint: Fingerprint::default(),
        repeat: "isomon bench process deno v8 wasm namespaces bubblewrap runc crun docker \
                 gvisor-systrap gvisor-ptrace kvm qemu-kvm firecracker firecracker-jailed --seed 42"
            .to_owned(),
    }
}

/// A backend that cannot run, and what others cannot do.
fn left_out() -> Vec<LeftOut> {
    let whole = LeftOut::backend(
        BackendId::GvisorKvm,
        "this runsc cannot use /dev/kvm".into(),
        "install a runsc that knows the platform kvm".into(),
    );
    let syscall = Payload::USUAL[3];
    let lack = |backend: BackendId| {
        let out = LeftOut::backend(
            backend,
            syscall.lack(backend, false)?.into(),
            "choose another backend for it".into(),
        );
        Some(LeftOut { payload: Some(syscall), ..out })
    };
    std::iter::once(whole).chain(MEASURED.into_iter().filter_map(lack)).collect()
}

/// Milliseconds of each phase of a cell, `run` for the `noop` payload. What was there already has no
/// phase.
fn phases_ms(cell: Cell) -> [Option<f64>; 7] {
    match cell.start {
        Start::Cold => cold_ms(cell.backend),
        Start::Cached => [Some(0.06), None, Some(0.03), Some(0.01), Some(0.02), None, Some(0.02)],
        Start::Pooled => [None, None, Some(0.02), Some(0.01), Some(0.02), None, Some(0.01)],
        Start::Snapshot if cell.backend == BackendId::V8 => {
            [Some(0.5), None, None, Some(0.05), Some(0.02), None, Some(0.2)]
        }
        Start::Snapshot => {
            [Some(9.0), Some(4.0), None, Some(0.4), Some(0.05), Some(1.0), Some(6.0)]
        }
        Start::Warm => [None, None, None, Some(warm_ms(cell.backend)), Some(0.02), None, None],
    }
}

fn warm_ms(backend: BackendId) -> f64 {
    match backend {
        BackendId::Wasm => 0.011,
        BackendId::V8 => 0.034,
        _ => 0.12,
    }
}

fn cold_ms(backend: BackendId) -> [Option<f64>; 7] {
    match backend {
        BackendId::Process => [Some(0.45), None, None, Some(0.4), Some(0.02), Some(0.1), None],
        BackendId::Deno => {
            [Some(8.0), None, Some(5.0), Some(0.8), Some(0.02), Some(0.5), Some(0.4)]
        }
        BackendId::V8 => [Some(2.1), None, Some(0.9), Some(0.05), Some(0.02), None, Some(0.3)],
        BackendId::Wasm => [Some(1.6), None, Some(0.1), Some(0.01), Some(0.02), None, Some(0.04)],
        BackendId::Namespaces => {
            [Some(1.1), Some(1.4), None, Some(0.6), Some(0.02), Some(0.3), Some(0.4)]
        }
        BackendId::Bubblewrap => {
            [Some(1.0), Some(1.6), None, Some(0.52), Some(0.02), Some(0.3), Some(0.3)]
        }
        BackendId::Crun => {
            [Some(5.2), Some(2.4), None, Some(1.1), Some(0.03), Some(1.2), Some(3.9)]
        }
        BackendId::Runc => {
            [Some(14.0), Some(9.0), None, Some(1.3), Some(0.03), Some(2.0), Some(9.1)]
        }
        BackendId::Docker => {
            [Some(90.0), Some(210.0), None, Some(2.0), Some(0.03), Some(60.0), Some(80.0)]
        }
        BackendId::Kvm => [Some(1.2), Some(0.3), None, Some(0.1), Some(0.02), Some(0.1), Some(0.9)],
        BackendId::QemuKvm => {
            [Some(60.0), Some(30.0), None, Some(0.6), Some(0.05), Some(5.0), Some(14.0)]
        }
        BackendId::Firecracker | BackendId::FirecrackerJailed => {
            [Some(22.0), Some(9.0), None, Some(0.5), Some(0.05), Some(1.0), Some(7.0)]
        }
        _ => [Some(38.0), Some(21.0), Some(30.0), Some(6.0), Some(0.2), Some(12.0), Some(18.0)],
    }
}

fn work(cell: Cell) -> f64 {
    let slow = match cell.backend.class() {
        isomon::model::backend::Class::UserKernel => 1.04,
        isomon::model::backend::Class::Runtime => 1.3,
        _ => 1.0,
    };
    match cell.payload {
        Payload::Noop => 0.0,
        Payload::Cpu { .. } => 31.0 * slow,
        Payload::Memory { .. } => 9.5 * slow,
        Payload::Syscall { .. } if slow > 1.0 => 48.0,
        Payload::Syscall { .. } => 3.1,
        Payload::Io { .. } | Payload::Job => 5.0,
    }
}

/// Whether the hypervisor steals in `round`.
const fn stolen(round: u32) -> bool {
    matches!(round, 13..=15 | 40..=43)
}

/// One made-up visit of the cell at `index` in `round`.
pub(crate) fn sample(index: u32, cell: Cell, round: u32, at: f64, chance: &mut Chance) -> Sample {
    let scale = if stolen(round) { 1.6 } else { 1.0 };
    let stray = if chance.next() < 0.02 { 3.0 } else { 1.0 };
    let mut phases = Phases::default();
    for (phase, ms) in Phase::ALL.into_iter().zip(phases_ms(cell)) {
        let extra = if phase == Phase::Run { work(cell) } else { 0.0 };
        if let Some(ms) = ms {
            let length = chance.around(ms + extra, 0.06) * scale * stray;
            phases.set(phase, Seconds(length / 1e3));
        }
    }
    let failing = cell.backend == BackendId::GvisorPtrace;
    let outcome = if failing && chance.next() < 0.2 {
        phases = Phases::default();
        Outcome::Failed {
            kind: Failure::NotReady,
            message: "creating container: waiting for sandbox to start: EOF".into(),
        }
    } else {
        Outcome::Good
    };
    Sample {
        cell: index,
        round,
        warmup: false,
        at_seconds: Seconds(at),
        phases,
        outcome,
        host: HostState {
            steal: Ratio::new(if stolen(round) { 0.11 } else { 0.002 }),
            cpu_pressure: Ratio::new(chance.next() * 0.05),
            memory_pressure: Ratio::new(0.0),
            io_pressure: Ratio::new(if round == 30 { 0.3 } else { 0.0 }),
            other_cores: Some(0.1),
            switches_per_second: None,
            clock: None,
            throttles: None,
            gpu: None,
        },
        taints: if stolen(round) { vec![Taint::Steal] } else { Vec::new() },
        attempt: 0,
    }
}

/// The samples of `rounds` rounds, and how long they took.
pub(crate) fn samples(rounds: u32) -> (Vec<Sample>, f64) {
    let mut chance = Chance(0x1234_5678_9abc_def1);
    let cells = plan().cells();
    let mut at = 0.0;
    let mut samples = Vec::new();
    for round in 0..rounds {
        for (index, cell) in (0..).zip(&cells) {
            samples.push(sample(index, *cell, round, at, &mut chance));
            at += 0.02;
        }
    }
    (samples, at)
}

/// Summaries of `samples`, with the order-statistics interval of the median.
pub(crate) fn summaries(samples: &[Sample]) -> Vec<Summary> {
    let cells = u32::try_from(plan().cells().len()).unwrap();
    let each = |cell| Figure::ALL.into_iter().map(move |figure| (cell, figure));
    let all = (0..cells).flat_map(each);
    all.map(|(cell, figure)| summary(samples, cell, figure)).collect()
}

fn summary(samples: &[Sample], cell: u32, figure: Figure) -> Summary {
    let of_cell: Vec<_> = samples.iter().filter(|sample| sample.cell == cell).collect();
    let good: Vec<_> = of_cell.iter().filter(|s| s.outcome == Outcome::Good).collect();
    let mut values: Vec<f64> =
        good.iter().filter_map(|s| figure.of(&s.phases)).map(|s| s.0).collect();
    values.sort_by(f64::total_cmp);
    Summary {
        cell,
        figure,
        n: u32::try_from(values.len()).unwrap(),
        failures: u32::try_from(of_cell.len() - good.len()).unwrap(),
        tainted: u32::try_from(good.iter().filter(|s| !s.taints.is_empty()).count()).unwrap(),
        estimate: estimate(&values),
        place: None,
    }
}

fn estimate(sorted: &[f64]) -> Option<Estimate> {
    let n = sorted.len();
    let at = |share: f64| Seconds(sorted[((n - 1) as f64 * share).round() as usize]);
    let median = sorted.get(n / 2).copied()?;
    let half = 0.98 * (n as f64).sqrt();
    let mut far: Vec<f64> = sorted.iter().map(|value| (value - median).abs()).collect();
    far.sort_by(f64::total_cmp);
    let mad = far[n / 2];
    let rank = |offset: f64| Seconds(sorted[((n as f64 / 2.0 + offset) as usize).min(n - 1)]);
    Some(Estimate {
        median_seconds: Seconds(median),
        low_seconds: (n >= 6).then(|| rank(-half)),
        high_seconds: (n >= 6).then(|| rank(half)),
        mad_seconds: Seconds(mad),
        min_seconds: at(0.0),
        max_seconds: at(1.0),
        mean_seconds: Seconds(sorted.iter().sum::<f64>() / n as f64),
        sd_seconds: (n >= 2).then_some(Seconds(mad)),
        p90_seconds: (n >= 10).then(|| at(0.9)),
        p95_seconds: (n >= 20).then(|| at(0.95)),
        p99_seconds: (n >= 100).then(|| at(0.99)),
        outliers: u32::try_from(far.iter().filter(|far| **far > 14.826 * mad).count()).unwrap(),
        p999_seconds: None,
    })
}

/// How far the made-up run is after `samples`, of `rounds` rounds.
pub(crate) fn progress(samples: &[Sample], took: f64, rounds: u32) -> Progress {
    let cells = u32::try_from(plan().cells().len()).unwrap();
    let done = u32::try_from(samples.len()).unwrap();
    let good = samples.iter().filter(|s| s.outcome == Outcome::Good).count();
    let good = u32::try_from(good).unwrap();
    let remaining = (cells * rounds).saturating_sub(done);
    Progress {
        submitted: done,
        completed: good,
        failed: done - good,
        remaining,
        elapsed_seconds: Seconds(took),
        left_seconds: (done >= cells)
            .then(|| Seconds(took / f64::from(done) * f64::from(remaining))),
    }
}

/// A machine whose backends have been tried.
pub(crate) fn tried() -> State {
    let mut state = State::default();
    state.apply(&update(START, What::Backends(statuses())));
    state
}

/// The same while the last but one is still being tried.
pub(crate) fn trying() -> State {
    let mut statuses = statuses();
    for status in statuses.iter_mut().filter(|status| status.id == BackendId::GvisorPtrace) {
        status.readiness = Readiness::Checking;
    }
    let mut state = State::default();
    state.apply(&update(START, What::Backends(statuses)));
    state
}

/// With a run in its `rounds`th round of 60.
pub(crate) fn running(rounds: u32) -> State {
    let mut state = tried();
    let (samples, took) = samples(rounds);
    let run = |event| What::Run { id: id(), event };
    state.apply(&update(START, run(RunEvent::Started(Box::new(head())))));
    for sample in &samples {
        let at = after(sample.at_seconds.0);
        state.apply(&update(at, run(RunEvent::Sample(Box::new(sample.clone())))));
    }
    state.apply(&update(after(took), run(RunEvent::Summary(summaries(&samples)))));
    let far = progress(&samples, took, 60);
    state.apply(&update(after(took), run(RunEvent::Progress(far))));
    state
}

/// The same, ended.
pub(crate) fn over(rounds: u32, end: RunEnd) -> State {
    let mut state = running(rounds);
    let (samples, took) = samples(rounds);
    let tail = RunTail {
        ended: after(took),
        end,
        progress: progress(&samples, took, 60),
        summary: summaries(&samples),
        suspended: Vec::new(),
        overhead_seconds: Some(Seconds(0.000_412)),
        empty_seconds: Vec::new(),
        loads: Vec::new(),
        verdict: None,
    };
    let event = RunEvent::Ended(Box::new(tail));
    state.apply(&update(after(took), What::Run { id: id(), event }));
    state
}
