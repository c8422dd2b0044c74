//! Figures over all workloads: how many, how long, and when.

use rusqlite::{Connection, params};

use crate::model::text::SafeText;
use crate::model::workload::Status;
use crate::stats::spell::{Work, is_late};

/// Workloads that windows are made of, the latest: more than are ever kept.
const WORKS: u32 = 100_000;
/// Durations of one backend that figures are made of, the latest.
const DURATIONS: u32 = 10_000;

/// Figures over all workloads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// How many are at each status.
    pub by_status: Vec<(Status, u64)>,
    /// How many asked for each isolation.
    pub by_isolation: Vec<(String, u64)>,
    /// How many of each backend are at each status, and of these how many ended with 0 or with none.
    pub by_backend: Vec<(String, Status, u64, u64)>,
    /// Seconds of those that completed, by backend.
    pub durations: Vec<(String, Vec<f64>)>,
    /// Mean of the seconds of all that completed.
    pub mean_s: Option<f64>,
    /// What happened lately, earliest first; slots in which nothing did are left out.
    pub slots: Vec<Slot>,
}

/// What was ordered in a span of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slot {
    /// Which slot, 0 the earliest.
    pub number: u32,
    /// The backend; what was asked for where none was taken.
    pub backend: String,
    /// How many were ordered.
    pub count: u64,
    /// Of these, how many succeeded.
    pub succeeded: u64,
    /// Of these, how many failed, were killed, or completed with another status than 0.
    pub failed: u64,
    /// Of these, how many completed.
    pub timed: u64,
    /// Mean of the seconds of those that completed.
    pub mean_s: Option<f64>,
}

/// What a workload counts under.
const NAME: &str = "coalesce(backend, isolation)";
/// Those that did what they should.
const GOOD: &str = "(status = 'completed' AND coalesce(exit_code, 0) = 0)";

pub(super) fn figures(
    from: &Connection,
    now_ns: i64,
    width_ns: i64,
    slots: u32,
) -> rusqlite::Result<Figures> {
    Ok(Figures {
        by_status: by_status(from)?,
        by_isolation: by_isolation(from)?,
        by_backend: by_backend(from)?,
        durations: durations(from)?,
        mean_s: mean(from)?,
        slots: recent(from, now_ns, width_ns.max(1), slots)?,
    })
}

/// What was ordered since `since_ns`.
pub(super) fn works(from: &Connection, since_ns: i64) -> rusqlite::Result<Vec<Work>> {
    let sql = format!(
        "SELECT {NAME}, created_ns, status, {GOOD}, duration_s, started_ns, finished_ns, error
         FROM workloads
         WHERE created_ns >= ?1 ORDER BY created_ns DESC LIMIT {WORKS}"
    );
    let mut found = from.prepare_cached(&sql)?;
    let work = |row: &rusqlite::Row<'_>| {
        Ok(Work {
            backend: SafeText::new(&row.get::<_, String>(0)?),
            created_ms: row.get::<_, i64>(1)?.div_euclid(1_000_000),
            status: Status::named(&row.get::<_, String>(2)?),
            good: row.get(3)?,
            seconds: row.get(4)?,
            started_ms: row.get::<_, Option<i64>>(5)?.map(|ns| ns.div_euclid(1_000_000)),
            ended_ms: row.get::<_, Option<i64>>(6)?.map(|ns| ns.div_euclid(1_000_000)),
            timed_out: row.get::<_, Option<String>>(7)?.is_some_and(|why| is_late(&why)),
        })
    };
    found.query_map([since_ns], work)?.collect()
}

fn by_status(from: &Connection) -> rusqlite::Result<Vec<(Status, u64)>> {
    let sql = "SELECT status, count(*) FROM workloads GROUP BY status";
    let mut found = from.prepare_cached(sql)?;
    let rows =
        found.query_map([], |row| Ok((Status::named(&row.get::<_, String>(0)?), row.get(1)?)))?;
    let mut rows: Vec<_> = rows.collect::<Result<_, _>>()?;
    rows.sort_unstable();
    Ok(rows)
}

fn by_isolation(from: &Connection) -> rusqlite::Result<Vec<(String, u64)>> {
    let sql = "SELECT isolation, count(*) FROM workloads GROUP BY isolation ORDER BY isolation";
    let mut found = from.prepare_cached(sql)?;
    found.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn by_backend(from: &Connection) -> rusqlite::Result<Vec<(String, Status, u64, u64)>> {
    let sql = format!(
        "SELECT {NAME}, status, count(*), sum({GOOD}) FROM workloads GROUP BY 1, 2 ORDER BY 1, 2"
    );
    let mut found = from.prepare_cached(&sql)?;
    let row = |row: &rusqlite::Row<'_>| {
        Ok((row.get(0)?, Status::named(&row.get::<_, String>(1)?), row.get(2)?, row.get(3)?))
    };
    found.query_map([], row)?.collect()
}

fn durations(from: &Connection) -> rusqlite::Result<Vec<(String, Vec<f64>)>> {
    let sql = format!(
        "SELECT {NAME}, duration_s FROM workloads
         WHERE status = 'completed' AND duration_s IS NOT NULL ORDER BY 1, id DESC"
    );
    let mut found = from.prepare_cached(&sql)?;
    let rows = found.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, f64>(1)?)))?;
    let mut all: Vec<(String, Vec<f64>)> = Vec::new();
    for row in rows {
        let (name, seconds) = row?;
        match all.last_mut().filter(|(last, _)| *last == name) {
            Some((_, of)) if of.len() < DURATIONS as usize => of.push(seconds),
            Some(_) => {}
            None => all.push((name, vec![seconds])),
        }
    }
    Ok(all)
}

fn mean(from: &Connection) -> rusqlite::Result<Option<f64>> {
    let sql = "SELECT avg(duration_s) FROM workloads WHERE status = 'completed'";
    from.prepare_cached(sql)?.query_row([], |row| row.get(0))
}

fn recent(
    from: &Connection,
    now_ns: i64,
    width_ns: i64,
    slots: u32,
) -> rusqlite::Result<Vec<Slot>> {
    let first = now_ns.saturating_sub(width_ns.saturating_mul(i64::from(slots)));
    let sql = format!(
        "SELECT (created_ns - ?1) / ?2, {NAME}, count(*), sum({GOOD}),
            sum(status IN ('failed', 'killed') OR (status = 'completed' AND NOT {GOOD})),
            sum(status = 'completed'), avg(CASE WHEN status = 'completed' THEN duration_s END)
         FROM workloads WHERE created_ns >= ?1 AND created_ns < ?3 GROUP BY 1, 2 ORDER BY 1, 2"
    );
    let mut found = from.prepare_cached(&sql)?;
    let slot = |row: &rusqlite::Row<'_>| {
        Ok(Slot {
            number: row.get(0)?,
            backend: row.get(1)?,
            count: row.get(2)?,
            succeeded: row.get(3)?,
            failed: row.get(4)?,
            timed: row.get(5)?,
            mean_s: row.get(6)?,
        })
    };
    let last = first.saturating_add(width_ns.saturating_mul(i64::from(slots)));
    found.query_map(params![first, width_ns, last], slot)?.collect()
}
