//! A mistake in one of the user's files, with its place and what was perhaps meant.

use std::ops::Range;

/// A mistake, told so that it can be found: `keymap.toml:3:9: …`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {what}")]
pub struct Mistake {
    /// The file as it was named.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
}

impl Mistake {
    /// A mistake at `span` (bytes) of `text`, which was read from `file`.
    pub fn new(file: &str, text: &str, span: &Range<usize>, what: String) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        Self { file: file.to_owned(), line: before.matches('\n').count() + 1, column, what }
    }

    /// The mistake the TOML reader found.
    pub fn from_toml(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let span = error.span().unwrap_or(0..0);
        Self::new(file, text, &span, error.message().to_owned())
    }
}

/// `; did you mean …?` with the name of `known` nearest to `word`, or nothing if none is near: one letter
/// in three may be another, but at least one.
pub fn suggest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(word, name), name))
        .min()
        .filter(|(distance, name)| {
            let shorter = name.chars().count().min(word.chars().count());
            *distance <= (shorter / 3).max(1)
        })
        .map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_counts_from_one_and_in_characters() {
        let mistake = Mistake::new("k.toml", "ä\nöö x", &(8..9), "wrong".to_owned());
        assert_eq!(mistake.to_string(), "k.toml:2:4: wrong");
    }

    #[test]
    fn only_near_names_are_suggested() {
        assert_eq!(suggest("qiut", ["quit", "help"]), "; did you mean `quit`?");
        assert_eq!(
            suggest("hig-contrst", ["mono", "high-contrast"]),
            "; did you mean `high-contrast`?"
        );
        assert_eq!(suggest("xyzzy", ["quit", "help"]), "");
        assert_eq!(suggest("foo", ["light", "mono"]), "", "two letters of three are other ones");
    }
}
