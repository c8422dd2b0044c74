//! What is wrong with a workflow file, gathered: all of it is said at once, each with its place.
//!
//! Nothing a file holds can make the list long or a place lie outside of the file.

use std::fmt::Display;
use std::ops::Range;

use crate::config::Mistake;
use crate::config::mistake::Place;
use crate::model::text::SafeText;

/// Mistakes that are told; more are counted.
const MOST: usize = 100;
/// How like a word has to be to be offered.
const LIKE: f64 = 0.8;

/// A file and its mistakes.
#[derive(Debug)]
pub(super) struct Found<'a> {
    path: &'a str,
    text: &'a str,
    mistakes: Vec<Mistake>,
    more: usize,
}

impl<'a> Found<'a> {
    pub(super) const fn new(path: &'a str, text: &'a str) -> Self {
        Self { path, text, mistakes: Vec::new(), more: 0 }
    }

    /// Keeps that at the bytes `at` there is something wrong: `what`, and `remedy`, which may be empty.
    pub(super) fn add(&mut self, at: &Range<usize>, what: impl Display, remedy: impl Display) {
        if self.mistakes.len() >= MOST {
            self.more += 1;
            return;
        }
        let what = SafeText::new(&what.to_string());
        let remedy = SafeText::new(&remedy.to_string());
        let place = Place::new(self.path, self.text, &inside(self.text, at));
        self.mistakes.push(Mistake { place, what, remedy });
    }

    /// Where in the bytes `at` the first `word` stands; `at` itself where it does not.
    pub(super) fn within(&self, at: &Range<usize>, word: &str) -> Range<usize> {
        let text = self.text.get(at.clone()).unwrap_or_default();
        let start = text.find(word).map(|offset| at.start + offset);
        start.map_or_else(|| at.clone(), |start| start..start + word.len())
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.mistakes.is_empty()
    }

    /// The mistakes by place; two of the same words at the same place are one.
    pub(super) fn into_mistakes(mut self) -> Vec<Mistake> {
        let spot = |mistake: &Mistake| match &mistake.place {
            Place::File { line, column, .. } => (*line, *column),
            Place::Variable(_) => (0, 0),
        };
        self.mistakes.sort_by_key(spot);
        self.mistakes.dedup();
        if let Some(last) = self.mistakes.last().filter(|_| self.more > 0) {
            let what = SafeText::new(&format!("and {} mistakes more", self.more));
            let place = last.place.clone();
            self.mistakes.push(Mistake { place, what, remedy: SafeText::default() });
        }
        self.mistakes
    }
}

/// `at` moved to where there is something to point at.
fn inside(text: &str, at: &Range<usize>) -> Range<usize> {
    let last = text.trim_end().char_indices().next_back().map_or(0, |(at, _)| at);
    let start = (0..=at.start.min(last)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let end = (start..=at.end.clamp(start, text.len())).rev().find(|at| text.is_char_boundary(*at));
    start..end.unwrap_or(start)
}

/// ``did you mean `…`?`` where one of `known` is near `word`, else what there is.
pub(super) fn near<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let word: String = word.chars().take(64).collect();
    let like = |name: &&&str| strsim::jaro_winkler(&word, name);
    let best = known.iter().max_by(|a, b| like(a).total_cmp(&like(b)));
    let slip = |name: &&&str| strsim::damerau_levenshtein(&word, name) == 1 && word.len() > 1;
    match best.filter(|name| like(name) > LIKE || slip(name)) {
        Some(name) => format!("did you mean `{name}`?"),
        None if known.is_empty() => String::new(),
        None => format!("there are {}", known.join(", ")),
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
    fn a_place_is_always_inside_of_the_file_and_the_list_bounded() {
        for (text, at) in [("", 0..9), ("ä\n\n", 1..2), ("a: b\n\n\n", 7..7), ("a", 99..3)] {
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
