//! Agents of this machine on its own screen: an OpenClaw of this user, found by itself.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::model::agent::Agents;
use crate::model::text::SafeText;
use crate::model::time::{Clock, SystemClock};
use crate::model::update::{Notice, What};
use crate::source::openclaw::{Home, directories};
use crate::state::late::FOUND_EVERY_MS;
use crate::watch::{Outlet, Pace};

/// Time between two looks; one at files that have not changed costs a few system calls.
const LOOK: Duration = Duration::from_millis(FOUND_EVERY_MS);

/// Where an OpenClaw of this user keeps its state, as it is told to it too; `None` where there is none.
pub(super) fn place() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    directories(variable("OPENCLAW_STATE_DIR").as_deref(), variable("HOME").as_deref())
}

/// Tells of agents until `stop`, unless paused. Where no OpenClaw is, nothing is told; one that is installed
/// later is found.
pub(super) async fn watch(
    outlet: Outlet,
    mut pace: watch::Receiver<Pace>,
    stop: CancellationToken,
) {
    let mut home: Option<Home> = None;
    let mut fault: Option<SafeText> = None;
    loop {
        let looked = tokio::task::spawn_blocking(move || {
            let mut home = home.or_else(|| place().map(Home::new));
            let news = home.as_mut().map(look);
            (home, news)
        });
        let Ok((back, news)) = looked.await else { return };
        home = back;
        match news {
            Some(Ok(Some(agents))) => {
                fault = None;
                outlet.send(What::Agents(Box::new(agents))).await;
            }
            Some(Err(why)) if fault.as_ref() != Some(&why) => {
                let text = SafeText::from(format!("agents are not told of: {why}"));
                outlet.send(What::Notice(Notice { bad: true, text })).await;
                fault = Some(why);
            }
            // It was removed, or never was: the next look begins anew.
            Some(Ok(None)) | None => home = None,
            Some(Err(_)) => {}
        }
        if !Pace::rest(&mut pace, LOOK, &stop).await {
            return;
        }
    }
}

fn look(home: &mut Home) -> Result<Option<Agents>, SafeText> {
    home.look(SystemClock.now().wall_ms).map_err(|error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            return SafeText::from("OPENCLAW_STATE_DIR names no directory");
        }
        SafeText::from(error.to_string())
    })
}

/// How agents of this machine are doing, once. What cannot be read is not told.
pub(super) fn once() -> Option<Agents> {
    look(&mut Home::new(place()?)).ok().flatten()
}
