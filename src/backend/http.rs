//! A small HTTP/1.1 client for servers behind a socket in the file system: container engines, virtual
//! machine monitors.
//!
//! Such a server may be dead, slow or hostile: nothing here waits longer than its caller's
//! [`Patience`] allows, and nothing keeps more than a bounded part of an answer. It blocks, takes one
//! request at a time, and knows no one it talks to.

use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

mod body;

/// Body of an answer, at most, where all of it is read at once.
pub(super) const LONGEST_BODY: usize = 64 << 10;
/// Status line and headers, at most.
const LONGEST_HEAD: usize = 16 << 10;
/// Headers, at most.
const MOST_HEADERS: usize = 64;
/// Answers that go before the answer, at most.
const MOST_BEFORE: usize = 16;
/// The longest path in the address of a socket.
const LONGEST_ADDRESS: usize = 107;
/// First wait before a full queue of connections is tried again.
const SHORTEST_NAP: Duration = Duration::from_micros(20);
/// Longest such wait.
const LONGEST_NAP: Duration = Duration::from_millis(1);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The patience is at its end.
    #[error("no answer in time")]
    Late,
    /// Whoever waits has no reason to wait any more.
    #[error("given up: {0}")]
    GivenUp(&'static str),
    /// The socket.
    #[error("cannot {doing}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The stream ended inside an answer, or before it.
    #[error("the connection was closed before the answer was whole")]
    Closed,
    /// Not HTTP.
    #[error("the answer is not HTTP")]
    Garbage,
    /// More than anyone needs.
    #[error("the answer is longer than {LONGEST_BODY} bytes")]
    Long,
}

impl Error {
    fn io(doing: &'static str, source: impl Into<std::io::Error>) -> Self {
        Self::Io { doing, source: source.into() }
    }
}

/// How long, and with what else in view, a client waits.
pub(super) trait Patience {
    /// Waits until `socket` can do what is `wanted`; may return early. An error ends the exchange.
    fn wait(&mut self, socket: BorrowedFd<'_>, wanted: PollFlags) -> Result<(), Error>;

    /// Waits for `length`, or less. An error ends the exchange.
    fn nap(&mut self, length: Duration) -> Result<(), Error>;
}

/// Waits for nothing but the socket, until an instant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Until(pub Instant);

impl Until {
    /// From now on for `length`.
    pub(super) fn within(length: Duration) -> Self {
        Self(Instant::now() + length)
    }

    fn poll(self, polled: &mut [PollFd<'_>], at_most: Duration) -> Result<(), Error> {
        let left = self.0.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::Late);
        }
        let timeout = Timespec::try_from(left.min(at_most)).ok();
        match rustix::event::poll(polled, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(Error::io("poll", error)),
        }
    }
}

impl Patience for Until {
    fn wait(&mut self, socket: BorrowedFd<'_>, wanted: PollFlags) -> Result<(), Error> {
        self.poll(&mut [PollFd::from_borrowed_fd(socket, wanted)], Duration::MAX)
    }

    fn nap(&mut self, length: Duration) -> Result<(), Error> {
        self.poll(&mut [], length)
    }
}

/// What the server says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// 200 and the like.
    pub status: u16,
    /// How long the body is.
    length: Length,
}

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    Known(u64),
    Chunked,
    UntilClose,
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// 200 and the like.
    pub status: u16,
    /// Its body, bounded, hostile.
    pub body: Vec<u8>,
}

impl Answer {
    /// Whether what was asked was done.
    pub(super) const fn is_good(&self) -> bool {
        matches!(self.status, 200..=299)
    }
}

/// A connection to one server.
#[derive(Debug)]
pub(super) struct Connection {
    stream: UnixStream,
    /// Read and not yet used.
    ahead: Vec<u8>,
}

impl Connection {
    /// Connects to the server that listens at `path`.
    pub(super) fn open(path: &Path, patience: &mut impl Patience) -> Result<Self, Error> {
        let failed = |error: Errno| Error::io("connect", error);
        let held = hold_directory(path).map_err(failed)?;
        let address = match (&held, path.file_name()) {
            (Some(dir), Some(name)) => {
                let dir = PathBuf::from(format!("/proc/self/fd/{}", dir.as_raw_fd()));
                SocketAddrUnix::new(dir.join(name))
            }
            _ => SocketAddrUnix::new(path),
        };
        let address = address.map_err(failed)?;
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let mut nap = SHORTEST_NAP;
        loop {
            let socket =
                rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
                    .map_err(failed)?;
            match rustix::net::connect(&socket, &address) {
                Ok(()) => return Ok(Self { stream: socket.into(), ahead: Vec::new() }),
                // Its queue is full.
                Err(Errno::AGAIN | Errno::INTR) => patience.nap(nap)?,
                Err(error) => return Err(failed(error)),
            }
            nap = (nap * 2).min(LONGEST_NAP);
        }
    }

