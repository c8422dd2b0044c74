//! A run for the tests of the reports: one backend that works, one that never did, one that starts
//! in two ways and cannot do all of the work, the baseline.

use crate::model::backend::{BackendId, Start};
use crate::model::bench::{
    Cell, Effort, Failure, HostState, Limits, Outcome, Payload, Phase, Phases, Plan, Progress,
    Sample, Taint,
};
use crate::model::id::RunId;
use crate::model::load::{
    Cause, LoadFigure, LoadSummary, Rate, Shot, Standing, Step, Stride, Verdict,
};
use crate::model::run::{FORMAT, Fingerprint, LeftOut, Run, RunEnd, RunHead, RunTail};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::unit::{Bytes, Ratio, Seconds};
use crate::stats::estimate::estimate;
use crate::stats::sorted::Sorted;
use crate::stats::summary::{generator, summarise};

const BACKENDS: [BackendId; 3] = [BackendId::Runc, BackendId::GvisorSystrap, BackendId::Wasm];
const PAYLOADS: [Payload; 2] = [Payload::Noop, Payload::Syscall { calls: 20_000 }];

fn effort() -> Effort {
    Effort {
        warmup_rounds: 1,
        min_rounds: 10,
        max_rounds: 11,
        min_seconds: Seconds(0.0),
        budget_seconds: Seconds(30.0),
        target: Ratio::new(0.05).unwrap(),
    }
}

fn head() -> RunHead {
    let plan = Plan {
        starts: vec![Start::Cold, Start::Warm],
        name: None,
        backends: BACKENDS.to_vec(),
        payloads: PAYLOADS.to_vec(),
        effort: effort(),
        limits: Limits::default(),
        kernel: None,
        seed: 42,
        loads: Vec::new(),
        job: None,
    };
    let baseline = PAYLOADS.map(|payload| Cell::cold(BackendId::Process, payload));
    let lack = LeftOut::backend(
        BackendId::Wasm,
        SafeText::new("an instance has no system calls"),
        SafeText::new("choose another backend for it"),
    );
    RunHead {
        format: FORMAT,
        id: RunId::new(0, 7),
        started: Stamp::default(),
        started_at: Stamp::default().rfc3339(),
        cells: plan.cells().into_iter().chain(baseline).collect(),
        plan,
        left_out: vec![
            LeftOut::backend(
                BackendId::GvisorKvm,
                SafeText::new("/dev/kvm is not there"),
                SafeText::new("enable virtualization"),
            ),
            LeftOut { payload: Some(PAYLOADS[1]), ..lack },
        ],
        fingerprint: Fingerprint {
            hostname: SafeText::new("node7"),
            cpus: 2,
            governor: Some(SafeText::new("powersave")),
            ..Fingerprint::default()
        },
        repeat: "isomon bench runc gvisor-systrap wasm --start cold,warm --seed 42".to_owned(),
    }
}

/// Seconds from asked for to ready, and of the work.
fn lengths(cell: Cell) -> (f64, f64) {
    let start = match (cell.backend, cell.start) {
        (BackendId::Runc, _) => 0.080,
        (BackendId::Wasm, Start::Warm) => 0.000_05,
        _ => 0.001_6,
    };
    (start, if cell.payload == Payload::Noop { start / 1e3 } else { 0.003 })
}

fn phases(cell: Cell, scatter: f64) -> Phases {
    let (start, work) = lengths(cell);
    let mut phases = Phases::default();
    let parts = [
        (Phase::Create, start * 0.7),
        (Phase::Ready, start * 0.2),
        (Phase::Run, work),
        (Phase::Exit, start * 0.1),
    ];
    let had = |(phase, _): &(Phase, f64)| {
        cell.start != Start::Warm || matches!(phase, Phase::Ready | Phase::Run)
    };
    for (phase, length) in parts.into_iter().filter(had) {
        phases.set(phase, Seconds(length * (1.0 + scatter)));
    }
    phases
}

fn sample(round: u32, index: u32, cell: Cell) -> Sample {
    let scatter = f64::from((round * 7 + index) % 11) / 100.0;
    let fails = cell.backend == BackendId::GvisorSystrap;
    let message = SafeText::new("runsc: exec format error");
    let broken = Outcome::Failed { kind: Failure::NotReady, message };
    Sample {
        cell: index,
        round,
        warmup: round == 0,
        at_seconds: Seconds(f64::from(round)),
        phases: if fails { Phases::default() } else { phases(cell, scatter) },
        outcome: if fails { broken } else { Outcome::Good },
        host: HostState::default(),
        taints: if round == 4 { vec![Taint::Steal] } else { Vec::new() },
        attempt: 0,
    }
}

/// The run.
pub(crate) fn run() -> Run {
    let head = head();
    let cells = || (0..).zip(head.cells.iter().copied());
    let all = (0..12).flat_map(|round| cells().map(move |(index, cell)| (round, index, cell)));
    let fails = |cell: Cell| cell.backend == BackendId::GvisorSystrap;
    let visited = all.filter(|(round, _, cell)| !fails(*cell) || *round < 3);
    let samples: Vec<Sample> =
        visited.map(|(round, index, cell)| sample(round, index, cell)).collect();
    let tail = RunTail {
        ended: Stamp::default(),
        end: RunEnd::Completed,
        progress: Progress::default(),
        summary: summarise(&head.cells, &samples, 999, 42),
        suspended: vec![LeftOut::backend(
            BackendId::GvisorSystrap,
            SafeText::new("failed 5 times in a row"),
            SafeText::new("isomon doctor tells whether it can run here"),
        )],
        overhead_seconds: Some(Seconds(0.0009)),
        empty_seconds: Vec::new(),
        loads: Vec::new(),
        verdict: None,
    };
    Run { samples, tail: Some(tail), ..Run::begun(head) }
}

