//! Keeps a run on disk while it goes on.
//!
//! What comes quicker than [`EVERY`] waits and is written together: a write costs as much as many
//! samples. It is forced to the disk at most every [`FORCE_EVERY`], between two samples, which would be
//! disturbed otherwise.
//!
//! A disk that is full or read-only does not stop a benchmark: it is said once, samples wait in
//! memory, and are written when there is room again.

use std::time::{Duration, Instant};

use crate::model::bench::Sample;
use crate::model::load::Step;
use crate::model::pipeline::{Artifact, LogLine, Moment};
use crate::model::run::{Run, RunEvent};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::unit::{Bytes, Seconds};
use crate::model::update::Notice;
use crate::store::{Error, RunDir, Saved};

/// At most this often something is written.
const EVERY: Duration = Duration::from_millis(5);
/// At most this often it is forced to the disk.
const FORCE_EVERY: Duration = Duration::from_secs(1);
/// Moments, and lines of the log, that wait for room on the disk.
const WAITING: usize = 5_000;

#[derive(Debug)]
pub(super) struct Keep {
    dir: Option<RunDir>,
    /// How many samples are in the file.
    saved: usize,
    /// How many steps are in their file.
    saved_steps: usize,
    /// How many empty spawns are in their file.
    saved_empty: usize,
    moments: Vec<Moment>,
    log: Vec<LogLine>,
    written: Option<Stamp>,
    forced: Option<Stamp>,
    failing: bool,
}

/// What is to be on the disk.
#[derive(Clone, Copy)]
pub(super) struct Books<'a> {
    pub(super) samples: &'a [Sample],
    pub(super) steps: &'a [Step],
    pub(super) empty: &'a [Seconds],
}

/// What came of writing a checkpoint.
pub(super) struct Kept {
    pub(super) took: Seconds,
    pub(super) bytes: Bytes,
}

impl Keep {
    pub(super) const fn new(dir: Option<RunDir>) -> Self {
        Self {
            dir,
            saved: 0,
            saved_steps: 0,
            saved_empty: 0,
            moments: Vec::new(),
            log: Vec::new(),
            written: None,
            forced: None,
            failing: false,
        }
    }

    /// Takes `books` for written: they were read from there.
    pub(super) const fn take_up(&mut self, books: Books<'_>) {
        self.saved = books.samples.len();
        self.saved_steps = books.steps.len();
        self.saved_empty = books.empty.len();
    }

    /// Writes those of `samples` that are not written yet, unless something was written a moment
    /// ago. Says so when that begins or ceases to fail.
    pub(super) fn save(&mut self, samples: &[Sample], now: Stamp) -> Option<Notice> {
        if !due(&mut self.written, now, EVERY) {
            return None;
        }
        let result = self.append(samples);
        self.tell(result)
    }

    fn append(&mut self, samples: &[Sample]) -> Result<(), Error> {
        let Some(dir) = &mut self.dir else {
            return Ok(());
        };
        let fresh = samples.get(self.saved..).unwrap_or_default();
        dir.append(fresh)?;
        self.saved += fresh.len();
        Ok(())
    }

    /// Writes those of `steps` that are not written yet.
    pub(super) fn save_steps(&mut self, steps: &[Step]) -> Option<Notice> {
        let result = self.append_steps(steps);
        self.tell(result)
    }

    fn append_steps(&mut self, steps: &[Step]) -> Result<(), Error> {
        let Some(dir) = &mut self.dir else {
            return Ok(());
        };
        let fresh = steps.get(self.saved_steps..).unwrap_or_default();
        dir.append_steps(fresh)?;
        self.saved_steps += fresh.len();
        Ok(())
    }

    /// Writes those of `events` that have a file of their own.
    pub(super) fn record(&mut self, events: &[RunEvent]) -> Option<Notice> {
        for event in events {
            match event {
                RunEvent::Moment(moment) if self.moments.len() < WAITING => {
                    self.moments.push((**moment).clone());
                }
                RunEvent::Log(lines) if self.log.len() < WAITING => {
                    self.log.extend_from_slice(lines);
                }
                _ => {}
            }
        }
        // That this can be written says nothing of the samples.
        let result = self.append_events();
        result.err().and_then(|error| self.tell(Err(error)))
    }

    fn append_events(&mut self) -> Result<(), Error> {
        let Some(dir) = &mut self.dir else {
            return Ok(());
        };
        dir.append_events(&self.moments)?;
        self.moments.clear();
        dir.append_log(&self.log)?;
        self.log.clear();
        Ok(())
    }

    /// Whether a checkpoint may be made again.
    pub(super) fn is_due(&mut self, now: Stamp) -> bool {
        self.dir.is_some() && due(&mut self.forced, now, FORCE_EVERY)
    }

    /// Forces all of `books` to the disk and writes down what is `saved`, which is told its size. `None`
    /// where nothing is kept, or where that fails; then it is said.
    pub(super) fn checkpoint(
        &mut self,
        books: Books<'_>,
        saved: impl FnOnce(Bytes) -> Saved,
    ) -> (Option<Kept>, Option<Notice>) {
        let begun = Instant::now();
        let result = self.force(books);
        let Some((dir, ())) = self.dir.as_ref().zip(result.as_ref().ok()) else {
            return (None, self.tell(result));
        };
        let bytes = Bytes(dir.bytes());
        let result = dir.save(&saved(bytes));
        let done = result.is_ok();
        let kept = done.then(|| Kept { took: begun.elapsed().into(), bytes });
        (kept, self.tell(result))
    }

    fn force(&mut self, books: Books<'_>) -> Result<(), Error> {
        self.append(books.samples)?;
        self.append_steps(books.steps)?;
        self.append_events()?;
        let Some(dir) = &mut self.dir else {
            return Ok(());
        };
        let fresh = books.empty.get(self.saved_empty..).unwrap_or_default();
        dir.append_empty(fresh)?;
        self.saved_empty += fresh.len();
        dir.sync()
    }

    /// Writes the whole run; its files.
    pub(super) fn finish(&mut self, run: &Run) -> (Vec<Artifact>, Option<Notice>) {
        let end = |dir: &mut RunDir| dir.sync().and_then(|()| dir.finish(run));
        let result = self.dir.as_mut().map_or_else(|| Ok(Vec::new()), end);
        self.failing = false;
        match result {
            Ok(files) => (files, None),
            Err(error) => (Vec::new(), self.tell(Err(error))),
        }
    }

    fn tell(&mut self, result: Result<(), Error>) -> Option<Notice> {
        let failing = result.is_err();
        let changed = std::mem::replace(&mut self.failing, failing) != failing;
        let text = match result {
            Ok(()) => "the run is written to disk again".to_owned(),
            Err(error) => format!("the run goes on and is not written to disk: {error}"),
        };
        changed.then(|| Notice { bad: failing, text: SafeText::new(&text) })
    }

    /// The disk behind it, to make it fail.
    #[cfg(test)]
    pub(super) const fn dir(&mut self) -> Option<&mut RunDir> {
        self.dir.as_mut()
    }
}

/// Whether `every` has passed since `last`, which is now then.
fn due(last: &mut Option<Stamp>, now: Stamp, every: Duration) -> bool {
    let due = last.is_none_or(|last| now.since(last) >= every);
    if due {
        *last = Some(now);
    }
    due
}
