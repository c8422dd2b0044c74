//! `isomon show`: a run that is kept.

use std::path::Path;

use clap::ValueEnum as _;
use color_eyre::eyre::{Result, eyre};

use super::advice::Advise;
use super::list;
use super::outcome::{Form, render};
use super::print;
use super::result;
use super::setting::Setting;
use super::{Exit, Outcome, kept};
use crate::model::id::RunId;
use crate::model::run::Run;
use crate::model::text::SafeText;
use crate::store::RunDir;
use crate::store::result::ResultDir;

/// The word for the latest run.
const LAST: &str = "last";

/// Which run, and how to print it.
#[derive(Clone, Debug, clap::Args)]
pub struct ShowArgs {
    /// The run's id as `isomon list` shows it, a file of `--export-json`, a number in `./results` or of
    /// `bench --model`, or a directory; the latest if none, which is also `last`
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
    let form = if wish.json { Form::Json } else { wish.format };
    let word = wish.run.as_deref().filter(|word| *word != LAST);
    let workflow = match word {
        Some(word) => result::find(word, setting)?,
        None => latest(setting)?,
    };
    if let Some(dir) = workflow {
        print::out(&workflow_as(&dir, form)?)?;
        return Ok(Exit::Good);
    }
    let read = read(word, setting)?;
    print::out(&render(&read, form)?)?;
    Ok(Exit::Good)
}

/// A workflow's run in `form`, if there is one like that.
fn workflow_as(dir: &ResultDir, form: Form) -> Result<String> {
    match form {
        Form::Text | Form::Json => result::shown(dir, form == Form::Json),
        Form::Csv | Form::Markdown | Form::Hyperfine | Form::Bmf | Form::Prometheus => {
            let name = form.to_possible_value().map(|value| value.get_name().to_owned());
            let (path, name) = (dir.path.display(), name.unwrap_or_default());
            Err(eyre!("{path} is a workflow's run, which cannot be written as {name}")
                .advise("write it with --format text or json; `isomon plot` draws its tables"))
        }
    }
}

/// The latest run where that is a workflow's, whatever it came to.
fn latest(setting: &Setting) -> Result<Option<ResultDir>> {
    let run = list::kept(setting)?.into_iter().find(|run| run.path.exists());
    match run.filter(|run| run.workflow) {
        Some(run) => ResultDir::open(&run.path).map(Some).map_err(kept::bad),
        None => Ok(None),
    }
}

/// The benchmark that `word` names: its id, or a file or directory that holds one; the latest, whatever it
/// came to, if there is no word.
pub(super) fn read(word: Option<&str>, setting: &Setting) -> Result<Run> {
    let cannot = "that run cannot be read; `isomon list` shows the others";
    let file = word.map(Path::new).filter(|path| path.exists());
    if let Some(file) = file {
        return RunDir::read(file).map_err(|why| eyre!("{why}").advise(cannot));
    }
    let id = match word.filter(|word| *word != LAST) {
        Some(word) => RunId::parse(word),
        None => list::kept(setting)?.into_iter().find(|run| !run.workflow).map(|run| run.id),
    };
    let id = id.ok_or_else(|| match word.filter(|word| *word != LAST) {
        Some(word) => eyre!("there is no run {}", SafeText::within(word, 200))
            .advise("`isomon list` shows those that are kept; `last` is the latest"),
        None => eyre!("no run is kept yet").advise("`isomon bench` or `isomon run` makes one"),
    })?;
    setting.local.read(&id).map_err(|why| eyre!("{why}").advise(cannot))
}
