//! Finds the markers in a sandbox's output.
//!
//! The output is not trusted: a line counts only if it carries the nonce, a line without end is cut,
//! bytes beyond the limit are counted and forgotten, and the time is always the host's.

use super::payload::{DONE, READY};

/// Longest line looked at; a marker is shorter, also one that carries a look around.
const LONGEST: usize = 4096;

/// Reads output as it comes.
#[derive(Debug, Default)]
pub(super) struct Scan {
    nonce: String,
    keep: u64,
    seen: u64,
    line: Vec<u8>,
    began_ns: u64,
    /// When the first byte of the marker came.
    pub ready_ns: Option<u64>,
    /// When the last byte of the result came.
    pub done_ns: Option<u64>,
    /// The result, as it was said.
    pub value: Option<String>,
    /// First line that is no marker.
    pub first_line: String,
}

impl Scan {
    /// Looks for markers with `nonce` in at most `keep` bytes, and in the result's line wherever it
    /// comes.
    pub(super) fn new(nonce: u64, keep: u64) -> Self {
        Self { nonce: format!("{nonce:016x}"), keep, ..Self::default() }
    }

    /// Output beyond the limit.
    pub(super) const fn dropped(&self) -> u64 {
        self.seen.saturating_sub(self.keep)
    }

    /// Takes what was read at `now_ns`.
    pub(super) fn feed(&mut self, bytes: &[u8], now_ns: u64) {
        self.seen += bytes.len() as u64;
        if self.done_ns.is_some() || self.dropped() > bytes.len() as u64 {
            return;
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.take(piece, now_ns);
        }
    }

    fn take(&mut self, piece: &[u8], now_ns: u64) {
        if self.line.is_empty() {
            self.began_ns = now_ns;
        }
        let room = LONGEST.saturating_sub(self.line.len());
        self.line.extend(piece.iter().take(room));
        if piece.ends_with(b"\n") {
            let line = std::mem::take(&mut self.line);
            self.read(String::from_utf8_lossy(&line).trim_end(), now_ns);
        }
    }

    fn read(&mut self, line: &str, now_ns: u64) {
        let words: Vec<&str> = line.splitn(3, ' ').collect();
        match words[..] {
            [READY, nonce] if nonce == self.nonce && self.ready_ns.is_none() => {
                self.ready_ns = Some(self.began_ns);
            }
            [DONE, nonce, value] if nonce == self.nonce && self.ready_ns.is_some() => {
                self.done_ns = self.done_ns.or(Some(now_ns));
                self.value.get_or_insert_with(|| value.to_owned());
            }
            _ if self.first_line.is_empty() => line.clone_into(&mut self.first_line),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(pieces: &[(&str, u64)]) -> Scan {
        let mut scan = Scan::new(0xab, 64 << 10);
        for (piece, now) in pieces {
            scan.feed(piece.as_bytes(), *now);
        }
        scan
    }

    #[test]
    fn times_are_of_the_first_byte_of_ready_and_the_last_of_done() {
        let scan = scan(&[
            ("ISOMON-RE", 5),
            ("ADY 00000000000000ab\nISOMON-DONE 00000000000000ab", 7),
            (" 42\n", 9),
        ]);
        assert_eq!((scan.ready_ns, scan.done_ns), (Some(5), Some(9)));
        assert_eq!(scan.value.as_deref(), Some("42"));
    }

    #[test]
    fn a_marker_without_the_nonce_does_not_count() {
        let scan = scan(&[(
            "ISOMON-READY 0000000000000001\nISOMON-READY\nISOMON-DONE 00000000000000ab 1\n",
            1,
        )]);
        assert_eq!((scan.ready_ns, scan.done_ns), (None, None));
        assert_eq!(scan.first_line, "ISOMON-READY 0000000000000001");
    }

    #[test]
    fn a_look_is_one_value_with_its_spaces_and_never_more_than_a_line_holds() {
        let done = r#"{"kernel":"Linux 4.4.0"}"#;
        let said = format!("ISOMON-READY 00000000000000ab\nISOMON-DONE 00000000000000ab {done}\n");
        assert_eq!(scan(&[(&said, 1)]).value.as_deref(), Some(done));
        let long = format!(
            "ISOMON-READY 00000000000000ab\nISOMON-DONE 00000000000000ab {}\n",
            "x".repeat(1 << 15)
        );
        assert!(scan(&[(&long, 1)]).value.is_some_and(|value| value.len() < LONGEST));
    }

    #[test]
    fn a_flood_without_newline_is_bounded_and_counted() {
        let mut scan = Scan::new(1, 1000);
        for _ in 0..100 {
            scan.feed(&[0x1b; 4096], 1);
        }
        assert_eq!(scan.dropped(), 409_600 - 1000);
        assert!(scan.line.len() <= LONGEST);
    }
}
