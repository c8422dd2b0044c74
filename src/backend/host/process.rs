//! A host's process and its pipes: what is said to it and what it says, bounded, without a thread.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::OFlags;
use rustix::process::{Pid, PidfdFlags};

use super::lines::Lines;
use crate::backend::isolate::Tell;
use crate::backend::measure::read;

/// Standard error kept, of each call.
const COMPLAINT: usize = 8 << 10;
/// Bytes read at a time.
const PIECE: usize = 16 << 10;

/// A host that runs.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    held: OwnedFd,
    input: File,
    output: File,
    error: File,
    /// Whether its output and its errors are open still.
    open: [bool; 2],
    lines: Lines,
    pending: Vec<u8>,
    /// Bytes of `pending` that were written.
    said: usize,
    /// When the last piece of output was read.
    read: Instant,
    complaint: Vec<u8>,
}

/// How a wait for a host's words ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// All was said that was waited for.
    Heard,
    /// The time was over.
    Late,
    /// Nobody listens to us any more.
    Alone,
    /// The host ended, or closed its output.
    Dead,
    /// It said what it must not say.
    Nonsense(String),
}

/// What happened while a host was waited for.
#[expect(clippy::struct_excessive_bools, reason = "one for each thing waited for")]
struct Happened {
    output: bool,
    error: bool,
    room: bool,
    dead: bool,
    alone: bool,
}

