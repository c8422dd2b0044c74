//! Loads on a yard that is only simulated: so many workers, each a while with one sandbox, in a time
//! that stands still while nobody waits.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::record::FAILURES;
use super::*;
use crate::backend::{Error, Launch, Task, Trial};
use crate::bench::engine::Bench;
use crate::bench::head::draw_up;
use crate::bench::preset;
use crate::model::backend::{BackendId, BackendStatus, Readiness};
use crate::model::bench::{Failure, Payload, Phase, Phases, Preset};
use crate::model::id::RunId;
use crate::model::load::{LoadFigure, Standing, Stride};
use crate::model::root::Roots;
use crate::model::run::Run;
use crate::model::time::{Clock, Stamp};
use crate::model::unit::{Bytes, Seconds};
use crate::model::update::{Update, What};
use crate::model::usage::{Held, Usage};
use crate::stats::load::{knee, slowdown, summarise};

/// The runtime's own time.
struct Tick(Instant);

impl Clock for Tick {
    fn now(&self) -> Stamp {
        let mono_ms = u64::try_from(self.0.elapsed().as_millis()).unwrap();
        Stamp { mono_ms, wall_ms: i64::try_from(mono_ms).unwrap() }
    }
}

/// What all hands of a yard share.
struct Yard {
    workers: Semaphore,
    /// How long the sandbox of a number takes on a worker; `None` fails.
    takes: fn(u32, &Task) -> Option<Duration>,
    started: AtomicU32,
    /// Most hands that there is room for, and most that can stand.
    room: u32,
    stands: AtomicU32,
    razed: AtomicU32,
    out: AtomicU32,
}

impl Yard {
    fn new(workers: usize) -> Self {
        Self {
            workers: Semaphore::new(workers),
            takes: |_, _| Some(Duration::from_millis(20)),
            started: AtomicU32::new(0),
            room: 1_000,
            stands: AtomicU32::new(0),
            razed: AtomicU32::new(0),
            out: AtomicU32::new(0),
        }
    }
}

/// The process of each hand.
const OF_A_HAND: u32 = 77;

/// The yard, or one hand of it with the microseconds it has used.
#[derive(Clone)]
struct Hand(Arc<Yard>, Option<u64>);

fn trial(outcome: Outcome, seconds: f64) -> Trial {
    let mut phases = Phases::default();
    phases.set(Phase::Ready, Seconds(seconds));
    phases.set(Phase::Run, Seconds(0.0));
    Trial {
        phases,
        outcome,
        status: Some(0),
        signal: None,
        value: None,
        left_over: false,
        dropped_bytes: 0,
        said: Vec::new(),
    }
}

fn no_room(count: u32) -> Error {
    Error::NoRoom { count: count as usize, why: "memory: it is small".to_owned() }
}

impl Launch for Hand {
    async fn launch(&mut self, task: &Task) -> Result<Trial, Error> {
        let number = self.0.started.fetch_add(1, Ordering::Relaxed);
        let _worker = self.0.workers.acquire().await.unwrap();
        let Some(length) = (self.0.takes)(number, task) else {
            let message = SafeText::new("it broke");
            return Ok(trial(Outcome::Failed { kind: Failure::Status, message }, 0.0));
        };
        tokio::time::sleep(length).await;
        self.1 = self.1.map(|used| used + u64::try_from(length.as_micros()).unwrap());
        Ok(trial(Outcome::Good, length.as_secs_f64()))
    }

    async fn overhead(&mut self) -> Result<Seconds, Error> {
        Ok(Seconds(0.001))
    }

    fn usage(&self) -> Option<Usage> {
        Some(Usage { cpu: Some(self.1?), ..Usage::default() })
    }

    fn pid(&self) -> Option<u32> {
        self.1.map(|_| OF_A_HAND)
    }

    fn held(&self) -> Option<Held> {
        self.1.map(|_| Held { now: Bytes(1 << 20), peak: Some(Bytes(2 << 20)) })
    }
}

impl Crew for Hand {
    type Hand = Self;

    async fn hands(&mut self, count: u32, _: &Task) -> Result<Vec<Self>, Error> {
        if count > self.0.room {
            return Err(no_room(count));
        }
        self.0.out.fetch_add(count, Ordering::Relaxed);
        Ok((0..count).map(|_| Self(Arc::clone(&self.0), Some(0))).collect())
    }

