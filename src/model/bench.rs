//! What a benchmark is made of: plan, cell, sample, figure.
//!
//! A *cell* is a backend with a payload. A run visits each cell once in every round, in random
//! order, and keeps each visit as a *sample* with its phases and what the host was doing meanwhile.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::backend::{BackendId, Start};
use super::job::Kernel;
use super::text::SafeText;
use super::unit::{Bytes, Ratio, Seconds};

mod phase;

pub use phase::{Figure, Phase, Phases};

/// The work done inside a sandbox, the same in each; its result is checked against a reference.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case", tag = "kernel")]
pub enum Payload {
    /// Echoes a nonce: the cost of starting and nothing else.
    Noop,
    /// Rounds of a 32-bit xorshift generator; returns its state.
    Cpu {
        /// How many rounds.
        rounds: u64,
    },
    /// Writes and reads memory page by page; returns a checksum.
    Memory {
        /// How much memory.
        mib: u32,
    },
    /// Cheap system calls in a loop; returns how many were answered.
    Syscall {
        /// How many calls.
        calls: u64,
    },
}

impl Payload {
    /// Every payload at its usual size.
    pub const USUAL: [Self; 4] = [
        Self::Noop,
        Self::Cpu { rounds: 20_000_000 },
        Self::Memory { mib: 32 },
        Self::Syscall { calls: 20_000 },
    ];

    /// The name of its kernel.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Noop => "noop",
            Self::Cpu { .. } => "cpu",
            Self::Memory { .. } => "memory",
            Self::Syscall { .. } => "syscall",
        }
    }

    /// How much of it is done: rounds, MiB or calls; 0 for `noop`.
    pub fn amount(self) -> u64 {
        match self {
            Self::Noop => 0,
            Self::Cpu { rounds } => rounds,
            Self::Memory { mib } => u64::from(mib),
            Self::Syscall { calls } => calls,
        }
    }

    /// Why `backend` cannot do it; `None` if it can. `linux`: a Linux kernel is named, which the
    /// backends boot that can.
    pub const fn lack(self, backend: BackendId, linux: bool) -> Option<&'static str> {
        match (self, backend) {
            _ if linux && backend.boots_linux() => None,
            (
                Self::Syscall { .. },
                BackendId::Kvm
                | BackendId::QemuTcg
                | BackendId::QemuKvm
                | BackendId::Firecracker
                | BackendId::FirecrackerJailed,
            ) => Some("isomon's own guest has no kernel to call"),
            (Self::Syscall { .. }, BackendId::V8 | BackendId::Deno) => {
                Some("JavaScript has no system calls")
            }
            (Self::Syscall { .. }, BackendId::Wasm) => {
                Some("an instance has no system calls, only what its host lends it")
            }
            _ => None,
        }
    }

    /// The payload called `name` with `amount` of work; `None` for an unknown name.
    pub fn with_amount(name: &str, amount: u64) -> Option<Self> {
        match name {
            "noop" => Some(Self::Noop),
            "cpu" => Some(Self::Cpu { rounds: amount }),
            "memory" => u32::try_from(amount).ok().map(|mib| Self::Memory { mib }),
            "syscall" => Some(Self::Syscall { calls: amount }),
            _ => None,
        }
    }
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One row of work: a backend, how its sandbox is started, and a payload.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Cell {
    /// Where.
    pub backend: BackendId,
    /// What is there already when it is asked for; cold unless said.
    #[serde(default, skip_serializing_if = "Start::is_cold")]
    pub start: Start,
    /// What.
    pub payload: Payload,
}

impl Cell {
    /// The backend from nothing with `payload`.
    pub const fn cold(backend: BackendId, payload: Payload) -> Self {
        Self { backend, start: Start::Cold, payload }
    }

    /// What its row is called: the backend, and how it was started where that is not from nothing.
    pub fn label(&self) -> String {
        match self.start {
            Start::Cold => self.backend.name().to_owned(),
            start => format!("{} {}", self.backend.name(), start.name()),
        }
    }
}

/// The bounds every sandbox runs in.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// Processors.
    pub cpus: f64,
    /// Memory.
    pub memory_bytes: Bytes,
    /// Processes and threads.
    pub pids: u32,
    /// Time from start to exit, after which it is killed and counted as failed.
    pub timeout_seconds: Seconds,
    /// Output kept; what is beyond is dropped and counted.
    pub output_bytes: Bytes,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cpus: 1.0,
            memory_bytes: Bytes(128 << 20),
            pids: 512,
            timeout_seconds: Seconds(10.0),
            output_bytes: Bytes(64 << 10),
        }
    }
}

