//! Parts what a script on a host says from what it passes on.
//!
//! A frame is a nonce, which begins with a byte that texts do not hold, and a line of words. The nonce
//! is random and travels on the script's input alone, so that nothing there can be taken for a frame.
//! What comes before the first frame is noise of log-in files, and is passed over.

/// Longest line of a frame.
const LONGEST: usize = 8 << 10;

/// Something a stream held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// Bytes that were passed on.
    Data(Vec<u8>),
    /// The words of a frame.
    Frame(String),
}

/// Parts a stream; it may be cut anywhere.
#[derive(Debug)]
pub struct Scanner {
    nonce: Vec<u8>,
    held: Vec<u8>,
    has_begun: bool,
}

impl Scanner {
    /// For frames of `nonce`, which is not empty.
    pub fn new(nonce: &str) -> Self {
        Self { nonce: nonce.as_bytes().to_vec(), held: Vec::new(), has_begun: false }
    }

    /// Takes the next bytes.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<Item> {
        self.held.extend_from_slice(bytes);
        let mut items = Vec::new();
        let mut from = 0;
        while let Some(rest) = self.held.get(from..) {
            let (data, next) = self.part(rest);
            if data > 0 && self.has_begun {
                items.push(Item::Data(rest.iter().take(data).copied().collect()));
            }
            from += data;
            let Some((words, length)) = next else { break };
            self.has_begun = true;
            from += length;
            items.push(Item::Frame(words));
        }
        self.held.drain(..from);
        items
    }

    /// What was held back for a frame that did not come.
    pub fn rest(&mut self) -> Option<Item> {
        let held = std::mem::take(&mut self.held);
        (self.has_begun && !held.is_empty()).then_some(Item::Data(held))
    }

    /// How many bytes of `rest` are data, and the frame behind them: its words and its length.
    fn part(&self, rest: &[u8]) -> (usize, Option<(String, usize)>) {
        let mut from = 0;
        let first = self.nonce.first().copied().unwrap_or_default();
        while let Some(found) = rest.iter().skip(from).position(|byte| *byte == first) {
            let at = from + found;
            let tail = rest.get(at..).unwrap_or_default();
            if tail.len() <= self.nonce.len() && self.nonce.starts_with(tail) {
                return (at, None);
            }
            if let Some(line) = tail.strip_prefix(self.nonce.as_slice()) {
                let end = line.iter().take(LONGEST).position(|byte| *byte == b'\n');
                if let Some(end) = end {
                    let words = String::from_utf8_lossy(line.get(..end).unwrap_or_default());
                    return (at, Some((words.trim().to_owned(), self.nonce.len() + end + 1)));
                }
                if line.len() < LONGEST {
                    return (at, None);
                }
            }
            from = at + 1;
        }
        (rest.len(), None)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NONCE: &str = "\u{1e}isomon-1";

    fn read(pieces: &[&[u8]]) -> (Vec<u8>, Vec<String>) {
        let mut scanner = Scanner::new(NONCE);
        let mut items: Vec<Item> = pieces.iter().flat_map(|piece| scanner.take(piece)).collect();
        items.extend(scanner.rest());
        let (mut data, mut frames) = (Vec::new(), Vec::new());
        for item in items {
            match item {
                Item::Data(bytes) => data.extend(bytes),
                Item::Frame(words) => frames.push(words),
            }
        }
        (data, frames)
    }

    #[test]
    fn noise_goes_and_what_looks_like_a_frame_stays() {
        let text = format!("motd\n{NONCE} pid 7\na\u{1e}b{NONCE}{NONCE} end 0\nrest\u{1e}iso");
        let (data, frames) = read(&[text.as_bytes()]);
        assert_eq!(frames, ["pid 7".to_owned(), format!("{NONCE} end 0")]);
        assert_eq!(data, "a\u{1e}brest\u{1e}iso".as_bytes());
    }

    #[test]
    fn a_frame_that_never_ends_is_data() {
        let text = [format!("{NONCE} a\n{NONCE}").into_bytes(), vec![b'x'; LONGEST + 1]].concat();
        let (data, frames) = read(&[&text]);
        assert_eq!((frames, data.len()), (vec!["a".to_owned()], NONCE.len() + LONGEST + 1));
    }

    proptest! {
        #[test]
        fn where_it_is_cut_makes_no_difference(
            data in proptest::collection::vec(prop_oneof![Just(0x1e_u8), Just(b'i'), any::<u8>()], 0..200),
            cuts in proptest::collection::vec(1_usize..20, 1..60),
        ) {
            let text = [format!("noise{NONCE} pid 1\n").as_bytes(), &data, format!("{NONCE} end 3\nx").as_bytes()]
                .concat();
            let mut pieces = Vec::new();
            let mut rest = text.as_slice();
            for cut in cuts {
                let (piece, more) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece);
                rest = more;
            }
            pieces.push(rest);
            let (found, frames) = read(&pieces);
            prop_assert_eq!(frames, ["pid 1", "end 3"]);
            prop_assert_eq!(found, [data.as_slice(), b"x"].concat());
        }
    }
}
