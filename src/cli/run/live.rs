//! A workflow while it goes on: what happens is shown, a signal ends it.

use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::Result;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::super::signals::Signals;
use super::super::{Exit, Outcome, print};
use super::ask::Terminal;
use super::bad;
use super::show::Show;
use crate::hub::local::Local;
use crate::model::update::What;
use crate::model::workflow::Ending;
use crate::workflow::{self, Loaded};

/// Updates that may wait to be shown.
const UPDATES: usize = 1_024;
/// Signals within this time of one are that one.
const SAME: Duration = Duration::from_millis(300);

/// Runs it. The first signal ends the work and cleans up; the second leaves at once.
pub(super) async fn run(local: Arc<Local>, loaded: Loaded, mut show: Show) -> Outcome {
    hear(local, loaded, &mut show).await.map(|(exit, _)| exit)
}

/// The same; what came of it, unless it was left at once.
pub(in crate::cli) async fn hear(
    local: Arc<Local>,
    loaded: Loaded,
    show: &mut Show,
) -> Result<(Exit, Option<workflow::Outcome>)> {
    let mut signals = Signals::listen()?;
    let (out, mut updates) = mpsc::channel(UPDATES);
    let cancel = CancellationToken::new();
    let token = cancel.clone();
    let mut doing = tokio::spawn(async move {
        local.flow(None, loaded, Some(Arc::new(Terminal::default())), out, token).await
    });
    let (mut signal, mut told) = (None, None);
    loop {
        tokio::select! {
            number = signals.recv() => {
                let at = tokio::time::Instant::now();
                if told.is_some_and(|told| at.duration_since(told) < SAME) {
                    // Who signals a group of processes and one of it means both as one.
                    continue;
                }
                told = Some(at);
                if signal.replace(number).is_some() {
                    doing.abort();
                    // What runs is ended when this is over.
                    (&mut doing).await.ok();
                    print::err("isomon: left at once; the cleanup was not done");
                    return Ok((Exit::Signal(number), None));
                }
                cancel.cancel();
                print::err("isomon: ending the run and cleaning up; once more leaves at once");
            }
            update = updates.recv() => match update.map(|update| update.what) {
                Some(What::Workflow { id, event }) => show.event(&id, &event),
                Some(What::Notice(notice)) => print::err(&format!("isomon: {}", notice.text)),
                Some(_) => {}
                None => break,
            },
        }
    }
    let outcome = doing.await?.map_err(bad)?;
    show.end(&outcome);
    let exit = match outcome.tail.ending {
        Ending::Success if outcome.unkept.is_none() => Exit::Good,
        _ => Exit::Bad,
    };
    Ok((signal.map_or(exit, Exit::Signal), Some(outcome)))
}
