//! What a run costs beside its sandboxes: a crew that only waits gives results at a known rate, and
//! all else goes its way, from the machine's counters through the channel into the screen's state.
//!
//! It prints the share of one processor while a sandbox takes a second, at 2,000 results a second, and
//! under arrivals, with how late those were. Wants a release build and a quiet machine.

#![allow(clippy::print_stdout, reason = "this is what it is for")]

use std::sync::Arc;
use std::time::Duration;

use isomon::backend::{Crew, Error, Launch, Task, Trial};
use isomon::bench::{Bench, Prior, head, preset};
use isomon::model::backend::{BackendId, BackendStatus, Readiness};
use isomon::model::bench::{Outcome, Phase, Phases, Plan, Preset};
use isomon::model::id::RunId;
use isomon::model::load::{Load, Standing};
use isomon::model::root::Roots;
use isomon::model::run::Run;
use isomon::model::time::{Clock, SystemClock};
use isomon::model::unit::Seconds;
use isomon::state::State;
use isomon::stats::sorted::Sorted;
use isomon::store::RunDir;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::{Instant, sleep, sleep_until};

/// How long each part goes on, in seconds.
const LENGTH: f64 = 5.0;
/// Arrivals a second.
const ARRIVALS: f64 = 200.0;

/// How long a result takes.
#[derive(Clone)]
enum Pace {
    /// So long, each.
    Each(Duration),
    /// So many a second, from an instant on.
    Steady(f64, Instant, u32),
}

#[derive(Clone)]
struct Waiting(Pace);

impl Launch for Waiting {
    async fn launch(&mut self, _: &Task) -> Result<Trial, Error> {
        match &mut self.0 {
            Pace::Each(length) => sleep(*length).await,
            Pace::Steady(rate, begun, number) => {
                *number += 1;
                sleep_until(*begun + Duration::from_secs_f64(f64::from(*number) / *rate)).await;
            }
        }
        let mut phases = Phases::default();
        for phase in [Phase::Create, Phase::Ready, Phase::Run, Phase::Exit] {
            phases.set(phase, Seconds(1e-4));
        }
        Ok(Trial {
            phases,
            outcome: Outcome::Good,
            status: Some(0),
            signal: None,
            value: None,
            left_over: false,
            dropped_bytes: 0,
            said: Vec::new(),
        })
    }

    async fn overhead(&mut self) -> Result<Seconds, Error> {
        Ok(Seconds(1e-4))
    }
}

impl Crew for Waiting {
    type Hand = Self;

    async fn hands(&mut self, count: u32, _: &Task) -> Result<Vec<Self>, Error> {
        Ok((0..count).map(|_| self.clone()).collect())
    }

    async fn rest(&mut self, _: Vec<Self>) -> Result<(), Error> {
        Ok(())
    }

    async fn stand(&mut self, tasks: &[Task]) -> Result<Vec<Outcome>, Error> {
        Ok(tasks.iter().map(|_| Outcome::Good).collect())
    }

    async fn standing(&mut self) -> Result<Standing, Error> {
        Err(Error::Interrupted { doing: "crew" })
    }

    async fn raze(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// What a part was like.
struct Cost {
    run: Run,
    /// Share of one processor, and how long it took.
    share: f64,
    seconds: f64,
}

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let slow = cost(Pace::Each(Duration::from_secs(1)), |_| {}).await;
        tell("sandboxes of 1 s, goal 1 %", &slow);
        let steady = Pace::Steady(2_000.0, Instant::now(), 0);
        tell("2,000 a second wanted", &cost(steady, |_| {}).await);
        let arrivals = cost(Pace::Each(Duration::from_millis(1)), |plan| {
            let seconds = Seconds(LENGTH);
            plan.loads = vec![Load::Latency { per_second: Some(ARRIVALS), most: 4, seconds }];
            (plan.effort.min_rounds, plan.effort.max_rounds) = (1, 1);
            plan.effort.budget_seconds = Seconds(LENGTH * 4.0);
        })
        .await;
        tell("200 arrivals a second", &arrivals);
        tell_late(&arrivals.run);
    });
}

/// A run of one backend for [`LENGTH`], unless `change` says otherwise.
async fn cost(pace: Pace, change: impl FnOnce(&mut Plan)) -> Cost {
    let mut plan = preset::plan(Preset::Quick, &[BackendId::Process], 7);
    plan.loads.clear();
    plan.effort.warmup_rounds = 0;
    (plan.effort.min_rounds, plan.effort.max_rounds) = (1_000_000, 1_000_000);
    plan.effort.budget_seconds = Seconds(LENGTH);
    change(&mut plan);
    let (roots, clock) = (Roots::default(), Arc::new(SystemClock));
    let ready =
        BackendStatus { readiness: Readiness::Ready, ..BackendStatus::new(BackendId::Process) };
    let head = head::draw_up(RunId::new(0, 7), plan, &[ready], &roots, clock.now());
    let home = tempfile::tempdir().expect("a directory");
    let keep = RunDir::create(home.path(), &head).expect("a run's directory");
    let (out, mut said) = tokio::sync::mpsc::channel(1_024);
    let cancel = tokio_util::sync::CancellationToken::new();
    let bench =
        Bench { head, roots, clock, keep: Some(keep), out, cancel, prior: Prior::default() };
    let mut crew = Waiting(pace);
    let fold = async {
        let mut state = State::default();
        while let Some(update) = said.recv().await {
            state.apply(&update);
        }
    };
    let (begun, spent) = (Instant::now(), processor_seconds());
    let (run, ()) = tokio::join!(bench.run(&mut crew), fold);
    let seconds = begun.elapsed().as_secs_f64();
    Cost { run, share: (processor_seconds() - spent) / seconds, seconds }
}

/// Processor time of this process, all threads.
fn processor_seconds() -> f64 {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9
}

fn tell(what: &str, cost: &Cost) {
    let shots: usize = cost.run.steps.iter().map(|step| step.shots.len()).sum();
    let results = cost.run.samples.len() + shots;
    println!(
        "{what}: {:.2} % of a processor; {results} results in {:.1} s, {:.0} a second",
        cost.share * 100.0,
        cost.seconds,
        results as f64 / cost.seconds,
    );
}

/// How long after they were meant to come arrivals were started.
fn tell_late(run: &Run) {
    let shots = run.steps.iter().flat_map(|step| &step.shots);
    let late = shots.filter_map(|shot| Some(shot.at_seconds.0 - shot.intended_seconds?.0));
    let Some(late) = Sorted::new(late.map(|seconds| seconds * 1e6).collect()) else { return };
    let [half, ninety, most] = [0.5, 0.9, 0.99].map(|share| late.quantile(share));
    println!(
        "  late by {half:.0} µs at the median, {ninety:.0} at p90, {most:.0} at p99 of {}",
        late.len()
    );
}
