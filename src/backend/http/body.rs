//! The body of an answer, however its end is told.
//!
//! It can be taken piece by piece, for what has no end, or whole, for what is short.

use super::{Connection, Error, Head, LONGEST_BODY, Length, MOST_HEADERS, Patience};

/// Longest line that tells the size of a chunk, or that follows the last one.
const LONGEST_LINE: usize = 4096;

/// Where in a body the reader is.
#[derive(Debug)]
pub(in crate::backend) struct Body {
    length: Length,
    /// Of the whole, or of this chunk.
    left: u64,
    /// The end of a chunk's data has not been read.
    inside: bool,
    ended: bool,
}

impl Body {
    /// The body that `head` announces.
    pub(in crate::backend) const fn of(head: &Head) -> Self {
        let (left, ended) = match head.length {
            Length::Known(length) => (length, length == 0),
            Length::Chunked => (0, false),
            Length::UntilClose => (u64::MAX, false),
        };
        Self { length: head.length, left, inside: false, ended }
    }
}

impl Connection {
    /// Reads all of the body that `head` announces.
    pub(in crate::backend) fn read_body(
        &mut self,
        head: &Head,
        patience: &mut impl Patience,
    ) -> Result<Vec<u8>, Error> {
        if matches!(head.length, Length::Known(length) if length > LONGEST_BODY as u64) {
            return Err(Error::Long);
        }
        let mut body = Body::of(head);
        let mut whole = Vec::new();
        while let Some(piece) = self.read_piece(&mut body, patience)? {
            whole.extend(piece);
            if whole.len() > LONGEST_BODY {
                return Err(Error::Long);
            }
        }
        Ok(whole)
    }

    /// The next bytes of `body`, as they come; `None` at its end.
    pub(in crate::backend) fn read_piece(
        &mut self,
        body: &mut Body,
        patience: &mut impl Patience,
    ) -> Result<Option<Vec<u8>>, Error> {
        if body.left == 0 && body.length == Length::Chunked && !body.ended {
            self.begin_chunk(body, patience)?;
        }
        if body.ended {
            return Ok(None);
        }
        if self.ahead.is_empty() && !self.fill(patience)? {
            body.ended = true;
            return if body.length == Length::UntilClose { Ok(None) } else { Err(Error::Closed) };
        }
        let length = usize::try_from(body.left).unwrap_or(usize::MAX).min(self.ahead.len());
        let piece: Vec<u8> = self.ahead.drain(..length).collect();
        if body.length != Length::UntilClose {
            body.left -= piece.len() as u64;
            body.ended = body.left == 0 && body.length != Length::Chunked;
        }
        Ok(Some(piece))
    }

    /// Reads the size of the next chunk; past the last one, to the end of the body.
    fn begin_chunk(&mut self, body: &mut Body, patience: &mut impl Patience) -> Result<(), Error> {
        if body.inside && !self.read_line(patience)?.is_empty() {
            return Err(Error::Garbage);
        }
        let mut line = self.read_line(patience)?;
        line.extend(b"\r\n");
        let size = httparse::parse_chunk_size(&line).map_err(|_| Error::Garbage)?;
        let httparse::Status::Complete((_, size)) = size else {
            return Err(Error::Garbage);
        };
        (body.left, body.inside) = (size, true);
        if size == 0 {
            body.ended = true;
            return self.skip_trailer(patience);
        }
        Ok(())
    }

    /// Reads what follows the last chunk; bounded, as its sender may never pause.
    fn skip_trailer(&mut self, patience: &mut impl Patience) -> Result<(), Error> {
        for _ in 0..=MOST_HEADERS {
            if self.read_line(patience)?.is_empty() {
                return Ok(());
            }
        }
        Err(Error::Long)
    }

    /// A line without its end.
    fn read_line(&mut self, patience: &mut impl Patience) -> Result<Vec<u8>, Error> {
        loop {
            if let Some(end) = self.ahead.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.ahead.drain(..end).collect();
                self.ahead.drain(..2);
                return Ok(line);
            }
            if self.ahead.len() > LONGEST_LINE {
                return Err(Error::Garbage);
            }
            if !self.fill(patience)? {
                return Err(Error::Closed);
            }
        }
    }
}
