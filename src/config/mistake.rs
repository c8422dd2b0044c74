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
        let before = text.get(..span.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line_text = text.get(line_start..).unwrap_or_default();
        let line_text = line_text.lines().next().unwrap_or_default();
        let column = before.get(line_start..).unwrap_or_default().chars().count();
        let meant = text.get(span.clone()).unwrap_or_default();
        let meant = meant.lines().next().unwrap_or_default().chars().count();
        Self::File {
            path: SafeText::new(path),
            line: before.matches('\n').count() + 1,
            column: column + 1,
            text: SafeText::new(line_text),
            length: meant.clamp(1, 80),
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
