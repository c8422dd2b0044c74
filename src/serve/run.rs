//! `/v1/runs`: benchmarks begun, read and ended over HTTP.
//!
//! One goes on at a time. What a client may plan is bounded here; a plan with work of its own is a
//! program, and needs what programs need.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, watch};

use super::answer::{Begun, Reply, with_type};
use super::door::Nothing;
use super::stat::{Comparison, compare};
use super::workload::random;
use super::{Answer, Ask, Caller, Context, Door, Json, Permit, Problem};
use crate::model::bench::{Plan, Preset};
use crate::model::command::Command;
use crate::model::id::RunId;
use crate::model::run::{Run, StoredRun};
use crate::model::text::SafeText;
use crate::model::workflow::WorkflowEvent;
use crate::report::run_json;
use crate::store::result::ResultDir;
use crate::store::{self, Listed, RunDir, run_dir};

mod plan;
mod sample;

/// Runs that are read at the same time; one may be large.
const READ_AT_ONCE: usize = 2;
/// Time the hub has to take a wish.
const TAKEN: Duration = Duration::from_secs(5);
/// Runs of a list unless said, and at most.
const LIMIT: usize = 20;
const LONGEST: i64 = 100;
/// Longest plan, in bytes.
const BODY: usize = 1 << 20;

/// The runs that are kept, and the one that goes on.
#[derive(Debug)]
pub struct Runs {
    directory: PathBuf,
    running: watch::Receiver<Option<RunId>>,
    reading: Semaphore,
    /// The latest comparison, so that a run is read once.
    latest: Mutex<Option<Arc<Comparison>>>,
}

/// What is to be measured: a whole plan, or a preset with what is set of it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The run's id, `YYYYMMDD-HHMMSS-` and eight hexadecimal digits; made unless said.
    pub id: Option<RunId>,
    /// The whole plan, as in a run's JSON. Nothing else may be set then.
    pub plan: Option<Box<Plan>>,
    /// How much effort is made: `quick` unless said.
    pub preset: Option<Preset>,
    /// Backends by name, or families of them; those that are ready unless said.
    pub backends: Option<Vec<String>>,
    /// `noop`, `cpu`, `memory`, `syscall`, `io`; the preset's unless said.
    pub payloads: Option<Vec<String>>,
    /// Its name.
    pub name: Option<SafeText>,
}

/// A run that was begun or is being ended.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Told {
    /// Its id.
    pub id: RunId,
    /// `started` or `cancelling`.
    pub status: &'static str,
}

/// Runs, latest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct List {
    /// These.
    pub runs: Vec<Entry>,
    /// How many there are.
    pub total: usize,
    /// How many were asked for.
    pub limit: usize,
    /// How many were passed over.
    pub offset: usize,
}

/// A run in a list.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Entry {
    /// Its id, which sorts by time.
    pub id: RunId,
    /// `running`, `finished`, or `cut_off` for one that was not written to its end.
    pub status: &'static str,
}

/// Which part of a list.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
struct Which {
    /// How many, 1 to 100; 20 otherwise.
    limit: Option<i64>,
    /// How many are passed over.
    offset: Option<i64>,
}

/// A whole run, as its file has it.
#[derive(Debug)]
struct Whole(String);

impl Reply for Whole {
    const STATUS: u16 = 200;
    const MEDIA: &'static str = "application/json";

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Run>()
    }

    fn respond(self) -> axum::response::Response {
        with_type(Self::STATUS, Self::MEDIA, self.0.into())
    }
}

pub(super) fn routes(door: Door) -> Door {
    door.get("/v1/runs", "Benchmarks, latest first", list)
        .post("/v1/runs", "Start a benchmark", Permit::Bench, start)
        .body(BODY)
        .get("/v1/runs/{id}", "A benchmark with every sample", read)
        .time(Some(Duration::from_mins(1)))
        .get("/v1/runs/{id}/samples", "Samples of a benchmark, in their order", sample::read)
        .time(Some(Duration::from_mins(1)))
        .delete("/v1/runs/{id}", "End a benchmark; what it has stays", Permit::Bench, cancel)
}

