//! A run by the word a person has for it: `last`, an id, a baseline's name, a file or directory.
//!
//! `last` is everywhere the latest finished run of the kind that is asked for.

use std::path::{Path, PathBuf};

use color_eyre::eyre::{Report, Result, eyre};

use super::advice::Advise;
use super::setting::{Setting, state_dir};
use super::{list, result};
use crate::model::id::RunId;
use crate::model::run::Run;
use crate::model::text::SafeText;
use crate::store::baseline::{self, Name};
use crate::store::result::ResultDir;
use crate::store::{Error, Listed, RunDir};

/// Which runs a command works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Both kinds.
    Any,
    /// Benchmarks alone.
    Benchmark,
    /// Those of workflows, and of loads of models, alone.
    Workflow,
}

impl Kind {
    const fn has(self, run: &Listed) -> bool {
        match self {
            Self::Any => true,
            Self::Benchmark => !run.workflow,
            Self::Workflow => run.workflow,
        }
    }

    /// That none of them is kept.
    fn none(self) -> Report {
        match self {
            Self::Any => eyre!("no finished run is kept").advise("`isomon bench` makes one"),
            Self::Benchmark => {
                eyre!("no finished benchmark is kept").advise("`isomon bench` makes one")
            }
            Self::Workflow => eyre!("no finished run of a workflow is kept")
                .advise("`isomon run FILE` makes one, and so does `isomon bench --model`"),
        }
    }
}

/// A run of either kind.
#[derive(Debug)]
pub(super) enum Kept {
    /// The directory of a benchmark, or a file that holds one.
    Benchmark(PathBuf),
    /// A workflow's.
    Workflow(Box<ResultDir>),
}

/// The latest finished run of that kind.
pub(super) fn latest(kind: Kind, setting: &Setting) -> Result<Listed> {
    let mut runs = list::kept(setting)?.into_iter();
    runs.find(|run| run.finished && kind.has(run)).ok_or_else(|| kind.none())
}

/// The run that `word` means, of whichever kind.
pub(super) fn any(word: &str, setting: &Setting) -> Result<Kept> {
    if word == "last" {
        return opened(latest(Kind::Any, setting)?);
    }
    match result::find(word, setting)? {
        Some(run) => Ok(Kept::Workflow(Box::new(run))),
        None => place(word, setting).map(Kept::Benchmark),
    }
}

/// `run` as what it is.
pub(super) fn opened(run: Listed) -> Result<Kept> {
    if run.workflow {
        return ResultDir::open(&run.path).map(Box::new).map(Kept::Workflow).map_err(bad);
    }
    Ok(Kept::Benchmark(run.path))
}

/// Where baselines are kept.
pub(super) fn baselines() -> Result<PathBuf> {
    Ok(state_dir()?.join("baselines"))
}

/// The benchmark that `word` means.
pub(super) fn find(word: &str, setting: &Setting) -> Result<Run> {
    read(&place(word, setting)?)
}

/// The benchmark in `path`.
pub(super) fn read(path: &Path) -> Result<Run> {
    RunDir::read(path).map_err(|error| {
        if !result::is_at(path) {
            return bad(error);
        }
        let shown = SafeText::new(&path.to_string_lossy());
        eyre!("{shown} is a workflow's run, which has no samples of isomon's own")
            .advise("name a benchmark of `isomon list`; `isomon show`, `plot` and `compare` tell of a workflow's")
    })
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

/// Where the benchmark that `word` means is kept.
fn place(word: &str, setting: &Setting) -> Result<PathBuf> {
    if word == "last" {
        return latest(Kind::Benchmark, setting).map(|run| run.path);
    }
    let kept = RunId::parse(word).map(|id| setting.local.runs.join(id.as_str()));
    if let Some(path) = kept.filter(|path| path.is_dir() || path.is_symlink()) {
        if path.is_dir() {
            return Ok(path);
        }
        let to = std::fs::read_link(&path).unwrap_or_default();
        let to = SafeText::new(&to.to_string_lossy());
        return Err(eyre!("run {word} is a workflow's, and {to} is there no more")
            .advise("bring that directory back to where it was"));
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
    let shown = SafeText::new(word);
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
