//! `isomon gc`: clears up what runs that were killed left behind.

use color_eyre::eyre::eyre;

use super::print;
use super::setting::Setting;
use super::{Exit, Outcome, log};

pub(super) fn run(dry_run: bool, setting: &Setting) -> Outcome {
    log::to_stderr()?;
    let found = setting.local.gc(dry_run).map_err(|why| eyre!("{why}"))?;
    let verb = if dry_run { "would clear up" } else { "cleared up" };
    for thing in &found {
        print::out(&format!("{verb} {thing}\n"))?;
    }
    if found.is_empty() {
        print::out("nothing is left behind\n")?;
    }
    Ok(Exit::Good)
}
