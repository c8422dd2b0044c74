//! One run on disk.
//!
//! Samples, steps of loads, events and lines of the log are appended as they come and forced to the disk
//! now and then; a checkpoint says how much of them is there for sure. A run that was cut off can be taken
//! up again: it is this process's alone while it is written, by a lock that goes with the process.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::lines::{self, Lines};
use super::saved::{self, Saved};
use super::{Error, brief, file, files, foreign};
use crate::model::bench::Sample;
use crate::model::load::{Step, Stride};
use crate::model::pipeline::{Artifact, LOG_LINES, LogLine, Moment};
use crate::model::run::{Run, RunEnd, RunHead};
use crate::model::unit::Seconds;

mod follow;
mod page;

pub use follow::Follower;
pub use page::Page;

pub(super) const HEAD: &str = "head.json";
pub(super) const SAMPLES: &str = "samples.ndjson";
const STEPS: &str = "steps.ndjson";
const EVENTS: &str = "events.ndjson";
const LOG: &str = "log.ndjson";
const EMPTY: &str = "empty.ndjson";
pub(super) const RUN: &str = "run.json";
/// Lines of a log that are written; of a run that says more, no more is kept.
const MOST_LINES: u64 = 20 * LOG_LINES as u64;
/// Every backend in every start with a hundred payloads is less.
const MOST_CELLS: usize = 10_000;

/// The directory of a run that is being written.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    samples: Lines,
    steps: Lines,
    events: Lines,
    log: Lines,
    empty: Lines,
    logged: u64,
}

/// A run that goes on.
#[derive(Debug)]
pub struct Reopened {
    /// Its directory, which is this process's alone.
    pub dir: RunDir,
    /// It as far as it was.
    pub run: Run,
    /// What its last checkpoint says; `None` where it was cut off before the first.
    pub saved: Option<Saved>,
    /// Its empty spawns and waits.
    pub empty: Vec<Seconds>,
    /// Bytes of lines that were torn, and are gone.
    pub torn: u64,
}

/// A line of an empty spawn and wait.
#[derive(Serialize, Deserialize)]
struct Empty {
    empty_seconds: Seconds,
}

impl RunDir {
    /// Makes `<runs>/<id>/` with its head. The run must be new.
    pub fn create(runs: &Path, head: &RunHead) -> Result<Self, Error> {
        let path = runs.join(head.id.as_str());
        file::make_dir(&path)?;
        file::write_json(&path.join(HEAD), head)?;
        let samples = Lines::create(path.join(SAMPLES))?;
        let dir = Self {
            steps: Lines::create(path.join(STEPS))?,
            events: Lines::create(path.join(EVENTS))?,
            log: Lines::create(path.join(LOG))?,
            empty: Lines::create(path.join(EMPTY))?,
            samples,
            logged: 0,
            path,
        };
        dir.samples.lock();
        file::sync_parent(&dir.path)?;
        Ok(dir)
    }

