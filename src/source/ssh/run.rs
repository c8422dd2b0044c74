//! A run that is kept on the host, asked of the isomon there and put together from what it tells of it.
//!
//! Who tells it may be anyone: what is not of that run is passed over, and it is bounded in bytes, in time
//! and in the cells it may have.

use crate::model::id::RunId;
use crate::model::live::{RUN_BYTES, RUN_SAMPLES};
use crate::model::run::{self, Record, Run, RunEvent, RunHead};
use crate::model::update::What;
use crate::model::workflow::WorkflowEvent;
use crate::source::Error;

/// Cells of a run; every backend with a hundred payloads is less.
const CELLS: usize = 10_000;
/// Events of a workflow's run that are taken, the first.
const EVENTS: usize = 200_000;

/// A run of which a part has come.
#[derive(Debug)]
pub(super) struct Draft {
    id: RunId,
    record: Option<Record>,
    bytes: usize,
    whole: bool,
}

impl Draft {
    /// Nothing of run `id`.
    pub(super) const fn new(id: RunId) -> Self {
        Self { id, record: None, bytes: 0, whole: false }
    }

    /// Takes in what was told in a line of `bytes`.
    pub(super) fn take(&mut self, what: What, bytes: usize) -> Result<(), Error> {
        let (What::Run { id, .. } | What::Workflow { id, .. }) = &what else { return Ok(()) };
        if *id != self.id || self.whole {
            return Ok(());
        }
        self.bytes += bytes;
        if self.bytes > RUN_BYTES + (8 << 20) {
            return Err(Error::Limit { what: "a run", most: "64 MiB" });
        }
        match (what, &mut self.record) {
            (What::Run { event: RunEvent::Started(head), .. }, None) => {
                self.record = Some(Record::Benchmark(Box::new(begun(&self.id, *head)?)));
            }
            (What::Workflow { event, .. }, None) => {
                self.record = Some(Record::Workflow(vec![first(&self.id, event)?]));
            }
            (What::Run { event: RunEvent::CutOff, .. }, Some(_)) => self.whole = true,
            (What::Run { event, .. }, Some(Record::Benchmark(run))) => {
                self.whole = matches!(event, RunEvent::Ended(_));
                take(run, event);
            }
            (What::Workflow { event, .. }, Some(Record::Workflow(events))) => {
                // One that went on after an end has several.
                let is_end = matches!(event, WorkflowEvent::Ended(_));
                if is_end || events.len() < EVENTS {
                    events.push(event);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether nothing of it has come.
    pub(super) const fn is_empty(&self) -> bool {
        self.record.is_none()
    }

    /// The run, once all of it is there.
    pub(super) const fn done(&mut self) -> Option<Record> {
        if self.whole { self.record.take() } else { None }
    }
}

fn shape(why: &str) -> Error {
    Error::Shape { path: "a run".into(), why: why.into() }
}

/// Benchmark `id`, of which `head` was told.
fn begun(id: &RunId, head: RunHead) -> Result<Run, Error> {
    match () {
        () if head.id != *id => Err(shape("it is another run than was asked for")),
        () if head.format > run::FORMAT => Err(shape("it was written by a newer isomon")),
        () if head.cells.len() > CELLS => Err(shape("it has more cells than any plan")),
        () => Ok(Run::begun(head)),
    }
}

/// `event`, if the workflow's run `id` begins with it.
fn first(id: &RunId, event: WorkflowEvent) -> Result<WorkflowEvent, Error> {
    match &event {
        WorkflowEvent::Started(head) if head.id.as_ref() == Some(id) => Ok(event),
        _ => Err(shape("it does not begin as that run does")),
    }
}

/// Takes `event` into `run`, if it can be one of it.
fn take(run: &mut Run, event: RunEvent) {
    let cells = run.head.cells.len();
    let known = match &event {
        RunEvent::Sample(of) => (of.cell as usize) < cells && run.samples.len() < RUN_SAMPLES,
        RunEvent::Step(of) => (of.cell as usize) < cells,
        _ => true,
    };
    if known {
        run.take(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::workflow::WorkflowHead;
    use crate::report::run_sample::run;

    fn told(id: &RunId, event: RunEvent) -> What {
        What::Run { id: id.clone(), event }
    }

    fn events(whole: &Run) -> Vec<RunEvent> {
        let samples = whole.samples.iter().map(|of| RunEvent::Sample(Box::new(of.clone())));
        std::iter::once(RunEvent::Started(Box::new(whole.head.clone()))).chain(samples).collect()
    }

    #[test]
    fn a_run_is_whole_with_its_end_and_no_sooner() {
        let whole = run();
        let id = whole.head.id.clone();
        let mut draft = Draft::new(id.clone());
        draft.take(told(&id, RunEvent::CutOff), 9).unwrap();
        assert!(draft.is_empty() && draft.done().is_none(), "its start comes first");
        for event in events(&whole) {
            draft.take(told(&id, event), 9).unwrap();
        }
        draft.take(told(&RunId::new(9, 9), RunEvent::CutOff), 9).unwrap();
        assert!(draft.done().is_none(), "another run ended");
        draft.take(told(&id, RunEvent::CutOff), 9).unwrap();
        let Some(Record::Benchmark(read)) = draft.done() else { panic!("it is whole") };
        assert_eq!((read.samples, read.tail), (whole.samples, None));
    }

    #[test]
    fn what_no_run_is_is_refused() {
        let whole = run();
        let id = whole.head.id.clone();
        let mut newer = whole.head.clone();
        newer.format = run::FORMAT + 1;
        let mut draft = Draft::new(id.clone());
        assert!(draft.take(told(&id, RunEvent::Started(Box::new(newer))), 9).is_err());
        let mut stray = whole.samples[0].clone();
        stray.cell = 9_999;
        let mut draft = Draft::new(id.clone());
        draft.take(told(&id, RunEvent::Started(Box::new(whole.head))), 9).unwrap();
        draft.take(told(&id, RunEvent::Sample(Box::new(stray))), 9).unwrap();
        assert!(draft.take(told(&id, RunEvent::Log(Vec::new())), 80 << 20).is_err(), "too much");
        draft.take(told(&id, RunEvent::CutOff), 9).unwrap_err();
    }

    #[test]
    fn a_workflows_run_begins_with_its_start_and_is_whole_with_its_end() {
        let id = RunId::new(7, 7);
        let flow = |event| What::Workflow { id: id.clone(), event };
        let head = |id: &RunId| WorkflowHead { id: Some(id.clone()), ..WorkflowHead::default() };
        let started = |id: &RunId| WorkflowEvent::Started(Box::new(head(id)));
        let mut draft = Draft::new(id.clone());
        assert!(draft.take(flow(started(&RunId::new(9, 9))), 9).is_err(), "another run");
        let lines = WorkflowEvent::Lines { lines: Vec::new(), dropped: 1 };
        assert!(draft.take(flow(lines.clone()), 9).is_err(), "its start comes first");
        draft.take(flow(started(&id)), 9).unwrap();
        draft.take(flow(lines.clone()), 9).unwrap();
        assert!(draft.done().is_none());
        // One that was cut off has no end of its own.
        draft.take(told(&id, RunEvent::CutOff), 9).unwrap();
        assert_eq!(draft.done(), Some(Record::Workflow(vec![started(&id), lines])));
    }
}
