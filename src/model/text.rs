//! Text from outside, made safe to show.
//!
//! Process names, mount points, sandbox names and error texts come from programs we do not trust.
//! A terminal obeys escape sequences in them, bidirectional overrides make them lie, and a letter
//! may carry thousands of accents. [`SafeText`] is the only text the screen takes: what could
//! steer is made visible, what could flood is cut. Made where data enters, also by serde.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod stream;

pub use stream::SafeStream;

/// Longest text kept, in characters.
const LONGEST: usize = 256;
/// What stands for the end of a line where text of several lines has to be one.
const LINE_END: &str = "⏎";
/// Combining marks kept on one letter; real languages need no more.
const MARKS: usize = 4;

/// Text without control characters, direction overrides, invisible characters or piled accents,
/// at most 256 characters and, where there was more, `…`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct SafeText(Box<str>);

impl SafeText {
    /// Makes `raw` safe. Text that is already safe comes out unchanged.
    pub fn new(raw: &str) -> Self {
        Self::within(raw, LONGEST)
    }

    /// Makes `raw` safe and keeps at most `longest` characters of it, and `…` for the rest. A
    /// stand-in is kept whole or not at all, so that making text safe twice changes nothing.
    pub fn within(raw: &str, longest: usize) -> Self {
        let mut safe = String::with_capacity(raw.len().min(longest));
        let mut length = 0;
        let mut marks = 0;
        for letter in raw.chars() {
            marks = if is_mark(letter) { marks + 1 } else { 0 };
            if marks > MARKS {
                continue;
            }
            let before = safe.len();
            length += push_visible(&mut safe, letter);
            if length > longest {
                safe.truncate(before);
                safe.push('…');
                break;
            }
        }
        Self(safe.into_boxed_str())
    }

    /// The same of text that may have several lines: `⏎` stands where one ends and another follows.
    pub fn of_lines(raw: &str, longest: usize) -> Self {
        let lines: Vec<&str> = raw.trim_end().lines().collect();
        Self::within(&lines.join(LINE_END), longest)
    }

    /// The lines of a text that was made of several.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.split(LINE_END)
    }

    /// Makes bytes safe; what is not UTF-8 becomes `U+FFFD`.
    pub fn from_bytes(raw: &[u8]) -> Self {
        Self::new(&String::from_utf8_lossy(raw))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Appends `letter`, or a visible stand-in for one that could steer; returns characters added.
fn push_visible(safe: &mut String, letter: char) -> usize {
    match letter {
        '\t' | '\n' | '\r' => safe.push(' '),
        '\0'..='\u{1f}' => {
            safe.push('^');
            safe.push(char::from(letter as u8 + b'@'));
            return 2;
        }
        '\u{7f}' => {
            safe.push_str("^?");
            return 2;
        }
        _ if is_hidden(letter) => {
            let shown = letter.escape_unicode().to_string();
            safe.push_str(&shown);
            return shown.len();
        }
        _ => safe.push(letter),
    }
    1
}

/// C1 controls, zero-width and direction characters, line separators, tags, private formatting.
const fn is_hidden(letter: char) -> bool {
    matches!(letter,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// JSON that no terminal obeys: letters that command or deceive it are written as JSON's escapes, and
/// mean the same.
pub fn safe_json(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter == '\u{7f}' || is_hidden(letter) {
            let units = &mut [0; 2];
            let escapes = letter.encode_utf16(units).iter().map(|unit| format!("\\u{unit:04x}"));
            safe.extend(escapes);
        } else {
            safe.push(letter);
        }
    }
    safe
}

/// Letters that sit on the one before and take no room of their own.
fn is_mark(letter: char) -> bool {
    letter > '\u{2ff}' && unicode_width::UnicodeWidthChar::width(letter) == Some(0)
}

/// How many of a thing there are, in words: `1 track`, `2 tracks`.
pub fn counted(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<&str> for SafeText {
    fn from(raw: &str) -> Self {
        Self::new(raw)
    }
}

impl From<String> for SafeText {
    fn from(raw: String) -> Self {
        Self::new(&raw)
    }
}

impl AsRef<str> for SafeText {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for SafeText {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_could_steer_is_made_visible() {
        let rows = [
            ("nginx: worker", "nginx: worker"),
            ("\u{1b}]0;PWNED\u{7}", "^[]0;PWNED^G"),
            ("a\u{9b}2Jb", "a\\u{9b}2Jb"),
            ("safe\u{202e}gpj.exe", "safe\\u{202e}gpj.exe"),
            ("two\nlines", "two lines"),
            ("Zürich 東京", "Zürich 東京"),
        ];
        for (raw, wanted) in rows {
            assert_eq!(SafeText::new(raw).as_str(), wanted);
        }
    }

    #[test]
    fn lines_are_told_apart_in_one_line() {
        let safe = SafeText::of_lines("for i in 1 2; do\r\n  echo $i\n\ndone\n", 100);
        assert_eq!(safe.as_str(), "for i in 1 2; do⏎  echo $i⏎⏎done");
        let lines: Vec<&str> = safe.lines().collect();
        assert_eq!(lines, ["for i in 1 2; do", "  echo $i", "", "done"]);
        assert_eq!(SafeText::of_lines("\u{1b}[2J\nb", 3).as_str(), "^[[…");
        assert!(SafeText::new("one").lines().eq(["one"]));
    }

    #[test]
    fn accents_do_not_pile_up() {
        let pile = format!("Z{}", "\u{301}".repeat(100_000));
        assert_eq!(SafeText::new(&pile).as_str().chars().count(), 1 + MARKS);
    }

    proptest! {
        #[test]
        fn any_bytes_become_short_plain_text(raw: Vec<u8>) {
            let safe = SafeText::from_bytes(&raw);
            prop_assert!(safe.as_str().chars().count() <= LONGEST + 1);
            prop_assert!(!safe.as_str().chars().any(|c| c.is_control() || is_hidden(c)));
        }

        #[test]
        fn what_is_safe_stays_as_it_is(
            raw in "(a{100}|\\PC|[\u{0}-\u{1f}]|\u{301}{1,6}|[\u{200b}-\u{202e}]){0,60}",
            longest in 0_usize..300,
        ) {
            let safe = SafeText::new(&raw);
            prop_assert_eq!(&SafeText::new(safe.as_str()), &safe);
            let short = SafeText::within(&raw, longest);
            prop_assert_eq!(&SafeText::within(short.as_str(), longest), &short);
        }
    }
}
