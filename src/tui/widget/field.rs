//! What a row of a table is made of: named fields that can be sorted and filtered.

use std::borrow::Cow;
use std::cmp::Ordering;

/// What a field holds, which decides how a filter reads the number beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Words.
    Text,
    /// 0..=100; `80` and `80%` are the same.
    Percent,
    /// Bytes, or bytes per second; `1GiB`, `1.5k`.
    Bytes,
    /// A plain number.
    Number,
    /// Seconds; `20ms`, `1.5s`, `3m`, `2h`; a bare number is seconds.
    Time,
}

/// A named field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in filters and beside the sort sign.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// All it can hold, where that is fixed; else nothing.
    pub values: &'static [&'static str],
}

impl Field {
    /// A field of words.
    pub const fn text(name: &'static str) -> Self {
        Self::new(name, Kind::Text)
    }

    /// A field of words that holds one of `values`.
    pub const fn one_of(name: &'static str, values: &'static [&'static str]) -> Self {
        Self { values, ..Self::text(name) }
    }

    /// A field that holds a `kind`.
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, values: &[] }
    }
}

/// What a field of a row holds now.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Words.
    Text(Cow<'a, str>),
    /// A number in the unit of its [`Kind`].
    Number(f64),
    /// Not known.
    Missing,
}

impl<'a> Value<'a> {
    /// Words.
    pub fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// The order of a column: numbers from high to low, words from A to Z with the numbers in them from low
    /// to high, missing ones always last.
    pub fn order(&self, other: &Self, reversed: bool) -> Ordering {
        let order = match (self, other) {
            (Self::Missing, Self::Missing) => return Ordering::Equal,
            (Self::Missing, _) => return Ordering::Greater,
            (_, Self::Missing) => return Ordering::Less,
            (Self::Number(a), Self::Number(b)) => b.total_cmp(a),
            (Self::Text(a), Self::Text(b)) => natural(a, b),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        };
        if reversed { order.reverse() } else { order }
    }
}

/// `a` before `b` as people count: `web-2` before `web-10`.
fn natural(a: &str, b: &str) -> Ordering {
    let same = alike(a, b);
    let (mut left, mut right) = (a.get(same..).unwrap_or(a), b.get(same..).unwrap_or(b));
    while let (Some(x), Some(y)) = (left.chars().next(), right.chars().next()) {
        let order = if x.is_ascii_digit() && y.is_ascii_digit() {
            let (x, y) = (digits(&mut left), digits(&mut right));
            x.len().cmp(&y.len()).then(x.cmp(y))
        } else {
            left = left.strip_prefix(x).unwrap_or_default();
            right = right.strip_prefix(y).unwrap_or_default();
            x.cmp(&y)
        };
        if order.is_ne() {
            return order;
        }
    }
    left.len().cmp(&right.len()).then_with(|| a.cmp(b))
}

/// How many bytes at the beginning of both are the same and neither part a number nor a letter.
fn alike(a: &str, b: &str) -> usize {
    let same = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    let ends_in_digit = |at: usize| {
        let last = at.checked_sub(1).and_then(|last| a.as_bytes().get(last));
        last.is_some_and(u8::is_ascii_digit)
    };
    let parts = |at: &usize| !a.is_char_boundary(*at) || ends_in_digit(*at);
    (0..=same).rev().find(|at| !parts(at)).unwrap_or(0)
}

/// The number at the beginning of `text`, without the zeros before it, which is taken from it.
fn digits<'a>(text: &mut &'a str) -> &'a str {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    *text = rest;
    number.trim_start_matches('0')
}

impl From<Option<f64>> for Value<'_> {
    fn from(number: Option<f64>) -> Self {
        number.map_or(Self::Missing, Self::Number)
    }
}

/// A row of a table.
pub trait Row {
    /// What tells it from the other rows, however they move.
    type Key: Clone + PartialEq;
    /// Its fields, in the order the sort key steps through them.
    const FIELDS: &'static [Field];
    /// How many of them, from the first, the sort key steps through.
    const SORTED: usize = Self::FIELDS.len();
    /// What tells it from the other rows.
    fn key(&self) -> Self::Key;
    /// Whether `key` is its own; cheaper where a key is dear to make.
    fn is(&self, key: &Self::Key) -> bool {
        self.key() == *key
    }
    /// What its field number `field` holds.
    fn value(&self, field: usize) -> Value<'_>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_with_numbers_stand_as_people_count() {
        let mut names = [
            "web-10", "web-2", "web", "web-02", "é9", "è9", "é10x", "", "Web-3", "web-2b",
            "w1-100", "w1-20",
        ];
        names.sort_by(|a, b| natural(a, b));
        let wanted = [
            "", "Web-3", "w1-20", "w1-100", "web", "web-02", "web-2", "web-2b", "web-10", "è9",
            "é9", "é10x",
        ];
        assert_eq!(names, wanted);
        let long = ["9".repeat(40), "1".repeat(41)];
        assert!(natural(&long[0], &long[1]).is_lt());
    }
}
