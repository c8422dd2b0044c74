//! The file itself: who may have it, whether it is ours and whole, and how it is written.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags as Flags};

use super::{Error, schema};

/// Its name in the state directory.
const NAME: &str = "isomon.db";
/// How every file of `SQLite` begins.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Length of the part of the header that is looked at.
const HEADER: usize = 72;
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
    made.map_err(at(state))?;
    let path = state.join(NAME);
    let lock = lock(&path)?;
    let version = look(&path)?;
    let sql = |source| told(&path, source);
    let mut connection = Connection::open(&path).map_err(sql)?;
    connection.busy_timeout(PATIENCE).map_err(sql)?;
    if version.is_some() {
        check(&connection, &path)?;
    }
    settle(&connection).map_err(sql)?;
    let found: u32 =
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(sql)?;
    refuse_newer(&path, found)?;
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
    let there = path.exists() && look(&path)? == Some(schema::VERSION);
    if !there {
        if !write {
            return Ok(None);
        }
        drop(open(state)?);
    }
    let access = if write { Flags::SQLITE_OPEN_READ_WRITE } else { Flags::SQLITE_OPEN_READ_ONLY };
    let sql = |source| told(&path, source);
    let connection =
        Connection::open_with_flags(&path, access | Flags::SQLITE_OPEN_NO_MUTEX).map_err(sql)?;
    connection.busy_timeout(patience).map_err(sql)?;
    Ok(Some((connection, path)))
}

/// One isomon at a time: two would take each other's workloads for left behind.
fn lock(path: &Path) -> Result<File, Error> {
    let beside = path.with_extension("db.lock");
    let open =
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&beside);
    let file = open.map_err(at(&beside))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Busy { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(Error::Io { path: beside, source }),
    }
}

/// The version of the file, told without opening it as a database, which would change it; makes an
/// empty one where there is none.
fn look(path: &Path) -> Result<Option<u32>, Error> {
    let mut options = OpenOptions::new();
    let mut file = match options.read(true).write(true).open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            options.create_new(true).mode(0o600).open(path).map_err(at(path))?;
            return Ok(None);
        }
        file => file.map_err(at(path))?,
    };
    let mut header = [0; HEADER];
    match file.read_exact(&mut header) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            let length = file.metadata().map_err(at(path))?.len();
            return if length == 0 { Ok(None) } else { Err(corrupt(path, "it is no database")) };
        }
        read => read.map_err(at(path))?,
    }
    if !header.starts_with(MAGIC) {
        return Err(corrupt(path, "it is no database"));
    }
    let number = |from: usize| {
        let bytes = header.get(from..from + 4).and_then(|bytes| bytes.try_into().ok());
        u32::from_be_bytes(bytes.unwrap_or_default())
    };
    let (version, application) = (number(60), number(68));
    // A first start that was cut off before its first write has neither.
    if application != schema::APPLICATION && (application, version) != (0, 0) {
        return Err(Error::Foreign { path: path.to_owned() });
    }
    refuse_newer(path, version)?;
    Ok(Some(version))
}

fn refuse_newer(path: &Path, found: u32) -> Result<(), Error> {
    let known = schema::VERSION;
    if found <= known {
        return Ok(());
    }
    Err(Error::Newer { path: path.to_owned(), found, known })
}

/// Looks through the whole file for damage.
fn check(connection: &Connection, path: &Path) -> Result<(), Error> {
    let said = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    match said {
        Ok(said) if said == "ok" => Ok(()),
        Ok(said) => Err(corrupt(path, &said)),
        Err(source) => Err(told(path, source)),
    }
}

/// A commit is on the disk when it returns.
fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 500)
}

/// What `SQLite` said, by what can be done about it.
pub(super) fn told(path: &Path, source: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    match source.sqlite_error_code() {
        Some(DatabaseCorrupt | NotADatabase) => corrupt(path, &source.to_string()),
        _ => Error::Sql { path: path.to_owned(), source },
    }
}

fn corrupt(path: &Path, what: &str) -> Error {
    Error::Corrupt { path: path.to_owned(), what: what.into() }
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { path, source }
}
