//! `GET /healthz`: the server answers.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Answer, Ask, Context, Door, Json};

/// How the server is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Health {
    /// `ok`.
    pub status: &'static str,
}

pub(super) fn routes(door: Door) -> Door {
    door.get("/healthz", "Whether the server answers", health)
}

async fn health(_: Arc<Context>, _: Ask) -> Answer<Json<Health>> {
    Ok(Json(Health { status: "ok" }))
}
