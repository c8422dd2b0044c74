//! `/api/runs`: runs in the shapes that benchctl's own page server gave them, for who has a program that
//! reads those.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::file::{self, Raw};
use super::{Exact, results};
use crate::model::workflow::RunMetadata;
use crate::serve::{Answer, Ask, Context, Door, Problem};
use crate::store::result::shelf::{Brief, Status};
use crate::store::result::{METADATA, ResultFile};

/// A run of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "BenchctlRun")]
struct Listed {
    /// Its id.
    id: String,
    /// The workflow's name.
    benchmark_name: String,
    /// When it began, RFC 3339.
    start_time: String,
    /// When it ended.
    end_time: String,
    /// What was said of it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    custom: BTreeMap<String, String>,
}

/// A run with its files.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "BenchctlDetail")]
struct Detail {
    /// Its `metadata.json`.
    metadata: RunMetadata,
    /// Its other files, by name.
    files: Vec<Entry>,
}

/// A file of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "BenchctlFile")]
struct Entry {
    /// Its name.
    name: String,
    /// The ending of its name, in lower case: `csv`.
    ext: String,
    /// Its size in bytes.
    size: u64,
    /// When it was written, RFC 3339.
    mtime: String,
    /// `csv`, `image`, `other`.
    kind: &'static str,
}

pub(super) fn routes(door: Door) -> Door {
    door.get("/api/runs", "Runs of workflows, latest first, in benchctl's shape", list)
        .get("/api/runs/{id}", "A run with its files, in benchctl's shape", read)
        .get("/api/runs/{id}/files/{*name}", "A file of a run, as it is", raw)
}

async fn list(context: Arc<Context>, _: Ask) -> Answer<Exact<Vec<Listed>>> {
    let runs = results(&context)?.briefs().await?;
    // What has not ended has no file of benchctl's yet.
    let ended = runs.iter().filter(|run| run.status != Status::Unfinished);
    Ok(Exact(ended.map(|run| listed(run)).collect()))
}

fn listed(run: &Brief) -> Listed {
    let (start_time, end_time) = (run.start_time.clone(), run.end_time.clone());
    let (id, benchmark_name) = (run.id.clone(), run.benchmark_name.clone());
    Listed { id, benchmark_name, start_time, end_time, custom: run.custom.clone() }
}

async fn read(context: Arc<Context>, ask: Ask) -> Answer<Exact<Detail>> {
    let work = |dir: &crate::store::result::ResultDir| {
        let files = dir.files().unwrap_or_default().iter().map(entry).collect();
        Detail { metadata: dir.metadata.clone(), files }
    };
    results(&context)?.of(ask.part("id"), work).await.map(Exact)
}

fn entry(file: &ResultFile) -> Entry {
    let ext = file::ending(&file.name);
    let kind = match ext.as_str() {
        "csv" => "csv",
        "png" | "jpg" | "jpeg" => "image",
        _ => "other",
    };
    let at = jiff::Timestamp::from_millisecond(file.written_ms).unwrap_or_default();
    Entry { name: file.name.clone(), ext, size: file.bytes, mtime: at.to_string(), kind }
}

async fn raw(context: Arc<Context>, ask: Ask) -> Answer<Raw> {
    let name = ask.part("name");
    if name == METADATA {
        return Err(file::unknown());
    }
    if name.contains(['/', '\\', '\0']) || matches!(name, "." | "..") {
        return Err(Problem::bad("invalid file name: it is a plain name, without a path"));
    }
    file::open(results(&context)?, ask.part("id"), name).await
}
