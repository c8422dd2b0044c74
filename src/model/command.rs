//! What is wished: the word that goes down.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::alert::AlertWish;
use super::backend::BackendId;
use super::bench::Plan;
use super::id::{RunId, SourceId};
use super::past::PastWish;
use super::pipeline::Pipeline;
use super::replay::ReplayWish;
use super::workflow::WorkflowWish;

/// A wish of the user, from the keyboard, the command line or another program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Try every backend and say which are ready.
    CheckBackends,
    /// Run the commands that make this backend ready, then try it again. Asked for after a yes.
    Mend(BackendId),
    /// End these commands; what they have done stays.
    StopMend,
    /// Start a benchmark.
    Bench(Box<Plan>),
    /// Start a benchmark as a run of this id; how another isomon asks for it.
    BenchAs {
        /// The run's id.
        id: RunId,
        /// What it does.
        plan: Box<Plan>,
    },
    /// Run a workflow.
    Workflow(Box<WorkflowWish>),
    /// Start the same benchmark on each of these nodes at once.
    BenchOn {
        /// Which nodes.
        nodes: Vec<SourceId>,
        /// What it does.
        plan: Box<Plan>,
    },
    /// This node is looked at in depth, so that everything about it is wanted; `None`: none is.
    Focus(Option<SourceId>),
    /// Say which runs are kept on disk.
    ListRuns,
    /// Bring a run that is kept on disk into view, by telling its events again.
    OpenRun(RunId),
    /// Bring a run that is kept elsewhere into view: on a node, or in a bucket.
    OpenFrom {
        /// Where it is kept.
        source: SourceId,
        /// Which one.
        id: RunId,
    },
    /// Go on with a run of this machine that was cut off, from its last checkpoint.
    Resume(RunId),
    /// Say where in its program this process of this machine is.
    Stack(u32),
    /// Tell this piece of the past.
    Past(PastWish),
    /// Do this with the recording that is played.
    Replay(ReplayWish),
    /// End a run; what it has stays valid.
    Cancel(RunId),
    /// Write a run as JSON.
    Export {
        /// Which run.
        run: RunId,
        /// Where to; a directory gets `isomon-<id>.json`.
        to: PathBuf,
    },
    /// Write what is told of a job as JSON: one that is elsewhere, or still goes on.
    Report {
        /// The job.
        job: Box<Pipeline>,
        /// Where to; a directory gets `isomon-job-<id>.json`.
        to: PathBuf,
    },
    /// Do this with the alerts of this isomon.
    Alert(AlertWish),
    /// Take samples this often.
    Interval(Duration),
    /// Stop taking samples, or go on.
    Pause(bool),
}
