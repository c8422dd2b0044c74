//! A program of this machine that is told something and asked nothing: with a keeper beside it, so that
//! what it started goes with it, and all of it with isomon.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe::Sender;
use tokio::process::Command;
use tokio::time::timeout;

use super::kept::Keeper;
use super::{End, keeper};

/// What is run and told.
#[derive(Debug)]
pub struct Feed<'a> {
    /// This program, which is started again to watch over it.
    pub isomon: &'a Path,
    /// The program and its arguments.
    pub argv: &'a [String],
    /// Its whole environment.
    pub env: &'a [(&'a str, OsString)],
    /// What it finds on its standard input. Nobody reads what it writes.
    pub input: &'a [u8],
    /// Time it has.
    pub time: Duration,
}

/// Runs it in `/`, and ends with it all it started; `None` where it had to be ended itself.
///
/// # Errors
/// Where it could not be started.
pub async fn feed(feed: &Feed<'_>) -> io::Result<Option<End>> {
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    let input = Sender::from_owned_fd(write)?;
    let mut command = Command::new(feed.isomon);
    command.args([OsStr::new(keeper::NAME), OsStr::new(keeper::FED)]).args(feed.argv);
    command.env_clear().envs(feed.env.iter().map(|(name, value)| (name, value)));
    command.current_dir("/").stdout(read).stderr(Stdio::null());
    let mut keeper = Keeper::start(command)?;
    let ended = timeout(feed.time, told(&mut keeper, input, feed.input)).await;
    keeper.order(Duration::ZERO).await;
    keeper.leave().await;
    ended.ok().transpose()
}

async fn told(keeper: &mut Keeper, mut input: Sender, body: &[u8]) -> io::Result<End> {
    keeper.pid().await.map_err(io::Error::other)?;
    let tell = async {
        // Who does not read is not made to.
        input.write_all(body).await.ok();
        drop(input);
        std::future::pending().await
    };
    tokio::select! {
        end = keeper.ended() => Ok(end),
        never = tell => never,
    }
}
