//! Runs as directories of plain files.
//!
//! People open, copy and compare them, so a run is `<runs>/<id>/` with `head.json` (what was
//! planned), `samples.ndjson` and `steps.ndjson` (one line a sample or step, written as it comes),
//! `empty.ndjson` (the empty spawns beside them), `events.ndjson`, `log.ndjson`, `checkpoint.json` (from
//! where it can go on) and at last `run.json` (all of it), `brief.json` and `files.json` (the hashes). A live run, a finished one and one cut off by `kill -9` are read by the same code. What
//! is read is never trusted: sizes are bounded, and a bad file is an error with its place.

use std::io;
use std::path::{Path, PathBuf};

use crate::model::run::FORMAT;

pub mod alert;
pub mod baseline;
mod brief;
pub mod bucket;
pub mod export;
mod file;
pub mod files;
mod foreign;
pub mod history;
mod lines;
pub mod result;
pub mod run_dir;
pub mod run_list;
mod saved;
pub mod sqlite;
pub mod tape;
pub mod workload;

pub use run_dir::{Reopened, RunDir};
pub use run_list::{Listed, briefs, list};
pub use saved::Saved;

/// What can be wrong with files of runs.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused: no such file, no permission, disk full, read-only.
    #[error("{path}: {source}")]
    Io {
        /// Which file or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// What stands there is not what a run holds.
    #[error("{path}, line {line}: {source}")]
    Corrupt {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A part of a whole run is not what belongs there.
    #[error("{path}, {part}: {source}")]
    Part {
        /// Which file.
        path: PathBuf,
        /// Which part, as a path in JSON: `samples[3]`.
        part: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The file ends before the run does.
    #[error("{path} ends in line {line}, before the run does")]
    Truncated {
        /// Which file.
        path: PathBuf,
        /// Its last line, from 1; 0 for an empty file.
        line: usize,
    },
    /// It is JSON, but not of isomon's runs.
    #[error("{path} is {what}, not a benchmark of isomon")]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What it is, as far as can be told.
        what: &'static str,
    },
    /// A sample, or a step of a load, of a cell that the run does not have.
    #[error("{path}: {what} {number} is of cell {cell}, and the run has {cells}")]
    Cell {
        /// Which file or directory.
        path: PathBuf,
        /// `sample` or `step`.
        what: &'static str,
        /// Which one, from 0.
        number: usize,
        /// The cell it names.
        cell: u32,
        /// How many there are.
        cells: usize,
    },
    /// More cells than any plan has.
    #[error("{path} has {cells} cells, more than a run can have")]
    Crowded {
        /// Which file or directory.
        path: PathBuf,
        /// How many.
        cells: usize,
    },
    /// It was written by a later isomon.
    #[error("{path} has format {found}; this isomon reads up to {FORMAT}")]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// No isomon ever wrote that format.
    #[error("{path} has format {found}, which there never was")]
    NoFormat {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// Neither a regular file nor a directory with a run in it.
    #[error("{path} is not a run")]
    NotARun {
        /// What was given.
        path: PathBuf,
    },
    /// Nothing is left to do of it.
    #[error("{path} is finished, with {samples} samples")]
    Finished {
        /// Which run.
        path: PathBuf,
        /// How many there are.
        samples: usize,
    },
    /// It came to a good end: nothing is left to do of it.
    #[error("{path} is finished")]
    Ended {
        /// Which run.
        path: PathBuf,
    },
    /// Another process writes it.
    #[error("{path} goes on in another process")]
    GoesOn {
        /// Which run.
        path: PathBuf,
    },
    /// It is larger than any run isomon writes.
    #[error("{path} has {bytes} bytes, more than a run can have")]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
}

impl Error {
    /// Says of an error of the system where it happened.
    fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}
