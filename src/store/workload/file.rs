//! The file itself: who may have it, whether it is ours and whole, and how it is written.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags as Flags};

use super::schema;
use crate::store::sqlite::{self, Error, Kind};

/// Its name in the state directory.
const NAME: &str = "isomon.db";
/// What it should be.
const KIND: Kind = Kind { name: "workloads", version: schema::VERSION, mask: u32::MAX };
/// How long a reader from outside, such as the `sqlite3` program, is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// An open file, and the lock on it.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    /// Let go of when it is dropped.
    pub(super) lock: File,
}

/// Opens the file in `state`, or begins it; readable by its owner alone. What is not ours, newer or
/// damaged is not touched.
pub(super) fn open(state: &Path) -> Result<Opened, Error> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(state);
    made.map_err(Error::at(state))?;
    let path = state.join(NAME);
    // Two would take each other's workloads for left behind.
    let lock = sqlite::lock(&path, &path.with_extension("db.lock"))?;
    let version = KIND.look(&path, true)?;
    sqlite::make(&path)?;
    let sql = |source| Error::told(&path, source);
    let mut connection = Connection::open(&path).map_err(sql)?;
    connection.busy_timeout(PATIENCE).map_err(sql)?;
    if version.is_some() {
        check(&connection, &path)?;
    }
    settle(&connection).map_err(sql)?;
    let found: u32 =
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(sql)?;
    KIND.refuse_newer(&path, found)?;
    if found < schema::VERSION {
        schema::migrate(&mut connection, found).map_err(sql)?;
    }
    Ok(Opened { connection, path, lock })
}

/// Opens the file in `state` beside the isomon that may have it: to add what is over, or to read. One
/// that is not there, or not yet of this version, is begun first where `write`; `None` where not.
pub(super) fn beside(
    state: &Path,
    write: bool,
    patience: Duration,
) -> Result<Option<(Connection, PathBuf)>, Error> {
    let path = state.join(NAME);
    if let Some(connection) = open_beside(&path, write, patience)? {
        return Ok(Some((connection, path)));
    }
    if !write {
        return Ok(None);
    }
    drop(open(state)?);
    Ok(open_beside(&path, write, patience)?.map(|connection| (connection, path)))
}

/// The file as it is; `None` where it is not there, or not of this version. What is in it may still be
/// in the log beside it, so its header alone does not tell.
fn open_beside(path: &Path, write: bool, patience: Duration) -> Result<Option<Connection>, Error> {
    if !path.exists() {
        return Ok(None);
    }
    KIND.look(path, write)?;
    let access = if write { Flags::SQLITE_OPEN_READ_WRITE } else { Flags::SQLITE_OPEN_READ_ONLY };
    let sql = |source| Error::told(path, source);
    let connection =
        Connection::open_with_flags(path, access | Flags::SQLITE_OPEN_NO_MUTEX).map_err(sql)?;
    connection.busy_timeout(patience).map_err(sql)?;
    let found: u32 =
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(sql)?;
    KIND.refuse_newer(path, found)?;
    Ok((found == schema::VERSION).then_some(connection))
}

/// Looks through the whole file for damage.
fn check(connection: &Connection, path: &Path) -> Result<(), Error> {
    let said = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    match said {
        Ok(said) if said == "ok" => Ok(()),
        Ok(said) => Err(Error::corrupt(path, &said)),
        Err(source) => Err(Error::told(path, source)),
    }
}

/// A commit is on the disk when it returns.
fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 500)
}
