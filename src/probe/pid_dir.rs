//! The list of processes: the numeric names in `/proc`.
//!
//! The directory is kept open and read with `getdents` into one buffer; the names are not copied.

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use rustix::fs::{Mode, OFlags, RawDir, SeekFrom};

use super::Error;

/// Most processes looked at; the rest are left out.
pub(crate) const MOST: usize = 100_000;
const ROOM: usize = 32 << 10;

/// A directory of processes, kept open.
pub(crate) struct PidDir {
    path: PathBuf,
    handle: Option<OwnedFd>,
    room: Box<[MaybeUninit<u8>]>,
}

impl std::fmt::Debug for PidDir {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PidDir").field(&self.path).finish()
    }
}

impl PidDir {
    /// The directory at `path`; nothing is opened yet.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, handle: None, room: Box::new_uninit_slice(ROOM) }
    }

    /// Replaces `pids` by the present processes, in the order of the directory, at most 100,000.
    /// The open directory comes back, so that files below it can be opened relative to it.
    pub(crate) fn list(&mut self, pids: &mut Vec<u32>) -> Result<&OwnedFd, Error> {
        pids.clear();
        let opened = if let Some(handle) = self.handle.take() {
            rustix::fs::seek(&handle, SeekFrom::Start(0)).map(|_| handle)
        } else {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            rustix::fs::open(&self.path, flags, Mode::empty())
        };
        let handle = opened.map_err(|errno| Error::read(&self.path, errno))?;
        let mut entries = RawDir::new(&handle, &mut self.room);
        while let Some(entry) = entries.next() {
            let entry = entry.map_err(|errno| Error::read(&self.path, errno))?;
            pids.extend(number(entry.file_name().to_bytes()));
            if pids.len() >= MOST {
                break;
            }
        }
        Ok(self.handle.insert(handle))
    }
}

fn number(name: &[u8]) -> Option<u32> {
    name.first().filter(|first| first.is_ascii_digit())?;
    std::str::from_utf8(name).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_numbers_only_and_again() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["1", "42", "self", "4x", "+5", "99999999999"] {
            std::fs::create_dir(directory.path().join(name)).unwrap();
        }
        let (mut dir, mut pids) = (PidDir::new(directory.path().into()), vec![7]);
        for _ in 0..2 {
            dir.list(&mut pids).unwrap();
            pids.sort_unstable();
            assert_eq!(pids, [1, 42]);
        }
        assert!(PidDir::new("/nonexistent".into()).list(&mut pids).is_err());
    }
}
