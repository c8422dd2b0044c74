//! `isomon list`: the runs kept on this machine.

use std::fmt::Write as _;

use color_eyre::eyre::{Result, eyre};

use super::advice::Advise;
use super::print;
use super::setting::Setting;
use super::{Exit, Outcome};
use crate::store::Listed;

/// How to print them.
#[derive(Clone, Debug, clap::Args)]
pub struct ListArgs {
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(wish: &ListArgs, setting: &Setting) -> Outcome {
    let runs = kept(setting)?;
    let text = if wish.json { serde_json::to_string_pretty(&runs)? + "\n" } else { table(&runs) };
    print::out(&text)?;
    Ok(Exit::Good)
}

/// The runs that are kept, latest first.
pub(super) fn kept(setting: &Setting) -> Result<Vec<Listed>> {
    let remedy = "set XDG_STATE_HOME to a directory that can be read and written";
    setting.local.list().map_err(|why| eyre!("{why}").advise(remedy))
}

fn table(runs: &[Listed]) -> String {
    if runs.is_empty() {
        return "no run is kept; `isomon bench` makes one\n".to_owned();
    }
    let mut text = String::new();
    for run in runs {
        let state = if run.finished { "finished" } else { "live or cut off" };
        let _infallible = writeln!(text, "{}  {state}", run.id);
    }
    text
}
