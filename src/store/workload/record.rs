//! A workload and its lines, as rows.

use rusqlite::{Connection, Row, ToSql, params};

use crate::model::job::Stream;
use crate::model::workload::Status;

/// Those that are over.
pub(super) const OVER: &str = "status IN ('completed', 'failed', 'killed')";
/// Longest output that a list shows.
const LISTED_OUTPUT: u32 = 4_096;
/// Every column but the output.
const COLUMNS: &str = "id, status, isolation, backend, runtime, node, created_ns, started_ns, \
    finished_ns, duration_s, exit_code, error, dropped_bytes, cpus, mem_mb, timeout_s, lines, unlimited";

/// A workload as it is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// A ULID.
    pub id: String,
    /// How far it is.
    pub status: Status,
    /// What was asked for.
    pub isolation: String,
    /// The backend that was taken.
    pub backend: Option<String>,
    /// What it needs.
    pub runtime: String,
    /// The node it ran on.
    pub node: String,
    /// Nanoseconds since 1970 UTC when it was ordered.
    pub created_ns: i64,
    /// When it began.
    pub started_ns: Option<i64>,
    /// When it was over.
    pub finished_ns: Option<i64>,
    /// How long it ran, in seconds, by a clock that does not jump.
    pub duration_s: Option<f64>,
    /// What it ended with.
    pub exit_code: Option<i32>,
    /// Why it failed.
    pub error: Option<String>,
    /// What it gave, as it came.
    pub output: Option<Vec<u8>>,
    /// Output that was not kept.
    pub dropped_bytes: u64,
    /// Processors it may use.
    pub cpus: Option<f64>,
    /// Memory it may use, in MiB.
    pub mem_mb: Option<u64>,
    /// Seconds it may take.
    pub timeout_s: Option<u64>,
    /// Lines it wrote; those in the middle of many are not kept.
    pub lines: u64,
    /// Bounds that do not hold here, separated by commas.
    pub unlimited: String,
}

/// A line that a workload wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 0.
    pub seq: u64,
    /// Nanoseconds since 1970 UTC when it came.
    pub at_ns: i64,
    /// Where it was written to.
    pub stream: Stream,
    /// Made safe, without its end.
    pub text: String,
}

/// Which workloads are meant; all unless set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// At this status.
    pub status: Option<Status>,
    /// In this backend.
    pub backend: Option<String>,
}

/// Some of many.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// These, latest first.
    pub records: Vec<Record>,
    /// How many there are.
    pub total: u64,
}

pub(super) fn save(to: &Connection, at: &str, record: &Record) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT OR REPLACE INTO {at}.workload ({COLUMNS}, output) VALUES
         (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)"
    );
    to.prepare_cached(&sql)?.execute(params![
        record.id,
        record.status.name(),
        record.isolation,
        record.backend,
        record.runtime,
        record.node,
        record.created_ns,
        record.started_ns,
        record.finished_ns,
        record.duration_s,
        record.exit_code,
        record.error,
        record.dropped_bytes,
        record.cpus,
        record.mem_mb,
        record.timeout_s,
        record.lines,
        record.unlimited,
        record.output,
    ])?;
    Ok(())
}

pub(super) fn append(
    to: &Connection,
    at: &str,
    id: &str,
    lines: &[Line],
    (first, end): (u64, u64),
) -> rusqlite::Result<()> {
    let sql = format!("INSERT OR REPLACE INTO {at}.line VALUES (?1, ?2, ?3, ?4, ?5)");
    let mut insert = to.prepare_cached(&sql)?;
    for line in lines {
        let error = line.stream == Stream::Error;
        insert.execute(params![id, line.seq, line.at_ns, error, line.text])?;
    }
    let sql = format!("DELETE FROM {at}.line WHERE workload = ?1 AND seq >= ?2 AND seq < ?3");
    to.prepare_cached(&sql)?.execute(params![id, first, end])?;
    Ok(())
}