    async fn rest(&mut self, hands: Vec<Self>) -> Result<(), Error> {
        self.0.out.fetch_sub(u32::try_from(hands.len()).unwrap(), Ordering::Relaxed);
        Ok(())
    }

    async fn stand(&mut self, tasks: &[Task]) -> Result<Vec<Outcome>, Error> {
        let one = |_: &Task| {
            let stands = self.0.stands.fetch_add(1, Ordering::Relaxed) + 1;
            if stands <= self.0.room {
                return Outcome::Good;
            }
            self.0.stands.fetch_sub(1, Ordering::Relaxed);
            Outcome::Failed { kind: Failure::Start, message: SafeText::new("no more") }
        };
        Ok(tasks.iter().map(one).collect())
    }

    async fn standing(&mut self) -> Result<Standing, Error> {
        let count = self.0.stands.load(Ordering::Relaxed);
        Ok(Standing {
            count,
            pss_bytes: Some(Bytes(u64::from(count) << 20)),
            guest_bytes: None,
            before_bytes: Some(Bytes(8 << 30)),
            available_bytes: Some(Bytes((8 << 30) - (u64::from(count) << 21))),
        })
    }

    async fn raze(&mut self) -> Result<(), Error> {
        self.0.razed.fetch_add(1, Ordering::Relaxed);
        self.0.stands.store(0, Ordering::Relaxed);
        Ok(())
    }
}

/// The run of `loads` on `yard`; what was said comes with it. Cancelled after `cancel`.
fn run(yard: Yard, loads: Vec<Load>, cancel: Option<Duration>) -> (Run, Vec<What>, Arc<Yard>) {
    with(yard, cancel, |plan| plan.loads = loads)
}

fn with(
    yard: Yard,
    cancel: Option<Duration>,
    change: impl FnOnce(&mut Plan),
) -> (Run, Vec<What>, Arc<Yard>) {
    let roots = Roots { proc: "/nonexistent/proc".into(), sys: "/nonexistent/sys".into() };
    on(roots, yard, cancel, change)
}

/// The same on the machine that `roots` show.
fn on(
    roots: Roots,
    yard: Yard,
    cancel: Option<Duration>,
    change: impl FnOnce(&mut Plan),
) -> (Run, Vec<What>, Arc<Yard>) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let yard = Arc::new(yard);
    let mut hand = Hand(Arc::clone(&yard), None);
    let mut plan = preset::plan(Preset::Quick, &[BackendId::Process, BackendId::Runc], 42);
    plan.effort.min_seconds = Seconds(0.0);
    (plan.effort.warmup_rounds, plan.effort.min_rounds, plan.effort.max_rounds) = (0, 6, 6);
    plan.effort.budget_seconds = Seconds(600.0);
    plan.loads.clear();
    change(&mut plan);
    let (run, said) = runtime.unwrap().block_on(async {
        let ready = |id| BackendStatus { readiness: Readiness::Ready, ..BackendStatus::new(id) };
        let statuses = BackendId::ALL.map(ready);
        let mut head = draw_up(RunId::new(0, 7), plan, &statuses, &roots, Stamp::default());
        head.fingerprint.cpus = 4;
        let clock = Arc::new(Tick(Instant::now()));
        let (out, mut said) = mpsc::channel(100_000);
        let token = CancellationToken::new();
        let bench = Bench {
            head,
            roots,
            clock,
            keep: None,
            out,
            cancel: token.clone(),
            prior: crate::bench::Prior::default(),
        };
        let stop = async {
            match cancel {
                Some(after) => tokio::time::sleep(after).await,
                None => std::future::pending().await,
            }
            token.cancel();
            std::future::pending::<Run>().await
        };
        let run = tokio::select! { run = bench.run(&mut hand) => run, run = stop => run };
        let mut told = Vec::new();
        while let Ok(Update { what, .. }) = said.try_recv() {
            told.push(what);
        }
        (run, told)
    });
    (run, said, yard)
}

fn throughput(most: u32) -> Load {
    Load::Throughput { least: 1, most, seconds: Seconds(2.0) }
}

fn end(run: &Run) -> &RunEnd {
    &run.tail.as_ref().unwrap().end
}

fn loads(run: &Run) -> &[LoadSummary] {
    &run.tail.as_ref().unwrap().loads
}

