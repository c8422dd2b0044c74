//! A run for the tests of the reports: one backend that works, one that never did, one that starts
//! in two ways and cannot do all of the work, the baseline.

use crate::model::backend::{BackendId, Start};
use crate::model::bench::{
    Cell, Effort, Failure, HostState, Limits, Outcome, Payload, Phase, Phases, Plan, Progress,
    Sample, Taint,
};
use crate::model::id::RunId;
use crate::model::run::{FORMAT, Fingerprint, LeftOut, Run, RunEnd, RunHead, RunTail};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::unit::{Ratio, Seconds};
use crate::stats::summary::summarise;

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
        loads: Vec::new(),
        verdict: None,
    };
    Run { head, samples, tail: Some(tail), steps: Vec::new() }
}