    /// Makes one request and reads the whole answer.
    pub(super) fn ask(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
        patience: &mut impl Patience,
    ) -> Result<Answer, Error> {
        let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        let length = format!("{kind}Content-Length: {}\r\n", body.len());
        self.send_head(method, path, &length, patience)?;
        self.send(body.as_bytes(), patience)?;
        let head = self.read_head(patience)?;
        let body = self.read_body(&head, patience)?;
        Ok(Answer { status: head.status, body })
    }

    /// Begins a request; `headers` are whole lines.
    pub(super) fn send_head(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        patience: &mut impl Patience,
    ) -> Result<(), Error> {
        let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        self.send(head.as_bytes(), patience)
    }

    /// Sends bytes.
    pub(super) fn send(
        &mut self,
        mut bytes: &[u8],
        patience: &mut impl Patience,
    ) -> Result<(), Error> {
        while !bytes.is_empty() {
            match rustix::net::send(&self.stream, bytes, rustix::net::SendFlags::NOSIGNAL) {
                Ok(sent) => bytes = bytes.get(sent..).unwrap_or_default(),
                Err(Errno::AGAIN) => patience.wait(self.stream.as_fd(), PollFlags::OUT)?,
                Err(Errno::INTR) => {}
                // It may have answered before it closed.
                Err(Errno::PIPE) => return Ok(()),
                Err(error) => return Err(Error::io("send", error)),
            }
        }
        Ok(())
    }

    /// Reads the status and the headers of the answer.
    pub(super) fn read_head(&mut self, patience: &mut impl Patience) -> Result<Head, Error> {
        let mut before = 0;
        loop {
            match parse(&self.ahead)? {
                // 101 hands the connection over; other 1xx go before the answer.
                Some((length, head)) if head.status == 101 || head.status >= 200 => {
                    self.ahead.drain(..length);
                    return Ok(head);
                }
                // Who sends without a pause is never waited for, so no deadline would be seen.
                Some(_) if before >= MOST_BEFORE => return Err(Error::Long),
                Some((length, _)) => {
                    before += 1;
                    self.ahead.drain(..length);
                }
                None if self.ahead.len() > LONGEST_HEAD => return Err(Error::Long),
                None if self.fill(patience)? => {}
                None => return Err(Error::Closed),
            }
        }
    }

    /// The stream, and what was read of it ahead: for what follows 101.
    pub(super) fn into_parts(self) -> (UnixStream, Vec<u8>) {
        (self.stream, self.ahead)
    }

    /// Reads more; false at the end of the stream.
    fn fill(&mut self, patience: &mut impl Patience) -> Result<bool, Error> {
        let mut buffer = [0; 4096];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(length) => {
                    self.ahead.extend(buffer.iter().take(length));
                    return Ok(length > 0);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    patience.wait(self.stream.as_fd(), PollFlags::IN)?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(false),
                Err(error) => return Err(Error::io("receive", error)),
            }
        }
    }
}

/// The directory of a socket whose path is longer than an address may be.
fn hold_directory(path: &Path) -> rustix::io::Result<Option<OwnedFd>> {
    let Some(dir) = path.parent().filter(|_| path.as_os_str().len() > LONGEST_ADDRESS) else {
        return Ok(None);
    };
    rustix::fs::open(dir, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).map(Some)
}

/// The length of a head and what it says; `None` if there is more to come.
fn parse(bytes: &[u8]) -> Result<Option<(usize, Head)>, Error> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => {
            let status = response.code.ok_or(Error::Garbage)?;
            Ok(Some((length, Head { status, length: length_of(status, response.headers)? })))
        }
        Ok(httparse::Status::Partial) => Ok(None),
        Err(_) => Err(Error::Garbage),
    }
}

/// How long the body is by `headers`.
fn length_of(status: u16, headers: &[httparse::Header<'_>]) -> Result<Length, Error> {
    let find = |name: &str| {
        let found = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.map(|header| String::from_utf8_lossy(header.value).trim().to_ascii_lowercase())
    };
    if status < 200 || status == 204 || status == 304 {
        return Ok(Length::Known(0));
    }
    if find("transfer-encoding").is_some_and(|coding| coding.ends_with("chunked")) {
        return Ok(Length::Chunked);
    }
    let Some(length) = find("content-length") else {
        return Ok(Length::UntilClose);
    };
    length.parse().map(Length::Known).map_err(|_| Error::Garbage)
}

#[cfg(test)]
mod tests;
