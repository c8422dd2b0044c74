//! State directories as OpenClaw writes them, half of them, and such that it never would.

use std::fs;
use std::os::unix::fs::symlink;

use rusqlite::Connection;

use super::*;
use crate::model::unit::Seconds;

const NOW_MS: i64 = 1_795_300_900_000;

/// The table of sessions and the ledger, as 2026.9.6 makes them.
const AGENT: &str = "CREATE TABLE session_nodes (session_key TEXT NOT NULL PRIMARY KEY,
    current_session_id TEXT NOT NULL, entry_json TEXT NOT NULL, updated_at INTEGER NOT NULL,
    status TEXT) STRICT;
  CREATE TABLE session_windows (session_id TEXT NOT NULL PRIMARY KEY, session_key TEXT NOT NULL,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;
  CREATE TABLE transcript_events (session_id TEXT NOT NULL, seq INTEGER NOT NULL,
    event_json TEXT NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY (session_id, seq)) STRICT;";
const LEDGER: &str = "CREATE TABLE task_runs (task_id TEXT NOT NULL PRIMARY KEY, agent_id TEXT,
    label TEXT, task TEXT NOT NULL, status TEXT NOT NULL, created_at INTEGER NOT NULL,
    started_at INTEGER, ended_at INTEGER, error TEXT) STRICT;";

fn base(path: &Path, tables: &str) -> Connection {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let base = Connection::open(path).unwrap();
    base.pragma_update(None, "journal_mode", "WAL").unwrap();
    base.execute_batch(tables).unwrap();
    base
}

fn add_session(base: &Connection, key: &str, entry: &str) {
    let sql = "INSERT OR REPLACE INTO session_nodes VALUES (?1, 's', ?2, ?3, NULL)";
    base.execute(sql, params(key, entry)).unwrap();
}

fn params<'a>(key: &'a str, entry: &'a str) -> (&'a str, &'a str, i64) {
    (key, entry, NOW_MS - 1_000)
}

fn look(home: &mut Home) -> Agents {
    home.look(NOW_MS).unwrap().expect("an OpenClaw")
}

#[test]
fn databases_that_are_written_at_the_moment_are_read_and_again_only_when_changed() {
    let dir = tempfile::tempdir().unwrap();
    let sessions = base(&dir.path().join("agents/main/agent/openclaw-agent.sqlite"), AGENT);
    let entry = format!(
        r#"{{"status":"running","startedAt":{},"model":"tiny","totalTokens":120,
        "totalTokensFresh":true,"skillsSnapshot":{{"prompt":"long"}}}}"#,
        NOW_MS - 5_000
    );
    add_session(&sessions, "agent:main:main", &entry);
    add_session(&sessions, "agent:main:torn", r#"{"status": "do"#);
    let event = r#"{"type":"message","message":{"role":"assistant","model":"tiny",
        "usage":{"totalTokens":124,"cost":{"total":0.5}}}}"#;
    let add = "INSERT INTO session_windows VALUES ('s', 'k', ?1, ?1)";
    sessions.execute(add, [NOW_MS - 2_000]).unwrap();
    for (seq, age) in [(1, 3_000), (2, 90_000_000)] {
        let add = "INSERT INTO transcript_events VALUES ('s', ?1, ?2, ?3)";
        sessions.execute(add, (seq, event, NOW_MS - age)).unwrap();
    }
    let ledger = base(&dir.path().join("state/openclaw.sqlite"), LEDGER);
    for (id, status, ended) in [
        ("a", "succeeded", Some(1_000)),
        ("b", "timed_out", Some(2_000)),
        ("c", "queued", None),
        ("d", "succeeded", Some(90_000_000)),
    ] {
        let add =
            "INSERT INTO task_runs VALUES (?1, 'main', NULL, 'a task', ?2, ?3, ?3, ?4, 'why')";
        ledger.execute(add, (id, status, NOW_MS - 9_000, ended.map(|ago| NOW_MS - ago))).unwrap();
    }
    let mut home = Home::new(dir.path().to_owned());
    let told = look(&mut home);
    assert_eq!((told.sessions.get(), told.total), (Some(1.0), Some(1)));
    assert_eq!(told.oldest_seconds.get(), Some(Seconds(5.0)));
    assert_eq!((told.queue.get(), told.done.completed_24h.get()), (Some(1.0), Some(1.0)));
    assert_eq!((told.done.timeouts_1h.get(), told.errors[0].what.as_str()), (Some(1.0), "why"));
    assert_eq!((told.tokens_24h.get(), told.cost_24h_usd.get()), (Some(124.0), Some(0.5)));
    assert_eq!(told.gaps, []);
    let reads = home.reads();
    look(&mut home);
    assert_eq!(home.reads(), reads, "nothing changed");
    add_session(&sessions, "agent:main:new", r#"{"status":"done"}"#);
    assert_eq!(look(&mut home).total, Some(2));
    assert_eq!(home.reads(), reads + 1);
    drop((sessions, ledger));
    let before = listed(dir.path());
    let mut home = Home::new(dir.path().to_owned());
    assert_eq!(look(&mut home).total, Some(2), "nobody has it open");
    assert_eq!(listed(dir.path()), before, "a look makes nothing");
}