/// The runs of this server.
pub(super) fn runs(context: &Context) -> Answer<&Runs> {
    context.runs.get().ok_or_else(|| Problem::busy("runs are not known yet"))
}

impl Runs {
    /// The runs in `directory`, of which `running` goes on.
    pub fn new(directory: PathBuf, running: watch::Receiver<Option<RunId>>) -> Self {
        let reading = Semaphore::new(READ_AT_ONCE);
        Self { directory, running, reading, latest: Mutex::default() }
    }

    /// The run that goes on.
    fn running(&self) -> Option<RunId> {
        self.running.borrow().clone()
    }

    async fn list(&self) -> Answer<Vec<Listed>> {
        let directory = self.directory.clone();
        let listing = tokio::task::spawn_blocking(move || store::list(&directory)).await;
        let mut found = listing.map_err(fault)?.map_err(fault)?;
        // A link leads to a workflow's run, which is told elsewhere.
        found.retain(|run| !run.path.is_symlink());
        Ok(found)
    }

    /// Every run in short, latest first.
    pub(super) async fn briefs(&self) -> Answer<Vec<StoredRun>> {
        let own: Vec<RunId> = self.list().await?.into_iter().map(|run| run.id).collect();
        let directory = self.directory.clone();
        let listing = tokio::task::spawn_blocking(move || store::briefs(&directory)).await;
        let mut found = listing.map_err(fault)?.map_err(fault)?;
        found.retain(|run| own.contains(&run.id));
        Ok(found)
    }

    /// A run that is kept.
    pub(super) async fn read(&self, id: &RunId) -> Answer<Option<Run>> {
        let path = self.directory.join(id.as_str());
        if !path.is_dir() || path.is_symlink() {
            return Ok(None);
        }
        let _one = self.reading.acquire().await.map_err(fault)?;
        let reading = tokio::task::spawn_blocking(move || RunDir::read(&path)).await;
        reading.map_err(fault)?.map(Some).map_err(fault)
    }

    /// What happened in the workflow's run `id`, earliest first.
    pub(super) async fn events(&self, id: &RunId) -> Answer<Vec<WorkflowEvent>> {
        let path = self.directory.join(id.as_str());
        let _one = self.reading.acquire().await.map_err(fault)?;
        let reading = move || ResultDir::open(&path)?.events();
        tokio::task::spawn_blocking(reading).await.map_err(fault)?.map_err(fault)
    }

    /// Whether `id` is a workflow's run: a link leads to it.
    pub(super) fn is_flow(&self, id: &RunId) -> bool {
        self.directory.join(id.as_str()).is_symlink()
    }

    /// That there is no benchmark `id`; where it can be read if it is another kind of run.
    fn none(&self, id: &RunId) -> Problem {
        if self.is_flow(id) {
            let said = format!("run {id} is a workflow's, which /v1/results/{id} tells of");
            return Problem::unknown(said);
        }
        unknown()
    }

    /// Some of the samples of run `id`.
    async fn page(&self, id: &RunId, offset: usize, most: usize) -> Answer<Option<run_dir::Page>> {
        let path = self.directory.join(id.as_str());
        if !path.is_dir() || path.is_symlink() {
            return Ok(None);
        }
        let _one = self.reading.acquire().await.map_err(fault)?;
        let reading = move || RunDir::page(&path, offset, most);
        tokio::task::spawn_blocking(reading).await.map_err(fault)?.map(Some).map_err(fault)
    }

    /// The latest run that was finished, as a comparison.
    pub(super) async fn comparison(&self) -> Answer<Option<Arc<Comparison>>> {
        let Some(latest) = self.list().await?.into_iter().find(|run| run.finished) else {
            return Ok(None);
        };
        let kept = self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(kept) = kept.filter(|kept| kept.run_id.as_ref() == Some(&latest.id)) {
            return Ok(Some(kept));
        }
        let Some(run) = self.read(&latest.id).await? else { return Ok(None) };
        let compared = Arc::new(compare(&run));
        let mut kept = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Some(Arc::clone(kept.insert(compared))))
    }
}

