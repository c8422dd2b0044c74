//! Runs made of drawn numbers: no process, no clock, every sample known.

use isomon::model::backend::{BackendId, Start};
use isomon::model::bench::{
    Cell, Effort, HostState, Limits, Outcome, Payload, Phase, Phases, Plan, Progress, Sample,
};
use isomon::model::id::RunId;
use isomon::model::run::{FORMAT, Fingerprint, Run, RunEnd, RunHead, RunTail};
use isomon::model::text::SafeText;
use isomon::model::time::Stamp;
use isomon::model::unit::{Ratio, Seconds};
use isomon::stats::interval::RESAMPLES;
use isomon::stats::summary::summarise;
use isomon::stats::verdict::verdict;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// How times scatter around a median of 1.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// With this standard deviation.
    Normal(f64),
    /// With this deviation of the logarithm.
    LogNormal(f64),
    /// Seven in ten scatter so; the others take half as long again.
    Bimodal(f64),
}

impl Shape {
    pub(crate) fn draw(self, rng: &mut StdRng) -> f64 {
        match self {
            Self::Normal(wide) => 1.0 + wide * normal(rng),
            Self::LogNormal(wide) => (wide * normal(rng)).exp(),
            Self::Bimodal(wide) => {
                let slow = rng.random_bool(0.3);
                (if slow { 1.5 } else { 1.0 }) * (1.0 + wide * normal(rng))
            }
        }
    }
}

/// A standard normal draw (Box and Muller).
fn normal(rng: &mut StdRng) -> f64 {
    let (a, b) = (1.0 - rng.random::<f64>(), rng.random::<f64>());
    (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
}

const BACKENDS: [BackendId; 4] =
    [BackendId::Process, BackendId::Namespaces, BackendId::Runc, BackendId::Wasm];

/// A run of `rounds` of `noop` in as many backends as there are `cells`, each with its median start
/// in seconds and the shape around it. It was cut off: nothing is summarised.
pub(crate) fn cut_off(seed: u64, rounds: u32, cells: &[(f64, Shape)]) -> Run {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut samples = Vec::new();
    for round in 0..rounds {
        for (index, (median, shape)) in (0..).zip(cells) {
            let start = median * shape.draw(&mut rng);
            let mut phases = Phases::default();
            phases.set(Phase::Create, Seconds(start * 0.6));
            phases.set(Phase::Ready, Seconds(start * 0.4));
            phases.set(Phase::Run, Seconds(1e-6));
            phases.set(Phase::Exit, Seconds(median * 0.3 * shape.draw(&mut rng)));
            phases.set(Phase::Clean, Seconds(median * 0.1 * shape.draw(&mut rng)));
            let at = f64::from(round) + f64::from(index) / 8.0;
            samples.push(sample(index, round, at, phases));
        }
    }
    Run { samples, ..Run::begun(head(seed, rounds, cells.len())) }
}

/// The same to its end, with its figures.
pub(crate) fn whole(seed: u64, rounds: u32, cells: &[(f64, Shape)]) -> Run {
    let mut run = cut_off(seed, rounds, cells);
    let done = u32::try_from(run.samples.len()).unwrap();
    run.tail = Some(RunTail {
        ended: Stamp { mono_ms: u64::from(rounds) * 1_000, wall_ms: 0 },
        end: RunEnd::Completed,
        progress: Progress { submitted: done, completed: done, ..Progress::default() },
        summary: summarise(&run.head.cells, &run.samples, RESAMPLES, seed),
        suspended: Vec::new(),
        overhead_seconds: Some(Seconds(1e-3)),
        empty_seconds: Vec::new(),
        loads: Vec::new(),
        verdict: Some(verdict(&run.samples, &[])),
    });
    run
}

fn sample(cell: u32, round: u32, at: f64, phases: Phases) -> Sample {
    Sample {
        cell,
        round,
        warmup: false,
        attempt: 0,
        at_seconds: Seconds(at),
        phases,
        outcome: Outcome::Good,
        host: HostState::default(),
        taints: Vec::new(),
    }
}

fn head(seed: u64, rounds: u32, cells: usize) -> RunHead {
    let plan = Plan {
        name: None,
        backends: BACKENDS[..cells].to_vec(),
        starts: vec![Start::Cold],
        payloads: vec![Payload::Noop],
        effort: Effort {
            warmup_rounds: 0,
            min_rounds: 10,
            max_rounds: rounds,
            min_seconds: Seconds(3.0),
            budget_seconds: Seconds(35.0),
            target: Ratio::new(0.05).unwrap(),
        },
        limits: Limits::default(),
        kernel: None,
        loads: Vec::new(),
        job: None,
        seed,
    };
    let fingerprint = Fingerprint {
        isomon: "0.1.0".to_owned(),
        hostname: SafeText::new("node7"),
        kernel: Some(SafeText::new("6.12.0")),
        cpus: 2,
        ..Fingerprint::default()
    };
    let cells = plan.cells().into_iter().filter(|cell: &Cell| cell.start == Start::Cold);
    RunHead {
        format: FORMAT,
        id: RunId::new(i64::try_from(seed % 1_000_000).unwrap() * 1_000, 7),
        started: Stamp::default(),
        started_at: Stamp::default().rfc3339(),
        cells: cells.collect(),
        repeat: isomon::bench::repeat::repeat(&plan),
        plan,
        left_out: Vec::new(),
        fingerprint,
    }
}
