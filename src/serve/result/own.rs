//! `/v1/results`: runs of workflows with all that isomon knows of them.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::{self, Raw};
use super::loaded::Desk;
use super::{Exact, results};
use crate::model::workflow::result::TableView;
use crate::model::workflow::{RunMetadata, WorkflowRun};
use crate::serve::{Answer, Ask, Context, Door, Problem};
use crate::store::result::shelf::Brief;
use crate::store::result::{ResultDir, ResultFile};

/// Runs of a list unless said, and at most.
const LIMIT: usize = 20;
const LONGEST: i64 = 1_000;

/// Some runs, latest first.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "ResultList")]
struct List {
    /// These.
    results: Vec<Brief>,
    /// How many match.
    total: usize,
    /// How many were asked for.
    limit: usize,
    /// How many stand before these.
    offset: usize,
}

/// Which runs.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
struct Which {
    /// How many, 1 to 1000; 20 otherwise.
    limit: Option<i64>,
    /// How many are passed over.
    offset: Option<i64>,
    /// Words that all stand in the id, the workflow's name or the metadata.
    search: Option<String>,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Result")]
struct Whole {
    /// It in short.
    brief: Brief,
    /// isomon's `run.json`; `null` for a run of benchctl.
    run: Option<WorkflowRun>,
    /// Its `metadata.json`.
    metadata: RunMetadata,
    /// Its files, by name; those in `plots/` last.
    files: Vec<Entry>,
}

/// A file of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ResultFile")]
struct Entry {
    /// Its name.
    name: String,
    /// Its size.
    bytes: u64,
    /// Milliseconds since 1970 UTC when it was written.
    written_ms: i64,
}

pub(super) fn routes(door: Door) -> Door {
    door.get("/v1/results", "Runs of workflows, latest first", list)
        .get("/v1/results/{id}", "A run of a workflow", read)
        .get(
            "/v1/results/{id}/tables/{*name}",
            "What is in a table of a run: columns in short",
            table,
        )
        .time(Some(std::time::Duration::from_mins(1)))
        .get(
            "/v1/results/{id}/files/{*name}",
            "A file of a run, or `plots/` and one, as it is",
            raw,
        )
}

async fn list(context: Arc<Context>, ask: Ask<Which>) -> Answer<Exact<List>> {
    let limit = ask.query.limit.filter(|limit| (1..=LONGEST).contains(limit));
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(LIMIT);
    let offset = usize::try_from(ask.query.offset.unwrap_or(0)).unwrap_or(0);
    let mut runs = results(&context)?.briefs().await?;
    runs.retain(|run| matches(run, ask.query.search.as_deref().unwrap_or_default()));
    let total = runs.len();
    let results = runs.iter().skip(offset).take(limit).map(|run| Brief::clone(run)).collect();
    Ok(Exact(List { results, total, limit, offset }))
}

/// Whether every word of `search` stands in the id of `run`, its name or its metadata.
pub(in crate::serve) fn matches(run: &Brief, search: &str) -> bool {
    let pairs = run.custom.iter().map(|(key, value)| format!("{key}={value}"));
    let mut all: Vec<String> = pairs.collect();
    all.extend([run.id.clone(), run.benchmark_name.clone(), run.status.word().to_owned()]);
    let all = all.join("\n").to_lowercase();
    search.to_lowercase().split_whitespace().all(|word| all.contains(word))
}

async fn read(context: Arc<Context>, ask: Ask) -> Answer<Exact<Whole>> {
    let id = ask.part("id").to_owned();
    let work = move |dir: &ResultDir| {
        let files = files(dir).iter().map(entry).collect();
        let brief = Brief::of(&id, dir);
        Whole { brief, run: dir.run.clone(), metadata: dir.metadata.clone(), files }
    };
    results(&context)?.of(ask.part("id"), work).await.map(Exact)
}

/// The files of a run, its pictures in `plots/` last.
pub(in crate::serve) fn files(dir: &ResultDir) -> Vec<ResultFile> {
    let mut files = dir.files().unwrap_or_default();
    files.extend(dir.plots());
    files
}

fn entry(file: &ResultFile) -> Entry {
    Entry { name: file.name.clone(), bytes: file.bytes, written_ms: file.written_ms }
}

async fn table(context: Arc<Context>, ask: Ask) -> Answer<Exact<TableView>> {
    let (id, name) = (ask.part("id").to_owned(), ask.part("name").to_owned());
    let look = move |desk: &Desk| {
        let run = desk.load(&id, |other| other == name)?;
        Some(run.tables.into_iter().next())
    };
    let found = results(&context)?.look(look).await?;
    let found = found.ok_or_else(|| Problem::unknown("run not found"))?;
    match found.ok_or_else(|| Problem::unknown("this run has no such table"))?.1 {
        Ok(view) => Ok(Exact(TableView::clone(&view))),
        Err(why) => Err(Problem::new(422, format!("this table cannot be told: {why}"))),
    }
}

async fn raw(context: Arc<Context>, ask: Ask) -> Answer<Raw> {
    file::open(results(&context)?, ask.part("id"), ask.part("name")).await
}
