//! What a benchmark is made of: plan, cell, sample, figure.
//!
//! A *cell* is a backend with a payload. A run visits each cell once in every round, in random
//! order, and keeps each visit as a *sample* with its phases and what the host was doing meanwhile.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::backend::{BackendId, Start};
use super::job::{Job, Kernel};
use super::load::Load;
use super::text::SafeText;
use super::unit::{Bytes, Ratio, Seconds};

mod phase;
mod sample;
mod stage;
mod summary;

pub use phase::{Figure, Phase, Phases};
pub use sample::{Failure, HostState, Outcome, Sample, Taint};
pub use stage::BenchStage;
pub use summary::{Estimate, Place, Summary};

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
    /// Writes a file where the sandbox may write, forces it to the disk and reads it again; returns
    /// a checksum. For `process` that is a file system of the host; everywhere else it is a `/tmp` in
    /// memory, of 16 MiB, so that what is seen is the way to the file and not a disk.
    Io {
        /// How much.
        mib: u32,
    },
    /// The user's own work, which the plan holds; its result is its exit status.
    Job,
}

impl Payload {
    /// Every payload at its usual size.
    pub const USUAL: [Self; 5] = [
        Self::Noop,
        Self::Cpu { rounds: 20_000_000 },
        Self::Memory { mib: 32 },
        Self::Syscall { calls: 20_000 },
        Self::Io { mib: 4 },
    ];

    /// The name of its kernel.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Noop => "noop",
            Self::Cpu { .. } => "cpu",
            Self::Memory { .. } => "memory",
            Self::Syscall { .. } => "syscall",
            Self::Io { .. } => "io",
            Self::Job => "job",
        }
    }

    /// What asks for it on the command line; with its amount where that is not the usual one.
    pub fn flag(self) -> String {
        if Self::USUAL.contains(&self) {
            return format!("--payload {self}");
        }
        format!("--payload {self}={}", self.amount())
    }

    /// How much of it is done: rounds, MiB or calls; 0 for `noop` and a job.
    pub fn amount(self) -> u64 {
        match self {
            Self::Noop | Self::Job => 0,
            Self::Cpu { rounds } => rounds,
            Self::Memory { mib } | Self::Io { mib } => u64::from(mib),
            Self::Syscall { calls } => calls,
        }
    }

    /// Why `backend` cannot do it; `None` if it can. `linux`: a Linux kernel is named, which the
    /// backends boot that can.
    pub const fn lack(self, backend: BackendId, linux: bool) -> Option<&'static str> {
        match (self, backend) {
            (Self::Job, _) => Some("the plan names no work"),
            _ if linux && backend.boots_linux() => None,
            (
                Self::Io { .. },
                BackendId::Kvm
                | BackendId::QemuTcg
                | BackendId::QemuKvm
                | BackendId::Firecracker
                | BackendId::FirecrackerJailed,
            ) => Some("isomon's own guest has no files"),
            (Self::Io { .. }, BackendId::V8 | BackendId::Deno | BackendId::Wasm) => {
                Some("it is lent no files")
            }
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
            "io" => u32::try_from(amount).ok().map(|mib| Self::Io { mib }),
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

    /// What it is called among all cells of a run: `runc noop`, `wasm warm cpu`.
    pub fn name(&self) -> String {
        format!("{} {}", self.label(), self.payload)
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
    /// Loads put on each backend and start after the rounds, with the first payload.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loads: Vec<Load>,
    /// What [`Payload::Job`] does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Box<Job>>,
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
                // A user's work has Linux booted for it, which is never brought back.
                let booted = |of: &Payload| *of == Payload::Job && backend.boots_linux();
                let able = self.payloads.iter().filter(|of| self.lack(**of, *backend).is_none());
                let able = able.filter(|of| start.is_cold() || !booted(of));
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
    pub fn lack(&self, payload: Payload, backend: BackendId) -> Option<&'static str> {
        match (payload, &self.job) {
            (Payload::Job, Some(job)) => {
                let initrd = self.kernel.as_ref().is_some_and(|kernel| kernel.initrd.is_some());
                job.lack(backend, initrd)
            }
            _ => payload.lack(backend, self.kernel.is_some()),
        }
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
    /// About half a minute, `noop` only, no loads.
    #[default]
    Quick,
    /// Up to twelve minutes, every payload, memory and throughput.
    Standard,
    /// Up to half an hour, every payload and every load, intervals within 2 %.
    Full,
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
