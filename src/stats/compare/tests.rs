//! What is said of two runs follows from their samples alone.

use rand::{Rng, SeedableRng};

use super::*;
use crate::model::backend::BackendId;
use crate::model::bench::{Effort, HostState, Limits, Outcome, Payload, Phase, Phases, Plan};
use crate::model::id::RunId;
use crate::model::run::{FORMAT, Fingerprint, RunHead, Tool};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::unit::{Bytes, Ratio, Seconds};
use crate::stats::interval::Interval;

const PROCESS: Cell = Cell::cold(BackendId::Process, Payload::Noop);
const RUNC: Cell = Cell::cold(BackendId::Runc, Payload::Noop);

/// A run of `n` rounds whose starts take about so many seconds in each cell.
fn run(seed: u64, n: u32, starts: &[(Cell, f64)]) -> Run {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut samples = Vec::new();
    for round in 0..n {
        for (cell, (_, start)) in (0..).zip(starts) {
            let mut phases = Phases::default();
            phases.set(Phase::Ready, Seconds(start * (1.0 + 0.04 * rng.random::<f64>())));
            samples.push(sample(cell, round, phases));
        }
    }
    let head = head(seed, starts.iter().map(|(cell, _)| *cell).collect());
    Run { samples, ..Run::begun(head) }
}

fn sample(cell: u32, round: u32, phases: Phases) -> Sample {
    Sample {
        cell,
        round,
        warmup: false,
        attempt: 0,
        at_seconds: Seconds(f64::from(round)),
        phases,
        outcome: Outcome::Good,
        host: HostState::default(),
        taints: Vec::new(),
    }
}

fn head(seed: u64, cells: Vec<Cell>) -> RunHead {
    RunHead {
        format: FORMAT,
        id: RunId::new(0, 7),
        started: Stamp::default(),
        started_at: Stamp::default().rfc3339(),
        plan: Plan {
            name: None,
            backends: cells.iter().map(|cell| cell.backend).collect(),
            starts: crate::model::backend::Start::ALL.to_vec(),
            payloads: vec![Payload::Noop],
            effort: Effort {
                warmup_rounds: 0,
                min_rounds: 1,
                max_rounds: 9,
                min_seconds: Seconds(0.0),
                budget_seconds: Seconds(1.0),
                target: Ratio::default(),
            },
            limits: Limits::default(),
            kernel: None,
            loads: Vec::new(),
            job: None,
            seed,
        },
        cells,
        left_out: Vec::new(),
        fingerprint: Fingerprint::default(),
        repeat: String::new(),
    }
}

fn changes(base: &Run, other: &Run) -> Vec<Change> {
    compare(base, other, &Rules::default()).rows.iter().map(|row| row.change).collect()
}

#[test]
fn a_change_has_a_direction_and_a_run_is_like_itself() {
    let base = run(1, 30, &[(PROCESS, 1.0), (RUNC, 2.0)]);
    let other = run(2, 30, &[(PROCESS, 1.2), (RUNC, 1.5)]);
    assert_eq!(changes(&base, &other), [Change::Slower, Change::Faster]);
    assert_eq!(changes(&other, &base), [Change::Faster, Change::Slower]);
    assert_eq!(changes(&base, &base), [Change::Alike; 2]);
    let compared = compare(&base, &other, &Rules::default());
    assert!(compared.has_regression());
    let times = compared.rows[0].times.unwrap();
    assert!((times.times - 1.2).abs() < 0.05 && times.interval.unwrap().low > 1.1);
    assert_eq!(compared, compare(&base, &other, &Rules::default()), "the same each time");
}

#[test]
fn a_change_within_the_noise_is_none_however_certain() {
    let (base, other) = (run(1, 200, &[(PROCESS, 1.0)]), run(2, 200, &[(PROCESS, 1.02)]));
    assert_eq!(changes(&base, &other), [Change::Alike]);
    let strict = compare(&base, &other, &Rules { noise: 0.005, ..Rules::default() });
    assert_eq!(strict.rows[0].change, Change::Slower);
    assert!(strict.rows[0].p < Some(0.001));
}

#[test]
fn a_large_difference_that_chance_explains_is_none() {
    let mut rng = StdRng::seed_from_u64(9);
    let (mut base, mut other) = (run(1, 20, &[(PROCESS, 1.0)]), run(2, 20, &[(PROCESS, 1.0)]));
    for sample in base.samples.iter_mut().chain(&mut other.samples) {
        sample.phases.set(Phase::Ready, Seconds(10.0_f64.powf(3.0 * rng.random::<f64>())));
    }
    assert_eq!(changes(&base, &other), [Change::Unclear]);
}

