//! The launcher's side of hosts: keeps one host of isolates and asks it what a call asks.
//!
//! A host is started, and isolates that are to be warm are made, before the clock runs. A host that
//! says nonsense, floods, hangs or dies is ended, each isolate it had gets its class of failure, and
//! the next call starts a new one. One thread, and it waits in `poll`.

mod exchange;
mod lines;
mod process;
mod running;
#[cfg(test)]
mod tests;
mod visit;

use std::os::fd::BorrowedFd;
use std::time::Duration;

#[cfg(feature = "wasm")]
pub(super) use self::lines::Lines;
use self::running::Host;
use self::visit::Visit;
use super::residue;
use super::wire::{Call, Report};
use crate::model::job::Stream;

/// Time for what is asked outside the work: to make what is warm, how much memory, to dispose.
const CLOSING: Duration = Duration::from_secs(2);
/// Time that a call may take beyond its own, greeting and end included.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
/// Longest line, beside what output can make of one: a result of 1 MiB, each letter of which may take
/// seven as JSON in JSON.
const LINE: usize = 8 << 20;
/// Time a host has to stop an isolate by itself, and to say so, after its deadline.
const GRACE_MS: u64 = 200;

/// Where output goes.
pub(super) type Out<'a> = &'a mut dyn FnMut(Stream, Vec<u8>);

/// Time after which a host is killed whose isolates have `deadline_ms`.
pub(super) const fn timeout_ms(deadline_ms: u64) -> u64 {
    deadline_ms.saturating_add(exchange::SLACK_MS).saturating_add(GRACE_MS)
}

/// Keeps a host between calls.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    host: Option<Host>,
}

impl Keeper {
    /// Has a host do what `call` says.
    pub(super) fn call(
        &mut self,
        call: &Call,
        lifeline: BorrowedFd<'_>,
        out: Out<'_>,
    ) -> Vec<Report> {
        let mut reports = self.converse(call, lifeline, out);
        let only = self.host.as_ref().map(|host| host.process.pid());
        if !residue::clear_beside(only, lifeline) {
            for report in &mut reports {
                report.left_over = true;
            }
        }
        reports
    }

    fn converse(&mut self, call: &Call, lifeline: BorrowedFd<'_>, out: Out<'_>) -> Vec<Report> {
        let host = match self.take(call, lifeline) {
            Ok(host) => host,
            Err(why) => return refused(call, &why),
        };
        let (host, reports) = Visit::begin(host, call, lifeline).conduct(out);
        self.host = host;
        reports
    }

    /// Ends the host.
    pub(super) fn end(&mut self) {
        if let Some(host) = self.host.take() {
            host.process.end(Duration::ZERO);
        }
    }

    /// The host that `call` wants: the one that runs if it is, else a new one.
    fn take(&mut self, call: &Call, lifeline: BorrowedFd<'_>) -> Result<Host, String> {
        if let Some(mut host) = self.host.take() {
            if host.suits(call, lifeline) {
                return host.warm_up(call, lifeline);
            }
            host.process.end(Duration::ZERO);
        }
        Host::start(call, lifeline)?.warm_up(call, lifeline)
    }
}

/// What is said of each run of a call whose host is not there.
fn refused(call: &Call, why: &str) -> Vec<Report> {
    let report = |_| Report { start_error: Some(why.to_owned()), ..Report::default() };
    call.runs.iter().map(report).collect()
}

/// Longest line that a host may say during `call`: output written as JSON is up to six times as long.
fn longest(call: &Call) -> usize {
    usize::try_from(call.keep_bytes.saturating_mul(8)).unwrap_or(usize::MAX).saturating_add(LINE)
}

/// What `asks` are on the wire.
fn lines(asks: &[super::isolate::Ask]) -> Vec<u8> {
    let mut text = Vec::new();
    for ask in asks {
        let written = serde_json::to_writer(&mut text, ask);
        debug_assert!(written.is_ok(), "an ask is JSON and memory takes any text");
        text.push(b'\n');
    }
    text
}
