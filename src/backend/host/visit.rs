//! One call's stay in a host: asked, heard, looked at, disposed of.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use super::exchange::{Exchange, asked};
use super::process::End;
use super::running::{Host, Warm};
use super::{CLOSING, Out, lines, longest};
use crate::backend::isolate::{Ask, Code, Tell};
use crate::backend::wire::{Call, Report, Run};
use crate::model::backend::Start;

/// One call under way.
pub(super) struct Visit<'a> {
    host: Host,
    call: &'a Call,
    exchange: Exchange,
    /// The isolate of each run.
    ids: Vec<u64>,
    /// Those that were there before.
    warm: Vec<Warm>,
    lifeline: BorrowedFd<'a>,
    began: Instant,
    /// Time that is not counted.
    left_out: Duration,
}

impl<'a> Visit<'a> {
    /// Asks `host`, which holds an idle isolate for each warm run, everything at once.
    pub(super) fn begin(mut host: Host, call: &'a Call, lifeline: BorrowedFd<'a>) -> Self {
        let warm = std::mem::take(&mut host.warm);
        let mut idle = warm.iter();
        let (mut ids, mut asks) = (Vec::new(), Vec::new());
        for run in &call.runs {
            let there = if run.start == Start::Warm { idle.next() } else { None };
            let id = there.map_or_else(|| host.id(), |warm| warm.id);
            if there.is_none() {
                asks.push(Ask::Create { id, start: run.start, heap_bytes: run.heap_bytes });
            }
            asks.push(asked(run, id, call.keep_bytes));
            ids.push(id);
        }
        let made: Vec<u64> = warm.iter().map(|warm| warm.id).collect();
        let exchange = Exchange::new(call, &ids, &made);
        let text = lines(&asks);
        let began = Instant::now();
        host.process.say(text);
        Self { host, call, exchange, ids, warm, lifeline, began, left_out: Duration::ZERO }
    }

    /// Hears it to its end; the host, if it is fit for another call.
    pub(super) fn conduct(mut self, out: Out<'_>) -> (Option<Host>, Vec<Report>) {
        let until = self.began + Duration::from_millis(self.call.timeout_ms);
        let settled = Exchange::is_settled(&self.exchange);
        let mut end =
            if settled { End::Heard } else { self.hear(until, out, Exchange::is_settled) };
        if end == End::Heard && !self.call.hold {
            end = self.look();
        }
        if end == End::Heard && !self.call.hold {
            end = self.dispose();
        }
        if end == End::Heard { self.leave() } else { self.fall(end) }
    }

    fn hear(&mut self, until: Instant, out: Out<'_>, enough: impl Fn(&Exchange) -> bool) -> End {
        let (began, left_out) = (self.began, self.left_out);
        let (exchange, stream) = (&mut self.exchange, self.call.stream);
        let longest = longest(self.call);
        self.host.process.hear(until, longest, self.lifeline, |tell: Tell, at| {
            let now = at.saturating_duration_since(began).saturating_sub(left_out);
            let piece = exchange.take(tell, nanoseconds(now))?;
            if let Some((on, bytes)) = piece.filter(|(_, bytes)| stream && !bytes.is_empty()) {
                out(on, bytes);
            }
            Ok(enough(exchange))
        })
    }

    /// Has the host tell the memory of those that ended well; this time is left out.
    fn look(&mut self) -> End {
        let began = Instant::now();
        let good = self.ids.iter().filter(|id| self.exchange.is_good(**id));
        let asks: Vec<Ask> = good.map(|id| Ask::Memory { id: *id }).collect();
        let count = asks.len();
        let end = self.close(&asks, move |exchange| exchange.measured() == count);
        self.left_out += began.elapsed();
        end
    }

    /// Takes away all but the warm ones that are good still.
    fn dispose(&mut self) -> End {
        let stays: Vec<u64> = self.staying().iter().map(|warm| warm.id).collect();
        let goes = self.ids.iter().filter(|id| !stays.contains(id));
        let asks: Vec<Ask> = goes.map(|id| Ask::Dispose { id: *id }).collect();
        let count = asks.len();
        self.close(&asks, move |exchange| exchange.gone() == count)
    }

    /// The warm ones that are fit for more. A user's code may have changed what it ran in, or have
    /// left something behind that runs on.
    fn staying(&self) -> Vec<Warm> {
        let users = |run: &Run| matches!(run.code, Code::Js(_) | Code::Wasm(_));
        let runs = self.ids.iter().zip(&self.call.runs);
        let own = runs.filter(|(id, run)| !users(run) && self.exchange.is_good(**id));
        let own: Vec<u64> = own.map(|(id, _)| *id).collect();
        self.warm.iter().copied().filter(|warm| own.contains(&warm.id)).collect()
    }

    fn close(&mut self, asks: &[Ask], enough: impl Fn(&Exchange) -> bool) -> End {
        if asks.is_empty() {
            return End::Heard;
        }
        self.host.process.say(lines(asks));
        self.hear(Instant::now() + CLOSING, &mut |_, _| {}, enough)
    }

    fn leave(mut self) -> (Option<Host>, Vec<Report>) {
        // What is held is used no more, and not disposed of either.
        self.host.warm = if self.call.hold { Vec::new() } else { self.staying() };
        let clean_ns = nanoseconds(self.began.elapsed().saturating_sub(self.left_out));
        let close = |report: &mut Report| {
            report.clean_ns = report.exited_ns.map(|_| clean_ns);
        };
        (Some(self.host), self.exchange.into_reports(close))
    }

    /// Ends the host: what it held is gone with it.
    fn fall(self, end: End) -> (Option<Host>, Vec<Report>) {
        let hung = end == End::Late && self.exchange.is_settled();
        let Self { host, mut exchange, began, left_out, .. } = self;
        let broken = host.fall(end);
        let now = nanoseconds(began.elapsed().saturating_sub(left_out));
        exchange.give_up(broken.fault(), &broken.explain(), broken.signal());
        let close = |report: &mut Report| {
            report.left_over = hung && report.exited_ns.is_none();
            report.exited_ns.get_or_insert(now);
            report.clean_ns = Some(now);
        };
        (None, exchange.into_reports(close))
    }
}

fn nanoseconds(length: Duration) -> u64 {
    u64::try_from(length.as_nanos()).unwrap_or(u64::MAX)
}
