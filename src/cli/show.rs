//! `isomon show`: a run that is kept.

use super::advice::Advise;
use color_eyre::eyre::eyre;

use super::list;
use super::outcome::{Form, render};
use super::print;
use super::setting::Setting;
use super::{Exit, Outcome};
use crate::model::id::RunId;

/// Which run, and how to print it.
#[derive(Clone, Debug, clap::Args)]
pub struct ShowArgs {
    /// The run's id as `isomon list` shows it; the latest if none
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// How to write it
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    format: Form,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

pub(super) fn run(wish: &ShowArgs, setting: &Setting) -> Outcome {
    let id = if let Some(word) = &wish.run {
        RunId::parse(word)
    } else {
        list::kept(setting)?.into_iter().next().map(|run| run.id)
    };
    let id = id.ok_or_else(|| {
        eyre!("there is no such run").advise("`isomon list` shows those that are kept")
    })?;
    let read = setting.local.read(&id).map_err(|why| {
        eyre!("{why}").advise("that run cannot be read; `isomon list` shows the others")
    })?;
    let form = if wish.json { Form::Json } else { wish.format };
    print::out(&render(&read, form)?)?;
    Ok(Exit::Good)
}
