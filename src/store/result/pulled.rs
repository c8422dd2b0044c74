//! Runs of workflows that were brought here from elsewhere. There is no output directory that they are of:
//! they lie side by side in one beside isomon's own directory of runs, which has a link to each.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::super::{Error, file};
use super::{RUN, is_flow};
use crate::model::id::RunId;

/// The name of that directory.
const NAME: &str = "pulled";

/// Where run `id` lies when it is brought into `runs`, which is there.
pub fn place(runs: &Path, id: &RunId) -> Result<PathBuf, Error> {
    let runs = fs::canonicalize(runs).map_err(Error::at(runs))?;
    Ok(runs.with_file_name(NAME).join(id.as_str()))
}

/// Whether the run to which `link` leads, in isomon's directory of runs, was brought from elsewhere.
pub fn is_one(link: &Path) -> bool {
    let id = link.file_name().and_then(|name| RunId::parse(name.to_str()?));
    let at = id.zip(link.parent()).and_then(|(id, runs)| place(runs, &id).ok());
    at.is_some() && link.canonicalize().ok() == at
}

/// Whether the directory `dir` holds a run of a workflow.
pub fn holds_flow(dir: &Path) -> bool {
    file::read(&dir.join(RUN)).is_ok_and(|bytes| is_flow(&bytes))
}

/// Gives the whole run `id`, which lies in `from`, the place and the link it is found by in `runs`.
pub fn settle(from: &Path, runs: &Path, id: &RunId) -> Result<(), Error> {
    let to = place(runs, id)?;
    if let Some(above) = to.parent() {
        fs::create_dir_all(above).map_err(Error::at(above))?;
    }
    fs::rename(from, &to).map_err(Error::at(&to))?;
    file::sync_parent(&to)?;
    link(runs, id)
}

/// Lets `runs` have the run `id` that lies in its place; a link that leads nowhere is replaced.
pub fn link(runs: &Path, id: &RunId) -> Result<(), Error> {
    let at = runs.join(id.as_str());
    if at.is_symlink() && !at.exists() {
        fs::remove_file(&at).map_err(Error::at(&at))?;
    }
    match symlink(place(runs, id)?, &at) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map_err(Error::at(&at)),
    }?;
    file::sync_parent(&at)
}
