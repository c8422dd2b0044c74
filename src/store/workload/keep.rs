//! How much is kept, and forgetting the rest: the oldest that are over go first.

use rusqlite::Connection;

use super::record::OVER;

/// How much is kept. What is not over is never forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Workloads at most.
    pub workloads: u32,
    /// Their age at most, in nanoseconds.
    pub age_ns: i64,
    /// Size of the file at most, in bytes; what is freed in it is used again.
    pub bytes: u64,
}

impl Default for Keep {
    /// 10,000 workloads, 30 days, 1 GiB.
    fn default() -> Self {
        Self { workloads: 10_000, age_ns: 30 * 86_400 * 1_000_000_000, bytes: 1 << 30 }
    }
}

/// Workloads forgotten at a time: a write must not wait long.
const AT_ONCE: u32 = 50;

/// Forgets what is too much at `now_ns`; whether there was anything.
pub(super) fn forget(of: &Connection, keep: Keep, now_ns: i64) -> rusqlite::Result<bool> {
    let count: u32 = of.query_row("SELECT count(*) FROM main.workload", [], |row| row.get(0))?;
    let excess = count.saturating_sub(keep.workloads);
    let large = used(of)? > keep.bytes;
    let number = if large { AT_ONCE } else { excess.min(AT_ONCE) };
    let oldest = now_ns.saturating_sub(keep.age_ns);
    let sql = format!(
        "SELECT id FROM main.workload WHERE {OVER} AND (created_ns < ?1 OR id IN
            (SELECT id FROM main.workload WHERE {OVER} ORDER BY id LIMIT ?2)) ORDER BY id LIMIT ?3"
    );
    let mut found = of.prepare_cached(&sql)?;
    let ids = found.query_map((oldest, number, AT_ONCE), |row| row.get::<_, String>(0))?;
    let ids: Vec<String> = ids.collect::<Result<_, _>>()?;
    for id in &ids {
        of.prepare_cached("DELETE FROM main.line WHERE workload = ?1")?.execute([id])?;
        of.prepare_cached("DELETE FROM main.workload WHERE id = ?1")?.execute([id])?;
    }
    Ok(!ids.is_empty())
}

/// Bytes of the file that hold something.
fn used(of: &Connection) -> rusqlite::Result<u64> {
    let number = |name: &str| of.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
    let (pages, free) = (number("page_count")?, number("freelist_count")?);
    Ok(pages.saturating_sub(free) * number("page_size")?)
}