    /// Takes up the run in `path`, which was cut off or cancelled. Refuses one that is finished, one that
    /// goes on in another process, and one that cannot be read.
    pub fn reopen(path: &Path) -> Result<Reopened, Error> {
        let shown = path.to_owned();
        if !path.join(HEAD).is_file() {
            return Err(Error::NotARun { path: shown });
        }
        let samples = Lines::open(path.join(SAMPLES))?;
        if !samples.lock() {
            return Err(Error::GoesOn { path: shown });
        }
        let (mut samples, taken, mut torn) = samples.mend::<Sample>()?;
        let whole = path.join(RUN);
        let before = if whole.exists() { Some(read_whole(&whole)?) } else { None };
        if let Some(run) = before.as_ref().filter(|run| is_finished(run)) {
            return Err(Error::Finished { path: shown, samples: run.samples.len() });
        }
        let (mut steps, stepped, lost) = Lines::open(path.join(STEPS))?.mend::<Step>()?;
        torn += lost;
        if let Some(run) = &before {
            // A disk that was full had less of it than the whole has.
            samples.append(run.samples.get(taken.len()..).unwrap_or_default())?;
            steps.append(run.steps.get(stepped.len()..).unwrap_or_default())?;
            samples.sync()?;
            steps.sync()?;
        }
        let (events, _, lost) = Lines::open(path.join(EVENTS))?.mend::<Moment>()?;
        torn += lost;
        let (log, lines, lost) = Lines::open(path.join(LOG))?.mend::<LogLine>()?;
        torn += lost;
        let (empty, spawns, lost) = Lines::open(path.join(EMPTY))?.mend::<Empty>()?;
        torn += lost;
        if before.is_some() {
            std::fs::remove_file(&whole).map_err(Error::at(&whole))?;
            file::sync_parent(&whole)?;
        }
        brief::forget(path);
        let run = Self::read(path)?;
        let saved = saved::read(path)?;
        let empty_seconds = spawns.into_iter().map(|line| line.empty_seconds).collect();
        let logged = lines.len() as u64;
        let dir = Self { path: shown, samples, steps, events, log, empty, logged };
        Ok(Reopened { dir, run, saved, empty: empty_seconds, torn })
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

    /// Adds what happened, in the same way.
    pub fn append_events(&mut self, moments: &[Moment]) -> Result<(), Error> {
        self.events.append(moments)
    }

    /// Adds lines of the log, in the same way; beyond what a log may have nothing is added.
    pub fn append_log(&mut self, lines: &[LogLine]) -> Result<(), Error> {
        if self.logged < MOST_LINES {
            self.log.append(lines)?;
            self.logged += lines.len() as u64;
        }
        Ok(())
    }

    /// Adds empty spawns and waits, in the same way.
    pub fn append_empty(&mut self, seconds: &[Seconds]) -> Result<(), Error> {
        let lines = seconds.iter().map(|seconds| Empty { empty_seconds: *seconds });
        self.empty.append(&lines.collect::<Vec<_>>())
    }

    /// Forces what was appended to the disk.
    pub fn sync(&mut self) -> Result<(), Error> {
        let files =
            [&mut self.samples, &mut self.steps, &mut self.events, &mut self.log, &mut self.empty];
        files.into_iter().try_for_each(Lines::sync)
    }

    /// Its size in bytes, as far as it grows.
    pub const fn bytes(&self) -> u64 {
        self.samples.len()
            + self.steps.len()
            + self.events.len()
            + self.log.len()
            + self.empty.len()
    }

    /// Writes down that it can go on from here; all before it must have been forced to the disk.
    pub fn save(&self, saved: &Saved) -> Result<(), Error> {
        saved::write(&self.path, saved)
    }

    /// Writes the whole run beside its parts, what it was in short, and the hashes of its files. Each
    /// appears at once or not at all; what is returned are the files.
    pub fn finish(&self, run: &Run) -> Result<Vec<Artifact>, Error> {
        file::write_json(&self.path.join(RUN), run)?;
        brief::write(&self.path, &brief::of(run))?;
        files::write(&self.path)
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

    /// The files of the run in `path`, with their hashes where it came to its end.
    pub fn files(path: &Path) -> Vec<Artifact> {
        files::read(path)
    }

    /// Whether the run in `path` goes on in some process.
    pub fn goes_on(path: &Path) -> bool {
        lines::is_locked(&path.join(SAMPLES))
    }

    /// Lets every further write meet a full disk.
    #[cfg(test)]
    pub(crate) fn fill_disk(&mut self) {
        self.samples.full(true);
    }

    /// Lets writes succeed again.
    #[cfg(test)]
    pub(crate) fn free_disk(&mut self) {
        self.samples.full(false);
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
    let saved = saved::read(dir)?.unwrap_or_default();
    let mut log: Vec<LogLine> = lines::read(&dir.join(LOG))?;
    let beyond = log.len().saturating_sub(LOG_LINES);
    log.drain(..beyond);
    Ok(Run {
        samples: lines::read(&dir.join(SAMPLES))?,
        steps: lines::read(&dir.join(STEPS))?,
        moments: lines::read(&dir.join(EVENTS))?,
        log,
        checkpoints: saved.checkpoints,
        workers: saved.workers,
        ..Run::begun(head)
    })
}

/// Whether nothing is left to do of `run`: it came to its own end.
fn is_finished(run: &Run) -> bool {
    let end = run.tail.as_ref().map(|tail| &tail.end);
    matches!(end, Some(RunEnd::Completed | RunEnd::BudgetSpent | RunEnd::RoundsSpent))
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
