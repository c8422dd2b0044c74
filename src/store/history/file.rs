//! The file itself: where it is, how it is opened for writing and for reading, and how it is set aside.

use std::fs::{DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rand::Rng;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rusqlite::{Connection, OpenFlags};

use super::body::Seal;
use super::schema::{self, KIND};
use crate::store::sqlite::{self, Error};

/// Its name in the directory of the history.
const NAME: &str = "metric.db";
/// How long another's reading or writing is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// Pages in the log after which it is written back: 4 MiB.
const LOG_PAGES: u32 = 1_000;
/// Length the log is cut back to.
const LOG_BYTES: u32 = 8 << 20;

/// The right to write the history of one directory. One isomon has it at a time.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    #[expect(dead_code, reason = "the lock is held as long as the file is open")]
    lock: File,
}

/// The file in `dir`.
pub(super) fn path(dir: &Path) -> PathBuf {
    dir.join(NAME)
}

impl Place {
    /// Takes the right to write in `dir`, which is made where it is missing.
    pub(super) fn take(dir: &Path) -> Result<Self, Error> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
        made.map_err(Error::at(dir))?;
        let path = path(dir);
        let lock = sqlite::lock(&path, &dir.join("lock"))?;
        Ok(Self { path, lock })
    }

    /// Opens the file for writing, or begins it. What a commit before a fault left in the log is brought
    /// into the file first, so that nothing is built on what the disk may not have.
    pub(super) fn open(&self) -> Result<(Connection, Seal), Error> {
        let path = &self.path;
        let header = KIND.look(path, true)?;
        sqlite::make(path)?;
        let sql = |source| Error::told(path, source);
        let mut connection = Connection::open_with_flags(path, flags(true)).map_err(sql)?;
        connection.busy_timeout(PATIENCE).map_err(sql)?;
        settle(&connection).map_err(sql)?;
        KIND.refuse_newer(path, schema::user_version(&connection).map_err(sql)?)?;
        let number = StdRng::from_os_rng().random();
        schema::migrate(&mut connection, number).map_err(sql)?;
        write_back(&connection, path)?;
        let seal = schema::seal(&connection, header).map_err(sql)?;
        Ok((connection, seal.ok_or_else(|| of_another(path))?))
    }

    /// Puts a damaged file out of the way, with what stands beside it. Where it is then.
    pub(super) fn set_aside(&self, name: &str) -> Result<PathBuf, Error> {
        let beside = |path: &Path, end: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(end);
            PathBuf::from(name)
        };
        let free = |number: u32| beside(&self.path, &format!(".damaged-{name}-{number}"));
        let aside = (1..1_000).map(free).find(|path| !path.exists()).unwrap_or_else(|| free(0));
        // The log goes first: without it the file is an older state of itself, with it and without the
        // file it would be taken for the log of the next one.
        for end in ["-wal", "-shm", ""] {
            let from = beside(&self.path, end);
            match std::fs::rename(&from, beside(&aside, end)) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                renamed => renamed.map_err(Error::at(&from))?,
            }
        }
        Ok(aside)
    }
}

fn of_another(path: &Path) -> Error {
    Error::corrupt(path, "its log, which ends in -wal, belongs to another file")
}

fn flags(write: bool) -> OpenFlags {
    let both = OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    both | if write { OpenFlags::SQLITE_OPEN_READ_WRITE } else { OpenFlags::SQLITE_OPEN_READ_ONLY }
}

/// A commit is on the disk when it returns.
fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES, |_| Ok(()))
}

/// Brings the log into the file and empties it.
fn write_back(connection: &Connection, path: &Path) -> Result<(), Error> {
    let sql = |source| Error::told(path, source);
    let busy: u32 = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .map_err(sql)?;
    if busy == 0 { Ok(()) } else { Err(Error::Busy { path: path.to_owned() }) }
}

/// Opens the file for reading, beside whoever writes it; `None` where there is none. Where nothing may
/// be written beside it, it is read as it stands.
pub(super) fn read(path: &Path) -> Result<Option<(Connection, Seal)>, Error> {
    let Some(header) = KIND.look(path, false)?.filter(|version| *version != 0) else {
        return Ok(None);
    };
    let connection = match open_to_read(path) {
        Err(Error::Sql { .. }) if !has_log(path) => as_it_stands(path)?,
        opened => opened?,
    };
    let sql = |source| Error::told(path, source);
    KIND.refuse_newer(path, schema::user_version(&connection).map_err(sql)?)?;
    let seal = schema::seal(&connection, Some(header)).map_err(sql)?;
    Ok(Some((connection, seal.ok_or_else(|| of_another(path))?)))
}

fn open_to_read(path: &Path) -> Result<Connection, Error> {
    let sql = |source| Error::told(path, source);
    let connection = Connection::open_with_flags(path, flags(false)).map_err(sql)?;
    connection.busy_timeout(PATIENCE).map_err(sql)?;
    connection.pragma_update(None, "cell_size_check", true).map_err(sql)?;
    // Opening alone reads nothing.
    schema::user_version(&connection).map_err(sql)?;
    Ok(connection)
}

/// Whether there is a log with something in it.
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

/// Opens what nobody can write, and so nobody does.
fn as_it_stands(path: &Path) -> Result<Connection, Error> {
    let sql = |source| Error::told(path, source);
    let quoted: String = path.to_string_lossy().chars().map(quoted).collect();
    let address = format!("file:{quoted}?immutable=1");
    let flags = flags(false) | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(address, flags).map_err(sql)
}

/// A letter of a path as it stands in an address.
fn quoted(letter: char) -> String {
    match letter {
        '%' | '?' | '#' => format!("%{:02x}", u32::from(letter)),
        _ => letter.to_string(),
    }
}
