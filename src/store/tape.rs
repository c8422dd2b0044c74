//! A recording: what happened, a line each, in a file.
//!
//! The first line says what the file is; every other is an [`Update`](crate::model::update::Update) as JSON,
//! as `/v1/live` has it. All of it is zstd, in frames that begin with a line, so that a reader can begin at
//! any of them and `zstdcat` reads the whole. A file of plain lines is read as well. What is read is never
//! trusted: lines are bounded, and what is no update is passed over and counted.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::text::SafeText;
use crate::model::time::Stamp;

mod frame;
pub mod glance;
pub mod read;
pub mod write;

pub use glance::{Glance, Kind};
pub use read::{Chunk, Line, Lines, Tape};
pub use write::Writer;

/// Version of recordings; a reader refuses a larger one.
pub const FORMAT: u32 = 1;

/// The first line: what the file is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Version of the isomon that wrote it.
    pub isomon: SafeText,
    /// Version of the format.
    pub format: u32,
    /// Name of the machine that recorded.
    pub host: SafeText,
    /// When it began.
    pub started: Stamp,
    /// The same as RFC 3339 in UTC.
    pub started_at: SafeText,
}

impl Head {
    /// The head of a recording that `host` begins now.
    pub fn new(host: SafeText, started: Stamp) -> Self {
        Self {
            isomon: env!("CARGO_PKG_VERSION").into(),
            format: FORMAT,
            host,
            started,
            started_at: started.rfc3339().into(),
        }
    }
}

/// What can be wrong with a recording.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused: no such file, no permission, disk full.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// There is a file of that name.
    #[error("{path} is there already")]
    Exists {
        /// Which file.
        path: PathBuf,
    },
    /// A directory, a pipe or a device.
    #[error("{path} is no ordinary file")]
    NoFile {
        /// What was given.
        path: PathBuf,
    },
    /// It was written by a later isomon.
    #[error("{path} has format {found}; this isomon reads up to {FORMAT}")]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// No line of it is an update.
    #[error("{path} is no recording: none of its lines is an update")]
    Foreign {
        /// Which file.
        path: PathBuf,
    },
}

impl Error {
    fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    /// Whether the disk, or what the user may have of it, is full.
    pub fn is_full(&self) -> bool {
        let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
        matches!(self, Self::Io { source, .. } if full.contains(&source.kind()))
    }
}

#[cfg(test)]
mod tests;
