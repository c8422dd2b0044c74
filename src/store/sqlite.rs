//! What every file of `SQLite` here needs: who may have it, whether it is ours, and what was wrong.
//!
//! A file is looked at before `SQLite` opens it, because opening changes it: what is another program's,
//! or a later isomon's, stays as it is to the byte.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::model::text::SafeText;

/// How every file of `SQLite` begins.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Length of the part of the header that is looked at.
const HEADER: usize = 72;
/// `isom`: whose file it is.
pub(super) const APPLICATION: u32 = 0x6973_6f6d;

/// Why a file could not be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused: no permission, read-only, no space.
    #[error("{path}: {source}")]
    Io {
        /// Which file or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// `SQLite` refused.
    #[error("{path}: {source}")]
    Sql {
        /// Which file; `memory` where there is none.
        path: PathBuf,
        /// What it said.
        #[source]
        source: rusqlite::Error,
    },
    /// Another isomon has it.
    #[error("{path} is in use by another isomon")]
    Busy {
        /// Which file.
        path: PathBuf,
    },
    /// It is damaged, or no database.
    #[error("{path} is damaged: {what}")]
    Corrupt {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        what: SafeText,
    },
    /// Another program's.
    #[error("{path} is no file of isomon's {kind}")]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What it should hold.
        kind: &'static str,
    },
    /// It was written by a later isomon.
    #[error("{path} has version {found}; this isomon knows up to {known}")]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The latest that is known.
        known: u32,
    },
}

impl Error {
    /// What a person can do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Io { .. } | Self::Sql { .. } => {
                "make room or mend the permissions; what came meanwhile is written then".to_owned()
            }
            Self::Busy { .. } => {
                "end the other one, or give this one another XDG_STATE_HOME".into()
            }
            Self::Corrupt { path, .. } => {
                let path = path.display();
                format!(
                    "keep what it has with `sqlite3 {path} .recover`, move it away, start again"
                )
            }
            Self::Foreign { path, .. } => format!("move {} away and start again", path.display()),
            Self::Newer { .. } => "start the newer isomon; nothing was changed".to_owned(),
        }
    }

    /// Says of an error of the system where it happened.
    pub(super) fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    /// What `SQLite` said of `path`, by what can be done about it.
    pub(super) fn told(path: &Path, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match source.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase) => Self::corrupt(path, &source.to_string()),
            _ => Self::Sql { path: path.to_owned(), source },
        }
    }

    pub(super) fn corrupt(path: &Path, what: &str) -> Self {
        Self::Corrupt { path: path.to_owned(), what: what.into() }
    }
}

/// What a file should be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// What it holds, in the plural.
    pub(super) name: &'static str,
    /// The latest version that is known.
    pub(super) version: u32,
    /// Which bits of the header's `user_version` say the version.
    pub(super) mask: u32,
}

impl Kind {
    /// Refuses what a later isomon wrote; `user_version` is as it stands in the file.
    pub(super) fn refuse_newer(self, path: &Path, user_version: u32) -> Result<(), Error> {
        let (found, known) = (user_version & self.mask, self.version);
        if found <= known {
            return Ok(());
        }
        Err(Error::Newer { path: path.to_owned(), found, known })
    }

    /// The `user_version` of the file, told without opening it as a database; `None` where there is
    /// none or an empty one. What is not ours, newer or no database is an error.
    pub(super) fn look(self, path: &Path, write: bool) -> Result<Option<u32>, Error> {
        let mut file = match OpenOptions::new().read(true).write(write).open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file.map_err(Error::at(path))?,
        };
        let mut header = [0; HEADER];
        match file.read_exact(&mut header) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                let length = file.metadata().map_err(Error::at(path))?.len();
                let short = || Error::corrupt(path, "it is no database");
                return if length == 0 { Ok(None) } else { Err(short()) };
            }
            read => read.map_err(Error::at(path))?,
        }
        if !header.starts_with(MAGIC) {
            return Err(Error::corrupt(path, "it is no database"));
        }
        let (version, application) = (number(&header, 60), number(&header, 68));
        // A first start that was cut off before its first write has neither.
        if application != APPLICATION && (application, version) != (0, 0) {
            return Err(Error::Foreign { path: path.to_owned(), kind: self.name });
        }
        self.refuse_newer(path, version)?;
        Ok(Some(version))
    }
}

fn number(header: &[u8], from: usize) -> u32 {
    let bytes = header.get(from..from + 4).and_then(|bytes| bytes.try_into().ok());
    u32::from_be_bytes(bytes.unwrap_or_default())
}

/// Makes an empty file, readable by its owner alone, where there is none.
pub(super) fn make(path: &Path) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    let open = options.write(true).create(true).truncate(false).mode(0o600).open(path);
    open.map(drop).map_err(Error::at(path))
}

/// The right to write `path`, which one isomon has at a time: it is held by the file `beside`, and let
/// go of when that is dropped.
pub(super) fn lock(path: &Path, beside: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    let open = options.write(true).create(true).truncate(false).mode(0o600).open(beside);
    let file = open.map_err(Error::at(beside))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Busy { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(Error::Io { path: beside.to_owned(), source }),
    }
}

/// Whether the file is at fault, and not what was asked of it.
pub(super) fn is_of_the_file(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull,
        FileLockingProtocolFailed, NotADatabase, PermissionDenied, ReadOnly, SystemIoFailure,
    };
    matches!(
        error.sqlite_error_code(),
        Some(
            CannotOpen
                | DatabaseBusy
                | DatabaseCorrupt
                | DatabaseLocked
                | DiskFull
                | FileLockingProtocolFailed
                | NotADatabase
                | PermissionDenied
                | ReadOnly
                | SystemIoFailure
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind { name: "tests", version: 2, mask: 0xff };

    fn file(version: u32, application: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let mut header = [0_u8; HEADER];
        header[..16].copy_from_slice(MAGIC);
        header[60..64].copy_from_slice(&version.to_be_bytes());
        header[68..].copy_from_slice(&application.to_be_bytes());
        std::fs::write(file.path(), header).expect("written");
        file
    }

    #[test]
    fn a_file_is_known_by_its_header() {
        let look = |file: tempfile::NamedTempFile| KIND.look(file.path(), false);
        assert!(matches!(look(file(0xab02, APPLICATION)), Ok(Some(0xab02))));
        assert!(matches!(look(file(3, APPLICATION)), Err(Error::Newer { found: 3, .. })));
        assert!(matches!(look(file(1, 7)), Err(Error::Foreign { .. })));
        assert!(matches!(look(file(0, 0)), Ok(Some(0))), "a start that was cut off");
        let none = tempfile::NamedTempFile::new().expect("a file");
        assert!(matches!(KIND.look(none.path(), false), Ok(None)));
        std::fs::write(none.path(), "SQLite format 3").expect("written");
        assert!(matches!(look(none), Err(Error::Corrupt { .. })));
    }
}
