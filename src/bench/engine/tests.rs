//! The engine with a launcher that starts nothing: its times come from a script, and each launch
//! moves the clock on by what it took.

mod disk;
mod steal;

use std::time::Duration;

use super::*;
use crate::backend::{Error, Launch, Task, Trial};
use crate::bench::keep::Keep;
use crate::bench::{head::draw_up, preset};
use crate::model::backend::{BackendId, BackendStatus, Readiness, Start, Traits};
use crate::model::bench::{
    Cell, Effort, Failure, Figure, Outcome, Payload, Phase, Phases, Plan, Preset, Sample, Summary,
    Taint,
};
use crate::model::id::RunId;
use crate::model::load::{Load, Standing};
use crate::model::pipeline::MomentKind;
use crate::model::run::{LeftOut, RunEvent};
use crate::model::text::SafeText;
use crate::model::time::{Clock, SetClock, Stamp};
use crate::model::unit::{Ratio, Seconds};
use crate::model::update::{Notice, What};

type Script = Box<dyn FnMut(u32, &Task) -> Result<Trial, Error> + Send>;

/// A launcher that does as its script says.
struct Scripted {
    script: Script,
    clock: Arc<SetClock>,
    now_ms: u64,
    /// How long the launch of a number takes.
    step_ms: fn(u32) -> u64,
    /// How long an empty spawn takes.
    empty_ms: u64,
    tasks: Vec<Task>,
    /// Cancelled when this many tasks were made.
    cancel_at: Option<(usize, CancellationToken)>,
}

impl Launch for Scripted {
    async fn launch(&mut self, task: &Task) -> Result<Trial, Error> {
        self.tasks.push(task.clone());
        if let Some((at, cancel)) = &self.cancel_at
            && self.tasks.len() == *at
        {
            cancel.cancel();
            std::future::pending::<()>().await;
        }
        let number = u32::try_from(self.tasks.len()).unwrap();
        let trial = (self.script)(number, task);
        self.now_ms += (self.step_ms)(number);
        self.clock.set(self.now_ms);
        trial
    }

    async fn overhead(&mut self) -> Result<Seconds, Error> {
        self.now_ms += self.empty_ms;
        self.clock.set(self.now_ms);
        Ok(Seconds(0.001))
    }
}

impl Crew for Scripted {
    type Hand = Self;

    async fn hands(&mut self, _: u32, _: &Task) -> Result<Vec<Self>, Error> {
        Err(no_crew())
    }

    async fn rest(&mut self, _: Vec<Self>) -> Result<(), Error> {
        Ok(())
    }

    async fn stand(&mut self, _: &[Task]) -> Result<Vec<Outcome>, Error> {
        Err(no_crew())
    }

    async fn standing(&mut self) -> Result<Standing, Error> {
        Err(no_crew())
    }

