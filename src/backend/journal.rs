//! What a run is about to make, written down before it is made.
//!
//! One JSON line an intent, on disk before the thing exists, so that whoever finds the journal of a
//! dead run knows where to look. The file is locked as long as its owner lives; a torn last line
//! belongs to something that was never made.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Error;
use super::identity::Identity;
use crate::model::id::RunId;
use crate::model::root::Roots;

/// Its file in a run's directory.
const NAME: &str = "journal";
/// No run writes more; a larger file is not read further.
const LONGEST: u64 = 1 << 20;

/// Something a run owns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "intent")]
pub(super) enum Entry {
    /// The process the run belongs to.
    Owner(Identity),
    /// A control group and all below it.
    Group {
        /// Its directory.
        path: PathBuf,
    },
    /// A container runtime's state: one directory a container.
    Runtime {
        /// The tool and its global options.
        argv: Vec<String>,
        /// Its state.
        root: PathBuf,
    },
    /// An engine with containers and an image that carry the run's label.
    Docker {
        /// Where it listens.
        socket: PathBuf,
    },
}

/// The journal of a run that goes on; unlocked when dropped.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    path: PathBuf,
}

impl Journal {
    /// Makes the directory `place` of run `id` and a journal in it that belongs to this process.
    pub(super) fn begin(place: &Path, id: &RunId, roots: &Roots) -> Result<Self, Error> {
        match std::fs::create_dir(place) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(Error::Exists { id: id.clone() });
            }
            made => made.map_err(|source| Error::io("create", place, source))?,
        }
        let unknown = || Error::io("read", &roots.proc, ErrorKind::NotFound.into());
        let me = Identity::of(roots, std::process::id()).ok_or_else(unknown)?;
        Self::create(place, me)
    }

    /// Starts the journal of the run in `place`, which belongs to `owner`.
    fn create(place: &Path, owner: Identity) -> Result<Self, Error> {
        let path = place.join(NAME);
        let mut options = OpenOptions::new();
        options.append(true).create_new(true).mode(0o600);
        let file = options.open(&path).map_err(|source| Error::io("create", &path, source))?;
        file.lock().map_err(|source| Error::io("lock", &path, source))?;
        let mut journal = Self { file, path };
        journal.note(&Entry::Owner(owner))?;
        Ok(journal)
    }

    /// Writes `entry` down; it is on disk when this returns.
    pub(super) fn note(&mut self, entry: &Entry) -> Result<(), Error> {
        let mut line = serde_json::to_vec(entry).map_err(|source| Error::Json { source })?;
        line.push(b'\n');
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        written.map_err(|source| Error::io("write", &self.path, source))
    }
}

/// The journal of a run whose owner may be dead.
#[derive(Debug)]
pub(super) struct Found {
    file: Option<File>,
    /// What is in it.
    pub entries: Vec<Entry>,
}

impl Found {
    /// Opens the journal in `place`; nothing in it if there is none.
    pub(super) fn open(place: &Path) -> Self {
        let file = File::open(place.join(NAME)).ok();
        let mut text = String::new();
        let read = file.as_ref().map(|file| file.take(LONGEST).read_to_string(&mut text));
        let whole = read.is_some_and(|read| read.is_ok());
        let lines = if whole { text.as_str() } else { "" };
        let entries = lines.lines().map_while(|line| serde_json::from_str(line).ok());
        Self { entries: entries.collect(), file }
    }

    /// The process it belongs to.
    pub(super) fn owner(&self) -> Option<&Identity> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Owner(identity) => Some(identity),
            _ => None,
        })
    }

    /// Takes its lock, held until this is dropped; false while someone else has it.
    pub(super) fn lock(&self) -> bool {
        let taken = self.file.as_ref().map(File::try_lock);
        !matches!(taken, Some(Err(TryLockError::WouldBlock)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> Identity {
        Identity { boot: "b".to_owned(), pid: 1, start: 2 }
    }

    #[test]
    fn what_was_noted_is_found_and_a_torn_line_is_not() {
        let place = tempfile::tempdir().unwrap();
        let mut journal = Journal::create(place.path(), owner()).unwrap();
        let group = Entry::Group { path: "/g".into() };
        journal.note(&group).unwrap();
        journal.file.write_all(b"{\"intent\":\"gro").unwrap();
        let found = Found::open(place.path());
        assert_eq!(found.owner(), Some(&owner()));
        assert_eq!(found.entries.last(), Some(&group));
    }

    #[test]
    fn a_living_owner_holds_the_lock() {
        let place = tempfile::tempdir().unwrap();
        let journal = Journal::create(place.path(), owner()).unwrap();
        let found = Found::open(place.path());
        assert!(!found.lock());
        drop(journal);
        assert!(found.lock());
        assert!(Found::open(&place.path().join("none")).lock());
    }
}
