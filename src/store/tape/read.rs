//! Reading a recording in pieces, from wherever it is asked, with memory for one line.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zstd::stream::read::Decoder;

use super::{Error, FORMAT, Head, frame};

/// Longest line, in bytes; every process of a large machine is a twentieth of it.
pub const LONGEST: usize = 16 << 20;
/// Bytes of a line that is too long which are passed over in one go.
const STRIDE: u64 = 4 << 20;
/// Bytes of plain lines that make a chunk.
const PLAIN: u64 = 1 << 20;
/// Lines among which the head is looked for, or else an update.
const TRIED: usize = 100;
/// Longest window of a compressed file, as a power of two: 32 MiB.
const WINDOW: u32 = 25;

/// A recording that is read.
#[derive(Clone, Debug)]
pub struct Tape {
    path: PathBuf,
    file: Arc<File>,
    length: u64,
    packed: bool,
}

/// A part of a recording that can be read by itself: it begins with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Where it begins, in bytes.
    pub at: u64,
    /// How long it is, in bytes.
    pub length: u64,
}

/// What is next in a chunk.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A line without its end.
    Whole(&'a [u8]),
    /// What stands after the last end of a line: perhaps the half of one.
    Rest(&'a [u8]),
    /// A line that is too long.
    TooLong,
    /// Nothing yet: a long line is being passed over. Ask again.
    Wait,
    /// What follows cannot be unpacked.
    Torn,
    /// Nothing.
    End,
}

impl Tape {
    /// Opens a recording and looks at its head.
    ///
    /// # Errors
    /// If it cannot be read, is no ordinary file, is of a later isomon, or is no recording.
    pub fn open(path: &Path) -> Result<(Self, Option<Head>), Error> {
        let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        let open = OpenOptions::new().read(true).custom_flags(flags).open(path);
        let file = open.map_err(Error::at(path))?;
        let about = file.metadata().map_err(Error::at(path))?;
        if !about.is_file() {
            return Err(Error::NoFile { path: path.to_owned() });
        }
        let mut magic = [0; 4];
        let packed = file.read_exact_at(&mut magic, 0).is_ok() && magic == frame::MAGIC;
        let file = Arc::new(file);
        let tape = Self { path: path.to_owned(), file, length: about.len(), packed };
        let head = tape.head()?;
        Ok((tape, head))
    }

    /// Its name, without the directories.
    pub fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// Its length in bytes.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The head, or that there is none but updates.
    fn head(&self) -> Result<Option<Head>, Error> {
        let mut lines = self.lines(Chunk { at: 0, length: self.length });
        for _ in 0..TRIED {
            let line = match lines.next() {
                Line::Whole(line) | Line::Rest(line) => line,
                Line::TooLong | Line::Wait => continue,
                Line::Torn | Line::End => break,
            };
            if let Ok(head) = serde_json::from_slice::<Head>(line) {
                return self.readable(head).map(Some);
            }
            if super::Glance::at(line).is_some() {
                return Ok(None);
            }
        }
        Err(Error::Foreign { path: self.path.clone() })
    }

    fn readable(&self, head: Head) -> Result<Head, Error> {
        if head.format > FORMAT {
            return Err(Error::Newer { path: self.path.clone(), found: head.format });
        }
        Ok(head)
    }

    /// Its chunks, in order.
    pub fn chunks(&self) -> Vec<Chunk> {
        if self.packed {
            return frame::chunks(&self.file, self.length);
        }
        let begins = (0..self.length).step_by(usize::try_from(PLAIN).unwrap_or(usize::MAX));
        begins.map(|at| Chunk { at, length: PLAIN.min(self.length - at) }).collect()
    }

    /// The lines of a chunk.
    pub fn lines(&self, chunk: Chunk) -> Lines {
        let section = |at, end| Section { file: Arc::clone(&self.file), at, end };
        let end = chunk.at.saturating_add(chunk.length).min(self.length);
        if self.packed {
            let unpacked = Decoder::new(section(chunk.at, end)).and_then(|mut decoder| {
                decoder.window_log_max(WINDOW)?;
                Ok(decoder)
            });
            let from: Box<dyn BufRead + Send> = match unpacked {
                Ok(decoder) => Box::new(BufReader::with_capacity(64 << 10, decoder)),
                Err(_) => Box::new(io::empty()),
            };
            return Lines::new(from, u64::MAX, false);
        }
        // A line belongs to the chunk it begins in: one that began before is passed over.
        let begin = chunk.at.saturating_sub(1);
        let from = BufReader::with_capacity(64 << 10, section(begin, self.length));
        Lines::new(Box::new(from), end - begin, chunk.at > 0)
    }
}

/// A stretch of a file, read without moving anybody else's place in it.
struct Section {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Read for Section {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let room = into.len().min(left);
        let read = self.file.read_at(into.get_mut(..room).unwrap_or_default(), self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// The lines of a chunk, one after the other.
pub struct Lines {
    from: Box<dyn BufRead + Send>,
    line: Vec<u8>,
    /// Bytes until which a line may begin.
    left: u64,
    /// Whether the rest of a line is passed over, and whether it counts as one that is too long.
    skips: Option<bool>,
}

impl Lines {
    fn new(from: Box<dyn BufRead + Send>, left: u64, skips: bool) -> Self {
        Self { from, line: Vec::new(), left, skips: skips.then_some(false) }
    }

    /// The next line; empty ones are passed over.
    #[expect(clippy::should_implement_trait, reason = "a line is lent, which an iterator cannot")]
    pub fn next(&mut self) -> Line<'_> {
        if let Some(counts) = self.skips {
            match self.skip() {
                Ok(true) => self.skips = None,
                Ok(false) => return Line::Wait,
                Err(ended) => return ended,
            }
            if counts {
                return Line::TooLong;
            }
        }
        loop {
            match self.read() {
                Err(ended) => return ended,
                Ok(false) => {
                    self.skips = Some(true);
                    return Line::Wait;
                }
                Ok(true) if self.line.trim_ascii().is_empty() => {}
                Ok(true) => break,
            }
        }
        let whole = self.line.last() == Some(&b'\n');
        let line = self.line.trim_ascii();
        if whole { Line::Whole(line) } else { Line::Rest(line) }
    }

    /// Reads a line; false if it is too long.
    fn read(&mut self) -> Result<bool, Line<'static>> {
        if self.left == 0 {
            return Err(Line::End);
        }
        self.line.clear();
        let mut from = self.from.by_ref().take(LONGEST as u64 + 1);
        let read = from.read_until(b'\n', &mut self.line).map_err(|_| Line::Torn)?;
        self.left = self.left.saturating_sub(read as u64);
        match read {
            0 => Err(Line::End),
            _ => Ok(read <= LONGEST),
        }
    }

    /// Passes over a part of the line; true if its end was reached.
    fn skip(&mut self) -> Result<bool, Line<'static>> {
        let mut gone = 0;
        while gone < STRIDE {
            let some = self.from.fill_buf().map_err(|_| Line::Torn)?;
            if some.is_empty() {
                self.left = 0;
                return Err(Line::End);
            }
            let end = some.iter().position(|byte| *byte == b'\n');
            let length = end.map_or(some.len(), |end| end + 1);
            self.from.consume(length);
            gone += length as u64;
            self.left = self.left.saturating_sub(length as u64);
            if end.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines").field("left", &self.left).finish_non_exhaustive()
    }
}