/// The same with every load on `runc` and on the instance that is alive, and what the machine did.
pub(crate) fn loaded() -> Run {
    let mut run = run();
    let cells = [0, 5];
    run.steps = cells.into_iter().flat_map(steps).collect();
    let tail = run.tail.as_mut().unwrap();
    tail.loads = cells.into_iter().flat_map(load_summaries).collect();
    tail.verdict = Some(Verdict {
        samples: 66,
        tainted: 5,
        repeated: 2,
        causes: vec![Cause { taint: Taint::Steal, samples: 5, worst: Ratio::new(0.11) }],
    });
    for sample in &mut run.samples {
        let share = Ratio::new(f64::from(sample.round % 5) / 40.0);
        sample.host = HostState {
            steal: Ratio::new(if sample.taints.is_empty() { 0.0 } else { 0.11 }),
            cpu_pressure: share,
            io_pressure: Ratio::new(0.0),
            other_cores: Some(0.1 + f64::from(sample.round) / 20.0),
            ..HostState::default()
        };
    }
    run
}

fn strides() -> Vec<Stride> {
    let rates = [1, 2, 4, 8].map(|at_once| Stride::Throughput { at_once });
    let others = [
        Stride::Latency { per_second: 6.0, most: 16 },
        Stride::Memory { count: 20 },
        Stride::Density { most: 64 },
        Stride::Neighbour { beside: None },
        Stride::Neighbour { beside: Some(4) },
        Stride::Neighbour { beside: Some(0) },
    ];
    rates.into_iter().chain(others).collect()
}

fn load_summaries(cell: u32) -> Vec<LoadSummary> {
    let summary = |stride| LoadSummary {
        cell,
        stride,
        n: 120,
        failures: 1,
        tainted: u32::from(stride == Stride::Throughput { at_once: 8 }),
        figure: Some(load_figure(cell, stride)),
        energy_each_joules: (cell == 0).then_some(0.4),
    };
    strides().into_iter().map(summary).collect()
}

fn load_figure(cell: u32, stride: Stride) -> LoadFigure {
    let quick = if cell == 0 { 1.0 } else { 900.0 };
    match stride {
        Stride::Throughput { at_once } => {
            let per_second = quick * 11.0 * f64::from(at_once.min(3));
            let low = (at_once > 1).then_some(per_second * 0.95);
            let high_per_second = low.map(|_| per_second * 1.06);
            LoadFigure::Rate(Rate { per_second, low_per_second: low, high_per_second })
        }
        Stride::Memory { .. } => LoadFigure::Memory {
            pss_each_bytes: Some(3.2e6 / quick),
            available_each_bytes: Some(5.1e6 / quick),
        },
        Stride::Density { .. } => LoadFigure::Most { count: 48, all: false },
        Stride::Neighbour { beside: Some(_) } => times(0.2 / quick),
        _ => times(0.09 / quick),
    }
}

fn times(middle: f64) -> LoadFigure {
    let all = (0..120).map(|k| middle * (0.9 + f64::from(k * k % 37) / 100.0)).collect();
    let data = Sorted::new(all).unwrap();
    LoadFigure::Times(estimate(
        &data,
        199,
        &mut generator(1, 0, crate::model::bench::Figure::Start),
    ))
}

fn steps(cell: u32) -> Vec<Step> {
    (0..).zip(strides()).map(|(at, stride)| step(cell, at, stride)).collect()
}

fn step(cell: u32, at: u32, stride: Stride) -> Step {
    let shot = |k: u32| Shot {
        intended_seconds: matches!(stride, Stride::Latency { .. })
            .then(|| Seconds(f64::from(k) / 6.0)),
        at_seconds: Seconds(f64::from(k) / 6.0 + 0.001),
        done_seconds: Seconds(f64::from(k) / 6.0 + 0.09 + f64::from(k * k % 13) / 500.0),
        phases: Phases::default(),
        outcome: Outcome::Good,
        hand: None,
    };
    let standing = |count: u32| Standing {
        count,
        pss_bytes: Some(Bytes(3_200_000 * u64::from(count))),
        guest_bytes: None,
        before_bytes: Some(Bytes(8 << 30)),
        available_bytes: Some(Bytes((8 << 30) - 5_100_000 * u64::from(count))),
    };
    let stands = matches!(stride, Stride::Memory { .. } | Stride::Density { .. });
    Step {
        cell,
        stride,
        round: 0,
        at_seconds: Seconds(12.0 + f64::from(at) * 5.0),
        window_seconds: Seconds(5.0),
        shots: if stands { Vec::new() } else { (0..30).map(shot).collect() },
        standing: if stands { vec![standing(5), standing(10), standing(20)] } else { Vec::new() },
        cut_off: None,
        energy_joules: None,
        energy_of: None,
        hands: Vec::new(),
        waits: None,
        host: HostState { cpu_pressure: Ratio::new(0.4), ..HostState::default() },
        taints: Vec::new(),
    }
}
