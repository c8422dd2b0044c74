//! Made runs as jobs.

mod advice;

use super::*;
use crate::model::backend::BackendId;
use crate::model::bench::{
    BenchStage, Cell, Estimate, Failure, Figure, HostState, Outcome, Payload, Phase, Phases,
    Progress, Sample, Summary,
};
use crate::model::id::SourceId;
use crate::model::load::{HandUse, Load, LoadFigure, LoadSummary, Rate, Shot, Step, Stride};
use crate::model::pipeline::{
    Advice, Checkpoint, LogLine, Moment, MomentKind, Spell, Stage, Worker,
};
use crate::model::run::{FORMAT, Fingerprint, RunEvent, RunHead};
use crate::model::update::{Update, What};
use crate::state::State;

const BACKENDS: [BackendId; 2] = [BackendId::Process, BackendId::Runc];

fn head() -> RunHead {
    let mut plan = crate::model::bench::Plan {
        name: Some("nightly".into()),
        backends: BACKENDS.to_vec(),
        starts: vec![crate::model::backend::Start::Cold],
        payloads: vec![Payload::Noop],
        effort: effort(),
        limits: crate::model::bench::Limits::default(),
        kernel: None,
        loads: Vec::new(),
        job: None,
        seed: 7,
    };
    plan.loads = vec![crate::model::load::Load::Memory { count: 4 }];
    RunHead {
        format: FORMAT,
        id: RunId::new(1_000, 7),
        started: Stamp { mono_ms: 1_000, wall_ms: 1_000 },
        started_at: String::new(),
        cells: BACKENDS.map(|id| Cell::cold(id, Payload::Noop)).to_vec(),
        left_out: Vec::new(),
        fingerprint: Fingerprint { hostname: "node7".into(), ..Fingerprint::default() },
        repeat: "isomon bench process runc --password hunter2".to_owned(),
        plan,
    }
}

fn effort() -> crate::model::bench::Effort {
    crate::model::bench::Effort {
        warmup_rounds: 1,
        min_rounds: 10,
        max_rounds: 10,
        min_seconds: Seconds(0.0),
        budget_seconds: Seconds(60.0),
        target: crate::model::unit::Ratio::new(0.05).unwrap(),
    }
}

fn sample(cell: u32, round: u32, warmup: bool, at: f64, good: bool) -> RunEvent {
    let mut phases = Phases::default();
    phases.set(Phase::Ready, Seconds(0.1));
    let message = "open: Permission denied".into();
    let failed = Outcome::Failed { kind: Failure::Start, message };
    RunEvent::Sample(Box::new(Sample {
        cell,
        round,
        warmup,
        attempt: 0,
        at_seconds: Seconds(at),
        phases,
        outcome: if good { Outcome::Good } else { failed },
        host: HostState::default(),
        taints: Vec::new(),
    }))
}

fn told(from: &SourceId, events: Vec<RunEvent>) -> State {
    let mut state = State::default();
    for event in std::iter::once(RunEvent::Started(Box::new(head()))).chain(events) {
        let what = What::Run { id: head().id, event };
        let at = Stamp { mono_ms: 5_000, wall_ms: 5_000 };
        state.apply(&Update { at, from: from.clone(), what });
    }
    state
}

fn job(state: &State) -> Pipeline {
    let id = head().id;
    of_run(&id, &state.runs[&id], Stamp { mono_ms: 5_000, wall_ms: 5_000 })
}

/// Four rounds, in which `runc` failed twice and then was given up.
fn some() -> Vec<RunEvent> {
    let mut events = vec![sample(0, 0, true, 0.0, true), sample(1, 0, true, 0.2, true)];
    for round in 0..4 {
        let at = 1.0 + f64::from(round);
        events.push(sample(0, round, false, at, true));
        if round < 2 {
            events.push(sample(1, round, false, at + 0.5, false));
        }
    }
    events
}