pub(super) fn read(from: &Connection, id: &str) -> rusqlite::Result<Option<Record>> {
    let sql = format!("SELECT {COLUMNS}, output FROM workloads WHERE id = ?1");
    from.prepare_cached(&sql)?.query_map([id], record)?.next().transpose()
}

pub(super) fn list(
    from: &Connection,
    filter: &Filter,
    limit: u32,
    offset: u64,
) -> rusqlite::Result<Page> {
    let wanted = "(?1 IS NULL OR status = ?1) AND (?2 IS NULL OR backend = ?2)";
    let status = filter.status.map(Status::name);
    let offset = i64::try_from(offset).unwrap_or(i64::MAX);
    let sql = format!("SELECT count(*) FROM workloads WHERE {wanted}");
    let both: [&dyn ToSql; 2] = [&status, &filter.backend];
    let total = from.prepare_cached(&sql)?.query_row(both, |row| row.get(0))?;
    let sql = format!(
        "SELECT {COLUMNS}, CASE WHEN length(output) <= {LISTED_OUTPUT} THEN output END
         FROM workloads WHERE {wanted} ORDER BY id DESC LIMIT ?3 OFFSET ?4"
    );
    let mut found = from.prepare_cached(&sql)?;
    let records = found.query_map(params![status, filter.backend, limit, offset], record)?;
    Ok(Page { records: records.collect::<Result<_, _>>()?, total })
}

pub(super) fn lines(
    of: &Connection,
    id: &str,
    from: u64,
    most: u32,
) -> rusqlite::Result<Vec<Line>> {
    let from = i64::try_from(from).unwrap_or(i64::MAX);
    let sql = "SELECT seq, at_ns, error, text FROM lines WHERE workload = ?1 AND seq >= ?2
               ORDER BY seq LIMIT ?3";
    let line = |row: &Row<'_>| {
        let stream = if row.get(2)? { Stream::Error } else { Stream::Output };
        Ok(Line { seq: row.get(0)?, at_ns: row.get(1)?, stream, text: row.get(3)? })
    };
    of.prepare_cached(sql)?.query_map(params![id, from, most], line)?.collect()
}

/// Tells those that are not over, which nobody is at any more, as failed.
pub(super) fn fail_unfinished(to: &Connection, at: &str, now_ns: i64) -> rusqlite::Result<()> {
    let sql = format!(
        "UPDATE {at}.workload SET finished_ns = ?1, status = 'failed', error = CASE status
            WHEN 'running' THEN 'isomon ended while it ran' ELSE 'isomon ended before it began' END
         WHERE NOT ({OVER})"
    );
    to.execute(&sql, [now_ns]).map(|_| ())
}

/// Puts what waits in memory into the file.
pub(super) fn bring_home(of: &Connection) -> rusqlite::Result<()> {
    of.execute_batch(
        "INSERT OR REPLACE INTO main.workload SELECT * FROM temp.workload;
         INSERT OR REPLACE INTO main.line SELECT * FROM temp.line;
         DELETE FROM temp.workload; DELETE FROM temp.line;",
    )
}

/// Bytes that wait in memory.
pub(super) fn spare_bytes(of: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT coalesce((SELECT sum(length(text) + 64) FROM temp.line), 0)
        + coalesce((SELECT sum(coalesce(length(output), 0) + 512) FROM temp.workload), 0)";
    of.prepare_cached(sql)?.query_row([], |row| row.get(0))
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        id: row.get(0)?,
        status: Status::named(&row.get::<_, String>(1)?),
        isolation: row.get(2)?,
        backend: row.get(3)?,
        runtime: row.get(4)?,
        node: row.get(5)?,
        created_ns: row.get(6)?,
        started_ns: row.get(7)?,
        finished_ns: row.get(8)?,
        duration_s: row.get(9)?,
        exit_code: row.get(10)?,
        error: row.get(11)?,
        dropped_bytes: row.get(12)?,
        cpus: row.get(13)?,
        mem_mb: row.get(14)?,
        timeout_s: row.get(15)?,
        lines: row.get(16)?,
        unlimited: row.get(17)?,
        output: row.get(18)?,
    })
}