#[test]
fn a_yard_of_four_workers_has_its_knee_at_four() {
    let (run, said, yard) = run(Yard::new(4), vec![throughput(16)], None);
    assert_eq!(end(&run), &RunEnd::Completed);
    for cell in 0..2 {
        let of_cell: Vec<LoadSummary> =
            loads(&run).iter().filter(|load| load.cell == cell).cloned().collect();
        assert_eq!(of_cell.len(), 5);
        assert_eq!(knee(&of_cell), Some(4));
        let Some(LoadFigure::Rate(rate)) = of_cell[0].figure else { panic!("{of_cell:?}") };
        assert!((49.5..=50.5).contains(&rate.per_second), "{rate:?}");
    }
    let again = summarise(&run.head.cells, &run.steps, run.head.plan.seed);
    assert_eq!(again, loads(&run), "anyone can make them again");
    assert_eq!((run.steps.len(), yard.out.load(Ordering::Relaxed)), (20, 0));
    let steps =
        said.iter().filter(|what| matches!(what, What::Run { event: RunEvent::Step(_), .. }));
    assert_eq!(steps.count(), 20);
    let progress = run.tail.as_ref().unwrap().progress;
    assert_eq!((progress.completed, progress.failed), (6 * 2 + 20, 0));
}

#[test]
fn a_step_says_which_hand_had_what_and_what_each_used() {
    let load = Load::Latency { per_second: Some(100.0), most: 2, seconds: Seconds(1.0) };
    let (run, said, _) = run(Yard::new(4), vec![throughput(4), load], None);
    let told = said.iter().filter_map(|what| match what {
        What::Run { event: RunEvent::Workers(workers), .. } => Some(workers),
        _ => None,
    });
    let asked = told.flatten().filter(|worker| worker.pid == Some(OF_A_HAND));
    let ids: BTreeSet<&str> = asked.map(|worker| worker.id.as_str()).collect();
    assert!(ids.contains("throughput/4") && ids.contains("latency/2"), "while they work: {ids:?}");
    for step in &run.steps {
        let count = if let Stride::Throughput { at_once } = step.stride { at_once } else { 2 };
        assert_eq!((step.hands.len(), step.waits), (count as usize, None), "no kernel tells here");
        for (number, used) in (0..).zip(&step.hands) {
            let own = step.shots.iter().filter(|shot| shot.hand == Some(number)).count();
            let cpu = used.cpu_seconds.unwrap().0;
            assert!(own > 0 && (cpu - own as f64 * 0.02).abs() < 1e-6, "{own} {cpu}");
            assert!(used.seconds.0 >= cpu && used.peak_bytes == Some(Bytes(2 << 20)));
        }
    }
}

/// `/proc` of a machine on which nothing is done.
fn idle() -> tempfile::TempDir {
    let proc = tempfile::tempdir().unwrap();
    let own = proc.path().join(std::process::id().to_string());
    std::fs::create_dir_all(own.join("task/1")).unwrap();
    std::fs::write(own.join("task/1/children"), "").unwrap();
    std::fs::write(own.join("stat"), "1 (a) S 1 1 1 0 -1 1 1 2 3 4 0 0 0 0 20").unwrap();
    std::fs::write(proc.path().join("stat"), "cpu  1 0 1 8 0 0 0 0 0 0\n").unwrap();
    proc
}

#[test]
fn what_an_engine_keeps_is_told_neither_as_used_nor_as_other_work() {
    let proc = idle();
    let roots = Roots { proc: proc.path().to_owned(), sys: proc.path().join("sys") };
    let mut yard = Yard::new(4);
    yard.takes = |_, _| Some(Duration::from_secs(1));
    let (run, ..) = on(roots, yard, None, |plan| {
        plan.backends = vec![BackendId::Process, BackendId::Docker];
        plan.loads = vec![throughput(2), Load::Neighbour { seconds: Seconds(2.0) }];
    });
    let engine = |cell: u32| run.head.cells[cell as usize].backend == BackendId::Docker;
    for sample in &run.samples {
        assert_eq!(sample.host.other_cores.is_none(), engine(sample.cell), "{sample:?}");
    }
    assert!(run.samples.len() >= 2 * 6);
    assert_eq!(run.steps.len(), 2 * (2 + 3) * 2);
    for step in &run.steps {
        let own = engine(step.cell);
        let beside = if let Stride::Neighbour { beside } = step.stride { beside } else { None };
        let untold = own || beside.is_some_and(engine);
        assert_eq!(step.host.other_cores.is_none(), untold, "{step:?}");
        assert!(!step.hands.is_empty(), "{step:?}");
        for used in &step.hands {
            let unknown = (used.cpu_seconds.is_none(), used.peak_bytes.is_none());
            assert_eq!(unknown, (own, own), "{step:?}");
        }
    }
}

