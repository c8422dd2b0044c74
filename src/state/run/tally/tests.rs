//! What is counted of made samples, steps and moments.

use super::*;
use crate::model::bench::HostState;
use crate::model::load::{HandUse, Waits};
use crate::model::unit::{Ratio, Seconds};

fn sample(cell: u32, round: u32, at: f64, outcome: Outcome) -> Sample {
    let mut phases = Phases::default();
    phases.set(Phase::Ready, Seconds(0.25));
    Sample {
        cell,
        round,
        warmup: false,
        attempt: 0,
        at_seconds: Seconds(at),
        phases,
        outcome,
        host: HostState::default(),
        taints: Vec::new(),
    }
}

fn bad(message: &str) -> Outcome {
    Outcome::Failed { kind: Failure::Start, message: message.into() }
}

fn shot(intended: Option<f64>, at: f64, done: f64) -> Shot {
    Shot {
        intended_seconds: intended.map(Seconds),
        at_seconds: Seconds(at),
        done_seconds: Seconds(done),
        phases: Phases::default(),
        outcome: Outcome::Good,
        hand: None,
    }
}

fn step(stride: Stride, at: f64, shots: Vec<Shot>) -> Step {
    Step {
        cell: 0,
        stride,
        round: 0,
        at_seconds: Seconds(at),
        window_seconds: Seconds(1.6),
        shots,
        standing: Vec::new(),
        cut_off: None,
        energy_joules: None,
        energy_of: None,
        hands: Vec::new(),
        waits: None,
        host: HostState::default(),
        taints: Vec::new(),
    }
}

fn used() -> HandUse {
    let cpu_seconds = Some(Seconds(1.0));
    HandUse { seconds: Seconds(2.0), cpu_seconds, peak_bytes: Some(Bytes(7)) }
}

#[test]
fn errors_are_one_for_each_way_and_cell() {
    let mut tally = Tally::default();
    for round in 0..4 {
        let at = f64::from(round);
        tally.take(&sample(0, round, at, bad(&format!("no {round}"))));
        tally.take(&sample(1, round, at + 0.5, if round == 2 { bad("x") } else { Outcome::Good }));
    }
    let errors: Vec<_> = tally.errors.values().map(|of| (of.count, of.message.as_str())).collect();
    assert_eq!(errors, [(4, "no 3"), (1, "x")]);
    let first = tally.errors.values().next().unwrap();
    assert_eq!(first.seen, (0.25, 3.25));
    let rounds = tally.stage(BenchStage::Rounds);
    assert_eq!((rounds.good, rounds.failed, rounds.done[&0], rounds.workers.len()), (3, 5, 4, 1));
    assert!((rounds.workers[0].busy_seconds - 2.0).abs() < 1e-9);
}

#[test]
fn those_at_work_at_the_same_time_are_different_workers() {
    let mut tally = Tally::default();
    let shots = vec![shot(None, 0.0, 1.0), shot(None, 0.0, 0.5), shot(None, 0.6, 0.9)];
    tally.take_step(&step(Stride::Throughput { at_once: 2 }, 10.0, shots));
    let stage = tally.stage(BenchStage::Throughput);
    let done: Vec<u64> = stage.workers.iter().map(|worker| worker.good).collect();
    assert_eq!((stage.at_once, stage.steps, done), (2, 1, vec![1, 2]));
    assert_eq!(stage.workers[1].seen, (10.0, 10.9));
}

#[test]
fn arrivals_that_wait_are_pressure() {
    let mut tally = Tally::default();
    let late = |number: i32| shot(Some(f64::from(number) / 10.0), f64::from(number) / 5.0, 9.0);
    let shots = (0..16).map(late).collect();
    tally.take_step(&step(Stride::Latency { per_second: 10.0, most: 1 }, 5.0, shots));
    let queues: Vec<u64> = tally.pressure.iter().map(|waiting| waiting.queue).collect();
    assert_eq!(queues.len(), 16);
    assert!(queues.windows(2).all(|pair| pair[0] <= pair[1] + 1) && queues[15] >= 7, "{queues:?}");
    assert!(!tally.pressure[0].active && tally.pressure[15].active);
}