#[test]
fn what_is_wide_is_not_called_alike() {
    let rules = Rules::default();
    let word = |low, high, p| {
        rules.change(&Times { times: 1.0, interval: Some(Interval { low, high }) }, p, 1e-4, 1)
    };
    assert_eq!(word(0.96, 1.04, 0.5), Change::Alike);
    assert_eq!(word(0.96, 1.20, 0.5), Change::Unclear);
    assert_eq!(word(0.80, 1.04, 0.5), Change::Unclear);
    assert_eq!(word(0.96, 1.20, 0.001), Change::Alike, "a median that did not move");
}

#[test]
fn with_too_few_samples_or_one_side_nothing_is_said() {
    let base = run(1, 5, &[(PROCESS, 1.0), (RUNC, 2.0)]);
    let other = run(2, 30, &[(PROCESS, 9.0)]);
    let compared = compare(&base, &other, &Rules::default());
    let seen: Vec<_> = compared
        .rows
        .iter()
        .map(|row| (row.cell, row.base.is_some(), row.other.is_some(), row.p, row.change))
        .collect();
    let wanted =
        [(PROCESS, true, true, None, Change::Unknown), (RUNC, true, false, None, Change::Unknown)];
    assert_eq!(seen, wanted);
    let turned = compare(&other, &base, &Rules::default());
    assert_eq!((turned.rows.len(), turned.rows[1].base), (2, None));
}

#[test]
fn what_worked_and_fails_each_time_is_broken() {
    let base = run(1, 9, &[(PROCESS, 1.0), (RUNC, 2.0)]);
    let mut other = run(2, 9, &[(PROCESS, 1.0), (RUNC, 2.0)]);
    let message = SafeText::new("no");
    for sample in other.samples.iter_mut().filter(|sample| sample.cell == 1) {
        let kind = crate::model::bench::Failure::Start;
        sample.outcome = Outcome::Failed { kind, message: message.clone() };
    }
    let compared = compare(&base, &other, &Rules::default());
    assert_eq!(compared.broken, [RUNC]);
    assert!(compared.has_regression());
    other.samples.retain(|sample| sample.cell == 0);
    let compared = compare(&base, &other, &Rules::default());
    assert_eq!((compared.broken.len(), compared.has_regression()), (0, false), "not measured");
}

#[test]
fn where_no_data_could_show_a_change_none_is_denied() {
    let cells: Vec<(Cell, f64)> = BackendId::ALL
        .into_iter()
        .map(|backend| (Cell::cold(backend, Payload::Noop), 1.0))
        .collect();
    let found = changes(&run(1, 7, &cells), &run(2, 7, &cells));
    assert!(found.iter().all(|change| *change == Change::Unknown), "{found:?}");
}

#[test]
fn work_of_another_amount_is_another_row() {
    let cpu = |rounds| Cell::cold(BackendId::Process, Payload::Cpu { rounds });
    let compared =
        compare(&run(1, 9, &[(cpu(1), 1.0)]), &run(2, 9, &[(cpu(2), 1.0)]), &Rules::default());
    assert_eq!(compared.rows.len(), 2);
    assert!(compared.rows.iter().all(|row| row.change == Change::Unknown));
}

#[test]
fn what_is_not_alike_is_named_once_and_hosts_and_times_are_alike() {
    let base = run(1, 9, &[(PROCESS, 1.0)]);
    let mut other = run(2, 9, &[(PROCESS, 1.0)]);
    other.head.fingerprint.hostname = SafeText::new("elsewhere");
    other.head.started_at = "later".to_owned();
    assert_eq!(differences(&base, &other), []);
    let print = &mut other.head.fingerprint;
    print.kernel = Some(SafeText::new("6.1"));
    print.turbo = Some(true);
    print.mitigations = vec![SafeText::new("meltdown: PTI")];
    print.page_cache_hot = true;
    let version = SafeText::new("1");
    print.backends = [BackendId::Process, BackendId::Runc]
        .map(|backend| Tool { backend, version: version.clone() })
        .to_vec();
    other.head.plan.limits.memory_bytes = Bytes(64 << 20);
    other.head.plan.payloads = vec![Payload::Cpu { rounds: 5 }];
    let found = differences(&base, &other);
    let whats: Vec<&str> = found.iter().map(|found| found.what.as_str()).collect();
    let wanted = [
        "kernel",
        "turbo",
        "hot page cache",
        "mitigation of meltdown",
        "version of process",
        "memory of a sandbox",
    ];
    assert_eq!(whats, wanted);
    assert_eq!((found[0].base.as_str(), found[0].other.as_str()), ("not known", "6.1"));
}
