//! A mistake in the settings: where it is, what is wrong, and what to do.

use std::fmt;
use std::ops::Range;

use crate::model::text::SafeText;

/// One mistake, shown with its line and a caret under it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Mistake {
    /// Where it is.
    pub place: Place,
    /// What is wrong.
    pub what: SafeText,
    /// What to do about it; may be empty.
    pub remedy: SafeText,
}

/// Where a mistake is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a file; lines and columns count from 1, columns in characters.
    File {
        /// Its path.
        path: SafeText,
        /// Line.
        line: usize,
        /// Column.
        column: usize,
        /// The whole line.
        text: SafeText,
        /// How many letters are meant, at least 1.
        length: usize,
    },
    /// In an environment variable.
    Variable(String),
}

impl Place {
    /// The line, where there is one.
    pub const fn line(&self) -> Option<usize> {
        match self {
            Self::File { line, .. } => Some(*line),
            Self::Variable(_) => None,
        }
    }

    /// The place of the bytes `span` of `text`, which was read from `path`.
    pub fn new(path: &str, text: &str, span: &Range<usize>) -> Self {
        Places::new(path, text).at(span)
    }
}

/// Places in a text, found from its start to its end: all of them take as long as one.
#[derive(Debug)]
pub struct Places<'a> {
    path: &'a str,
    text: &'a str,
    /// Bytes that were walked, lines among them, where the last of those begins, and letters of it.
    walked: usize,
    lines: usize,
    line_start: usize,
    letters: usize,
}

/// Letters that are underlined at most.
const UNDERLINED: usize = 80;

impl<'a> Places<'a> {
    /// Places in `text`, which was read from `path`.
    pub const fn new(path: &'a str, text: &'a str) -> Self {
        Self { path, text, walked: 0, lines: 0, line_start: 0, letters: 0 }
    }

    /// The place of the bytes `span`; it begins no sooner than the one before.
    pub fn at(&mut self, span: &Range<usize>) -> Place {
        let passed = self.text.get(self.walked..span.start).unwrap_or_default();
        if let Some(last) = passed.rfind('\n') {
            self.lines += passed.matches('\n').count();
            self.line_start = self.walked + last + 1;
            self.letters = 0;
        }
        let start = self.walked.max(self.line_start);
        self.letters += self.text.get(start..span.start).unwrap_or_default().chars().count();
        self.walked = self.walked.max(span.start);
        let line = self.text.get(self.line_start..).unwrap_or_default();
        let meant = self.text.get(span.clone()).unwrap_or_default();
        let meant = meant.chars().take_while(|letter| *letter != '\n').take(UNDERLINED).count();
        Place::File {
            path: SafeText::new(self.path),
            line: self.lines + 1,
            column: self.letters + 1,
            text: SafeText::new(line.lines().next().unwrap_or_default()),
            length: meant.max(1),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Variable(name) => write!(f, "{name}: {}", self.what)?,
            Place::File { path, line, column, text, length } => {
                let margin = line.to_string();
                let blank = " ".repeat(margin.len());
                let before = " ".repeat(column.saturating_sub(1).min(200));
                writeln!(f, "{path}:{line}:{column}: {}", self.what)?;
                writeln!(f, "{blank} |")?;
                writeln!(f, "{margin} | {text}")?;
                write!(f, "{blank} | {before}{}", "^".repeat(*length))?;
            }
        }
        if self.remedy.is_empty() { Ok(()) } else { write!(f, "\n  {}", self.remedy) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_mistake() {
        let text = "[watch]\nintervall = 2\n";
        let mistake = Mistake {
            place: Place::new("isomon.toml", text, &(8..17)),
            what: "there is no `intervall`".into(),
            remedy: "did you mean `interval`?".into(),
        };
        let wanted = "isomon.toml:2:1: there is no `intervall`\n  |\n2 | intervall = 2\n  | ^^^^^^^^^\n  did you mean `interval`?";
        assert_eq!(mistake.to_string(), wanted);
    }

    #[test]
    fn a_span_beyond_the_text_is_no_panic() {
        let place = Place::new("f", "ä", &(1..99));
        assert!(matches!(place, Place::File { line: 1, .. }));
    }
}
