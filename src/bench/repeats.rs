//! Which samples are measured again, and until when that makes sense. Pure.
//!
//! A sample that something disturbed is not thrown away: its cell is visited again at the end of the
//! round, and the last visit stands ([`crate::stats::standing`]). On a machine that is disturbed all
//! the time that would only make the run longer, so it ends when it does not help, and when
//! [`SHARE`] of the time is gone.

use std::collections::BTreeSet;

use crate::model::bench::{Outcome, Sample, Taint};

/// Times that a cell is visited again in one round, at most.
pub(super) const TIMES: u32 = 2;
/// Share of the time for rounds after which nothing is repeated.
pub(super) const SHARE: f64 = 2.0 / 3.0;
/// Repeats after which it is asked whether they help.
const TRIES: u32 = 12;
/// At least one in so many must come out quiet.
const HELPED: u32 = 4;

/// How the repeats of a run went.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Repeats {
    made: u32,
    quiet: u32,
}

impl Repeats {
    /// Takes note of a repeated sample.
    pub(super) fn note(&mut self, sample: Option<&Sample>) {
        self.made += 1;
        self.quiet += u32::from(sample.is_some_and(|sample| !is_disturbed(sample)));
    }

    /// Whether to repeat still helps.
    pub(super) const fn help(self) -> bool {
        self.made < TRIES || self.quiet.saturating_mul(HELPED) >= self.made
    }
}

/// The cells whose visit `attempt` of the counted `round` was disturbed, each once. The samples of
/// that round are the last of `samples`.
pub(super) fn disturbed(samples: &[Sample], round: u32, attempt: u32) -> Vec<u32> {
    let of_round =
        samples.iter().rev().take_while(|sample| sample.round == round && !sample.warmup);
    let visits = of_round.filter(|sample| sample.attempt == attempt && is_disturbed(sample));
    let cells: BTreeSet<u32> = visits.map(|sample| sample.cell).collect();
    cells.into_iter().collect()
}

/// Whether `sample` is good and something outside disturbed it. What failed stays failed, and what an
/// earlier sample left behind is swept away by now but says something of its backend.
fn is_disturbed(sample: &Sample) -> bool {
    sample.outcome == Outcome::Good && sample.taints.iter().any(|taint| *taint != Taint::LeftOver)
}
