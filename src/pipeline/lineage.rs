//! What a run read and made, and of what: plan → stages → parts of the work → files → figures, plots.
//!
//! Hashes are known of files alone, and only after they were written to their end.

use super::{stage, worker};
use crate::model::bench::BenchStage;
use crate::model::pipeline::Artifact;
use crate::model::run::CHECKPOINTS;
use crate::model::text::SafeText;
use crate::state::RunState;

/// Figures that are told at most; every one has the same origin.
const FIGURES: usize = 512;
/// What a plan reads and is.
const PLAN: &str = "plan";
/// The file of samples, and that of steps.
const SAMPLES: &str = "samples.ndjson";
const STEPS: &str = "steps.ndjson";
/// The whole run.
const RUN: &str = "run.json";

/// Everything that `run` read and made, what was first first.
pub(super) fn lineage(run: &RunState) -> Vec<Artifact> {
    let mut all = inputs(run);
    all.extend(stages(run));
    all.extend(parts(run));
    let own = files(run);
    let told = run.files.iter().filter(|file| own.iter().all(|own| own.id != file.id)).cloned();
    let told: Vec<Artifact> = told.collect();
    all.extend(own);
    all.extend(figures(run));
    all.extend(told);
    all
}

fn artifact(id: &str, kind: &str, parents: Vec<SafeText>) -> Artifact {
    Artifact { id: SafeText::new(id), kind: kind.into(), parents, ..Artifact::default() }
}

fn inputs(run: &RunState) -> Vec<Artifact> {
    let plan = &run.head.plan;
    let kernel = plan.kernel.as_ref().map(|kernel| kernel.image.as_path());
    let initrd = plan.kernel.as_ref().and_then(|kernel| kernel.initrd.as_deref());
    let job = plan.job.as_ref();
    let paths = [
        kernel,
        initrd,
        job.and_then(|job| job.from.as_deref()),
        job.and_then(|job| job.root.as_deref()),
    ];
    let read = paths.into_iter().flatten();
    let mut all: Vec<Artifact> =
        read.map(|path| artifact(&path.to_string_lossy(), "input", Vec::new())).collect();
    let parents = all.iter().map(|file| file.id.clone()).collect();
    let cells = run.head.cells.len() as u64;
    all.push(Artifact { records: Some(cells), ..artifact(PLAN, "input", parents) });
    all
}

fn stages(run: &RunState) -> impl Iterator<Item = Artifact> {
    let edges = stage::edges(&run.head.plan);
    let all = BenchStage::planned(&run.head.plan).filter(|stage| *stage != BenchStage::Figures);
    all.map(move |stage| {
        let fed = edges.iter().filter(|(_, to)| to.as_str() == stage.name());
        let mut parents: Vec<SafeText> = fed.map(|(from, _)| from.clone()).collect();
        if parents.is_empty() {
            parents.push(PLAN.into());
        }
        let records = Some(run.tally.stage(stage).taken()).filter(|taken| *taken > 0);
        let name = SafeText::from(stage.name());
        Artifact { stage: name, records, ..artifact(stage.name(), "stage", parents) }
    })
}

/// The cells, each with the samples of all rounds.
fn parts(run: &RunState) -> impl Iterator<Item = Artifact> {
    run.cells().filter_map(|(index, cell)| {
        let done = run.tally.stage(BenchStage::Rounds).done.get(&index)?;
        let parents = vec![BenchStage::Rounds.name().into()];
        Some(Artifact {
            stage: BenchStage::Rounds.name().into(),
            worker: worker::id(BenchStage::Rounds, 0),
            records: Some(*done),
            ..artifact(&cell.name(), "part", parents)
        })
    })
}

/// The files that every run has.
fn files(run: &RunState) -> Vec<Artifact> {
    let loads =
        BenchStage::planned(&run.head.plan).filter(|stage| stage.load(&run.head.plan).is_some());
    let loads: Vec<SafeText> = loads.map(|stage| stage.name().into()).collect();
    let named = |stage: BenchStage| SafeText::from(stage.name());
    let mut parts: Vec<SafeText> = parts(run).map(|part| part.id).collect();
    if run.tally.stage(BenchStage::WarmUp).taken() > 0 {
        parts.push(named(BenchStage::WarmUp));
    }
    let taken = [BenchStage::WarmUp, BenchStage::Rounds].map(|of| run.tally.stage(of).taken());
    let with_loads = !loads.is_empty();
    let mut rows = vec![(SAMPLES, parts, named(BenchStage::Rounds), taken.iter().sum())];
    if with_loads {
        let last = loads.last().cloned().unwrap_or_default();
        let steps = BenchStage::ALL.iter().map(|of| u64::from(run.tally.stage(*of).steps)).sum();
        rows.push((STEPS, loads, last, steps));
    }
    let all: Vec<SafeText> =
        BenchStage::ALL.iter().filter(|of| of.is_in(&run.head.plan)).map(|of| named(*of)).collect();
    rows.push(("events.ndjson", all.clone(), SafeText::default(), run.moments.len() as u64));
    rows.push(("log.ndjson", all, SafeText::default(), run.log.len() as u64 + run.log_dropped));
    let reached = run.checkpoints.len().min(CHECKPOINTS) as u64;
    rows.push(("checkpoint.json", vec![SAMPLES.into()], SafeText::default(), reached));
    if run.tail.is_some() {
        let of = if with_loads { vec![SAMPLES.into(), STEPS.into()] } else { vec![SAMPLES.into()] };
        rows.push((RUN, of, named(BenchStage::Figures), 1));
    }
    rows.into_iter()
        .map(|(id, parents, stage, records)| file(run, id, parents, stage, records))
        .collect()
}

/// A file, with its hash and size where those are known.
fn file(
    run: &RunState,
    id: &str,
    parents: Vec<SafeText>,
    stage: SafeText,
    records: u64,
) -> Artifact {
    let told = run.files.iter().find(|file| file.id.as_str() == id);
    Artifact {
        stage,
        sha256: told.and_then(|file| file.sha256.clone()),
        bytes: told.and_then(|file| file.bytes),
        records: told.and_then(|file| file.records).or(Some(records)),
        ..artifact(id, "file", parents)
    }
}

/// What is known of each cell, made of its samples.
fn figures(run: &RunState) -> impl Iterator<Item = Artifact> {
    let known = run.summary.iter().filter(|of| of.estimate.is_some()).take(FIGURES);
    known.filter_map(|of| {
        let cell = run.head.cells.get(of.cell as usize)?.name();
        let parents = vec![SafeText::new(&cell), SAMPLES.into()];
        Some(Artifact {
            stage: BenchStage::Figures.name().into(),
            records: Some(u64::from(of.n)),
            ..artifact(&format!("{} of {cell}", of.figure.name()), "figure", parents)
        })
    })
}
