//! What was changed by hand is found, and only that.

use super::*;
use crate::model::backend::{BackendId, Start};
use crate::model::bench::{
    Effort, HostState, Limits, Outcome, Payload, Phase, Phases, Plan, Progress, Sample,
};
use crate::model::id::RunId;
use crate::model::run::{FORMAT, Fingerprint, RunEnd, RunHead, RunTail};
use crate::model::time::Stamp;
use crate::model::unit::{Ratio, Seconds};

const BACKENDS: [BackendId; 2] = [BackendId::Crun, BackendId::Runc];

fn head() -> RunHead {
    let plan = Plan {
        name: None,
        backends: BACKENDS.to_vec(),
        starts: vec![Start::Cold],
        payloads: vec![Payload::Noop],
        effort: Effort {
            warmup_rounds: 1,
            min_rounds: 1,
            max_rounds: 30,
            min_seconds: Seconds(0.0),
            budget_seconds: Seconds(1.0),
            target: Ratio::default(),
        },
        limits: Limits::default(),
        kernel: None,
        loads: Vec::new(),
        job: None,
        seed: 5,
    };
    RunHead {
        format: FORMAT,
        id: RunId::new(0, 7),
        started: Stamp::default(),
        started_at: Stamp::default().rfc3339(),
        cells: plan.cells(),
        plan,
        left_out: Vec::new(),
        fingerprint: Fingerprint {
            isomon: env!("CARGO_PKG_VERSION").to_owned(),
            ..Fingerprint::default()
        },
        repeat: String::new(),
    }
}

fn sample(cell: u32, round: u32, warmup: bool) -> Sample {
    let mut phases = Phases::default();
    phases.set(Phase::Ready, Seconds(f64::from(1 + cell) + f64::from(round % 7) / 50.0));
    let begun = if warmup { 0.0 } else { 1.0 + f64::from(round) };
    Sample {
        cell,
        round,
        warmup,
        attempt: 0,
        at_seconds: Seconds(begun + f64::from(cell) / 4.0),
        phases,
        outcome: Outcome::Good,
        host: HostState::default(),
        taints: Vec::new(),
    }
}

pub(super) fn run() -> Run {
    let head = head();
    let rounds = std::iter::once((0, true)).chain((0..30).map(|round| (round, false)));
    let samples: Vec<Sample> = rounds
        .flat_map(|(round, warmup)| [sample(0, round, warmup), sample(1, round, warmup)])
        .collect();
    let tail = RunTail {
        ended: Stamp { mono_ms: 32_000, wall_ms: 32_000 },
        end: RunEnd::Completed,
        progress: Progress { completed: 62, ..Progress::default() },
        summary: summarise_among(
            &head.cells,
            &samples,
            (RESAMPLES, head.plan.seed),
            Rivals::Isolating,
        ),
        suspended: Vec::new(),
        overhead_seconds: None,
        empty_seconds: Vec::new(),
        loads: Vec::new(),
        verdict: Some(verdict(&samples, &[])),
    };
    Run { samples, tail: Some(tail), ..Run::begun(head) }
}

/// Where something is found after `change`.
pub(super) fn found_after(change: impl FnOnce(&mut Run)) -> Vec<String> {
    let mut run = run();
    change(&mut run);
    verify(&run).findings.into_iter().map(|finding| finding.at).collect()
}

#[test]
fn a_run_as_it_was_written_is_good() {
    let verified = verify(&run());
    assert!(verified.is_good(), "{verified:?}");
    assert_eq!((verified.samples, verified.figures, verified.whole), (62, 9, true));
    let mut cut = run();
    cut.tail = None;
    let verified = verify(&cut);
    assert!(verified.is_good() && !verified.whole && verified.figures == 0);
}

#[test]
fn a_file_of_before_there_were_places_and_verdicts_is_good() {
    let found = found_after(|run| {
        let tail = run.tail.as_mut().unwrap();
        tail.summary.iter_mut().for_each(|summary| summary.place = None);
        tail.verdict = None;
    });
    assert_eq!(found, [""; 0]);
}

