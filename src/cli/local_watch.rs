//! The watches of this machine, as the screen and the server both start them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::agent_watch;
use crate::hub::Hub;
use crate::hub::local::Local;
use crate::model::update::What;
use crate::source::model::scan::Scan;
use crate::state::late::FOUND_EVERY_MS;
use crate::watch::{Outlet, Pace, Voice, Watch};

/// Time between two looks at the models of this machine.
const MODELS_PACE: Duration = Duration::from_millis(FOUND_EVERY_MS);

/// Starts a watch for each probe of this machine, until `stop`. Processes, which cost most, are read at
/// a pace of their own; servers of models are looked for where that is allowed.
pub(super) fn start(
    hub: &Hub<Local>,
    local: &Arc<Local>,
    processes_pace: watch::Receiver<Pace>,
    models: bool,
    stop: &CancellationToken,
) {
    if models {
        tokio::spawn(watch_models(hub.outlet(), hub.pace(), stop.clone()));
    }
    let at = |pace, voice| Watch { outlet: hub.outlet(), pace, stop: stop.clone(), voice };
    let (node, gpus, processes) = (Arc::clone(local), Arc::clone(local), Arc::clone(local));
    tokio::spawn(at(hub.pace(), Voice::Health).run(move || node.node()));
    tokio::spawn(at(hub.pace(), Voice::Notice("GPUs")).run(move || gpus.gpus()));
    let reading = at(processes_pace, Voice::Notice("processes"));
    tokio::spawn(reading.run(move || processes.processes()));
    tokio::spawn(agent_watch::watch(hub.outlet(), hub.pace(), stop.clone()));
    let (local, outlet) = (Arc::clone(local), hub.outlet());
    tokio::spawn(async move {
        if let Ok(info) = tokio::task::spawn_blocking(move || local.info()).await {
            outlet.send(What::Info(Box::new(info))).await;
        }
    });
}

/// Tells of the models that are served on this machine, until `stop`. Nothing is told while there are
/// none and were none.
async fn watch_models(outlet: Outlet, pace: watch::Receiver<Pace>, stop: CancellationToken) {
    let (mut scan, mut told) = (Scan::default(), false);
    loop {
        let paused = pace.borrow().paused;
        let found = async {
            let serving = if paused { None } else { Some(scan.round().await) };
            if let Some(serving) = serving.filter(|serving| told || !serving.is_empty()) {
                told = true;
                outlet.send(What::Serving(serving)).await;
            }
            tokio::time::sleep(MODELS_PACE).await;
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = found => {}
        }
    }
}
