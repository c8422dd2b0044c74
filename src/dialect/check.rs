//! A file's tree against the tables of `grammar`: unknown keys, missing ones, wrong forms.
//!
//! Rules between keys come later, in `rule`; what is wrong here is passed over there.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::Range;

use super::columns;
use super::duration;
use super::found::{Found, late, near};
use super::grammar::{Form, Key, Part, Since};
use super::yaml::{Entry, Kind, Node};

/// Longest name, in characters.
const NAME: usize = 100;
/// What is worth saying, at most.
const NOTES: usize = 100;

/// What checking a file gathers.
#[derive(Debug)]
pub(super) struct Check<'f, 't> {
    pub(super) found: &'f mut Found<'t>,
    /// What the keys that are used speak for.
    pub(super) used: BTreeSet<Since>,
    /// What is taken and has no effect.
    pub(super) notes: Vec<String>,
}

impl<'f, 't> Check<'f, 't> {
    pub(super) const fn new(found: &'f mut Found<'t>) -> Self {
        Self { found, used: BTreeSet::new(), notes: Vec::new() }
    }

    /// Checks `node`, which is at `path` in the file and at `at` in its text, against `part`.
    pub(super) fn part(&mut self, node: &Node, part: &Part, path: &str, at: &Range<usize>) {
        if !matches!(node.kind, Kind::Map(_)) {
            let (name, word) = (part.name, node.word());
            self.found.add(at, format!("{name} is keys with values, not {word}"), "");
            return;
        }
        for entry in node.entries() {
            match part.key(&entry.key) {
                Some(key) => self.entry(entry, key, path),
                None => self.unknown(entry, part, path),
            }
        }
        for key in part.keys.iter().filter(|key| key.must) {
            let there = node.entry(key.name);
            if there.is_none_or(|entry| entry.value.is_null()) {
                let at = there.map_or_else(|| spot(node, at), |entry| entry.at.clone());
                let what = format!("{} must be set", within(path, key.name));
                self.found.add(&at, what, key.about);
            }
        }
    }

    fn unknown(&mut self, entry: &Entry, part: &Part, path: &str) {
        let near = || near(&entry.key, part.keys.iter().map(|key| key.name));
        if part.open {
            if self.notes.len() < NOTES {
                let path = within(path, &entry.key);
                self.notes.push(format!("{path} is not known, and has no effect; {}", near()));
            }
            return;
        }
        let what = format!("there is no `{}` in {}", entry.key, part.name);
        self.found.add(&entry.at, what, late(near));
    }

    fn entry(&mut self, entry: &Entry, key: &Key, path: &str) {
        self.used.insert(key.since);
        if !entry.value.is_null() {
            let path = within(path, key.name);
            self.value(&entry.value, key.form, &path, &entry.at);
        }
    }

    /// Checks what stands behind the key at `at`.
    fn value(&mut self, node: &Node, form: Form, path: &str, at: &Range<usize>) {
        match form {
            Form::Part(part) => self.part(node, part, path, at),
            Form::Parts(part) => self.each(node, path, |check, item, path| {
                check.part(item, part, path, &item.at);
            }),
            Form::Named(part) => self.named(node, part, path, at),
            Form::Names => self.each(node, path, Self::name),
            Form::Texts => self.each(node, path, Self::text),
            Form::TextOrTexts if matches!(node.kind, Kind::List(_)) => {
                self.value(node, Form::Texts, path, at);
            }
            Form::Pairs => self.pairs(node, path, at),
            Form::Lists => self.lists(node, path, at),
            Form::Columns => columns::check(self, node, path, at),
            Form::Name => self.name(node, path),
            _ => self.scalar(node, form, path),
        }
    }

    fn scalar(&mut self, node: &Node, form: Form, path: &str) {
        let Kind::Scalar { text, plain } = &node.kind else {
            let what = format!("{path} must be {}, not {}", wished(form), node.word());
            self.found.add(&node.at, what, "");
            return;
        };
        let wrong = match form {
            Form::Flag => flag(text, *plain).err(),
            Form::Whole(from, to) => whole(text, from, to).err(),
            Form::Number => number(text).err(),
            Form::Time if duration::read(text).is_none() => {
                Some(("must be a positive duration".to_owned(), duration::remedy(text)))
            }
            Form::Word(words) if !words.contains(&text.as_str()) => Some((
                format!("must be one of [{}]", words.join(", ")),
                near(text, words.iter().copied()),
            )),
            _ if text.contains('\0') => {
                Some(("holds a NUL, which no program takes".to_owned(), "leave it out".to_owned()))
            }
            _ => None,
        };
        if let Some((what, remedy)) = wrong {
            self.found.add(&node.at, format!("{path} {what}"), remedy);
        }
    }

    pub(super) fn text(&mut self, node: &Node, path: &str) {
        self.scalar(node, Form::Text, path);
    }

    pub(super) fn name(&mut self, node: &Node, path: &str) {
        self.scalar(node, Form::Text, path);
        let Some(name) = node.text() else { return };
        if name.trim().is_empty() {
            self.found.add(&node.at, format!("{path} must be set"), "it is empty");
        } else if name.chars().any(char::is_control) || name.chars().count() > NAME {
            let what = format!("{path} is no name");
            let remedy = format!("at most {NAME} characters, none of which controls a terminal");
            self.found.add(&node.at, what, remedy);
        }
    }

