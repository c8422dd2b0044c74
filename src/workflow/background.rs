//! What goes on while later stages run, and its end.

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::running::{Gone, Running};
use crate::model::text::SafeText;

/// Something in the background. Dropped, it is ended.
#[derive(Debug)]
pub(super) struct Background {
    pub(super) at: usize,
    pub(super) pid: Option<u32>,
    pub(super) begun: tokio::time::Instant,
    stop: CancellationToken,
    over: watch::Receiver<bool>,
    task: AbortOnDropHandle<Over>,
}

/// How it went.
#[derive(Debug)]
pub(super) struct Over {
    pub(super) gone: Gone,
    /// Its last lines.
    pub(super) last: Vec<SafeText>,
    /// What it wrote.
    pub(super) out: String,
}

impl Background {
    /// Hears `running`, which is the task at `at`, in a task of its own.
    pub(super) fn begin(at: usize, mut running: Running) -> Self {
        let (pid, stop) = (running.pid(), CancellationToken::new());
        let (ended, over) = watch::channel(false);
        let token = stop.clone();
        let task = tokio::spawn(async move {
            let gone = running.hear(&token).await;
            ended.send_replace(true);
            if !token.is_cancelled() {
                // It ended, and what it started goes on with the others.
                token.cancelled().await;
            }
            Over { gone, last: running.voice.last(), out: running.voice.out() }
        });
        let begun = tokio::time::Instant::now();
        Self { at, pid, begun, stop, over, task: AbortOnDropHandle::new(task) }
    }

    /// Whether it ended by itself.
    pub(super) fn is_over(&self) -> bool {
        *self.over.borrow()
    }

    /// Waits until it ends by itself.
    pub(super) async fn over(&self) {
        // An error means that nobody hears it any more.
        self.over.clone().wait_for(|over| *over).await.ok();
    }

    /// Asks it to end, and ends it two seconds later; how it went.
    pub(super) async fn end(self) -> Over {
        self.stop.cancel();
        self.task.await.unwrap_or_else(|why| {
            let gone = Gone::Lost(SafeText::new(&why.to_string()));
            Over { gone, last: Vec::new(), out: String::new() }
        })
    }
}
