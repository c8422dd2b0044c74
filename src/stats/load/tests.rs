//! Loads that are simulated, so that the truth is known.

use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

use super::*;
use crate::model::backend::BackendId;
use crate::model::bench::{HostState, Payload, Phases};
use crate::model::unit::{Bytes, Seconds};

const CELL: Cell = Cell::cold(BackendId::Process, Payload::Noop);

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

fn step(stride: Stride, window: f64, shots: Vec<Shot>) -> Step {
    Step {
        cell: 0,
        stride,
        round: 0,
        at_seconds: Seconds(0.0),
        window_seconds: Seconds(window),
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

/// A closed loop of `at_once` on a server that works on `workers` at a time, `service` seconds
/// each, first come first served.
fn served(at_once: u32, workers: u32, service: f64, window: f64) -> Step {
    let mut free = vec![0.0_f64; workers as usize];
    let mut asked: Vec<f64> = vec![0.0; at_once as usize];
    let mut shots = Vec::new();
    loop {
        let next = asked.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
        if asked[next] >= window {
            break;
        }
        let worker = free.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
        let done = free[worker].max(asked[next]) + service;
        shots.push(shot(None, asked[next], done));
        (free[worker], asked[next]) = (done, done);
    }
    step(Stride::Throughput { at_once }, window, shots)
}

fn rate_in(load: &LoadSummary) -> Rate {
    match load.figure {
        Some(LoadFigure::Rate(rate)) => rate,
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn the_knee_is_at_the_servers_workers(log in 0_u32..5, service in 0.001_f64..0.02) {
        let workers = 1 << log;
        let steps: Vec<Step> =
            (0..7).map(|log| served(1 << log, workers, service, 4.0)).collect();
        let loads = summarise(&[CELL], &steps, 1);
        prop_assert_eq!(knee(&loads), Some(workers));
        for load in &loads {
            let Stride::Throughput { at_once } = load.stride else { unreachable!() };
            let truth = f64::from(at_once.min(workers)) / service;
            let rate = rate_in(load);
            prop_assert!((rate.per_second / truth - 1.0).abs() < 0.01, "{} {}", at_once, truth);
            prop_assert!(rate.low_per_second.unwrap() <= rate.per_second * 1.000_001);
            prop_assert!(rate.high_per_second.unwrap() >= rate.per_second * 0.999_999);
        }
    }

    #[test]
    fn a_load_is_summarised_whatever_its_numbers(
        times in prop::collection::vec((any::<f64>(), any::<f64>()), 0..30), window: f64, cell in 0_u32..3,
    ) {
        for stride in [Stride::Throughput { at_once: 1 }, Stride::Neighbour { beside: None }] {
            let shots = times.iter().map(|(at, done)| shot(None, *at, *done)).collect();
            let loads = summarise(&[CELL], &[Step { cell, ..step(stride, window, shots) }], 1);
            prop_assert_eq!(loads.len(), usize::from(cell == 0));
        }
    }
}

#[test]
fn a_rate_of_constant_times_is_exact_wherever_the_window_ends() {
    for (at_once, workers, service) in [(1, 1, 0.3), (3, 8, 0.7), (8, 4, 0.11), (16, 4, 0.2)] {
        for tenths in [21, 25, 29, 34, 40] {
            let window = f64::from(tenths) / 10.0;
            let step = served(at_once, workers, service, window);
            let rate = rate_in(&summarise(&[CELL], &[step], 1)[0]).per_second;
            let truth = f64::from(at_once.min(workers)) / service;
            let off = (rate / truth - 1.0).abs();
            assert!(off < 0.01, "{at_once} on {workers}, {service} s in {window} s: {rate}");
        }
    }
}

#[test]
fn a_rate_of_times_that_differ_is_right_on_the_mean() {
    // Uniform from 0.5 to 1.5 of the mean.
    let (mean, window, runs) = (0.1, 1.0, 2_000);
    let mut rng = StdRng::seed_from_u64(5);
    let (mut shares, mut whole) = (0.0, 0.0);
    for _ in 0..runs {
        let (mut now, mut shots) = (0.0, Vec::new());
        while now < window {
            let at = now;
            now += mean * (0.5 + rng.random::<f64>());
            shots.push(shot(None, at, now));
        }
        whole += shots.len() as f64 - 1.0;
        let all = [step(Stride::Throughput { at_once: 1 }, window, shots)];
        shares += rate_in(&summarise(&[CELL], &all, 1)[0]).per_second;
    }
    let truth = f64::from(runs) * window / mean;
    assert!((shares / truth - 1.0).abs() < 0.01, "{}", shares / truth);
    assert!(whole / truth < 0.97, "whole results alone would do: {}", whole / truth);
}

#[test]
fn the_interval_of_a_rate_covers_the_truth() {
    let mut covered = 0;
    for seed in 0..100 {
        let mut rng = StdRng::seed_from_u64(seed);
        let (mut now, mut shots) = (0.0, Vec::new());
        while now < 4.0 {
            let at = now;
            now += -(1.0 - rng.random::<f64>()).ln() / 100.0;
            shots.push(shot(None, at, now));
        }
        let all = [step(Stride::Throughput { at_once: 1 }, 4.0, shots)];
        let rate = rate_in(&summarise(&[CELL], &all, seed)[0]);
        let holds = rate.low_per_second.unwrap() <= 100.0 && rate.high_per_second.unwrap() >= 100.0;
        covered += u32::from(holds);
    }
    assert!((82..=100).contains(&covered), "{covered} of 100");
}

#[test]
fn only_good_results_within_the_window_make_the_rate() {
    let mut shots = vec![shot(None, 0.0, 0.5), shot(None, 0.0, 1.0), shot(None, 0.5, 1.5)];
    shots[1].outcome =
        Outcome::Failed { kind: crate::model::bench::Failure::Status, message: "no".into() };
    let load = &summarise(&[CELL], &[step(Stride::Throughput { at_once: 2 }, 1.0, shots)], 1)[0];
    let rate = rate_in(load);
    assert_eq!(
        (load.n, load.failures, rate.per_second),
        (1, 1, 1.5),
        "half of the last was within"
    );
    assert_eq!(rate.low_per_second, None, "too few for an interval");
}

#[test]
fn times_of_arrivals_count_from_when_they_were_meant_to_be() {
    let stride = Stride::Latency { per_second: 10.0, most: 1 };
    // A stall of a second: nine more were meant to come meanwhile.
    let shots: Vec<Shot> = (0..10)
        .map(|k| {
            let done = 1.0 + f64::from(k) * 0.01;
            shot(Some(f64::from(k) / 10.0), done - 0.01, done)
        })
        .collect();
    let load = &summarise(&[CELL], &[step(stride, 1.0, shots)], 1)[0];
    let Some(LoadFigure::Times(times)) = load.figure else { panic!("{load:?}") };
    assert!((times.max_seconds.0 - 1.0).abs() < 1e-9);
    assert!(times.median_seconds.0 > 0.5, "{times:?}");
    assert_eq!(times.p99_seconds, None, "ten say nothing of one in a hundred");
}

#[test]
fn memory_is_of_each_and_of_few_is_not_said() {
    let standing = |count, mib: u64| Standing {
        count,
        pss_bytes: Some(Bytes((mib << 20) * u64::from(count))),
        guest_bytes: None,
        before_bytes: Some(Bytes(8 << 30)),
        available_bytes: Some(Bytes((8 << 30) - ((mib + 1) << 20) * u64::from(count))),
    };
    let of = |count, mib| {
        let standing = vec![standing(count, mib)];
        Step { standing, ..step(Stride::Memory { count }, 1.0, Vec::new()) }
    };
    let figure = |steps: &[Step]| summarise(&[CELL], steps, 1)[0].figure;
    let mib = |n: u32| Some(f64::from(n << 20));
    let three = figure(&[of(20, 3), of(20, 5), of(20, 3)]);
    let wanted = LoadFigure::Memory { pss_each_bytes: mib(3), available_each_bytes: mib(4) };
    assert_eq!(three, Some(wanted));
    let few = LoadFigure::Memory { pss_each_bytes: mib(3), available_each_bytes: None };
    assert_eq!(figure(&[of(19, 3)]), Some(few));
    assert_eq!(figure(&[step(Stride::Memory { count: 20 }, 1.0, Vec::new())]), None);
}

#[test]
fn a_neighbour_is_set_against_being_alone() {
    let beside = |beside, slow: f64| {
        let shots = (0..200).map(|k| shot(None, f64::from(k), f64::from(k) + slow)).collect();
        step(Stride::Neighbour { beside }, 200.0, shots)
    };
    let steps = [beside(None, 0.5), beside(Some(3), 1.0)];
    let loads = summarise(&[CELL], &steps, 1);
    let slower = slowdown(&loads, 0, 3).unwrap();
    let range = slower.interval.unwrap();
    assert!((slower.times - 2.0).abs() < 1e-9);
    assert!(range.low <= slower.times && slower.times <= range.high, "{range:?}");
    assert_eq!(slowdown(&loads, 0, 4), None);
}

#[test]
fn energy_is_of_each_good_result() {
    let mut one = served(1, 1, 0.1, 1.0);
    one.energy_joules = Some(5.0);
    let good = within(&one).count() as f64;
    let load = &summarise(&[CELL], &[one.clone()], 1)[0];
    let each = load.energy_each_joules.unwrap();
    assert!((each - 5.0 / good).abs() < 1e-9, "{each}");
    let load = &summarise(&[CELL], &[one, served(1, 1, 0.1, 1.0)], 1)[0];
    assert_eq!(load.energy_each_joules, None, "one of them does not tell");
}
