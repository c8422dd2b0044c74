//! Takes a container's two outputs apart: the engine sends them as one stream of frames, each with a
//! head of eight bytes, the first of which tells the output and the last four the length.

use crate::model::job::Stream;

/// Bytes before each frame.
const HEAD: usize = 8;

/// Where in the stream the reader is.
#[derive(Debug)]
pub(super) struct Frames {
    head: Vec<u8>,
    /// Of this frame.
    left: usize,
    error: bool,
}

/// The stream is none of frames.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the engine's stream of output makes no sense")]
pub(super) struct Garbled;

impl Frames {
    /// At its beginning.
    pub(super) const fn new() -> Self {
        Self { head: Vec::new(), left: 0, error: false }
    }

    /// Takes `bytes` and tells their pieces, each with its output, in order.
    pub(super) fn take<'a>(
        &mut self,
        mut bytes: &'a [u8],
    ) -> Result<Vec<(Stream, &'a [u8])>, Garbled> {
        let mut pieces = Vec::new();
        while !bytes.is_empty() {
            if self.left == 0 {
                let missing = HEAD.saturating_sub(self.head.len()).min(bytes.len());
                let (head, rest) = bytes.split_at(missing);
                self.head.extend(head);
                bytes = rest;
                self.begin()?;
                continue;
            }
            let (piece, rest) = bytes.split_at(self.left.min(bytes.len()));
            self.left -= piece.len();
            bytes = rest;
            pieces.push((if self.error { Stream::Error } else { Stream::Output }, piece));
        }
        Ok(pieces)
    }

    /// Reads the head, if it is whole.
    fn begin(&mut self) -> Result<(), Garbled> {
        let [kind, 0, 0, 0, a, b, c, d] = self.head[..] else {
            return if self.head.len() < HEAD { Ok(()) } else { Err(Garbled) };
        };
        self.head.clear();
        // 0 is standard input, which the engine may echo.
        self.error = match kind {
            0 | 1 => false,
            2 => true,
            _ => return Err(Garbled),
        };
        self.left = u32::from_be_bytes([a, b, c, d]) as usize;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] =
        b"\x01\0\0\0\0\0\0\x03abc\x02\0\0\0\0\0\0\x02no\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\x01d";

    /// What comes of `STREAM` in pieces of `size` bytes.
    fn taken(size: usize) -> (Vec<u8>, Vec<u8>) {
        let mut frames = Frames::new();
        let (mut output, mut error) = (Vec::new(), Vec::new());
        for bytes in STREAM.chunks(size) {
            for (stream, piece) in frames.take(bytes).unwrap() {
                match stream {
                    Stream::Output => output.extend(piece),
                    Stream::Error => error.extend(piece),
                }
            }
        }
        (output, error)
    }

    #[test]
    fn outputs_are_told_apart_however_the_stream_is_cut() {
        for size in 1..=STREAM.len() {
            assert_eq!(taken(size), (b"abcd".to_vec(), b"no".to_vec()), "{size}");
        }
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        assert_eq!(Frames::new().take(b"plain text"), Err(Garbled));
        assert_eq!(Frames::new().take(b"\x03\0\0\0\0\0\0\x01a"), Err(Garbled));
    }
}