#[test]
fn every_leg_is_visited_once_a_round_in_another_order() {
    let (run, ..) = run(Yard::new(4), vec![throughput(8)], None);
    let of = |round| -> Vec<String> {
        let steps = run.steps.iter().filter(|step| step.round == round);
        steps.map(|step| format!("{} {:?}", step.cell, step.stride)).collect()
    };
    let (mut first, mut second) = (of(0), of(1));
    assert_ne!(first, second);
    first.sort();
    second.sort();
    assert_eq!((first.len(), &first), (8, &second));
}

#[test]
fn a_stall_shows_in_all_that_were_meant_to_start_meanwhile() {
    let mut yard = Yard::new(1);
    // After the rounds' twelve, the hundredth sandbox hangs for a second.
    yard.takes = |number, _| Some(Duration::from_millis(if number == 112 { 1_000 } else { 1 }));
    let load = Load::Latency { per_second: Some(100.0), most: 1, seconds: Seconds(5.0) };
    let (run, ..) = run(yard, vec![load], None);
    let first = &run.steps[0];
    assert_eq!(first.shots.len(), 500);
    let waits = |from: fn(&crate::model::load::Shot) -> f64| {
        first.shots.iter().filter(|shot| shot.done_seconds.0 - from(shot) > 0.1).count()
    };
    assert_eq!(waits(|shot| shot.at_seconds.0), 1, "only one of them was slow itself");
    let late = waits(|shot| shot.intended_seconds.unwrap().0);
    assert!((85..=110).contains(&late), "{late} waited for it");
}

#[test]
fn arrivals_that_are_too_many_are_failures_and_not_left_out() {
    let mut yard = Yard::new(1);
    yard.takes = |_, _| Some(Duration::from_millis(100));
    let load = Load::Latency { per_second: Some(100.0), most: 2, seconds: Seconds(1.0) };
    let (run, ..) = run(yard, vec![load], None);
    let step = &run.steps[0];
    assert_eq!(step.shots.len(), 100);
    let why = step.cut_off.as_ref().unwrap().as_str();
    assert!(
        why.starts_with("too many arrivals: ") && why.ends_with(" of 100 were never started"),
        "{why}"
    );
    assert!(loads(&run)[0].failures >= 70);
}

#[test]
fn the_rate_of_arrivals_is_half_of_what_was_seen_unless_it_is_told() {
    let load = Load::Latency { per_second: None, most: 4, seconds: Seconds(2.0) };
    let (run, ..) = run(Yard::new(4), vec![load], None);
    let stride = Stride::Latency { per_second: 25.0, most: 4 };
    assert!(run.steps.iter().all(|step| step.stride == stride), "{:?}", run.steps[0].stride);
    assert_eq!(run.steps[0].shots.len(), 50);
    // Under load they take twice as long as in the rounds: that is what counts.
    let mut slow = Yard::new(4);
    slow.takes = |number, _| Some(Duration::from_millis(if number < 12 { 20 } else { 40 }));
    let (run, ..) = with(slow, None, |plan| plan.loads = vec![throughput(1), load]);
    let stride = Stride::Latency { per_second: 13.0, most: 4 };
    let latency = run.steps.iter().filter(|step| matches!(step.stride, Stride::Latency { .. }));
    assert!(latency.clone().count() == 4 && latency.clone().all(|step| step.stride == stride));
}

#[test]
fn memory_is_of_all_that_stand_and_nothing_stands_after_it() {
    let (run, _, yard) = run(Yard::new(1), vec![Load::Memory { count: 20 }], None);
    let wanted = LoadFigure::Memory {
        pss_each_bytes: Some(f64::from(1 << 20)),
        available_each_bytes: Some(f64::from(1 << 21)),
    };
    assert_eq!(loads(&run)[0].figure, Some(wanted));
    let razed = yard.razed.load(Ordering::Relaxed);
    assert_eq!((yard.stands.load(Ordering::Relaxed), razed), (0, 4));
}

