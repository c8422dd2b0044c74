//! What a streaming program says, on its way to the camp.
//!
//! It is bounded, the rest is counted; the marker, which is ours, is taken out. What the camp does
//! not take yet waits here, up to a bound beyond which the program's pipes are left alone, so that a
//! slow reader holds up the program and never the watch over it: nothing here blocks before the end.

use std::collections::VecDeque;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};

use super::flow::{Flow, Piece};
use super::payload::READY;
use super::wire::{Launch, Said};
use crate::model::job::Stream;

/// Bytes that may wait before nothing more is read.
const WAITING: usize = 1 << 20;
/// Bytes that a pipe takes without blocking when it is ready for any.
const AT_ONCE: usize = 4096;

/// Output under way.
#[derive(Debug, Default)]
pub(super) struct Outflow {
    wanted: bool,
    room: u64,
    dropped: u64,
    flow: Flow,
    marker: Marker,
    /// Lines to write, the first of them begun.
    waiting: VecDeque<Vec<u8>>,
    /// Of the first line, what is written.
    written: usize,
    /// Bytes of all lines.
    length: usize,
}

impl Outflow {
    /// What `launch` says, if anybody wants to hear it as it comes.
    pub(super) fn new(launch: &Launch) -> Self {
        Self {
            wanted: launch.stream,
            room: launch.keep_bytes,
            flow: Flow::new(launch.pace),
            marker: Marker::new(launch.nonce),
            ..Self::default()
        }
    }

    /// Takes what was read.
    pub(super) fn take(&mut self, stream: Stream, bytes: &[u8]) {
        if !self.wanted {
            return;
        }
        match stream {
            Stream::Output => {
                let bytes = self.marker.take_out(bytes);
                self.enter(stream, &bytes);
            }
            Stream::Error => self.enter(stream, bytes),
        }
    }

    fn enter(&mut self, stream: Stream, bytes: &[u8]) {
        if self.flow.is_free() {
            return self.pass(stream, bytes);
        }
        let due = self.flow.take(stream, bytes, Instant::now());
        self.pass_all(due);
    }

    /// Passes on what waited for its turn.
    pub(super) fn go_on(&mut self) {
        if self.flow.nap().is_some() {
            let due = self.flow.due(Instant::now());
            self.pass_all(due);
        }
    }

    /// How long nobody needs to look, if nothing more is said.
    pub(super) fn nap(&self) -> Option<Duration> {
        self.flow.nap()
    }

    fn pass_all(&mut self, pieces: Vec<Piece>) {
        for (stream, piece) in pieces {
            self.pass(stream, &piece);
        }
    }

    fn pass(&mut self, stream: Stream, bytes: &[u8]) {
        let room = usize::try_from(self.room).unwrap_or(usize::MAX);
        let (kept, rest) = bytes.split_at(bytes.len().min(room));
        self.room -= kept.len() as u64;
        self.dropped += rest.len() as u64;
        if kept.is_empty() {
            return;
        }
        if let Ok(mut line) = serde_json::to_vec(&Said::Output(stream, kept.to_owned())) {
            line.push(b'\n');
            self.length += line.len();
            self.waiting.push_back(line);
        }
    }

    /// Bytes beyond the bound; `None` where nothing is streamed.
    pub(super) fn dropped(&self) -> Option<u64> {
        self.wanted.then_some(self.dropped + self.flow.dropped())
    }

    /// Whether the program is to wait.
    pub(super) fn is_full(&self) -> bool {
        self.length >= WAITING
    }

