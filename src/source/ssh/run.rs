//! A run that is kept on the host, asked of the isomon there and put together from what it tells of it.
//!
//! Who tells it may be anyone: what is not of that run is passed over, and it is bounded in bytes, in time
//! and in the cells it may have.

use crate::model::id::RunId;
use crate::model::live::{RUN_BYTES, RUN_SAMPLES};
use crate::model::run::{self, Run, RunEvent};
use crate::source::Error;

/// Cells of a run; every backend with a hundred payloads is less.
const CELLS: usize = 10_000;

/// A run of which a part has come.
#[derive(Debug)]
pub(super) struct Draft {
    id: RunId,
    run: Option<Run>,
    bytes: usize,
    whole: bool,
}

impl Draft {
    /// Nothing of run `id`.
    pub(super) const fn new(id: RunId) -> Self {
        Self { id, run: None, bytes: 0, whole: false }
    }

    /// Takes in what was told in a line of `bytes`.
    pub(super) fn take(&mut self, id: &RunId, event: RunEvent, bytes: usize) -> Result<(), Error> {
        if *id != self.id || self.whole {
            return Ok(());
        }
        self.bytes += bytes;
        if self.bytes > RUN_BYTES + (8 << 20) {
            return Err(Error::Limit { what: "a run", most: "64 MiB" });
        }
        match (event, &mut self.run) {
            (RunEvent::Started(head), None) => {
                let shape = |why: &str| Error::Shape { path: "a run".into(), why: why.into() };
                if head.id != self.id {
                    return Err(shape("it is another run than was asked for"));
                }
                if head.format > run::FORMAT {
                    return Err(shape("it was written by a newer isomon"));
                }
                if head.cells.len() > CELLS {
                    return Err(shape("it has more cells than any plan"));
                }
                self.run = Some(Run::begun(*head));
            }
            (RunEvent::CutOff, Some(_)) => self.whole = true,
            (event, Some(run)) => {
                let cells = run.head.cells.len();
                let known = match &event {
                    RunEvent::Sample(of) => {
                        (of.cell as usize) < cells && run.samples.len() < RUN_SAMPLES
                    }
                    RunEvent::Step(of) => (of.cell as usize) < cells,
                    _ => true,
                };
                self.whole = matches!(event, RunEvent::Ended(_));
                if known {
                    run.take(event);
                }
            }
            (_, None) => {}
        }
        Ok(())
    }

    /// Whether nothing of it has come.
    pub(super) const fn is_empty(&self) -> bool {
        self.run.is_none()
    }

    /// The run, once all of it is there.
    pub(super) const fn done(&mut self) -> Option<Run> {
        if self.whole { self.run.take() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::run_sample::run;

    fn events(whole: &Run) -> Vec<RunEvent> {
        let samples = whole.samples.iter().map(|of| RunEvent::Sample(Box::new(of.clone())));
        std::iter::once(RunEvent::Started(Box::new(whole.head.clone()))).chain(samples).collect()
    }

    #[test]
    fn a_run_is_whole_with_its_end_and_no_sooner() {
        let whole = run();
        let id = whole.head.id.clone();
        let mut draft = Draft::new(id.clone());
        draft.take(&id, RunEvent::CutOff, 9).unwrap();
        assert!(draft.is_empty() && draft.done().is_none(), "its start comes first");
        for event in events(&whole) {
            draft.take(&id, event, 9).unwrap();
        }
        draft.take(&RunId::new(9, 9), RunEvent::CutOff, 9).unwrap();
        assert!(draft.done().is_none(), "another run ended");
        draft.take(&id, RunEvent::CutOff, 9).unwrap();
        let read = draft.done().unwrap();
        assert_eq!((read.samples, read.tail), (whole.samples, None));
    }

    #[test]
    fn what_no_run_is_is_refused() {
        let whole = run();
        let id = whole.head.id.clone();
        let mut newer = whole.head.clone();
        newer.format = run::FORMAT + 1;
        let mut draft = Draft::new(id.clone());
        assert!(draft.take(&id, RunEvent::Started(Box::new(newer)), 9).is_err());
        let mut stray = whole.samples[0].clone();
        stray.cell = 9_999;
        let mut draft = Draft::new(id.clone());
        draft.take(&id, RunEvent::Started(Box::new(whole.head)), 9).unwrap();
        draft.take(&id, RunEvent::Sample(Box::new(stray)), 9).unwrap();
        assert!(draft.take(&id, RunEvent::Log(Vec::new()), 80 << 20).is_err(), "too much");
        draft.take(&id, RunEvent::CutOff, 9).unwrap_err();
    }
}
