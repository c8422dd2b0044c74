//! What one task writes: bytes come in, lines go out, and the last of them stay at hand.
//!
//! However much it writes, little is held: what nobody takes in time is dropped and counted, a line that
//! does not end is cut, and of what a stage is asked for (`{{STAGE.out}}`) the end is kept.

use std::collections::VecDeque;
use std::sync::Arc;

use super::journal::Journal;
use super::mask::Mask;
use crate::host::Piece;
use crate::model::text::SafeText;
use crate::model::workflow::event::TaskLine;

/// Lines kept of what was written last.
pub(super) const LAST: usize = 20;
/// Lines that wait to be told.
const WAITING: usize = 2_000;
/// Bytes after which a line is cut, ended or not.
const LINE: usize = 4_096;
/// Bytes kept of standard output.
pub(super) const OUT: usize = 1 << 20;

/// What a task writes.
pub(super) struct Voice {
    task: u32,
    journal: Journal,
    mask: Arc<Mask>,
    begun: [Vec<u8>; 2],
    /// Lines on the error output so far, as far as they matter.
    errors: u8,
    waiting: Vec<TaskLine>,
    dropped: u64,
    last: VecDeque<SafeText>,
    out: VecDeque<u8>,
}

impl Voice {
    /// Of `task`.
    pub(super) fn new(task: usize, journal: Journal, mask: Arc<Mask>) -> Self {
        Self {
            task: u32::try_from(task).unwrap_or(u32::MAX),
            journal,
            mask,
            begun: [Vec::new(), Vec::new()],
            errors: 0,
            waiting: Vec::new(),
            dropped: 0,
            last: VecDeque::new(),
            out: VecDeque::new(),
        }
    }

    /// Takes in a piece.
    pub(super) fn hear(&mut self, piece: &Piece) {
        if !piece.bad {
            self.keep_out(&piece.bytes);
        }
        let stream = usize::from(piece.bad);
        for part in piece.bytes.split_inclusive(|byte| *byte == b'\n') {
            self.begun[stream].extend_from_slice(part);
            if part.ends_with(b"\n") || self.begun[stream].len() >= LINE {
                self.end_line(piece.bad);
            }
        }
    }

    fn keep_out(&mut self, bytes: &[u8]) {
        let skip = bytes.len().saturating_sub(OUT);
        self.out.extend(bytes.iter().skip(skip));
        let beyond = self.out.len().saturating_sub(OUT);
        self.out.drain(..beyond);
    }

    fn end_line(&mut self, bad: bool) {
        let line = std::mem::take(&mut self.begun[usize::from(bad)]);
        let line = line.trim_ascii_end();
        // What was written over on a terminal is not told.
        let line = line.rsplit(|byte| *byte == b'\r').next().unwrap_or(line);
        if bad && self.errors < 2 {
            self.errors += 1;
            if is_of_the_shell(line) {
                return;
            }
        }
        let text = self.mask.safe(line);
        if self.last.len() == LAST {
            self.last.pop_front();
        }
        self.last.push_back(text.clone());
        if self.waiting.len() == WAITING {
            self.dropped += 1;
            return;
        }
        let at_ms = self.journal.now_ms();
        self.waiting.push(TaskLine { task: self.task, at_ms, bad, text });
    }

    /// Tells the lines that wait, where there is room for them now.
    pub(super) fn flush(&mut self) {
        if !self.waiting.is_empty() || self.dropped > 0 {
            self.journal.lines(&mut self.waiting, &mut self.dropped);
        }
    }

    /// Nothing more comes: tells what is left.
    pub(super) fn end(&mut self) {
        for bad in [false, true] {
            if !self.begun[usize::from(bad)].is_empty() {
                self.end_line(bad);
            }
        }
        self.flush();
    }

    /// The last lines, earliest first.
    pub(super) fn last(&self) -> Vec<SafeText> {
        self.last.iter().cloned().collect()
    }

    /// Standard output, or its end where it was long.
    pub(super) fn out(&mut self) -> String {
        String::from_utf8_lossy(self.out.make_contiguous()).into_owned()
    }
}

/// Whether a line is bash's own word about having no terminal, which is no word of the command: the
/// shell of benchctl is interactive (`-i`), and a task has no terminal.
fn is_of_the_shell(line: &[u8]) -> bool {
    let own = ["bash: cannot set terminal process group (", "bash: no job control in this shell"];
    own.iter().any(|words| line.starts_with(words.as_bytes()))
}
