//! `benchctl.ndjson`: what happened, in the words and the form of benchctl's own log, for those who
//! follow it.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::Error;

/// A log grows no further than this.
const LARGEST: u64 = 64 << 20;

/// How much a message matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For who looks for a mistake.
    Debug,
    /// What is done.
    #[default]
    Info,
    /// What went wrong and ends nothing.
    Warn,
    /// What ends the run.
    Error,
}

impl Level {
    /// The level of a workflow's file; `info` for any other word.
    pub fn of(word: &str) -> Self {
        match word {
            "debug" => Self::Debug,
            "warn" => Self::Warn,
            "error" => Self::Error,
            _ => Self::Info,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// When, as RFC 3339.
    pub time: String,
    /// How much it matters.
    pub level: Level,
    /// What it says: `stage started`.
    pub words: &'static str,
    /// What it says it of.
    pub about: Vec<(&'static str, Value)>,
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(3 + self.about.len()))?;
        map.serialize_entry("time", &self.time)?;
        map.serialize_entry("level", self.level.word())?;
        map.serialize_entry("msg", self.words)?;
        for (key, value) in &self.about {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// The file it is appended to.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    file: File,
    least: Level,
    room: u64,
}

impl Log {
    /// Opens the log at `path`; its directory is made where it is not there.
    pub(super) fn open(path: &Path, least: Level) -> Result<Self, Error> {
        if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
            fs::create_dir_all(above).map_err(Error::at(above))?;
        }
        let open = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        let file = open.map_err(Error::at(path))?;
        let room = LARGEST.saturating_sub(file.metadata().map_or(0, |about| about.len()));
        Ok(Self { path: path.to_owned(), file, least, room })
    }

    /// Adds `message` in one piece; one that matters too little, or has no room, is left out.
    pub(super) fn add(&mut self, message: &Message) -> Result<(), Error> {
        if message.level < self.least {
            return Ok(());
        }
        let line = serde_json::to_vec(message).map_err(std::io::Error::from);
        let mut line = line.map_err(Error::at(&self.path))?;
        line.push(b'\n');
        let Some(room) = self.room.checked_sub(line.len() as u64) else { return Ok(()) };
        self.room = room;
        self.file.write_all(&line).map_err(Error::at(&self.path))
    }
}
