//! What isomon says as the first process of a Linux guest, over the one serial line it shares with
//! the kernel and the work: lines with the nonce, each short enough never to be cut.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::model::job::Stream;

/// Bytes of output in one line.
pub(super) const PIECE: usize = 120;
/// Begins the line that says that the first process runs.
const INIT: &str = "ISOMON-INIT";
/// Begins a line with output.
const OUTPUT: &str = "ISOMON-OUT";
/// Begins the line that says that something was killed for want of memory.
const STARVED: &str = "ISOMON-STARVED";
/// Begins the line that says how the work ended.
const EXIT: &str = "ISOMON-EXIT";

/// One thing the first process says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// It runs.
    Init,
    /// The work said this.
    Output(Stream, Vec<u8>),
    /// The kernel killed something for want of memory.
    Starved,
    /// The work ended: exit status, or the signal that ended it.
    Exit(Option<i32>, Option<i32>),
}

impl Frame {
    /// The frame that `line` is; `None` for every other line, and without the right nonce.
    pub(super) fn parse(line: &str, nonce: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let kind = words.next()?;
        if words.next()? != nonce {
            return None;
        }
        let (first, second) = (words.next(), words.next());
        Some(match (kind, first, second) {
            (INIT, None, None) => Self::Init,
            (STARVED, None, None) => Self::Starved,
            (OUTPUT, Some(stream), Some(data)) => {
                let stream = if stream == "2" { Stream::Error } else { Stream::Output };
                Self::Output(stream, BASE64.decode(data).ok()?)
            }
            (EXIT, Some("status"), Some(number)) => Self::Exit(number.parse().ok(), None),
            (EXIT, Some("signal"), Some(number)) => Self::Exit(None, number.parse().ok()),
            _ => return None,
        })
    }

    /// The line that says it.
    pub(super) fn line(&self, nonce: &str) -> String {
        match self {
            Self::Init => format!("{INIT} {nonce}\n"),
            Self::Starved => format!("{STARVED} {nonce}\n"),
            Self::Output(stream, bytes) => {
                let number = if *stream == Stream::Error { 2 } else { 1 };
                format!("{OUTPUT} {nonce} {number} {}\n", BASE64.encode(bytes))
            }
            Self::Exit(_, Some(signal)) => format!("{EXIT} {nonce} signal {signal}\n"),
            Self::Exit(status, None) => {
                format!("{EXIT} {nonce} status {}\n", status.unwrap_or(255))
            }
        }
    }
}

/// Longest line looked at; a frame is shorter, and so is a marker that carries a look around.
const LONGEST: usize = 4096;

/// One thing that comes over the serial line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A frame.
    Frame(Frame),
    /// Anything else: a marker of our own work, or what the kernel has to say.
    Line(Vec<u8>),
}

/// Takes a serial line apart as it comes. A line without end is cut, what is beyond is forgotten.
#[derive(Debug)]
pub(super) struct Frames {
    nonce: String,
    line: Vec<u8>,
}

impl Frames {
    pub(super) fn new(nonce: u64) -> Self {
        Self { nonce: format!("{nonce:016x}"), line: Vec::new() }
    }

    /// What is whole after `bytes`.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Heard> {
        let mut heard = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LONGEST.saturating_sub(self.line.len());
            self.line.extend(piece.iter().take(room));
            if piece.ends_with(b"\n") {
                heard.push(self.end());
            }
        }
        heard
    }

    fn end(&mut self) -> Heard {
        let mut line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        if let Some(frame) = Frame::parse(text.trim_end(), &self.nonce) {
            return Heard::Frame(frame);
        }
        if !line.ends_with(b"\n") {
            line.push(b'\n');
        }
        Heard::Line(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_understood_and_short() {
        let nonce = "00000000000000ab";
        let all = [
            Frame::Init,
            Frame::Starved,
            Frame::Output(Stream::Error, vec![0xff; PIECE]),
            Frame::Output(Stream::Output, b"\x1b[2J\n".to_vec()),
            Frame::Exit(Some(3), None),
            Frame::Exit(None, Some(9)),
        ];
        for frame in all {
            let line = frame.line(nonce);
            assert!(line.len() < 250, "{}", line.len());
            assert_eq!(Frame::parse(line.trim_end(), nonce), Some(frame));
            assert_eq!(Frame::parse(line.trim_end(), "00000000000000ac"), None);
        }
        assert_eq!(Frame::parse("[    0.1] ISOMON-INIT 00000000000000ab", nonce), None);
        assert_eq!(Frame::parse("ISOMON-OUT 00000000000000ab 1 !!", nonce), None);
    }

    #[test]
    fn a_line_is_heard_when_it_is_whole_and_a_flood_is_cut() {
        let mut frames = Frames::new(0xab);
        assert_eq!(
            frames.feed(b"[ 0.1] hello\r\nISOMON-IN"),
            [Heard::Line(b"[ 0.1] hello\r\n".to_vec())]
        );
        assert_eq!(frames.feed(b"IT 00000000000000ab\r\n"), [Heard::Frame(Frame::Init)]);
        for _ in 0..1000 {
            assert_eq!(frames.feed(&[b'x'; 4096]), []);
        }
        assert!(frames.line.len() <= LONGEST);
    }
}
