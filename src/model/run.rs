//! A run: what was planned, on what machine, and what came of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::backend::{BackendId, Start};
use super::bench::{Cell, Payload, Plan, Progress, Sample, Summary};
use super::id::RunId;
use super::load::{LoadSummary, Step, Verdict};
use super::pipeline::{Artifact, Checkpoint, LOG_LINES, LogLine, Moment, PipelineKind, Worker};
use super::text::SafeText;
use super::time::Stamp;
use super::unit::{Bytes, Ratio, Seconds};
use super::workflow::WorkflowEvent;

/// Version of the result format; a reader refuses a larger one. A field that is new and has a default,
/// so that older files are read and older readers pass over it, does not raise it; a field that goes,
/// or that means something else than before, does.
pub const FORMAT: u32 = 1;
/// Moments that a run holds, the first.
pub const MOMENTS: usize = 10_000;
/// Checkpoints that are kept of a run, the latest.
pub const CHECKPOINTS: usize = 100;

/// A run as it is kept: what it is told again by.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A benchmark.
    Benchmark(Box<Run>),
    /// What happened in a workflow's run.
    Workflow(Vec<WorkflowEvent>),
}

/// What is known when a run starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunHead {
    /// Version of this format.
    pub format: u32,
    /// Its id.
    pub id: RunId,
    /// When it began.
    pub started: Stamp,
    /// The same as RFC 3339 in UTC.
    pub started_at: String,
    /// What it does.
    pub plan: Plan,
    /// The plan's cells, and after them the baseline cells that every run has (`process` with each
    /// payload); samples and summaries speak of them by index.
    pub cells: Vec<Cell>,
    /// Backends that were asked for and could not run, with the reason.
    pub left_out: Vec<LeftOut>,
    /// The machine.
    pub fingerprint: Fingerprint,
    /// The command that repeats it.
    pub repeat: String,
}

/// A backend that was asked for and could not run, or not to the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// Which one.
    pub backend: BackendId,
    /// The one start in which it cannot run; `None` if it cannot in any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Start>,
    /// The one payload it cannot do; `None` if it can do none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Payload>,
    /// Why not.
    pub reason: SafeText,
    /// What mends it.
    pub remedy: SafeText,
}

impl LeftOut {
    /// `backend` as a whole.
    pub const fn backend(backend: BackendId, reason: SafeText, remedy: SafeText) -> Self {
        Self { backend, start: None, payload: None, reason, remedy }
    }

    /// Whether `cell` is of what is left out.
    pub fn holds(&self, cell: &Cell) -> bool {
        self.backend == cell.backend
            && self.start.is_none_or(|start| start == cell.start)
            && self.payload.is_none_or(|payload| payload == cell.payload)
    }

    /// What is left out: `runc`, `wasm warm`, `wasm syscall`.
    pub fn label(&self) -> String {
        let start = self.start.map(Start::name);
        let words = [start, self.payload.map(Payload::name)].into_iter().flatten();
        words.fold(self.backend.name().to_owned(), |label, word| label + " " + word)
    }
}

/// What must be alike for two runs to be comparable.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fingerprint {
    /// Version of isomon.
    pub isomon: String,
    /// Host name.
    pub hostname: SafeText,
    /// Kernel release.
    pub kernel: Option<SafeText>,
    /// Distribution.
    pub os: Option<SafeText>,
    /// Processor model.
    pub cpu_model: Option<SafeText>,
    /// Logical processors.
    pub cpus: u32,
    /// Memory.
    pub memory_bytes: Option<Bytes>,
    /// Frequency governor; `None` where the kernel shows none.
    pub governor: Option<SafeText>,
    /// Whether processors may exceed their base clock.
    pub turbo: Option<bool>,
    /// Whether hyper-threads are on.
    pub smt: Option<bool>,
    /// Processor flaws and how the kernel meets them.
    pub mitigations: Vec<SafeText>,
    /// The hypervisor or container around it.
    pub virtualization: Option<SafeText>,
    /// Versions of the backends' tools.
    pub backends: Vec<Tool>,
    /// Version of the Linux kernel that virtual machines boot; `None` where they boot isomon's own
    /// guest, or where the image does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guest_kernel: Option<SafeText>,
    /// Whether programs were in the page cache; warm-up rounds see to `true`.
    pub page_cache_hot: bool,
}

