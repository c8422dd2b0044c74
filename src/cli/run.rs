//! `isomon run`: a workflow, over this machine and others.

use std::path::PathBuf;

use color_eyre::eyre::eyre;

use super::Outcome;
use super::advice::Advise;
use super::annotate::pair;
use crate::config::Span;
use crate::model::id::RunId;
use crate::model::unit::Seconds;
use crate::model::workflow::WorkflowWish;

pub(super) mod check;
pub(super) mod plan;

/// Which workflow, and how.
#[derive(Clone, Debug, clap::Args)]
pub struct RunArgs {
    /// The workflow's file
    #[arg(value_name = "FILE", default_value = "benchmark.yaml")]
    file: PathBuf,
    /// Read the file and say what is wrong with it; run nothing
    #[arg(long, conflicts_with = "plan")]
    check: bool,
    /// Print what would be run on each host; run nothing
    #[arg(long)]
    plan: bool,
    /// Metadata of the run (repeat)
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = pair)]
    metadata: Vec<(String, String)>,
    /// A variable of its commands' environment (repeat); a case's own goes before it
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = pair)]
    env: Vec<(String, String)>,
    /// A stage that is passed over (repeat)
    #[arg(long, value_name = "STAGE")]
    skip: Vec<String>,
    /// The one case that is run
    #[arg(long, value_name = "NAME")]
    case: Option<String>,
    /// Time after which all of it has failed
    #[arg(short, long, value_name = "TIME")]
    timeout: Option<Span>,
    /// Go on with this run: what was done is not done again
    #[arg(long, value_name = "ID", value_parser = id)]
    resume: Option<RunId>,
    /// Watch it on the screen
    #[arg(long)]
    watch: bool,
}

impl RunArgs {
    fn wish(&self) -> WorkflowWish {
        WorkflowWish {
            file: self.file.clone(),
            metadata: self.metadata.iter().cloned().collect(),
            env: self.env.iter().cloned().collect(),
            skip: self.skip.clone(),
            case: self.case.clone(),
            timeout: self.timeout.map(|span| Seconds::from(span.0)),
            resume: self.resume.clone(),
            ..WorkflowWish::default()
        }
    }
}

pub(super) fn run(wish: &RunArgs) -> Outcome {
    let read = check::read(&wish.file)?;
    if wish.check {
        return check::told(&wish.file, &read);
    }
    check::wished(&read.workflow, &wish.wish())?;
    if wish.plan {
        return plan::told(&read, &wish.wish());
    }
    let what = if wish.watch { "watched" } else { "run" };
    Err(eyre!("this isomon reads workflows, and none can be {what} yet")
        .advise("`--check` and `--plan` say what would be done"))
}

fn id(word: &str) -> Result<RunId, String> {
    RunId::parse(word).ok_or_else(|| "an id as `isomon list` shows it".to_owned())
}
