//! Writing a recording so that little is ever lost.
//!
//! What was pushed is on its way to the disk after each [`Writer::flush`]: who kills the process then loses
//! nothing of it. Each piece is written at its own place, so that one that failed half-way is written again
//! there. While the disk takes nothing, pieces wait; when too many do, they are let go and counted, the frame
//! that is in the file is closed, and the recording goes on with a new one.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;
use zstd::stream::write::Encoder;

use super::{Error, Head};
use crate::model::update::Update;

/// How hard it is compressed: more costs much more time for little.
const LEVEL: i32 = 3;
/// Bytes of lines after which a frame ends.
const FRAME_BYTES: usize = 8 << 20;
/// Flushes after which a frame ends.
const FRAME_FLUSHES: u32 = 32;
/// Compressed bytes that wait for room on the disk.
const MOST_WAITING: usize = 4 << 20;
/// An empty last block: it ends a frame.
const CLOSE: [u8; 3] = [1, 0, 0];

/// A recording that is written.
pub struct Writer {
    path: PathBuf,
    file: File,
    encoder: Option<Encoder<'static, Vec<u8>>>,
    /// Bytes of lines, and flushes, in the frame that is made.
    frame: (usize, u32),
    /// Length of the file up to the last piece that was written whole.
    whole: u64,
    /// Whether the file ends within a frame.
    is_open: bool,
    /// What is to be written next, and how many lines it holds.
    waiting: Vec<u8>,
    lines: u64,
    lost: u64,
}

impl Writer {
    /// Makes the file, readable by its owner alone. One that is there is written over only if `force`.
    pub fn create(path: &Path, head: &Head, force: bool) -> Result<Self, Error> {
        if path.exists() && !path.is_file() {
            return Err(Error::NoFile { path: path.to_owned() });
        }
        let mut options = OpenOptions::new();
        options.write(true).mode(0o600).truncate(force).create(force).create_new(!force);
        let file = options.open(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::AlreadyExists => Error::Exists { path: path.to_owned() },
            _ => Error::Io { path: path.to_owned(), source },
        })?;
        let mut writer = Self {
            path: path.to_owned(),
            file,
            encoder: None,
            frame: (0, 0),
            whole: 0,
            is_open: false,
            waiting: Vec::new(),
            lines: 0,
            lost: 0,
        };
        writer.line(head)?;
        writer.flush()?;
        Ok(writer)
    }

    /// Adds what happened; [`Writer::flush`] brings it to the disk.
    ///
    /// # Errors
    /// Where it cannot be written as JSON, or memory is short; it is left out then.
    pub fn push(&mut self, update: &Update) -> Result<(), Error> {
        self.line(update)
    }

    fn line(&mut self, item: &impl Serialize) -> Result<(), Error> {
        let mut line = serde_json::to_vec(item)
            .map_err(std::io::Error::from)
            .map_err(Error::at(&self.path))?;
        line.push(b'\n');
        let mut encoder = match self.encoder.take() {
            Some(encoder) => encoder,
            None => Encoder::new(Vec::new(), LEVEL).map_err(Error::at(&self.path))?,
        };
        let written = encoder.write_all(&line).map_err(Error::at(&self.path));
        self.encoder = Some(encoder);
        written?;
        self.frame.0 += line.len();
        self.lines += 1;
        Ok(())
    }

    /// Brings everything that was pushed to the file.
    ///
    /// # Errors
    /// The system's. What could not be written waits for the next flush, as much as there is room for.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.frame.1 += 1;
        let long = self.frame.0 >= FRAME_BYTES || self.frame.1 >= FRAME_FLUSHES;
        self.squeeze(long)?;
        self.write()
    }

    /// Ends the recording.
    ///
    /// # Errors
    /// The system's, where the last of it could not be written.
    pub fn finish(mut self) -> Result<(), Error> {
        self.squeeze(true)?;
        self.write()?;
        self.file.sync_all().map_err(Error::at(&self.path))
    }

    /// Lines that were let go because the disk took nothing.
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// Takes what was compressed out of the encoder; `end`: with it the frame is over.
    fn squeeze(&mut self, end: bool) -> Result<(), Error> {
        let Some(mut encoder) = self.encoder.take() else {
            return Ok(());
        };
        if end {
            self.frame = (0, 0);
            let mut rest = encoder.finish().map_err(Error::at(&self.path))?;
            self.waiting.append(&mut rest);
            return Ok(());
        }
        encoder.flush().map_err(Error::at(&self.path))?;
        self.waiting.append(encoder.get_mut());
        self.encoder = Some(encoder);
        Ok(())
    }

    fn write(&mut self) -> Result<(), Error> {
        match self.file.write_all_at(&self.waiting, self.whole) {
            Ok(()) => {
                self.whole += self.waiting.len() as u64;
                self.waiting.clear();
                self.lines = 0;
                self.is_open = self.encoder.is_some();
                Ok(())
            }
            Err(source) => {
                if self.waiting.len() > MOST_WAITING {
                    self.let_go();
                }
                Err(Error::Io { path: self.path.clone(), source })
            }
        }
    }

    /// Lets go of everything that waits.
    fn let_go(&mut self) {
        self.lost += self.lines;
        self.lines = 0;
        (self.encoder, self.frame) = (None, (0, 0));
        self.waiting.clear();
        if self.is_open {
            self.waiting.extend(CLOSE);
        }
        // If this fails too, what is torn is written over.
        self.file.set_len(self.whole).ok();
    }

    /// Lets every further write meet a full disk, or no longer.
    #[cfg(test)]
    pub(super) fn fill_disk(&mut self, full: bool) {
        let path = if full { Path::new("/dev/full") } else { &self.path };
        self.file = OpenOptions::new().write(true).open(path).unwrap();
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("path", &self.path).finish_non_exhaustive()
    }
}
