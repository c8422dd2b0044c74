//! Tells those who listen what happens to a run, and waits until they took it.

use tokio::sync::mpsc;

use crate::model::run::RunEvent;
use crate::model::update::Notice;

pub(super) struct Voice {
    pub(super) events: mpsc::Sender<RunEvent>,
    pub(super) notices: mpsc::Sender<Notice>,
}

impl Voice {
    pub(super) async fn tell(&self, event: RunEvent) {
        // Nobody listens any more: the run is still written to disk, and ends by its token.
        self.events.send(event).await.ok();
    }

    pub(super) async fn notice(&self, notice: Option<Notice>) {
        if let Some(notice) = notice {
            tracing::warn!("{}", notice.text);
            self.notices.send(notice).await.ok();
        }
    }
}
