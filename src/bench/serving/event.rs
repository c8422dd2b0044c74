//! Events of a server, as the standard has them (WHATWG, *Server-sent events*): lines of `data:` up to
//! an empty one.
//!
//! Fed as the network cuts it. A line or an event that is longer than any sensible one is refused, so
//! that a server which never ends one costs no memory.

/// Bytes of an event at most, and of a line.
pub(super) const LONGEST: usize = 1 << 20;

/// What comes in, cut into events.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Vec<u8>,
    data: Vec<u8>,
    /// Whether the event has a line of data.
    any: bool,
    /// Whether the last byte was a carriage return, whose line feed belongs to it.
    returned: bool,
}

/// A line or an event is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl Events {
    /// Takes in `piece`; the events that it ended.
    pub(super) fn feed(&mut self, piece: &[u8]) -> Result<Vec<Vec<u8>>, TooLong> {
        let mut events = Vec::new();
        for byte in piece {
            match byte {
                b'\n' if std::mem::take(&mut self.returned) => {}
                b'\n' | b'\r' => {
                    self.returned = *byte == b'\r';
                    events.extend(self.end_line()?);
                }
                _ => {
                    self.returned = false;
                    if self.line.len() >= LONGEST {
                        return Err(TooLong);
                    }
                    self.line.push(*byte);
                }
            }
        }
        Ok(events)
    }

    fn end_line(&mut self) -> Result<Option<Vec<u8>>, TooLong> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            let data = std::mem::take(&mut self.data);
            return Ok(std::mem::take(&mut self.any).then_some(data));
        }
        if let Some(data) = line.strip_prefix(b"data:") {
            let data = data.strip_prefix(b" ").unwrap_or(data);
            if self.data.len() + data.len() >= LONGEST {
                return Err(TooLong);
            }
            if std::mem::replace(&mut self.any, true) {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(data);
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fed(pieces: &[&[u8]]) -> Vec<String> {
        let mut events = Events::default();
        let all = pieces.iter().flat_map(|piece| events.feed(piece).unwrap());
        all.map(|event| String::from_utf8_lossy(&event).into_owned()).collect()
    }

    #[test]
    fn events_are_as_the_standard_has_them() {
        assert_eq!(fed(&[b"data: a\n\ndata:b\r\n\r\ndata: c\r\r"]), ["a", "b", "c"]);
        assert_eq!(fed(&[b": kept alive\n\nevent: x\nid: 1\ndata: a\ndata:  b\n\n"]), ["a\n b"]);
        assert_eq!(fed(&[b"data\n\ndata: torn"]), Vec::<String>::new());
        assert_eq!(fed(&[b"data:\n\n"]), [""]);
    }

    #[test]
    fn what_never_ends_is_refused() {
        let mut events = Events::default();
        let piece = vec![b'x'; LONGEST];
        assert!(events.feed(&piece).is_ok());
        assert_eq!(events.feed(b"x"), Err(TooLong));
        let mut events = Events::default();
        let line = [b"data: ".as_slice(), &vec![b'x'; LONGEST / 2], b"\n"].concat();
        assert!(events.feed(&line).is_ok());
        assert_eq!(events.feed(&line), Err(TooLong));
    }

    proptest! {
        #[test]
        fn where_the_network_cuts_makes_no_difference(
            bytes in prop::collection::vec(prop::sample::select(b"data: x\r\n\n".to_vec()), 0..80),
            cuts in prop::collection::vec(0_usize..80, 0..8),
        ) {
            let whole = fed(&[&bytes]);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|two| &bytes[two[0]..two[1]]).collect();
            prop_assert_eq!(fed(&pieces), whole);
        }
    }
}
