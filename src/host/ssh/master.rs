//! A connection to a host: one `ssh` that logs in, and that others go through.
//!
//! It runs under a keeper, so that it ends when isomon does, however that is; the keeper takes its
//! directory away too, where its sockets are. Servers bound how many sessions a connection has, so it
//! gives out a few places and no more.

use std::ffi::OsString;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::process::Command;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::super::channel::tail;
use super::super::kept::Keeper;
use super::super::local::Watch;
use super::super::running::pipe;
use super::super::{Error, channel, keeper};
use super::answer::{self, Secrets};
use super::login::Login;
use crate::ssh::Checking;

/// Sessions over one connection; OpenSSH's server allows 10 unless it is told otherwise.
const PLACES: usize = 8;
/// Time from one look for the socket to the next.
const LOOK: Duration = Duration::from_millis(4);
/// Time in which what was said can be read once it has ended.
const SAID: Duration = Duration::from_millis(500);
/// Bytes of the longest path of a socket, and what OpenSSH adds to it meanwhile.
const PATH: (usize, usize) = (107, 18);
/// The socket that others go through.
const SOCKET: &str = "c";

/// A connection.
#[derive(Debug)]
pub(super) struct Master {
    socket: PathBuf,
    places: Arc<Semaphore>,
    gone: CancellationToken,
}

impl Master {
    /// Connects and logs in, within the time that was set.
    pub(super) async fn open(
        login: &Login,
        secrets: &Secrets,
        watch: &Watch,
    ) -> Result<Self, Error> {
        let began = Instant::now();
        let fault = |error: std::io::Error| {
            login.unreachable(&format!("no connection can be made from here: {error}"))
        };
        let dir = directory(&login.options.dir).map_err(fault)?;
        let started = Self::start(login, secrets, &dir).await;
        let (mut keeper, said, _answers) = match started {
            Ok(started) => started,
            Err(error) => {
                std::fs::remove_dir_all(&dir).ok();
                return Err(fault(error));
            }
        };
        let socket = dir.join(SOCKET);
        let left = login.options.timeout.saturating_sub(began.elapsed());
        let is_up = tokio::select! {
            is_up = timeout(left, appears(&socket)) => Some(is_up.is_ok()),
            _ = keeper.ended() => None,
        };
        if is_up != Some(true) {
            keeper.leave().await;
            if is_up == Some(false) {
                return Err(login.unreachable(&login.late()));
            }
            let said = timeout(SAID, said).await.ok().and_then(Result::ok).unwrap_or_default();
            return Err(login.reason(&String::from_utf8_lossy(&said)).await);
        }
        let gone = CancellationToken::new();
        let (over, ended) = (watch.over.clone(), gone.clone());
        watch.tasks.spawn(async move {
            tokio::select! {
                _ = keeper.ended() => {}
                () = over.cancelled() => {}
            }
            ended.cancel();
            keeper.leave().await;
        });
        Ok(Self { socket, places: Arc::new(Semaphore::new(PLACES)), gone })
    }

    async fn start(
        login: &Login,
        secrets: &Secrets,
        dir: &Path,
    ) -> std::io::Result<(Keeper, JoinHandle<Vec<u8>>, Answers)> {
        let socket = dir.join(SOCKET);
        let mut command = Command::new(&login.options.program);
        command.arg(keeper::NAME).arg(dir).arg(&login.options.ssh);
        let checking = login.checking().await;
        command.args(words(login, checking, !secrets.is_empty(), &socket));
        let answers = if secrets.is_empty() {
            command.env("SSH_ASKPASS_REQUIRE", "never").env_remove("SSH_ASKPASS");
            Answers(None)
        } else {
            let asker = dir.join(answer::NAME);
            // This program, under a name by which it knows what it is to do.
            symlink(std::fs::canonicalize(&login.options.program)?, &asker)?;
            command.env("SSH_ASKPASS", asker).env("SSH_ASKPASS_REQUIRE", "force");
            let listener = UnixListener::bind(dir.join(answer::SOCKET))?;
            Answers(Some(tokio::spawn(answer::answer(listener, secrets.clone()))))
        };
        let (error, heard) = pipe()?;
        command.stdout(Stdio::null()).stderr(error);
        let mut keeper = Keeper::start(command)?;
        let said = tokio::spawn(tail(heard));
        keeper.pid().await.map_err(std::io::Error::other)?;
        Ok((keeper, said, answers))
    }

    /// Whether others can go through.
    pub(super) fn is_up(&self) -> bool {
        !self.gone.is_cancelled()
    }

    /// A place, if one is free.
    pub(super) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok().filter(|_| self.is_up())
    }

    /// A program that goes through to the host. It connects by no other way, asks nobody and reads no
    /// configuration.
    pub(super) fn through(&self, ssh: &str, level: &str) -> Command {
        let mut command = Command::new(ssh);
        command.args(through(&self.socket, level)).kill_on_drop(true).process_group(0);
        command
    }
}

/// The arguments of the one that logs in, and makes `socket`.
pub(super) fn words(
    login: &Login,
    checking: Checking,
    is_asked: bool,
    socket: &Path,
) -> Vec<OsString> {
    let mut all: Vec<OsString> =
        login.arguments(checking, is_asked).into_iter().map(Into::into).collect();
    let own = ["-o", "ControlMaster=yes", "-o", "SessionType=none", "-N", "-S"];
    all.extend(own.map(Into::into));
    all.push(socket.into());
    all.extend(login.target().map(Into::into));
    all
}

/// The arguments of those that go through `socket`, before what they want there.
pub(super) fn through(socket: &Path, level: &str) -> Vec<OsString> {
    let mut all: Vec<OsString> = Vec::new();
    all.extend(["-F", "none", "-T", "-x", "-a", "-e", "none", "-S"].map(Into::into));
    all.push(socket.into());
    for option in ["ControlMaster=no", "ProxyCommand=false", "BatchMode=yes", level] {
        all.extend(["-o", option].map(Into::into));
    }
    all
}

/// Answers what is asked while it is held.
struct Answers(Option<JoinHandle<()>>);

impl Drop for Answers {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// Waits until there is a socket.
async fn appears(socket: &Path) {
    while !socket.exists() {
        sleep(LOOK).await;
    }
}

/// Makes a directory that nobody else may enter.
fn directory(within: &Path) -> std::io::Result<PathBuf> {
    let nonce = channel::nonce().unwrap_or_default();
    let name: String = nonce.chars().rev().take(12).collect();
    let dir = std::path::absolute(within)?.join(format!("isomon-{name}"));
    let (most, added) = PATH;
    let length = dir.as_os_str().len() + 1 + SOCKET.len() + added;
    if length > most {
        let why = format!("{} is too long a path for a socket", dir.display());
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidFilename, why));
    }
    std::fs::DirBuilder::new().mode(0o700).create(&dir)?;
    Ok(dir)
}
