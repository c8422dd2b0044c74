//! A benchmark beside a baseline: kept as one, or set beside one, as users of criterion expect.
//!
//! A baseline is read before anything is measured, so that a wrong name costs no minutes.

use color_eyre::eyre::Result;

use super::super::compare::{RuleArgs, beside};
use super::super::{kept, print};
use crate::model::run::{Run, RunEnd};
use crate::store::baseline::{self, Name};

/// Whether the run is kept as a baseline, and what it is set beside.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Baseline")]
pub(super) struct BesideArgs {
    /// Keep the run under this name, in place of what had it
    #[arg(long, value_name = "NAME", value_parser = kept::name)]
    save_baseline: Option<Name>,
    /// Set the run beside the one that is kept under this name
    #[arg(long, value_name = "NAME", value_parser = kept::name)]
    baseline: Option<Name>,
    /// End with status 1 where something is slower than in the baseline, or broken
    #[arg(long, requires = "baseline")]
    fail_on_regression: bool,
    #[command(flatten)]
    rules: RuleArgs,
}

/// The baseline of a run that is to be.
pub(super) type Base = Option<(Name, Run)>;

impl BesideArgs {
    /// Whether a baseline was named.
    pub(super) const fn is_named(&self) -> bool {
        self.baseline.is_some() || self.save_baseline.is_some()
    }

    /// The baseline that was named.
    pub(super) fn base(&self) -> Result<Base> {
        let named = self.baseline.clone();
        named.map(|name| kept::baseline(&name).map(|run| (name, run))).transpose()
    }

    /// Sets `run` beside `base` and keeps it, as asked. `taken`: standard output is another's. True
    /// where it got worse and that is to be told by the exit status.
    pub(super) fn conclude(&self, base: &Base, run: &Run, taken: bool) -> Result<bool> {
        let mut worse = false;
        if let Some((name, base)) = base {
            let (text, regressed) = beside(name.as_str(), base, run, &self.rules)?;
            if taken {
                print::err(text.trim_end());
            } else {
                print::out(&format!("\n{text}"))?;
            }
            worse = regressed && self.fail_on_regression;
        }
        if let Some(name) = &self.save_baseline {
            keep(name, run)?;
        }
        Ok(worse)
    }
}

/// Keeps a run that came to an end of its own.
fn keep(name: &Name, run: &Run) -> Result<()> {
    let whole = run
        .tail
        .as_ref()
        .is_some_and(|tail| !matches!(tail.end, RunEnd::Cancelled | RunEnd::Failed { .. }));
    if !whole {
        print::err(&format!("not kept as {name}: the run did not come to its end"));
        return Ok(());
    }
    baseline::save(&kept::baselines()?, name, run).map_err(kept::bad)?;
    print::err(&format!("kept as {name}; `isomon bench --baseline {name}` compares with it"));
    Ok(())
}
