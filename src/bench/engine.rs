//! A run, from what it needs to what came of it.

use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::course::Course;
use crate::backend::Crew;
use crate::model::root::Roots;
use crate::model::run::{Run, RunEnd, RunHead};
use crate::model::time::{Clock, Stamp};
use crate::model::unit::Seconds;
use crate::model::update::Update;
use crate::store::{RunDir, Saved};

/// A run that is about to start, with all it needs.
pub struct Bench {
    /// What is settled.
    pub head: RunHead,
    /// Where the machine is read from.
    pub roots: Roots,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where it is kept; `None` keeps it in memory alone.
    pub keep: Option<RunDir>,
    /// Who hears of it: `What::Run` for each event, `What::Notice` when something went wrong that
    /// does not end it. Awaited, never dropped.
    pub out: mpsc::Sender<Update>,
    /// Ends it at any moment. A sample that is under way is given up: the launch is dropped.
    pub cancel: CancellationToken,
    /// What was before it began.
    pub prior: Prior,
}

/// What was before a run begins, or goes on.
#[derive(Debug, Default)]
pub struct Prior {
    /// When it began to be prepared.
    pub prepared: Option<Stamp>,
    /// It as it was when it was cut off; `None` for one that is new.
    pub cut: Option<Box<Cut>>,
}

/// A run that was cut off and goes on.
#[derive(Debug)]
pub struct Cut {
    /// It as far as it was, all samples in it.
    pub run: Run,
    /// Its last checkpoint; `None` where it was cut off before the first.
    pub saved: Option<Saved>,
    /// Its empty spawns and waits.
    pub empty: Vec<Seconds>,
    /// What is to be said of that, besides.
    pub words: String,
}

impl Bench {
    /// Runs it to its end and returns it in one piece; it is on disk by then.
    pub async fn run(self, launcher: &mut (impl Crew + Send)) -> Run {
        let prepared = self.prior.prepared;
        let words = self.prior.cut.as_ref().map(|cut| cut.words.clone());
        let mut course = Course::new(self);
        course.start(prepared, words).await;
        let end = match course.rounds(launcher).await {
            ControlFlow::Break(end) => end,
            ControlFlow::Continue(()) => RunEnd::Completed,
        };
        course.end_rounds(&end).await;
        let end = course.loads(launcher, end).await;
        course.finish(end).await
    }
}

#[cfg(test)]
mod tests;
