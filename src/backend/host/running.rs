//! A host that is up: its greeting, the isolates that wait in it, and why it is up no more.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use super::process::{End, Ended, Process};
use super::{CLOSING, LINE, lines};
use crate::backend::isolate::{Ask, Fault, Tell};
use crate::backend::wire::Call;
use crate::model::backend::Start;

/// Time a host has to say that it is up.
const GREETING: Duration = Duration::from_secs(10);
/// Time in which a host that closed its output must have ended.
const DEATH: Duration = Duration::from_millis(100);

/// A host that is up.
#[derive(Debug)]
pub(super) struct Host {
    argv: Vec<String>,
    env: Vec<(String, String)>,
    /// Its process.
    pub process: Process,
    /// The id of the next isolate.
    next: u64,
    /// Idle isolates, as many as the call under way wants, and the memory each may have.
    pub warm: Vec<Warm>,
}

/// An isolate that was made before it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Warm {
    /// Its id.
    pub id: u64,
    /// Memory it may have.
    pub heap_bytes: u64,
}

/// Why there is no host any more.
#[derive(Debug)]
pub(super) struct Broken {
    end: End,
    ended: Ended,
}

impl Host {
    /// Starts one and waits for its greeting.
    pub(super) fn start(call: &Call, lifeline: BorrowedFd<'_>) -> Result<Self, String> {
        let process = Process::start(&call.argv, &call.env);
        let process = process.map_err(|error| format!("the host does not start: {error}"))?;
        let (argv, env) = (call.argv.clone(), call.env.clone());
        let mut host = Self { argv, env, process, next: 1, warm: Vec::new() };
        let until = Instant::now() + GREETING;
        let end = host.process.hear(until, LINE, lifeline, |tell, _| match tell {
            Tell::Hello { .. } => Ok(true),
            _ => Err("no greeting".to_owned()),
        });
        if end == End::Heard { Ok(host) } else { Err(host.fall(end).explain()) }
    }

    /// Whether it is the host that `call` wants, and fit for it.
    pub(super) fn suits(&mut self, call: &Call, lifeline: BorrowedFd<'_>) -> bool {
        self.argv == call.argv && self.env == call.env && self.process.is_idle(lifeline)
    }

    /// Ends it, because of `end`.
    pub(super) fn fall(self, end: End) -> Broken {
        let grace = if end == End::Dead { DEATH } else { Duration::ZERO };
        Broken { end, ended: self.process.end(grace) }
    }

    /// An id that none of its isolates had.
    pub(super) fn id(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// Leaves it with an idle isolate for each warm run of `call`, and no other.
    pub(super) fn warm_up(mut self, call: &Call, lifeline: BorrowedFd<'_>) -> Result<Self, String> {
        let mut idle = std::mem::take(&mut self.warm);
        let mut asks = Vec::new();
        for run in call.runs.iter().filter(|run| run.start == Start::Warm) {
            let heap_bytes = run.heap_bytes;
            let fits = idle.iter().position(|warm| warm.heap_bytes == heap_bytes);
            let warm = fits.map_or_else(
                || {
                    let id = self.id();
                    asks.push(Ask::Create { id, start: Start::Warm, heap_bytes });
                    Warm { id, heap_bytes }
                },
                |place| idle.swap_remove(place),
            );
            self.warm.push(warm);
        }
        asks.extend(idle.iter().map(|warm| Ask::Dispose { id: warm.id }));
        if asks.is_empty() { Ok(self) } else { self.settle(&asks, lifeline) }
    }

    /// Asks for isolates to be made and to be taken away, and waits for it.
    fn settle(mut self, asks: &[Ask], lifeline: BorrowedFd<'_>) -> Result<Self, String> {
        self.process.say(lines(asks));
        let mut left = asks.len();
        let end = self.process.hear(Instant::now() + CLOSING, LINE, lifeline, |tell, _| {
            let wanted = |ask: &Ask| match (ask, &tell) {
                (Ask::Create { id, .. }, Tell::Created { id: told })
                | (Ask::Dispose { id }, Tell::Disposed { id: told }) => id == told,
                _ => false,
            };
            if let Tell::Failed { message, .. } = tell {
                return Err(message);
            }
            let known = asks.iter().any(wanted).then_some(()).ok_or("an answer nobody asked for");
            left -= 1;
            known.map(|()| left == 0).map_err(str::to_owned)
        });
        if end == End::Heard { Ok(self) } else { Err(self.fall(end).explain()) }
    }
}

impl Broken {
    /// How its isolates failed by it.
    pub(super) fn fault(&self) -> Fault {
        match self.end {
            End::Late => Fault::Deadline,
            _ if self.memory().is_some() => Fault::Memory,
            _ => Fault::Error,
        }
    }

    /// The signal that ended it, unless we sent it.
    pub(super) const fn signal(&self) -> Option<i32> {
        self.ended.signal
    }

    /// For a person.
    pub(super) fn explain(&self) -> String {
        match &self.end {
            End::Late => "the host did not answer in time".to_owned(),
            End::Nonsense(why) => format!("the host makes no sense: {why}"),
            End::Heard | End::Alone => "the host was ended".to_owned(),
            End::Dead => {
                let last = || self.ended.complaint.lines().rev().find(|line| !line.is_empty());
                let status = self.ended.status.map(|status| format!("status {status}"));
                let told = self.memory().or_else(last).or(status.as_deref());
                told.map_or_else(
                    || "the host ended".to_owned(),
                    |told| format!("the host ended: {told}"),
                )
            }
        }
    }

    /// The line in which it said that it had no memory left.
    fn memory(&self) -> Option<&str> {
        let said = |line: &&str| {
            let line = line.to_lowercase();
            line.contains("out of memory") || line.contains("memory allocation of")
        };
        self.ended.complaint.lines().find(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead(complaint: &str, signal: Option<i32>) -> Broken {
        let complaint = complaint.to_owned();
        Broken { end: End::Dead, ended: Ended { status: None, signal, complaint } }
    }

    #[test]
    fn a_host_that_dies_of_memory_says_so() {
        let rows = [
            ("# Fatal JavaScript out of memory: Reached heap limit\n#\n", Fault::Memory),
            ("memory allocation of 4096 bytes failed\n", Fault::Memory),
            ("panicked\n", Fault::Error),
            ("", Fault::Error),
        ];
        for (complaint, wanted) in rows {
            assert_eq!(dead(complaint, Some(6)).fault(), wanted, "{complaint}");
        }
        assert_eq!(dead("note\nlast\n\n", None).explain(), "the host ended: last");
    }
}
