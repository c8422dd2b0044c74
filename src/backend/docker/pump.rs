//! Carries a container's streams: its output out, piece by piece, and our input in.
//!
//! Nothing is kept but one piece each way, so a flood costs time and no memory.

use std::io::{ErrorKind, Read};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;

use super::frame::Frames;
use super::run::Error;
use crate::model::job::Stream;

/// Longest piece.
const PIECE: usize = 16 << 10;

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
}

impl Pump {
    /// The streams behind `stream`, which does not block; with our own input if `input`.
    pub(super) const fn new(stream: UnixStream, input: bool) -> Self {
        let frames = Frames::new();
        Self { stream, frames, input, pending: Vec::new(), heard: true }
    }

    /// Carries until the container closes its end; `ahead` was read of it before.
    pub(super) fn flow(mut self, ahead: &[u8]) -> Result<(), Error> {
        self.pass_on(ahead)?;
        loop {
            let (readable, feedable) = self.wait();
            if feedable {
                self.feed();
            }
            if readable && !self.drain()? {
                return Ok(());
            }
        }
    }

    /// Waits until there is output, or until input can go a step further.
    fn wait(&self) -> (bool, bool) {
        let stdin = rustix::stdio::stdin();
        let stream = self.stream.as_fd();
        let sending = !self.pending.is_empty();
        let wanted = if sending { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
        let source = if self.input && !sending { stdin } else { stream };
        let mut polled = [
            PollFd::from_borrowed_fd(stream, wanted),
            PollFd::from_borrowed_fd(source, PollFlags::IN),
        ];
        // An interrupted wait reads as nothing happened, and is done again.
        rustix::event::poll(&mut polled, None).ok();
        let [stream, source] = polled.map(|entry| entry.revents());
        let feedable = if sending { stream.contains(PollFlags::OUT) } else { !source.is_empty() };
        (stream.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR), feedable && self.input)
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

    fn pass_on(&mut self, bytes: &[u8]) -> Result<(), Error> {
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
