//! OpenClaw's databases, read and never written.
//!
//! They are another program's: opened read-only, never by way of a symbolic link, and for the time of
//! a question alone. Only tables are asked, and what a row holds is cut down by SQLite itself, since a
//! session carries all its instructions. Without a log beside it a database is taken as nobody's at
//! the moment, so that asking makes no file.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, params};
use serde_json::Value;

use super::fold::Use;
use super::row::{self, Row, Task};
use crate::model::text::SafeText;

/// Sessions of an agent that are read, the latest.
const SESSIONS: u32 = 2_000;
/// Tasks that are read, the latest.
const TASKS: u32 = 10_000;
/// Sessions, and events of them, that are looked through for what was used.
const USED_IN: u32 = 500;
const EVENTS: u32 = 50_000;
/// How long a writer is waited for.
const PATIENCE: Duration = Duration::from_millis(200);

/// The sessions of the agent whose database is at `path`.
pub(super) fn sessions(path: &Path, agent: &str) -> rusqlite::Result<Vec<Row>> {
    let base = open(path, "session_nodes")?;
    let sql = format!(
        "SELECT session_key, json_object('updatedAt', updated_at,
            'status', json_extract(entry_json, '$.status'),
            'archivedAt', json_extract(entry_json, '$.archivedAt'),
            'startedAt', json_extract(entry_json, '$.startedAt'),
            'endedAt', json_extract(entry_json, '$.endedAt'),
            'runtimeMs', json_extract(entry_json, '$.runtimeMs'),
            'model', json_extract(entry_json, '$.model'),
            'totalTokens', json_extract(entry_json, '$.totalTokens'),
            'totalTokensFresh', json(iif(json_extract(entry_json, '$.totalTokensFresh') = 0,
                'false', 'null')),
            'estimatedCostUsd', json_extract(entry_json, '$.estimatedCostUsd'),
            'lastRunError', json_extract(entry_json, '$.lastRunError'))
         FROM session_nodes WHERE json_valid(entry_json) ORDER BY updated_at DESC LIMIT {SESSIONS}"
    );
    let mut found = base.prepare(&sql)?;
    let rows = found.query_map([], |row| Ok((row.get::<_, String>(0)?, object(row, 1)?)))?;
    let mut sessions = Vec::new();
    for row in rows {
        let (key, value) = row?;
        sessions.extend(row::session(agent, &key, &value));
    }
    Ok(sessions)
}

/// How many sessions the database at `path` has that were not put away.
pub(super) fn total(path: &Path) -> rusqlite::Result<u64> {
    let sql = "SELECT count(*) FROM session_nodes WHERE json_valid(entry_json)
        AND json_extract(entry_json, '$.archivedAt') IS NULL";
    open(path, "session_nodes")?.query_row(sql, [], |row| row.get(0))
}

/// The ledger of tasks at `path`: what waits or runs, and what ended since `since_ms`.
pub(super) fn tasks(path: &Path, since_ms: i64) -> rusqlite::Result<Vec<Task>> {
    let base = open(path, "task_runs")?;
    let sql = format!(
        "SELECT json_object('agentId', agent_id, 'status', status, 'createdAt', created_at,
            'startedAt', started_at, 'endedAt', ended_at, 'error', substr(error, 1, 400),
            'title', substr(coalesce(label, task), 1, 400))
         FROM task_runs WHERE status IN ('queued', 'running') OR ended_at > ?1
         ORDER BY coalesce(ended_at, created_at) DESC LIMIT {TASKS}"
    );
    let mut found = base.prepare(&sql)?;
    let tasks = found.query_map([since_ms], |row| Ok(row::task(&object(row, 0)?)))?;
    tasks.collect()
}

/// What models were used for since `since_ms`, by what they answered.
pub(super) fn used(path: &Path, agent: &str, since_ms: i64) -> rusqlite::Result<Vec<Use>> {
    let base = open(path, "transcript_events")?;
    let sql = format!(
        "SELECT json_extract(event_json, '$.message.model'),
            total(json_extract(event_json, '$.message.usage.totalTokens')),
            sum(json_extract(event_json, '$.message.usage.cost.total')), count(*)
         FROM (SELECT event_json FROM transcript_events WHERE created_at > ?1 AND session_id IN
            (SELECT session_id FROM session_windows WHERE updated_at > ?1
             ORDER BY updated_at DESC LIMIT {USED_IN}) LIMIT {EVENTS})
         WHERE json_valid(event_json) AND json_type(event_json, '$.message.usage') = 'object'
         GROUP BY 1"
    );
    let mut found = base.prepare(&sql)?;
    let of = |row: &rusqlite::Row<'_>| {
        Ok(Use {
            agent: SafeText::new(agent),
            model: SafeText::new(&row.get::<_, Option<String>>(0)?.unwrap_or_default()),
            tokens: row.get::<_, f64>(1)?,
            cost_usd: row.get(2)?,
            requests: row.get::<_, f64>(3)?,
        })
    };
    found.query_map(params![since_ms], of)?.collect()
}

fn object(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Value> {
    let text: String = row.get(column)?;
    Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// The database at `path`, if `table` is a table in it and not something that calculates.
fn open(path: &Path, table: &str) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_URI;
    let base = Connection::open_with_flags(locator(path), flags)?;
    base.busy_timeout(PATIENCE)?;
    base.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")?;
    let sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1
        AND sql LIKE 'CREATE TABLE %'";
    base.query_row(sql, [table], |_| Ok(()))?;
    Ok(base)
}

/// `path` as SQLite takes it.
fn locator(path: &Path) -> String {
    let mut text = "file:".to_owned();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' => text.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => text.push(char::from(*byte)),
            byte => {
                let _infallible = write!(text, "%{byte:02X}");
            }
        }
    }
    let log = std::fs::symlink_metadata(log_of(path));
    if log.is_ok_and(|log| log.len() > 0) {
        return text;
    }
    text.push_str("?immutable=1");
    text
}

/// The log beside the database at `path`.
pub(super) fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}