    fn each(&mut self, node: &Node, path: &str, mut one: impl FnMut(&mut Self, &Node, &str)) {
        if !matches!(node.kind, Kind::List(_)) {
            let what = format!("{path} must be a list, not {}", node.word());
            self.found.add(&node.at, what, "begin each item with `- `");
            return;
        }
        for (index, item) in node.items().iter().enumerate() {
            one(self, item, &format!("{path}[{index}]"));
        }
    }

    fn is_map(&mut self, node: &Node, path: &str, at: &Range<usize>) -> bool {
        let is = matches!(node.kind, Kind::Map(_));
        if !is {
            let what = format!("{path} must be names with values, not {}", node.word());
            self.found.add(at, what, "write `name: value`");
        }
        is
    }

    fn named(&mut self, node: &Node, part: &Part, path: &str, at: &Range<usize>) {
        if !self.is_map(node, path, at) {
            return;
        }
        for entry in node.entries() {
            self.key(entry, path);
            if !entry.value.is_null() {
                self.part(&entry.value, part, &within(path, &entry.key), &entry.at);
            }
        }
    }

    /// A key that is a name of the user's.
    fn key(&mut self, entry: &Entry, path: &str) {
        let node = Node {
            at: entry.at.clone(),
            kind: Kind::Scalar { text: entry.key.clone(), plain: false },
        };
        self.name(&node, &format!("a name in {path}"));
    }

    fn pairs(&mut self, node: &Node, path: &str, at: &Range<usize>) {
        if !self.is_map(node, path, at) {
            return;
        }
        for entry in node.entries() {
            self.variable(entry, path);
            if !entry.value.is_null() {
                self.text(&entry.value, &within(path, &entry.key));
            }
        }
    }

    /// The name of an environment variable.
    fn variable(&mut self, entry: &Entry, path: &str) {
        let key = &entry.key;
        if key.is_empty() || key.contains(['=', '\0']) {
            let what = format!("`{key}` in {path} is no name of an environment variable");
            self.found.add(&entry.at, what, "letters, digits and `_`");
        }
    }

    fn lists(&mut self, node: &Node, path: &str, at: &Range<usize>) {
        if !self.is_map(node, path, at) {
            return;
        }
        for entry in node.entries() {
            let path = within(path, &entry.key);
            if !is_word(&entry.key) {
                let what = format!("`{}` is no name for `{{{{matrix.NAME}}}}`", entry.key);
                self.found.add(&entry.at, what, "letters, digits, `_` and `-`");
            }
            if entry.value.is_null() || entry.value.items().is_empty() {
                self.found.add(&entry.at, format!("{path} must be a list of values"), "`[1, 2]`");
            }
            self.each(&entry.value, &path, Self::name);
        }
    }
}

/// Whether `text` can stand in a template as one word.
pub(super) fn is_word(text: &str) -> bool {
    let letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    !text.is_empty() && text.chars().all(letter)
}

/// `path.key`.
pub(super) fn within(path: &str, key: impl Display) -> String {
    if path.is_empty() { key.to_string() } else { format!("{path}.{key}") }
}

/// Where to point at for all of `node`: its name, else its first key.
pub(super) fn spot(node: &Node, or: &Range<usize>) -> Range<usize> {
    let named = node.of("name").map(|name| name.at.clone());
    let first = || node.entries().first().map(|entry| entry.at.clone());
    named.or_else(first).unwrap_or_else(|| or.clone())
}

const fn wished(form: Form) -> &'static str {
    match form {
        Form::Flag => "true or false",
        Form::Whole(..) => "a whole number",
        Form::Number => "a number",
        Form::Time => "a length of time",
        _ => "a text",
    }
}

type Wrong = (String, String);

/// Whether `text` says true.
pub(super) fn flag(text: &str, plain: bool) -> Result<bool, Wrong> {
    match text {
        "true" | "True" | "TRUE" if plain => Ok(true),
        "false" | "False" | "FALSE" if plain => Ok(false),
        _ => {
            let yes = matches!(text.to_lowercase().as_str(), "yes" | "on" | "y" | "true" | "1");
            let no = matches!(text.to_lowercase().as_str(), "no" | "off" | "n" | "false" | "0");
            let remedy = match (yes, no) {
                (true, _) => "write true, without quotes",
                (_, true) => "write false, without quotes",
                _ => "",
            };
            Err(("must be true or false".to_owned(), remedy.to_owned()))
        }
    }
}

/// The whole number that `text` says, from `from` to `to`.
pub(super) fn whole(text: &str, from: i64, to: i64) -> Result<i64, Wrong> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let octal = digits.len() > 1 && digits.starts_with('0');
    if octal {
        let decimal = digits.trim_start_matches(['0', 'o', 'x', 'b']);
        let what = "must be a whole number in decimal".to_owned();
        return Err((
            what,
            format!("some read `{text}` as octal; write `{decimal}`, or what it is"),
        ));
    }
    match text.parse::<i64>() {
        Ok(number) if number < from => Err((format!("must be >= {from}"), String::new())),
        Ok(number) if number > to => Err((format!("must be <= {to}"), String::new())),
        Ok(number) => Ok(number),
        Err(_) => Err(("must be a whole number".to_owned(), format!("`{text}` is none"))),
    }
}

/// The number that `text` says.
pub(super) fn number(text: &str) -> Result<f64, Wrong> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| ("must be a number".to_owned(), format!("`{text}` is none")))
}
