//! Loads: many sandboxes in a while, where a round looks at one at a time.
//!
//! A load is visited in *steps*. Each keeps every sandbox it started as a *shot*, what the host did
//! meanwhile, and what may have disturbed it, so that its figures can be made again from the file.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bench::{Estimate, HostState, Outcome, Phases, Taint};
use super::text::SafeText;
use super::unit::{Bytes, Ratio, Seconds};

mod toll;

pub use toll::{HandUse, Waits};

/// A load that a plan asks for, on each of its backends and starts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "load")]
pub enum Load {
    /// Closed loop: 1, 2, 4 … at once, each starting the next when it is done.
    Throughput {
        /// As many at once in the first step.
        least: u32,
        /// At most as many at once.
        most: u32,
        /// Length of each step.
        seconds: Seconds,
    },
    /// Open loop: arrivals on a fixed schedule, whether or not earlier ones are done. Times count
    /// from the arrival that was intended, so that a stall is not left out of them.
    Latency {
        /// Arrivals a second; half of what one at a time was seen to do if `None`.
        per_second: Option<f64>,
        /// At most as many at once; the others wait.
        most: u32,
        /// Length of the step.
        seconds: Seconds,
    },
    /// Memory of sandboxes that stand still together.
    Memory {
        /// How many.
        count: u32,
    },
    /// As many alive at once as there is room for.
    Density {
        /// At most as many.
        most: u32,
    },
    /// One sandbox after another while another backend is busy beside it.
    Neighbour {
        /// Length of each step.
        seconds: Seconds,
    },
}

impl Load {
    /// The names of all, in the order in which they run.
    pub const NAMES: [&'static str; 5] =
        ["memory", "throughput", "latency", "neighbour", "density"];

    /// Its name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Memory { .. } => "memory",
            Self::Throughput { .. } => "throughput",
            Self::Latency { .. } => "latency",
            Self::Neighbour { .. } => "neighbour",
            Self::Density { .. } => "density",
        }
    }

    /// How often each of its steps is visited, where the time allows.
    pub const ROUNDS: u32 = 2;

    /// Steps it has in each of its rounds, on `kinds` kinds of start of `backends` backends.
    pub fn steps(&self, kinds: usize, backends: usize) -> usize {
        match self {
            Self::Throughput { least, most, .. } => kinds * crowds(*least, *most).len(),
            Self::Latency { .. } | Self::Memory { .. } | Self::Density { .. } => kinds,
            Self::Neighbour { .. } => backends * (backends + 1),
        }
    }

    /// Sandboxes at work at the same time: the fewest and the most of a step.
    pub const fn at_once(&self) -> (u32, u32) {
        match self {
            Self::Throughput { least, most, .. } => (*least, *most),
            Self::Latency { most, .. } | Self::Density { most } => (1, *most),
            Self::Memory { count } => (*count, *count),
            Self::Neighbour { .. } => (1, 1),
        }
    }
}

/// What is done in a step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Stride {
    /// Closed loop.
    Throughput {
        /// So many at once.
        at_once: u32,
    },
    /// Open loop.
    Latency {
        /// Arrivals a second.
        per_second: f64,
        /// At most as many at once.
        most: u32,
    },
    /// Sandboxes that stand still together.
    Memory {
        /// How many were asked for.
        count: u32,
    },
    /// More and more of them.
    Density {
        /// At most as many.
        most: u32,
    },
    /// One after another, beside a busy neighbour.
    Neighbour {
        /// Index of the neighbour's cell; `None` where there is none, which the others are set
        /// against.
        beside: Option<u32>,
    },
}

/// One step of a load on one cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Index of its cell in the run's cells.
    pub cell: u32,
    /// What was done.
    pub stride: Stride,
    /// Its round, from 0: each step of a load is visited again in another order.
    pub round: u32,
    /// Start, in seconds since the run began.
    pub at_seconds: Seconds,
    /// Length of the measured window; what ends after it does not count for a rate.
    pub window_seconds: Seconds,
    /// Every sandbox that was started in it, in the order of their ends.
    pub shots: Vec<Shot>,
    /// Of those that stood still: one reading for each lot of more that was added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub standing: Vec<Standing>,
    /// Why it ended before its time: a guard rail, a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_off: Option<SafeText>,
    /// Energy the machine says it used in the window, in joules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_joules: Option<f64>,
    /// Where that is counted: `package`, `gpu`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_of: Option<SafeText>,
    /// What each of its hands used, in their order; empty where nothing is started by hands, or where
    /// it was not measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hands: Vec<HandUse>,
    /// How long something of it waited, or of the whole machine where its sandboxes are not told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<Waits>,
    /// What the host was doing meanwhile besides.
    pub host: HostState,
    /// What may have disturbed it; empty means quiet.
    pub taints: Vec<Taint>,
}

