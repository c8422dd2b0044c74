//! One visit of one cell: how long it took, how it ended, what the host did meanwhile.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::text::SafeText;
use super::super::unit::{Ratio, Seconds};
use super::Phases;

/// One visit of one cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sample {
    /// Index of its cell in the run's cells.
    pub cell: u32,
    /// Its round, from 0; warm-up rounds count on their own.
    pub round: u32,
    /// Whether it only warmed up; such samples are kept and never summarised.
    pub warmup: bool,
    /// How often its cell was visited in this round before, because the sample was disturbed. The
    /// last visit of a round stands for it; those before are kept and not summarised.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempt: u32,
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

    /// The same, and `message` where that says more.
    pub fn told(self, message: &SafeText) -> String {
        let words = self.words();
        if message.as_str().starts_with(words) {
            return message.to_string();
        }
        format!("{words}: {message}")
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
    /// Switches between tasks a second, on all processors together.
    #[serde(default)]
    pub switches_per_second: Option<f64>,
    /// Mean clock of the processors, as a share of the highest they may have.
    #[serde(default)]
    pub clock: Option<Ratio>,
    /// Times a processor was slowed down for heat.
    #[serde(default)]
    pub throttles: Option<u64>,
    /// The busiest GPU's share of time with work on it.
    #[serde(default)]
    pub gpu: Option<Ratio>,
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
    /// A processor was slowed down for heat.
    Throttled,
    /// The processors ran well below the clock they had in the other samples.
    SlowClock,
    /// A GPU was at work for others.
    GpuWork,
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
            Self::Throttled => "throttled",
            Self::SlowClock => "slow clock",
            Self::GpuWork => "gpu work",
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}
