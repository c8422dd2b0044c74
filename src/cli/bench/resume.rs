//! `isomon bench --resume ID`: a run that was cut off goes on.

use color_eyre::eyre::eyre;

use super::super::Outcome;
use super::super::advice::Advise;
use super::super::progress::Meter;
use super::super::setting::Setting;
use super::super::{list, runtime};
use super::args::BenchArgs;
use super::live::{self, Work};
use crate::model::id::RunId;

/// Which run goes on.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct ResumeArgs {
    /// Go on with a run that was cut off or cancelled, from its last checkpoint; `last` is the latest
    /// of those. Its plan is its own
    #[arg(long, value_name = "RUN", conflicts_with_all = ["backends", "file", "dry_run", "preset",
        "measure", "concurrency", "duration", "rate", "payload", "start", "seed", "warmup", "min_runs",
        "max_runs", "runs", "budget", "target", "memory", "cpus", "timeout", "kernel", "initrd", "name"])]
    pub(super) resume: Option<String>,
    /// Go on although the machine is not as it was
    #[arg(long, requires = "resume")]
    pub(super) resume_anyway: bool,
}

pub(super) fn run(wish: &BenchArgs, setting: &Setting, word: &str) -> Outcome {
    let remedy = "`isomon list --state resumable` shows those that can go on";
    let id = if word == "last" { latest(setting)? } else { RunId::parse(word) };
    let id = id.ok_or_else(|| eyre!("there is no such run").advise(remedy))?;
    let base = wish.beside.base()?;
    let mut meter = Meter::new();
    let goal = Work::Resume(id, wish.resume.resume_anyway);
    let heard = runtime::block_on(live::run(setting.local.clone(), goal, &mut meter));
    let heard = heard??;
    meter.clear();
    super::conclude(wish, heard, &base, &meter)
}

/// The latest run that can go on.
fn latest(setting: &Setting) -> color_eyre::Result<Option<RunId>> {
    let runs = list::briefs(setting)?;
    Ok(runs.into_iter().find(list::can_go_on).map(|run| run.id))
}