/// A backend's tool and its version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// The backend.
    pub backend: BackendId,
    /// First line of its version.
    pub version: SafeText,
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum RunEnd {
    /// Every cell is known as well as was asked, or was visited as often as was asked.
    #[default]
    Completed,
    /// The time allowed was spent before every cell was known well enough.
    BudgetSpent,
    /// As many rounds as allowed were made before every cell was known well enough.
    RoundsSpent,
    /// The user ended it; what there is stays valid.
    Cancelled,
    /// It could not go on.
    Failed {
        /// Why.
        reason: SafeText,
    },
}

impl RunEnd {
    /// In a word, upper case as a [`Pipeline`](super::pipeline::Pipeline) has it: that time or rounds were
    /// spent first makes it no less complete.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Completed | Self::BudgetSpent | Self::RoundsSpent => "COMPLETED",
            Self::Cancelled => "CANCELLED",
            Self::Failed { .. } => "FAILED",
        }
    }

    /// Whether something of what was planned was never done.
    pub const fn is_cut(&self) -> bool {
        matches!(self, Self::Cancelled | Self::Failed { .. })
    }
}

/// What happens to a run, in this order: one `Started`, then samples, progress and summaries, then
/// one `Ended`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunEvent {
    /// It begins.
    Started(Box<RunHead>),
    /// One sample is in.
    Sample(Box<Sample>),
    /// How far it is.
    Progress(Progress),
    /// What is known so far; replaces what was said before.
    Summary(Vec<Summary>),
    /// One step of a load is in.
    Step(Box<Step>),
    /// What is known of the loads so far; replaces what was said before.
    Loads(Vec<LoadSummary>),
    /// Something happened in it: a stage, a worker, a checkpoint.
    Moment(Box<Moment>),
    /// Lines of its log, earliest first.
    Log(#[serde(deserialize_with = "crate::model::list::read")] Vec<LogLine>),
    /// It can go on from here.
    Checkpoint(Box<Checkpoint>),
    /// Who works for it and at what; replaces what was said before.
    Workers(#[serde(deserialize_with = "crate::model::list::read")] Vec<Worker>),
    /// The files it wrote; replaces what was said before.
    Files(#[serde(deserialize_with = "crate::model::list::read")] Vec<Artifact>),
    /// Nobody does it any more, and it never said that it ended.
    CutOff,
    /// It is over.
    Ended(Box<RunTail>),
}

/// What is known when a run is over.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunTail {
    /// When it ended.
    pub ended: Stamp,
    /// How it ended.
    pub end: RunEnd,
    /// How far it was.
    pub progress: Progress,
    /// The final figures.
    pub summary: Vec<Summary>,
    /// Backends that failed so often that the run went on without them, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspended: Vec<LeftOut>,
    /// What the harness itself costs: the median of an empty spawn-and-wait in the same rounds.
    pub overhead_seconds: Option<Seconds>,
    /// The empty spawns and waits of the counted rounds, behind that median.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub empty_seconds: Vec<Seconds>,
    /// The final figures of the loads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loads: Vec<LoadSummary>,
    /// Whether the machine was quiet; `None` in files of before it was said.
    #[serde(default)]
    pub verdict: Option<Verdict>,
}

impl RunTail {
    /// How much of the run was done: all of one that came to its end, also where its time was over first.
    /// `None` where it was cut off and what remained is not known, as in files of before.
    pub fn share(&self) -> Option<Ratio> {
        if !self.end.is_cut() {
            return Ratio::new(1.0);
        }
        self.progress.share().filter(|_| self.progress.remaining > 0)
    }
}

/// A run that is kept on disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StoredRun {
    /// Its id.
    pub id: RunId,
    /// Whether it was written to its end; one that was not is live, or was cut off.
    pub finished: bool,
    /// What it was, in short; `None` where it was not looked into.
    #[serde(default)]
    pub brief: Option<Box<RunBrief>>,
}

