//! `isomon baseline`: runs kept under a name, to set later ones beside them.

use clap::Subcommand;

use super::setting::Setting;
use super::{Exit, Outcome, kept, print};
use crate::store::baseline::{self, Name};

/// What to do with baselines.
#[derive(Clone, Debug, Subcommand)]
pub enum BaselineVerb {
    /// List them
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Keep a run under a name, in place of what had it
    Save {
        /// The name
        #[arg(value_parser = kept::name)]
        name: Name,
        /// The run: `last`, an id, a file, a directory
        #[arg(default_value = "last")]
        run: String,
    },
    /// Forget one
    Remove {
        /// The name
        #[arg(value_parser = kept::name)]
        name: Name,
    },
}

pub(super) fn run(wish: &BaselineVerb, setting: &Setting) -> Outcome {
    let baselines = kept::baselines()?;
    match wish {
        BaselineVerb::List { json } => {
            let names = baseline::list(&baselines).map_err(kept::bad)?;
            print::out(&listed(&names, *json)?)?;
        }
        BaselineVerb::Save { name, run } => {
            let run = kept::find(run, setting)?;
            baseline::save(&baselines, name, &run).map_err(kept::bad)?;
            print::out(&format!("run {} is kept as {name}\n", run.head.id))?;
        }
        BaselineVerb::Remove { name } => {
            kept::baseline(name)?;
            baseline::remove(&baselines, name).map_err(kept::bad)?;
            print::out(&format!("{name} is forgotten\n"))?;
        }
    }
    Ok(Exit::Good)
}

fn listed(names: &[Name], json: bool) -> color_eyre::Result<String> {
    if json {
        return Ok(serde_json::to_string_pretty(names)? + "\n");
    }
    if names.is_empty() {
        return Ok(
            "no baseline is kept; `isomon bench --save-baseline NAME` makes one\n".to_owned()
        );
    }
    Ok(names.iter().map(|name| name.to_string() + "\n").collect())
}
