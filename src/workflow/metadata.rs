//! Metadata: what stages write as JSON, and benchctl's `metadata.json`.

use serde_json::Value;

use super::mask::{HIDDEN, is_secret};
use crate::model::workflow::{Ending, RunMetadata, TaskPlan, WorkflowRun};

/// Names and values that one stage may give.
const MOST: usize = 200;

/// The last JSON object that stands in `out` by itself, on one line or over several; its values as text.
/// `None` where there is none.
pub(super) fn last_object(out: &str) -> Option<Vec<(String, String)>> {
    let starts = out.match_indices('{').map(|(at, _)| at);
    let at_line = |at: &usize| {
        out.get(..*at).is_some_and(|before| {
            before.rsplit('\n').next().is_none_or(|line| line.trim().is_empty())
        })
    };
    let starts: Vec<usize> = starts.filter(at_line).collect();
    let object =
        starts.into_iter().rev().take(1_000).find_map(|at| whole(out.get(at..)?, out, at))?;
    let pairs = object.into_iter().take(MOST);
    Some(pairs.map(|(key, value)| (key.clone(), hidden(&key, text(value)))).collect())
}

/// The object with which `rest` begins, unless it stands inside of another.
fn whole(rest: &str, out: &str, at: usize) -> Option<serde_json::Map<String, Value>> {
    let mut read = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
    let Ok(Value::Object(object)) = read.next()? else { return None };
    let inside = out.get(..at)?.match_indices('{').rev().take(100).any(|(start, _)| {
        let mut outer = serde_json::Deserializer::from_str(out.get(start..).unwrap_or_default())
            .into_iter::<Value>();
        matches!(outer.next(), Some(Ok(_))) && start + outer.byte_offset() > at
    });
    (!inside).then_some(object)
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn hidden(key: &str, value: String) -> String {
    if is_secret(key) { HIDDEN.to_owned() } else { value }
}

/// What parts the names that one case and repetition gives from those of another; empty where there is one.
pub(super) fn suffix(plan: &TaskPlan) -> String {
    let case = plan.case.as_ref().map(|case| format!("__{case}")).unwrap_or_default();
    let repetition = Some(plan.repetition).filter(|number| *number > 0);
    let repetition = repetition.map(|number| format!("__{number}")).unwrap_or_default();
    case + &repetition
}

/// benchctl's file of `run`, with the workflow's file as JSON and what is known of the repository.
pub(super) fn describe(run: &WorkflowRun, config: &Value, git: Option<Value>) -> RunMetadata {
    let tail = run.tail.clone().unwrap_or_default();
    let part = |name: &str| config.get(name).cloned();
    let good = tail.ending == Ending::Success;
    let why = match (&tail.failure, tail.ending) {
        (Some(failure), _) if failure.stage.is_empty() => Some(failure.reason.to_string()),
        (Some(failure), _) => {
            Some(format!("stage {} on {}: {}", failure.stage, failure.host, failure.reason))
        }
        (None, Ending::Cancelled) => Some("cancelled".to_owned()),
        (None, _) => None,
    };
    RunMetadata {
        run_id: run.head.number.to_string(),
        benchmark_name: run.head.name.to_string(),
        start_time: run.head.started_at.to_string(),
        end_time: tail.ended_at.to_string(),
        config: config.clone(),
        hosts: part("hosts").unwrap_or_else(|| Value::Object(serde_json::Map::default())),
        cases: part("cases"),
        custom: run.metadata.clone(),
        git,
        status: Some(if good { "success" } else { "failed" }.to_owned()),
        error: why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_object_is_found_among_other_lines() {
        let found = |out: &str| {
            let pairs = last_object(out)?;
            Some(
                pairs
                    .iter()
                    .map(|(key, value)| format!("{key}={value}"))
                    .collect::<Vec<_>>()
                    .join(","),
            )
        };
        let said = |text: &str| Some(text.to_owned());
        assert_eq!(found("x\n{\"a\":1}\n{\"am\":\"v\",\"n\":42}\ndone"), said("am=v,n=42"));
        assert_eq!(found("{\n  \"a\": {\n    \"b\": 2\n  }\n}\n"), said("a={\"b\":2}"));
        assert_eq!(found("no object {here}\n[1]"), None);
        assert_eq!(found(""), None);
        assert_eq!(found("{\"api_token\":\"abc\"}"), said("api_token=[redacted]"));
        assert_eq!(found(&"{\n".repeat(50_000)), None);
    }
}
