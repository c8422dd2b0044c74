//! Readers of this machine.
//!
//! Each file reads one kind of thing, from roots that are handed in, at an instant that is handed
//! in, so that fixtures and made-up times can stand in. What cannot be read is missing and says
//! why; one bad line never costs the rest. Nothing here knows who asks, or how often.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::model::reading::Why;

pub mod cpu;
pub mod disk;
mod every;
mod frequency;
pub mod gpu;
mod identity;
pub mod info;
pub mod interference;
mod kept;
pub mod memory;
pub mod mount;
pub mod network;
pub mod node;
mod pid_dir;
pub mod pressure;
pub mod process;
pub mod stack;
pub mod task;
pub mod temperature;
pub mod time_box;
mod user;

/// Something that can be read again and again.
pub trait Probe {
    /// What one reading gives.
    type Sample;

    /// Reads once. `now` is the present on the monotonic clock; rates are over the time since the
    /// `now` of the sample before, and a `now` that stands still or goes back gives none.
    fn sample(&mut self, now: Instant) -> Result<Self::Sample, Error>;
}

/// Why a reader has nothing to say.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or directory that cannot be opened or read.
    #[error("{path}: {source}")]
    Read {
        /// Where it is.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file without what it should hold.
    #[error("{path} has no {wanted}")]
    Lacks {
        /// Where it is.
        path: PathBuf,
        /// What was looked for.
        wanted: &'static str,
    },
}

impl Error {
    fn read(path: &Path, source: impl Into<std::io::Error>) -> Self {
        Self::Read { path: path.to_owned(), source: source.into() }
    }

    fn lacks(path: &Path, wanted: &'static str) -> Self {
        Self::Lacks { path: path.to_owned(), wanted }
    }
}

impl From<&Error> for Why {
    fn from(error: &Error) -> Self {
        match error {
            Error::Read { path, source } => match source.kind() {
                std::io::ErrorKind::NotFound => Self::Absent(path.display().to_string().into()),
                std::io::ErrorKind::Unsupported => Self::NotSupported,
                _ => source.into(),
            },
            Error::Lacks { .. } => Self::Failed(error.to_string().into()),
        }
    }
}

impl From<Error> for Why {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_becomes_the_reason_a_person_can_use() {
        let read = |kind: std::io::ErrorKind| {
            Why::from(Error::read(Path::new("/proc/pressure/cpu"), kind))
        };
        assert_eq!(
            read(std::io::ErrorKind::NotFound).to_string(),
            "/proc/pressure/cpu is not there"
        );
        assert_eq!(read(std::io::ErrorKind::PermissionDenied), Why::NoPermission);
        assert_eq!(read(std::io::ErrorKind::Unsupported), Why::NotSupported);
    }
}
