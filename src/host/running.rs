//! Something that runs on a host, as its owner holds it, and the passing on of what it writes.
//!
//! A task of its own watches over it; when the owner lets go, that task sees to its end.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{mpsc, oneshot, watch};

use super::{Answer, End, Error, Piece, Process};

/// Bytes read at once.
pub(super) const PIECE: usize = 16 << 10;

/// That its end was not heard.
pub(super) fn lost(why: &str) -> End {
    End { lost: Some(why.into()), ..End::default() }
}

/// The owner's end.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) pid: Option<u32>,
    /// Time it is given to end; closed when it is to end with what it started.
    pub(super) wishes: mpsc::Sender<Duration>,
    pub(super) outcome: watch::Receiver<Option<End>>,
}

impl Running {
    async fn ended(&mut self) -> Result<End, Error> {
        let outcome = self.outcome.wait_for(Option::is_some).await;
        let end = outcome.ok().and_then(|end| end.clone());
        Ok(end.unwrap_or_else(|| lost("nobody watches over it any more")))
    }
}

impl Process for Running {
    fn pid(&self) -> Option<u32> {
        self.pid
    }

    fn wait(&mut self) -> Answer<'_, End> {
        Box::pin(self.ended())
    }

    fn end(&mut self, grace: Duration) -> Answer<'_, End> {
        Box::pin(async move {
            // Ignored: where nobody listens it has ended.
            self.wishes.send(grace).await.ok();
            self.ended().await
        })
    }
}

/// Passes on what comes from a pipe. Says once `is_over` that everything written by then is passed on.
/// Where nobody takes it any more it is thrown away, so that nobody is ended for writing.
pub(super) async fn pump<R>(
    mut from: R,
    bad: bool,
    out: mpsc::Sender<Piece>,
    mut is_over: watch::Receiver<bool>,
) -> Option<()>
where
    R: AsyncRead + Unpin + AsFd,
{
    let mut buffer = vec![0; PIECE];
    while !*is_over.borrow_and_update() {
        tokio::select! {
            biased;
            read = from.read(&mut buffer) => pass(&buffer, read, bad, &out).await?,
            changed = is_over.changed() => changed.ok()?,
        }
    }
    // What waits now was written by then; others who hold the pipe may write without an end.
    let mut waiting = rustix::io::ioctl_fionread(&from).unwrap_or_default();
    while waiting > 0 {
        let read = from.read(&mut buffer).await;
        let length = read.as_ref().copied().unwrap_or_default();
        pass(&buffer, read, bad, &out).await?;
        waiting = waiting.saturating_sub(length as u64);
    }
    Some(())
}

/// Goes on passing on what others than the first process write.
pub(super) async fn pump_rest<R: AsyncRead + Unpin>(
    mut from: R,
    bad: bool,
    out: mpsc::Sender<Piece>,
) -> Option<()> {
    let mut buffer = vec![0; PIECE];
    loop {
        let read = from.read(&mut buffer).await;
        pass(&buffer, read, bad, &out).await?;
    }
}

async fn pass(
    buffer: &[u8],
    read: std::io::Result<usize>,
    bad: bool,
    out: &mpsc::Sender<Piece>,
) -> Option<()> {
    let length = read.ok().filter(|length| *length > 0)?;
    let bytes = buffer.get(..length)?.to_vec();
    // Ignored: who takes no more gets no more, and the writer goes on.
    out.send(Piece { bad, bytes }).await.ok();
    Some(())
}

/// A pipe of which both ends are at hand: what the child is given, and where it is read.
pub(super) fn pipe() -> std::io::Result<(OwnedFd, tokio::net::unix::pipe::Receiver)> {
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    Ok((write, tokio::net::unix::pipe::Receiver::from_owned_fd(read)?))
}

/// Passes on both streams of something; done when everything written until `is_over` was passed on.
pub(super) fn pump_both(
    streams: [tokio::net::unix::pipe::Receiver; 2],
    out: &mpsc::Sender<Piece>,
    is_over: &watch::Receiver<bool>,
) -> [oneshot::Receiver<()>; 2] {
    let mut bad = false;
    streams.map(|mut stream| {
        let (done, caught_up) = oneshot::channel();
        let (out, is_over, on_error) = (out.clone(), is_over.clone(), bad);
        bad = true;
        tokio::spawn(async move {
            let is_open = pump(&mut stream, on_error, out.clone(), is_over).await;
            done.send(()).ok();
            is_open?;
            pump_rest(stream, on_error, out).await
        });
        caught_up
    })
}
