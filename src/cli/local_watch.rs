//! The watches of this machine, as the screen and the server both start them.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::agent_watch;
use crate::hub::Hub;
use crate::hub::local::Local;
use crate::model::update::What;
use crate::watch::{Pace, Voice, Watch};

/// Starts a watch for each probe of this machine, until `stop`. Processes, which cost most, are read at
/// a pace of their own.
pub(super) fn start(
    hub: &Hub<Local>,
    local: &Arc<Local>,
    processes_pace: watch::Receiver<Pace>,
    stop: &CancellationToken,
) {
    let at = |pace, voice| Watch { outlet: hub.outlet(), pace, stop: stop.clone(), voice };
    let (node, gpus, processes) = (Arc::clone(local), Arc::clone(local), Arc::clone(local));
    tokio::spawn(at(hub.pace(), Voice::Health).run(move || node.node()));
    tokio::spawn(at(hub.pace(), Voice::Notice("GPUs")).run(move || gpus.gpus()));
    let reading = at(processes_pace, Voice::Notice("processes"));
    tokio::spawn(reading.run(move || processes.processes()));
    tokio::spawn(agent_watch::watch(hub.outlet(), stop.clone()));
    let (local, outlet) = (Arc::clone(local), hub.outlet());
    tokio::spawn(async move {
        if let Ok(info) = tokio::task::spawn_blocking(move || local.info()).await {
            outlet.send(What::Info(Box::new(info))).await;
        }
    });
}
