//! One run on disk.
//!
//! Samples are appended as they come and forced to the disk once a round. A line that could not be
//! written whole is taken back, so that the next attempt (there may be room again) does not glue
//! two samples together.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{Error, file, foreign};
use crate::model::bench::Sample;
use crate::model::run::{Run, RunHead};

const HEAD: &str = "head.json";
const SAMPLES: &str = "samples.ndjson";
const RUN: &str = "run.json";

/// The directory of a run that is being written.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    samples: File,
    /// Length of the samples file up to the last whole line.
    whole: u64,
}

impl RunDir {
    /// Makes `<runs>/<id>/` with its head. The run must be new.
    pub fn create(runs: &Path, head: &RunHead) -> Result<Self, Error> {
        let path = runs.join(head.id.as_str());
        file::make_dir(&path)?;
        file::write_json(&path.join(HEAD), head)?;
        let at = path.join(SAMPLES);
        let open = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&at);
        let samples = open.map_err(Error::at(&at))?;
        file::sync_parent(&at)?;
        file::sync_parent(&path)?;
        Ok(Self { path, samples, whole: 0 })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a sample. After an error nothing of it is there, and it can be added again.
    pub fn append(&mut self, sample: &Sample) -> Result<(), Error> {
        let at = self.path.join(SAMPLES);
        let mut line =
            serde_json::to_vec(sample).map_err(std::io::Error::from).map_err(Error::at(&at))?;
        line.push(b'\n');
        if let Err(source) = self.samples.write_all(&line) {
            // If this fails too, the torn line is dropped when it is read.
            self.samples.set_len(self.whole).ok();
            return Err(Error::Io { path: at, source });
        }
        self.whole += line.len() as u64;
        Ok(())
    }

    /// Forces what was appended to the disk.
    pub fn sync(&self) -> Result<(), Error> {
        self.samples.sync_data().map_err(Error::at(&self.path.join(SAMPLES)))
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

    /// Lets every further write meet a full disk.
    #[cfg(test)]
    pub(crate) fn fill_disk(&mut self) {
        self.samples = OpenOptions::new().append(true).open("/dev/full").unwrap();
    }

    /// Lets writes succeed again.
    #[cfg(test)]
    pub(crate) fn free_disk(&mut self) {
        self.samples = OpenOptions::new().append(true).open(self.path.join(SAMPLES)).unwrap();
    }
}

fn read_whole(path: &Path) -> Result<Run, Error> {
    let bytes = file::read(path)?;
    foreign::check(path, &bytes)?;
    serde_json::from_slice(&bytes).map_err(|whole| foreign::part(path, &bytes, whole))
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
    Ok(Run { head, samples: read_samples(&dir.join(SAMPLES))?, tail: None, steps: Vec::new() })
}

/// The samples of a file of lines. The last line may be torn; then it is left out.
fn read_samples(path: &Path) -> Result<Vec<Sample>, Error> {
    let bytes = match file::read(path) {
        Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Vec::new());
        }
        read => read?,
    };
    let mut samples = Vec::new();
    for (line, text) in (1..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
        match serde_json::from_slice(text) {
            Ok(sample) => samples.push(sample),
            Err(_) if !text.ends_with(b"\n") => break,
            Err(source) => {
                return Err(Error::Corrupt { path: path.to_owned(), line, source });
            }
        }
    }
    Ok(samples)
}

fn check_cells(path: &Path, run: Run) -> Result<Run, Error> {
    let cells = run.head.cells.len();
    let stray = |sample: &Sample| sample.cell as usize >= cells;
    match run.samples.iter().position(stray) {
        None => Ok(run),
        Some(sample) => Err(Error::Cell {
            path: path.to_owned(),
            sample,
            cell: run.samples[sample].cell,
            cells,
        }),
    }
}

#[cfg(test)]
mod tests;
