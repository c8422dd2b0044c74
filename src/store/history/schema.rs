//! The tables, by version: each step makes one version of the one before.
//!
//! `user_version` says the version in its lowest eight bits and above them a part of the file's own
//! number, so that a log that belongs to another file is known for what it is.

use rusqlite::Connection;

use super::body::Seal;
use crate::store::sqlite::{APPLICATION, Kind};

/// The latest version.
const VERSION: u32 = 1;
/// Bits of the file's number that stand in its header.
const TAG: i64 = 0x7f_ffff;

/// What it should be.
pub(super) const KIND: Kind = Kind { name: "history", version: VERSION, mask: 0xff };

/// What makes each version of the one before it.
const STEPS: [&str; VERSION as usize] = ["
    CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE track (
        id INTEGER PRIMARY KEY, source TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
        seal INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE shape (id INTEGER PRIMARY KEY, columns TEXT NOT NULL, seal INTEGER NOT NULL) STRICT;
    CREATE TABLE segment (
        own_ms INTEGER PRIMARY KEY, offset_ms INTEGER NOT NULL, seal INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE tail (seq INTEGER PRIMARY KEY, block INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
    CREATE TABLE chunk (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;"];

/// Makes the latest version of what is there; `number` is the file's own if it is begun.
pub(super) fn migrate(connection: &mut Connection, number: i64) -> rusqlite::Result<()> {
    let version = user_version(connection)?;
    let (from, number) = match version & KIND.mask {
        0 => (0, number),
        from => (from, store(connection)?),
    };
    if from == VERSION {
        return Ok(());
    }
    let change = connection.transaction()?;
    for step in STEPS.iter().skip(from as usize) {
        change.execute_batch(step)?;
    }
    change.execute("INSERT OR IGNORE INTO meta VALUES ('store', ?1)", [number])?;
    change.pragma_update(None, "application_id", APPLICATION)?;
    change.pragma_update(None, "user_version", header(number) | i64::from(VERSION))?;
    change.commit()
}

/// What stands in the header of a file of this number, beside the version.
const fn header(number: i64) -> i64 {
    (number & TAG) << 8
}

pub(super) fn user_version(of: &Connection) -> rusqlite::Result<u32> {
    let found: i64 = of.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(u32::try_from(found).unwrap_or(u32::MAX))
}

/// The file's own number.
fn store(of: &Connection) -> rusqlite::Result<i64> {
    of.query_row("SELECT value FROM meta WHERE name = 'store'", [], |row| row.get(0))
}

/// The seal of a file whose header said `in_header` before its log was read; `None` where the two do
/// not belong together.
pub(super) fn seal(of: &Connection, in_header: Option<u32>) -> rusqlite::Result<Option<Seal>> {
    let (store, version) = (store(of)?, user_version(of)?);
    let wanted = header(store) | i64::from(version & KIND.mask);
    let fits = |version: u32| version == 0 || i64::from(version & !KIND.mask) == wanted & !0xff;
    let whole = fits(version) && in_header.is_none_or(fits);
    Ok(whole.then_some(Seal { store }))
}

/// A number that is kept in the file.
pub(super) fn meta(of: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    use rusqlite::OptionalExtension;
    let sql = "SELECT value FROM meta WHERE name = ?1";
    of.prepare_cached(sql)?.query_row([name], |row| row.get(0)).optional()
}

/// Keeps a number.
pub(super) fn set_meta(to: &Connection, name: &str, value: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value";
    to.prepare_cached(sql)?.execute((name, value)).map(drop)
}
