//! `isomon gc`: clears up what runs that were killed left behind.

use color_eyre::eyre::eyre;

use super::print;
use super::setting::Setting;
use super::{Exit, Outcome, log};

pub(super) fn run(dry_run: bool, forget: bool, setting: &Setting) -> Outcome {
    log::to_stderr()?;
    let forgotten = if forget { setting.local.forget() } else { Ok(Vec::new()) };
    let forgotten = forgotten.map_err(|why| eyre!("{why}"))?;
    let (verb, found, left) = if dry_run {
        let found = setting.local.left_overs().map_err(|why| eyre!("{why}"))?;
        ("would clear up", found, Vec::new())
    } else {
        let (gone, left) = setting.local.gc().map_err(|why| eyre!("{why}"))?;
        ("cleared up", gone, left)
    };
    for thing in &forgotten {
        print::out(&format!("forgot {thing}\n"))?;
    }
    for thing in &found {
        print::out(&format!("{verb} {thing}\n"))?;
    }
    for thing in &left {
        print::out(&format!("could not clear up {thing}\n"))?;
    }
    if forgotten.is_empty() && found.is_empty() && left.is_empty() {
        print::out("nothing is left behind\n")?;
    }
    Ok(if left.is_empty() { Exit::Good } else { Exit::Bad })
}