    async fn raze(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// It does one thing after another.
fn no_crew() -> Error {
    Error::Interrupted { doing: "crew" }
}

fn good(seconds: f64) -> Trial {
    let mut phases = Phases::default();
    phases.set(Phase::Create, Seconds(seconds / 2.0));
    phases.set(Phase::Ready, Seconds(seconds / 2.0));
    phases.set(Phase::Run, Seconds(seconds));
    Trial {
        phases,
        outcome: Outcome::Good,
        status: Some(0),
        signal: None,
        value: None,
        left_over: false,
        dropped_bytes: 0,
        said: Vec::new(),
    }
}

fn bad() -> Trial {
    let message = SafeText::new("no such file");
    Trial { outcome: Outcome::Failed { kind: Failure::Start, message }, ..good(0.0) }
}

/// A few per cent of scatter that depends on the nonce alone.
fn scattered(task: &Task) -> Trial {
    let scatter = (task.nonce % 1_000) as f64 / 1e5;
    good(f64::from(task.backend as u8 + 1) * (0.010 + scatter / 10.0))
}

/// A run in the making.
struct Rig {
    bench: Bench,
    said: mpsc::Receiver<Update>,
    launcher: Scripted,
}

fn rig(change: impl FnOnce(&mut Plan), script: Script) -> Rig {
    let backends = [BackendId::Runc, BackendId::GvisorSystrap];
    let mut plan = preset::plan(Preset::Quick, &backends, 42);
    plan.effort.min_seconds = Seconds(0.0);
    plan.effort.warmup_rounds = 2;
    change(&mut plan);
    let nowhere = Roots { proc: "/nonexistent/proc".into(), sys: "/nonexistent/sys".into() };
    let ready = |id| BackendStatus {
        id,
        version: None,
        path: None,
        readiness: Readiness::Ready,
        traits: Traits::default(),
        ..BackendStatus::new(id)
    };
    let (id, statuses) = (RunId::new(0, 7), BackendId::ALL.map(ready));
    let head = draw_up(id, plan, &statuses, &nowhere, Stamp::default());
    let clock = Arc::new(SetClock::default());
    let (out, said) = mpsc::channel(100_000);
    let cancel = CancellationToken::new();
    let bench = Bench {
        head,
        roots: nowhere,
        clock: clock.clone(),
        keep: None,
        out,
        cancel,
        prior: Prior::default(),
    };
    let launcher = Scripted {
        script,
        clock,
        now_ms: 0,
        step_ms: |_| 10,
        empty_ms: 0,
        tasks: Vec::new(),
        cancel_at: None,
    };
    Rig { bench, said, launcher }
}

impl Rig {
    /// Runs it; what was said comes with it.
    fn run(mut self) -> (Run, Vec<What>, Scripted) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let run = runtime.unwrap().block_on(self.bench.run(&mut self.launcher));
        let mut told = Vec::new();
        while let Ok(update) = self.said.try_recv() {
            told.push(update.what);
        }
        (run, told, self.launcher)
    }
}

fn rounds(effort: &mut Effort, min: u32, max: u32) {
    (effort.min_rounds, effort.max_rounds) = (min, max);
}

fn end(run: &Run) -> &RunEnd {
    &run.tail.as_ref().unwrap().end
}

fn notices(said: &[What]) -> Vec<&Notice> {
    said.iter()
        .filter_map(|what| if let What::Notice(notice) = what { Some(notice) } else { None })
        .collect()
}

fn cold(run: &Run, cell: u32) -> &Summary {
    let mut summary = run.tail.as_ref().unwrap().summary.iter();
    summary.find(|of| of.cell == cell && of.figure == Figure::Start).unwrap()
}

#[test]
fn every_cell_is_visited_once_a_round_in_changing_order() {
    let (run, ..) =
        rig(|plan| rounds(&mut plan.effort, 6, 6), Box::new(|_, t| Ok(scattered(t)))).run();
    let round = |number, warmup| -> Vec<u32> {
        let of = |s: &&Sample| s.round == number && s.warmup == warmup;
        run.samples.iter().filter(of).map(|sample| sample.cell).collect()
    };
    let orders: Vec<_> =
        (0..2).map(|n| round(n, true)).chain((0..6).map(|n| round(n, false))).collect();
    for order in &orders {
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 2], "{orders:?}");
    }
    assert!(orders.iter().any(|order| *order != orders[0]));
    assert_eq!(run.head.cells[2].backend, BackendId::Process, "the baseline comes last");
    let tail = run.tail.as_ref().unwrap();
    assert_eq!((cold(&run, 0).n, tail.overhead_seconds), (6, Some(Seconds(0.001))));
    assert_eq!((tail.progress.submitted, tail.progress.completed), (24, 24));
}

#[test]
fn the_same_seed_makes_the_same_run() {
    let with = |seed| {
        let change = move |plan: &mut Plan| plan.seed = seed;
        let (run, _, launcher) = rig(change, Box::new(|_, task| Ok(scattered(task)))).run();
        (run.samples, run.tail.unwrap().summary, launcher.tasks)
    };
    assert_eq!(with(1), with(1));
    assert_ne!(with(1).2, with(2).2);
}

#[test]
fn it_ends_when_all_cells_are_known_well_enough() {
    let (run, ..) = rig(|_| {}, Box::new(|_, task| Ok(scattered(task)))).run();
    assert_eq!(end(&run), &RunEnd::Completed);
    assert_eq!(cold(&run, 0).n, 10);
}

