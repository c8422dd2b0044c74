//! What stands behind the `?`, read into the type that a route takes.
//!
//! What cannot be read is told with what may stand there, which the type's schema knows: the one that the
//! document is made of.

use axum::extract::Query;
use axum::http::Uri;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::serve::answer::Problem;

/// Reads the query of `uri`.
pub(super) fn read<Q: DeserializeOwned + JsonSchema>(uri: &Uri) -> Result<Q, Problem> {
    let read = Query::try_from_uri(uri).map(|Query(query)| query);
    read.map_err(|error| Problem::bad(wrong::<Q>(&error.body_text())))
}

/// What is wrong in our own words, where the reader of queries says `why`.
fn wrong<Q: JsonSchema>(why: &str) -> String {
    // It says first what it is.
    let why = why.split_once(": ").map_or(why, |(_, why)| why);
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<Q>();
    let mut fields = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let told =
        fields.find_map(|(name, field)| Some(format!("{} {}", fault(name, why)?, takes(field))));
    told.unwrap_or_else(|| "the query cannot be read: /openapi.json says what it takes".to_owned())
}

/// What is wrong with the parameter `name`, if `why` is about it.
fn fault(name: &str, why: &str) -> Option<String> {
    if why.strip_prefix(name).is_some_and(|rest| rest.starts_with(": ")) {
        return Some(format!("{name} in the query is not as it should be:"));
    }
    if why == format!("missing field `{name}`") {
        return Some(format!("{name} is missing in the query:"));
    }
    let twice = why == format!("duplicate field `{name}`");
    twice.then(|| format!("{name} stands in the query more than once:"))
}

/// What may stand in a parameter, and what it means.
fn takes(field: &Value) -> String {
    let choices = choices(field);
    let kind = if !choices.is_empty() {
        format!("it takes {}", choices.join(", "))
    } else if is_of(field, "integer") {
        format!("it takes {}", number(field))
    } else {
        "/openapi.json says what it takes".to_owned()
    };
    let words = field.get("description").and_then(Value::as_str).unwrap_or_default();
    match words.trim_end_matches('.').replace('\n', " ") {
        words if words.is_empty() => kind,
        words => format!("{kind} ({words})"),
    }
}

/// The words that it takes, where they are told one by one.
fn choices(field: &Value) -> Vec<&str> {
    let list = |name: &str| field.get(name).and_then(Value::as_array).into_iter().flatten();
    let own = field.get("const").into_iter().chain(list("enum")).filter_map(Value::as_str);
    own.chain(list("anyOf").chain(list("oneOf")).flat_map(choices)).collect()
}

/// Whether it takes values of this type, perhaps beside null.
fn is_of(field: &Value, kind: &str) -> bool {
    let is = |name: &Value| name.as_str() == Some(kind);
    field
        .get("type")
        .is_some_and(|of| is(of) || of.as_array().is_some_and(|all| all.iter().any(is)))
}

/// Which numbers it takes.
fn number(field: &Value) -> String {
    let bound = |name: &str| field.get(name).and_then(Value::as_i64);
    match (bound("minimum"), bound("maximum")) {
        (Some(least), Some(most)) => format!("a whole number from {least} to {most}"),
        (Some(least), None) => format!("a whole number from {least} on"),
        _ => "a whole number".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::model::workload::Window;

    #[derive(Debug, Deserialize, JsonSchema)]
    struct Asked {
        /// How far back
        /// it goes.
        window: Option<Window>,
        runs: String,
        /// How many.
        limit: Option<i64>,
        #[schemars(range(max = 60))]
        wait: Option<u64>,
    }

    #[test]
    fn what_can_be_read_is() {
        let asked: Asked = read(&"/?window=7d&runs=a,b&limit=5".parse().unwrap()).unwrap();
        assert_eq!((asked.window, asked.limit, asked.wait), (Some(Window::Week), Some(5), None));
        assert_eq!(asked.runs, "a,b");
    }

    #[test]
    fn what_cannot_be_read_is_named_with_what_may_stand_there() {
        let bad = "in the query is not as it should be: it takes";
        let rows = [
            ("window=1x&runs=a", format!("window {bad} 1h, 24h, 7d (How far back it goes)")),
            ("runs=a&limit=abc", format!("limit {bad} a whole number (How many)")),
            ("runs=a&wait=-1", format!("wait {bad} a whole number from 0 to 60")),
            (
                "limit=1",
                "runs is missing in the query: /openapi.json says what it takes".to_owned(),
            ),
            (
                "runs=a&limit=1&limit=2",
                "limit stands in the query more than once: it takes a whole number (How many)"
                    .to_owned(),
            ),
        ];
        for (query, wanted) in rows {
            let problem = read::<Asked>(&format!("/?{query}").parse().unwrap()).unwrap_err();
            assert_eq!((problem.status, problem.text.as_str()), (400, wanted.as_str()), "{query}");
        }
    }
}