fn words(stages: &[Stage]) -> Vec<(&str, &str)> {
    stages.iter().map(|stage| (stage.id.as_str(), stage.status.as_str())).collect()
}

fn ended(end: RunEnd) -> RunEvent {
    RunEvent::Ended(Box::new(RunTail {
        ended: Stamp { mono_ms: 9_000, wall_ms: 9_000 },
        end,
        progress: Progress { completed: 6, failed: 2, ..Progress::default() },
        ..RunTail::default()
    }))
}

#[test]
fn a_run_that_goes_on_has_its_stages_in_their_order() {
    let job = job(&told(&SourceId::local(), some()));
    assert_eq!((job.status.as_str(), job.is_live()), ("RUNNING", true));
    let wanted = [
        ("prepare", "finished"),
        ("warm-up", "finished"),
        ("rounds", "running"),
        ("memory", "pending"),
        ("figures", "pending"),
    ];
    assert_eq!(words(&job.stages), wanted);
    let rounds = &job.stages[2];
    assert_eq!((rounds.input, rounds.output, rounds.queue), (Some(6), Some(4), Some(14)));
    let lag: Vec<_> = rounds.partitions.iter().map(|part| part.lag.unwrap()).collect();
    assert_eq!(lag, [6, 8]);
    assert_eq!(rounds.partitions[1].id.as_str(), "runc noop");
    assert_eq!(job.bottleneck().map(|stage| stage.id.as_str()), Some("rounds"));
    let edge = |from: &str, to: &str| job.edges.contains(&(from.into(), to.into()));
    assert!(edge("prepare", "warm-up") && edge("warm-up", "rounds") && edge("rounds", "memory"));
    assert!(edge("memory", "figures") && edge("rounds", "figures") && job.edges.len() == 5);
}

#[test]
fn the_end_of_a_run_is_told_apart() {
    let reason = "no backend is left".into();
    for (end, status, rounds) in [
        (RunEnd::Completed, "COMPLETED", "finished"),
        (RunEnd::BudgetSpent, "COMPLETED", "finished"),
        (RunEnd::Cancelled, "CANCELLED", "cut off"),
        (RunEnd::Failed { reason }, "FAILED", "failed"),
    ] {
        let events = some().into_iter().chain([ended(end)]).collect();
        let job = job(&told(&SourceId::local(), events));
        assert_eq!((job.status.as_str(), job.is_live()), (status, false));
        assert_eq!(job.stages[2].status.as_str(), rounds, "{status}");
        assert_eq!(job.stages[3].status.as_str(), "skipped", "{status}");
        assert_eq!(job.error.is_some(), rounds != "finished");
    }
    let cut = job(&told(&SourceId::stored(), some()));
    assert_eq!((cut.status.as_str(), cut.stages[2].status.as_str()), (CUT_OFF, "failed"));
    assert!(!cut.error.unwrap().as_str().contains("--resume"), "it has no checkpoint");
}

#[test]
fn a_run_that_was_cancelled_says_where_it_was_and_how_far() {
    let figures = Moment {
        kind: MomentKind::StageStarted,
        stage: BenchStage::Figures.name().into(),
        at_seconds: Seconds(8.0),
        ..Moment::default()
    };
    let cut = |remaining| {
        let RunEvent::Ended(mut tail) = ended(RunEnd::Cancelled) else { panic!("an end") };
        tail.progress.remaining = remaining;
        let begun = RunEvent::Moment(Box::new(figures.clone()));
        let events = some().into_iter().chain([begun, RunEvent::Ended(tail)]).collect();
        job(&told(&SourceId::stored(), events))
    };
    let known = cut(24);
    assert_eq!(known.progress, Ratio::of(8.0, 32.0));
    let wanted = [("rounds", "cut off"), ("memory", "skipped"), ("figures", "finished")];
    assert_eq!(words(&known.stages)[2..], wanted);
    assert_eq!(known.stages[2].progress, Ratio::of(6.0, 20.0));
    assert_eq!(cut(0).progress, None, "a file of before does not tell what remained");
}

