//! Who works for a run: slots of its launcher, each with a sandbox at a time.
//!
//! What each did is counted from samples and shots; what it does now, its process and what it uses is
//! known only while it goes on, and is what was told last.

use super::stage::Standing;
use crate::model::bench::BenchStage;
use crate::model::pipeline::{Moment, MomentKind, Stage, Worker};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::unit::Seconds;
use crate::state::RunState;
use crate::state::run::tally::WorkerTally;

/// Why no memory is told.
const NO_GROUP: &str = "memory is counted by control groups, and it was in none: that needs root, or a \
                        delegated group";
/// Parts that are named of a worker.
const PARTS: usize = 64;

/// The id of the worker at `slot` of `stage`: `rounds/1`.
pub(super) fn id(stage: BenchStage, slot: usize) -> SafeText {
    SafeText::new(&format!("{}/{}", stage.name(), slot + 1))
}

/// How many are, or were at most, at work for `stage`.
pub(super) fn at_work(run: &RunState, stage: BenchStage, running: bool) -> u32 {
    let told = run.workers.iter().filter(|worker| worker.stage.as_str() == stage.name());
    let told = u32::try_from(told.count()).unwrap_or(u32::MAX);
    let seen = run.tally.stage(stage).at_once;
    let seen = seen.max(u32::try_from(run.tally.stage(stage).workers.len()).unwrap_or(u32::MAX));
    if running && told > 0 { told } else { seen.max(told) }
}

/// All workers of `run`, by stage.
pub(super) fn workers(run: &RunState, stages: &[Stage], now: Stamp) -> Vec<Worker> {
    let mut workers = Vec::new();
    for stage in stages {
        let Some(kind) = BenchStage::parse(stage.id.as_str()) else { continue };
        let counted = run.tally.stage(kind).workers.iter().enumerate();
        let from = workers.len();
        workers.extend(counted.map(|(slot, tally)| one(run, kind, slot, tally, now)));
        for told in run.workers.iter().filter(|told| told.stage == stage.id) {
            let counted = workers.iter_mut().skip(from).find(|worker| worker.id == told.id);
            match counted {
                Some(worker) => overlay(worker, told, run.is_live()),
                None => workers.push(closed(told.clone(), run.is_live())),
            }
        }
    }
    for worker in &mut workers {
        worker.gap = gap(run, worker);
    }
    for moment in run.moments.iter().filter(|moment| !moment.worker.is_empty()) {
        if let Some(of) = workers.iter_mut().find(|worker| worker.id == moment.worker) {
            of.events.push(moment.clone());
        }
    }
    workers
}

fn one(run: &RunState, stage: BenchStage, slot: usize, tally: &WorkerTally, now: Stamp) -> Worker {
    let wall = |at: f64| run.tally.wall_ms(run.head.started.wall_ms, at);
    let running = super::stage::standing(run, stage) == Standing::Running;
    let own = super::elapsed(run, now).0;
    let took = (tally.seen.1 - tally.seen.0).max(0.0);
    let taken = tally.good + tally.failed;
    let mean = (took > 0.0).then(|| taken as f64 / took);
    let (id, name) = (id(stage, slot), SafeText::from(stage.name()));
    let ended_ms = (!running).then(|| wall(tally.seen.1));
    let parts = tally.cells.iter().filter_map(|cell| run.head.cells.get(*cell as usize));
    Worker {
        status: if running { "RUNNING" } else { "STOPPED" }.into(),
        node: run.head.fingerprint.hostname.clone(),
        started_ms: Some(wall(tally.seen.0)),
        ended_ms,
        input: Some(taken),
        output: Some(tally.good),
        failed: Some(tally.failed),
        per_second: if running { tally.lately.per_second(own) } else { mean },
        busy_seconds: Some(Seconds(tally.busy_seconds)),
        cores: tally.cores(),
        memory_bytes: tally.peak,
        parts: parts.take(PARTS).map(|cell| SafeText::new(&cell.name())).collect(),
        events: life(run, &id, &name, tally, ended_ms),
        id,
        stage: name,
        ..Worker::default()
    }
}

/// The beginning and the end of a worker, where nobody told them.
fn life(
    run: &RunState,
    id: &SafeText,
    stage: &SafeText,
    tally: &WorkerTally,
    ended_ms: Option<i64>,
) -> Vec<Moment> {
    if run.moments.iter().any(|moment| moment.worker == *id) {
        return Vec::new();
    }
    let moment = |kind, at: f64, words: &str| Moment {
        at_ms: run.tally.wall_ms(run.head.started.wall_ms, at),
        at_seconds: Seconds(at),
        kind,
        stage: stage.clone(),
        worker: id.clone(),
        words: words.into(),
        seconds: None,
    };
    let began = moment(MomentKind::WorkerStarted, tally.seen.0, "its first sandbox");
    let ended = ended_ms.map(|_| moment(MomentKind::WorkerEnded, tally.seen.1, "its last sandbox"));
    std::iter::once(began).chain(ended).collect()
}

/// Why it is not known what `worker` uses, where one of its figures is missing.
fn gap(run: &RunState, worker: &Worker) -> Option<SafeText> {
    if worker.cores.is_some() && worker.memory_bytes.is_some() {
        return None;
    }
    let stage = BenchStage::parse(worker.stage.as_str())?;
    let tallies = &run.tally.stage(stage).workers;
    let measured = tallies.iter().any(|tally| tally.measured > 0);
    let cell = |cell: &u32| run.head.cells.get(*cell as usize);
    let mut cells = tallies.iter().flat_map(|tally| &tally.cells).filter_map(cell);
    let engine = cells.any(|cell| cell.backend.in_engine());
    let stands = matches!(stage, BenchStage::Memory | BenchStage::Density);
    let rounds = matches!(stage, BenchStage::WarmUp | BenchStage::Rounds);
    let words = match () {
        () if stands => "what stands still is weighed together, in the figures of its load",
        () if measured && worker.cores.is_some() => NO_GROUP,
        () if measured && engine => "what an engine's containers use is not counted",
        () if measured => "the kernel counts no processor time of its processes",
        () if rounds && worker.memory_bytes.is_some() => {
            "it was at work for too short a time to tell its processor time"
        }
        () if rounds && (worker.cores.is_some() || !run.is_live()) => NO_GROUP,
        () if rounds => "it was not looked at yet",
        () if run.is_live() => "it is looked at when its first step is over",
        () => "what each hand used was not written down in this run",
    };
    Some(words.into())
}

/// Adds to what is counted of `worker` what was `told` of it.
fn overlay(worker: &mut Worker, told: &Worker, live: bool) {
    worker.cores = told.cores.or(worker.cores);
    worker.memory_bytes = told.memory_bytes.or(worker.memory_bytes);
    worker.gpu = told.gpu.or(worker.gpu);
    worker.started_ms = told.started_ms.or(worker.started_ms);
    worker.pid = told.pid;
    if !told.node.is_empty() {
        worker.node.clone_from(&told.node);
    }
    if live && worker.ended_ms.is_none() {
        worker.status.clone_from(&told.status);
        (worker.doing, worker.doing_since_ms) = (told.doing.clone(), told.doing_since_ms);
    }
}

/// A worker of which nothing is counted yet; one of a run that is over does nothing any more.
fn closed(mut worker: Worker, live: bool) -> Worker {
    if !live {
        worker.status = "STOPPED".into();
        (worker.doing, worker.doing_since_ms) = (None, None);
    }
    worker
}