impl StoredRun {
    /// A run of which no more is known.
    pub const fn bare(id: RunId, finished: bool) -> Self {
        Self { id, finished, brief: None }
    }
}

/// A run in short, for a list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RunBrief {
    /// What it is.
    pub kind: PipelineKind,
    /// Its name, if it was given one.
    pub name: Option<SafeText>,
    /// The machine it ran on.
    pub host: SafeText,
    /// Milliseconds since 1970 UTC when it began.
    pub started_ms: i64,
    /// How long it took.
    pub seconds: Option<Seconds>,
    /// How it ended, in a word, upper case as a [`Pipeline`](super::pipeline::Pipeline) has it; `CUT OFF`
    /// for one that never said.
    pub status: SafeText,
    /// What ran in it: backends, or stages.
    pub parts: Vec<SafeText>,
    /// How many stages it has; `None` in briefs of before it was said, until they are made anew.
    pub stages: Option<u32>,
    /// How many worked for it; `None` in such briefs too, and where that was not kept.
    pub workers: Option<u32>,
    /// How many tasks a workflow had; `None` for a benchmark, and in briefs of before it was said.
    pub tasks: Option<u32>,
    /// How many of those were passed over; `None` in the same.
    pub skipped: Option<u32>,
    /// Samples that ended well; tasks of a workflow.
    pub completed: u32,
    /// Samples that failed; tasks of a workflow.
    pub failed: u32,
    /// How much of it was done; `None` for a workflow, and where that is not known.
    pub share: Option<Ratio>,
    /// Why it is unlike what was wished, in a sentence: why it failed, or that its file is corrupt.
    pub note: Option<SafeText>,
}

/// A run in one piece: what `run.json` holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// What was known at the start.
    #[serde(flatten)]
    pub head: RunHead,
    /// Every sample, in the order they were taken.
    pub samples: Vec<Sample>,
    /// Every step of a load, in the order they were taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// What happened in it, in that order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moments: Vec<Moment>,
    /// The latest lines of its log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<LogLine>,
    /// The latest of its checkpoints, at most [`CHECKPOINTS`], earliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checkpoints: Vec<Checkpoint>,
    /// Who worked for it, as it was told last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workers: Vec<Worker>,
    /// The files beside this one, with their hashes; read from the run's directory alone.
    #[serde(skip)]
    pub files: Vec<Artifact>,
    /// What was known at the end; `None` for a run that was cut off.
    pub tail: Option<RunTail>,
}

impl Run {
    /// A run of which no more than its start is known.
    pub const fn begun(head: RunHead) -> Self {
        Self {
            head,
            samples: Vec::new(),
            steps: Vec::new(),
            moments: Vec::new(),
            log: Vec::new(),
            checkpoints: Vec::new(),
            workers: Vec::new(),
            files: Vec::new(),
            tail: None,
        }
    }

    /// Takes in what happened to it, as far as a run holds it.
    pub fn take(&mut self, event: RunEvent) {
        match event {
            RunEvent::Sample(sample) => self.samples.push(*sample),
            RunEvent::Step(step) => self.steps.push(*step),
            RunEvent::Moment(moment) if self.moments.len() < MOMENTS => self.moments.push(*moment),
            RunEvent::Log(lines) => self.write(lines),
            RunEvent::Checkpoint(checkpoint) => {
                let beyond = (self.checkpoints.len() + 1).saturating_sub(CHECKPOINTS);
                self.checkpoints.drain(..beyond);
                self.checkpoints.push(*checkpoint);
            }
            RunEvent::Workers(workers) => self.workers = workers,
            RunEvent::Files(files) => self.files = files,
            RunEvent::Ended(tail) => self.tail = Some(*tail),
            RunEvent::Started(_)
            | RunEvent::CutOff
            | RunEvent::Moment(_)
            | RunEvent::Progress(_)
            | RunEvent::Summary(_)
            | RunEvent::Loads(_) => {}
        }
    }

    fn write(&mut self, lines: Vec<LogLine>) {
        self.log.extend(lines);
        let beyond = self.log.len().saturating_sub(LOG_LINES);
        self.log.drain(..beyond);
    }
}
