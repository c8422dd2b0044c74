//! `isomon bench --hosts …`: the same plan on several nodes at once, results side by side.
//!
//! One hub in this process asks the nodes; each node measures itself and keeps its run. What they tell
//! is kept on this machine too, so that `show`, `compare` and `plot` know every one of the runs.

use std::sync::Arc;

use color_eyre::eyre::{Result, eyre};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::super::advice::Advise;
use super::super::print;
use super::super::progress::Meter;
use super::super::setting::Setting;
use super::super::sources::Which;
use super::super::{Exit, Outcome, runtime};
use super::export::Export;
use super::{BenchArgs, judge};
use crate::config::address::Address;
use crate::hub::Hub;
use crate::model::bench::Plan;
use crate::model::command::Command;
use crate::model::id::SourceId;
use crate::model::time::SystemClock;
use crate::model::update::Update;
use crate::report::fleet::{Fleet, Node, json, text};
use crate::source::Spec;

mod gather;

use gather::Gathered;

/// Updates that may wait for this command.
const ROOM: usize = 4_096;

/// The nodes that are meant; `None` where none is named, so that this machine is.
pub(super) struct Nodes {
    specs: Vec<Spec>,
    /// This machine takes part.
    local: bool,
}

impl Nodes {
    /// Reads them from the flags and the settings.
    pub(super) fn of(wish: &BenchArgs, setting: &Setting) -> Result<Option<Self>> {
        let mut sources = wish.sources.clone();
        let before = sources.hosts.len() + sources.source.len();
        let other = |text: &String| Address::host(text.trim()) != Ok(Address::Local);
        sources.hosts.retain(other);
        sources.source.retain(other);
        let local = sources.hosts.len() + sources.source.len() < before;
        let specs = sources.specs(&setting.config.source, Which::Named)?;
        if specs.is_empty() {
            // This machine alone is what is measured where nothing is said.
            return Ok(None);
        }
        Ok(Some(Self { specs, local }))
    }

    fn ids(&self) -> Vec<SourceId> {
        let local = self.local.then(SourceId::local);
        local.into_iter().chain(self.specs.iter().map(|spec| spec.id.clone())).collect()
    }
}

/// Refuses what has no meaning for several runs.
pub(super) fn check(wish: &BenchArgs) -> Result<()> {
    let exports = wish.exports();
    let other = exports.iter().any(|export| export.form != super::super::outcome::Form::Json);
    let what = if other {
        "this export holds one run, and several nodes are named"
    } else if wish.tune {
        "--tune sets this machine alone, and others are named"
    } else if wish.beside.is_named() {
        "a baseline is set beside one run, and several nodes are named"
    } else {
        return Ok(());
    };
    Err(eyre!("{what}")
        .advise("leave it out; each run is kept, for `isomon show` and `isomon plot`"))
}

/// Measures `nodes` by `plan`.
pub(super) fn run(wish: &BenchArgs, setting: &Setting, nodes: Nodes, plan: Plan) -> Outcome {
    let meter = Meter::new();
    let gathered = runtime::block_on(measure(wish, setting, nodes, plan, &meter))??;
    meter.clear();
    let signal = gathered.signal;
    let fleet = gathered.finish(&meter);
    write(wish, &fleet)?;
    let node = |node: &Node| {
        let whole = node.run.as_ref().is_some_and(|run| judge(wish, run) == Exit::Good);
        node.fault.is_none() && whole
    };
    let good = fleet.left_out.is_empty() && !fleet.nodes.is_empty() && fleet.nodes.iter().all(node);
    Ok(signal.map_or(if good { Exit::Good } else { Exit::Bad }, Exit::Signal))
}

async fn measure(
    wish: &BenchArgs,
    setting: &Setting,
    nodes: Nodes,
    plan: Plan,
    meter: &Meter,
) -> Result<Gathered> {
    let interval = setting.config.watch.interval.0;
    let local = Arc::new(setting.local.clone());
    let random = StdRng::from_os_rng();
    let mut hub = Hub::new(local, Arc::new(SystemClock), random, interval);
    let updates = hub.subscribe(ROOM);
    let commands = hub.commands();
    let stop = CancellationToken::new();
    let ids = nodes.ids();
    hub.watch(nodes.specs, wish.sources.ssh_at_once());
    let hub = tokio::spawn(hub.run(stop.clone()));
    let gathered = Gathered::new(&ids, &setting.local.runs);
    let heard = match gathered {
        Ok(gathered) => hear(gathered, updates, &commands, (ids, plan), meter).await,
        Err(error) => Err(error),
    };
    stop.cancel();
    hub.await?;
    heard
}

/// Waits until every node has answered or cannot, begins, and hears to the end.
async fn hear(
    mut gathered: Gathered,
    mut updates: mpsc::Receiver<Update>,
    commands: &mpsc::Sender<Command>,
    (nodes, plan): (Vec<SourceId>, Plan),
    meter: &Meter,
) -> Result<Gathered> {
    if !gathered.meet(&mut updates, meter).await {
        return Ok(gathered);
    }
    commands.send(Command::BenchOn { nodes, plan: Box::new(plan) }).await?;
    gathered.hear(&mut updates, commands, meter).await;
    Ok(gathered)
}

/// Writes the exports; standard output holds the tables, unless an export goes there.
fn write(wish: &BenchArgs, fleet: &Fleet) -> Result<()> {
    let exports = wish.exports();
    let whole = if wish.json || !exports.is_empty() { json(fleet)? } else { String::new() };
    exports.iter().try_for_each(|export| export.write_text(&whole))?;
    if exports.iter().any(Export::is_standard) {
        return Ok(());
    }
    let shown = if wish.json { whole } else { text(fleet) };
    Ok(print::out(&shown)?)
}
