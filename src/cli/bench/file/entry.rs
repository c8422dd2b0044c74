//! The keys of a plan file with their places, whichever language it is written in.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use toml::de::{DeTable, DeValue};

use super::BACKENDS;
use crate::config::Mistake;
use crate::config::mistake::Place;
use crate::model::text::SafeText;

/// The key that is true or false.
const SHELL: &str = "shell";
/// Values of one list, at most.
const MOST: usize = 1_000;

/// One key of a plan file and what stands behind it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    /// Where the key is.
    pub(super) place: Place,
    /// Where its value is.
    pub(super) at: Place,
    values: Vec<String>,
}

impl Entry {
    /// It as words of a command line.
    pub(super) fn words(&self) -> Vec<String> {
        if self.key == BACKENDS {
            return std::iter::once("--".to_owned()).chain(self.values.clone()).collect();
        }
        if self.key == SHELL {
            let wished = self.values.iter().any(|value| value == "true");
            return wished.then(|| format!("--{SHELL}")).into_iter().collect();
        }
        self.values.iter().map(|value| format!("--{}={value}", self.key)).collect()
    }
}

fn mistake(place: Place, what: &str) -> Mistake {
    let remedy = SafeText::new("a plan is keys with a value or a list of values");
    Mistake { place, what: SafeText::new(what), remedy }
}

/// The entries of a TOML file, in the order of their places; backends last, as they stand behind the
/// flags.
pub(super) fn of_toml(path: &str, text: &str) -> Result<Vec<Entry>, Mistake> {
    let place = |span: &Range<usize>| Place::new(path, text, span);
    let table = DeTable::parse(text)
        .map_err(|error| mistake(place(&error.span().unwrap_or(0..0)), error.message().trim()))?;
    let mut entries = Vec::new();
    for (key, value) in table.get_ref() {
        entries.push(Entry {
            key: key.get_ref().to_string(),
            place: place(&key.span()),
            at: place(&value.span()),
            values: toml_values(value.get_ref()),
        });
    }
    entries.sort_by_key(|entry| (entry.key == BACKENDS, entry.place.line()));
    Ok(entries)
}

/// The values as texts; none for a table, whose key is unknown anyway or needs a value.
fn toml_values(value: &DeValue<'_>) -> Vec<String> {
    match value {
        DeValue::String(text) => vec![text.to_string()],
        DeValue::Integer(number) => vec![number.to_string()],
        DeValue::Float(number) => vec![number.to_string()],
        DeValue::Boolean(is) => vec![is.to_string()],
        DeValue::Datetime(date) => vec![date.to_string()],
        DeValue::Array(list) => {
            list.iter().take(MOST).flat_map(|item| toml_values(item.get_ref())).collect()
        }
        DeValue::Table(_) => vec![String::new()],
    }
}

/// The entries of a YAML file, in their order; backends last.
pub(super) fn of_yaml(path: &str, text: &str) -> Result<Vec<Entry>, Mistake> {
    let place = |line: u64, column: u64| Place::new(path, text, &spot(text, line, column));
    let read = serde_saphyr::from_str::<Option<Pairs>>(text);
    let pairs = read.map_err(|error| {
        let at = error.location().map_or((1, 1), |at| (at.line(), at.column()));
        mistake(place(at.0, at.1), &plain(&error.to_string()))
    })?;
    let entry = |(key, value): (Spanned<String>, Spanned<Values>)| Entry {
        place: place(key.referenced.line(), key.referenced.column()),
        at: place(value.referenced.line(), value.referenced.column()),
        key: key.value,
        values: value.value.0,
    };
    let mut entries: Vec<Entry> =
        pairs.map(|pairs| pairs.0).unwrap_or_default().into_iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.key == BACKENDS);
    Ok(entries)
}

/// The first line of what the reader says: the others show the place, as ours do.
fn plain(words: &str) -> String {
    let first = words.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    first.trim().trim_start_matches("error: ").to_owned()
}

/// The bytes of the word at `line` and `column`, both from 1, columns in characters.
fn spot(text: &str, line: u64, column: u64) -> Range<usize> {
    let index = |number: u64| usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
    let lines: usize = text.split_inclusive('\n').take(index(line)).map(str::len).sum();
    let rest = text.get(lines..).unwrap_or_default();
    let before: usize = rest.chars().take(index(column)).map(char::len_utf8).sum();
    let start = (lines + before).min(text.len());
    let word = text.get(start..).unwrap_or_default();
    let length = word.find(|letter: char| letter == ':' || letter.is_whitespace());
    start..start + length.unwrap_or(word.len())
}

/// The pairs of a map, in their order.
struct Pairs(Vec<(Spanned<String>, Spanned<Values>)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("keys with values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        from.deserialize_map(Each)
    }
}

/// A value, or the values of a list, as texts.
#[derive(Debug)]
struct Values(Vec<String>);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or a list of values")
            }

            fn visit_str<E>(self, text: &str) -> Result<Values, E> {
                Ok(Values(vec![text.to_owned()]))
            }

            fn visit_bool<E>(self, is: bool) -> Result<Values, E> {
                Ok(Values(vec![is.to_string()]))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Values, E> {
                Ok(Values(vec![number.to_string()]))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Values, E> {
                Ok(Values(vec![number.to_string()]))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Values, E> {
                Ok(Values(vec![number.to_string()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Values, A::Error> {
                let mut values = Vec::new();
                while let Some(Values(more)) = list.next_element()? {
                    if values.len() >= MOST {
                        return Err(serde::de::Error::custom("the list is too long"));
                    }
                    values.extend(more);
                }
                Ok(Values(values))
            }
        }
        from.deserialize_any(Any)
    }
}
