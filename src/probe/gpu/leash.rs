//! A GPU reader's process, held by its pipes.
//!
//! It is asked one thing at a time and waited for with `poll`, never longer than allowed. When it
//! hangs, dies or talks nonsense it is killed. A process stuck in the kernel cannot be reaped yet,
//! so killing hands it back instead of waiting for it.

use std::ffi::OsString;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::fault::Fault;
use super::turn::Turn;
use super::wire::{Answer, LONGEST_ANSWER, Request};

/// How long one answer may take before the reader counts as hung.
pub(super) const WATCHDOG: Duration = Duration::from_secs(2);
/// The same for what is only good to know: the next round of the rest must not wait for it.
pub(super) const DETAIL_WATCHDOG: Duration = Duration::from_secs(1);
/// The same for the first answer: without persistence mode, loading NVML wakes up each GPU.
pub(super) const FIRST_WATCHDOG: Duration = Duration::from_secs(30);
/// How long a killed process is waited for.
const REAP: Duration = Duration::from_millis(100);

/// How the GPU reader is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// isomon itself.
    pub program: PathBuf,
    /// The only NVML to try; without it, where the loader finds one.
    pub library: Option<PathBuf>,
    /// Added to the environment of the reader.
    pub environment: Vec<(OsString, OsString)>,
}

impl Default for Launch {
    fn default() -> Self {
        Self { program: PathBuf::from("/proc/self/exe"), library: None, environment: Vec::new() }
    }
}

/// A running reader.
#[derive(Debug)]
pub(super) struct Leash {
    child: Child,
    requests: ChildStdin,
    answers: ChildStdout,
    heard: Vec<u8>,
    asked: Option<(Request, Instant)>,
    watchdog: Duration,
}

impl Leash {
    /// Starts a reader.
    pub(super) fn start(launch: &Launch) -> Result<Self, Fault> {
        let program = launch.program.clone();
        let mut child = Command::new(&launch.program)
            .arg("__gpu")
            .args(&launch.library)
            .envs(launch.environment.iter().map(|(name, value)| (name, value)))
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|source| Fault::Spawn { program, source })?;
        let (Some(requests), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            let source = std::io::Error::from(ErrorKind::BrokenPipe);
            return Err(Fault::Pipe { source });
        };
        rustix::io::ioctl_fionbio(&answers, true)
            .map_err(|error| Fault::Pipe { source: error.into() })?;
        Ok(Self {
            child,
            requests,
            answers,
            heard: Vec::new(),
            asked: None,
            watchdog: FIRST_WATCHDOG,
        })
    }

    /// What has been asked and not been answered.
    pub(super) fn pending(&self) -> Option<Request> {
        self.asked.map(|(request, _)| request)
    }

    /// The reader's process id.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks, unless the same is already being waited for, and waits for the answer as long as the
    /// turn and the watchdog allow. `Fault::Pending` is the only fault after which it may live on.
    pub(super) fn ask(&mut self, request: Request, turn: &Turn) -> Result<Answer, Fault> {
        if self.pending() != Some(request) {
            self.send(request)?;
            self.asked = Some((request, turn.now()));
        }
        let since = self.asked.map_or_else(|| turn.now(), |(_, since)| since);
        let watchdog = match request {
            Request::Detail(_) => self.watchdog.min(DETAIL_WATCHDOG),
            Request::Survey | Request::Device(_) => self.watchdog,
        };
        loop {
            if let Some(answer) = self.hear()? {
                self.asked = None;
                self.watchdog = WATCHDOG;
                return Ok(answer);
            }
            let waited = turn.now().saturating_duration_since(since);
            let patience = watchdog.saturating_sub(waited);
            if patience.is_zero() {
                let seconds = watchdog.as_secs();
                return Err(Fault::Hung { seconds });
            }
            if turn.left().is_zero() {
                let seconds = waited.as_secs();
                return Err(Fault::Pending { seconds });
            }
            self.wait(patience.min(turn.left()))?;
        }
    }

    fn send(&mut self, request: Request) -> Result<(), Fault> {
        if !self.heard.is_empty() {
            let what = "an answer that nobody asked for".to_owned();
            return Err(Fault::Garbage { what });
        }
        let mut line = serde_json::to_vec(&request).unwrap_or_default();
        line.push(b'\n');
        let sent = self.requests.write_all(&line);
        sent.map_err(|source| self.gone(source))
    }

    /// Takes what has come, without waiting; an answer once a whole line is there.
    fn hear(&mut self) -> Result<Option<Answer>, Fault> {
        let mut chunk = [0; 8192];
        loop {
            match self.answers.read(&mut chunk) {
                Ok(0) => return Err(self.gone(ErrorKind::UnexpectedEof.into())),
                Ok(length) => self.heard.extend(chunk.iter().take(length)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(source) => return Err(Fault::Pipe { source }),
            }
            if self.heard.len() > LONGEST_ANSWER {
                let what = format!("more than {LONGEST_ANSWER} bytes");
                return Err(Fault::Garbage { what });
            }
            if let Some(end) = self.heard.iter().position(|byte| *byte == b'\n') {
                return self.understand(end).map(Some);
            }
        }
    }

    fn understand(&mut self, end: usize) -> Result<Answer, Fault> {
        let rest = self.heard.split_off(end + 1);
        let line = std::mem::replace(&mut self.heard, rest);
        serde_json::from_slice(&line).map_err(|error| Fault::Garbage { what: error.to_string() })
    }

    fn wait(&self, length: Duration) -> Result<(), Fault> {
        let timeout = Timespec {
            tv_sec: i64::try_from(length.as_secs()).unwrap_or(1),
            tv_nsec: i64::from(length.subsec_nanos()),
        };
        let mut pipes = [PollFd::new(&self.answers, PollFlags::IN)];
        match poll(&mut pipes, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(Fault::Pipe { source: error.into() }),
        }
    }

    /// The pipe ended: how did the process?
    fn gone(&mut self, source: std::io::Error) -> Fault {
        match reap(&mut self.child, REAP) {
            Some(status) => Fault::Died { how: words(status) },
            None => Fault::Pipe { source },
        }
    }

    /// Kills the reader and reaps it; hands back the process that does not go.
    pub(super) fn kill(self) -> Option<Child> {
        let Self { mut child, requests, answers, .. } = self;
        drop((requests, answers));
        // An error means that it is already gone, which `reap` finds out.
        child.kill().ok();
        match reap(&mut child, REAP) {
            Some(_) => None,
            None => Some(child),
        }
    }
}

/// Waits for the end of `child` at most `length`; `None` if it has not ended.
pub(super) fn reap(child: &mut Child, length: Duration) -> Option<ExitStatus> {
    if let Ok(Some(status)) = child.try_wait() {
        return Some(status);
    }
    let pid = rustix::process::Pid::from_child(child);
    let flags = rustix::process::PidfdFlags::empty();
    if let Ok(end) = rustix::process::pidfd_open(pid, flags) {
        let nanoseconds = i64::from(length.subsec_nanos());
        let timeout = Timespec { tv_sec: 0, tv_nsec: nanoseconds };
        let ended = poll(&mut [PollFd::new(&end, PollFlags::IN)], Some(&timeout));
        if ended.is_err() {
            return None;
        }
    }
    child.try_wait().ok().flatten()
}

fn words(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("signal {signal}"),
        (None, Some(code)) => format!("exit status {code}"),
        (None, None) => "unknown end".to_owned(),
    }
}
