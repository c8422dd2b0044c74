//! The tables, by version: each step makes one version of the one before.
//!
//! The same tables stand a second time in memory, under `temp`, for what the file cannot take; views
//! show both as one.

use rusqlite::{Connection, Transaction};

use crate::store::sqlite::APPLICATION;

/// The latest version.
pub(super) const VERSION: u32 = 2;

/// What makes each version of the one before it.
const STEPS: [&str; VERSION as usize] = [
    "CREATE TABLE main.workload (
        id TEXT PRIMARY KEY NOT NULL, status TEXT NOT NULL, isolation TEXT NOT NULL, backend TEXT,
        runtime TEXT NOT NULL, node TEXT NOT NULL, created_ns INTEGER NOT NULL, started_ns INTEGER,
        finished_ns INTEGER, duration_s REAL, exit_code INTEGER, error TEXT, output BLOB,
        dropped_bytes INTEGER NOT NULL, cpus REAL, mem_mb INTEGER, timeout_s INTEGER,
        lines INTEGER NOT NULL, unlimited TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE main.line (
        workload TEXT NOT NULL, seq INTEGER NOT NULL, at_ns INTEGER NOT NULL, error INTEGER NOT NULL,
        text TEXT NOT NULL, PRIMARY KEY (workload, seq)
    ) STRICT, WITHOUT ROWID;",
    "CREATE INDEX main.by_status ON workload (status, id);
    CREATE INDEX main.by_backend ON workload (backend, id);
    CREATE INDEX main.by_time ON workload (created_ns);",
];

/// The tables in memory, and the views over both.
const SPARE: &str = "
    CREATE TEMP TABLE workload AS SELECT * FROM main.workload LIMIT 0;
    CREATE UNIQUE INDEX temp.workload_id ON workload (id);
    CREATE TEMP TABLE line AS SELECT * FROM main.line LIMIT 0;
    CREATE UNIQUE INDEX temp.line_id ON line (workload, seq);
    CREATE TEMP VIEW workloads AS
        SELECT * FROM temp.workload UNION ALL
        SELECT * FROM main.workload AS kept
            WHERE NOT EXISTS (SELECT 1 FROM temp.workload AS new WHERE new.id = kept.id);
    CREATE TEMP VIEW lines AS
        SELECT * FROM temp.line UNION ALL
        SELECT * FROM main.line AS kept WHERE NOT EXISTS (
            SELECT 1 FROM temp.line AS new WHERE new.workload = kept.workload AND new.seq = kept.seq);";

/// Makes what `VERSION` asks for out of what is there, which has version `from`.
pub(super) fn migrate(connection: &mut Connection, from: u32) -> rusqlite::Result<()> {
    let change = connection.transaction()?;
    for step in STEPS.iter().skip(from as usize) {
        change.execute_batch(step)?;
    }
    stamp(&change, VERSION)?;
    change.commit()
}

fn stamp(change: &Transaction<'_>, version: u32) -> rusqlite::Result<()> {
    change.pragma_update(None, "application_id", APPLICATION)?;
    change.pragma_update(None, "user_version", version)
}

/// Makes room in memory.
pub(super) fn spare(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.execute_batch(SPARE)
}

/// A file as an earlier isomon wrote it.
#[cfg(test)]
pub(super) fn make_old(connection: &mut Connection, version: u32) -> rusqlite::Result<()> {
    let change = connection.transaction()?;
    for step in STEPS.iter().take(version as usize) {
        change.execute_batch(step)?;
    }
    stamp(&change, version)?;
    change.commit()
}