/// Every file below `path`.
fn listed(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path).unwrap().flatten() {
        if entry.path().is_dir() {
            found.extend(listed(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

#[test]
fn a_file_of_sessions_is_read_and_a_torn_one_leaves_what_was_known() {
    let dir = tempfile::tempdir().unwrap();
    let sessions = dir.path().join("agents/work/sessions");
    fs::create_dir_all(&sessions).unwrap();
    let file = sessions.join("sessions.json");
    let text = format!(
        r#"{{"agent:work:main":{{"sessionId":"x","updatedAt":{0},"status":"failed",
        "startedAt":{0},"endedAt":{0},"lastRunError":"no such tool"}},"odd":7,"other":[]}}"#,
        NOW_MS - 60_000
    );
    fs::write(&file, &text).unwrap();
    let mut home = Home::new(dir.path().to_owned());
    let told = look(&mut home);
    assert_eq!((told.total, told.done.errors_1h.get()), (Some(1), Some(1.0)));
    assert_eq!(told.errors[0].what.as_str(), "no such tool");
    assert!(told.tokens_24h.known().is_none() && told.queue.known().is_none());
    fs::write(&file, &text.as_bytes()[..text.len() / 2]).unwrap();
    let told = look(&mut home);
    assert_eq!(told.total, Some(1), "what was known stays");
    assert!(told.gaps[0].as_str().starts_with("agent work: sessions.json"), "{:?}", told.gaps);
    fs::write(&file, "{}").unwrap();
    assert_eq!((look(&mut home).total, look(&mut home).gaps.len()), (Some(0), 1));
}

#[test]
fn no_link_leads_out_and_nothing_odd_is_followed() {
    let dir = tempfile::tempdir().unwrap();
    let other = dir.path().join("other");
    fs::create_dir_all(other.join("sessions")).unwrap();
    fs::write(other.join("sessions/sessions.json"), r#"{"secret":{"status":"done"}}"#).unwrap();
    let root = dir.path().join("root");
    fs::create_dir_all(root.join("agents/linked/sessions")).unwrap();
    symlink(&other, root.join("agents/outside")).unwrap();
    let link = root.join("agents/linked/sessions/sessions.json");
    symlink(other.join("sessions/sessions.json"), link).unwrap();
    fs::create_dir_all(root.join("agents/deep")).unwrap();
    symlink(other.join("sessions"), root.join("agents/deep/sessions")).unwrap();
    fs::create_dir_all(root.join("agents/fake/agent")).unwrap();
    let fake = root.join("agents/fake/agent/openclaw-agent.sqlite");
    fs::write(&fake, "no database at all. ".repeat(99)).unwrap();
    let told = look(&mut Home::new(root.clone()));
    assert_eq!(told.total.unwrap_or_default(), 0, "{:?}", told.list);
    assert!(told.gaps.iter().any(|gap| gap.as_str().contains("agent fake")), "{:?}", told.gaps);
    fs::remove_file(&fake).unwrap();
    let view = Connection::open(&fake).unwrap();
    view.execute_batch(
        "CREATE VIEW session_nodes AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL \
        SELECT x + 1 FROM n) SELECT x AS session_key, '{}' AS entry_json, x AS updated_at FROM n",
    )
    .unwrap();
    drop(view);
    let told = look(&mut Home::new(root));
    assert!(told.gaps.iter().any(|gap| gap.as_str().contains("agent fake")), "{:?}", told.gaps);
}

#[test]
fn a_directory_of_another_is_none_and_a_missing_one_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Home::new(dir.path().to_owned()).look(NOW_MS).unwrap().is_none());
    assert!(Home::new(dir.path().join("none")).look(NOW_MS).is_err());
    assert_eq!(directories(None, Some(dir.path())), None);
    fs::create_dir(dir.path().join(".clawdbot")).unwrap();
    assert_eq!(directories(None, Some(dir.path())), Some(dir.path().join(".clawdbot")));
    fs::create_dir(dir.path().join(".openclaw")).unwrap();
    assert_eq!(directories(None, Some(dir.path())), Some(dir.path().join(".openclaw")));
    let set = Path::new("/srv/claw");
    assert_eq!(directories(Some(set), Some(dir.path())), Some(set.to_owned()));
}
