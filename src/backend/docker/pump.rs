//! Carries a container's streams: its output out, piece by piece, and our input in.
//!
//! Nothing is kept but one piece each way, so a flood costs time and no memory. It goes on while an
//! answer of the engine is waited for, so that no output is late because the engine is.

use std::io::{ErrorKind, Read};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;

use super::super::http::{self, Patience};
use super::super::residue;
use super::frame::Frames;
use super::run::Error;
use crate::model::job::Stream;

/// Longest piece.
const PIECE: usize = 16 << 10;
/// The other end is closed, or broken.
const OVER: PollFlags = PollFlags::HUP.union(PollFlags::ERR);

/// The streams of one container.
#[derive(Debug)]
pub(super) struct Pump {
    stream: UnixStream,
    frames: Frames,
    /// Whether our input goes on.
    input: bool,
    /// Of the input, not sent yet.
    pending: Vec<u8>,
    /// Whether someone still reads our output.
    heard: bool,
    /// The container has closed its end.
    ended: bool,
    /// Why it cannot go on.
    broken: Option<Error>,
}

impl Pump {
    /// The streams behind `stream`, which does not block; with our own input if `input`.
    pub(super) const fn new(stream: UnixStream, input: bool) -> Self {
        Self {
            stream,
            frames: Frames::new(),
            input,
            pending: Vec::new(),
            heard: true,
            ended: false,
            broken: None,
        }
    }

    /// Carries until the container closes its end.
    pub(super) fn flow(mut self) -> Result<(), Error> {
        while !self.ended {
            self.step(None)?;
        }
        Ok(())
    }

    /// Fails if it broke while something else was waited for.
    pub(super) fn check(&mut self) -> Result<(), Error> {
        self.broken.take().map_or(Ok(()), Err)
    }

    /// Waits until output comes, or input can go a step further, or what is `beside` happens; and
    /// carries what there is.
    fn step(&mut self, beside: Option<(BorrowedFd<'_>, PollFlags)>) -> Result<(), Error> {
        let (readable, feedable) = self.wait_for(beside);
        if feedable {
            self.feed();
        }
        if readable {
            self.ended = !self.drain()?;
        }
        Ok(())
    }

    fn wait_for(&self, beside: Option<(BorrowedFd<'_>, PollFlags)>) -> (bool, bool) {
        let stdin = rustix::stdio::stdin();
        let sending = !self.pending.is_empty();
        let mut wanted = PollFlags::IN;
        wanted.set(PollFlags::OUT, sending);
        let stream = (!self.ended).then(|| PollFd::from_borrowed_fd(self.stream.as_fd(), wanted));
        let source = (self.input && !sending && !self.ended)
            .then(|| PollFd::from_borrowed_fd(stdin, PollFlags::IN));
        let beside = beside.map(|(socket, wanted)| PollFd::from_borrowed_fd(socket, wanted));
        let (has_stream, has_source) = (stream.is_some(), source.is_some());
        let mut polled: Vec<PollFd<'_>> = [stream, source, beside].into_iter().flatten().collect();
        // An interrupted wait reads as nothing happened, and is done again.
        rustix::event::poll(&mut polled, None).ok();
        let mut came = polled.iter().map(PollFd::revents);
        let mut next = |is: bool| is.then(|| came.next()).flatten().unwrap_or(PollFlags::empty());
        let (stream, source) = (next(has_stream), next(has_source));
        let feedable = stream.contains(PollFlags::OUT) || !source.is_empty();
        (stream.intersects(PollFlags::IN | OVER), feedable)
    }

    /// Moves input a step further. A container that does not want it hinders nobody.
    fn feed(&mut self) {
        if self.pending.is_empty() {
            let mut buffer = vec![0; PIECE];
            let length = rustix::io::read(rustix::stdio::stdin(), &mut buffer).unwrap_or(0);
            buffer.truncate(length);
            self.pending = buffer;
            if length == 0 {
                self.input = false;
                self.stream.shutdown(Shutdown::Write).ok();
            }
            return;
        }
        match rustix::net::send(&self.stream, &self.pending, rustix::net::SendFlags::NOSIGNAL) {
            Ok(sent) => drop(self.pending.drain(..sent)),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => (self.input, self.pending) = (false, Vec::new()),
        }
    }

    /// Passes on what there is; false at the end.
    fn drain(&mut self) -> Result<bool, Error> {
        let mut buffer = [0; PIECE];
        match self.stream.read(&mut buffer) {
            Ok(0) => Ok(false),
            Ok(length) => self.pass_on(buffer.get(..length).unwrap_or_default()).map(|()| true),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::Interrupted => Ok(true),
                _ => Err(Error::Broken(error)),
            },
        }
    }

    /// Passes on `bytes` of the stream.
    pub(super) fn pass_on(&mut self, bytes: &[u8]) -> Result<(), Error> {
        for (stream, mut piece) in self.frames.take(bytes)? {
            while self.heard && !piece.is_empty() {
                let written = match stream {
                    Stream::Output => rustix::io::write(rustix::stdio::stdout(), piece),
                    Stream::Error => rustix::io::write(rustix::stdio::stderr(), piece),
                };
                match written {
                    Ok(written) => piece = piece.get(written..).unwrap_or_default(),
                    Err(Errno::INTR) => {}
                    // Whoever listened has gone; the container is seen to its end all the same.
                    Err(_) => self.heard = false,
                }
            }
        }
        Ok(())
    }
}

/// While the engine thinks, the streams go on. The time is the launcher's affair.
impl Patience for Pump {
    fn wait(&mut self, socket: BorrowedFd<'_>, wanted: PollFlags) -> Result<(), http::Error> {
        self.step(Some((socket, wanted))).map_err(|error| {
            self.broken = Some(error);
            http::Error::GivenUp("the output broke off")
        })
    }

    fn nap(&mut self, length: Duration) -> Result<(), http::Error> {
        residue::pause(length, None);
        Ok(())
    }
}
