//! `isomon run`: a workflow, from its file to its results.
//!
//! benchctl's ways to name the file are taken as they are: `-c FILE`, `BENCHCTL_CONFIG_PATH`, and
//! `benchmark.yaml` where nothing is said.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use color_eyre::eyre::{Result, eyre};

use super::advice::Advise;
use super::annotate::pair;
use super::args::Args;
use super::setting::Setting;
use super::{Outcome, log, print, runtime, screen};
use crate::config::{Mistake, Span};
use crate::hub::local::new_id;
use crate::model::id::RunId;
use crate::model::unit::Seconds;
use crate::model::workflow::WorkflowWish;
use crate::workflow::Error;

mod ask;
pub(super) mod check;
pub(super) mod live;
pub(super) mod plan;
mod resume;
pub(super) mod show;

/// What `--help` says at its end.
pub(super) const AFTER_HELP: &str = "Examples:\n  \
    isomon run benchmark.yaml -m branch=main -e RATE=100\n  \
    isomon run benchmark.yaml --plan       what would run, where, word by word\n  \
    isomon run --resume 20261121-093012-a1b2c3d4\n\n\
    The file may be in any of benchctl's dialects or isomon's own. Without FILE it is the one of -c, of \
    BENCHCTL_CONFIG_PATH, or benchmark.yaml.\n\
    Exit status: 0 good, 1 a stage failed, 2 usage or isomon itself, 128 + n signal n.";

/// Which workflow, and how.
#[derive(Clone, Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct RunArgs {
    /// The file of the workflow
    #[arg(value_name = "FILE", conflicts_with = "resume")]
    file: Option<PathBuf>,
    /// Metadata of the run (repeat)
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = pair)]
    metadata: Vec<(String, String)>,
    /// A variable in the environment of its commands (repeat); a case's own goes before it
    #[arg(short, long = "environment", visible_alias = "env", value_name = "KEY=VALUE", value_parser = pair)]
    environment: Vec<(String, String)>,
    /// A stage that is passed over (repeat)
    #[arg(long, value_name = "STAGE")]
    skip: Vec<String>,
    /// The one case that is run
    #[arg(long, value_name = "CASE")]
    case: Option<String>,
    /// Time after which all of it has failed: 30s, 5m
    #[arg(short, long, value_name = "TIME")]
    timeout: Option<Span>,
    /// Say what would run, where, word by word, and run nothing
    #[arg(long, conflicts_with = "check")]
    plan: bool,
    /// Say whether the file is right, and run nothing
    #[arg(long)]
    check: bool,
    /// Go on with a run that was cut off, failed or was cancelled: what passed is not done again. `last`
    /// is the latest of those
    #[arg(long, value_name = "RUN", value_parser = going, conflicts_with_all = ["case", "plan", "check"])]
    resume: Option<Going>,
    /// Open the screen with it
    #[arg(long, conflicts_with_all = ["plan", "check", "json"])]
    watch: bool,
    /// Print what happens as JSON, an event a line
    #[arg(long)]
    json: bool,
}

/// The run that goes on.
#[derive(Clone, Debug)]
enum Going {
    Last,
    Id(RunId),
}

fn going(word: &str) -> Result<Going, String> {
    if word == "last" {
        return Ok(Going::Last);
    }
    RunId::parse(word).map(Going::Id).ok_or_else(|| {
        "`last`, or an id like 20261121-093012-a1b2c3d4; `isomon list` shows them".to_owned()
    })
}

impl Going {
    fn id(&self, setting: &Setting) -> Result<RunId> {
        match self {
            Self::Id(id) => Ok(id.clone()),
            Self::Last => resume::latest(setting),
        }
    }
}

impl RunArgs {
    /// The wish it makes; without a FILE `config` names it.
    fn wish(&self, config: Option<&PathBuf>, resume: Option<RunId>) -> WorkflowWish {
        let variable = std::env::var_os("BENCHCTL_CONFIG_PATH").filter(|path| !path.is_empty());
        let named =
            self.file.clone().or_else(|| variable.map(PathBuf::from)).or_else(|| config.cloned());
        let usual = || PathBuf::from("benchmark.yaml");
        let file = if self.resume.is_some() {
            self.file.clone()
        } else {
            Some(named.unwrap_or_else(usual))
        };
        WorkflowWish {
            file: file.unwrap_or_default(),
            metadata: self.metadata.iter().cloned().collect::<BTreeMap<_, _>>(),
            env: self.environment.iter().cloned().collect(),
            skip: self.skip.clone(),
            case: self.case.clone(),
            timeout: self.timeout.map(|span| Seconds::from(span.0)),
            resume,
            ..WorkflowWish::default()
        }
    }
}

pub(super) fn run(wish: &RunArgs, args: &Args) -> Outcome {
    // Without FILE, -c names the workflow, as benchctl has it; else isomon's own settings.
    let own = wish.file.is_some() || wish.resume.is_some();
    let settings = Args { config: args.config.clone().filter(|_| own), ..args.clone() };
    let setting = Setting::load(&settings)?;
    let resume = wish.resume.as_ref().map(|going| going.id(&setting)).transpose()?;
    let wished = wish.wish(args.config.as_ref().filter(|_| !own), resume);
    if wish.resume.is_none() {
        let read = check::read(&wished.file)?;
        if wish.check {
            return check::told(&wished.file, &read);
        }
        check::wished(&read.workflow, &wished)?;
        if wish.plan {
            return plan::told(&read, &wished);
        }
    }
    let loaded = setting.local.load(wished.clone()).map_err(bad)?;
    for note in &loaded.read.notes {
        print::err(&format!("isomon: {note}"));
    }
    if wish.watch {
        let id = wished.resume.clone().unwrap_or_else(new_id);
        return screen::with_workflow(&settings, &setting, WorkflowWish { id: Some(id), ..wished });
    }
    log::to_stderr()?;
    let colored = !wish.json && super::color::of_stdout(setting.config.screen.color);
    let show = show::Show::new(wish.json, colored, &loaded);
    runtime::block_on(live::run(Arc::new(setting.local), loaded, show))?
}

/// Why it is not run, and what mends it.
pub(super) fn bad(error: Error) -> color_eyre::Report {
    match error {
        Error::Mistakes(mistakes) => {
            let shown: Vec<String> = mistakes.iter().map(Mistake::to_string).collect();
            let count = match mistakes.len() {
                1 => "a mistake".to_owned(),
                many => format!("{many} mistakes"),
            };
            eyre!("the file has {count}:\n\n{}", shown.join("\n\n"))
                .advise("mend that; `isomon run --check FILE` looks without running anything")
        }
        Error::File { path, why } => eyre!("cannot read {path}: {why}")
            .advise("name the file of a workflow: isomon run FILE; `isomon init` writes one"),
        Error::Wish { what, remedy } => eyre!("{what}").advise(remedy.as_str()),
        Error::Store(error) => super::kept::bad(error),
        Error::Fault(why) => eyre!("{why}"),
    }
}
