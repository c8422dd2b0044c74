//! `checkpoint.json`: how far a run was when all of it was on the disk, and from where it can go on.
//!
//! It is replaced as a whole. Samples are not in it: they are in their own file, of which it says how many
//! there were by then; those after it count too, as far as they are whole.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Error, file};
use crate::model::bench::Progress;
use crate::model::pipeline::{Checkpoint, Worker};
use crate::model::run::{CHECKPOINTS, FORMAT, RunEnd};
use crate::model::unit::Seconds;

const NAME: &str = "checkpoint.json";

/// What is saved of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    /// Version of the result format.
    pub format: u32,
    /// Samples that were on the disk.
    pub samples: u64,
    /// Steps that were on the disk.
    pub steps: u64,
    /// Time the run had taken.
    pub elapsed_seconds: Seconds,
    /// How far it was.
    pub progress: Progress,
    /// How its rounds ended; `None` while they went on.
    pub rounds: Option<RunEnd>,
    /// How often it went on anew.
    pub resumed: u32,
    /// The latest checkpoints, earliest first; this one is the last.
    pub checkpoints: Vec<Checkpoint>,
    /// Who worked for it.
    pub workers: Vec<Worker>,
}

/// Writes `saved` into the run's directory `dir`. It appears at once or not at all.
pub(super) fn write(dir: &Path, saved: &Saved) -> Result<(), Error> {
    file::write_json(&dir.join(NAME), saved)
}

/// When what is saved in `dir` was written; `None` where nothing is.
pub(super) fn written(dir: &Path) -> Option<std::time::SystemTime> {
    std::fs::metadata(dir.join(NAME)).ok()?.modified().ok()
}

/// What is saved in `dir`; `None` where nothing is.
pub(super) fn read(dir: &Path) -> Result<Option<Saved>, Error> {
    let at = dir.join(NAME);
    let bytes = match file::read(&at) {
        Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            return Ok(None);
        }
        bytes => bytes?,
    };
    let mut saved: Saved = file::parse(&at, &bytes)?;
    if saved.format > FORMAT {
        return Err(Error::Newer { path: at, found: saved.format });
    }
    let beyond = saved.checkpoints.len().saturating_sub(CHECKPOINTS);
    saved.checkpoints.drain(..beyond);
    Ok(Some(saved))
}
