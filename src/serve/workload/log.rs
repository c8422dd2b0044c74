//! What a workload writes, as lines: the first and the last of them, however many there are.

use std::collections::VecDeque;

use crate::model::job::{Chunk, Stream};
use crate::model::text::SafeStream;
use crate::store::workload::Line;

/// Lines kept of the beginning, and of the end.
const LINES: usize = 2_500;
/// Bytes of them.
const BYTES: usize = 2 << 20;
/// Longest line, in bytes.
const LONGEST: usize = 64 << 10;

/// The lines of one workload.
#[derive(Debug, Default)]
pub(super) struct Log {
    head: Vec<Line>,
    head_bytes: usize,
    tail: VecDeque<Line>,
    tail_bytes: usize,
    next: u64,
    /// Lines below this are in the ledger, or were let go of.
    saved: u64,
    output: Begun,
    error: Begun,
}

/// A line whose end has not come.
#[derive(Debug, Default)]
struct Begun {
    stream: SafeStream,
    text: String,
    /// It is longer than a line may be.
    cut: bool,
}

/// Some lines of a log.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    /// Lines before these that are not kept.
    pub(super) skipped: u64,
    pub(super) lines: Vec<Line>,
}

impl Log {
    /// Takes in what was written at `at_ns`; whether there is a new line.
    pub(super) fn feed(&mut self, chunk: &Chunk, at_ns: i64) -> bool {
        let before = self.next;
        let text = self.begun(chunk.stream).stream.feed(&chunk.bytes);
        self.take(chunk.stream, &text, at_ns);
        self.next != before
    }

    /// No more comes.
    pub(super) fn finish(&mut self, at_ns: i64) {
        for stream in [Stream::Output, Stream::Error] {
            let rest = self.begun(stream).stream.finish();
            self.take(stream, &rest, at_ns);
            if !self.begun(stream).text.is_empty() {
                self.end_line(stream, at_ns);
            }
        }
    }

    /// Lines so far.
    pub(super) const fn count(&self) -> u64 {
        self.next
    }

    /// At most `most` lines from `from` on, and how many before them are gone.
    pub(super) fn from(&self, from: u64, most: usize) -> Part {
        let all = self.head.iter().chain(&self.tail);
        let lines: Vec<Line> = all.filter(|line| line.seq >= from).take(most).cloned().collect();
        // A reader is never given the end before it was told what it missed.
        let first = lines.first().map_or(self.next, |line| line.seq);
        let whole = lines.iter().zip(first..).take_while(|(line, seq)| line.seq == *seq).count();
        Part { skipped: first.saturating_sub(from), lines: lines.into_iter().take(whole).collect() }
    }

    /// All that is kept.
    pub(super) fn whole(&self) -> Vec<Line> {
        self.head.iter().chain(&self.tail).cloned().collect()
    }

    /// Lines that are not in the ledger yet, and those that are to be forgotten there.
    pub(super) fn unsaved(&self) -> (Vec<Line>, (u64, u64)) {
        let all = self.head.iter().chain(&self.tail);
        let lines = all.filter(|line| line.seq >= self.saved).cloned().collect();
        let first = self.tail.front().map_or(self.head.len() as u64, |line| line.seq);
        (lines, (self.head.len() as u64, first))
    }

    /// Lines below `next` are in the ledger.
    pub(super) fn save(&mut self, next: u64) {
        self.saved = next;
    }

    const fn begun(&mut self, stream: Stream) -> &mut Begun {
        match stream {
            Stream::Output => &mut self.output,
            Stream::Error => &mut self.error,
        }
    }

    fn take(&mut self, stream: Stream, text: &str, at_ns: i64) {
        for piece in text.split_inclusive('\n') {
            let (piece, ends) =
                piece.strip_suffix('\n').map_or((piece, false), |line| (line, true));
            self.begun(stream).push(piece);
            if ends {
                self.end_line(stream, at_ns);
            }
        }
    }

    fn end_line(&mut self, stream: Stream, at_ns: i64) {
        let begun = self.begun(stream);
        begun.cut = false;
        let text = std::mem::take(&mut begun.text);
        self.push(Line { seq: self.next, at_ns, stream, text });
        self.next += 1;
    }

    fn push(&mut self, line: Line) {
        let bytes = line.text.len();
        let fits = self.head.len() < LINES && self.head_bytes + bytes <= BYTES;
        if self.tail.is_empty() && fits {
            self.head_bytes += bytes;
            self.head.push(line);
            return;
        }
        self.tail_bytes += bytes;
        self.tail.push_back(line);
        while self.tail.len() > LINES || self.tail_bytes > BYTES {
            let gone = self.tail.pop_front();
            self.tail_bytes -= gone.map_or(0, |line| line.text.len());
        }
    }
}

impl Begun {
    /// Adds what there is room for.
    fn push(&mut self, piece: &str) {
        if self.cut {
            return;
        }
        let room = LONGEST - self.text.len();
        if piece.len() <= room {
            return self.text.push_str(piece);
        }
        let end = piece.char_indices().map(|(at, _)| at).take_while(|at| *at <= room).last();
        self.text.push_str(piece.split_at(end.unwrap_or_default()).0);
        self.text.push('…');
        self.cut = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(log: &mut Log, text: &str) {
        log.feed(&Chunk { stream: Stream::Output, bytes: text.as_bytes().to_vec() }, 1);
    }

    fn texts(some: &Part) -> Vec<&str> {
        some.lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn lines_are_put_together_and_made_safe() {
        let mut log = Log::default();
        feed(&mut log, "a\nb\x1b[2J");
        assert_eq!(log.count(), 1);
        feed(&mut log, "c\nrest");
        log.finish(2);
        let some = log.from(0, 10);
        assert_eq!(texts(&some), ["a", "b^[[2Jc", "rest"]);
        assert_eq!(log.from(2, 10).lines.len(), 1);
    }

    #[test]
    fn of_a_flood_the_beginning_and_the_end_are_kept_and_the_rest_is_counted() {
        let mut log = Log::default();
        for number in 0..20_000 {
            feed(&mut log, &format!("{number}\n"));
        }
        let head = log.from(0, 10_000);
        assert_eq!((head.skipped, head.lines.len()), (0, LINES));
        let tail = log.from(LINES as u64, 10_000);
        assert_eq!((tail.skipped, tail.lines.len()), (15_000, LINES));
        assert_eq!(tail.lines.last().unwrap().text, "19999");
        let (lines, forget) = log.unsaved();
        assert_eq!((lines.len(), forget), (2 * LINES, (2_500, 17_500)));
        log.save(log.count());
        assert!(log.unsaved().0.is_empty());
        assert_eq!(log.from(30_000, 1), Part::default());
    }

    #[test]
    fn a_long_line_is_cut() {
        let mut log = Log::default();
        for _ in 0..5 {
            feed(&mut log, &"ä".repeat(20_000));
        }
        feed(&mut log, "\nnext\n");
        let some = log.from(0, 9);
        assert!(some.lines[0].text.len() <= LONGEST + 3 && some.lines[0].text.ends_with('…'));
        assert_eq!(texts(&some)[1], "next");
    }
}
