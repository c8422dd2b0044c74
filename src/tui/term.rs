//! The terminal itself: taken over on the way in, given back on every way out.
//!
//! [`Tty::leave`] may be called from any thread at any time, also while the screen is being
//! written and also when the terminal takes no more bytes: nothing here ever waits for it longer
//! than a fraction of a second. That is why output goes through a file description of our own
//! that does not block; the shell's is left as it was.

use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ratatui::layout::Size;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use super::fault;

/// The other screen, no cursor, pasted text marked as such.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?25l";
/// Clicks and the wheel, in the form that knows no largest column; not every movement.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
/// The opposite of [`MOUSE_ON`].
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";
/// The opposite of everything, whether it was on or not; also ends a frame that was cut short.
pub(super) const LEAVE: &[u8] =
    b"\x1b[?2026l\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[0m\x1b[?25h\x1b[?1049l";
/// Columns and rows drawn at most: a terminal may claim any size, and each cell costs memory.
const LARGEST: (u16, u16) = (1_000, 500);
/// How long a terminal that takes no bytes is waited for on the way out.
const PATIENCE: Duration = Duration::from_millis(300);

/// The terminal could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Input or output goes somewhere else.
    #[error("standard {0} is not a terminal; `isomon snapshot` needs none")]
    NotATerminal(&'static str),
    /// It cannot move the cursor.
    #[error("a terminal of type `{0}` cannot show the TUI; `isomon snapshot` needs none")]
    Dumb(String),
    /// The system refused.
    #[error("the terminal: {doing}")]
    System {
        /// What was tried.
        doing: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl From<Error> for io::Error {
    /// What the system said stays what it said: the loop tells a terminal that is gone by it.
    fn from(error: Error) -> Self {
        match error {
            Error::System { source, .. } => source,
            other => Self::other(other),
        }
    }
}

fn system<E: Into<io::Error>>(doing: &'static str) -> impl FnOnce(E) -> Error {
    move |source| Error::System { doing, source: source.into() }
}

/// The terminal isomon was started in.
#[derive(Debug)]
pub struct Tty {
    output: OwnedFd,
    /// How the shell had it; what a shell changes while isomon is stopped is learned anew.
    saved: Mutex<Option<Termios>>,
}

impl Tty {
    /// Finds the terminal and changes nothing; `term` is what `TERM` says.
    pub fn open(term: Option<&str>) -> Result<Self, Error> {
        if !io::stdin().is_terminal() {
            return Err(Error::NotATerminal("input"));
        }
        if !io::stdout().is_terminal() {
            return Err(Error::NotATerminal("output"));
        }
        match term {
            None | Some("" | "dumb") => Err(Error::Dumb(term.unwrap_or_default().to_owned())),
            Some(_) => Ok(Self {
                output: reopen().map_err(system("opening it for writing"))?,
                saved: Mutex::new(None),
            }),
        }
    }

    /// Takes the terminal over. Entering twice is entering once.
    pub fn enter(&self, mouse: bool) -> Result<(), Error> {
        let mut saved = self.lock();
        let before = match saved.as_ref() {
            Some(before) => before.clone(),
            None => tcgetattr(io::stdin()).map_err(system("reading its mode"))?,
        };
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Now, &raw).map_err(system("setting its mode"))?;
        *saved = Some(before);
        fault::hold(true);
        self.send(ENTER);
        self.send(Self::mouse(mouse));
        Ok(())
    }

    /// Gives the terminal back as it was. Leaving twice is leaving once; errors are ignored, for
    /// there is nobody left to tell.
    pub fn leave(&self) {
        let mut saved = self.lock();
        if let Some(before) = saved.take() {
            self.send(LEAVE);
            tcsetattr(io::stdin(), OptionalActions::Now, &before).unwrap_or_default();
            fault::hold(false);
        }
    }

    /// What turns clicks and the wheel on or off, to be sent between two frames.
    pub const fn mouse(on: bool) -> &'static [u8] {
        if on { MOUSE_ON } else { MOUSE_OFF }
    }

    /// How large it is now, at most 1000×500; 0×0 if it does not know.
    pub fn size(&self) -> Size {
        tcgetwinsize(&self.output)
            .map(|size| Size::new(size.ws_col.min(LARGEST.0), size.ws_row.min(LARGEST.1)))
            .unwrap_or_default()
    }

    /// Writes what the terminal takes of `bytes` and returns how much that was; all of it is
    /// thrown away once the terminal has been given back.
    pub fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let saved = self.lock();
        if saved.is_none() {
            return Ok(bytes.len());
        }
        Ok(rustix::io::write(&self.output, bytes)?)
    }

    /// Writes a few bytes that matter, waiting for at most [`PATIENCE`].
    fn send(&self, mut bytes: &[u8]) {
        let end = Instant::now() + PATIENCE;
        while !bytes.is_empty() {
            match rustix::io::write(&self.output, bytes) {
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) if wait(self.output.as_fd(), end) => {}
                Err(_) => return,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Termios>> {
        self.saved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsRawFd for Tty {
    fn as_raw_fd(&self) -> RawFd {
        self.output.as_raw_fd()
    }
}

impl AsFd for Tty {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.output.as_fd()
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        self.leave();
    }
}

/// The terminal once more, with a file description that nobody shares and that never blocks.
///
/// By its own name it opens for its owner alone, and not where that name is out of sight (after `su`, in a
/// container): there the session's terminal serves, and as the last resort the description that is shared.
fn reopen() -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    rustix::fs::open("/proc/self/fd/1", flags, Mode::empty())
        .or_else(|_| {
            let name = rustix::termios::ttyname(io::stdout(), Vec::new())?;
            rustix::fs::open(name, flags, Mode::empty())
        })
        .or_else(|_| rustix::fs::open("/dev/tty", flags, Mode::empty()))
        .or_else(|_| rustix::io::fcntl_dupfd_cloexec(io::stdout(), 3))
}

/// Waits until `output` takes bytes; false if it does not before `end`.
fn wait(output: BorrowedFd<'_>, end: Instant) -> bool {
    let left = end.saturating_duration_since(Instant::now());
    let timeout = Timespec { tv_sec: 0, tv_nsec: left.subsec_nanos().into() };
    let mut ready = [PollFd::from_borrowed_fd(output, PollFlags::OUT)];
    !left.is_zero() && poll(&mut ready, Some(&timeout)).is_ok_and(|count| count > 0)
}
