//! A terminal with isomon in it.
//!
//! isomon leads a session whose terminal this is. So when it is closed, and when this process is killed,
//! the kernel hangs up and isomon ends by itself, as when a window is closed.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::process::Child;

/// This program, also where another stands in its place on disk by now.
const SELF: &str = "/proc/self/exe";
/// Time to end after the terminal is gone; then it is killed.
const GRACE: Duration = Duration::from_secs(3);
/// What the terminal in the browser is.
const KIND: [(&str, &str); 3] =
    [("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("LC_ALL", "C.UTF-8")];
/// Variables that speak of the terminal the server was started in, if any, or of the server alone.
const NOT_MEANT: [&str; 9] = [
    "NO_COLOR",
    "TMUX",
    "STY",
    "LINES",
    "COLUMNS",
    "TERM_PROGRAM",
    "ISOMON_LOG",
    "NOTIFY_SOCKET",
    "SSH_TTY",
];

/// How isomon is started for a screen.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Its arguments, beside `--readonly`.
    pub arguments: Vec<OsString>,
    /// Variables that it must not be given: that with the token.
    pub hidden: Vec<String>,
}

/// The size of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    columns: u16,
    rows: u16,
}

impl Size {
    /// As near to the wish as there are terminals.
    pub(super) fn new(columns: u16, rows: u16) -> Self {
        Self { columns: columns.clamp(1, 500), rows: rows.clamp(1, 300) }
    }
}

impl From<Size> for Winsize {
    fn from(size: Size) -> Self {
        Self { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 }
    }
}

/// Our side of a terminal.
pub(super) struct Line(AsyncFd<OwnedFd>);

impl Line {
    /// The other side has another size.
    pub(super) fn resize(&self, size: Size) -> io::Result<()> {
        Ok(tcsetwinsize(self.0.get_ref(), size.into())?)
    }

    /// What is shown next; 0 bytes when nothing will be.
    pub(super) async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let read =
            self.0.async_io(Interest::READABLE, |line| Ok(rustix::io::read(line, &mut *buffer)?));
        match read.await {
            // The kernel says so when nobody has the other side open.
            Err(error) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => Ok(0),
            other => other,
        }
    }

    /// Types as much of `bytes` as there is room for.
    pub(super) async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0.async_io(Interest::WRITABLE, |line| Ok(rustix::io::write(line, bytes)?)).await
    }
}

/// isomon in a terminal of `size`, which hides and refuses what acts unless it `acts`.
pub(super) fn open(program: &Program, acts: bool, size: Size) -> io::Result<(Line, Child)> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let near = openpt(flags)?;
    grantpt(&near)?;
    unlockpt(&near)?;
    let far = ioctl_tiocgptpeer(&near, flags)?;
    tcsetwinsize(&near, size.into())?;
    fcntl_setfl(&near, fcntl_getfl(&near)? | OFlags::NONBLOCK)?;
    // By its name where it still has that, for it is shown among the processes.
    let named = std::env::current_exe().ok().filter(|path| path.exists());
    let mut command = Command::new(named.unwrap_or_else(|| SELF.into()));
    command.arg0("isomon").args(&program.arguments).args((!acts).then_some("--readonly"));
    for name in NOT_MEANT.into_iter().chain(program.hidden.iter().map(String::as_str)) {
        command.env_remove(name);
    }
    command.envs(KIND);
    command.stdin(Stdio::from(far.try_clone()?)).stdout(Stdio::from(far.try_clone()?));
    command.stderr(Stdio::from(far));
    lead(&mut command);
    let child = tokio::process::Command::from(command).spawn()?;
    Ok((Line(listen(near)?), child))
}

/// Has the runtime say when `line` can be read or written.
#[expect(unsafe_code, reason = "who registers a descriptor vouches that it stays open")]
fn listen(line: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: it is owned, and neither replaced nor closed before this goes.
    Ok(unsafe { AsyncFd::register(line)? })
}

/// Has `command` lead a session of which its standard input is the terminal.
#[expect(unsafe_code, reason = "a session can be begun in the child alone")]
fn lead(command: &mut Command) {
    // SAFETY: both calls may be made between fork and exec, and nothing else is.
    unsafe {
        command.pre_exec(|| {
            rustix::process::setsid()?;
            Ok(rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?)
        });
    }
}

fn pid(child: &Child) -> Option<Pid> {
    child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()))
}

/// Has `child` go on where it was stopped, as by Ctrl-Z: here is no shell to go back to.
pub(super) fn go_on(child: &Child) {
    let stopped = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
    let Some(pid) = pid(child) else { return };
    if let Ok(Some(_)) = waitid(WaitId::Pid(pid), stopped) {
        // It may have ended since.
        kill_process(pid, Signal::CONT).unwrap_or_default();
    }
}

/// Waits for the end of `child`, whose terminal is gone, and sees to it.
pub(super) async fn end(mut child: Child) {
    if tokio::time::timeout(GRACE, child.wait()).await.is_ok() {
        return;
    }
    tracing::warn!(pid = child.id(), "a screen does not end; it is killed");
    if let Some(Err(error)) = pid(&child).map(|group| kill_process_group(group, Signal::KILL)) {
        tracing::warn!(%error, "it cannot be killed");
    }
    child.wait().await.map(drop).unwrap_or_default();
}