#[test]
fn a_file_of_before_only_what_isolates_was_placed_is_good() {
    let mut run = run();
    run.head.plan.backends[0] = BackendId::Process;
    run.head.cells[0].backend = BackendId::Process;
    let (cells, seed) = (run.head.cells.clone(), run.head.plan.seed);
    for rivals in [Rivals::All, Rivals::Isolating] {
        let tail = run.tail.as_mut().unwrap();
        tail.summary = summarise_among(&cells, &run.samples, (RESAMPLES, seed), rivals);
        assert_eq!(tail.summary[0].place.is_some(), rivals == Rivals::All);
        let verified = verify(&run);
        assert!(verified.is_good(), "{rivals:?}: {verified:?}");
    }
}

#[test]
fn what_the_harness_costs_follows_from_its_empty_spawns() {
    let with = |said: f64| {
        found_after(|run| {
            let tail = run.tail.as_mut().unwrap();
            tail.empty_seconds = [3.0, 1.0, 2.0].map(Seconds).to_vec();
            tail.overhead_seconds = Some(Seconds(said));
        })
    };
    assert_eq!(with(2.0), [""; 0]);
    assert_eq!(with(1.0), ["tail.overhead_seconds"]);
}

#[test]
fn a_changed_figure_is_named_with_what_it_has_to_be() {
    let mut run = run();
    let tail = run.tail.as_mut().unwrap();
    tail.summary[0].estimate.as_mut().unwrap().median_seconds = Seconds(0.5);
    let verified = verify(&run);
    let [finding] = &verified.findings[..] else {
        panic!("{verified:?}");
    };
    assert_eq!(finding.at, "tail.summary[0].estimate.median_seconds");
    assert_eq!((finding.expected.as_str(), finding.found.as_str()), ("1.06", "0.5"));
}

#[test]
fn a_sample_that_was_removed_or_added_is_missed() {
    let gone = found_after(|run| drop(run.samples.remove(20)));
    assert!(gone.iter().any(|at| at == "samples of cells[0]"), "{gone:?}");
    assert!(gone.iter().any(|at| at == "tail.summary[0].n"), "{gone:?}");
    let twice = found_after(|run| run.samples.push(run.samples[61].clone()));
    assert!(twice.iter().any(|at| at == "samples[62].attempt"), "{twice:?}");
}

#[test]
fn swapped_cells_and_a_changed_place_are_found() {
    assert_eq!(found_after(|run| run.head.cells.swap(0, 1)), ["cells[0]"]);
    let twice = found_after(|run| run.head.cells[1] = run.head.cells[0]);
    assert_eq!(twice[0], "cells[1]");
    let place = found_after(|run| {
        run.tail.as_mut().unwrap().summary[0].place = Some(crate::model::bench::Place::Above);
    });
    assert_eq!(place, ["tail.summary[0].place"]);
}

#[test]
fn what_no_run_can_have_is_found() {
    let at = |change: fn(&mut Sample)| found_after(|run| change(&mut run.samples[9]))[0].clone();
    assert_eq!(at(|of| of.at_seconds = Seconds(f64::NAN)), "samples[9].at_seconds");
    assert_eq!(at(|of| of.at_seconds = Seconds(-1.0)), "samples[9].at_seconds");
    assert_eq!(at(|of| of.at_seconds = Seconds(0.5)), "samples[9].at_seconds");
    assert_eq!(at(|of| of.at_seconds = Seconds(99.0)), "samples[9].at_seconds");
    assert_eq!(at(|of| of.round = 40), "samples[9].round");
    assert_eq!(at(|of| of.attempt = 1), "samples[9].attempt");
    let negative = |of: &mut Sample| of.phases.set(Phase::Ready, Seconds(-2.0));
    assert_eq!(at(negative), "samples[9].phases.ready_seconds");
    let huge = |of: &mut Sample| of.phases.set(Phase::Clean, Seconds(1e300));
    assert_eq!(at(huge), "samples[9].phases.clean_seconds");
    assert_eq!(at(|of| of.phases = Phases::default()), "samples[9].phases.ready_seconds");
}

#[test]
fn so_much_is_told_and_the_rest_is_counted() {
    let mut run = run();
    run.samples.iter_mut().for_each(|of| of.at_seconds = Seconds(-1.0));
    run.samples.iter_mut().for_each(|of| of.phases.set(Phase::Clean, Seconds(-1.0)));
    let verified = verify(&run);
    assert_eq!(verified.findings.len(), TOLD);
    assert!(verified.more > 0 && !verified.is_good());
}
