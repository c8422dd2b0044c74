//! `isomon record`: what happens, kept in a file, with no screen.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::{Report, Result, WrapErr};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::advice::Advise;
use super::setting::Setting;
use super::signals::Signals;
use super::sources::{SourceArgs, Which};
use super::{Exit, Outcome, local_watch, log, print, runtime};
use crate::config::{Interval, Span};
use crate::hub::Hub;
use crate::hub::local::Local;
use crate::model::command::Command;
use crate::model::time::{Clock, SystemClock};
use crate::model::update::{Update, What};
use crate::record::tape::record;
use crate::store::tape::{Error, Head, Writer};

/// Updates that may wait for the recording.
const ROOM: usize = 1_024;

/// What stands below the flags.
pub(super) const AFTER_HELP: &str = "\
The file is NDJSON, packed with zstd: `zstdcat FILE` shows it, `isomon replay FILE` plays it. \
Who kills isomon loses a second of it at most.

Examples:
  isomon record day.ndjson.zst
  isomon record fleet.ndjson.zst --for 10m --source http://web-1:7070
  isomon --record session.ndjson.zst";

/// What to record, and where.
#[derive(Clone, Debug, clap::Args)]
pub struct RecordArgs {
    /// The file
    file: PathBuf,
    /// Stop after this time; else on Ctrl-C
    #[arg(long = "for", value_name = "TIME")]
    time: Option<Span>,
    /// Write over the file if it is there
    #[arg(long)]
    force: bool,
    /// Time between two samples: 2, 500ms, 1m
    #[arg(short, long, value_name = "TIME")]
    interval: Option<Interval>,
    /// Other nodes to record.
    #[command(flatten)]
    sources: SourceArgs,
}

pub(super) fn run(wish: &RecordArgs, setting: &Setting) -> Outcome {
    log::to_stderr()?;
    runtime::block_on(keep(wish, setting))?
}

async fn keep(wish: &RecordArgs, setting: &Setting) -> Outcome {
    let interval = wish.interval.unwrap_or(setting.config.watch.interval).0;
    let local = Arc::new(setting.local.clone());
    let specs = wish.sources.specs(&setting.config.source, Which::All)?;
    let mut signals =
        Signals::listen().wrap_err("signals cannot be heard").advise("see `ulimit`")?;
    let random = StdRng::from_os_rng();
    let mut hub = Hub::new(Arc::clone(&local), Arc::new(SystemClock), random, interval);
    let tape = begin(&mut hub, &local, &wish.file, wish.force)?;
    let mut heard = hub.subscribe(ROOM);
    let stop = CancellationToken::new();
    local_watch::start(&hub, &local, hub.pace(), setting.config.watch.models, &stop);
    hub.watch(specs, wish.sources.ssh_at_once());
    // There is room: nothing was wished before.
    hub.commands().try_send(Command::ListRuns).unwrap_or_default();
    let hub = tokio::spawn(hub.run(stop.clone()));
    let over = async {
        match wish.time {
            Some(time) => tokio::time::sleep(time.0).await,
            None => std::future::pending().await,
        }
    };
    print::err(&format!("isomon: recording to {}; Ctrl-C ends it", wish.file.display()));
    let said = tokio::spawn(async move {
        while let Some(update) = heard.recv().await {
            say(&update);
        }
    });
    let ended = tokio::select! {
        () = over => None,
        number = signals.recv() => Some(number),
        () = tape.ended() => None,
    };
    stop.cancel();
    hub.await?;
    said.await?;
    let exit = tape.end(&wish.file).await?;
    Ok(match ended {
        Some(15 | 1) => ended.map_or(exit, Exit::Signal),
        _ => exit,
    })
}

/// Tells what goes wrong meanwhile.
fn say(update: &Update) {
    if let What::Notice(notice) = &update.what
        && notice.bad
    {
        print::err(&format!("isomon: {}", notice.text));
    }
}

/// A recording that goes on.
pub(super) struct Recording(JoinHandle<Result<u64, Error>>);

/// Records everything that `hub` tells from now on.
pub(super) fn begin(
    hub: &mut Hub<Local>,
    local: &Local,
    path: &Path,
    force: bool,
) -> Result<Recording> {
    let head = Head::new(local.info().hostname, SystemClock.now());
    let writer = Writer::create(path, &head, force).map_err(advised)?;
    let (updates, outlet) = (hub.subscribe(ROOM), hub.outlet());
    Ok(Recording(tokio::spawn(record(updates, writer, outlet))))
}

impl Recording {
    /// Waits as long as it goes on, without an end to it.
    async fn ended(&self) {
        while !self.0.is_finished() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Ends it: whoever sent updates has gone.
    pub(super) async fn end(self, path: &Path) -> Outcome {
        let lost = self.0.await?.map_err(advised)?;
        if lost > 0 {
            print::err(&format!("isomon: {} lacks {lost} updates", path.display()));
            return Ok(Exit::Bad);
        }
        Ok(Exit::Good)
    }
}

/// The error with what mends it.
pub(super) fn advised(error: Error) -> Report {
    let advice = match &error {
        Error::Exists { .. } => "name another file, or write over it with --force",
        Error::NoFile { .. } => "name an ordinary file",
        Error::Newer { .. } => "use the isomon that wrote it, or a later one",
        Error::Foreign { .. } => {
            "name a file of `isomon record`, or lines as `/v1/live` of `isomon serve` tells them"
        }
        Error::Io { .. } if error.is_full() => "free some room, or name a file on another disk",
        Error::Io { .. } => "see whether the path is right and may be used",
    };
    Report::new(error).advise(advice)
}
