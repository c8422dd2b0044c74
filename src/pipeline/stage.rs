//! The stages of a run: how far each is, what waits for it, which parts it has.

use super::stretch::{self, Stretch};
use super::{plan, worker};
use crate::model::bench::{BenchStage, Plan};
use crate::model::load::Load;
use crate::model::pipeline::{Partition, Pressure, Stage};
use crate::model::run::RunEnd;
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::unit::{Ratio, Seconds};
use crate::state::RunState;
use crate::state::run::tally::StageTally;

mod skew;

/// Every stage of `run`.
pub(super) fn stages(run: &RunState, now: Stamp) -> Vec<Stage> {
    let own = super::elapsed(run, now).0;
    BenchStage::planned(&run.head.plan).map(|stage| one(run, stage, own)).collect()
}

/// Which stage feeds which.
pub(super) fn edges(plan: &Plan) -> Vec<(SafeText, SafeText)> {
    let (mut edges, mut before) = (Vec::new(), None::<BenchStage>);
    let mut edge =
        |from: BenchStage, to: BenchStage| edges.push((from.name().into(), to.name().into()));
    for stage in BenchStage::planned(plan) {
        match stage {
            BenchStage::Prepare | BenchStage::WarmUp | BenchStage::Rounds => {
                if let Some(before) = before {
                    edge(before, stage);
                }
                before = Some(stage);
            }
            BenchStage::Figures => edge(BenchStage::Rounds, stage),
            load => {
                edge(BenchStage::Rounds, load);
                edge(load, BenchStage::Figures);
            }
        }
    }
    edges
}

/// How many waited over time.
pub(super) fn pressure(run: &RunState) -> Vec<Pressure> {
    let started = run.head.started.wall_ms;
    let told = run.tally.pressure.iter().map(|waiting| Pressure {
        at_ms: run.tally.wall_ms(started, waiting.at_seconds),
        stage: waiting.stage.name().into(),
        queue: waiting.queue,
        active: waiting.active,
        waits: waiting.waits,
    });
    told.collect()
}

/// How far a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Pending,
    Running,
    Finished,
    Failed,
    CutOff,
    Skipped,
}

impl Standing {
    const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::CutOff => "cut off",
            Self::Skipped => "skipped",
        }
    }
}

/// How far `stage` of `run` is: by what was told, and where nothing was, by its samples and by what came
/// after it.
pub(super) fn standing(run: &RunState, stage: BenchStage) -> Standing {
    let begun = |stage: BenchStage| run.tally.stage(stage).began().is_some();
    let last = BenchStage::planned(&run.head.plan).filter(|stage| begun(*stage)).last();
    let is_last = last == Some(stage);
    let past = last.is_some_and(|last| last > stage) || run.tally.stage(stage).closed.is_some();
    if run.is_live() && run.tally.current.is_some_and(|current| current == stage) {
        return Standing::Running;
    }
    match (stage, run.tail.as_ref().map(|tail| &tail.end)) {
        (BenchStage::Figures, Some(_)) | (BenchStage::Prepare, _) => Standing::Finished,
        (_, Some(RunEnd::Cancelled)) if is_cut(run, stage) => Standing::CutOff,
        (_, Some(RunEnd::Failed { .. })) if is_cut(run, stage) => Standing::Failed,
        (_, Some(_)) if is_last => Standing::Finished,
        _ if past && begun(stage) => Standing::Finished,
        (_, None) if is_last && run.is_live() => Standing::Running,
        (_, None) if is_last => Standing::Failed,
        (_, None) if run.is_live() && !past => Standing::Pending,
        _ => Standing::Skipped,
    }
}

/// Whether `run` was cut off in `stage`: the last that began before its figures were reckoned.
pub(super) fn is_cut(run: &RunState, stage: BenchStage) -> bool {
    let began = |stage: &BenchStage| run.tally.stage(*stage).began().is_some();
    let work = |stage: &BenchStage| *stage != BenchStage::Figures;
    let planned = BenchStage::planned(&run.head.plan);
    run.tail.as_ref().is_some_and(|tail| tail.end.is_cut())
        && planned.filter(work).filter(began).last() == Some(stage)
}

/// How much of it there is, how much of that is done, and how much waits.
struct Amount {
    input: u64,
    output: u64,
    queue: u64,
    progress: Option<Ratio>,
}

fn one(run: &RunState, stage: BenchStage, own: f64) -> Stage {
    let (tally, standing) = (run.tally.stage(stage), standing(run, stage));
    let running = standing == Standing::Running;
    let amount = amount(run, stage, standing);
    let stretches = stretches(tally, running, own);
    let took = stretch::took(&stretches, own);
    let partitions = partitions(run, stage, standing);
    let skew = skew::of(stage, &partitions);
    let at_work = worker::at_work(run, stage, running);
    let per_second = |count: u64| match took {
        _ if running => tally.lately.per_second(own),
        Some(Seconds(took)) if took > 0.0 && count > 0 => Some(count as f64 / took),
        _ => None,
    };
    Stage {
        id: stage.name().into(),
        operator: stage.words().into(),
        status: standing.word().into(),
        started_ms: started(run, tally),
        duration_seconds: took,
        spells: stretch::spells(&stretches, |at| run.tally.wall_ms(run.head.started.wall_ms, at)),
        progress: amount.progress,
        workers: Some(at_work),
        parallelism: parallelism(run, stage),
        input: Some(amount.input),
        output: Some(amount.output),
        skipped: None,
        input_per_second: per_second(amount.input),
        output_per_second: per_second(amount.output),
        queue: Some(amount.queue),
        backpressure: backpressure(run, stage, running),
        skew: skew.as_ref().ok().copied(),
        skew_gap: skew.err(),
        partitions,
        error: error(run, standing),
    }
}

