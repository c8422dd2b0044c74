//! Workflows of this machine: run, gone on with, told again.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Local, new_id, sentence};
use crate::bench::fingerprint::machine;
use crate::host::{self, Ask};
use crate::model::id::RunId;
use crate::model::text::SafeText;
use crate::model::time::SystemClock;
use crate::model::update::Update;
use crate::model::workflow::{WorkflowEvent, WorkflowWish};
use crate::store::result::ResultDir;
use crate::workflow::{self, Job, Loaded, Outcome, opener};

impl Local {
    /// Reads the workflow that `wish` names.
    pub fn load(&self, wish: WorkflowWish) -> Result<Loaded, workflow::Error> {
        workflow::load(wish, &self.runs)
    }

    /// Runs a workflow that was read; `ask` asks the user for passwords. Nothing measures meanwhile.
    pub async fn flow(
        &self,
        id: Option<RunId>,
        loaded: Loaded,
        ask: Option<Arc<dyn Ask>>,
        out: mpsc::Sender<Update>,
        cancel: CancellationToken,
    ) -> Result<Outcome, workflow::Error> {
        let _alone = self.alone(&out, &cancel).await.map_err(workflow::Error::Fault)?;
        let exe = std::env::current_exe()
            .map_err(|why| workflow::Error::Fault(SafeText::new(&why.to_string())))?;
        let options = host::Options { program: exe.clone(), ask, ..host::Options::default() };
        let id = loaded.wish.id.clone().or(id).unwrap_or_else(new_id);
        let job = Job {
            id,
            loaded,
            open: opener(options),
            runs: self.runs.clone(),
            fingerprint: machine(&self.roots),
            exe,
            clock: Arc::new(SystemClock),
            out,
            cancel,
        };
        job.run().await
    }

    /// The same, from its wish on, where nobody can be asked; what is wrong in a sentence.
    pub(super) async fn flow_by_wish(
        &self,
        id: RunId,
        wish: WorkflowWish,
        out: mpsc::Sender<Update>,
        cancel: CancellationToken,
    ) -> Result<(), SafeText> {
        let loaded = self.load(wish).map_err(words)?;
        let outcome = self.flow(Some(id), loaded, None, out, cancel).await.map_err(words)?;
        outcome.unkept.map_or(Ok(()), Err)
    }

    /// Whether run `id` is a workflow's.
    pub(super) fn is_flow(&self, id: &RunId) -> bool {
        self.runs.join(id.as_str()).is_symlink()
    }

    /// What happened in the workflow's run `id`; `None` where it is no workflow's.
    pub(super) fn flow_events(&self, id: &RunId) -> Result<Option<Vec<WorkflowEvent>>, SafeText> {
        if !self.is_flow(id) {
            return Ok(None);
        }
        let dir = ResultDir::open(&self.runs.join(id.as_str())).map_err(sentence)?;
        dir.events().map(Some).map_err(sentence)
    }
}

/// Why a workflow is not run, in a sentence.
fn words(error: workflow::Error) -> SafeText {
    match error {
        workflow::Error::Mistakes(mistakes) => {
            let first = mistakes.first().map(|mistake| mistake.what.as_str()).unwrap_or_default();
            let more = match mistakes.len().saturating_sub(1) {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            format!("the workflow has mistakes: {first}{more}; `isomon run --check` shows them")
                .into()
        }
        workflow::Error::Wish { what, remedy } => format!("{what}: {remedy}").into(),
        other => sentence(other),
    }
}
