//! `isomon alerts`: rules and what they found.

use std::path::PathBuf;

use clap::Subcommand;
use color_eyre::eyre::{Result, eyre};
use tokio_util::sync::CancellationToken;

use super::advice::Advise;
use super::setting::{Setting, state_dir};
use super::{Exit, Outcome, print};
use crate::alert::{self, Begun, Settings, load, wants};
use crate::hub::Hub;
use crate::hub::local::Local;
use crate::rule::Rules;
use crate::rule::reading::READINGS;

mod check;
mod list;
mod test;

/// Updates that may wait to be judged.
const ROOM: usize = 4_096;

/// What stands below the flags of `check`.
const CHECK_HELP: &str = "\
Exit status: 0 nothing fired, 1 something did, 2 a mistake in the rules or the recording.

Examples:
  isomon alerts check day.ndjson.zst
  isomon alerts check day.ndjson.zst --rules new-rules.toml --json";

/// What to do with alerts.
#[derive(Clone, Debug, Subcommand)]
pub enum AlertsVerb {
    /// Try rules on a recording: what would have fired, when, for how long
    #[command(after_help = CHECK_HELP)]
    Check {
        /// The recording
        file: PathBuf,
        /// The rules; yours, or those isomon comes with, unless named
        #[arg(long, value_name = "FILE")]
        rules: Option<PathBuf>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// List what fires, what is silenced and what happened last
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// List the rules in force
    Rules {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// List everything a rule can ask
    Readings,
    /// Send a test message to a receiver, or to all
    Test {
        /// The receiver
        receiver: Option<String>,
    },
}

pub(super) fn run(wish: &AlertsVerb, setting: &Setting) -> Outcome {
    match wish {
        AlertsVerb::Check { file, rules, json } => {
            let path = rules.clone().unwrap_or_else(|| file_of(setting));
            if rules.is_some() && !path.exists() {
                return Err(eyre!("there is no file {}", path.display())
                    .advise("name a file of rules, or none for those in force"));
            }
            check::run(file, rules_of(&path)?, *json)
        }
        AlertsVerb::List { json } => list::run(&state_dir()?.join("alerts"), *json),
        AlertsVerb::Rules { json } => {
            print::out(&list::rules(&rules_of(&file_of(setting))?, *json)?)?;
            Ok(Exit::Good)
        }
        AlertsVerb::Readings => {
            print::out(&readings())?;
            Ok(Exit::Good)
        }
        AlertsVerb::Test { receiver } => {
            test::run(&rules_of(&file_of(setting))?, receiver.as_deref(), setting)
        }
    }
}

/// Where the user's rules are.
fn file_of(setting: &Setting) -> PathBuf {
    setting.config_dir.join("rules.toml")
}

/// The rules in `path`.
pub(super) fn rules_of(path: &std::path::Path) -> Result<Rules> {
    load(path).map_err(|why| {
        eyre!("the rules have a mistake:\n\n{why}")
            .advise("`isomon alerts readings` lists what a rule can ask")
    })
}

fn readings() -> String {
    let line = |line: &crate::rule::reading::Line| {
        format!("{:<26}{:<12}{}\n", line.name, line.unit.words(), line.words)
    };
    READINGS.iter().map(line).collect()
}

/// Begins to judge what `hub` hears, unless it is to be `silent`.
pub(super) fn begin(
    hub: &mut Hub<Local>,
    setting: &Setting,
    silent: bool,
    stop: &CancellationToken,
) -> Result<Option<Begun>> {
    if silent {
        return Ok(None);
    }
    let rules = rules_of(&file_of(setting))?;
    let updates = hub.subscribe_to(ROOM, wants);
    let settings = Settings {
        dir: state_dir()?.join("alerts"),
        rules: file_of(setting),
        runs: setting.local.runs.clone(),
        baselines: state_dir()?.join("baselines"),
        host: setting.local.info().hostname,
    };
    let begun = alert::begin(settings, rules, updates, hub.outlet(), hub.pace(), stop.clone());
    hub.judged_by(begun.wishes.clone());
    Ok(Some(begun))
}

/// Waits until what happened last is written.
pub(super) async fn end(judging: Option<Begun>) {
    if let Some(judging) = judging {
        judging.end().await;
    }
}
