//! A file of lines that grows: one JSON value a line.
//!
//! What could not be written whole is taken back, so that the next attempt (there may be room again) does
//! not glue two lines together. A last line that is torn, as `kill -9` leaves it, is no line.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Error, file};

/// How long another process is given to let go of a file, and how often it is looked.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(10);

/// A file of lines.
#[derive(Debug)]
pub(super) struct Lines {
    at: PathBuf,
    file: File,
    /// Length up to the last whole line.
    whole: u64,
    /// Whether something was added that was not forced to the disk.
    dirty: bool,
}

impl Lines {
    pub(super) fn create(at: PathBuf) -> Result<Self, Error> {
        let open = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&at);
        let file = open.map_err(Error::at(&at))?;
        file::sync_parent(&at)?;
        Ok(Self { at, file, whole: 0, dirty: false })
    }

    /// One that is there already, or may be. What is in it is not known before it was mended.
    pub(super) fn open(at: PathBuf) -> Result<Self, Error> {
        let open = OpenOptions::new().append(true).create(true).mode(0o600).open(&at);
        let file = open.map_err(Error::at(&at))?;
        Ok(Self { at, file, whole: 0, dirty: false })
    }

    /// The same with the values in it. A torn last line is cut off; what is returned beside them is its
    /// length. Nobody else may write to it meanwhile.
    pub(super) fn mend<T: DeserializeOwned>(self) -> Result<(Self, Vec<T>, u64), Error> {
        let bytes = file::read(&self.at)?;
        let items: Vec<T> = parse(&self.at, &bytes)?;
        let lines = bytes.split(|byte| *byte == b'\n').count() - 1;
        let ends = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at as u64 + 1);
        let mut of = Self { whole: ends, ..self };
        let rest = bytes.len() as u64 - ends;
        if items.len() > lines {
            // All of it is there but its end.
            of.file.write_all(b"\n").map_err(Error::at(&of.at))?;
            of.whole = bytes.len() as u64 + 1;
            of.file.sync_data().map_err(Error::at(&of.at))?;
            return Ok((of, items, 0));
        }
        if rest > 0 {
            of.file.set_len(ends).and_then(|()| of.file.sync_data()).map_err(Error::at(&of.at))?;
        }
        Ok((of, items, rest))
    }

    /// Adds a line for each of `items`, in one piece. After an error none of them is there.
    pub(super) fn append(&mut self, items: &[impl Serialize]) -> Result<(), Error> {
        if items.is_empty() {
            return Ok(());
        }
        let mut lines = Vec::new();
        for item in items {
            let line = serde_json::to_writer(&mut lines, item);
            line.map_err(std::io::Error::from).map_err(Error::at(&self.at))?;
            lines.push(b'\n');
        }
        if let Err(source) = self.file.write_all(&lines) {
            // If this fails too, the torn line is dropped when it is read.
            self.file.set_len(self.whole).ok();
            return Err(Error::Io { path: self.at.clone(), source });
        }
        self.whole += lines.len() as u64;
        self.dirty = true;
        Ok(())
    }

    /// Forces what was added to the disk.
    pub(super) fn sync(&mut self) -> Result<(), Error> {
        if std::mem::take(&mut self.dirty) {
            // After an error the kernel has forgotten what was not written: it is not asked again.
            self.file.sync_data().map_err(Error::at(&self.at))?;
        }
        Ok(())
    }

    /// Its length in bytes, up to the last whole line.
    pub(super) const fn len(&self) -> u64 {
        self.whole
    }

    /// Takes it for this process alone until it is dropped; `false` where another has it and keeps it.
    pub(super) fn lock(&self) -> bool {
        // One that only looks whether it is taken has it for a moment, and so has what a killed process
        // had just forked.
        let until = Instant::now() + PATIENCE;
        loop {
            if self.file.try_lock().is_ok() {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            // There is no way to wait for a lock with a deadline.
            std::thread::park_timeout(PAUSE);
        }
    }

    /// Lets every further write meet a full disk, or succeed again.
    #[cfg(test)]
    pub(super) fn full(&mut self, full: bool) {
        let at = if full { Path::new("/dev/full") } else { &self.at };
        self.file = OpenOptions::new().append(true).open(at).unwrap();
    }
}

/// Whether some process has the lines at `at` for itself.
pub(super) fn is_locked(at: &Path) -> bool {
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let open = OpenOptions::new().read(true).custom_flags(flags).open(at);
    open.is_ok_and(|file| matches!(file.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock)))
}

/// What a file of lines holds; nothing where it is not there. The last line may be torn; then it is left
/// out.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, Error> {
    match file::read(path) {
        Err(Error::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        read => parse(path, &read?),
    }
}

/// The same of `bytes`, which stand at `path`, wherever that is.
pub(super) fn parse<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<Vec<T>, Error> {
    let mut items = Vec::new();
    for (line, text) in (1..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
        match serde_json::from_slice(text) {
            Ok(item) => items.push(item),
            Err(_) if !text.ends_with(b"\n") => break,
            Err(source) => {
                return Err(Error::Corrupt { path: path.to_owned(), line, source });
            }
        }
    }
    Ok(items)
}
