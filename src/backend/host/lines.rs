//! Bytes as they come, cut into lines. A line without end is not gathered for ever.

/// Gathers lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    /// Bytes before this were given out.
    given: usize,
    /// Bytes before this hold no end of a line.
    searched: usize,
}

/// A line is longer than it may be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl Lines {
    /// Takes what was read.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.given);
        self.searched -= self.given;
        self.given = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether nothing is left, not even a part of a line.
    pub(super) fn is_empty(&self) -> bool {
        self.given == self.bytes.len()
    }

    /// The next whole line, without its end; `None` until there is one.
    pub(super) fn next(&mut self, longest: usize) -> Result<Option<&[u8]>, TooLong> {
        let rest = self.bytes.get(self.searched..).unwrap_or_default();
        let Some(length) = rest.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.bytes.len();
            let waiting = self.bytes.len() - self.given;
            return if waiting > longest { Err(TooLong) } else { Ok(None) };
        };
        let (begin, end) = (self.given, self.searched + length);
        (self.given, self.searched) = (end + 1, end + 1);
        let line = self.bytes.get(begin..end).unwrap_or_default();
        if line.len() > longest { Err(TooLong) } else { Ok(Some(line)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        let mut lines = Lines::default();
        for byte in b"one\n\ntwo\nthr" {
            lines.feed(&[*byte]);
        }
        assert_eq!(lines.next(9), Ok(Some(&b"one"[..])));
        lines.feed(b"ee\n");
        assert_eq!(lines.next(9), Ok(Some(&b""[..])));
        assert_eq!(lines.next(9), Ok(Some(&b"two"[..])));
        assert_eq!(lines.next(9), Ok(Some(&b"three"[..])));
        assert_eq!(lines.next(9), Ok(None));
        assert!(lines.is_empty());
    }

    #[test]
    fn a_line_without_end_and_one_that_is_too_long_are_refused() {
        let mut lines = Lines::default();
        lines.feed(&[b'x'; 11]);
        assert_eq!(lines.next(10), Err(TooLong));
        let mut lines = Lines::default();
        lines.feed(b"01234567890\n");
        assert_eq!(lines.next(10), Err(TooLong));
    }
}
