//! `GET /v1/stats/benchmark`: the latest run as a comparison of backends.
//!
//! Vulcan planned this and gave it no shape; this is isomon's. Every figure has its unit, its interval
//! and how many samples are behind it; what was not measured is null.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::backend::{BackendId, Start};
use crate::model::bench::{Cell, Figure as Kind, Preset};
use crate::model::id::RunId;
use crate::model::load::{LoadFigure, Rate, Stride};
use crate::model::run::{LeftOut, Run, RunEnd};
use crate::model::text::SafeText;
use crate::serve::run::{Wanted, begin};
use crate::serve::{Answer, Ask, Context, Door, Json, Permit, Problem};

/// Whether one is started.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
struct Wish {
    /// 1: start a new one, of half a minute; needs `--allow-bench` and the token.
    #[schemars(range(max = 1))]
    run: Option<u8>,
}

/// The latest run as a comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Comparison {
    /// The run; null where there is none yet.
    pub run_id: Option<RunId>,
    /// The run that was started by this very request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_run_id: Option<RunId>,
    /// The node it ran on.
    pub node: SafeText,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// How it ended: `completed`, `budget_spent`, `rounds_spent`, `cancelled`, `failed`.
    pub end: Option<&'static str>,
    /// What was done in each sandbox for `cold` and `warm`.
    pub payload: &'static str,
    /// How sure the intervals are.
    pub confidence: f64,
    /// The backends.
    pub backends: Vec<Row>,
    /// Backends that could not run, and why.
    pub left_out: Vec<LeftOut>,
}

/// A backend in comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Row {
    /// Its name.
    pub backend: &'static str,
    /// How strong its wall is.
    pub isolation: &'static str,
    /// From nothing to ready.
    pub cold: Option<Figure>,
    /// From what is kept ready to ready.
    pub warm: Option<Figure>,
    /// Results a second, at the number at once that had most.
    pub throughput: Option<Figure>,
    /// Memory of one that stands still.
    pub memory: Option<Figure>,
}

/// One figure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Figure {
    /// The median; of a rate the mean.
    pub value: f64,
    /// `s`, `1/s` or `bytes`.
    pub unit: &'static str,
    /// Lower end of its interval; null where too little is known.
    pub low: Option<f64>,
    /// Upper end of its interval.
    pub high: Option<f64>,
    /// Samples behind it.
    pub n: u32,
    /// Samples that failed.
    pub failures: u32,
    /// What was there already: `warm`, `pooled`, `snapshot`, `cached`; null for a cold start.
    pub start: Option<&'static str>,
    /// How many at once, of a rate or of what stands.
    pub at_once: Option<u32>,
}

pub(super) fn routes(door: Door) -> Door {
    door.get("/v1/stats/benchmark", "The latest comparison of backends", latest)
}

async fn latest(context: Arc<Context>, ask: Ask<Wish>) -> Answer<Json<Comparison>> {
    let started = match ask.query.run {
        Some(1) => Some(start(&context, &ask).await?),
        _ => None,
    };
    let latest = super::super::run::runs(&context)?.comparison().await?;
    match latest {
        Some(latest) => Ok(Json(Comparison { started_run_id: started, ..(*latest).clone() })),
        None if started.is_some() => {
            Ok(Json(Comparison { started_run_id: started, ..Comparison::default() }))
        }
        None => Err(Problem::unknown(
            "no benchmark has run here yet; POST /v1/runs starts one, as does `isomon bench`",
        )),
    }
}

/// Starts one. A browser asks with GET wherever it is led to, so this takes the token.
async fn start(context: &Context, ask: &Ask<Wish>) -> Answer<RunId> {
    context.permit(ask.caller, Permit::Bench)?;
    if !ask.caller.token {
        return Err(Problem::forbidden(
            "GET changes nothing without the token: start with --token-file, or POST /v1/runs",
        ));
    }
    let wanted = Wanted { preset: Some(Preset::Quick), ..Wanted::default() };
    begin(context, ask.caller, wanted).await
}