#[test]
fn it_goes_on_while_one_cell_is_not_known_and_says_that_it_never_was() {
    let wild = |number: u32, task: &Task| {
        let wild = task.backend == BackendId::Runc && number.is_multiple_of(2);
        Ok(if wild { good(1.0) } else { scattered(task) })
    };
    let (run, ..) = rig(|_| {}, Box::new(wild)).run();
    assert_eq!(end(&run), &RunEnd::RoundsSpent);
    assert_eq!((cold(&run, 0).n, cold(&run, 1).n), (25, 25), "no cell leaves early");
    let tail = run.tail.as_ref().unwrap();
    assert_eq!((tail.progress.remaining, tail.share()), (0, Ratio::new(1.0)));
}

#[test]
fn the_shortest_time_is_kept() {
    let change = |plan: &mut Plan| {
        plan.effort.min_seconds = Seconds(0.5);
        rounds(&mut plan.effort, 1, 1_000);
    };
    let (run, ..) = rig(change, Box::new(|_, task| Ok(scattered(task)))).run();
    assert_eq!(end(&run), &RunEnd::Completed);
    assert_eq!(cold(&run, 0).n, 17, "three samples of 10 ms a round");
}

#[test]
fn the_budget_ends_it_in_the_middle_of_a_round() {
    let change = |plan: &mut Plan| plan.effort.budget_seconds = Seconds(0.205);
    let (run, ..) = rig(change, Box::new(|_, task| Ok(scattered(task)))).run();
    assert_eq!(end(&run), &RunEnd::BudgetSpent);
    assert_eq!(run.samples.len(), 21);
}

#[test]
fn cancelled_at_any_launch_it_is_a_shorter_run() {
    for at in 1..=20 {
        let mut rig = rig(|_| {}, Box::new(|_, task| Ok(scattered(task))));
        rig.launcher.cancel_at = Some((at, rig.bench.cancel.clone()));
        let (run, said, _) = rig.run();
        assert_eq!((end(&run), run.samples.len()), (&RunEnd::Cancelled, at - 1));
        let tail = run.tail.as_ref().unwrap();
        let share = tail.share().map_or(0.0, Ratio::fraction);
        assert!(share < 1.0 && (tail.progress.remaining > 0 || at == 1), "{at}: {tail:?}");
        assert!(matches!(said.last(), Some(What::Run { event: RunEvent::Ended(_), .. })));
    }
}

#[test]
fn failures_are_counted_and_in_no_estimate() {
    let every_third = |number: u32, task: &Task| {
        Ok(if number.is_multiple_of(3) { bad() } else { scattered(task) })
    };
    let change = |plan: &mut Plan| rounds(&mut plan.effort, 20, 20);
    let (run, ..) = rig(change, Box::new(every_third)).run();
    let all: u32 = (0..3).map(|cell| cold(&run, cell).failures).sum();
    let counted = run.samples.iter().filter(|s| !s.warmup && s.outcome != Outcome::Good).count();
    assert_eq!((all, u32::try_from(counted).unwrap()), (20, 20));
    assert_eq!(run.tail.unwrap().progress.failed, 22);
}

#[test]
fn a_backend_that_never_works_is_suspended_and_the_others_go_on() {
    let broken = |_, task: &Task| match task.backend {
        BackendId::Runc => Err(Error::Io {
            doing: "read",
            path: "/x".into(),
            source: std::io::ErrorKind::NotFound.into(),
        }),
        _ => Ok(scattered(task)),
    };
    let (run, said, _) = rig(|_| {}, Box::new(broken)).run();
    let tail = run.tail.as_ref().unwrap();
    assert_eq!(tail.end, RunEnd::Completed);
    assert_eq!(tail.suspended.len(), 1);
    let reason = tail.suspended[0].reason.as_str();
    assert!(reason.starts_with("failed 5 times in a row; the last did not start: "), "{reason}");
    assert!(notices(&said)[0].text.as_str().starts_with("runc is suspended for this run"));
    assert_eq!(run.samples.iter().filter(|sample| sample.cell == 0).count(), 5);
    assert_eq!(cold(&run, 1).n, 10);
}

