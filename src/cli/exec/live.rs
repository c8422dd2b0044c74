//! A job while it goes on: its output is passed on, Ctrl-C ends it.

use color_eyre::eyre::Result;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::super::print::Error;
use super::super::signals::Signals;
use super::args::ExecArgs;
use super::report;
use super::sink::{Kept, Sink};
use crate::backend::Task;
use crate::hub::local::{Ended, Local, Refusal};

/// Pieces of output that may wait for whoever reads them.
const CHUNKS: usize = 16;
/// The signal a program gets that writes to nobody.
pub(super) const PIPE: u8 = 13;

/// What was heard of a job.
#[derive(Default)]
pub(super) struct Heard {
    /// How it ended; `None` if it did not come to an end of its own.
    pub(super) ended: Option<Ended>,
    /// The signal that ended it, or ourselves.
    pub(super) signal: Option<u8>,
    /// Its output, where nothing was streamed.
    pub(super) kept: Kept,
    /// Where it went.
    pub(super) sink: Sink,
}

/// The end of the writing.
type Written = Result<Kept, Error>;

/// Does `task`. The first signal ends it and clears up; the second leaves at once, and what is still
/// there is swept up by the reaper.
pub(super) async fn run(local: Local, task: Task, wish: &ExecArgs) -> Result<Heard> {
    let mut signals = Signals::listen()?;
    let (out, chunks) = mpsc::channel(CHUNKS);
    let cancel = CancellationToken::new();
    let mut heard = Heard::default();
    let mut writing = write(heard.sink.clone(), wish.json, chunks);
    let token = cancel.clone();
    let mut doing = tokio::spawn(async move { local.exec(task, out, token).await });
    let mut written = None;
    loop {
        tokio::select! {
            number = signals.recv() => {
                heard.signal = heard.signal.or(Some(number));
                if cancel.is_cancelled() {
                    return Ok(heard);
                }
                cancel.cancel();
            }
            end = &mut writing, if written.is_none() => {
                let end = end?;
                if end.is_err() {
                    // Nobody reads: there is nothing to go on for.
                    cancel.cancel();
                }
                written = Some(end);
            }
            done = &mut doing => return finish(heard, done?, written, writing, signals).await,
        }
    }
}

/// Writes on a thread of its own: a reader that takes its time must not keep signals from being
/// heard.
fn write(
    sink: Sink,
    json: bool,
    chunks: mpsc::Receiver<crate::model::job::Chunk>,
) -> JoinHandle<Written> {
    tokio::task::spawn_blocking(move || {
        if json { Ok(Sink::keep(chunks)) } else { sink.pour(chunks).map(|()| Kept::default()) }
    })
}

/// Waits for what is still to be written.
async fn finish(
    mut heard: Heard,
    done: Result<Option<Ended>, Refusal>,
    written: Option<Written>,
    writing: JoinHandle<Written>,
    mut signals: Signals,
) -> Result<Heard> {
    let written = match written {
        Some(written) => written,
        // What a job that was ended still says need not be waited for.
        None if heard.signal.is_some() => Ok(Kept::default()),
        None => tokio::select! {
            written = writing => written?,
            number = signals.recv() => {
                heard.signal = Some(number);
                Ok(Kept::default())
            }
        },
    };
    let ended = done.map_err(|refusal| report(&refusal))?;
    match written {
        Ok(kept) => heard.kept = kept,
        Err(Error::ReaderGone) => heard.signal = heard.signal.or(Some(PIPE)),
        Err(error) => return Err(error.into()),
    }
    heard.ended = ended.filter(|_| heard.signal.is_none());
    Ok(heard)
}
