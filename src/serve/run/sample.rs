//! `/v1/runs/{id}/samples`: the samples of a run a page at a time, for who follows one that goes on or
//! does not want a hundred thousand of them at once.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{id, runs};
use crate::model::bench::Sample;
use crate::model::id::RunId;
use crate::serve::{Answer, Ask, Context, Json};

/// Samples of a page unless said, and at most; a sample is half a KiB.
const LIMIT: usize = 1_000;
const LONGEST: usize = 10_000;

/// Some samples of a run, in the order in which they ended.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct Page {
    /// The run's id.
    id: RunId,
    /// Whether more may come.
    live: bool,
    /// These. Their cells are those of `/v1/runs/{id}`.
    samples: Vec<Sample>,
    /// How many there are so far.
    total: usize,
    /// How many were asked for.
    limit: usize,
    /// How many stand before these; more than was asked for where those are not kept.
    offset: usize,
}

/// Which samples.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
pub(super) struct Which {
    /// How many, 1 to 10000; 1000 otherwise.
    limit: Option<i64>,
    /// How many are passed over.
    offset: Option<i64>,
}

pub(super) async fn read(context: Arc<Context>, ask: Ask<Which>) -> Answer<Json<Page>> {
    let id = id(&ask)?;
    let limit = ask.query.limit.and_then(|limit| usize::try_from(limit).ok());
    let limit = limit.filter(|limit| (1..=LONGEST).contains(limit)).unwrap_or(LIMIT);
    let offset = usize::try_from(ask.query.offset.unwrap_or(0)).unwrap_or(0);
    let live = {
        let state = context.state();
        let run = state.runs.get(&id).filter(|run| run.is_live());
        run.map(|run| run.page(offset, limit))
    };
    if let Some((offset, samples, total)) = live {
        return Ok(Json(Page { id, live: true, samples, total, limit, offset }));
    }
    let runs = runs(&context)?;
    let page = runs.page(&id, offset, limit).await?.ok_or_else(|| runs.none(&id))?;
    let (samples, total) = (page.samples, page.total);
    Ok(Json(Page { id, live: false, samples, total, limit, offset }))
}
