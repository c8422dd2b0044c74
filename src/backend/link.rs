//! The camp's end of the launcher: starts it, gives it one order at a time, ends it.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{timeout, timeout_at};

use super::audit::MARK;
use super::failpoint::{self, Point};
use super::site::Site;
use super::wire::{Hello, Order, Report, Said};
use super::{Error, launcher};
use crate::model::job::Chunk;
use tokio::sync::mpsc;

/// Time a launcher has to come up.
const GREETING: Duration = Duration::from_secs(10);
/// Time for it to die of a kill.
const DEATH: Duration = Duration::from_secs(2);

/// What came of an order.
#[derive(Debug)]
pub(super) enum Answer {
    /// What became of each that was ordered.
    Reports(Vec<Report>),
    /// The launcher has ended.
    Ended,
    /// It said nothing in time.
    Silence,
}

/// Why there is no launcher.
#[derive(Debug)]
pub(super) enum NoLink {
    /// It may not enter a control group.
    Groups(Error),
    /// Anything else, which may go well the next time.
    Other(Error),
}

impl From<NoLink> for Error {
    fn from(why: NoLink) -> Self {
        match why {
            NoLink::Groups(error) | NoLink::Other(error) => error,
        }
    }
}

/// A launcher and what is said to it. It is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Link {
    child: Child,
    orders: ChildStdin,
    reports: Lines<BufReader<ChildStdout>>,
}

impl Link {
    /// Starts a launcher for `lot` inside the control groups at `boxes`; fails if it cannot enter
    /// one.
    pub(super) async fn start(site: &Site, lot: &str, boxes: Vec<PathBuf>) -> Result<Self, NoLink> {
        let error = |said: &str| Error::Helper {
            helper: "launcher",
            program: site.settings.exe.clone(),
            said: said.to_owned(),
        };
        let silent = |said: &str| NoLink::Other(error(said));
        let spawned = Self::command(site, lot, boxes).spawn();
        let mut child = spawned.map_err(|source| silent(&source.to_string()))?;
        let (Some(orders), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(silent("no pipes"));
        };
        failpoint::reach(Point::Hello);
        let mut reports = BufReader::new(output).lines();
        let line = timeout(GREETING, reports.next_line()).await;
        let line = line.ok().and_then(Result::ok).flatten().unwrap_or_default();
        let hello: Hello = serde_json::from_str(&line).map_err(|_| silent("no greeting"))?;
        if let Some(refused) = hello.refused.first() {
            return Err(NoLink::Groups(error(refused)));
        }
        Ok(Self { child, orders, reports })
    }

    /// Its process.
    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    fn command(site: &Site, lot: &str, boxes: Vec<PathBuf>) -> Command {
        let mut command = Command::new(&site.settings.exe);
        command.arg(launcher::NAME).args(boxes);
        command.env_clear().envs(site.env()).env(MARK, format!("{}/{lot}", site.id));
        command.current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        // A process group of its own: a key on the terminal is for isomon alone.
        command.stderr(Stdio::null()).process_group(0);
        command.kill_on_drop(true);
        command
    }

    /// One order and its reports, which must come `within` that time; output goes to `out`, and time
    /// in which nobody takes it does not count.
    pub(super) async fn exchange(
        &mut self,
        order: &Order,
        within: Duration,
        out: Option<&mpsc::Sender<Chunk>>,
    ) -> Result<Answer, Error> {
        let mut deadline = Instant::now() + within;
        let mut line = serde_json::to_vec(order).map_err(|source| Error::Json { source })?;
        line.push(b'\n');
        if self.orders.write_all(&line).await.is_err() {
            return Ok(Answer::Ended);
        }
        failpoint::reach(Point::Ordered);
        loop {
            let Ok(line) = timeout_at(deadline.into(), self.reports.next_line()).await else {
                return Ok(Answer::Silence);
            };
            let Some(line) = line.ok().flatten() else {
                return Ok(Answer::Ended);
            };
            match serde_json::from_str(&line).map_err(|source| Error::Json { source })? {
                Said::Reports(reports) => return Ok(Answer::Reports(reports)),
                Said::Output(stream, bytes) => {
                    failpoint::reach(Point::Told);
                    let began = Instant::now();
                    if let Some(out) = out {
                        // A listener that has gone needs no output.
                        out.send(Chunk { stream, bytes }).await.ok();
                    }
                    deadline += began.elapsed();
                }
            }
        }
    }

    /// Kills it and waits for it.
    pub(super) async fn end(mut self) {
        // Only a process that does not die of a kill lets this pass by; the sweep will name it.
        drop(timeout(DEATH, self.child.kill()).await);
    }
}
