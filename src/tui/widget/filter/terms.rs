//! What may be typed next into a filter: the fields of a table, and the words that stand in them.
//!
//! Taken down when the line is opened, so that what is offered does not move while it is typed.

use std::collections::BTreeSet;

use super::super::field::{Field, Kind, Row, Value};
use super::{Error, Filter, comparison, unquote};

/// Most words kept of a field.
const MOST: usize = 200;
/// Most rows that are looked at.
const ROWS: usize = 20_000;
/// Longest word that is offered, in letters.
const LONGEST: usize = 80;

/// The fields of a table and what stands in them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Terms {
    fields: &'static [Field],
    held: Vec<BTreeSet<String>>,
}

/// One way to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is added, in short.
    pub label: String,
    /// The whole filter then.
    pub text: String,
}

impl Terms {
    /// Those of `rows`.
    pub fn of<'a, R: Row + 'a>(rows: impl IntoIterator<Item = &'a R>) -> Self {
        let mut terms = Self::named(R::FIELDS);
        for row in rows.into_iter().take(ROWS) {
            for (field, held) in terms.held.iter_mut().enumerate() {
                if let Value::Text(text) = row.value(field)
                    && held.len() < MOST
                    && is_word(&text)
                {
                    held.insert(text.into_owned());
                }
            }
        }
        terms
    }

    /// These fields, of which nothing is known that stands in them.
    pub fn named(fields: &'static [Field]) -> Self {
        Self { fields, held: vec![BTreeSet::new(); fields.len()] }
    }

    /// What is wrong with `text`; nothing where there are no fields to judge it by.
    pub fn mistake(&self, text: &str) -> Option<Error> {
        Filter::parse(text, self.fields).err().filter(|_| !self.fields.is_empty())
    }

    /// How `text` may go on at its end: with a field, or behind one with what stands in it.
    pub fn choices(&self, text: &str) -> Vec<Choice> {
        let (before, word) = text.split_at(last_word(text));
        let choice =
            |label: String, word: String| Choice { label, text: format!("{before}{word}") };
        let Some((name, _, value, _)) = comparison(word) else {
            let begun = word.to_lowercase();
            let fits = self.fields.iter().filter(|field| field.name.starts_with(&begun));
            return fits.map(|field| choice(field.name.to_owned(), with_sign(field))).collect();
        };
        let Some(at) = self.fields.iter().position(|field| field.name.eq_ignore_ascii_case(name))
        else {
            return Vec::new();
        };
        let (begun, head) = (unquote(value), word.strip_suffix(value).unwrap_or(word));
        let fits = self.held[at].iter().filter(|held| held.to_lowercase().starts_with(&begun));
        fits.map(|held| choice(held.clone(), format!("{head}{}", quoted(held)))).collect()
    }
}

/// What stands in a table and can be typed.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= LONGEST && !text.contains('"')
}

/// A field with the sign that is meant most often.
fn with_sign(field: &Field) -> String {
    let sign = if field.kind == Kind::Text { "=" } else { ">" };
    format!("{}{sign}", field.name)
}

fn quoted(text: &str) -> String {
    if text.contains(char::is_whitespace) { format!("\"{text}\"") } else { text.to_owned() }
}

/// Where the last word of `text` begins, in bytes; behind a blank it is empty.
fn last_word(text: &str) -> usize {
    let (mut begin, mut quote) = (0, false);
    for (at, letter) in text.char_indices() {
        quote ^= letter == '"';
        if letter.is_whitespace() && !quote {
            begin = at + letter.len_utf8();
        }
    }
    begin
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Machine(&'static str, f64);

    impl Row for Machine {
        type Key = &'static str;
        const FIELDS: &'static [Field] =
            &[Field::text("name"), Field::text("net"), Field::new("cpu", Kind::Percent)];

        fn key(&self) -> &'static str {
            self.0
        }

        fn value(&self, field: usize) -> Value<'_> {
            if field == 2 { Value::Number(self.1) } else { Value::text(self.0) }
        }
    }

    fn texts(typed: &str) -> Vec<String> {
        let rows = [Machine("web-1", 1.0), Machine("Web 2", 2.0), Machine("db", 3.0)];
        let choices = Terms::of(&rows).choices(typed);
        choices.into_iter().map(|choice| choice.text).collect()
    }

    #[test]
    fn fields_and_what_stands_in_them_are_offered() {
        assert_eq!(texts("n"), ["name=", "net="]);
        assert_eq!(texts("cpu>3 N"), ["cpu>3 name=", "cpu>3 net="]);
        assert_eq!(texts(""), ["name=", "net=", "cpu>"]);
        assert_eq!(texts("name=w"), ["name=\"Web 2\"", "name=web-1"]);
        assert_eq!(texts("name=\"web "), ["name=\"Web 2\""]);
        assert_eq!(texts("a net!=d"), ["a net!=db"]);
        assert_eq!(texts("cpu>"), [""; 0]);
        assert_eq!(texts("other=x"), [""; 0]);
    }

    #[test]
    fn what_is_offered_is_understood() {
        let rows = [Machine("web-1", 1.0), Machine("Web 2", 2.0)];
        let terms = Terms::of(&rows);
        for choice in terms.choices("name=") {
            assert_eq!(terms.mistake(&choice.text), None, "{choice:?}");
        }
        assert_eq!(terms.mistake("cpu>x").map(|error| error.column()), Some(5));
        assert_eq!(Terms::default().mistake("cpu>"), None);
    }
}