#[test]
fn cells_that_fall_behind_are_skewed() {
    let mut events = some();
    for round in 4..10 {
        events.push(sample(0, round, false, 10.0 + f64::from(round), true));
    }
    events.push(ended(RunEnd::RoundsSpent));
    let job = job(&told(&SourceId::local(), events));
    let rounds = &job.stages[2];
    assert_eq!(rounds.skew, Some(2.0), "8 behind, the other none");
}

#[test]
fn the_last_samples_of_a_run_are_no_skew() {
    let mut events = some();
    for round in 4..10 {
        events.push(sample(0, round, false, 10.0 + f64::from(round), true));
    }
    for round in 2..9 {
        events.push(sample(1, round, false, 20.0 + f64::from(round), true));
    }
    let job = job(&told(&SourceId::local(), events));
    let rounds = &job.stages[2];
    let lag: Vec<_> = rounds.partitions.iter().map(|part| part.lag.unwrap()).collect();
    assert_eq!(lag, [0, 1]);
    assert_eq!(rounds.skew, None, "one sample is left");
}

#[test]
fn errors_have_their_part_their_words_and_a_hint() {
    let line =
        |text: &str| LogLine { at_ms: 9, from: "runc noop".into(), bad: true, text: text.into() };
    let mut events = some();
    events.push(RunEvent::Log(vec![line("runc: one"), line("runc: two")]));
    let job = job(&told(&SourceId::local(), events));
    let [error] = &job.exceptions[..] else { panic!("{:?}", job.exceptions) };
    assert_eq!(
        (error.count, error.part.as_str(), error.stage.as_str()),
        (2, "runc noop", "rounds")
    );
    assert_eq!((error.first_ms, error.last_ms), (Some(2_600), Some(3_600)));
    assert_eq!(error.stack.len(), 2);
    assert!(error.hint.as_ref().unwrap().as_str().contains("not permitted"));
    assert_eq!(job.log.len(), 2);
}

#[test]
fn what_is_told_of_a_worker_is_added_to_what_is_counted() {
    let worker = Worker {
        id: "rounds/1".into(),
        stage: "rounds".into(),
        status: "RUNNING".into(),
        pid: Some(4711),
        doing: Some("runc noop".into()),
        cores: Some(0.5),
        ..Worker::default()
    };
    let moment = Moment {
        kind: MomentKind::WorkerStarted,
        stage: "rounds".into(),
        worker: "rounds/1".into(),
        ..Moment::default()
    };
    let mut events = some();
    events.push(RunEvent::Moment(Box::new(moment)));
    events.push(RunEvent::Workers(vec![worker]));
    let live = job(&told(&SourceId::local(), events.clone()));
    let of = |job: &Pipeline| job.workers.iter().find(|of| of.id.as_str() == "rounds/1").cloned();
    let worker = of(&live).unwrap();
    assert_eq!((worker.pid, worker.input, worker.failed), (Some(4711), Some(6), Some(2)));
    assert_eq!(worker.doing.as_ref().map(SafeText::as_str), Some("runc noop"));
    assert_eq!((worker.events.len(), worker.node.as_str()), (1, "node7"));
    events.push(ended(RunEnd::Completed));
    let worker = of(&job(&told(&SourceId::local(), events))).unwrap();
    assert_eq!((worker.status.as_str(), worker.doing), ("STOPPED", None));
    assert_eq!(worker.cores, Some(0.5));
}

