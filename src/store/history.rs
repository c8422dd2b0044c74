//! The numbers of nodes and GPUs over time, in a file of `SQLite`.
//!
//! One isomon writes, by a lock; any number read beside it. What comes is appended once a second, in one
//! transaction that is on the disk when [`Writer::append`] returns. Later it is folded into chunks of one
//! track each: as it came for the last hour, means of 10 s for a day, of a minute for as long as is set.
//! Every piece has a seal, so what is damaged is left out and told, never shown. See
//! [`size`] for how large it gets.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::sqlite::Error;
use crate::track::Row;

mod body;
mod desk;
mod export;
mod file;
mod fold;
mod forget;
mod mean;
mod names;
mod past;
mod reader;
mod schema;
pub mod size;
#[cfg(test)]
mod tests;
mod tier;
mod timeline;
mod verify;

use desk::Desk;
use file::Place;
pub use reader::Reader;
pub use verify::{Extent, Info, Verified};

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Age at most. Only time in which isomon could have recorded counts; see `timeline`.
    pub age: Duration,
    /// Size of the file at most, in bytes, as far as it is not the newest minutes alone.
    pub bytes: u64,
}

impl Default for Keep {
    /// 30 days, 1 GiB.
    fn default() -> Self {
        Self { age: Duration::from_hours(30 * 24), bytes: 1 << 30 }
    }
}

/// What became of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// They are on the disk.
    pub rows: u64,
    /// They are of an instant that was kept already, or long ago.
    pub late: u64,
    /// There are too many tracks, or they make no sense.
    pub refused: u64,
}

/// Who writes the history of a directory.
#[derive(Debug)]
pub struct Writer {
    place: Place,
    keep: Keep,
    /// Given up at a fault, and opened anew: after one, nothing `SQLite` holds is built on.
    desk: Option<Desk>,
}

impl Writer {
    /// Takes the history in `dir`, or begins it. [`Error::Busy`] where another isomon has it.
    pub fn open(dir: &Path, keep: Keep) -> Result<Self, Error> {
        Ok(Self { place: Place::take(dir)?, keep, desk: None })
    }

    /// Which file it is.
    pub fn path(&self) -> &Path {
        &self.place.path
    }

    /// Opens the file if it is not open.
    pub fn ready(&mut self) -> Result<(), Error> {
        self.desk().map(drop)
    }

    fn desk(&mut self) -> Result<&mut Desk, Error> {
        match &mut self.desk {
            Some(desk) => Ok(desk),
            none => Ok(none.insert(Desk::open(&self.place)?)),
        }
    }

    /// Writes `rows` as a whole or not at all. On return they are on the disk; after an error they may
    /// be written again, and are kept once.
    pub fn append(&mut self, rows: &[Row]) -> Result<Kept, Error> {
        let kept = self.desk()?.append(rows);
        if kept.is_err() {
            self.desk = None;
        }
        kept
    }

    /// Folds and forgets, of at most `most` tracks; whether there is more to do.
    pub fn tend(&mut self, most: usize) -> Result<bool, Error> {
        let (keep, path) = (self.keep, self.place.path.clone());
        let desk = self.desk()?;
        let tended = desk.fold(most).and_then(|more| Ok(desk.forget(most, keep)? || more));
        if tended.is_err() {
            self.desk = None;
        }
        tended.map_err(|source| Error::told(&path, source))
    }

    /// How many tracks there are.
    pub fn tracks(&self) -> usize {
        self.desk.as_ref().map_or(0, |desk| desk.tracks.len())
    }

    /// Puts a damaged file out of the way, under a name with `name` in it, and where it is then. The
    /// next rows begin a new one.
    pub fn set_aside(&mut self, name: &str) -> Result<PathBuf, Error> {
        self.desk = None;
        self.place.set_aside(name)
    }
}