#[test]
fn a_start_that_never_works_is_given_up_and_the_other_starts_go_on() {
    let broken =
        |_, task: &Task| Ok(if task.start == Start::Snapshot { bad() } else { scattered(task) });
    let change = |plan: &mut Plan| plan.backends = vec![BackendId::V8];
    let (run, said, _) = rig(change, Box::new(broken)).run();
    let tail = run.tail.as_ref().unwrap();
    assert_eq!(tail.end, RunEnd::Completed);
    let given_up: Vec<_> = tail.suspended.iter().map(LeftOut::label).collect();
    assert_eq!(given_up, ["v8 snapshot"]);
    assert!(notices(&said)[0].text.as_str().starts_with("v8 snapshot is suspended"));
    let labels: Vec<_> = run.head.cells.iter().map(Cell::label).collect();
    assert_eq!(labels, ["v8", "v8 snapshot", "v8 warm", "process"]);
    assert_eq!([0, 2].map(|cell| cold(&run, cell).n), [10, 10]);
}

#[test]
fn a_run_in_which_nothing_works_has_failed_and_says_why() {
    let (run, ..) = rig(|_| {}, Box::new(|_, _| Ok(bad()))).run();
    let RunEnd::Failed { reason } = end(&run) else {
        panic!("{:?}", end(&run));
    };
    assert!(reason.as_str().contains("no such file"), "{reason}");
    let (run, ..) =
        rig(|plan| plan.backends.clear(), Box::new(|_, task| Ok(scattered(task)))).run();
    assert!(matches!(end(&run), RunEnd::Failed { .. }));
}

#[test]
fn events_come_in_their_order_and_not_too_often() {
    let change = |plan: &mut Plan| rounds(&mut plan.effort, 100, 100);
    let (run, said, _) = rig(change, Box::new(|_, task| Ok(scattered(task)))).run();
    let events: Vec<&RunEvent> = said
        .iter()
        .filter_map(|what| if let What::Run { event, .. } = what { Some(event) } else { None })
        .collect();
    assert!(matches!(events[0], RunEvent::Started(head) if **head == run.head));
    assert!(
        matches!(events[events.len() - 1], RunEvent::Ended(tail) if Some(&**tail) == run.tail.as_ref())
    );
    let samples = events.iter().filter(|event| matches!(event, RunEvent::Sample(_))).count();
    let summaries = events.iter().filter(|event| matches!(event, RunEvent::Summary(_))).count();
    assert_eq!(samples, run.samples.len());
    let seconds = run.tail.unwrap().progress.elapsed_seconds.0;
    assert!(summaries > 5 && summaries as f64 <= seconds * 4.0 + 1.0, "{summaries} in {seconds} s");
}

/// A clock that goes on whenever it is looked at, so that nothing takes no time.
#[derive(Default)]
struct Ticking(std::sync::atomic::AtomicU64);

impl Clock for Ticking {
    fn now(&self) -> Stamp {
        let mono_ms = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Stamp { mono_ms, wall_ms: i64::try_from(mono_ms).unwrap() }
    }
}

#[test]
fn a_run_takes_as_long_as_the_stage_that_reckons_its_figures() {
    let mut rig = rig(|_| {}, Box::new(|_, task| Ok(scattered(task))));
    rig.bench.clock = Arc::new(Ticking::default());
    let (run, ..) = rig.run();
    let took = run.tail.as_ref().unwrap().progress.elapsed_seconds;
    let at = |kind| run.moments.iter().rfind(|moment| moment.kind == kind).unwrap();
    let (figures, end) = (at(MomentKind::StageEnded), at(MomentKind::RunEnded));
    assert_eq!(figures.stage.as_str(), "figures");
    assert!(figures.seconds.unwrap().0 > 0.0);
    assert_eq!((figures.at_seconds, end.at_seconds), (took, took));
    assert_eq!(run.tail.unwrap().ended.wall_ms, end.at_ms);
}

