//! Keeps the run of another node on this machine, as its events come.
//!
//! The samples go to the disk as they come, so that what was measured is there also where the node, the
//! way to it, or this isomon goes away. A disk that is full is said once and stops nothing.

use std::io::ErrorKind;
use std::path::Path;

use crate::model::bench::Sample;
use crate::model::id::SourceId;
use crate::model::load::Step;
use crate::model::run::{Run, RunEvent, RunHead};
use crate::store::{Error, RunDir};

/// Samples that wait to be written together.
const TOGETHER: usize = 64;

/// A run as far as it was told.
#[derive(Debug, Default)]
pub(in crate::cli) struct Told {
    pub(in crate::cli) run: Option<Run>,
    dir: Option<RunDir>,
    saved: usize,
    saved_steps: usize,
    /// Why it is not kept here.
    pub(in crate::cli) unkept: Option<String>,
}

impl Told {
    /// Takes in what happened; `runs` is where runs are kept, `None` where another does that.
    pub(in crate::cli) fn take(&mut self, event: RunEvent, runs: Option<&Path>) {
        match (event, &mut self.run) {
            (RunEvent::Started(head), None) => self.begin(*head, runs),
            (event, Some(run)) => run.take(event),
            (_, None) => {}
        }
        self.save();
    }

    fn begin(&mut self, head: RunHead, runs: Option<&Path>) {
        match runs.map(|runs| RunDir::create(runs, &head)).transpose() {
            Ok(dir) => self.dir = dir,
            // Another isomon of this machine keeps it there.
            Err(Error::Io { source, .. }) if source.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => self.unkept = Some(error.to_string()),
        }
        self.run = Some(Run::begun(head));
    }

    fn save(&mut self) {
        let (Some(run), Some(dir)) = (&self.run, &mut self.dir) else { return };
        let samples: &[Sample] = run.samples.get(self.saved..).unwrap_or_default();
        let steps: &[Step] = run.steps.get(self.saved_steps..).unwrap_or_default();
        if samples.len() < TOGETHER && steps.is_empty() && run.tail.is_none() {
            return;
        }
        let (more, more_steps) = (samples.len(), steps.len());
        let finish = |dir: &RunDir| match &run.tail {
            Some(_) => dir.finish(run).map(|_files| ()),
            None => Ok(()),
        };
        let written: Result<(), Error> =
            dir.append(samples).and_then(|()| dir.append_steps(steps)).and_then(|()| finish(dir));
        match written {
            Ok(()) => {
                self.saved += more;
                self.saved_steps += more_steps;
            }
            Err(error) => {
                self.unkept = Some(error.to_string());
                self.dir = None;
            }
        }
    }

    /// What was told since it was written last; of a run that was cut off that is all there will be.
    pub(in crate::cli) fn close(&mut self) {
        let (Some(run), Some(dir)) = (&self.run, &mut self.dir) else { return };
        if run.tail.is_none() {
            let rest = run.samples.get(self.saved..).unwrap_or_default();
            if let Err(error) = dir.append(rest).and_then(|()| dir.sync()) {
                self.unkept = Some(error.to_string());
            }
            self.saved = run.samples.len();
        }
    }

    /// Whether it is over.
    pub(in crate::cli) fn is_over(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.tail.is_some())
    }

    /// Whether it is on this machine's disk.
    pub(in crate::cli) const fn is_kept(&self) -> bool {
        self.dir.is_some() && self.unkept.is_none()
    }
}

/// Where the run of `node` is to be kept: this machine keeps its own by itself.
pub(in crate::cli) fn place<'a>(node: &SourceId, runs: &'a Path) -> Option<&'a Path> {
    (*node != SourceId::local()).then_some(runs)
}
