//! What happened: the word that goes up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::agent::Agents;
use super::alert::Alerts;
use super::backend::{BackendStatus, Mend};
use super::gpu::GpuSample;
use super::id::{RunId, SourceId};
use super::node::{NodeInfo, NodeSample};
use super::origin::Origin;
use super::past::Past;
use super::pipeline::Pipelines;
use super::process::Process;
use super::replay::Replay;
use super::run::{RunEvent, StoredRun};
use super::serving::{Service, Serving};
use super::text::SafeText;
use super::time::Stamp;
use super::workflow::WorkflowEvent;
use super::workload::Workloads;

/// One thing that happened, when, and who says so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Update {
    /// When isomon learned of it.
    pub at: Stamp,
    /// Who says so.
    pub from: SourceId,
    /// What happened.
    pub what: What,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// What the node is.
    Info(Box<NodeInfo>),
    /// How the node is doing.
    Node(Box<NodeSample>),
    /// Its processes, all of them.
    Processes(Vec<Process>),
    /// Its GPUs.
    Gpus(Box<GpuSample>),
    /// Its backends, all of them.
    Backends(Vec<BackendStatus>),
    /// A backend is being made ready.
    Mend(Mend),
    /// A run went on.
    Run {
        /// Which run.
        id: RunId,
        /// What happened to it.
        event: RunEvent,
    },
    /// A workflow went on.
    Workflow {
        /// Its run.
        id: RunId,
        /// What happened to it.
        event: WorkflowEvent,
    },
    /// The runs that are kept on disk, latest first.
    Runs(Vec<StoredRun>),
    /// Whether the place where runs are kept, which says so, can be read.
    Shelf(Health),
    /// A piece of the past, as it was wished.
    Past(Box<Past>),
    /// Where the recording is that is played.
    Replay(Box<Replay>),
    /// Everything that was told so far is to be forgotten: a recording begins anew.
    Anew,
    /// Where in its program a process is.
    Stack(Box<Stack>),
    /// A benchmark was begun on several nodes at once.
    Fleet(FleetRun),
    /// What the source is, and what it offers.
    Origin(Box<Origin>),
    /// Workloads the node was given.
    Workloads(Box<Workloads>),
    /// Jobs of stages and workers.
    Pipelines(Box<Pipelines>),
    /// Models that are served there.
    Serving(Vec<Serving>),
    /// Agents that are watched there.
    Agents(Box<Agents>),
    /// Services that are watched there.
    Services(Vec<Service>),
    /// What the rules of an isomon find to be wrong.
    Alerts(Box<Alerts>),
    /// Whether a source answers.
    Health(Health),
    /// The source is told of no more: it is another one under a second name.
    Gone,
    /// Periodic samples that were dropped because nobody took them in time, since the start.
    Lost(u64),
    /// A sentence for the user: the answer to a command.
    Notice(Notice),
}

impl What {
    /// Whether it may be dropped when nobody keeps up: the next one replaces it.
    pub const fn is_periodic(&self) -> bool {
        matches!(
            self,
            Self::Node(_)
                | Self::Processes(_)
                | Self::Gpus(_)
                | Self::Serving(_)
                | Self::Agents(_)
                | Self::Services(_)
        )
    }
}

/// Where in its program a process is, as well as this machine can tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stack {
    /// The process.
    pub pid: u32,
    /// What was asked: `/proc`, `py-spy`, `gdb`.
    pub by: SafeText,
    /// What it said, line by line.
    pub lines: Vec<SafeText>,
    /// Why there is no more, and what mends that.
    pub gap: Option<SafeText>,
}

/// One benchmark on several nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FleetRun {
    /// Each node's own run; an id is known before its run has begun.
    pub runs: Vec<(SourceId, RunId)>,
    /// Nodes that could not be asked, and why.
    pub left_out: Vec<(SourceId, SafeText)>,
}

/// Whether a source answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It answers.
    Up,
    /// It does not.
    Down {
        /// Since when.
        since: Stamp,
        /// Why.
        why: SafeText,
    },
}

/// A sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Notice {
    /// Whether something went wrong.
    pub bad: bool,
    /// The sentence.
    pub text: SafeText,
}

#[cfg(test)]
mod tests;