#[test]
fn in_a_closed_loop_the_work_waits_for_the_machine() {
    let mut tally = Tally::default();
    let mut shots = vec![shot(None, 0.0, 1.6), shot(None, 0.0, 1.6), shot(None, 0.8, 1.6)];
    for (shot, ready) in shots.iter_mut().zip([0.35, 1.2, 0.1]) {
        shot.phases.set(Phase::Ready, Seconds(ready));
    }
    let waits = Waits { cpu: Ratio::new(0.8), io: Ratio::new(0.1), ..Waits::default() };
    let closed = step(Stride::Throughput { at_once: 2 }, 10.0, shots);
    tally.take_step(&Step { waits: Some(waits), ..closed.clone() });
    let queues: Vec<u64> = tally.pressure.iter().map(|waiting| waiting.queue).collect();
    assert_eq!(queues, [2, 2, 2, 1, 1, 1, 1, 2, 1, 1, 1, 0, 0, 0, 0, 0], "not ready yet");
    assert!(tally.pressure.iter().all(|waiting| waiting.active && waiting.waits == waits));
    // A file of before it was written down says what others waited for.
    let host = HostState { cpu_pressure: Ratio::new(0.3), ..HostState::default() };
    tally.take_step(&Step { host, ..closed });
    let last = tally.pressure.back().unwrap();
    assert_eq!((last.active, last.waits.cpu), (false, Ratio::new(0.3)));
}

#[test]
fn hands_are_set_against_those_of_their_own_step() {
    let mut tally = Tally::default();
    let used = used();
    let by =
        |hand: u32, count: usize| vec![Shot { hand: Some(hand), ..shot(None, 0.0, 0.1) }; count];
    let of = |counts: &[usize]| Step {
        shots: (0..).zip(counts).flat_map(|(hand, count)| by(hand, *count)).collect(),
        hands: vec![used; counts.len()],
        ..step(Stride::Throughput { at_once: 4 }, 0.0, Vec::new())
    };
    tally.take_step(&of(&[50]));
    tally.take_step(&of(&[20, 19, 20, 0]));
    let workers = &tally.stage(BenchStage::Throughput).workers;
    let told: Vec<_> = workers.iter().map(|worker| (worker.good, worker.behind)).collect();
    assert_eq!(told, [(70, 0), (19, 1), (20, 0), (0, 20)], "alone it is behind nobody");
    assert_eq!((workers[0].cores(), workers[0].measured), (Some(0.5), 2));
    assert_eq!(workers[3].peak, Some(Bytes(7)));
}

#[test]
fn the_wall_clock_of_a_run_that_went_on_later_is_right() {
    let mut tally = Tally::default();
    let resumed = Moment {
        at_ms: 1_000_000 + 500_000,
        at_seconds: Seconds(20.0),
        kind: MomentKind::Resumed,
        ..Moment::default()
    };
    tally.note(&resumed, 1_000_000);
    assert_eq!(tally.wall_ms(1_000_000, 10.0), 1_010_000);
    assert_eq!(tally.wall_ms(1_000_000, 25.0), 1_505_000);
}

#[test]
fn whatever_a_file_says_is_bounded_and_does_no_harm() {
    let mut tally = Tally::default();
    for cell in 0..10_000 {
        let at = [f64::NAN, -1.0, 1e300, 5.0][cell as usize % 4];
        tally.take(&sample(cell, 0, at, bad("x")));
    }
    assert!(tally.errors.len() <= ERRORS);
    assert!(tally.stage(BenchStage::Rounds).done.len() <= CELLS);
    let shots = (0..500).map(|_| shot(Some(f64::NAN), f64::INFINITY, f64::NAN)).collect();
    tally.take_step(&step(Stride::Latency { per_second: f64::NAN, most: 0 }, f64::NAN, shots));
    let used = HandUse { seconds: Seconds(f64::NAN), cpu_seconds: Some(Seconds(1e300)), ..used() };
    let odd = Shot { hand: Some(u32::MAX), ..shot(None, 0.0, 1.0) };
    let odd = step(Stride::Throughput { at_once: u32::MAX }, 0.0, vec![odd]);
    tally.take_step(&Step { hands: vec![used; 5_000], ..odd });
    assert_eq!(tally.stage(BenchStage::Throughput).workers.len(), WORKERS);
    assert_eq!(tally.stage(BenchStage::Throughput).workers[0].cores(), None);
    let line = |at_ms| LogLine { at_ms, from: "runc noop".into(), bad: true, text: "x".into() };
    tally.hear(&vec![line(1); 50]);
    assert_eq!(tally.said(&"runc noop".into()).len(), SAID.1);
    tally.hear(&[line(2)]);
    assert_eq!(tally.said(&"runc noop".into()).len(), 1);
}
