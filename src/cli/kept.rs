//! A run by the word a person has for it: `last`, an id, a baseline's name, a file or directory.

use std::path::{Path, PathBuf};

use color_eyre::eyre::{Report, Result, eyre};

use super::advice::Advise;
use super::list;
use super::setting::{Setting, state_dir};
use crate::model::id::RunId;
use crate::model::run::Run;
use crate::store::baseline::{self, Name};
use crate::store::{Error, RunDir};

/// Where baselines are kept.
pub(super) fn baselines() -> Result<PathBuf> {
    Ok(state_dir()?.join("baselines"))
}

/// The run that `word` means.
pub(super) fn find(word: &str, setting: &Setting) -> Result<Run> {
    RunDir::read(&place(word, setting)?).map_err(bad)
}

/// The baseline `name`.
pub(super) fn baseline(name: &Name) -> Result<Run> {
    let baselines = baselines()?;
    if !baseline::exists(&baselines, name) {
        let remedy = format!(
            "make it with `isomon bench --save-baseline {name}`; `isomon baseline list` shows those there are"
        );
        return Err(eyre!("there is no baseline {name}").advise(&remedy));
    }
    baseline::read(&baselines, name).map_err(bad)
}

/// Reads the name of a baseline.
pub(super) fn name(word: &str) -> Result<Name, String> {
    Name::parse(word).ok_or_else(|| {
        "a name of letters, digits, `.`, `_` and `-`, which is neither `last` nor a run's id"
            .to_owned()
    })
}

/// Where the run that `word` means is kept.
pub(super) fn place(word: &str, setting: &Setting) -> Result<PathBuf> {
    if word == "last" {
        let finished = list::kept(setting)?.into_iter().find(|run| run.finished);
        let none = || eyre!("no finished run is kept").advise("`isomon bench` makes one");
        return finished.map(|run| run.path).ok_or_else(none);
    }
    let kept = RunId::parse(word).map(|id| setting.local.runs.join(id.as_str()));
    if let Some(path) = kept.filter(|path| path.is_dir()) {
        return Ok(path);
    }
    let named = Name::parse(word).filter(|_| !word.contains('/'));
    let baselines = baselines()?;
    if let Some(name) = named.filter(|name| baseline::exists(&baselines, name)) {
        return Ok(baselines.join(format!("{name}.json")));
    }
    let path = Path::new(word);
    if path.exists() {
        return Ok(path.to_owned());
    }
    let shown = crate::model::text::SafeText::new(word);
    Err(eyre!("there is no run, baseline, file or directory {shown}")
        .advise("`isomon list` shows the runs, `isomon baseline list` the baselines; `last` is the latest run"))
}

/// What is wrong with a file, and what mends it.
pub(super) fn bad(error: Error) -> Report {
    let remedy = match &error {
        Error::Io { .. } => "name a file that is there and can be read",
        Error::Truncated { .. } => {
            "copy it again; of a run that was cut off, name its directory, which keeps every sample"
        }
        Error::Corrupt { .. } | Error::Part { .. } | Error::Cell { .. } => {
            "it was changed after it was written; take it again from where it was made"
        }
        Error::Foreign { .. } | Error::NotARun { .. } => {
            "name a benchmark: its id of `isomon list`, its directory or what `isomon bench --export-json` wrote"
        }
        Error::Finished { .. } => "`isomon show` prints it; `isomon bench` makes a new one",
        Error::Ended { .. } => "`isomon show` prints it; `isomon run FILE` makes a new one",
        Error::GoesOn { .. } => "wait for it, or end the process that writes it",
        Error::Newer { .. } => "read it with a newer isomon",
        Error::NoFormat { .. } | Error::Crowded { .. } | Error::TooLarge { .. } => {
            "isomon wrote no such file; take it again from where it was made"
        }
    };
    Report::new(error).advise(remedy)
}
