//! What is remembered of alerts from one start to the next: what fires, what happened, who has seen
//! what, and what is silenced.
//!
//! `notes.json` is what people said: every isomon of a user on a machine reads it when it changes, and
//! changes it under a lock. `past.json` is written by who tells of alerts; of several isomons that is the
//! one that holds the lock.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};

use super::{Error, file};
use crate::model::alert::{Acknowledgement, AlertId, Event, PAST, Silence};
use crate::model::text::SafeText;

/// Things of a kind that are kept; a person says less.
const MOST: usize = 1_000;

/// What people said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Notes {
    /// Which alerts somebody has seen.
    pub seen: Vec<(AlertId, Acknowledgement)>,
    /// What is silenced.
    pub silences: Vec<Silence>,
}

/// An alert that fires.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fired {
    /// Which one.
    pub id: AlertId,
    /// Since when, in milliseconds since 1970 UTC.
    pub since_ms: i64,
    /// What is the matter.
    pub message: SafeText,
}

/// What happened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Past {
    /// When it was written, in milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// What fires.
    pub fired: Vec<Fired>,
    /// What happened, latest first.
    pub events: Vec<Event>,
}

/// When a file was written, how long it is, and which it is: another file, or the same written anew, has
/// others.
pub type Version = (SystemTime, u64, u64);

/// The version of the file at `path`; `None` where there is none.
pub fn version(path: &Path) -> Option<Version> {
    let about = std::fs::metadata(path).ok()?;
    Some((about.modified().ok()?, about.len(), about.ino()))
}

/// Where it is kept.
#[derive(Clone, Debug)]
pub struct Memory {
    dir: PathBuf,
}

/// A lock that is held until it is let go of, or its holder is gone.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the lock is the open file")] File);

impl Memory {
    /// What is kept in `dir`, which need not be there.
    pub const fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// What people said; nothing where nobody did.
    pub fn notes(&self) -> Result<Notes, Error> {
        read(&self.path("notes.json"))
    }

    /// When people last said something.
    pub fn said(&self) -> Option<SystemTime> {
        std::fs::metadata(self.path("notes.json")).ok()?.modified().ok()
    }

    /// Changes what people said, whoever else does so now. What is said by then.
    pub fn note(&self, change: impl FnOnce(&mut Notes)) -> Result<Notes, Error> {
        let _held = self.lock("notes", true)?;
        let mut notes = match self.notes() {
            Err(Error::Corrupt { path, .. }) => {
                // It stays for who wants to mend it, and nothing could be said any more beside it.
                let aside = self.path("notes.json.damaged");
                std::fs::rename(&path, &aside).map_err(Error::at(&path))?;
                tracing::warn!("{} was damaged and is {} now", path.display(), aside.display());
                Notes::default()
            }
            notes => notes?,
        };
        change(&mut notes);
        let beyond = |length: usize| length.saturating_sub(MOST);
        notes.seen.drain(..beyond(notes.seen.len()));
        notes.silences.drain(..beyond(notes.silences.len()));
        file::write_json(&self.path("notes.json"), &notes)?;
        Ok(notes)
    }

    /// What happened; nothing where nothing did.
    pub fn past(&self) -> Result<Past, Error> {
        read(&self.path("past.json"))
    }

    /// Keeps what happened.
    pub fn keep(&self, mut past: Past) -> Result<(), Error> {
        past.events.truncate(PAST);
        self.make()?;
        file::write_json(&self.path("past.json"), &past)
    }

    /// Takes the lock `name`; `None` where another has it.
    pub fn take(&self, name: &str) -> Result<Option<Lock>, Error> {
        self.lock(name, false)
    }

    fn lock(&self, name: &str, waits: bool) -> Result<Option<Lock>, Error> {
        self.make()?;
        let path = self.path(&format!("{name}.lock"));
        let open =
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = open.map_err(Error::at(&path))?;
        let how = if waits {
            FlockOperation::LockExclusive
        } else {
            FlockOperation::NonBlockingLockExclusive
        };
        match rustix::fs::flock(&file, how) {
            Ok(()) => Ok(Some(Lock(file))),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(Error::at(&path)(error.into())),
        }
    }

    fn make(&self) -> Result<(), Error> {
        if self.dir.is_dir() { Ok(()) } else { file::make_dir(&self.dir) }
    }
}

/// The text of the file at `path`, of `longest` bytes at most. A pipe or device of that name does not block.
pub fn text(path: &Path, longest: usize) -> std::io::Result<String> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let wrong = |what: String| std::io::Error::new(std::io::ErrorKind::InvalidData, what);
    if !file.metadata()?.is_file() {
        return Err(wrong("it is no ordinary file".to_owned()));
    }
    let mut text = String::new();
    let length = file.take(longest as u64 + 1).read_to_string(&mut text)?;
    if length > longest {
        return Err(wrong(format!("it is longer than {} KiB", longest >> 10)));
    }
    Ok(text)
}

/// What `path` holds; the default where it is not there.
fn read<T: Default + serde::de::DeserializeOwned>(path: &Path) -> Result<T, Error> {
    match file::read(path) {
        Ok(bytes) => file::parse(path, &bytes),
        Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            Ok(T::default())
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_said_outlives_a_start_and_one_tells() {
        let home = tempfile::tempdir().unwrap();
        let memory = Memory::new(home.path().join("alerts"));
        assert_eq!((memory.notes().unwrap(), memory.past().unwrap()), Default::default());
        let silence = Silence { until_ms: 5, ..Silence::default() };
        memory.note(|notes| notes.silences.push(silence.clone())).unwrap();
        assert!(memory.said().is_some());
        assert_eq!(Memory::new(home.path().join("alerts")).notes().unwrap().silences, [silence]);
        let held = memory.take("local").unwrap();
        assert!(held.is_some() && memory.take("local").unwrap().is_none());
        drop(held);
        assert!(memory.take("local").unwrap().is_some());
        let past = Past { at_ms: 1, events: vec![Event::default(); PAST + 9], ..Past::default() };
        memory.keep(past).unwrap();
        assert_eq!(memory.past().unwrap().events.len(), PAST);
        std::fs::write(home.path().join("alerts/past.json"), "{").unwrap();
        assert!(memory.past().is_err());
    }

    #[test]
    fn what_cannot_be_read_is_never_written_over() {
        let home = tempfile::tempdir().unwrap();
        let (memory, at) = (Memory::new(home.path().to_owned()), home.path().join("notes.json"));
        std::fs::write(&at, "{\"seen\":").unwrap();
        let silence = Silence { until_ms: 5, ..Silence::default() };
        let said = memory.note(|notes| notes.silences.push(silence.clone())).unwrap();
        assert_eq!((said.silences.len(), memory.notes().unwrap().silences), (1, vec![silence]));
        let damaged = std::fs::read_to_string(home.path().join("notes.json.damaged")).unwrap();
        assert_eq!(damaged, "{\"seen\":");
        let huge = 600 << 20;
        File::create(&at).unwrap().set_len(huge).unwrap();
        assert!(matches!(memory.note(|_| {}), Err(Error::TooLarge { .. })));
        assert_eq!(std::fs::metadata(&at).unwrap().len(), huge, "it is as it was");
    }
}
