//! `isomon snapshot`: how this machine, and any other that is named, is doing, once.

use std::time::{Duration, Instant};

use color_eyre::eyre::{Result, eyre};

use super::args::Args;
use super::print;
use super::setting::Setting;
use super::sources::{SourceArgs, Which};
use super::{Exit, Outcome, agent_watch, log, runtime};
use crate::model::gpu::GpuSample;
use crate::model::id::SourceId;
use crate::model::node::NodeSample;
use crate::model::process::Process;
use crate::model::text::SafeText;
use crate::model::time::{Clock, SystemClock};
use crate::model::update::What;
use crate::report::node::{FORMAT, Form, Snapshot};

mod remote;

/// Rates need two samples; this is the time between them.
const APART: Duration = Duration::from_millis(250);
/// A probe that takes longer has nothing to say.
const TIME_BOX: Duration = Duration::from_secs(5);

/// How to print it.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct SnapshotArgs {
    /// How to write it
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    format: Form,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// In JSON, say why a value is missing instead of null
    #[arg(long)]
    reasons: bool,
    /// Other nodes to ask.
    #[command(flatten)]
    sources: SourceArgs,
}

/// `isomon --once` and `isomon --json`.
pub(super) fn once(args: &Args, setting: &Setting) -> Outcome {
    let sources = args.screen.sources.clone();
    let wish = SnapshotArgs { json: args.json, sources, ..SnapshotArgs::default() };
    run(&wish, setting)
}

pub(super) fn run(wish: &SnapshotArgs, setting: &Setting) -> Outcome {
    log::to_stderr()?;
    let specs = wish.sources.specs(&setting.config.source, Which::Named)?;
    let others = remote::all(specs, wish.sources.ssh_at_once());
    let (snapshot, nodes) = runtime::block_on(async { tokio::join!(take(setting), others) })?;
    let snapshot = Snapshot { nodes, ..snapshot? };
    let form = if wish.json { Form::Json } else { wish.format };
    print::out(&snapshot.write(form, wish.reasons, &setting.config.threshold)?)?;
    Ok(Exit::Good)
}

async fn take(setting: &Setting) -> Result<Snapshot> {
    let local = setting.local.clone();
    let node = twice(local.node());
    let processes = twice(local.processes());
    let gpus = twice(local.gpus());
    let info = tokio::task::spawn_blocking(move || local.info());
    let agents = tokio::task::spawn_blocking(agent_watch::once);
    let (node, processes, gpus, info, agents) = tokio::join!(node, processes, gpus, info, agents);
    let processes = processes_of(processes)?;
    let mut gpus = gpus_of(gpus)?;
    gpus.join(&processes);
    Ok(Snapshot {
        format: FORMAT,
        isomon: env!("CARGO_PKG_VERSION"),
        at: SystemClock.now().rfc3339(),
        source: SourceId::local(),
        info: info?,
        node: node_of(node)?,
        gpus,
        processes,
        agents: agents?,
        serving: Vec::new(),
        nodes: Vec::new(),
    })
}

/// The second of two samples, so that rates exist.
async fn twice(
    mut probe: impl FnMut(Instant) -> Result<What, SafeText> + Send + 'static,
) -> Result<What> {
    let work = async {
        let probe_again = tokio::task::spawn_blocking(move || {
            let first = probe(Instant::now());
            (probe, first)
        });
        let (mut probe, first) = probe_again.await?;
        first.map_err(|why| eyre!("{why}"))?;
        tokio::time::sleep(APART).await;
        let second = tokio::task::spawn_blocking(move || probe(Instant::now())).await?;
        second.map_err(|why| eyre!("{why}"))
    };
    tokio::time::timeout(TIME_BOX, work).await?
}

fn node_of(what: Result<What>) -> Result<NodeSample> {
    match what? {
        What::Node(sample) => Ok(*sample),
        _ => Err(eyre!("the node's probe speaks of something else")),
    }
}

fn gpus_of(what: Result<What>) -> Result<GpuSample> {
    match what? {
        What::Gpus(sample) => Ok(*sample),
        _ => Err(eyre!("the GPU probe speaks of something else")),
    }
}

fn processes_of(what: Result<What>) -> Result<Vec<Process>> {
    match what? {
        What::Processes(processes) => Ok(processes),
        _ => Err(eyre!("the process probe speaks of something else")),
    }
}
