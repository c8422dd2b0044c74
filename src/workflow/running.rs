//! Something that runs on a host, with what it writes: started, heard to its end, or ended.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::voice::Voice;
use crate::host::{End, Error, Host, Order, Piece, Process};
use crate::model::text::SafeText;

/// Pieces of output that may wait.
const PIECES: usize = 64;
/// How often lines are told.
const TELL: Duration = Duration::from_millis(50);
/// How long what was written last is waited for, where something that goes on holds the pipe.
const REST: Duration = Duration::from_millis(100);
/// The same where that goes on writing.
const LONGEST_REST: Duration = Duration::from_secs(1);
/// Time between asking a process to end and ending it.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// Something that runs.
pub(super) struct Running {
    process: Box<dyn Process>,
    pieces: mpsc::Receiver<Piece>,
    pub(super) voice: Voice,
}

/// How it ended.
#[derive(Clone, Debug)]
pub(super) enum Gone {
    /// By itself.
    Ended(End),
    /// Because it was asked to.
    Stopped,
    /// Its host went away.
    Lost(SafeText),
    /// It never began.
    Refused(SafeText),
}

impl Running {
    /// Starts `order` on `host`.
    pub(super) async fn start(
        host: &Arc<dyn Host>,
        order: &Order,
        voice: Voice,
    ) -> Result<Self, Gone> {
        let (out, pieces) = mpsc::channel(PIECES);
        match host.start(order, out).await {
            Ok(process) => Ok(Self { process, pieces, voice }),
            Err(error) => Err(of_error(&error)),
        }
    }

    /// Its process there.
    pub(super) fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// Hears it until it ends, or until `stop`; then it is asked to end, and ended after [`GRACE`].
    pub(super) async fn hear(&mut self, stop: &CancellationToken) -> Gone {
        let Self { process, pieces, voice } = self;
        let waited = {
            let wait = process.wait();
            tokio::pin!(wait);
            listen(pieces, voice, async {
                tokio::select! {
                    biased;
                    end = &mut wait => Some(end),
                    () = stop.cancelled() => None,
                }
            })
            .await
        };
        let gone = match waited {
            Some(end) => gone(end, Gone::Ended),
            None => gone(listen(pieces, voice, process.end(GRACE)).await, |_| Gone::Stopped),
        };
        self.hear_rest().await;
        gone
    }

    /// What it wrote last: all that waits, and what comes soon.
    async fn hear_rest(&mut self) {
        for _ in 0..self.pieces.len() {
            let Ok(piece) = self.pieces.try_recv() else { break };
            self.voice.hear(&piece);
            self.voice.flush();
        }
        let until = Instant::now() + LONGEST_REST;
        while Instant::now() < until {
            let next = until.min(Instant::now() + REST);
            let piece = tokio::time::timeout_at(next, self.pieces.recv()).await;
            let Ok(Some(piece)) = piece else { break };
            self.voice.hear(&piece);
            if self.pieces.is_empty() {
                // What is still to come is of something that goes on.
                tokio::task::yield_now().await;
                if self.pieces.is_empty() && self.pieces.sender_strong_count() == 0 {
                    break;
                }
            }
        }
        self.voice.end();
    }

    /// The process alone, which lives on with all it started until this is dropped.
    pub(super) fn into_process(self) -> Box<dyn Process> {
        self.process
    }
}

/// Hears what is written until `until` is done.
async fn listen<T>(
    pieces: &mut mpsc::Receiver<Piece>,
    voice: &mut Voice,
    until: impl Future<Output = T>,
) -> T {
    tokio::pin!(until);
    let mut tick = tokio::time::interval(TELL);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut open = true;
    loop {
        tokio::select! {
            biased;
            _ = tick.tick() => voice.flush(),
            // Before what is written, for something may write without an end.
            done = &mut until => return done,
            piece = pieces.recv(), if open => match piece {
                Some(piece) => voice.hear(&piece),
                None => open = false,
            },
        }
    }
}

fn gone(end: Result<End, Error>, known: fn(End) -> Gone) -> Gone {
    match end {
        Ok(End { lost: Some(why), .. }) => Gone::Lost(why),
        Ok(end) => known(end),
        Err(error) => of_error(&error),
    }
}

fn of_error(error: &Error) -> Gone {
    let why = SafeText::new(&error.why());
    match error {
        Error::Unreachable { .. } | Error::Lost { .. } => Gone::Lost(why),
        Error::File { .. } | Error::Start { .. } | Error::Setting { .. } => Gone::Refused(why),
    }
}

/// How something ended, in a few words; `None` if well.
pub(super) fn words(end: &End) -> Option<String> {
    match (end.exit, end.signal) {
        (Some(0), None) => None,
        (_, Some(signal)) => Some(format!("signal {signal} ended it")),
        (Some(exit), None) => Some(format!("exit status {exit}")),
        (None, None) => Some("it ended without an exit status".to_owned()),
    }
}