#[test]
fn what_is_not_counted_of_a_hand_has_its_reason() {
    let shot = Shot {
        intended_seconds: None,
        at_seconds: Seconds(0.0),
        done_seconds: Seconds(0.5),
        phases: Phases::default(),
        outcome: Outcome::Good,
        hand: Some(0),
    };
    let step = Step {
        cell: 0,
        stride: Stride::Throughput { at_once: 1 },
        round: 0,
        at_seconds: Seconds(1.0),
        window_seconds: Seconds(1.0),
        shots: vec![shot],
        standing: Vec::new(),
        cut_off: None,
        energy_joules: None,
        energy_of: None,
        hands: vec![HandUse { seconds: Seconds(1.0), ..HandUse::default() }],
        waits: None,
        host: HostState::default(),
        taints: Vec::new(),
    };
    for (backend, wanted) in [(BackendId::Docker, "an engine's"), (BackendId::Runc, "the kernel")] {
        let mut run = head();
        run.cells[0] = Cell::cold(backend, Payload::Noop);
        run.plan.loads = vec![Load::Throughput { least: 1, most: 1, seconds: Seconds(1.0) }];
        let mut state = State::default();
        for event in [RunEvent::Started(Box::new(run)), RunEvent::Step(Box::new(step.clone()))] {
            let at = Stamp { mono_ms: 5_000, wall_ms: 5_000 };
            let what = What::Run { id: head().id, event };
            state.apply(&Update { at, from: SourceId::local(), what });
        }
        let gap = job(&state).workers.into_iter().find_map(|worker| worker.gap).unwrap();
        assert!(gap.as_str().contains(wanted), "{gap}");
    }
}

#[test]
fn the_same_run_is_the_same_job_live_and_from_disk() {
    let mut events = some();
    let checkpoint =
        Checkpoint { id: "1".into(), reached: "round 4".into(), ..Checkpoint::default() };
    events.push(RunEvent::Checkpoint(Box::new(checkpoint)));
    events.push(ended(RunEnd::Cancelled));
    let [live, stored] =
        [SourceId::local(), SourceId::stored()].map(|from| job(&told(&from, events.clone())));
    assert_eq!(live, stored);
    assert!(live.error.unwrap().as_str().contains("--resume"), "it has a checkpoint");
}

#[test]
fn lineage_has_no_loose_end_and_secrets_are_hidden() {
    let events = some().into_iter().chain([ended(RunEnd::Completed)]).collect();
    let job = job(&told(&SourceId::local(), events));
    for made in &job.lineage {
        for parent in &made.parents {
            let known = job.lineage.iter().any(|other| other.id == *parent)
                || parent.as_str() == BenchStage::Figures.name();
            assert!(known, "{} comes from {parent}, which is not there", made.id);
        }
    }
    assert!(job.lineage.iter().any(|made| made.id.as_str() == "runc noop"));
    let said = |path: &str| job.configuration.iter().find(|(of, _)| of.as_str() == path);
    assert_eq!(said("plan.limits.pids").unwrap().1.as_str(), "512");
    assert_eq!(said("machine.hostname").unwrap().1.as_str(), "node7");
    assert!(!said("repeat").unwrap().1.as_str().contains("hunter2"));
}

#[test]
fn a_plan_has_the_stages_of_its_loads() {
    let plan = head().plan;
    let names: Vec<&str> = BenchStage::planned(&plan).map(BenchStage::name).collect();
    assert_eq!(names, ["prepare", "warm-up", "rounds", "memory", "figures"]);
}

fn moment(kind: MomentKind, stage: BenchStage, at: f64) -> RunEvent {
    let (stage, at_seconds) = (stage.name().into(), Seconds(at));
    RunEvent::Moment(Box::new(Moment { at_seconds, kind, stage, ..Moment::default() }))
}

