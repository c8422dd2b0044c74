//! Keeps a run on disk while it goes on.
//!
//! A disk that is full or read-only does not stop a benchmark: it is said once, samples wait in
//! memory, and are written when there is room again.

use crate::model::bench::Sample;
use crate::model::run::Run;
use crate::model::text::SafeText;
use crate::model::update::Notice;
use crate::store::{Error, RunDir};

#[derive(Debug)]
pub(super) struct Keep {
    dir: Option<RunDir>,
    /// How many samples are in the file.
    saved: usize,
    failing: bool,
}

impl Keep {
    pub(super) const fn new(dir: Option<RunDir>) -> Self {
        Self { dir, saved: 0, failing: false }
    }

    /// Writes those of `samples` that are not written yet. Says so when that begins or ceases to
    /// fail.
    pub(super) fn save(&mut self, samples: &[Sample]) -> Option<Notice> {
        let result = self.append(samples);
        self.tell(result)
    }

    fn append(&mut self, samples: &[Sample]) -> Result<(), Error> {
        let Some(dir) = &mut self.dir else {
            return Ok(());
        };
        for sample in samples.get(self.saved..).unwrap_or_default() {
            dir.append(sample)?;
            self.saved += 1;
        }
        Ok(())
    }

    /// Forces them to the disk.
    pub(super) fn sync(&mut self) -> Option<Notice> {
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