#[test]
fn progress_foresees_the_end() {
    let change = |plan: &mut Plan| rounds(&mut plan.effort, 100, 100);
    let (_, said, _) = rig(change, Box::new(|_, task| Ok(scattered(task)))).run();
    for what in &said {
        let What::Run { event: RunEvent::Progress(progress), .. } = what else {
            continue;
        };
        assert_eq!(progress.submitted + progress.remaining, 306);
        let left = progress.left_seconds.unwrap().0;
        assert!((left - f64::from(progress.remaining) * 0.01).abs() < 0.01, "{progress:?}");
    }
}

#[test]
fn a_pause_marks_the_sample_it_fell_into() {
    let mut rig = rig(|_| {}, Box::new(|_, task| Ok(scattered(task))));
    rig.launcher.step_ms = |number| if number == 9 { 5_000 } else { 10 };
    let (run, ..) = rig.run();
    let paused = |sample: &Sample| sample.taints == [Taint::Paused];
    let marked: Vec<bool> = run.samples.iter().map(paused).collect();
    assert!(marked[8]);
    assert_eq!(marked.iter().filter(|is| **is).count(), 1);
}

#[test]
fn time_between_samples_marks_none_of_them() {
    let mut rig = rig(|_| {}, Box::new(|_, task| Ok(scattered(task))));
    rig.launcher.empty_ms = 2_000;
    let (run, ..) = rig.run();
    assert!(run.samples.len() > 4);
    assert!(run.samples.iter().all(|sample| sample.taints.is_empty()));
}

#[test]
fn a_run_that_goes_on_after_its_rounds_starts_each_cell_once_before_its_loads() {
    let change = |plan: &mut Plan| plan.loads = vec![Load::Memory { count: 2 }];
    let script = || -> Script { Box::new(|_, task| Ok(scattered(task))) };
    let (before, ..) = rig(change, script()).run();
    let saved = Saved { rounds: Some(RunEnd::RoundsSpent), ..Saved::default() };
    let run = Run { steps: Vec::new(), tail: None, ..before };
    let cells = run.head.cells.len();
    for cancelled in [false, true] {
        let mut rig = rig(change, script());
        let cut = Cut {
            run: run.clone(),
            saved: Some(saved.clone()),
            empty: Vec::new(),
            words: String::new(),
        };
        rig.bench.prior.cut = Some(Box::new(cut));
        if cancelled {
            rig.launcher.cancel_at = Some((2, rig.bench.cancel.clone()));
        }
        let (resumed, _, launcher) = rig.run();
        assert_eq!(launcher.tasks.len(), if cancelled { 2 } else { cells });
        let wanted = if cancelled { RunEnd::Cancelled } else { RunEnd::RoundsSpent };
        assert_eq!(end(&resumed), &wanted);
        assert_eq!(resumed.samples, run.samples, "none of them is kept");
    }
}

#[test]
fn what_a_sample_leaves_behind_marks_the_next() {
    let leaves = |number, task: &Task| Ok(Trial { left_over: number == 3, ..scattered(task) });
    let (run, ..) = rig(|_| {}, Box::new(leaves)).run();
    assert_eq!(run.samples[3].taints, [Taint::LeftOver]);
    assert_eq!(run.samples.iter().filter(|sample| !sample.taints.is_empty()).count(), 1);
}

#[test]
fn a_cell_of_work_is_decided_by_its_work() {
    let change = |plan: &mut Plan| plan.payloads = vec![Payload::Cpu { rounds: 1 }];
    let no_work = |_, task: &Task| {
        let mut trial = scattered(task);
        trial.phases.run_seconds = None;
        Ok(trial)
    };
    let (run, ..) = rig(change, Box::new(no_work)).run();
    assert_eq!(end(&run), &RunEnd::RoundsSpent, "its start is known, its work never");
    let target = |plan: &mut Plan| plan.effort.target = Ratio::default();
    let (run, ..) = rig(target, Box::new(|_, task| Ok(scattered(task)))).run();
    assert_eq!(end(&run), &RunEnd::RoundsSpent, "nothing is known exactly");
    let baseline = Cell::cold(BackendId::Process, Payload::Noop);
    assert_eq!(run.head.cells[2], baseline);
}
