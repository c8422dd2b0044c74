//! Forms that ask with GET, and what came of them.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::markup::Markup;

/// What was chosen: names and values, some of them more than once.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Pairs(Vec<(String, String)>);

impl JsonSchema for Pairs {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Choices".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // What the page's own form sends; anything else is passed over.
        schemars::json_schema!({ "type": "object" })
    }
}

impl Pairs {
    /// The first value of `name` that says something.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        let of = self.0.iter().filter(|(key, _)| key == name);
        of.map(|(_, value)| value.trim()).find(|value| !value.is_empty())
    }

    /// Every value of `name`.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let of = self.0.iter().filter(move |(key, _)| key == name);
        of.map(|(_, value)| value.trim())
    }

    /// A number within bounds; `usual` where there is none.
    pub(super) fn number(&self, name: &str, bounds: (usize, usize), usual: usize) -> usize {
        let number = self.first(name).and_then(|value| value.parse::<usize>().ok());
        number.unwrap_or(usual).clamp(bounds.0, bounds.1)
    }
}

/// A form at `to`, sent by a button that says `words`.
pub(super) fn form(out: &mut Markup, to: &str, words: &str, inner: impl FnOnce(&mut Markup)) {
    out.node("form", &[("method", "get"), ("action", to)], |out| {
        inner(out);
        out.leaf("button", &[], words);
    });
}

/// One of several values, each with its words.
pub(super) fn select(
    out: &mut Markup,
    name: &str,
    label: &str,
    values: &[(String, String)],
    chosen: &str,
) {
    out.node("label", &[], |out| {
        out.leaf("span", &[], label);
        out.node("select", &[("name", name)], |out| {
            for (value, words) in values {
                let mut given = vec![("value", value.as_str())];
                given.extend((value == chosen).then_some(("selected", "")));
                out.leaf("option", &given, words);
            }
        });
    });
}

/// Values that are their own words.
pub(super) fn plain<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<(String, String)> {
    values.into_iter().map(|value| (value.to_owned(), value.to_owned())).collect()
}

/// A line to write in.
pub(super) fn field(out: &mut Markup, name: &str, label: &str, value: &str, hint: &str) {
    out.node("label", &[("class", "wide")], |out| {
        out.leaf("span", &[], label);
        let given = [("type", "search"), ("name", name), ("value", value), ("placeholder", hint)];
        out.void("input", &given);
    });
}

/// A number within bounds.
pub(super) fn number(
    out: &mut Markup,
    name: &str,
    label: &str,
    bounds: (usize, usize),
    value: usize,
) {
    let (low, high, value) = (bounds.0.to_string(), bounds.1.to_string(), value.to_string());
    out.node("label", &[], |out| {
        out.leaf("span", &[], label);
        let given =
            [("type", "number"), ("name", name), ("min", &low), ("max", &high), ("value", &value)];
        out.void("input", &given);
    });
}

/// A value that goes along unseen.
pub(super) fn hidden(out: &mut Markup, name: &str, value: &str) {
    out.void("input", &[("type", "hidden"), ("name", name), ("value", value)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_come_more_than_once_and_numbers_are_bounded() {
        let uri = "/?runs=1&runs=+2&n=900&m=x&e=".parse().unwrap();
        let axum::extract::Query(pairs) =
            axum::extract::Query::<Pairs>::try_from_uri(&uri).unwrap();
        assert_eq!(pairs.all("runs").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!((pairs.first("e"), pairs.first("gone")), (None, None));
        let number = |name| pairs.number(name, (1, 50), 8);
        assert_eq!((number("n"), number("m"), number("gone")), (50, 8, 8));
    }
}
