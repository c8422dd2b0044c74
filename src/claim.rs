//! What others claim, set beside what was measured here.
//!
//! The claims are data (`assets/claims.toml`), each with its source. A claim and a measurement may
//! be compared only between the same two ends; where the ends differ both are shown, with the reason
//! why there is no verdict.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::model::backend::{BackendId, Start};
use crate::model::bench::Cell;
use crate::model::run::Run;
use crate::model::unit::{Bytes, PerSecond, Seconds};

mod beside;

pub use beside::beside;

/// The claims as they are published with isomon.
pub const PUBLISHED: &str = include_str!("../assets/claims.toml");

static CLAIMS: LazyLock<Vec<Claim>> = LazyLock::new(|| read(PUBLISHED).unwrap_or_default());

/// A number that was published.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Its own short name.
    pub name: String,
    /// What it is about.
    pub backends: Vec<BackendId>,
    /// What was there already.
    #[serde(default = "from_nothing")]
    pub starts: Vec<Start>,
    /// The boundary of isomon's that is nearest to its own.
    pub boundary: Boundary,
    /// How its value is meant.
    pub sense: Sense,
    /// The value, in the unit of its boundary.
    pub value: f64,
    /// What was measured.
    pub words: String,
    /// Under which conditions.
    pub conditions: String,
    /// How its two ends differ from isomon's; `None` where they are the same.
    pub differs: Option<String>,
    /// Whether it holds only for guests that boot Linux.
    #[serde(default)]
    pub linux_guest: bool,
    /// Where it stands.
    pub source: String,
    /// The same as an address.
    pub url: String,
    /// When it was published, or read where it is kept up to date.
    pub year: u16,
}

/// Between what a number lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Boundary {
    /// First instruction of the guest → its runtime is ready: `boot` and `init`.
    Spec,
    /// Asked for → first instruction of the program or guest: `create` and `boot`.
    FirstExec,
    /// Asked for → ready.
    Start,
    /// Asked for → ended.
    Cli,
    /// Asked for → the result.
    Request,
    /// Memory of the processes of one that stands still, less what the guest touched.
    Memory,
    /// Drop of available memory for each of many that stand still.
    MemoryAvailable,
    /// Starts a second, at the best number at once.
    Rate,
    /// One system call.
    Syscall,
}

impl Boundary {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spec => "spec",
            Self::FirstExec => "first-exec",
            Self::Start => "start",
            Self::Cli => "cli",
            Self::Request => "request",
            Self::Memory => "memory",
            Self::MemoryAvailable => "memory-available",
            Self::Rate => "rate",
            Self::Syscall => "syscall",
        }
    }

    /// `value` with its unit, three significant digits.
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Rate => PerSecond(value).to_string(),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "`as` saturates"
            )]
            Self::Memory | Self::MemoryAvailable if value >= 0.0 => Bytes(value as u64).to_string(),
            Self::Memory | Self::MemoryAvailable => "less than nothing".to_owned(),
            _ => Seconds(value).to_string(),
        }
    }
}

/// How the value of a claim is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sense {
    /// It is never more.
    AtMost,
    /// It was so much.
    About,
    /// It reached so much.
    UpTo,
}

impl Sense {
    const fn sign(self) -> &'static str {
        match self {
            Self::AtMost => "≤ ",
            Self::About => "≈ ",
            Self::UpTo => "up to ",
        }
    }
}

impl Claim {
    /// Its value as a person reads it: `≤ 125 ms`.
    pub fn shown(&self) -> String {
        format!("{}{}", self.sense.sign(), self.boundary.show(self.value))
    }
}

/// A number measured here, in the unit of its claim's boundary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// The median, or the mean of a rate.
    pub value: f64,
    /// Its 95 % interval, where there is one.
    pub interval: Option<(f64, f64)>,
    /// Samples behind it.
    pub n: u32,
}

/// A claim beside a cell of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimRow {
    /// The claim.
    pub claim: &'static Claim,
    /// The backend it is set beside.
    pub backend: BackendId,
    /// How it was started here; `None` where it was not measured.
    pub cell: Option<Cell>,
    /// What was measured between isomon's own two ends; `None` where nothing was.
    pub measured: Option<Measured>,
    /// Whether both numbers lie between the same two ends.
    pub same_boundary: bool,
    /// What the two say together, or why they cannot be compared.
    pub words: String,
}

impl ClaimRow {
    /// The measured value as a person reads it: `24.1 ms (23.8 ms–24.6 ms)`; `—` where there is none.
    pub fn shown(&self) -> String {
        let show = |value| self.claim.boundary.show(value);
        let Some(measured) = self.measured else {
            return "—".to_owned();
        };
        let range = measured.interval.map(|(low, high)| format!(" ({}–{})", show(low), show(high)));
        show(measured.value) + &range.unwrap_or_default()
    }
}

/// Every claim that isomon knows.
pub fn claims() -> &'static [Claim] {
    &CLAIMS
}

/// Claims out of a file like `assets/claims.toml`; unknown keys are errors.
pub fn read(text: &str) -> Result<Vec<Claim>, toml::de::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        claim: Vec<Claim>,
    }
    toml::from_str::<File>(text).map(|file| file.claim)
}

fn from_nothing() -> Vec<Start> {
    vec![Start::Cold]
}

/// The rows of `run` in which something was measured or a reason is worth a line, fit for a short
/// table: the same boundary first.
pub fn worth_a_line(run: &Run) -> Vec<ClaimRow> {
    let mut rows: Vec<ClaimRow> =
        beside(run).into_iter().filter(|row| row.measured.is_some()).collect();
    rows.sort_by_key(|row| !row.same_boundary);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_claims_are_whole_and_have_a_source() {
        let claims = read(PUBLISHED).expect("the file is right");
        assert!(claims.len() >= 10);
        let mut names: Vec<&str> = claims.iter().map(|claim| claim.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), claims.len(), "a name stands for one claim");
        for claim in &claims {
            assert!(claim.url.starts_with("https://"), "{claim:?}");
            assert!(claim.value.is_finite() && claim.value > 0.0, "{claim:?}");
            assert!((2010..=2100).contains(&claim.year), "{claim:?}");
            assert!(!claim.backends.is_empty() && !claim.starts.is_empty(), "{claim:?}");
            let texts = [&claim.words, &claim.conditions, &claim.source];
            assert!(texts.iter().all(|text| !text.is_empty()), "{claim:?}");
            for backend in &claim.backends {
                assert!(claim.starts.iter().any(|start| backend.starts().contains(start)));
            }
        }
        assert_eq!(super::claims(), claims);
    }

    #[test]
    fn an_unknown_key_is_an_error() {
        assert!(read("[[claim]]\nvalu = 1\n").is_err());
        assert!(read(&PUBLISHED.replacen("year", "yeer", 1)).is_err());
    }

    #[test]
    fn a_value_is_shown_in_the_unit_of_its_boundary() {
        let of = |name| claims().iter().find(|claim| claim.name == name).unwrap().shown();
        assert_eq!(of("firecracker-boot"), "≤ 125 ms");
        assert_eq!(of("firecracker-memory"), "≤ 5.00 MiB");
        assert_eq!(of("firecracker-rate"), "up to 150/s");
        assert_eq!(of("gvisor-syscall-kvm"), "≈ 763 ns");
    }
}
