//! `GET /v1/backends`: Vulcan's list, with what isomon knows beside it.
//!
//! A backend that cannot run here is listed too, with the reason; it supports nothing and takes none at
//! once, so that who reads Vulcan's fields alone does not choose it.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Answer, Ask, Context, Door, Json, Nothing, Permit};
use crate::model::backend::{BackendId, BackendStatus, Class, Readiness, Traits};
use crate::model::command::Command;
use crate::model::id::SourceId;
use crate::model::text::SafeText;

/// A backend.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Row {
    /// Its name.
    pub name: BackendId,
    /// What work it takes.
    pub capabilities: Capabilities,
    /// Whether it can run: `checking`, `ready`, `degraded`, `unavailable`.
    pub readiness: &'static str,
    /// What is missing; null if nothing is.
    pub reason: Option<SafeText>,
    /// What mends that.
    pub remedy: Option<SafeText>,
    /// What stands between the work and the host.
    pub class: Class,
    /// Version of the tool behind it.
    pub version: Option<SafeText>,
    /// Year and month of that tool, `2022-12`.
    pub dated: Option<SafeText>,
    /// What it gives to the work and what it bounds.
    pub traits: Traits,
}

/// What work a backend takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Capabilities {
    /// Its name.
    pub name: BackendId,
    /// What can be run in it.
    pub supported_runtimes: Vec<&'static str>,
    /// The words for `isolation` that mean it.
    pub supported_isolations: Vec<&'static str>,
    /// Sandboxes at once for which there is room; null where that is unknown.
    pub max_concurrency: Option<u32>,
}

pub(super) fn routes(door: Door) -> Door {
    door.get("/v1/backends", "The backends of this node, and whether each can run", list).post(
        "/v1/backends/check",
        "Try the backends again",
        Permit::Bench,
        check,
    )
}

/// What comes of it is told by the updates, and by the list.
async fn check(context: Arc<Context>, _: Ask<Nothing, Nothing>) -> Answer<Json<Vec<Row>>> {
    context.wish(Command::CheckBackends).await?;
    list(context, Ask::default()).await
}

async fn list(context: Arc<Context>, _: Ask) -> Answer<Json<Vec<Row>>> {
    let state = context.state();
    let known = state.nodes.get(&SourceId::local()).map(|node| node.backends.as_slice());
    let mut rows: Vec<Row> = known.unwrap_or_default().iter().map(row).collect();
    rows.sort_by_key(|row| row.name.name());
    Ok(Json(rows))
}

fn row(status: &BackendStatus) -> Row {
    let (readiness, why) = match &status.readiness {
        Readiness::Checking => ("checking", None),
        Readiness::Ready => ("ready", None),
        Readiness::Degraded { reason, remedy } => ("degraded", Some((reason, remedy))),
        Readiness::Unavailable { reason, remedy } => ("unavailable", Some((reason, remedy))),
    };
    let runs = status.readiness.runs();
    let runtimes = status.traits.runtimes.iter().filter(|_| runs);
    Row {
        name: status.id,
        capabilities: Capabilities {
            name: status.id,
            supported_runtimes: runtimes.map(|runtime| runtime.name()).collect(),
            supported_isolations: if runs { isolations(status.id) } else { Vec::new() },
            max_concurrency: if runs { status.traits.max_at_once } else { Some(0) },
        },
        readiness,
        reason: why.map(|(reason, _)| reason.clone()),
        remedy: why.map(|(_, remedy)| remedy.clone()),
        class: status.id.class(),
        version: status.version.clone(),
        dated: status.dated.clone(),
        traits: status.traits.clone(),
    }
}

/// Vulcan's word for the class of `id`, where it has one, and its own name.
fn isolations(id: BackendId) -> Vec<&'static str> {
    let family = match id.class() {
        Class::MicroVm => Some("microvm"),
        Class::Runtime => Some("isolate"),
        Class::UserKernel => Some("gvisor"),
        Class::None | Class::Namespaces | Class::Container | Class::Emulator => None,
    };
    family.into_iter().chain([id.name()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::job::Runtime;

    #[test]
    fn what_cannot_run_supports_nothing_and_says_why() {
        let mut status = BackendStatus::new(BackendId::GvisorPtrace);
        status.traits.runtimes = vec![Runtime::Command, Runtime::Python];
        status.readiness = Readiness::Ready;
        let ready = row(&status).capabilities;
        assert_eq!(ready.supported_isolations, ["gvisor", "gvisor-ptrace"]);
        assert_eq!(ready.supported_runtimes, ["command", "python"]);
        status.readiness =
            Readiness::Unavailable { reason: "no runsc".into(), remedy: "install it".into() };
        let gone = row(&status);
        assert!(gone.capabilities.supported_runtimes.is_empty());
        assert_eq!(gone.capabilities.max_concurrency, Some(0));
        assert_eq!(gone.reason, Some("no runsc".into()));
    }
}
