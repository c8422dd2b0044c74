//! Making a backend ready on this machine.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Local;
use crate::backend;
use crate::model::backend::{BackendId, BackendStatus, Mend, Readiness};
use crate::model::bench::Limits;
use crate::model::text::SafeText;

/// The commands that make a backend ready, and the backends they are for: gVisor's platforms, say,
/// have one tool.
struct Remedy {
    commands: Vec<Vec<String>>,
    cured: Vec<BackendId>,
}

impl Local {
    /// Tries `backends` and remembers what came of it; everything known by then, in order.
    pub async fn try_these(&self, backends: &[BackendId]) -> Result<Vec<BackendStatus>, SafeText> {
        let mut known = self.known.write().await;
        let cancel = CancellationToken::new();
        self.try_out(backends, &mut known, &cancel, |_| {}).await?;
        known.sort_by_key(|status| status.id);
        Ok(known.clone())
    }

    /// Runs what makes `id` ready, then tries it, and what the same commands are for, again; not
    /// when it was cancelled, since who does that is about to leave.
    pub(super) async fn make_ready(
        &self,
        id: BackendId,
        out: mpsc::Sender<Mend>,
        cancel: &CancellationToken,
    ) -> Result<Vec<BackendStatus>, SafeText> {
        let remedy = remedy(&self.known.read().await, id)?;
        let settings = self.settings(Limits::default())?;
        let ended = backend::mend(&settings, id, &remedy.commands, &out, cancel).await;
        // A listener that has gone needs no end.
        out.send(Mend::Ended { failed: ended.err() }).await.ok();
        drop(out);
        if cancel.is_cancelled() {
            return Ok(self.known.read().await.clone());
        }
        self.try_these(&remedy.cured).await
    }
}

/// What makes `id` ready, by what was known of it when it was tried here.
fn remedy(known: &[BackendStatus], id: BackendId) -> Result<Remedy, SafeText> {
    let status = known.iter().find(|status| status.id == id);
    let status = status.ok_or_else(|| SafeText::from(format!("{id} was not tried yet")))?;
    if matches!(status.readiness, Readiness::Ready) {
        return Err(format!("{id} is ready").into());
    }
    if status.mend.is_empty() {
        return Err(format!("isomon knows no command that makes {id} ready").into());
    }
    let alike = |other: &&BackendStatus| other.mend == status.mend;
    let cured = known.iter().filter(alike).map(|status| status.id).collect();
    Ok(Remedy { commands: status.mend.clone(), cured })
}