/// How often, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Effort {
    /// Rounds before counting begins.
    pub warmup_rounds: u32,
    /// Rounds at least.
    pub min_rounds: u32,
    /// Rounds at most.
    pub max_rounds: u32,
    /// Time at least.
    pub min_seconds: Seconds,
    /// Time at most for the whole run; when it ends the result says so.
    pub budget_seconds: Seconds,
    /// Half the width of the 95 % interval of the median, as a share of the median, at which a
    /// cell is known well enough.
    pub target: Ratio,
}

/// Everything that decides what a run does; with the seed it repeats the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// Its name, if the user gave one.
    pub name: Option<SafeText>,
    /// Where to run.
    pub backends: Vec<BackendId>,
    /// How their sandboxes are started, where a backend can be started so.
    #[serde(default = "every_start")]
    pub starts: Vec<Start>,
    /// What to run.
    pub payloads: Vec<Payload>,
    /// How often.
    pub effort: Effort,
    /// In which bounds.
    pub limits: Limits,
    /// The Linux kernel that virtual machines boot; isomon's own guest if `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<Kernel>,
    /// Decides the order of cells, the nonces and the bootstrap.
    pub seed: u64,
}

fn every_start() -> Vec<Start> {
    Start::ALL.to_vec()
}

impl Plan {
    /// The cells of the plan: each backend, in each way it can be started, with each payload it can
    /// do.
    pub fn cells(&self) -> Vec<Cell> {
        let mut cells = Vec::new();
        for backend in &self.backends {
            let starts = self.starts_of(*backend);
            for start in starts.iter().filter(|start| self.starts.contains(start)) {
                let able = self.payloads.iter().filter(|of| self.lack(**of, *backend).is_none());
                cells.extend(able.map(|payload| Cell {
                    backend: *backend,
                    start: *start,
                    payload: *payload,
                }));
            }
        }
        cells
    }

    /// How `backend` can be started in it: Linux is booted, and never brought back.
    pub const fn starts_of(&self, backend: BackendId) -> &'static [Start] {
        if self.kernel.is_some() && backend.boots_linux() {
            return &[Start::Cold];
        }
        backend.starts()
    }

    /// Why `backend` cannot do `payload` in it; `None` if it can.
    pub const fn lack(&self, payload: Payload, backend: BackendId) -> Option<&'static str> {
        payload.lack(backend, self.kernel.is_some())
    }

    /// Whether it asks for `cell`; a baseline that it does not ask for is measured all the same.
    pub fn asks_for(&self, cell: &Cell) -> bool {
        self.backends.contains(&cell.backend)
            && self.starts.contains(&cell.start)
            && self.payloads.contains(&cell.payload)
    }
}

/// How much effort a plan makes, by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// About half a minute, `noop` only.
    #[default]
    Quick,
    /// A few minutes, every payload.
    Standard,
    /// Up to half an hour, every payload, intervals within 2 %.
    Full,
}

/// One visit of one cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sample {
    /// Index of its cell in the run's cells.
    pub cell: u32,
    /// Its round, from 0; warm-up rounds count on their own.
    pub round: u32,
    /// Whether it only warmed up; such samples are kept and never summarised.
    pub warmup: bool,
    /// Start, in seconds since the run began.
    pub at_seconds: Seconds,
    /// How long its phases took.
    pub phases: Phases,
    /// How it ended.
    pub outcome: Outcome,
    /// What the host was doing meanwhile.
    pub host: HostState,
    /// What may have disturbed it; empty means quiet.
    pub taints: Vec<Taint>,
}

/// How a sample ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Outcome {
    /// The result was right.
    Good,
    /// It did not do what it should.
    Failed {
        /// In which way.
        kind: Failure,
        /// The first line that tells a person what happened.
        message: SafeText,
    },
}

/// The ways a sandbox can fail.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// It could not be started.
    Start,
    /// It ended before it was ready.
    NotReady,
    /// Its result was wrong or missing.
    WrongResult,
    /// It ended with an exit status other than 0, or by a signal.
    Status,
    /// It took longer than its limit and was killed.
    Timeout,
    /// It ran out of memory.
    Memory,
    /// Something of it was left behind and had to be swept up.
    Leak,
}

impl Failure {
    /// A few words for a table.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Start => "did not start",
            Self::NotReady => "ended before it was ready",
            Self::WrongResult => "wrong result",
            Self::Status => "bad exit status",
            Self::Timeout => "took too long",
            Self::Memory => "out of memory",
            Self::Leak => "left something behind",
        }
    }
}

