//! How fast output is passed on: a first burst as it comes, then so much in a second.
//!
//! A program that floods would keep whoever reads it busy with lines that nobody will ever see. Of what
//! is too much the latest waits for its turn, and what is older is dropped: cheaply, here, within the
//! limits of the program itself. It is counted, and a line in its place says how much it was.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::model::job::Stream;

/// Bytes that are passed on as they come.
const BURST: u64 = 4 << 20;
/// Bytes that wait for their turn.
const LATE: usize = 256 << 10;
/// Time after which those that wait are looked at again.
const NAP: Duration = Duration::from_millis(100);

/// A piece of output.
pub(super) type Piece = (Stream, Vec<u8>);

/// Output on its way.
#[derive(Debug, Default)]
pub(super) struct Flow {
    /// Bytes a second; everything at once if `None`.
    pace: Option<u64>,
    /// Bytes that may be passed on now, as of `counted`.
    credit: u64,
    counted: Option<Instant>,
    late: VecDeque<Piece>,
    /// Bytes that wait.
    length: usize,
    /// Of each stream what was dropped since a piece of it was passed on.
    missing: [u64; 2],
    /// Whether the last piece of each stream that was passed on ended amid a line.
    amid: [bool; 2],
    dropped: u64,
}

impl Flow {
    /// Output that is passed on at `pace` bytes a second after the first burst; at once if `None`.
    pub(super) fn new(pace: Option<u64>) -> Self {
        Self { pace, credit: BURST, ..Self::default() }
    }

    /// Whether all of it is passed on as it comes.
    pub(super) const fn is_free(&self) -> bool {
        self.pace.is_none()
    }

    /// Takes `bytes`, said at `now`; those whose turn it is.
    pub(super) fn take(&mut self, stream: Stream, bytes: &[u8], now: Instant) -> Vec<Piece> {
        self.length += bytes.len();
        self.late.push_back((stream, bytes.to_vec()));
        let due = self.due(now);
        while !self.is_free() && self.length > LATE {
            let Some((stream, piece)) = self.late.pop_front() else { break };
            self.length -= piece.len();
            self.miss(stream, piece.len());
        }
        due
    }

    /// Those whose turn it is at `now`.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Piece> {
        let Some(pace) = self.pace else { return self.rest() };
        let passed = now.saturating_duration_since(self.counted.unwrap_or(now));
        let more =
            u64::try_from(passed.as_millis()).unwrap_or(u64::MAX).saturating_mul(pace) / 1_000;
        if more > 0 || self.counted.is_none() {
            (self.credit, self.counted) = (self.credit.saturating_add(more).min(BURST), Some(now));
        }
        let mut due = Vec::new();
        while let Some((_, piece)) = self.late.front()
            && piece.len() as u64 <= self.credit
            && let Some((stream, piece)) = self.late.pop_front()
        {
            self.credit -= piece.len() as u64;
            due.push(self.passed(stream, piece));
        }
        due
    }

    /// All that waits: no more comes.
    pub(super) fn rest(&mut self) -> Vec<Piece> {
        let rest = std::mem::take(&mut self.late);
        rest.into_iter().map(|(stream, piece)| self.passed(stream, piece)).collect()
    }

    /// How long nobody needs to look, if nothing more is said.
    pub(super) fn nap(&self) -> Option<Duration> {
        (!self.late.is_empty()).then_some(NAP)
    }

    /// Bytes that were dropped.
    pub(super) const fn dropped(&self) -> u64 {
        self.dropped
    }

    fn miss(&mut self, stream: Stream, bytes: usize) {
        self.missing[stream as usize] += bytes as u64;
        self.dropped += bytes as u64;
    }

    /// `piece` as it is passed on: after a gap it begins with a whole line, and with one about the gap.
    fn passed(&mut self, stream: Stream, mut piece: Vec<u8>) -> Piece {
        self.length = self.length.saturating_sub(piece.len());
        let of = stream as usize;
        if self.missing[of] > 0 {
            let torn = piece.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            self.miss(stream, torn);
            let end = if self.amid[of] { "\n" } else { "" };
            let missing = std::mem::take(&mut self.missing[of]);
            let gap = format!("{end}… {missing} bytes were not kept …\n");
            piece.splice(..torn, gap.into_bytes());
        }
        self.amid[of] = piece.last().is_some_and(|byte| *byte != b'\n');
        (stream, piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(pieces: &[Piece]) -> String {
        pieces.iter().map(|(_, piece)| String::from_utf8_lossy(piece).into_owned()).collect()
    }

    /// `count` lines of 1 KiB, each with its number.
    fn lines(from: usize, count: usize) -> Vec<u8> {
        let line = |number: usize| format!("{number:1023}\n");
        (from..from + count).map(line).collect::<String>().into_bytes()
    }

    #[test]
    fn what_is_little_comes_as_it_is_and_a_flood_keeps_its_beginning_and_its_end() {
        let now = Instant::now();
        let mut flow = Flow::new(Some(1 << 20));
        let first: String =
            (0..512).map(|at| text(&flow.take(Stream::Output, &lines(at * 8, 8), now))).collect();
        assert_eq!((first.len(), flow.nap()), (4 << 20, None));
        let flood: Vec<Piece> =
            (512..4_096).flat_map(|at| flow.take(Stream::Output, &lines(at * 8, 8), now)).collect();
        assert_eq!(text(&flood), "", "there is no credit any more");
        assert_eq!(flow.dropped(), 3_584 * 8_192 - LATE as u64);
        let later = text(&flow.due(now + Duration::from_millis(50)));
        let mut heads = later.lines().map(str::trim);
        // The first line that is whole after the gap is the second of its piece.
        let missing = 3_584 * 8_192 - LATE as u64 + 1_024;
        assert_eq!(heads.next(), Some(format!("… {missing} bytes were not kept …").as_str()));
        assert_eq!(heads.next(), Some("32513"));
        assert!(later.len() < 60 << 10, "{}", later.len());
        let rest = text(&flow.rest());
        assert!(rest.trim_end().ends_with("32767") && flow.nap().is_none());
        assert_eq!(flow.dropped(), missing);
        assert_eq!(flow.length, 0);
    }

    #[test]
    fn each_stream_has_its_own_gap_and_a_torn_line_ends_before_it() {
        let now = Instant::now();
        let mut flow = Flow { credit: 4, ..Flow::new(Some(1)) };
        assert_eq!(text(&flow.take(Stream::Output, b"half", now)), "half");
        let many = vec![b'x'; LATE / 10];
        for _ in 0..20 {
            flow.take(Stream::Output, &many, now);
        }
        flow.take(Stream::Error, b"oops\n", now);
        let rest = flow.rest();
        assert!(text(&rest).starts_with("\n… ") && text(&rest).ends_with("oops\n"));
        assert_eq!(
            rest.iter().filter(|(_, piece)| piece.starts_with("\u{2026}".as_bytes())).count(),
            0
        );
    }

    #[test]
    fn whoever_wants_everything_gets_it() {
        let (mut flow, many) = (Flow::new(None), vec![b'x'; 100_000]);
        let all: usize = (0..100)
            .flat_map(|_| flow.take(Stream::Error, &many, Instant::now()))
            .map(|(_, piece)| piece.len())
            .sum();
        assert_eq!((all, flow.dropped(), flow.length), (10_000_000, 0, 0));
    }
}
