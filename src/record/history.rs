//! Keeps the numbers of nodes and GPUs: the hub's updates, as rows, written once a second by one thread.
//!
//! Whatever befalls the file, isomon goes on: what cannot be written waits in a bounded queue, the oldest
//! of it is dropped and counted, and what went wrong is told once. Where another isomon writes already,
//! this one only reads, and takes over when the other ends.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::model::update::{Notice, Update, What};
use crate::store::history::Keep;
use crate::track::{self, Row};
use crate::watch::Outlet;

mod queue;
mod scribe;

use queue::Queue;
use scribe::Scribe;

/// Rows that may wait: some minutes of a hundred nodes.
const ROOM: usize = 65_536;
/// Sentences that may wait to be told.
const SENTENCES: usize = 16;
/// How long is waited for the last rows.
const LAST: Duration = Duration::from_secs(3);

/// A history that is being kept.
#[derive(Debug)]
pub struct Recording {
    drain: JoinHandle<()>,
    speak: JoinHandle<()>,
}

/// Keeps what comes of `updates` in `dir`, until there are no more. What befalls it is told through
/// `outlet`. An error means that there can be no more threads.
pub fn begin(
    dir: PathBuf,
    keep: Keep,
    mut updates: mpsc::Receiver<Update>,
    outlet: Outlet,
) -> io::Result<Recording> {
    let queue = Arc::new(Queue::new(ROOM));
    let (say, mut said) = mpsc::channel::<Notice>(SENTENCES);
    let scribe = Scribe::new(dir, keep, say);
    let taken = Arc::clone(&queue);
    thread::Builder::new().name("history".to_owned()).spawn(move || work(scribe, &taken))?;
    let drain = tokio::spawn(async move {
        while let Some(update) = updates.recv().await {
            queue.put(track::rows(&update));
        }
        queue.close();
    });
    let speak = tokio::spawn(async move {
        while let Some(notice) = said.recv().await {
            outlet.send(What::Notice(notice)).await;
        }
    });
    Ok(Recording { drain, speak })
}

impl Recording {
    /// Waits until the last rows are written, but not long; the updates must have ended.
    pub async fn end(self) {
        let last = async {
            // The thread's own end closes its way to tell.
            self.drain.await.ok();
            self.speak.await.ok();
        };
        if tokio::time::timeout(LAST, last).await.is_err() {
            tracing::warn!("the last second of the history could not be written in time");
        }
    }
}

fn work(mut scribe: Scribe, queue: &Queue) {
    loop {
        let taken = queue.take();
        scribe.turn(taken.rows, taken.lost);
        if taken.over {
            return;
        }
    }
}

/// What was taken out of the queue.
#[derive(Debug, Default)]
struct Taken {
    rows: VecDeque<Row>,
    /// Rows that found no room since the last time.
    lost: u64,
    /// Nothing will come any more.
    over: bool,
}
