//! A stream of output made safe to show as it comes: the rules of [`SafeText`](super::SafeText), with
//! lines and tabs kept and nothing cut.

use super::{MARKS, is_mark, push_visible};

/// Output on its way to a terminal.
#[derive(Clone, Debug, Default)]
pub struct SafeStream {
    /// The beginning of a letter whose rest has not come.
    held: Vec<u8>,
    /// Marks on the last letter.
    marks: usize,
    /// The last was a carriage return.
    returned: bool,
}

impl SafeStream {
    /// Makes the next piece safe; what is not UTF-8 becomes `U+FFFD`.
    pub fn feed(&mut self, bytes: &[u8]) -> String {
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(bytes);
        let mut safe = String::with_capacity(all.len());
        let mut rest = all.as_slice();
        loop {
            let (good, bad) = match std::str::from_utf8(rest) {
                Ok(text) => {
                    self.push(&mut safe, text);
                    return safe;
                }
                Err(error) => (error.valid_up_to(), error.error_len()),
            };
            let (text, after) = rest.split_at(good);
            self.push(&mut safe, &String::from_utf8_lossy(text));
            let Some(length) = bad else {
                self.held = after.to_vec();
                return safe;
            };
            self.push(&mut safe, "\u{fffd}");
            rest = after.get(length..).unwrap_or_default();
        }
    }

    /// What is left at the end.
    pub fn finish(&mut self) -> String {
        let mut safe = String::new();
        if !std::mem::take(&mut self.held).is_empty() {
            self.push(&mut safe, "\u{fffd}");
        }
        self.end_return(&mut safe);
        safe
    }

    fn push(&mut self, safe: &mut String, text: &str) {
        for letter in text.chars() {
            if letter == '\n' {
                self.returned = false;
            }
            self.end_return(safe);
            self.marks = if is_mark(letter) { self.marks + 1 } else { 0 };
            match letter {
                '\r' => self.returned = true,
                '\n' | '\t' => safe.push(letter),
                _ if self.marks > MARKS => {}
                _ => {
                    push_visible(safe, letter);
                }
            }
        }
    }

    /// A return that ends no line could write over what stands there.
    fn end_return(&mut self, safe: &mut String) {
        if std::mem::take(&mut self.returned) {
            safe.push(' ');
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(pieces: &[&[u8]]) -> String {
        let mut stream = SafeStream::default();
        let mut all: String = pieces.iter().map(|piece| stream.feed(piece)).collect();
        all.push_str(&stream.finish());
        all
    }

    #[test]
    fn lines_stay_and_what_steers_is_shown() {
        let rows: [(&[u8], &str); 6] = [
            (b"one\r\ntwo\tthree\n", "one\ntwo\tthree\n"),
            (b"10%\r20%\r", "10% 20% "),
            (b"\x1b]0;x\x07\x1b[2J", "^[]0;x^G^[[2J"),
            (b"\xff\xfeok\xc3", "\u{fffd}\u{fffd}ok\u{fffd}"),
            ("Zürich 東京".as_bytes(), "Zürich 東京"),
            ("\u{202e}a\u{9b}b".as_bytes(), "\\u{202e}a\\u{9b}b"),
        ];
        for (raw, wanted) in rows {
            assert_eq!(whole(&[raw]), wanted);
        }
        let pile = format!("Z{}", "\u{301}".repeat(1000));
        assert_eq!(whole(&[pile.as_bytes()]).chars().count(), 1 + MARKS);
    }

    proptest! {
        #[test]
        fn wherever_it_is_cut_it_comes_out_the_same(raw: Vec<u8>, text in "\\PC{0,20}|[\r\n\u{1b}é\u{301}]{0,20}", at: usize) {
            let raw = [raw.as_slice(), text.as_bytes()].concat();
            let (one, two) = raw.split_at(at % (raw.len() + 1));
            let safe = whole(&[one, two]);
            prop_assert_eq!(&safe, &whole(&[&raw]));
            prop_assert!(!safe.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
        }
    }
}