/// When it was at work; what was cut off in it ended by `own`, the time of the run.
fn stretches(tally: &StageTally, running: bool, own: f64) -> Vec<Stretch> {
    let ended = |to: Option<f64>| to.or_else(|| (!running).then_some(own));
    stretch::joined(
        tally.spells().map(|(from, to)| (from, ended(to).map(|to| to.max(from)))).collect(),
    )
}

fn started(run: &RunState, tally: &StageTally) -> Option<i64> {
    let seen = || Some(run.tally.wall_ms(run.head.started.wall_ms, tally.seen?.0));
    tally.opened.map(|(_, at_ms)| at_ms).or_else(seen)
}

fn parallelism(run: &RunState, stage: BenchStage) -> Option<(u32, u32)> {
    match stage {
        BenchStage::WarmUp | BenchStage::Rounds => Some((1, 1)),
        _ => stage.load(&run.head.plan).map(Load::at_once),
    }
}

fn amount(run: &RunState, stage: BenchStage, standing: Standing) -> Amount {
    let tally = run.tally.stage(stage);
    let whole = (standing == Standing::Finished).then(|| Ratio::new(1.0)).flatten();
    let share =
        |done: u64, all: u64| whole.or_else(|| Ratio::of(done as f64, all.max(done) as f64));
    match stage {
        BenchStage::Prepare => {
            let ready = run.head.plan.backends.len() as u64;
            let out = run.head.left_out.iter().filter(|out| out.payload.is_none()).count() as u64;
            Amount { input: ready + out, output: ready, queue: 0, progress: whole }
        }
        BenchStage::Figures => {
            let samples: u64 =
                BenchStage::ALL.iter().map(|stage| run.tally.stage(*stage).taken()).sum();
            let figures = run.tail.as_ref().map_or(0, |tail| tail.summary.len() + tail.loads.len());
            Amount { input: samples, output: figures as u64, queue: 0, progress: whole }
        }
        BenchStage::WarmUp | BenchStage::Rounds => {
            let all = plan::rounds(run, stage) * run.head.cells.len() as u64;
            let done: u64 = tally.done.values().sum();
            let queue = if is_over(standing) { 0 } else { all.saturating_sub(done) };
            Amount { input: tally.taken(), output: tally.good, queue, progress: share(done, all) }
        }
        _ => {
            let (done, all) = (u64::from(tally.steps), plan::steps(run, stage));
            let queue = if is_over(standing) { 0 } else { all.saturating_sub(done) };
            Amount { input: tally.taken(), output: tally.good, queue, progress: share(done, all) }
        }
    }
}

const fn is_over(standing: Standing) -> bool {
    !matches!(standing, Standing::Pending | Standing::Running)
}

/// The cells of a stage, each with how much of it is done and how much is to come; of a load with several
/// hands those too, each with how far it is behind the busiest.
fn partitions(run: &RunState, stage: BenchStage, standing: Standing) -> Vec<Partition> {
    let tally = run.tally.stage(stage);
    let each = match stage {
        BenchStage::Prepare | BenchStage::Figures => return Vec::new(),
        BenchStage::WarmUp | BenchStage::Rounds => plan::rounds(run, stage),
        _ => {
            let asked = run.cells().filter(|(_, cell)| run.head.plan.asks_for(cell)).count() as u64;
            let cells = (tally.done.len() as u64).max(1).min(asked.max(1));
            plan::steps(run, stage) / cells
        }
    };
    let rounds = matches!(stage, BenchStage::WarmUp | BenchStage::Rounds);
    let cells = run.cells().filter(|(index, _)| rounds || tally.done.contains_key(index));
    let alone = rounds && standing != Standing::Pending;
    let cells = cells.map(|(index, cell)| {
        let done = tally.done.get(&index).copied().unwrap_or(0);
        Partition {
            id: SafeText::new(&cell.name()),
            kind: skew::CELL.into(),
            latest: Some(each.max(done)),
            committed: Some(done),
            lag: Some(each.saturating_sub(done)),
            worker: if alone { worker::id(stage, 0) } else { SafeText::default() },
        }
    });
    cells.chain(skew::hands(stage, tally)).collect()
}

/// Whether it holds back what feeds it: arrivals wait, or some of its cells are far behind.
fn backpressure(run: &RunState, stage: BenchStage, running: bool) -> Option<bool> {
    let last = run.tally.pressure.iter().rev().find(|waiting| waiting.stage == stage);
    last.map(|waiting| running && waiting.active)
}

/// Why it did not come to its end.
fn error(run: &RunState, standing: Standing) -> Option<SafeText> {
    let is_cut = matches!(standing, Standing::Failed | Standing::CutOff);
    is_cut.then(|| match run.tail.as_ref().map(|tail| &tail.end) {
        Some(RunEnd::Failed { reason }) => reason.clone(),
        Some(RunEnd::Cancelled) => "cancelled before its end".into(),
        _ => super::SILENT.into(),
    })
}
