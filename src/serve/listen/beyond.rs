//! What goes on over a connection after its answer: a WebSocket.
//!
//! It counts as long as it lasts as a part of the connection: that keeps its seat, and when it is to end,
//! this ends.

use std::future::Future;

use hyper::upgrade::OnUpgrade;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// A connection that can become something else than HTTP.
#[derive(Clone, Debug)]
pub struct Upgrade {
    /// The stream, once the answer is sent.
    pub(in crate::serve) on: OnUpgrade,
    /// Where its further life belongs.
    pub(in crate::serve) beyond: Beyond,
}

/// What goes on over a connection.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Beyond {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Beyond {
    /// Nothing so far; what comes is to end at `stop`, or when the guard goes.
    pub(super) fn new(stop: &CancellationToken) -> (Self, DropGuard) {
        let stop = stop.child_token();
        (Self { tasks: TaskTracker::new(), stop: stop.clone() }, stop.drop_guard())
    }

    /// Goes on with `work`, which ends when it is told to.
    pub(in crate::serve) fn go_on<F>(&self, work: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(work(self.stop.clone()));
    }

    /// Waits until nothing goes on.
    pub(super) async fn over(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
