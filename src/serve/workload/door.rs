//! The routes of workloads, as Vulcan has them. Each needs `--allow-exec`, and the token if there is
//! one: what ran here is nobody else's business.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::order::Order;
use super::shape::{self, Entry, History, List, Workload};
use super::stream::{Events, events};
use super::{Platform, problem, unknown};
use crate::serve::answer::{Begun, Made};
use crate::serve::door::Nothing;
use crate::serve::{Answer, Ask, Caller, Context, Door, Json, Permit, Problem, live};
use crate::store::workload::{Filter, Record};

/// Longest request, in bytes.
const BODY: usize = 15 << 20;
/// Workloads of a list unless said, and at most.
const LIMIT: u32 = 20;
const LONGEST: i64 = 100;
/// Lines that are read of a workload at a time.
const LINES: u32 = 10_000;
/// Time in which a workload is ended and cleared up.
const KILL: Duration = Duration::from_secs(30);

/// Which part of a list.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
struct Which {
    /// How many, 1 to 100; 20 otherwise.
    limit: Option<i64>,
    /// How many are passed over.
    offset: Option<i64>,
    /// Only those at this status.
    status: Option<String>,
    /// Only those that ran in this backend.
    backend: Option<String>,
}

pub(in crate::serve) fn routes(door: Door) -> Door {
    let exec = Permit::Exec;
    door.get("/v1/workloads", "Workloads, latest first", list)
        .post("/v1/workloads", "Run a workload, and answer when it is over", exec, run)
        .body(BODY)
        .time(None)
        .post("/v1/workloads/async", "Run a workload, and answer at once", exec, begin)
        .body(BODY)
        .get("/v1/workloads/{id}", "A workload", read)
        .delete("/v1/workloads/{id}", "End a workload that runs", exec, kill)
        .time(Some(KILL))
        .get("/v1/workloads/{id}/logs", "What a workload writes, as it comes", logs)
        .get("/v1/workloads/{id}/logs/history", "What a workload wrote", history)
}

/// The platform, for who may use it.
fn platform(context: &Context, caller: Caller) -> Answer<Arc<Platform>> {
    context.permit(caller, Permit::Exec)?;
    let platform = context.workloads.get();
    platform.cloned().ok_or_else(|| Problem::busy("workloads are not taken yet"))
}

async fn run(context: Arc<Context>, ask: Ask<Nothing, Order>) -> Answer<Made<Workload>> {
    let platform = platform(&context, ask.caller)?;
    let _stream = live::seat(&context, "begin it with POST /v1/workloads/async")?;
    let living = platform.submit(ask.body).await?;
    Ok(Made(living.ended().await.into()))
}

async fn begin(context: Arc<Context>, ask: Ask<Nothing, Order>) -> Answer<Begun<Workload>> {
    let living = platform(&context, ask.caller)?.submit(ask.body).await?;
    Ok(Begun(living.record().into()))
}

async fn list(context: Arc<Context>, ask: Ask<Which>) -> Answer<Json<List>> {
    let platform = platform(&context, ask.caller)?;
    let Which { limit, offset, status, backend } = ask.query;
    let limit = limit.filter(|limit| (1..=LONGEST).contains(limit));
    let limit = limit.and_then(|limit| u32::try_from(limit).ok()).unwrap_or(LIMIT);
    let offset = u64::try_from(offset.unwrap_or(0)).unwrap_or(0);
    let named = |word: String| {
        let words = "pending, running, completed, failed, killed";
        let wrong = format!("there is no status {word:?}; there are {words}");
        shape::status(&word).ok_or_else(|| Problem::bad(wrong))
    };
    let filter = Filter { status: status.map(named).transpose()?, backend };
    let page = platform.ledger.list(filter, limit, offset).await.map_err(problem)?;
    let workloads = page.records.into_iter().map(|record| platform.fresh(record).into()).collect();
    Ok(Json(List { workloads, total: page.total, limit, offset }))
}

async fn read(context: Arc<Context>, ask: Ask) -> Answer<Json<Workload>> {
    let found = platform(&context, ask.caller)?.read(ask.part("id")).await?;
    found.map(|record| Json(record.into())).ok_or_else(unknown)
}

async fn kill(context: Arc<Context>, ask: Ask) -> Answer<Json<Workload>> {
    let killed = platform(&context, ask.caller)?.kill(ask.part("id")).await?;
    Ok(Json(killed.into()))
}

async fn logs(context: Arc<Context>, ask: Ask) -> Answer<Events> {
    let platform = platform(&context, ask.caller)?;
    let found = platform.read(ask.part("id")).await?.ok_or_else(unknown)?;
    let last = ask.headers.get("last-event-id").and_then(|last| last.to_str().ok());
    let next = last.and_then(|last| last.trim().parse::<u64>().ok()?.checked_add(1));
    let stream = live::seat(&context, "read what there is at its logs/history")?;
    Ok(events(platform, found.id, next.unwrap_or(0), stream))
}

async fn history(context: Arc<Context>, ask: Ask) -> Answer<Json<History>> {
    let platform = platform(&context, ask.caller)?;
    let found = platform.read(ask.part("id")).await?.ok_or_else(unknown)?;
    let lines = match platform.alive(&found.id) {
        Some(living) => living.log().whole(),
        None => platform.ledger.lines(&found.id, 0, LINES).await.map_err(problem)?,
    };
    let lines = lines.into_iter().map(Entry::from).collect();
    Ok(Json(History { workload_id: found.id, lines }))
}

impl Platform {
    /// `record` as it is now, where it is not over.
    pub(super) fn fresh(&self, record: Record) -> Record {
        match self.alive(&record.id) {
            Some(living) => Record { output: record.output, ..living.record() },
            None => record,
        }
    }
}
