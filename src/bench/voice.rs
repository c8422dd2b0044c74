//! Tells those who listen what happens to a run.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::model::id::{RunId, SourceId};
use crate::model::run::RunEvent;
use crate::model::time::Clock;
use crate::model::update::{Notice, Update, What};

pub(super) struct Voice {
    pub(super) id: RunId,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) out: mpsc::Sender<Update>,
}

impl Voice {
    pub(super) async fn tell(&self, event: RunEvent) {
        let id = self.id.clone();
        self.say(What::Run { id, event }).await;
    }

    pub(super) async fn notice(&self, notice: Option<Notice>) {
        if let Some(notice) = notice {
            self.say(What::Notice(notice)).await;
        }
    }

    async fn say(&self, what: What) {
        let update = Update { at: self.clock.now(), from: SourceId::local(), what };
        // Nobody listens any more: the run is still written to disk, and ends by its token.
        self.out.send(update).await.ok();
    }
}
