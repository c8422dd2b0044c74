//! One thing the doctor looked at.

use serde::Serialize;

use crate::model::text::SafeText;

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// As it should be.
    Good,
    /// Not here, which is nothing to worry about.
    Note,
    /// Worth a look.
    Warn,
    /// isomon cannot do its work.
    Bad,
}

/// One thing, how it is, and what mends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) name: String,
    pub(super) level: Level,
    pub(super) words: SafeText,
    pub(super) remedy: SafeText,
}

impl Finding {
    pub(super) fn new(name: &str, level: Level, words: &str, remedy: &str) -> Self {
        Self { name: name.to_owned(), level, words: words.into(), remedy: remedy.into() }
    }

    /// A line, and one more for the remedy. The word carries the meaning, the colour repeats it.
    pub(super) fn line(&self, colored: bool) -> String {
        let (word, code) = match self.level {
            Level::Good => ("ok  ", "32"),
            Level::Note => ("-   ", "2"),
            Level::Warn => ("warn", "33"),
            Level::Bad => ("BAD ", "31"),
        };
        let word = if colored { format!("\x1b[{code}m{word}\x1b[0m") } else { word.to_owned() };
        let line = format!("{word} {:<26} {}\n", self.name, self.words);
        if self.remedy.is_empty() { line } else { format!("{line}{:32}-> {}\n", "", self.remedy) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_stands_under_what_it_mends() {
        let finding = Finding::new("pressure", Level::Warn, "no /proc/pressure", "boot with psi=1");
        let lines = finding.line(false);
        let lines: Vec<&str> = lines.lines().collect();
        assert_eq!(lines[0], "warn pressure                   no /proc/pressure");
        assert_eq!(lines[1].find("-> boot"), Some(32));
        assert!(finding.line(true).starts_with("\x1b[33mwarn\x1b[0m"));
    }
}