/// What the host was doing while a sample ran; differences over that time, or over the half second up to
/// its end where it was shorter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HostState {
    /// Processor time the hypervisor took, as a share of all processors.
    pub steal: Option<Ratio>,
    /// Share of time in which some task waited for a processor.
    pub cpu_pressure: Option<Ratio>,
    /// Share of time in which some task waited for memory.
    pub memory_pressure: Option<Ratio>,
    /// Share of time in which some task waited for I/O.
    pub io_pressure: Option<Ratio>,
    /// Processor time of everything but the sandbox and isomon, in cores.
    pub other_cores: Option<f64>,
}

/// What may have disturbed a sample.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Taint {
    /// The hypervisor took processor time.
    Steal,
    /// Tasks waited for a processor.
    CpuPressure,
    /// Tasks waited for memory.
    MemoryPressure,
    /// Tasks waited for I/O.
    IoPressure,
    /// Other programs were busy.
    OtherWork,
    /// isomon was stopped, or the machine slept.
    Paused,
    /// Something of an earlier sample was still there.
    LeftOver,
}

impl Taint {
    /// A word or two for a table.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Steal => "steal",
            Self::CpuPressure => "cpu pressure",
            Self::MemoryPressure => "memory pressure",
            Self::IoPressure => "io pressure",
            Self::OtherWork => "other work",
            Self::Paused => "paused",
            Self::LeftOver => "left-over",
        }
    }
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Progress {
    /// Samples asked for so far, warm-up included.
    pub submitted: u32,
    /// Samples that ended well.
    pub completed: u32,
    /// Samples that failed.
    pub failed: u32,
    /// Samples still to come, by the present plan.
    pub remaining: u32,
    /// Time since the run began.
    pub elapsed_seconds: Seconds,
    /// Expected time left; `None` until the first round is over.
    pub left_seconds: Option<Seconds>,
}

impl Progress {
    /// How much of the run is done, by its samples or by its time, whichever is nearer to the end: the
    /// time allowed may be over long before the last sample that was planned. `None` while there is
    /// nothing to tell it by.
    pub fn share(&self) -> Option<Ratio> {
        let done = f64::from(self.completed) + f64::from(self.failed);
        let samples = Ratio::of(done, done + f64::from(self.remaining));
        let gone = self.elapsed_seconds.0;
        let time = self.left_seconds.and_then(|left| Ratio::of(gone, gone + left.0));
        match (samples, time) {
            (Some(samples), Some(time)) if time.fraction() > samples.fraction() => Some(time),
            (samples, _) => samples,
        }
    }
}

/// What is known of one figure of one cell. All of it can be computed again from the samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Index of the cell.
    pub cell: u32,
    /// Which figure.
    pub figure: Figure,
    /// Good samples behind it.
    pub n: u32,
    /// Samples that failed, which no quantile includes.
    pub failures: u32,
    /// Samples among the n that are marked as disturbed.
    pub tainted: u32,
    /// The estimate; `None` without a good sample.
    pub estimate: Option<Estimate>,
}

/// Statistics of a set of times, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// Middle of the samples.
    pub median_seconds: Seconds,
    /// Lower end of the 95 % interval of the median; `None` below 6 samples.
    pub low_seconds: Option<Seconds>,
    /// Upper end of the 95 % interval of the median; `None` below 6 samples.
    pub high_seconds: Option<Seconds>,
    /// Median absolute deviation, not scaled.
    pub mad_seconds: Seconds,
    /// Smallest.
    pub min_seconds: Seconds,
    /// Largest.
    pub max_seconds: Seconds,
    /// Mean.
    pub mean_seconds: Seconds,
    /// Sample standard deviation; `None` below 2 samples.
    pub sd_seconds: Option<Seconds>,
    /// 90th percentile; `None` below 10 samples.
    pub p90_seconds: Option<Seconds>,
    /// 95th percentile; `None` below 20 samples.
    pub p95_seconds: Option<Seconds>,
    /// 99th percentile; `None` below 100 samples.
    pub p99_seconds: Option<Seconds>,
    /// Outliers by the modified z-score, flagged and kept.
    pub outliers: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_told_by_what_ends_first() {
        let mut progress = Progress::default();
        let share = |progress: &Progress| progress.share().map(Ratio::fraction);
        assert_eq!(share(&progress), None);
        (progress.completed, progress.remaining) = (3, 9);
        assert_eq!(share(&progress), Some(0.25));
        (progress.elapsed_seconds, progress.left_seconds) = (Seconds(30.0), Some(Seconds(10.0)));
        assert_eq!(share(&progress), Some(0.75), "the time is over first");
        progress.remaining = 0;
        assert_eq!(share(&progress), Some(1.0));
    }

    #[test]
    fn every_payload_is_found_by_its_name() {
        for payload in Payload::USUAL {
            assert_eq!(Payload::with_amount(payload.name(), payload.amount()), Some(payload));
        }
    }
}