    /// Whether there is something to write.
    pub(super) fn has_some(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Writes a little; standard output must be ready for it.
    pub(super) fn write(&mut self) {
        let Some(line) = self.waiting.front() else { return };
        let rest = line.get(self.written..).unwrap_or_default();
        let some = rest.get(..AT_ONCE).unwrap_or(rest);
        match rustix::io::write(rustix::stdio::stdout(), some) {
            Ok(length) => self.count(length),
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            // Nobody is left to tell.
            Err(_) => self.waiting.clear(),
        }
    }

    fn count(&mut self, length: usize) {
        self.written += length;
        if self.waiting.front().is_some_and(|line| line.len() <= self.written) {
            self.waiting.pop_front();
            self.length -= std::mem::take(&mut self.written);
        }
    }

    /// Writes the rest, however long it takes, unless the other end of `lifeline` closes.
    pub(super) fn finish(&mut self, lifeline: BorrowedFd<'_>) {
        let rest = std::mem::take(&mut self.marker).rest();
        self.enter(Stream::Output, &rest);
        let late = self.flow.rest();
        self.pass_all(late);
        while self.has_some() {
            let mut polled = [
                PollFd::from_borrowed_fd(rustix::stdio::stdout(), PollFlags::OUT),
                PollFd::from_borrowed_fd(lifeline, PollFlags::empty()),
            ];
            // An interrupted wait reads as nothing happened, and is begun again.
            rustix::event::poll(&mut polled, None).ok();
            if !polled[1].revents().is_empty() {
                return;
            }
            if !polled[0].revents().is_empty() {
                self.write();
            }
        }
    }
}

/// The line with the nonce, looked for at the beginning of each line until it comes.
#[derive(Debug, Default)]
struct Marker {
    /// The line; empty when it has come.
    line: Vec<u8>,
    /// What may be its beginning.
    held: Vec<u8>,
    /// In the midst of another line.
    amid: bool,
}

impl Marker {
    fn new(nonce: u64) -> Self {
        Self { line: format!("{READY} {nonce:016x}\n").into_bytes(), ..Self::default() }
    }

    /// `bytes`, and what was held before them, without it.
    fn take_out(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut left = std::mem::take(&mut self.held);
        left.extend_from_slice(bytes);
        let mut passed = Vec::with_capacity(left.len());
        while !self.line.is_empty() && !left.is_empty() {
            if !self.amid && left.starts_with(&self.line) {
                left.drain(..self.line.len());
                self.line.clear();
            } else if !self.amid && self.line.starts_with(&left) {
                self.held = left;
                return passed;
            } else {
                let end = left.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
                self.amid = end.is_none();
                passed.extend(left.drain(..end.unwrap_or(left.len())));
            }
        }
        passed.extend(left);
        passed
    }

    fn rest(self) -> Vec<u8> {
        self.held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(pieces: &[&str]) -> String {
        let mut marker = Marker::new(0xab);
        let mut all: Vec<u8> =
            pieces.iter().flat_map(|piece| marker.take_out(piece.as_bytes())).collect();
        all.extend(marker.rest());
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn the_marker_goes_wherever_it_is_cut_and_nothing_else_does() {
        let marker = "ISOMON-READY 00000000000000ab\n";
        for at in 0..=marker.len() {
            let (one, two) = marker.split_at(at);
            assert_eq!(without(&[one, two, "out"]), "out");
            let later = without(&["warning\n", one, two, "out\n", marker]);
            assert_eq!(later, format!("warning\nout\n{marker}"));
        }
        assert_eq!(without(&["x", marker]), format!("x{marker}"));
        assert_eq!(without(&["ISOMON-READY 00"]), "ISOMON-READY 00");
        assert_eq!(
            without(&["ISOMON-READY 0000000000000001\n"]),
            "ISOMON-READY 0000000000000001\n"
        );
    }

    #[test]
    fn what_is_too_much_is_counted_on_both_streams_together() {
        let launch = Launch { stream: true, keep_bytes: 10, ..Launch::default() };
        let mut out = Outflow::new(&launch);
        out.take(Stream::Output, b"123456");
        out.take(Stream::Error, b"123456");
        out.take(Stream::Output, b"123456");
        assert_eq!(out.dropped(), Some(8));
        assert_eq!(Outflow::new(&Launch::default()).dropped(), None);
    }

    #[test]
    fn a_reader_that_does_not_read_stops_the_program_not_us() {
        let launch = Launch { stream: true, keep_bytes: u64::MAX, ..Launch::default() };
        let mut out = Outflow::new(&launch);
        while !out.is_full() {
            out.take(Stream::Error, &[b'x'; 4096]);
        }
        assert!(out.length < WAITING + 3 * 4096);
    }
}