impl Step {
    /// Whether something failed that should not. That there is room for no more is what density looks
    /// for.
    pub fn failed(&self) -> bool {
        let failed = self.shots.iter().any(|shot| shot.outcome != Outcome::Good);
        failed && !matches!(self.stride, Stride::Density { .. })
    }
}

/// One sandbox of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Shot {
    /// When it should have been asked for, in seconds since the step began; `None` in a closed loop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intended_seconds: Option<Seconds>,
    /// When it was asked for, in seconds since the step began.
    pub at_seconds: Seconds,
    /// When its result was in (or its failure known), in seconds since the step began.
    pub done_seconds: Seconds,
    /// How long its phases took.
    pub phases: Phases,
    /// How it ended.
    pub outcome: Outcome,
    /// Which of the step's hands had it, from 0; `None` where that was not noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hand: Option<u32>,
}

/// Memory while so many stand still.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Standing {
    /// How many stand.
    pub count: u32,
    /// Proportional set size of all their processes, less `guest_bytes`; `None` where the kernel
    /// does not tell, or where they cannot be told from other processes.
    pub pss_bytes: Option<Bytes>,
    /// Memory of guests that was touched, which is in none of the figures above.
    pub guest_bytes: Option<Bytes>,
    /// Memory available before the first of them was started.
    pub before_bytes: Option<Bytes>,
    /// Memory available now.
    pub available_bytes: Option<Bytes>,
}

impl Standing {
    /// PSS of one of them.
    pub fn pss_each(&self) -> Option<f64> {
        (self.count > 0).then(|| Some(self.pss_bytes?.0 as f64 / f64::from(self.count)))?
    }

    /// By how much less is available for each of them; `None` below 20 of them, where other
    /// programs weigh too much, and where nothing less is: what they took is lost in what others
    /// gave back.
    pub fn available_each(&self) -> Option<f64> {
        let (before, now) = (self.before_bytes?.0 as f64, self.available_bytes?.0 as f64);
        let less = before - now;
        (self.count >= Self::FEWEST && less > 0.0).then(|| less / f64::from(self.count))
    }

    /// Fewest that must stand for [`available_each`](Self::available_each) to say something.
    pub const FEWEST: u32 = 20;
}

/// What is known of one load on one cell at one stride, over all rounds. All of it can be computed
/// again from the steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoadSummary {
    /// Index of the cell.
    pub cell: u32,
    /// What was done.
    pub stride: Stride,
    /// Good shots behind it, or steps where nothing is shot.
    pub n: u32,
    /// Shots that failed.
    pub failures: u32,
    /// Steps behind it that are marked as disturbed.
    pub tainted: u32,
    /// The figure; `None` where nothing can be said.
    pub figure: Option<LoadFigure>,
    /// Energy of each good shot in joules, where the machine tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_each_joules: Option<f64>,
}

/// The figure of a load.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "figure")]
pub enum LoadFigure {
    /// Good results a second.
    Rate(Rate),
    /// From the intended arrival to the result; beside a neighbour from asked to result.
    Times(Estimate),
    /// Memory of one sandbox.
    Memory {
        /// Proportional set size of its processes, less guest memory.
        pss_each_bytes: Option<f64>,
        /// Drop in available memory for each.
        available_each_bytes: Option<f64>,
    },
    /// How many were alive at once when a guard rail, a failure or the bound was met.
    Most {
        /// So many.
        count: u32,
        /// Whether that was all that was asked for.
        all: bool,
    },
}

/// 1, 2, 4 … at once, and the most in any case.
pub fn crowds(least: u32, most: u32) -> Vec<u32> {
    let least = least.max(1);
    let double = |at_once: &u32| at_once.checked_mul(2);
    let below = std::iter::successors(Some(least), double).take_while(|at_once| *at_once < most);
    below.chain([most.max(least)]).collect()
}

/// Results a second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rate {
    /// Mean over the windows.
    pub per_second: f64,
    /// Lower end of its 95 % interval; `None` where there is too little to tell.
    pub low_per_second: Option<f64>,
    /// Upper end of its 95 % interval.
    pub high_per_second: Option<f64>,
}

/// Whether the machine was quiet while a run was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// Counted samples and steps.
    pub samples: u32,
    /// Of those, how many are marked as disturbed and stand.
    pub tainted: u32,
    /// How many were marked and have been measured again.
    pub repeated: u32,
    /// What disturbed them, the most frequent first.
    pub causes: Vec<Cause>,
}

/// One kind of disturbance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cause {
    /// Which.
    pub taint: Taint,
    /// Samples it is seen in.
    pub samples: u32,
    /// The worst that was seen, where it is a share.
    pub worst: Option<Ratio>,
}
