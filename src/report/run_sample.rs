//! A run for the tests of the reports: one backend that works, one that never did, the baseline.

use crate::model::backend::BackendId;
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

const BACKENDS: [BackendId; 2] = [BackendId::Runc, BackendId::GvisorSystrap];

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
    let cell = |backend| Cell::cold(backend, Payload::Noop);
    RunHead {
        format: FORMAT,
        id: RunId::new(0, 7),
        started: Stamp::default(),
        started_at: Stamp::default().rfc3339(),
        plan: Plan {
            starts: crate::model::backend::Start::ALL.to_vec(),
            name: None,
            backends: BACKENDS.to_vec(),
            payloads: vec![Payload::Noop],
            effort: effort(),
            limits: Limits::default(),
            seed: 42,
        },
        cells: BACKENDS.into_iter().chain([BackendId::Process]).map(cell).collect(),
        left_out: vec![LeftOut::backend(
            BackendId::GvisorKvm,
            SafeText::new("/dev/kvm is not there"),
            SafeText::new("enable virtualization"),
        )],
        fingerprint: Fingerprint {
            hostname: SafeText::new("node7"),
            cpus: 2,
            governor: Some(SafeText::new("powersave")),
            ..Fingerprint::default()
        },
        repeat: "isomon bench runc gvisor-systrap --seed 42".to_owned(),
    }
}

fn sample(round: u32, cell: u32) -> Sample {
    let scatter = f64::from((round * 7 + cell) % 11) / 100.0;
    let base = if cell == 0 { 0.080 } else { 0.0016 } * (1.0 + scatter);
    let mut phases = Phases::default();
    for (phase, share) in
        [(Phase::Create, 0.7), (Phase::Ready, 0.2), (Phase::Run, 0.001), (Phase::Exit, 0.1)]
    {
        phases.set(phase, Seconds(base * share));
    }
    let message = SafeText::new("runsc: exec format error");
    let broken = Outcome::Failed { kind: Failure::NotReady, message };
    Sample {
        cell,
        round,
        warmup: round == 0,
        at_seconds: Seconds(f64::from(round)),
        phases: if cell == 1 { Phases::default() } else { phases },
        outcome: if cell == 1 { broken } else { Outcome::Good },
        host: HostState::default(),
        taints: if round == 4 { vec![Taint::Steal] } else { Vec::new() },
    }
}

/// The run.
pub(super) fn run() -> Run {
    let all = (0..12).flat_map(|round| (0..3).map(move |cell| sample(round, cell)));
    let samples: Vec<Sample> = all.filter(|s| s.cell != 1 || s.round < 5).collect();
    let head = head();
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
    };
    Run { head, samples, tail: Some(tail) }
}
