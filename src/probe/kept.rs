//! A small file of the kernel that is read again and again through one open handle.
//!
//! Files in `/proc` and `/sys` make their content anew when they are read from the start, so
//! opening them once saves most of the cost. A handle that fails is dropped and opened again the
//! next time: the device behind it may have come back.

use std::borrow::Cow;
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::Error;

/// Most that is read of one file; `/proc/stat` of a machine with 4096 processors has 1 MiB.
const MOST: usize = 8 << 20;
/// Room for the first read.
const FIRST: usize = 4096;

/// A file kept open, and the room its content is read into.
#[derive(Debug)]
pub(crate) struct Kept {
    path: PathBuf,
    file: Option<File>,
    room: Vec<u8>,
}

impl Kept {
    /// The file at `path`; nothing is opened yet.
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self { path, file: None, room: Vec::new() }
    }

    /// Its present content, at most 8 MiB of it; what is not UTF-8 becomes `U+FFFD`.
    pub(crate) fn read(&mut self) -> Result<Cow<'_, str>, Error> {
        match self.fill() {
            Ok(length) => Ok(String::from_utf8_lossy(&self.room[..length])),
            Err(source) => {
                self.file = None;
                Err(Error::read(&self.path, source))
            }
        }
    }

    /// Parses its content, or says that it lacks what was `wanted`.
    pub(crate) fn parse<T>(
        &mut self,
        wanted: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Error> {
        let found = parse(&self.read()?);
        found.ok_or_else(|| Error::lacks(&self.path, wanted))
    }

    fn fill(&mut self) -> std::io::Result<usize> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(File::open(&self.path)?),
        };
        let mut length = 0;
        loop {
            if length == self.room.len() {
                if length >= MOST {
                    return Ok(length);
                }
                self.room.resize((length * 2).max(FIRST), 0);
            }
            match file.read_at(&mut self.room[length..], length as u64) {
                Ok(0) => return Ok(length),
                Ok(more) => length += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_what_changed_and_what_came_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let mut kept = Kept::new(path.clone());
        assert!(kept.read().is_err());
        std::fs::write(&path, "one two\n").unwrap();
        assert_eq!(kept.read().unwrap(), "one two\n");
        std::fs::write(&path, "x".repeat(10_000)).unwrap();
        assert_eq!(kept.read().unwrap().len(), 10_000);
        std::fs::write(&path, [b'a', 0xff]).unwrap();
        assert_eq!(kept.read().unwrap(), "a\u{fffd}");
    }
}
