//! Writing a workflow's run: its directory is made, what happens is appended, and what it is so far is
//! written whole at each end of a stage.
//!
//! The directory is this process's alone while it is written, by a lock that goes with the process; so a
//! run that was cut off is known from one that goes on.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::log::{Level, Log, Message};
use super::{EVENTS, Error, METADATA, RUN, ResultDir, number};
use crate::model::id::RunId;
use crate::model::workflow::{Dialect, RunMetadata, WorkflowEvent, WorkflowRun, WorkflowWish};
use crate::store::lines::Lines;
use crate::store::{brief, file};

/// benchctl's log in a run's directory.
pub const LOG: &str = "benchctl.ndjson";
/// What was changed in the repository.
pub const PATCH: &str = "git.patch";

/// What was wished of a run.
const WISH: &str = "wish.json";

/// The directory of a run that is being written.
#[derive(Debug)]
pub struct ResultWriter {
    path: PathBuf,
    events: Lines,
    log: Option<Log>,
}

/// A run that goes on.
#[derive(Debug)]
pub struct Reopened {
    /// Its directory, which is this process's alone.
    pub writer: ResultWriter,
    /// It as far as it was when a stage last ended.
    pub run: WorkflowRun,
    /// What happened in it.
    pub events: Vec<WorkflowEvent>,
}

impl ResultWriter {
    /// Makes the directory of a new run in `output_dir`, under the next free number.
    pub fn create(output_dir: &Path, dialect: Dialect) -> Result<Self, Error> {
        let path = number::make(output_dir, dialect)?;
        let events = Lines::create(path.join(EVENTS))?;
        events.lock();
        Ok(Self { path, events, log: None })
    }

    /// Takes up the run in `path`, which was cut off or did not come to a good end. Refuses one that
    /// did, one that goes on in another process, and what is no run.
    pub fn reopen(path: &Path) -> Result<Reopened, Error> {
        let path = fs::canonicalize(path).map_err(Error::at(path))?;
        let read =
            || ResultDir::open(&path)?.run.ok_or_else(|| Error::NotARun { path: path.clone() });
        read()?;
        let events = Lines::open(path.join(EVENTS))?;
        if !events.lock() {
            return Err(Error::GoesOn { path });
        }
        // Who had it before may have ended it meanwhile.
        let run = read()?;
        let (events, told, _) = events.mend::<WorkflowEvent>()?;
        if run.is_finished() {
            return Err(Error::Ended { path });
        }
        brief::forget(&path);
        Ok(Reopened { writer: Self { path, events, log: None }, run, events: told })
    }

    /// Where it is, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its id in its output directory: `1`, `run-001`.
    pub fn number(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Keeps benchctl's log at `path`, or in the directory where it is `None`.
    pub fn keep_log(&mut self, path: Option<&Path>, least: Level) -> Result<(), Error> {
        let own = self.path.join(LOG);
        self.log = Some(Log::open(path.unwrap_or(&own), least)?);
        Ok(())
    }

    /// Lets `runs`, isomon's own directory of runs, have it as `id`.
    pub fn link(&self, runs: &Path, id: &RunId) -> Result<(), Error> {
        fs::create_dir_all(runs).map_err(Error::at(runs))?;
        let at = runs.join(id.as_str());
        match symlink(&self.path, &at) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            made => made.map_err(Error::at(&at)),
        }
    }

    /// Adds what happened. After an error nothing of it is there, and it can be added again.
    pub fn append(&mut self, events: &[impl Serialize]) -> Result<(), Error> {
        self.events.append(events)
    }

    /// Adds `message` to benchctl's log, where one is kept.
    pub fn log(&mut self, message: &Message) -> Result<(), Error> {
        self.log.as_mut().map_or(Ok(()), |log| log.add(message))
    }

    /// Forces what was appended to the disk.
    pub fn sync(&mut self) -> Result<(), Error> {
        self.events.sync()
    }

    /// Writes what the run is so far; it appears at once or not at all.
    pub fn save(&self, run: &WorkflowRun) -> Result<(), Error> {
        file::write_json(&self.path.join(RUN), run)?;
        brief::write(&self.path, &brief::of_workflow(run))
    }

    /// Writes benchctl's file.
    pub fn describe(&self, metadata: &RunMetadata) -> Result<(), Error> {
        file::write_json(&self.path.join(METADATA), metadata)
    }

    /// Writes what was wished of it, for who goes on with it; without secrets.
    pub fn keep_wish(&self, wish: &WorkflowWish) -> Result<(), Error> {
        file::write_json(&self.path.join(WISH), wish)
    }

    /// What was wished of the run in `path`; `None` where that was not kept.
    pub fn wish(path: &Path) -> Result<Option<WorkflowWish>, Error> {
        super::read(&path.join(WISH))
    }

    /// Writes what was changed in the repository.
    pub fn patch(&self, patch: &[u8]) -> Result<(), Error> {
        file::write(&self.path.join(PATCH), patch)
    }

    /// Lets every further event meet a full disk.
    #[cfg(test)]
    pub(crate) fn fill_disk(&mut self) {
        self.events.full(true);
    }
}
