//! What a file is that is no run, and where a run's file is wrong.
//!
//! People hand isomon what other tools wrote, halves of files and what an editor made of them. Each
//! is told apart, since each is mended in another way.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Error;
use crate::model::bench::Sample;
use crate::model::load::Step;
use crate::model::run::{FORMAT, RunHead, RunTail};

#[derive(Deserialize)]
struct Format {
    format: Option<u32>,
}

/// Refuses what is no run of a format that is known, before anything else is made of it.
pub(super) fn check(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let path = || path.to_owned();
    let is_object = bytes.trim_ascii_start().starts_with(b"{");
    match serde_json::from_slice(bytes) {
        Ok(_) if !is_object => Err(Error::Foreign { path: path(), what: "JSON" }),
        Ok(Format { format: Some(0) }) => Err(Error::NoFormat { path: path(), found: 0 }),
        Ok(Format { format: Some(found) }) if found > FORMAT => {
            Err(Error::Newer { path: path(), found })
        }
        Ok(Format { format: Some(_) }) => Ok(()),
        Ok(Format { format: None }) => Err(Error::Foreign { path: path(), what: whose(bytes) }),
        Err(error) if error.is_eof() => Err(Error::Truncated {
            path: path(),
            line: bytes.split(|b| *b == b'\n').count().min(bytes.len()),
        }),
        Err(error) if error.is_data() && !is_object => {
            Err(Error::Foreign { path: path(), what: "JSON" })
        }
        Err(source) => Err(Error::Corrupt { path: path(), line: source.line(), source }),
    }
}

/// What JSON without a format is.
fn whose(bytes: &[u8]) -> &'static str {
    let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let has = |value: &Value, keys: &[&str]| keys.iter().all(|key| value.get(key).is_some());
    let first = value.as_object().and_then(|object| object.values().next());
    let measure = first.and_then(Value::as_object).and_then(|object| object.values().next());
    if value.pointer("/results/0").is_some_and(|result| has(result, &["command", "mean"])) {
        "a result of hyperfine"
    } else if value.pointer("/mean/confidence_interval").is_some() {
        "an estimate of criterion"
    } else if measure.is_some_and(|measure| has(measure, &["value"])) {
        "a result in Bencher's form"
    } else if value.get("kind").and_then(Value::as_str)
        == Some(crate::model::workflow::result::KIND)
    {
        "a workflow's run"
    } else {
        "JSON"
    }
}

/// Where the run in `bytes` is wrong, which reading it whole says is `error`.
pub(super) fn part(path: &Path, bytes: &[u8], error: serde_json::Error) -> Error {
    let whole = |source: serde_json::Error| Error::Corrupt {
        path: path.to_owned(),
        line: source.line(),
        source,
    };
    // Of a field that is there twice, one is gone here.
    let twice = error.to_string().starts_with("duplicate field");
    let Some(value) = serde_json::from_slice::<Value>(bytes).ok().filter(|_| !twice) else {
        return whole(error);
    };
    let bad = fits::<RunHead>(&value)
        .map_err(|source| ("head".to_owned(), source))
        .and_then(|()| each::<Sample>(&value, "samples"))
        .and_then(|()| each::<Step>(&value, "steps"))
        .and_then(|()| {
            let tail = value.get("tail").unwrap_or(&Value::Null);
            fits::<Option<RunTail>>(tail).map_err(|source| ("tail".to_owned(), source))
        });
    match bad {
        Err((part, source)) => Error::Part { path: path.to_owned(), part, source },
        Ok(()) => whole(error),
    }
}

fn fits<T: DeserializeOwned>(value: &Value) -> Result<(), serde_json::Error> {
    T::deserialize(value).map(|_| ())
}

/// Whether each entry of the list `name` is what belongs there.
fn each<T: DeserializeOwned>(value: &Value, name: &str) -> Result<(), (String, serde_json::Error)> {
    let entries = value.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for (index, entry) in entries.iter().enumerate() {
        fits::<T>(entry).map_err(|source| (format!("{name}[{index}]"), source))?;
    }
    Ok(())
}
