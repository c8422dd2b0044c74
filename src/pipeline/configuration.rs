//! The configuration a run was made with, as paths and values: plan, limits, machine.
//!
//! Values of a job's environment are always hidden, and so is whatever has a name that speaks of a
//! secret: a run is shown, sent and kept.

use serde_json::Value;

use crate::model::text::SafeText;
use crate::procfs::redact::{is_secret, redact};
use crate::state::RunState;

/// What stands for a secret.
const HIDDEN: &str = "[redacted]";
/// Values that are told; a file may hold any number.
const MOST: usize = 1_000;
/// How deep a value may be.
const DEEPEST: usize = 16;

/// Every value that `run` was made with.
pub(super) fn configuration(run: &RunState) -> Vec<(SafeText, SafeText)> {
    let head = &run.head;
    let mut all = Vec::new();
    let mut say = |path: &str, value: &str| all.push((SafeText::new(path), SafeText::new(value)));
    say("format", &head.format.to_string());
    say("started", &head.started_at);
    say("repeat", &redact(head.repeat.split(' ')));
    let documents = [("plan", json(&head.plan)), ("machine", json(&head.fingerprint))];
    for (name, value) in documents {
        flatten(name, &value, 0, &mut all);
    }
    let left = head.left_out.iter().enumerate();
    all.extend(left.map(|(at, out)| {
        let said = format!("{}: {}", out.label(), out.reason);
        (SafeText::new(&format!("left_out[{at}]")), SafeText::new(&said))
    }));
    all.truncate(MOST);
    all
}

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// Adds every value below `path`.
fn flatten(path: &str, value: &Value, depth: usize, all: &mut Vec<(SafeText, SafeText)>) {
    if all.len() >= MOST || depth > DEEPEST {
        return;
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                field(&format!("{path}.{name}"), name, value, depth, all);
            }
        }
        Value::Array(list) if list.iter().all(|value| !value.is_object() && !value.is_array()) => {
            let words: Vec<String> = list.iter().map(plain).collect();
            say(path, &words.join(", "), all);
        }
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                flatten(&format!("{path}[{at}]"), value, depth + 1, all);
            }
        }
        value => say(path, &plain(value), all),
    }
}

fn field(path: &str, name: &str, value: &Value, depth: usize, all: &mut Vec<(SafeText, SafeText)>) {
    match (name, value) {
        // Pairs of a name and a value.
        ("env", Value::Array(pairs)) => {
            for pair in pairs {
                let name = pair.get(0).and_then(Value::as_str).unwrap_or_default();
                say(&format!("{path}.{name}"), HIDDEN, all);
            }
        }
        ("code", Value::Array(bytes)) => say(path, &format!("{} bytes", bytes.len()), all),
        ("command", Value::Array(words)) => {
            let words: Vec<String> = words.iter().map(plain).collect();
            say(path, &redact(words.iter().map(String::as_str)), all);
        }
        (name, value) if is_secret(name) && !value.is_null() => say(path, HIDDEN, all),
        (_, Value::Null) => {}
        (_, value) => flatten(path, value, depth + 1, all),
    }
}

fn say(path: &str, value: &str, all: &mut Vec<(SafeText, SafeText)>) {
    all.push((SafeText::new(path), SafeText::new(value)));
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}
