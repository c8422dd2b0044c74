//! Runs the commands that make a backend ready, with what they say in view.
//!
//! They come from our own table of remedies and from nowhere else. Each is found in the directories
//! that are searched for tools, reads nothing, is asked no questions, and leads a process group of
//! its own. It is started through isomon as `__mender PARENT PROGRAM ARGS…`, which asks the kernel
//! to end it when isomon dies, and executes it.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::settings::CampSettings;
use super::tool;
use crate::model::backend::{BackendId, Mend};
use crate::model::text::SafeText;

/// The hidden subcommand.
pub(super) const NAME: &str = "__mender";
/// Time a command may take.
const PATIENCE: Duration = Duration::from_mins(20);
/// Time it has to end by itself when it is told to.
const GRACE: Duration = Duration::from_secs(4);
/// Lines told of one command; the rest is read and dropped.
const LINES: usize = 2_000;
/// Bytes kept of a line.
const LINE: usize = 512;
/// Programs that do nothing without root.
const POWERFUL: [&str; 7] =
    ["apt-get", "dnf", "modprobe", "service", "sysctl", "systemctl", "usermod"];
/// Where the package system keeps what it can install.
const LISTS: &str = "/var/lib/apt/lists";

/// Whether `command` needs root.
pub(super) fn needs_root(command: &[String]) -> bool {
    let program = command.first().map(Path::new).and_then(Path::file_name);
    program.is_some_and(|program| POWERFUL.iter().any(|name| program == *name))
}

/// Whether the package system knows what it can install; on a new machine it has to ask first.
pub(super) fn knows_packages() -> bool {
    let lists = std::fs::read_dir(LISTS).into_iter().flatten().flatten();
    lists.into_iter().any(|list| list.file_name().to_string_lossy().contains("_Packages"))
}

/// Runs `commands`, which are for `backend`, one after the other until one fails; why it did. What
/// happens is told through `out`. `cancel` ends it.
pub async fn mend(
    settings: &CampSettings,
    backend: BackendId,
    commands: &[Vec<String>],
    out: &mpsc::Sender<Mend>,
    cancel: &CancellationToken,
) -> Result<(), SafeText> {
    for command in commands {
        let line = SafeText::new(&Mend::spoken(command));
        // Who no longer listens does not stop what was asked for; `cancel` does.
        out.send(Mend::Command { backend, line }).await.ok();
        let name = command.first().map_or("", String::as_str);
        let mut child = Run::start(settings, command)
            .map_err(|error| SafeText::from(format!("{name}: {error}")))?;
        let ended = cancel.run_until_cancelled(timeout(PATIENCE, child.listen(out))).await;
        let failed = match ended {
            Some(Ok(Ok(status))) if status.success() => continue,
            Some(Ok(Ok(status))) => format!("{name} ended with {status}"),
            Some(Ok(Err(error))) => format!("{name}: {error}"),
            Some(Err(_)) => format!("{name} did not end within {} min", PATIENCE.as_secs() / 60),
            None => format!("{name} was ended before it was done"),
        };
        child.end().await;
        return Err(failed.into());
    }
    Ok(())
}

/// One command that runs.
struct Run {
    child: Child,
    group: Option<Pid>,
    output: Receiver,
    lines: usize,
    line: Vec<u8>,
}

impl Run {
    fn start(settings: &CampSettings, command: &[String]) -> io::Result<Self> {
        let Some((program, arguments)) = command.split_first() else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let program =
            tool::look_up(settings, program).ok_or_else(|| io::Error::other("is not on PATH"))?;
        let (ours, theirs) = io::pipe()?;
        let path = std::env::join_paths(&settings.search).map_err(io::Error::other)?;
        let child = Command::new(&settings.exe)
            .args([NAME, &std::process::id().to_string()])
            .arg(program)
            .args(arguments)
            .env("PATH", path)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(theirs.try_clone()?)
            .stderr(theirs)
            .process_group(0)
            .spawn()?;
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let output = Receiver::from_owned_fd(OwnedFd::from(ours))?;
        Ok(Self { child, group, output, lines: 0, line: Vec::new() })
    }

    /// Tells what it says until it ends. What it leaves running may hold its output open, so the
    /// end of the output is not waited for.
    async fn listen(&mut self, out: &mpsc::Sender<Mend>) -> io::Result<std::process::ExitStatus> {
        let mut open = true;
        let status = loop {
            tokio::select! {
                status = self.child.wait() => break status?,
                ready = self.output.readable(), if open => {
                    ready?;
                    open = self.take(out, Receiver::try_read).await;
                }
            }
        };
        // Past tokio, which may not have noticed yet what the end was preceded by.
        self.take(out, |output, buffer| Ok(rustix::io::read(output, buffer)?)).await;
        self.tell(out).await;
        Ok(status)
    }

    /// Takes what was said, by `read`; false at the end of it.
    async fn take(
        &mut self,
        out: &mpsc::Sender<Mend>,
        read: impl Fn(&Receiver, &mut [u8]) -> io::Result<usize>,
    ) -> bool {
        let mut buffer = [0; 4096];
        loop {
            let length = match read(&self.output, &mut buffer) {
                Ok(0) => return false,
                Ok(length) => length,
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            };
            for byte in buffer.iter().take(length) {
                match byte {
                    b'\n' | b'\r' => self.tell(out).await,
                    byte if self.line.len() < LINE => self.line.push(*byte),
                    _ => {}
                }
            }
        }
    }

    /// Tells the line so far, if there is anything in it.
    async fn tell(&mut self, out: &mpsc::Sender<Mend>) {
        let line = std::mem::take(&mut self.line);
        if line.iter().all(u8::is_ascii_whitespace) || self.lines > LINES {
            return;
        }
        self.lines += 1;
        let text = if self.lines > LINES {
            SafeText::from("(more is said than is shown here)")
        } else {
            SafeText::from_bytes(&line)
        };
        out.send(Mend::Line(text)).await.ok();
    }

    /// Ends it and all of its group.
    async fn end(&mut self) {
        self.signal(Signal::TERM);
        if timeout(GRACE, self.child.wait()).await.is_err() {
            self.signal(Signal::KILL);
            // Only what hangs in the kernel does not die of that, and nothing else helps either.
            drop(timeout(GRACE, self.child.wait()).await);
        }
        // What is left of the group when its leader has ended.
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // Refused when nobody is left.
            rustix::process::kill_process_group(group, signal).ok();
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal(Signal::TERM);
        }
    }
}

/// Becomes the program that `arguments` name, to be ended when the process they name first dies.
pub(super) fn run(arguments: &[OsString]) -> ExitCode {
    let [parent, program, rest @ ..] = arguments else {
        return ExitCode::from(2);
    };
    let bound = rustix::process::set_parent_process_death_signal(Some(Signal::TERM));
    let now = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().to_string());
    if bound.is_err() || now.map(OsString::from).as_ref() != Some(parent) {
        return ExitCode::FAILURE;
    }
    let error = std::process::Command::new(program).args(rest).exec();
    let line = format!("{}: {error}\n", program.display());
    rustix::io::write(rustix::stdio::stderr(), line.as_bytes()).ok();
    ExitCode::from(127)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn what_installs_needs_root_wherever_it_is() {
        assert!(needs_root(&words("apt-get install runc")));
        assert!(needs_root(&words("/usr/bin/systemctl start docker")));
        assert!(!needs_root(&words("pip install deno")));
        assert!(!needs_root(&[]));
    }
}
