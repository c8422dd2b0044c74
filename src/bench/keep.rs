//! Keeps a run on disk while it goes on.
//!
//! What comes quicker than [`EVERY`] waits and is written together: a write costs as much as many
//! samples. It is forced to the disk at most every [`FORCE_EVERY`], which would disturb otherwise.
//!
//! A disk that is full or read-only does not stop a benchmark: it is said once, samples wait in
//! memory, and are written when there is room again.

use std::time::Duration;

use crate::model::bench::Sample;
use crate::model::load::Step;
use crate::model::run::Run;
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::update::Notice;
use crate::store::{Error, RunDir};

/// At most this often something is written.
const EVERY: Duration = Duration::from_millis(5);
/// At most this often it is forced to the disk.
const FORCE_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Keep {
    dir: Option<RunDir>,
    /// How many samples are in the file.
    saved: usize,
    /// How many steps are in their file.
    saved_steps: usize,
    written: Option<Stamp>,
    forced: Option<Stamp>,
    failing: bool,
}

impl Keep {
    pub(super) const fn new(dir: Option<RunDir>) -> Self {
        Self { dir, saved: 0, saved_steps: 0, written: None, forced: None, failing: false }
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
        dir.sync()
    }

    /// Forces them to the disk.
    pub(super) fn sync(&mut self, now: Stamp) -> Option<Notice> {
        if !due(&mut self.forced, now, FORCE_EVERY) {
            return None;
        }
        let result = self.dir.as_ref().map_or(Ok(()), RunDir::sync);
        result.err().and_then(|error| self.tell(Err(error)))
    }

    /// Writes the whole run.
    pub(super) fn finish(&mut self, run: &Run) -> Option<Notice> {
        let result = self.dir.as_ref().map_or(Ok(()), |dir| dir.finish(run));
        self.failing = false;
        self.tell(result)
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
