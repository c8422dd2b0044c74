//! This end of a keeper: starts it, hears how the program ended, and tells the owner.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as Pair;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::End;
use super::running::lost;

/// A keeper that was started, and the socket to it.
#[derive(Debug)]
pub(super) struct Keeper {
    child: Child,
    said: Lines<BufReader<OwnedReadHalf>>,
    orders: Option<OwnedWriteHalf>,
}

impl Keeper {
    /// Starts one. `command` has its arguments and its outputs.
    pub(super) fn start(mut command: Command) -> std::io::Result<Self> {
        let (ours, theirs) = Pair::pair()?;
        ours.set_nonblocking(true)?;
        command.stdin(Stdio::from(OwnedFd::from(theirs))).process_group(0);
        let child = command.spawn()?;
        // The outputs go with the command, or they would never end.
        drop(command);
        let (said, orders) = UnixStream::from_std(ours)?.into_split();
        Ok(Self { child, said: BufReader::new(said).lines(), orders: Some(orders) })
    }

    /// The process it keeps, or why there is none.
    pub(super) async fn pid(&mut self) -> Result<u32, String> {
        let line = self.line().await.unwrap_or_default();
        match line.split_once(' ') {
            Some(("pid", pid)) => pid.parse().map_err(|_| "it has no process".to_owned()),
            Some(("fail", why)) => Err(why.to_owned()),
            _ => Err("isomon's own keeper did not start".to_owned()),
        }
    }

    async fn line(&mut self) -> Option<String> {
        self.said.next_line().await.ok().flatten()
    }

    pub(super) async fn order(&mut self, grace: Duration) {
        if let Some(orders) = &mut self.orders {
            // Ignored: a keeper that is gone says so by closing.
            orders.write_all(format!("end {}\n", grace.as_millis()).as_bytes()).await.ok();
        }
    }

    /// Lets go, and waits until nothing is left.
    pub(super) async fn leave(mut self) {
        drop((self.orders.take(), self.said));
        self.child.wait().await.ok();
    }

    /// Waits until what it keeps has ended by itself: how.
    pub(super) async fn ended(&mut self) -> End {
        self.line().await.map_or_else(|| lost("its keeper is gone"), |line| end(&line))
    }
}

/// `exit 0` or `signal 9`.
fn end(line: &str) -> End {
    let (word, number) = line.split_once(' ').unwrap_or((line, ""));
    let number = number.parse().ok();
    let (exit, signal) = if word == "exit" { (number, None) } else { (None, number) };
    End { exit, signal, lost: None }
}

/// Who hears the keeper and tells the owner.
pub(super) struct Driver {
    pub(super) keeper: Keeper,
    pub(super) given: mpsc::Receiver<Duration>,
    pub(super) tell: Arc<watch::Sender<Option<End>>>,
    pub(super) end: watch::Sender<bool>,
    pub(super) caught_up: Option<[oneshot::Receiver<()>; 2]>,
}

impl Driver {
    /// Until the owner lets go, or everything is over.
    pub(super) async fn drive(mut self, over: CancellationToken) {
        loop {
            tokio::select! {
                line = self.keeper.line() => match line {
                    Some(line) => self.ended(&line),
                    None => break,
                },
                wish = self.given.recv() => match wish {
                    Some(grace) => self.keeper.order(grace).await,
                    None => break,
                },
                () = over.cancelled() => break,
            }
        }
        let unheard = self.caught_up.take();
        self.keeper.leave().await;
        if unheard.is_some() && self.tell.borrow().is_none() {
            self.tell.send_replace(Some(lost("it was ended with all that ran here")));
        }
    }

    /// Tells how it ended, once all that was written by then is passed on.
    fn ended(&mut self, line: &str) {
        let Some(caught_up) = self.caught_up.take() else { return };
        let end = end(line);
        let tell = Arc::clone(&self.tell);
        self.end.send_replace(true);
        tokio::spawn(async move {
            for caught_up in caught_up {
                // Ignored: a stream that is closed has nothing more.
                caught_up.await.ok();
            }
            tell.send_replace(Some(end));
        });
    }
}