#[test]
fn density_goes_up_in_lots_that_double_until_one_fails_or_all_stand() {
    let mut yard = Yard::new(1);
    yard.room = 20;
    let (low, ..) = run(yard, vec![Load::Density { most: 1_000 }], None);
    let counts: Vec<u32> = low.steps[0].standing.iter().map(|of| of.count).collect();
    assert_eq!(counts, [1, 2, 4, 8, 16, 20]);
    let why = low.steps[0].cut_off.as_ref().unwrap();
    assert_eq!(why.as_str(), "one did not start: no more");
    assert_eq!(loads(&low)[0].figure, Some(LoadFigure::Most { count: 20, all: false }));
    assert_eq!(low.tail.as_ref().unwrap().progress.failed, 0, "that is what it looks for");
    let (whole, ..) = run(Yard::new(1), vec![Load::Density { most: 10 }], None);
    assert_eq!(loads(&whole)[0].figure, Some(LoadFigure::Most { count: 10, all: true }));
    assert_eq!(whole.steps[0].cut_off, None);
}

#[test]
fn a_neighbour_that_takes_the_workers_slows_the_victim_down() {
    let mut yard = Yard::new(3);
    yard.takes = |_, task| {
        let noisy = matches!(task.work, crate::backend::Work::Payload(Payload::Cpu { .. }));
        Some(Duration::from_millis(if noisy { 60 } else { 10 }))
    };
    let (run, ..) = run(yard, vec![Load::Neighbour { seconds: Seconds(8.0) }], None);
    assert_eq!(run.steps.len(), 2 * 2 * 3, "alone and beside each of both, twice");
    for victim in 0..2 {
        let ratio = slowdown(loads(&run), victim, 1).unwrap().times;
        assert!(ratio > 1.5, "{ratio}");
    }
}

#[test]
fn what_there_is_no_room_for_is_said_once_and_costs_no_other_figure() {
    let mut yard = Yard::new(4);
    yard.room = 3;
    let (run, ..) = run(yard, vec![throughput(8)], None);
    assert_eq!(end(&run), &RunEnd::Completed);
    let refused: Vec<_> = run.steps.iter().filter(|step| step.cut_off.is_some()).collect();
    assert_eq!(refused.len(), 4, "four and eight at once, of both cells, once");
    assert!(refused[0].cut_off.as_ref().unwrap().as_str().contains("memory: it is small"));
    assert_eq!(loads(&run).iter().filter(|load| load.figure.is_some()).count(), 4);
}

#[test]
fn what_fails_again_and_again_ends_its_step() {
    let mut yard = Yard::new(4);
    yard.takes = |number, _| (number < 40).then_some(Duration::from_millis(20));
    let (run, ..) = run(yard, vec![throughput(1)], None);
    let step = &run.steps[0];
    assert_eq!(step.shots.len(), 40 - 12 + FAILURES as usize);
    assert!(step.cut_off.as_ref().unwrap().as_str().starts_with("5 failed in a row; the last bad"));
    assert!(step.window_seconds.0 < 1.0, "{:?}", step.window_seconds);
    assert!(run.tail.as_ref().unwrap().progress.failed > 0);
}

#[test]
fn cancelled_at_any_moment_it_is_a_shorter_run() {
    let mut seen = std::collections::BTreeSet::new();
    for tenths in [1, 5, 9, 23, 42, 77, 150, 260] {
        let after = Duration::from_millis(tenths * 100);
        let all = vec![
            throughput(4),
            Load::Memory { count: 3 },
            Load::Neighbour { seconds: Seconds(1.0) },
        ];
        let (run, said, _) = run(Yard::new(2), all, Some(after));
        assert_eq!(end(&run), &RunEnd::Cancelled);
        assert!(matches!(said.last(), Some(What::Run { event: RunEvent::Ended(_), .. })));
        let elapsed = run.tail.as_ref().unwrap().progress.elapsed_seconds.0;
        assert!(elapsed <= after.as_secs_f64() + 0.2, "{elapsed}");
        seen.insert(run.steps.len());
    }
    assert!(seen.len() > 4, "{seen:?}");
}

#[test]
fn the_budget_bounds_rounds_and_loads_together() {
    for budget in [3.0, 10.0, 30.0] {
        let (run, ..) = with(Yard::new(4), None, |plan| {
            plan.loads = vec![throughput(16), Load::Memory { count: 20 }];
            plan.effort.budget_seconds = Seconds(budget);
            (plan.effort.min_rounds, plan.effort.max_rounds) = (1_000, 1_000);
        });
        let elapsed = run.tail.as_ref().unwrap().progress.elapsed_seconds.0;
        assert!(elapsed <= budget + 1.0, "{elapsed} of {budget}");
        assert_eq!(end(&run), &RunEnd::BudgetSpent);
        assert!(!run.samples.is_empty());
    }
}