impl Process {
    /// Starts `argv` with nothing in its environment but `env`.
    pub(super) fn start(argv: &[String], env: &[(String, String)]) -> std::io::Result<Self> {
        let program = argv.first().ok_or(std::io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(argv.iter().skip(1)).env_clear().current_dir("/");
        command.envs(env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let held = rustix::process::pidfd_open(Pid::from_child(&child), PidfdFlags::empty());
        let (Ok(held), (Some(input), Some(output), Some(error))) = (held, pipes) else {
            end(&mut child);
            return Err(std::io::Error::other("no pipes to the host"));
        };
        let pipes = [OwnedFd::from(input), output.into(), error.into()];
        for pipe in &pipes {
            rustix::fs::fcntl_setfl(pipe, OFlags::NONBLOCK)?;
        }
        let [input, output, error] = pipes.map(File::from);
        Ok(Self {
            child,
            held,
            input,
            output,
            error,
            open: [true; 2],
            lines: Lines::default(),
            pending: Vec::new(),
            said: 0,
            read: Instant::now(),
            complaint: Vec::new(),
        })
    }

    /// Its process.
    pub(super) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Says `text`, which is whole lines; what does not fit into the pipe follows during the next
    /// [`Self::hear`].
    pub(super) fn say(&mut self, text: Vec<u8>) {
        if self.said == self.pending.len() {
            (self.pending, self.said) = (text, 0);
            self.flush();
        } else {
            self.pending.extend_from_slice(&text);
        }
    }

    /// Writes what fits. A host that reads no more is as good as dead.
    fn flush(&mut self) {
        match self.input.write(self.pending.get(self.said..).unwrap_or_default()) {
            Ok(length) => self.said += length,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => self.open[0] = false,
        }
    }

    /// Gives each line it says to `take` until that answers that it has heard enough, or `until`.
    pub(super) fn hear(
        &mut self,
        until: Instant,
        longest: usize,
        lifeline: BorrowedFd<'_>,
        mut take: impl FnMut(Tell, Instant) -> Result<bool, String>,
    ) -> End {
        loop {
            match self.take_lines(longest, &mut take) {
                Ok(true) => return End::Heard,
                Ok(false) => {}
                Err(why) => return End::Nonsense(why),
            }
            if !self.open[0] {
                return End::Dead;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return End::Late;
            }
            let timeout = Timespec::try_from(left).unwrap_or_default();
            let happened = self.wait(&timeout, lifeline);
            if happened.alone {
                return End::Alone;
            }
            self.attend(&happened);
        }
    }

    fn take_lines(
        &mut self,
        longest: usize,
        take: &mut impl FnMut(Tell, Instant) -> Result<bool, String>,
    ) -> Result<bool, String> {
        let read = self.read;
        let too_long = |_| format!("a line of more than {longest} bytes");
        while let Some(line) = self.lines.next(longest).map_err(too_long)? {
            let tell = serde_json::from_slice(line).map_err(|error| error.to_string())?;
            if take(tell, read)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn attend(&mut self, happened: &Happened) {
        if happened.room {
            self.flush();
        }
        if happened.error {
            self.read_error();
        }
        if happened.output || happened.dead {
            self.read_output();
        }
        // What a dead host said last is read piece by piece; then its output ends, or is empty and
        // kept open by something that it started.
        self.open[0] &= happened.output || !happened.dead;
    }

    /// Reads a piece of its output.
    fn read_output(&mut self) {
        let mut buffer = [0; PIECE];
        match read(&mut self.output, &mut buffer) {
            Some(length) => {
                self.read = Instant::now();
                self.lines.feed(buffer.get(..length).unwrap_or_default());
            }
            None => self.open[0] = false,
        }
    }

    fn read_error(&mut self) {
        let mut buffer = [0; 4096];
        match read(&mut self.error, &mut buffer) {
            Some(length) => {
                let room = COMPLAINT.saturating_sub(self.complaint.len());
                self.complaint.extend(buffer.iter().take(length.min(room)));
            }
            None => self.open[1] = false,
        }
    }

    /// Waits until something happens, at most for `timeout`.
    fn wait(&self, timeout: &Timespec, lifeline: BorrowedFd<'_>) -> Happened {
        let held = self.held.as_fd();
        let output = if self.open[0] { self.output.as_fd() } else { held };
        let error = if self.open[1] { self.error.as_fd() } else { held };
        let blocked = self.said < self.pending.len();
        let (input, room) =
            if blocked { (self.input.as_fd(), PollFlags::OUT) } else { (held, PollFlags::IN) };
        let mut polled = [
            PollFd::from_borrowed_fd(output, PollFlags::IN),
            PollFd::from_borrowed_fd(error, PollFlags::IN),
            PollFd::from_borrowed_fd(held, PollFlags::IN),
            PollFd::from_borrowed_fd(input, room),
            PollFd::from_borrowed_fd(lifeline, PollFlags::empty()),
        ];
        // An interrupted wait reads as nothing happened; the caller looks at the time and waits again.
        rustix::event::poll(&mut polled, Some(timeout)).ok();
        let [output, error, dead, room, alone] = polled.map(|entry| !entry.revents().is_empty());
        Happened {
            output: output && self.open[0],
            error: error && self.open[1],
            room: room && blocked,
            dead,
            alone,
        }
    }

    /// Makes it fit for another call: nothing it said is left over. False where there is something,
    /// or where it has ended.
    pub(super) fn is_idle(&mut self, lifeline: BorrowedFd<'_>) -> bool {
        let happened = self.wait(&Timespec::default(), lifeline);
        if happened.error {
            self.read_error();
        }
        self.complaint.clear();
        let quiet = !happened.output && !happened.dead;
        quiet && self.lines.is_empty() && self.said == self.pending.len()
    }

    /// Kills it unless it ends within `grace`, and waits for it.
    pub(super) fn end(mut self, grace: Duration) -> Ended {
        let timeout = Timespec::try_from(grace).unwrap_or_default();
        let mut polled = [PollFd::from_borrowed_fd(self.held.as_fd(), PollFlags::IN)];
        let by_itself =
            rustix::event::poll(&mut polled, Some(&timeout)).is_ok_and(|ended| ended > 0);
        let status = end(&mut self.child).filter(|_| by_itself);
        for _ in 0..=COMPLAINT / 4096 {
            self.read_error();
        }
        Ended {
            status: status.and_then(|status| status.code()),
            signal: status.and_then(|status| status.signal()),
            complaint: String::from_utf8_lossy(&self.complaint).into_owned(),
        }
    }
}

/// How a host ended, where it ended by itself.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// Its exit status.
    pub status: Option<i32>,
    /// The signal that ended it, unless we sent it.
    pub signal: Option<i32>,
    /// First lines of its standard error.
    pub complaint: String,
}

fn end(child: &mut Child) -> Option<std::process::ExitStatus> {
    // Ignored: it may have ended in this instant, and then the wait tells.
    child.kill().ok();
    child.wait().ok()
}
