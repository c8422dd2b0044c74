//! What is wrong with a workflow file, gathered: all of it is said at once, each with its place.
//!
//! Nothing a file holds can make the list long or a place lie outside of the file.

use std::fmt::Display;
use std::ops::Range;

use crate::config::Mistake;
use crate::config::mistake::{Place, Places};
use crate::model::text::SafeText;

/// Mistakes that are told; more are counted.
const MOST: usize = 100;
/// How like a word has to be to be offered.
const LIKE: f64 = 0.8;
/// Words that one is held against.
const HELD: usize = 500;
/// Words that are told where none is like it.
const TOLD: usize = 40;

/// A file and its mistakes.
#[derive(Debug)]
pub(super) struct Found<'a> {
    path: &'a str,
    text: &'a str,
    /// Where, what and the remedy.
    mistakes: Vec<(Range<usize>, SafeText, SafeText)>,
    more: usize,
}

impl<'a> Found<'a> {
    pub(super) const fn new(path: &'a str, text: &'a str) -> Self {
        Self { path, text, mistakes: Vec::new(), more: 0 }
    }

    /// Keeps that at the bytes `at` there is something wrong: `what`, and `remedy`, which may be empty.
    /// Neither is put into words where there are too many already; see [`late`].
    pub(super) fn add(&mut self, at: &Range<usize>, what: impl Display, remedy: impl Display) {
        if self.mistakes.len() >= MOST {
            self.more += 1;
            return;
        }
        let what = SafeText::new(&what.to_string());
        let remedy = SafeText::new(&remedy.to_string());
        self.mistakes.push((inside(self.text, at), what, remedy));
    }

    /// Keeps the same of `word`, which stands in the bytes `at` behind `skip` of its letters.
    pub(super) fn add_within(
        &mut self,
        (at, word, skip): (&Range<usize>, &str, usize),
        what: impl Display,
        remedy: impl Display,
    ) {
        if self.mistakes.len() >= MOST {
            self.more += 1;
            return;
        }
        let found = |from: usize| {
            let start = from + self.text.get(from..at.end)?.find(word)?;
            Some(start..start + word.len())
        };
        // What is written in quotes is longer than what it means, but for a few rare letters.
        let place = found(at.start + skip).or_else(|| found(at.start));
        self.add(&place.unwrap_or_else(|| at.clone()), what, remedy);
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.mistakes.is_empty()
    }

    /// The mistakes by place; two of the same words at the same place are one.
    pub(super) fn into_mistakes(mut self) -> Vec<Mistake> {
        self.mistakes.sort_by_key(|(at, ..)| at.start);
        let mut places = Places::new(self.path, self.text);
        let told = |(at, what, remedy)| Mistake { place: hidden(places.at(&at)), what, remedy };
        let mut mistakes: Vec<Mistake> = self.mistakes.into_iter().map(told).collect();
        mistakes.dedup();
        if let Some(last) = mistakes.last().filter(|_| self.more > 0) {
            let what = SafeText::new(&format!("and {} mistakes more", self.more));
            let place = last.place.clone();
            mistakes.push(Mistake { place, what, remedy: SafeText::default() });
        }
        mistakes
    }
}

/// The place without what stands behind a password's key in its line: a line that is shown may hold one.
fn hidden(place: Place) -> Place {
    let Place::File { path, line, column, text, length } = place else { return place };
    let low = text.as_str().to_ascii_lowercase();
    let key = low.find("pass").or_else(|| low.find("pasw"));
    let value = key.and_then(|key| low.get(key..)?.find([':', '=']).map(|colon| key + colon + 1));
    let text = match value.and_then(|value| text.as_str().get(..value)) {
        Some(shown) => SafeText::new(&format!("{shown} [redacted]")),
        None => text,
    };
    Place::File { path, line, column, text, length }
}

/// `at` moved to where there is something to point at.
fn inside(text: &str, at: &Range<usize>) -> Range<usize> {
    let last = text.trim_end().char_indices().next_back().map_or(0, |(at, _)| at);
    let start = (0..=at.start.min(last)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let end = (start..=at.end.clamp(start, text.len())).rev().find(|at| text.is_char_boundary(*at));
    start..end.unwrap_or(start)
}

/// Words that are found when they are told, and not at all where they are not.
pub(super) fn late(words: impl Fn() -> String) -> impl Display {
    struct Late<F>(F);
    impl<F: Fn() -> String> Display for Late<F> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(&self.0())
        }
    }
    Late(words)
}

/// ``did you mean `…`?`` where one of `known` is near `word`, else what there is.
pub(super) fn near<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> String {
    let known: Vec<&str> = known.into_iter().take(HELD).collect();
    let word: String = word.chars().take(64).collect();
    let like = |name: &&&str| strsim::jaro_winkler(&word, name);
    let best = known.iter().max_by(|a, b| like(a).total_cmp(&like(b)));
    let slip = |name: &&&str| strsim::damerau_levenshtein(&word, name) == 1 && word.len() > 1;
    match best.filter(|name| like(name) > LIKE || slip(name)) {
        Some(name) => format!("did you mean `{name}`?"),
        None if known.is_empty() => String::new(),
        None => {
            let more = if known.len() > TOLD { ", …" } else { "" };
            let told: Vec<&str> = known.into_iter().take(TOLD).collect();
            format!("there are {}{more}", told.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_offered_else_all() {
        assert_eq!(near("comand", ["host", "command"]), "did you mean `command`?");
        assert_eq!(near("xyz", ["host", "command"]), "there are host, command");
        assert_eq!(near("xyz", []), "");
    }

    #[test]
    fn a_line_that_is_shown_shows_no_password() {
        for text in
            ["password: [hunter2]", "  {ip: h, pasword: hunter2}", "Key_Passphrase: hunter2"]
        {
            let mut found = Found::new("f", text);
            found.add(&(0..1), "x", "");
            let said = found.into_mistakes()[0].to_string();
            assert!(!said.contains("hunter2") && said.contains("[redacted]"), "{said}");
        }
    }

    #[test]
    fn a_place_is_always_inside_of_the_file_and_the_list_bounded() {
        for (text, at) in [("", 0..9), ("ä\n\n", 1..2), ("a: b\n\n\n", 7..7), ("a", 99..100)] {
            let mut found = Found::new("f", text);
            found.add(&at, "x", "");
            let Place::File { line, column, .. } = found.into_mistakes()[0].place.clone() else {
                panic!("a file");
            };
            assert_eq!(line, 1, "{text:?}");
            assert!(column <= text.trim_end().chars().count().max(1), "{text:?} {column}");
        }
        let mut found = Found::new("f", "x");
        (0..MOST + 7).for_each(|number| found.add(&(0..1), number, ""));
        let mistakes = found.into_mistakes();
        assert_eq!(mistakes.last().unwrap().what.as_str(), "and 7 mistakes more");
    }
}
