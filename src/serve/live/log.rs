//! The latest updates of this machine as the lines they are told by.
//!
//! It is bounded in number and bytes. Periodic samples go first, and are counted when somebody asks for
//! what came after them; when an event has to go, who asks for what is before it is told to begin anew.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;

use super::line;
use crate::model::live::Line;
use crate::model::update::{Update, What};

/// Most updates.
const UPDATES: usize = 4_096;
/// Most bytes of them.
const BYTES: usize = 8 << 20;
/// Most periodic samples among them, and their bytes: two minutes of a usual pace.
const SAMPLES: usize = 128;
/// Most bytes of periodic samples.
const SAMPLE_BYTES: usize = 1 << 20;

/// The latest updates.
#[derive(Debug)]
pub struct Log {
    inner: Mutex<Inner>,
    latest: watch::Sender<Latest>,
}

/// Numbers of the latest updates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Latest {
    /// Of any.
    deep: u64,
    /// Of one that is no list of processes.
    shallow: u64,
}

#[derive(Debug, Default)]
struct Inner {
    events: VecDeque<Entry>,
    samples: VecDeque<Entry>,
    event_bytes: usize,
    sample_bytes: usize,
    /// Number of the last event that is gone.
    lost: u64,
    last: u64,
}

#[derive(Clone, Debug)]
struct Entry {
    seq: u64,
    processes: bool,
    line: Bytes,
}

/// Lines out of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// Number of the last.
    pub(super) last: u64,
    /// Periodic samples among them that are gone.
    pub(super) skipped: u64,
    /// The lines.
    pub(super) lines: Vec<Bytes>,
}

impl Default for Log {
    fn default() -> Self {
        Self { inner: Mutex::default(), latest: watch::channel(Latest::default()).0 }
    }
}

impl Log {
    /// Takes in what happened.
    pub fn push(&self, update: &Update) {
        let processes = matches!(update.what, What::Processes(_));
        let mut inner = self.lock();
        inner.last += 1;
        let seq = inner.last;
        let line = line(&Line { seq, update: update.clone() });
        inner.keep(Entry { seq, processes, line }, update.what.is_periodic());
        drop(inner);
        self.latest.send_modify(|latest| {
            latest.deep = seq;
            if !processes {
                latest.shallow = seq;
            }
        });
    }

    /// Number of the latest update.
    pub fn last(&self) -> u64 {
        self.lock().last
    }

    /// What came after number `after`, about `room` bytes of it at most; `None` if an event of it is
    /// gone, or if there never was such a number.
    pub(super) fn since(&self, after: u64, deep: bool, room: usize) -> Option<Taken> {
        let inner = self.lock();
        if after < inner.lost || after > inner.last {
            return None;
        }
        let (mut taken, mut bytes, mut seen) = (Taken::default(), 0, after);
        let mut skipped = 0;
        for entry in inner.merged(after) {
            if bytes >= room {
                return Some(Taken { last: seen, skipped, ..taken });
            }
            skipped += entry.seq - seen - 1;
            seen = entry.seq;
            if deep || !entry.processes {
                bytes += entry.line.len();
                taken.lines.push(entry.line.clone());
            }
        }
        Some(Taken { last: inner.last, skipped: skipped + inner.last - seen, ..taken })
    }

    /// Waits for an update after number `after` that is told.
    pub(super) async fn beyond(&self, after: u64, deep: bool) {
        let mut latest = self.latest.subscribe();
        let beyond = |latest: &Latest| if deep { latest.deep } else { latest.shallow } > after;
        // The sender lives as long as the log.
        latest.wait_for(beyond).await.map(drop).unwrap_or_default();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn keep(&mut self, entry: Entry, periodic: bool) {
        if periodic {
            self.sample_bytes += entry.line.len();
            self.samples.push_back(entry);
        } else {
            self.event_bytes += entry.line.len();
            self.events.push_back(entry);
        }
        while self.samples.len() > SAMPLES || self.sample_bytes > SAMPLE_BYTES || self.is_full() {
            let Some(gone) = self.samples.pop_front() else { break };
            self.sample_bytes -= gone.line.len();
        }
        while self.is_full() {
            let Some(gone) = self.events.pop_front() else { break };
            self.event_bytes -= gone.line.len();
            self.lost = gone.seq;
        }
    }

    fn is_full(&self) -> bool {
        self.events.len() + self.samples.len() > UPDATES
            || self.event_bytes + self.sample_bytes > BYTES
    }

    /// Events and samples after number `after`, by number.
    fn merged(&self, after: u64) -> impl Iterator<Item = &Entry> {
        let from = |entries: &VecDeque<Entry>| entries.partition_point(|entry| entry.seq <= after);
        let mut events = self.events.range(from(&self.events)..).peekable();
        let mut samples = self.samples.range(from(&self.samples)..).peekable();
        std::iter::from_fn(move || {
            let event = events.peek().map_or(u64::MAX, |entry| entry.seq);
            let sample = samples.peek().map_or(u64::MAX, |entry| entry.seq);
            if event < sample { events.next() } else { samples.next() }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::SourceId;
    use crate::model::time::Stamp;

    fn push(log: &Log, what: What) {
        log.push(&Update { at: Stamp::default(), from: SourceId::local(), what });
    }

    fn numbers(taken: &Taken) -> Vec<u64> {
        let read = |line: &Bytes| serde_json::from_slice::<Line>(line).unwrap().seq;
        taken.lines.iter().map(read).collect()
    }

    #[test]
    fn what_came_after_a_number_is_told_in_order_and_processes_if_wanted() {
        let log = Log::default();
        push(&log, What::Node(Box::default()));
        push(&log, What::Lost(1));
        push(&log, What::Processes(Vec::new()));
        push(&log, What::Node(Box::default()));
        assert_eq!(numbers(&log.since(1, false, usize::MAX).unwrap()), [2, 4]);
        assert_eq!(numbers(&log.since(1, true, usize::MAX).unwrap()), [2, 3, 4]);
        assert_eq!(log.since(4, true, usize::MAX).unwrap(), Taken { last: 4, ..Taken::default() });
        assert_eq!(log.since(5, true, usize::MAX), None, "there never was such a number");
    }

    #[test]
    fn samples_that_are_gone_are_counted_and_events_never_go_in_silence() {
        let log = Log::default();
        push(&log, What::Lost(1));
        for _ in 0..SAMPLES + 10 {
            push(&log, What::Node(Box::default()));
        }
        let taken = log.since(0, false, usize::MAX).unwrap();
        assert_eq!((taken.skipped, taken.lines.len()), (10, SAMPLES + 1));
        for number in 0..UPDATES as u64 {
            push(&log, What::Lost(number));
        }
        assert_eq!(log.since(0, false, usize::MAX), None);
        let first = log.lock().lost;
        let taken = log.since(first, false, usize::MAX).unwrap();
        assert_eq!(taken.lines.len(), UPDATES);
        assert_eq!(first + taken.skipped + UPDATES as u64, log.last());
    }

    #[test]
    fn bytes_are_bounded_and_taken_piece_by_piece() {
        let log = Log::default();
        let process = crate::model::process::Process::default();
        for _ in 0..20 {
            push(&log, What::Processes(vec![process.clone(); 1_000]));
        }
        let inner = log.lock();
        assert!(inner.sample_bytes <= SAMPLE_BYTES && inner.samples.len() < 20);
        drop(inner);
        let piece = log.since(log.last() - 2, true, 1).unwrap();
        assert_eq!((piece.lines.len(), piece.last), (1, log.last() - 1));
    }
}
