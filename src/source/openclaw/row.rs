//! A session and a task as OpenClaw writes them, whether in a file, a database, or an answer. Pure.
//!
//! Times are milliseconds since 1970. A field that is absent or of another type is missing and costs
//! nothing beside it.

use serde_json::Value;

use crate::model::agent::Session;
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;
use crate::model::unit::Seconds;
use crate::source::foreign::value::{self, reading};
use crate::stats::done::{Fate, Piece};

/// Milliseconds that are taken for a time: up to the year 9999.
const LATEST_MS: f64 = 253_402_300_799_000.0;
/// Letters of a title or an error that are kept.
const SAID: usize = 200;

/// A session, and what only the figures need of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) session: Session,
    /// Its last run as a piece of work.
    pub(super) run: Piece,
    /// What its last run failed of.
    pub(super) error: Option<SafeText>,
}

/// A task of the ledger.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Task {
    pub(super) agent: SafeText,
    pub(super) title: SafeText,
    pub(super) piece: Piece,
    pub(super) error: Option<SafeText>,
}

/// The session `key`, of `agent` unless it says otherwise; `None` if it was put away.
pub(super) fn session(agent: &str, key: &str, row: &Value) -> Option<Row> {
    if value::flag(row, "archived") == Some(true) || millis(row, "archivedAt").is_some() {
        return None;
    }
    let said = value::text(row, "status");
    let runs = value::flag(row, "hasActiveRun")
        .unwrap_or_else(|| said.as_ref().is_some_and(|said| said.as_str() == "running"));
    let fate = if runs { Fate::Runs } else { fate(said.as_ref().map_or("", SafeText::as_str)) };
    let status = if runs { Some("running".into()) } else { said.filter(|_| fate != Fate::Runs) };
    let (begun_ms, ended_ms) = (millis(row, "startedAt"), millis(row, "endedAt"));
    let took = value::seconds(row, "runtimeMs", 1e-3);
    let named = value::text(row, "agentId").or_else(|| of_key(key));
    let session = Session {
        agent: named.unwrap_or_else(|| SafeText::new(agent)),
        key: SafeText::new(key),
        model: value::words(row, "model"),
        status: status.unwrap_or_else(|| "idle".into()),
        started_ms: begun_ms,
        updated_ms: millis(row, "updatedAt"),
        tokens: tokens(row),
        run_seconds: reading(took.or_else(|| value::between(begun_ms, ended_ms))),
        cost_usd: reading(dollars(row, "estimatedCostUsd")),
    };
    let seconds = value::between(begun_ms, ended_ms).map(|length| length.0);
    let run = Piece { fate, begun_ms, ended_ms: ended_ms.filter(|_| !runs), seconds };
    Some(Row { session, run, error: short(row, "lastRunError") })
}

/// How long the run of `row` has taken that goes on, at `now_ms`.
pub(super) fn so_far(row: &Row, now_ms: i64) -> Reading<Seconds> {
    if row.run.fate != Fate::Runs {
        return row.session.run_seconds.clone();
    }
    reading(value::between(row.run.begun_ms, Some(now_ms)))
}

/// A task, as the ledger or an answer has it.
pub(super) fn task(row: &Value) -> Task {
    let error = short(row, "error");
    let begun_ms = millis(row, "startedAt").or_else(|| millis(row, "createdAt"));
    let ended_ms = millis(row, "endedAt");
    let fate = fate(value::words(row, "status").as_str());
    Task {
        agent: value::words(row, "agentId"),
        title: short(row, "title").unwrap_or_default(),
        piece: Piece { fate, begun_ms, ended_ms, seconds: None },
        error,
    }
}

/// What a word for how far something is means.
fn fate(word: &str) -> Fate {
    match word {
        "queued" => Fate::Waits,
        "running" => Fate::Runs,
        "done" | "completed" | "succeeded" => Fate::Good,
        "failed" | "lost" => Fate::Failed,
        "timeout" | "timed_out" => Fate::TimedOut,
        "killed" | "cancelled" => Fate::Stopped,
        _ => Fate::Other,
    }
}

/// The agent in a key such as `agent:main:telegram:dm:7`.
fn of_key(key: &str) -> Option<SafeText> {
    let mut parts = key.split(':');
    let agent = (parts.next() == Some("agent")).then(|| parts.next())??;
    (!agent.is_empty()).then(|| SafeText::new(agent))
}

/// Tokens in the context; missing where OpenClaw says that the number is of an earlier run.
fn tokens(row: &Value) -> Reading<f64> {
    if value::flag(row, "totalTokensFresh") == Some(false) {
        return Reading::Missing(Why::Failed("told of an earlier run alone".into()));
    }
    reading(value::number(row, "totalTokens").filter(|tokens| *tokens >= 0.0))
}

/// The amount at `key`, if it is one.
pub(super) fn dollars(row: &Value, key: &str) -> Option<f64> {
    value::number(row, key).filter(|amount| *amount >= 0.0)
}

fn short(row: &Value, key: &str) -> Option<SafeText> {
    let text = row.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty())?;
    Some(SafeText::within(text.trim(), SAID))
}

/// The time at `key`.
#[expect(clippy::cast_possible_truncation, reason = "within range")]
pub(super) fn millis(row: &Value, key: &str) -> Option<i64> {
    let at = value::number(row, key).filter(|at| (1.0..LATEST_MS).contains(at))?;
    Some(at.round() as i64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_session_is_what_runs_in_it_or_how_its_last_run_ended() {
        let told = json!({"status": "done", "startedAt": 1_000.0, "endedAt": 3_500, "runtimeMs": 9_000,
            "updatedAt": 4_000, "model": "tiny", "totalTokens": 120, "estimatedCostUsd": 0.5});
        let row = session("main", "agent:work:main", &told).unwrap();
        assert_eq!((row.session.agent.as_str(), row.session.status.as_str()), ("work", "done"));
        assert_eq!(row.session.run_seconds.get(), Some(Seconds(9.0)));
        assert_eq!((row.run.fate, row.run.seconds), (Fate::Good, Some(2.5)));
        let active = json!({"status": "done", "hasActiveRun": true, "startedAt": 1_000});
        let row = session("main", "x", &active).unwrap();
        assert_eq!((row.session.agent.as_str(), row.session.status.as_str()), ("main", "running"));
        assert_eq!(so_far(&row, 5_000).get(), Some(Seconds(4.0)));
        let stale = session("main", "x", &json!({"totalTokens": 9, "totalTokensFresh": false}));
        assert!(stale.unwrap().session.tokens.known().is_none());
        assert!(session("main", "x", &json!({"archivedAt": 5})).is_none());
    }

    #[test]
    fn tasks_of_the_ledger_and_of_the_gateway_are_the_same() {
        for (word, fate) in [
            ("succeeded", Fate::Good),
            ("completed", Fate::Good),
            ("timed_out", Fate::TimedOut),
            ("lost", Fate::Failed),
            ("cancelled", Fate::Stopped),
        ] {
            assert_eq!(task(&json!({"status": word})).piece.fate, fate, "{word}");
        }
    }

    proptest! {
        #[test]
        fn no_row_is_too_odd(text in ".{0,20}", number: f64) {
            let odd = [json!(text), json!(number), json!(null), json!([]), json!({"a": {}})];
            for one in odd {
                let row = json!({"status": one, "startedAt": one, "endedAt": one, "runtimeMs": one,
                    "totalTokens": one, "lastRunError": one, "model": one, "hasActiveRun": one});
                let _ = (session(&text, &text, &row), task(&row), task(&one));
            }
        }
    }
}
