//! This machine as the one who runs workloads that clients of `isomon serve` send.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Local;
use crate::backend::{Ended, Refusal, Task};
use crate::model::backend::{BackendId, BackendStatus};
use crate::model::job::Chunk;
use crate::model::text::SafeText;
use crate::serve::workload::{Runner, Turn, Waited};

impl Runner for Local {
    fn known<'a>(
        &'a self,
        ids: &'a [BackendId],
    ) -> Waited<'a, Result<Vec<BackendStatus>, SafeText>> {
        Box::pin(async move {
            let known = self.known.read().await.clone();
            let is_new = |id: &&BackendId| known.iter().all(|status| status.id != **id);
            let new: Vec<BackendId> = ids.iter().filter(is_new).copied().collect();
            if new.is_empty() { Ok(known) } else { self.try_these(&new).await }
        })
    }

    fn turn(&self) -> Waited<'_, Turn> {
        Box::pin(async move { Box::new(Arc::clone(&self.known).read_owned().await) as Turn })
    }

    fn run(
        &self,
        task: Task,
        out: mpsc::Sender<Chunk>,
        cancel: CancellationToken,
    ) -> Waited<'_, Result<Option<Ended>, Refusal>> {
        Box::pin(self.exec_now(task, out, cancel))
    }
}