/// `run` as a comparison.
pub fn compare(run: &Run) -> Comparison {
    let head = &run.head;
    let payload = head.plan.payloads.first().copied();
    let mut backends: Vec<BackendId> = head.cells.iter().map(|cell| cell.backend).collect();
    backends.sort_unstable();
    backends.dedup();
    let row = |backend: BackendId| {
        let of = |start: Start| payload.map(|payload| Cell { backend, start, payload });
        let ready = [Start::Warm, Start::Pooled, Start::Snapshot, Start::Cached];
        Row {
            backend: backend.name(),
            isolation: backend.class().words(),
            cold: of(Start::Cold).and_then(|cell| times(run, cell)),
            warm: ready.into_iter().filter_map(of).find_map(|cell| times(run, cell)),
            throughput: throughput(run, backend),
            memory: memory(run, backend),
        }
    };
    Comparison {
        run_id: Some(head.id.clone()),
        started_run_id: None,
        node: head.fingerprint.hostname.clone(),
        started_at: head.started_at.clone(),
        end: run.tail.as_ref().map(|tail| end(&tail.end)),
        payload: payload.map_or("", |payload| payload.name()),
        confidence: 0.95,
        backends: backends.into_iter().map(row).collect(),
        left_out: head.left_out.clone(),
    }
}

const fn end(end: &RunEnd) -> &'static str {
    match end {
        RunEnd::Completed => "completed",
        RunEnd::BudgetSpent => "budget_spent",
        RunEnd::RoundsSpent => "rounds_spent",
        RunEnd::Cancelled => "cancelled",
        RunEnd::Failed { .. } => "failed",
    }
}

/// How long `cell` keeps one waiting.
fn times(run: &Run, cell: Cell) -> Option<Figure> {
    let index = run.head.cells.iter().position(|other| *other == cell)?;
    let summaries = run.tail.iter().flat_map(|tail| &tail.summary);
    let mut summaries =
        summaries.filter(|of| of.cell as usize == index && of.figure == Kind::Start);
    let (summary, estimate) = summaries.find_map(|of| Some((of, of.estimate.as_ref()?)))?;
    Some(Figure {
        value: estimate.median_seconds.0,
        unit: "s",
        low: estimate.low_seconds.map(|seconds| seconds.0),
        high: estimate.high_seconds.map(|seconds| seconds.0),
        n: summary.n,
        failures: summary.failures,
        start: (!matches!(cell.start, Start::Cold)).then(|| cell.start.name()),
        at_once: None,
    })
}

/// The best rate of `backend` from nothing.
fn throughput(run: &Run, backend: BackendId) -> Option<Figure> {
    let loads = run.tail.iter().flat_map(|tail| &tail.loads);
    let rates = loads.filter_map(|of| match (of.figure, of.stride) {
        (Some(LoadFigure::Rate(rate)), Stride::Throughput { at_once }) => {
            is_cold(run, of.cell, backend).then_some((of, rate, at_once))
        }
        _ => None,
    });
    let best =
        rates.max_by(|(_, one, _), (_, other, _)| one.per_second.total_cmp(&other.per_second));
    let (of, rate, at_once) = best?;
    let Rate { per_second, low_per_second, high_per_second } = rate;
    Some(Figure {
        value: per_second,
        unit: "1/s",
        low: low_per_second,
        high: high_per_second,
        n: of.n,
        failures: of.failures,
        start: None,
        at_once: Some(at_once),
    })
}

/// Memory of one of `backend` that stands still: by how much less is available, or its PSS.
fn memory(run: &Run, backend: BackendId) -> Option<Figure> {
    let mut loads = run.tail.iter().flat_map(|tail| &tail.loads);
    loads.find_map(|of| match (of.figure, of.stride) {
        (
            Some(LoadFigure::Memory { pss_each_bytes, available_each_bytes }),
            Stride::Memory { count },
        ) if is_cold(run, of.cell, backend) => Some(Figure {
            value: available_each_bytes.or(pss_each_bytes)?,
            unit: "bytes",
            n: of.n,
            failures: of.failures,
            at_once: Some(count),
            ..Figure::default()
        }),
        _ => None,
    })
}

fn is_cold(run: &Run, cell: u32, backend: BackendId) -> bool {
    let cell = run.head.cells.get(cell as usize);
    cell.is_some_and(|cell| cell.backend == backend && matches!(cell.start, Start::Cold))
}
