//! One run on disk.
//!
//! Samples, and steps of loads, are appended as they come and forced to the disk now and then. What
//! could not be written whole is taken back, so that the next attempt (there may be room again) does
//! not glue two lines together.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Error, file, foreign};
use crate::model::bench::Sample;
use crate::model::load::{Step, Stride};
use crate::model::run::{Run, RunHead};

mod page;

pub use page::Page;

const HEAD: &str = "head.json";
const SAMPLES: &str = "samples.ndjson";
const STEPS: &str = "steps.ndjson";
const RUN: &str = "run.json";
/// Every backend in every start with a hundred payloads is less.
const MOST_CELLS: usize = 10_000;

/// The directory of a run that is being written.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    samples: Lines,
    steps: Lines,
}

/// A file of lines that grows.
#[derive(Debug)]
struct Lines {
    at: PathBuf,
    file: File,
    /// Length up to the last whole line.
    whole: u64,
}

impl Lines {
    fn create(at: PathBuf) -> Result<Self, Error> {
        let open = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&at);
        let file = open.map_err(Error::at(&at))?;
        file::sync_parent(&at)?;
        Ok(Self { at, file, whole: 0 })
    }

    /// Adds a line for each of `items`, in one piece. After an error none of them is there.
    fn append(&mut self, items: &[impl Serialize]) -> Result<(), Error> {
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
        Ok(())
    }

    fn sync(&self) -> Result<(), Error> {
        self.file.sync_data().map_err(Error::at(&self.at))
    }
}

impl RunDir {
    /// Makes `<runs>/<id>/` with its head. The run must be new.
    pub fn create(runs: &Path, head: &RunHead) -> Result<Self, Error> {
        let path = runs.join(head.id.as_str());
        file::make_dir(&path)?;
        file::write_json(&path.join(HEAD), head)?;
        let samples = Lines::create(path.join(SAMPLES))?;
        let steps = Lines::create(path.join(STEPS))?;
        file::sync_parent(&path)?;
        Ok(Self { path, samples, steps })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds samples. After an error none of them is there, and they can be added again.
    pub fn append(&mut self, samples: &[Sample]) -> Result<(), Error> {
        self.samples.append(samples)
    }

    /// Adds steps of loads, in the same way.
    pub fn append_steps(&mut self, steps: &[Step]) -> Result<(), Error> {
        self.steps.append(steps)
    }

    /// Forces what was appended to the disk.
    pub fn sync(&self) -> Result<(), Error> {
        self.samples.sync()?;
        self.steps.sync()
    }

    /// Writes the whole run beside its parts. It appears at once or not at all.
    pub fn finish(&self, run: &Run) -> Result<(), Error> {
        file::write_json(&self.path.join(RUN), run)
    }

    /// Reads a run: a directory of one, finished or not, or a file that holds a whole run.
    pub fn read(path: &Path) -> Result<Run, Error> {
        let whole = if path.is_dir() { path.join(RUN) } else { path.to_owned() };
        let run =
            if whole.exists() || !path.is_dir() { read_whole(&whole)? } else { read_parts(path)? };
        check_cells(path, run)
    }

    /// Reads a whole run out of `bytes`, which stand at `path`, wherever that is.
    pub fn of_bytes(path: &Path, bytes: &[u8]) -> Result<Run, Error> {
        check_cells(path, whole(path, bytes)?)
    }

    /// Lets every further write meet a full disk.
    #[cfg(test)]
    pub(crate) fn fill_disk(&mut self) {
        self.samples.file = OpenOptions::new().append(true).open("/dev/full").unwrap();
    }

    /// Lets writes succeed again.
    #[cfg(test)]
    pub(crate) fn free_disk(&mut self) {
        self.samples.file = OpenOptions::new().append(true).open(self.path.join(SAMPLES)).unwrap();
    }
}

fn read_whole(path: &Path) -> Result<Run, Error> {
    whole(path, &file::read(path)?)
}

fn whole(path: &Path, bytes: &[u8]) -> Result<Run, Error> {
    foreign::check(path, bytes)?;
    serde_json::from_slice(bytes).map_err(|whole| foreign::part(path, bytes, whole))
}

/// A run that was cut off, or still goes on.
fn read_parts(dir: &Path) -> Result<Run, Error> {
    let at = dir.join(HEAD);
    if !at.exists() {
        return Err(Error::NotARun { path: dir.to_owned() });
    }
    let bytes = file::read(&at)?;
    foreign::check(&at, &bytes)?;
    let head = file::parse(&at, &bytes)?;
    let (samples, steps) = (read_lines(&dir.join(SAMPLES))?, read_lines(&dir.join(STEPS))?);
    Ok(Run { samples, steps, ..Run::begun(head) })
}

/// What a file of lines holds. The last line may be torn; then it is left out.
fn read_lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, Error> {
    let bytes = match file::read(path) {
        Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Vec::new());
        }
        read => read?,
    };
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

fn check_cells(path: &Path, run: Run) -> Result<Run, Error> {
    let cells = run.head.cells.len();
    if cells > MOST_CELLS {
        return Err(Error::Crowded { path: path.to_owned(), cells });
    }
    let refuse =
        |what, number, cell| Err(Error::Cell { path: path.to_owned(), what, number, cell, cells });
    let stray = |cell: u32| cell as usize >= cells;
    if let Some(number) = run.samples.iter().position(|sample| stray(sample.cell)) {
        return refuse("sample", number, run.samples[number].cell);
    }
    let strays = |step: &Step| {
        let beside = match step.stride {
            Stride::Neighbour { beside } => beside,
            _ => None,
        };
        std::iter::once(step.cell).chain(beside).find(|cell| stray(*cell))
    };
    match run.steps.iter().enumerate().find_map(|(number, step)| Some((number, strays(step)?))) {
        Some((number, cell)) => refuse("step", number, cell),
        None => Ok(run),
    }
}

#[cfg(test)]
mod tests;