#[test]
fn a_stage_that_goes_on_again_runs_and_only_its_own_time_counts() {
    let (began, ended) = (MomentKind::StageStarted, MomentKind::StageEnded);
    let (rounds, memory) = (BenchStage::Rounds, BenchStage::Memory);
    let mut events = vec![moment(began, rounds, 0.0)];
    events.extend(some());
    events.extend([
        moment(ended, rounds, 6.0),
        moment(began, memory, 6.0),
        moment(ended, memory, 8.0),
    ]);
    events.extend([
        moment(began, rounds, 8.0),
        moment(ended, rounds, 9.0),
        moment(began, memory, 9.0),
    ]);
    let live = job(&told(&SourceId::local(), events.clone()));
    assert_eq!(words(&live.stages)[2..4], [("rounds", "finished"), ("memory", "running")]);
    assert_eq!(live.stages[2].duration_seconds, Some(Seconds(7.0)));
    events.push(ended_well());
    let over = job(&told(&SourceId::local(), events));
    assert_eq!(
        words(&over.stages)[2..],
        [("rounds", "finished"), ("memory", "finished"), ("figures", "finished")]
    );
}

#[test]
fn the_table_and_the_timeline_have_one_time_of_a_stage() {
    let (began, ended) = (MomentKind::StageStarted, MomentKind::StageEnded);
    let (prepare, rounds) = (BenchStage::Prepare, BenchStage::Rounds);
    let RunEvent::Moment(mut prepared) = moment(ended, prepare, 0.0) else { panic!() };
    prepared.seconds = Some(Seconds(0.4));
    let mut events = vec![moment(began, prepare, 0.0), RunEvent::Moment(prepared)];
    events.push(moment(began, rounds, 0.1));
    events.extend(some());
    events.extend([moment(ended, rounds, 6.1), moment(began, rounds, 8.0)]);
    let cut_off = [told(&SourceId::local(), events.clone()), told(&SourceId::stored(), events)];
    for state in cut_off {
        let job = job(&state);
        assert_eq!(job.stages[0].duration_seconds, Some(Seconds(0.4)), "before the run's clock");
        assert_eq!(job.stages[2].spells.len(), 2);
        for stage in job.stages.iter().filter(|stage| !stage.spells.is_empty()) {
            let began = job.started_ms.unwrap();
            let now = job.duration_seconds.unwrap().0;
            let own = |at: i64| (at - began) as f64 / 1e3;
            let length =
                |spell: &Spell| (spell.to_ms.map_or(now, own) - own(spell.from_ms)).max(0.0);
            let bars = stage.spells.iter().map(length).sum::<f64>();
            let took = stage.duration_seconds.unwrap().0;
            assert!((bars - took).abs() < 0.002, "{}: {took} s and bars of {bars} s", stage.id);
        }
    }
}

fn ended_well() -> RunEvent {
    ended(RunEnd::Completed)
}

#[test]
fn a_job_costs_the_same_with_many_samples() {
    let with = |rounds: u32| {
        let round = |round| sample(round % 2, round / 2, false, f64::from(round) / 100.0, true);
        told(&SourceId::local(), (0..rounds).map(round).collect())
    };
    let cost = |state: &State| {
        let begun = std::time::Instant::now();
        (0..20).for_each(|_| drop(job(state)));
        begun.elapsed() / 20
    };
    let (few, many) = (with(1_000), with(100_000));
    let (little, much) = (cost(&few), cost(&many));
    println!("a job of 1,000 samples {little:?}, of 100,000 {much:?}");
    assert!(much < little * 5 + std::time::Duration::from_millis(2), "{little:?} {much:?}");
}

#[test]
fn of_a_long_log_the_latest_five_thousand_lines_are_kept_and_the_others_counted() {
    let line = |number: i64| LogLine {
        at_ms: number,
        from: "runc noop".into(),
        bad: false,
        text: format!("line {number}").into(),
    };
    let batches =
        (0..53).map(|batch| RunEvent::Log((0..100).map(|n| line(batch * 100 + n)).collect()));
    let job = job(&told(&SourceId::local(), batches.collect()));
    assert_eq!((job.log.len(), job.log_dropped), (5_000, 300));
    let ends = [&job.log[0], &job.log[4_999]].map(|line| line.text.as_str());
    assert_eq!(ends, ["line 300", "line 5299"]);
}
