//! A run that is kept here, told again to the isomon at the other end: in pages of whole lines, between
//! which everything else is told.
//!
//! Lines of it are from [`SourceId::stored`] and the last is its end, or that it was cut off; of a
//! workflow's run the last is always that, for it may have several ends or none. What would be more than
//! a page of its own is let go of, and so are samples beyond the latest.

use bytes::{BufMut, Bytes, BytesMut};

use crate::model::id::{RunId, SourceId};
use crate::model::live::{Line, RUN_BYTES, RUN_SAMPLES};
use crate::model::run::{Record, Run, RunEvent};
use crate::model::time::Stamp;
use crate::model::update::{Update, What};
use crate::model::workflow::WorkflowEvent;
use crate::serve::live;

/// Bytes of a page; the event that reaches them is its last.
const PAGE: usize = 64 << 10;
/// Longest line that the other end takes.
const LONGEST: usize = 4 << 20;
/// Lines of a log in an event.
const LOG: usize = 500;

/// A run as it is told.
pub(super) struct Reading {
    events: Box<dyn Iterator<Item = What> + Send>,
    told: usize,
}

impl Reading {
    /// All of run `id`.
    pub(super) fn of(id: &RunId, record: Record) -> Self {
        let (id, own) = (id.clone(), id.clone());
        let run = move |event| What::Run { id: id.clone(), event };
        let flow = move |event| What::Workflow { id: own.clone(), event };
        let events: Box<dyn Iterator<Item = What> + Send> = match record {
            Record::Benchmark(whole) => Box::new(events(*whole).map(run)),
            Record::Workflow(told) => {
                Box::new(told.into_iter().map(flow).chain([run(RunEvent::CutOff)]))
            }
        };
        Self { events, told: 0 }
    }

    /// The next page; `None` when all is told.
    pub(super) fn page(&mut self, at: Stamp, seq: u64) -> Option<Bytes> {
        let mut page = BytesMut::new();
        while page.len() < PAGE {
            let Some(what) = self.events.next() else { break };
            let is_end = matches!(
                what,
                What::Run { event: RunEvent::Ended(_) | RunEvent::CutOff, .. }
                    | What::Workflow { event: WorkflowEvent::Ended(_), .. }
            );
            let update = Update { at, from: SourceId::stored(), what };
            let line = live::line(&Line { seq, update });
            // Of what is too much the end is told all the same.
            if line.len() <= LONGEST && (is_end || self.told + line.len() <= RUN_BYTES) {
                self.told += line.len();
                page.put_slice(&line);
            }
        }
        (!page.is_empty()).then(|| page.freeze())
    }
}

/// What happened in `run`; the last is its end.
fn events(run: Run) -> impl Iterator<Item = RunEvent> + Send {
    let Run { head, samples, steps, moments, log, checkpoints, workers, tail, .. } = run;
    let beyond = samples.len().saturating_sub(RUN_SAMPLES);
    let log: Vec<RunEvent> = log.chunks(LOG).map(|lines| RunEvent::Log(lines.to_vec())).collect();
    let end = tail.map_or(RunEvent::CutOff, |tail| RunEvent::Ended(Box::new(tail)));
    std::iter::once(RunEvent::Started(Box::new(head)))
        .chain(samples.into_iter().skip(beyond).map(|of| RunEvent::Sample(Box::new(of))))
        .chain(steps.into_iter().map(|step| RunEvent::Step(Box::new(step))))
        .chain(moments.into_iter().map(|moment| RunEvent::Moment(Box::new(moment))))
        .chain(log)
        .chain(checkpoints.into_iter().map(|reached| RunEvent::Checkpoint(Box::new(reached))))
        .chain((!workers.is_empty()).then_some(RunEvent::Workers(workers)))
        .chain([end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::run_sample::run;

    #[test]
    fn a_run_is_told_in_pages_and_is_the_same_again() {
        let whole = run();
        let mut reading = Reading::of(&whole.head.id, Record::Benchmark(Box::new(whole.clone())));
        let (mut again, mut pages) = (Run::begun(whole.head.clone()), 0);
        while let Some(page) = reading.page(Stamp::default(), 7) {
            pages += 1;
            for line in page.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let line: Line = serde_json::from_slice(line).unwrap();
                assert_eq!((line.seq, line.update.from.is_kept()), (7, true));
                let What::Run { id, event } = line.update.what else { panic!() };
                assert_eq!(id, whole.head.id);
                again.take(event);
            }
        }
        assert!(pages > 0);
        assert_eq!(again, Run { files: Vec::new(), ..whole.clone() });
        let cut = Run { tail: None, ..whole };
        assert!(matches!(events(cut).last(), Some(RunEvent::CutOff)));
    }
}
