//! What a benchmark is made of: plan, cell, sample, figure.
//!
//! A *cell* is a backend with a payload. A run visits each cell once in every round, in random
//! order, and keeps each visit as a *sample* with its phases and what the host was doing meanwhile.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::backend::BackendId;
use super::text::SafeText;
use super::unit::{Bytes, Ratio, Seconds};

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

/// One column of work: a backend with a payload.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Cell {
    /// Where.
    pub backend: BackendId,
    /// What.
    pub payload: Payload,
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
    /// What to run.
    pub payloads: Vec<Payload>,
    /// How often.
    pub effort: Effort,
    /// In which bounds.
    pub limits: Limits,
    /// Decides the order of cells, the nonces and the bootstrap.
    pub seed: u64,
}

impl Plan {
    /// The cells of the plan: each backend with each payload.
    pub fn cells(&self) -> Vec<Cell> {
        let with = |backend: &BackendId| {
            let backend = *backend;
            self.payloads.iter().map(move |payload| Cell { backend, payload: *payload })
        };
        self.backends.iter().flat_map(with).collect()
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

/// A part of a sandbox's life, between two boundaries seen from the host.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Asked for → a handle exists.
    Create,
    /// → first instruction of the guest, or of the program.
    Boot,
    /// → the runtime inside is ready.
    Init,
    /// → first byte of the marker.
    Ready,
    /// → last byte of the result.
    Run,
    /// → the sandbox has ended.
    Exit,
    /// → nothing of it is left.
    Clean,
}

impl Phase {
    /// Every phase, in the order of a sandbox's life.
    pub const ALL: [Self; 7] =
        [Self::Create, Self::Boot, Self::Init, Self::Ready, Self::Run, Self::Exit, Self::Clean];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Boot => "boot",
            Self::Init => "init",
            Self::Ready => "ready",
            Self::Run => "run",
            Self::Exit => "exit",
            Self::Clean => "clean",
        }
    }
}

/// How long each phase took; a phase that a backend does not have is absent, not zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "each is the phase of its name, in seconds; see `Phase`")]
pub struct Phases {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_seconds: Option<Seconds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_seconds: Option<Seconds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init_seconds: Option<Seconds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_seconds: Option<Seconds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_seconds: Option<Seconds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_seconds: Option<Seconds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clean_seconds: Option<Seconds>,
}

impl Phases {
    /// How long `phase` took, if there was one.
    pub const fn get(&self, phase: Phase) -> Option<Seconds> {
        match phase {
            Phase::Create => self.create_seconds,
            Phase::Boot => self.boot_seconds,
            Phase::Init => self.init_seconds,
            Phase::Ready => self.ready_seconds,
            Phase::Run => self.run_seconds,
            Phase::Exit => self.exit_seconds,
            Phase::Clean => self.clean_seconds,
        }
    }

    /// Notes how long `phase` took.
    pub const fn set(&mut self, phase: Phase, length: Seconds) {
        let slot = match phase {
            Phase::Create => &mut self.create_seconds,
            Phase::Boot => &mut self.boot_seconds,
            Phase::Init => &mut self.init_seconds,
            Phase::Ready => &mut self.ready_seconds,
            Phase::Run => &mut self.run_seconds,
            Phase::Exit => &mut self.exit_seconds,
            Phase::Clean => &mut self.clean_seconds,
        };
        *slot = Some(length);
    }

    /// The sum of the phases from the first to `last`; `None` if `last` was not reached.
    pub fn until(&self, last: Phase) -> Option<Seconds> {
        self.get(last)?;
        let reached = Phase::ALL.into_iter().filter(|phase| *phase <= last);
        Some(Seconds(reached.filter_map(|phase| self.get(phase)).map(|s| s.0).sum()))
    }
}

/// A time between two named boundaries, made of phases, so that it can be set beside a claim.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// Asked for → first byte of the marker.
    ColdStart,
    /// First byte of the marker → last byte of the result: the work alone.
    Work,
    /// Asked for → last byte of the result.
    Request,
    /// Asked for → ended, as a command-line benchmark would time it.
    Cli,
    /// Ended → nothing left.
    Clean,
}

impl Figure {
    /// Every figure, in the order of the table.
    pub const ALL: [Self; 5] = [Self::ColdStart, Self::Work, Self::Request, Self::Cli, Self::Clean];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ColdStart => "cold start",
            Self::Work => "work",
            Self::Request => "request",
            Self::Cli => "cli",
            Self::Clean => "clean",
        }
    }

    /// Its value in `phases`, if they reach that far.
    pub fn of(self, phases: &Phases) -> Option<Seconds> {
        match self {
            Self::ColdStart => phases.until(Phase::Ready),
            Self::Work => phases.run_seconds,
            Self::Request => phases.until(Phase::Run),
            Self::Cli => phases.until(Phase::Exit),
            Self::Clean => phases.clean_seconds,
        }
    }
}

/// One visit of one cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sample {
    /// Index of its cell in the plan's cells.
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

/// What the host was doing while a sample ran; differences over that time.
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
    fn boundaries_are_sums_of_phases_and_absent_when_not_reached() {
        let mut phases = Phases::default();
        phases.set(Phase::Create, Seconds(1.0));
        phases.set(Phase::Ready, Seconds(2.0));
        assert_eq!(Figure::ColdStart.of(&phases), Some(Seconds(3.0)));
        assert_eq!(Figure::Cli.of(&phases), None);
        let json = serde_json::to_string(&phases).unwrap();
        assert_eq!(json, r#"{"create_seconds":1.0,"ready_seconds":2.0}"#);
    }

    #[test]
    fn every_payload_is_found_by_its_name() {
        for payload in Payload::USUAL {
            assert_eq!(Payload::with_amount(payload.name(), payload.amount()), Some(payload));
        }
    }
}
