//! How things stand, told as the updates that would lead there: for who comes anew.

use bytes::Bytes;

use super::log::Taken;
use super::{Context, line};
use crate::model::id::{RunId, SourceId};
use crate::model::live::Line;
use crate::model::run::RunEvent;
use crate::model::time::Stamp;
use crate::model::update::{Update, What};
use crate::state::{Node, RunState, State};

/// Everything a newcomer needs; its lines have the number of the last update, after which it goes on.
pub(super) fn how_things_stand(context: &Context, deep: bool) -> Taken {
    // The number is read first: what comes in between is told twice rather than not at all.
    let last = context.log.last();
    let state = context.state();
    let told = updates(&state, deep);
    drop(state);
    let line = |(at, what)| -> Bytes {
        line(&Line { seq: last, update: Update { at, from: SourceId::local(), what } })
    };
    Taken { last, skipped: 0, lines: told.into_iter().map(line).collect() }
}

fn updates(state: &State, deep: bool) -> Vec<(Stamp, What)> {
    let local = state.nodes.get(&SourceId::local());
    let mut told: Vec<(Stamp, What)> =
        local.into_iter().flat_map(|node| of_node(node, state.now, deep)).collect();
    let live = state.runs.iter().filter(|(_, run)| run.from == SourceId::local() && run.is_live());
    told.extend(live.flat_map(|(id, run)| of_run(id, run)));
    if !state.own_stored().is_empty() {
        told.push((state.now, What::Runs(state.own_stored().to_vec())));
    }
    if state.lost > 0 {
        told.push((state.now, What::Lost(state.lost)));
    }
    told
}

fn of_node(node: &Node, now: Stamp, deep: bool) -> Vec<(Stamp, What)> {
    let info = node.info.clone().map(|info| (now, What::Info(info)));
    let sample = node.sample.clone().map(|(at, sample)| (at, What::Node(sample)));
    let gpus = node.gpus.clone().map(|(at, gpus)| (at, What::Gpus(gpus)));
    let processes = node.processes.clone().filter(|_| deep);
    let processes = processes.map(|(at, processes)| (at, What::Processes(processes)));
    let backends = (!node.backends.is_empty()).then(|| node.backends.clone());
    let backends = backends.map(|backends| (now, What::Backends(backends)));
    let workloads = node.workloads.clone().map(|(at, workloads)| (at, What::Workloads(workloads)));
    let alerts = node.alerts.clone().map(|(at, alerts)| (at, What::Alerts(alerts)));
    let health = node.health.clone().map(|health| (now, What::Health(health)));
    [info, sample, gpus, processes, backends, workloads, alerts, health]
        .into_iter()
        .flatten()
        .collect()
}

/// A run by what is known of it so far; its samples are in its file.
fn of_run(id: &RunId, run: &RunState) -> Vec<(Stamp, What)> {
    let mut events = vec![
        RunEvent::Started(Box::new(run.head.clone())),
        RunEvent::Progress(run.progress),
        RunEvent::Summary(run.summary.clone()),
    ];
    if !run.loads.is_empty() {
        events.push(RunEvent::Loads(run.loads.clone()));
    }
    let told = |event| (run.heard, What::Run { id: id.clone(), event });
    events.into_iter().map(told).collect()
}
