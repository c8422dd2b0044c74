//! What a host's answers mean for the isolates of one call. Pure: times are given.
//!
//! Each isolate goes through the same stages, and a word that does not belong to its stage ends the
//! host: it may hold an isolate that speaks through it.

use std::collections::HashMap;

use crate::backend::isolate::{Ask, Fault, Tell};
use crate::backend::wire::{Call, Report, Run};
use crate::model::job::Stream;

/// Time beyond its deadline in which code may still be stopped.
pub(super) const SLACK_MS: u64 = 50;
/// Text kept of the first line of output.
const FIRST_LINE: usize = 256;
/// Text kept of what it said on standard error.
const COMPLAINT: usize = 4096;

/// How far an isolate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Asked,
    Created,
    Settled,
    Gone,
}

/// One isolate of a call.
#[derive(Debug)]
struct Seat {
    id: u64,
    nonce: String,
    deadline_ns: u64,
    stage: Stage,
    said_bytes: u64,
    report: Report,
}

/// All isolates of a call.
#[derive(Debug)]
pub(super) struct Exchange {
    seats: Vec<Seat>,
    places: HashMap<u64, usize>,
    keep_bytes: u64,
    unsettled: usize,
    measured: usize,
    gone: usize,
}

/// A piece of output to be passed on.
pub(super) type Piece = (Stream, Vec<u8>);

impl Exchange {
    /// The runs of `call`, the isolate of each with the id in `ids`; those in `made` exist already.
    pub(super) fn new(call: &Call, ids: &[u64], made: &[u64]) -> Self {
        let seat = |(run, id): (&Run, &u64)| Seat {
            id: *id,
            nonce: nonce(run),
            deadline_ns: run.deadline_ms.saturating_add(SLACK_MS).saturating_mul(1_000_000),
            stage: if made.contains(id) { Stage::Created } else { Stage::Asked },
            said_bytes: 0,
            report: Report::default(),
        };
        Self {
            seats: call.runs.iter().zip(ids).map(seat).collect(),
            places: ids.iter().copied().zip(0..).collect(),
            keep_bytes: call.keep_bytes,
            unsettled: ids.len(),
            measured: 0,
            gone: 0,
        }
    }

    /// Whether each is done or failed.
    pub(super) const fn is_settled(&self) -> bool {
        self.unsettled == 0
    }

    /// How many told their memory.
    pub(super) const fn measured(&self) -> usize {
        self.measured
    }

    /// How many are gone.
    pub(super) const fn gone(&self) -> usize {
        self.gone
    }

    /// Whether the isolate `id` ended well and can be used again.
    pub(super) fn is_good(&self, id: u64) -> bool {
        let seat = self.places.get(&id).and_then(|place| self.seats.get(*place));
        seat.is_some_and(|seat| seat.stage == Stage::Settled && seat.report.fault.is_none())
    }

    /// Takes what was said at `now_ns`; output that is to be passed on, or why it makes no sense.
    pub(super) fn take(&mut self, tell: Tell, now_ns: u64) -> Result<Option<Piece>, String> {
        let id = id_of(&tell).ok_or("a second greeting")?;
        let place = self.places.get(&id).ok_or("an id that was not given")?;
        let seat = self.seats.get_mut(*place).ok_or("an id that was not given")?;
        let before = seat.stage;
        self.measured += usize::from(matches!(tell, Tell::Memory { .. }));
        let piece = seat.take(tell, now_ns, self.keep_bytes)?;
        if seat.stage != before {
            self.unsettled -= usize::from(seat.stage == Stage::Settled);
            self.gone += usize::from(seat.stage == Stage::Gone);
        }
        Ok(piece)
    }

    /// Ends each that is not settled with `fault`; `why` for a person, and how the host ended.
    pub(super) fn give_up(&mut self, fault: Fault, why: &str, signal: Option<i32>) {
        for seat in &mut self.seats {
            if matches!(seat.stage, Stage::Asked | Stage::Created) {
                seat.report.signal = signal;
                seat.fail(fault, why);
            }
        }
        self.unsettled = 0;
    }

    /// What became of them; `close` finishes each.
    pub(super) fn into_reports(self, close: impl Fn(&mut Report)) -> Vec<Report> {
        let reports = self.seats.into_iter().map(|mut seat| {
            close(&mut seat.report);
            seat.report
        });
        reports.collect()
    }
}

