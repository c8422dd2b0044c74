//! `isomon bench --tune`: says what the machine could do better for the run, and with a yes does it
//! until the run is over.

use std::io::{self, BufRead, IsTerminal};

use color_eyre::eyre::{Result, eyre};

use super::super::advice::Advise;
use super::super::print;
use crate::hub::local::Local;
use crate::tune::{Advice, Knob, Tuning};

/// What is said where there is no advice but what to know.
const NOTHING: &str = "this machine shows nothing that could be set better for a measurement";

/// Says what could be better and changes it if the user says yes, or has said so beforehand.
pub(super) fn tune(local: &Local, yes: bool) -> Result<Option<Tuning>> {
    let advice = local.advice();
    print::err(&words(&advice));
    let can = advice.iter().any(|advice| !advice.changes.is_empty());
    if !can || !(yes || said_yes()?) {
        return Ok(None);
    }
    let tuned = local.tune(&advice).map_err(|why| {
        eyre!("the settings could not be changed, and stand as they were: {why}")
            .advise("run it as root, or leave --tune away")
    })?;
    print::err("changed for this run; they are put back when it ends, however it ends");
    Ok(Some(tuned))
}

/// Says so when something could not be put back.
pub(super) fn untune(tuned: Option<Tuning>) {
    if tuned.is_some_and(|tuned| !tuned.end()) {
        print::err("not every setting could be put back; `isomon gc` tries again");
    }
}

fn said_yes() -> Result<bool> {
    if !io::stdin().is_terminal() {
        print::err("left as they are; --yes changes them for the run");
        return Ok(false);
    }
    print::err("Change these for the run, and put them back after it? [y/N]");
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn words(advice: &[Advice]) -> String {
    let better = advice.iter().any(|advice| advice.knob != Knob::Mitigations);
    let head = if better { "steadier times could be had with:" } else { NOTHING };
    let mut lines = vec![head.to_owned()];
    for advice in advice {
        let Advice { knob, now, better, changes } = advice;
        lines.push(format!("  {:<12} {now} -> {better}: {}", knob.name(), knob.why()));
        lines.extend(
            changes.iter().map(|change| {
                format!("  {:<12} echo {} > {}", "", change.to, change.path.display())
            }),
        );
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tune::Change;

    #[test]
    fn every_change_is_shown_as_a_command() {
        let change = Change {
            path: "/sys/devices/system/cpu/smt/control".into(),
            from: "on".to_owned(),
            to: "off".to_owned(),
        };
        let (now, better) = ("on".to_owned(), "off".to_owned());
        let said = words(&[Advice { knob: Knob::Smt, now, better, changes: vec![change] }]);
        assert!(said.contains("SMT          on -> off: a sample shares its core"), "{said}");
        assert!(said.ends_with("echo off > /sys/devices/system/cpu/smt/control"), "{said}");
        assert!(words(&[]).contains("nothing"));
    }
}
