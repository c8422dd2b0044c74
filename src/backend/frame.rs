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
/// Begins the line that says how the work ended.
const EXIT: &str = "ISOMON-EXIT";

/// One thing the first process says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// It runs.
    Init,
    /// The work said this.
    Output(Stream, Vec<u8>),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_understood_and_short() {
        let nonce = "00000000000000ab";
        let all = [
            Frame::Init,
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
}