impl Seat {
    fn take(&mut self, tell: Tell, now_ns: u64, keep: u64) -> Result<Option<Piece>, String> {
        match (tell, self.stage) {
            (Tell::Created { .. }, Stage::Asked) => {
                self.stage = Stage::Created;
                self.report.created_ns = Some(now_ns);
            }
            (Tell::Ready { nonce, .. }, Stage::Created) => {
                // Another nonce does not count, as in a program's output.
                if nonce == self.nonce {
                    self.report.ready_ns.get_or_insert(now_ns);
                }
            }
            (Tell::Output { stream, text, .. }, Stage::Created) => {
                return self.hear(stream, text, keep);
            }
            (Tell::Done { value, dropped_bytes, .. }, Stage::Created) => {
                self.finish(value, dropped_bytes, now_ns);
            }
            (
                Tell::Failed { kind, message, status, dropped_bytes, .. },
                Stage::Asked | Stage::Created,
            ) => {
                self.report.status = status;
                self.report.dropped_bytes += dropped_bytes;
                self.fail(kind, &message);
            }
            // What could not be made cannot run either; a host may say so twice.
            (Tell::Failed { .. }, Stage::Settled) if self.report.fault.is_some() => {}
            (Tell::Memory { used_bytes, .. }, Stage::Settled)
                if self.report.used_bytes.is_none() =>
            {
                self.report.used_bytes = Some(used_bytes);
            }
            (Tell::Disposed { .. }, Stage::Settled) => {
                self.stage = Stage::Gone;
                self.report.exited_ns = Some(now_ns);
            }
            (tell, stage) => return Err(format!("{} when it was {stage:?}", name(&tell))),
        }
        Ok(None)
    }

    fn finish(&mut self, value: String, dropped_bytes: u64, now_ns: u64) {
        self.stage = Stage::Settled;
        self.report.done_ns = Some(now_ns);
        self.report.status = Some(0);
        self.report.dropped_bytes += dropped_bytes;
        self.report.value = Some(value);
        if now_ns > self.deadline_ns {
            self.report.fault = Some(Fault::Deadline);
        }
    }

    fn fail(&mut self, fault: Fault, why: &str) {
        self.stage = Stage::Settled;
        self.report.fault = Some(fault);
        self.complain(why, COMPLAINT);
        if fault == Fault::Create {
            self.report.start_error = Some(why.to_owned());
        }
    }

    /// Output within what was allowed; a host that does not bound it makes no sense. Text may be
    /// three times as long as the bytes it stands for.
    fn hear(&mut self, stream: Stream, text: String, keep: u64) -> Result<Option<Piece>, String> {
        let length = text.len() as u64;
        let room = keep.saturating_sub(self.said_bytes);
        self.said_bytes += length;
        if self.said_bytes > keep.saturating_mul(3).saturating_add(4096) {
            return Err("more output than was allowed".to_owned());
        }
        if stream == Stream::Error {
            self.complain(&text, COMPLAINT / 2);
        }
        if self.report.first_line.is_empty() {
            let line = text.lines().next().unwrap_or_default();
            self.report.first_line = line.chars().take(FIRST_LINE).collect();
        }
        self.report.dropped_bytes += length.saturating_sub(room);
        let mut bytes = text.into_bytes();
        bytes.truncate(usize::try_from(room).unwrap_or(usize::MAX));
        Ok(Some((stream, bytes)))
    }

    /// Adds to what it complained about, up to `most` bytes; what is said last has a line of its own.
    fn complain(&mut self, text: &str, most: usize) {
        let told = &mut self.report.complaint;
        if most == COMPLAINT && !told.is_empty() && !told.ends_with('\n') && !text.is_empty() {
            told.push('\n');
        }
        told.extend(text.chars().take(most.saturating_sub(told.len())));
    }
}

/// What a run is asked, for the isolate `id`.
pub(super) fn asked(run: &Run, id: u64, keep_bytes: u64) -> Ask {
    Ask::Run {
        id,
        nonce: nonce(run),
        code: run.code.clone(),
        input: run.input.clone(),
        deadline_ms: run.deadline_ms,
        output_bytes: keep_bytes,
    }
}

fn nonce(run: &Run) -> String {
    format!("{:016x}", run.nonce)
}

const fn id_of(tell: &Tell) -> Option<u64> {
    match tell {
        Tell::Hello { .. } => None,
        Tell::Created { id }
        | Tell::Ready { id, .. }
        | Tell::Output { id, .. }
        | Tell::Done { id, .. }
        | Tell::Failed { id, .. }
        | Tell::Memory { id, .. }
        | Tell::Disposed { id } => Some(*id),
    }
}

const fn name(tell: &Tell) -> &'static str {
    match tell {
        Tell::Hello { .. } => "hello",
        Tell::Created { .. } => "created",
        Tell::Ready { .. } => "ready",
        Tell::Output { .. } => "output",
        Tell::Done { .. } => "done",
        Tell::Failed { .. } => "failed",
        Tell::Memory { .. } => "memory",
        Tell::Disposed { .. } => "disposed",
    }
}