async fn list(context: Arc<Context>, ask: Ask<Which>) -> Answer<Json<List>> {
    let runs = runs(&context)?;
    let running = runs.running();
    let entry = |run: &Listed| {
        let live = running.as_ref() == Some(&run.id);
        let over = if run.finished { "finished" } else { "cut_off" };
        Entry { id: run.id.clone(), status: if live { "running" } else { over } }
    };
    let limit = ask.query.limit.filter(|limit| (1..=LONGEST).contains(limit));
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(LIMIT);
    let offset = usize::try_from(ask.query.offset.unwrap_or(0)).unwrap_or(0);
    let mut all: Vec<Entry> = runs.list().await?.iter().map(entry).collect();
    // One that is being prepared is not on the disk yet.
    let prepared = running.filter(|id| all.iter().all(|run| run.id != *id));
    all.splice(0..0, prepared.map(|id| Entry { id, status: "running" }));
    let total = all.len();
    let runs = all.into_iter().skip(offset).take(limit).collect();
    Ok(Json(List { runs, total, limit, offset }))
}

async fn read(context: Arc<Context>, ask: Ask) -> Answer<Whole> {
    let id = id(&ask)?;
    let live = context
        .state()
        .runs
        .get(&id)
        .filter(|run| run.is_live())
        .map(crate::state::RunState::whole);
    let run = match live {
        Some(run) => Some(run),
        None => runs(&context)?.read(&id).await?,
    };
    let Some(run) = run else { return Err(runs(&context)?.none(&id)) };
    let json = tokio::task::spawn_blocking(move || run_json::json(&run)).await;
    Ok(Whole(json.map_err(fault)?.map_err(fault)?))
}

async fn start(context: Arc<Context>, ask: Ask<Nothing, Wanted>) -> Answer<Begun<Told>> {
    let id = begin(&context, ask.caller, ask.body).await?;
    Ok(Begun(Told { id, status: "started" }))
}

/// Begins a run; who asks was asked for the permit before.
pub(super) async fn begin(context: &Context, caller: Caller, wanted: Wanted) -> Answer<RunId> {
    let runs = runs(context)?;
    if let Some(id) = runs.running() {
        return Err(going_on(&id));
    }
    let plan = plan::read(context, caller, &wanted)?;
    let id = wanted.id.unwrap_or_else(|| RunId::new(context.clock.now().wall_ms, random()));
    if runs.directory.join(id.as_str()).exists() {
        return Err(Problem::new(409, format!("there is a run {id} already")));
    }
    context.wish(Command::BenchAs { id: id.clone(), plan: Box::new(plan) }).await?;
    let mut running = runs.running.clone();
    let taken = running.wait_for(Option::is_some);
    let taken = match tokio::time::timeout(TAKEN, taken).await {
        Ok(Ok(taken)) => taken.clone(),
        _ => None,
    };
    match taken {
        Some(taken) if taken == id => Ok(id),
        Some(other) => Err(going_on(&other)),
        None => {
            Err(Problem::busy("the benchmark could not be begun: something else is being done"))
        }
    }
}

async fn cancel(context: Arc<Context>, ask: Ask) -> Answer<Json<Told>> {
    let (id, runs) = (id(&ask)?, runs(&context)?);
    if runs.running().as_ref() != Some(&id) {
        return Err(if runs.directory.join(id.as_str()).is_dir() {
            Problem::new(409, format!("run {id} is over"))
        } else {
            unknown()
        });
    }
    context.wish(Command::Cancel(id.clone())).await?;
    Ok(Json(Told { id, status: "cancelling" }))
}

fn id<Q, B>(ask: &Ask<Q, B>) -> Answer<RunId> {
    RunId::parse(ask.part("id")).ok_or_else(unknown)
}

fn unknown() -> Problem {
    Problem::unknown("run not found")
}

fn going_on(id: &RunId) -> Problem {
    Problem::new(409, format!("run {id} is going on; DELETE /v1/runs/{id} ends it"))
}

fn fault(error: impl std::fmt::Display) -> Problem {
    Problem::new(500, error.to_string())
}
