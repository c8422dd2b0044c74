//! The thread that has the connection, and what it does where the file fails.

use std::fs::File;
use std::path::PathBuf;
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::file::Opened;
use super::keep::{self, Keep};
use super::record::{self, OVER};
use super::{Error, Health, schema};
use crate::model::text::SafeText;
use crate::store::sqlite::{self, is_of_the_file};

/// Chores that may wait.
const QUEUE: usize = 1_024;
/// Time until a file that failed is tried again.
const AGAIN: Duration = Duration::from_secs(3);
/// Bytes kept in memory for a file that failed.
const SPARE_BYTES: u64 = 256 << 20;
/// Writes after which is looked for what is too much.
const PRUNE_EVERY: u32 = 64;

/// Something to do with the books.
pub(super) type Chore = Box<dyn FnOnce(&mut Books) + Send>;

/// The way to the thread.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    to: SyncSender<Chore>,
}

impl Desk {
    /// Starts the thread, which ends when nobody can ask it any more.
    pub(super) fn begin(mut books: Books) -> Result<Self, Error> {
        let (to, chores) = mpsc::sync_channel::<Chore>(QUEUE);
        let path = books.path.clone();
        let work = move || {
            loop {
                match chores.recv_timeout(AGAIN) {
                    Ok(chore) => chore(&mut books),
                    Err(mpsc::RecvTimeoutError::Timeout) => books.bring_home(),
                    Err(mpsc::RecvTimeoutError::Disconnected) => return books.bring_home(),
                }
            }
        };
        let thread = thread::Builder::new().name("workloads".to_owned()).spawn(work);
        thread.map_err(|source| sqlite::Error::Io { path, source })?;
        Ok(Self { to })
    }

    pub(super) fn take(&self, chore: Chore) -> Result<(), Error> {
        self.to.try_send(chore).map_err(|error| match error {
            TrySendError::Full(_) | TrySendError::Disconnected(_) => Error::Behind,
        })
    }
}

/// The connection, and how it is doing.
#[derive(Debug)]
pub(super) struct Books {
    connection: Connection,
    path: PathBuf,
    keep: Keep,
    /// Why the file is not written.
    fault: Option<(SafeText, SafeText)>,
    /// When it failed last; `None` where there is no file to try again.
    failed: Option<Instant>,
    writes: u32,
    #[expect(dead_code, reason = "held as long as the file is")]
    lock: Option<File>,
}

impl Books {
    /// On the disk. What was left unfinished is told as failed.
    pub(super) fn of_file(file: Opened, keep: Keep, now_ns: i64) -> Result<Self, Error> {
        let Opened { connection, path, lock } = file;
        let sql = |source| sqlite::Error::told(&path, source);
        schema::spare(&connection).map_err(sql)?;
        let mut books = Self::with(connection, path.clone(), keep, Some(lock));
        books.write(&|to, at| record::fail_unfinished(to, at, now_ns))?;
        Ok(books)
    }

    /// In memory, because of `fault` if there is one.
    pub(super) fn of_memory(keep: Keep, fault: Option<&Error>) -> Result<Self, Error> {
        let path = PathBuf::from("memory");
        let sql = |source| sqlite::Error::told(&path, source);
        let mut connection = Connection::open_in_memory().map_err(sql)?;
        schema::migrate(&mut connection, 0).map_err(sql)?;
        schema::spare(&connection).map_err(sql)?;
        let mut books = Self::with(connection, path.clone(), keep, None);
        books.fault = fault.map(words);
        Ok(books)
    }

    fn with(connection: Connection, path: PathBuf, keep: Keep, lock: Option<File>) -> Self {
        Self { connection, path, keep, fault: None, failed: None, writes: 0, lock }
    }

    /// Does `chore` in the file; in memory where the file fails.
    pub(super) fn write(
        &mut self,
        chore: &dyn Fn(&Connection, &str) -> rusqlite::Result<()>,
    ) -> Result<(), Error> {
        if self.failed.is_some_and(|at| at.elapsed() >= AGAIN) {
            self.bring_home();
        }
        if self.failed.is_none() {
            match in_one(&self.connection, |to| chore(to, "main")) {
                Ok(()) => {
                    self.prune();
                    return Ok(());
                }
                Err(error) if !is_of_the_file(&error) => return Err(self.told(error)),
                Err(error) => self.fail(error),
            }
        }
        if record::spare_bytes(&self.connection).map_err(|error| self.told(error))? > SPARE_BYTES {
            let why = self.fault.as_ref().map(|(why, _)| why.clone()).unwrap_or_default();
            return Err(Error::Full { why });
        }
        in_one(&self.connection, |to| chore(to, "temp")).map_err(|error| self.told(error))
    }

    pub(super) fn read<T>(
        &mut self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        question(&self.connection).map_err(|error| self.told(error))
    }

    pub(super) fn health(&mut self) -> Health {
        self.bring_home();
        Health { fault: self.fault.clone() }
    }

    fn fail(&mut self, error: rusqlite::Error) {
        let error = self.told(error);
        tracing::warn!("workloads are kept in memory for now: {error}");
        self.fault = Some(words(&error));
        self.failed = Some(Instant::now());
    }

    /// Writes what waits in memory to the file.
    fn bring_home(&mut self) {
        if self.failed.is_none() {
            return;
        }
        match in_one(&self.connection, record::bring_home) {
            Ok(()) => (self.fault, self.failed) = (None, None),
            Err(error) => {
                self.fault = Some(words(&self.told(error)));
                self.failed = Some(Instant::now());
            }
        }
    }

    /// Forgets some of what is too much at `now_ns`; whether there was any. Not while the file fails.
    pub(super) fn forget(&mut self, now_ns: i64) -> Result<bool, Error> {
        if self.failed.is_some() {
            return Ok(false);
        }
        let mut any = false;
        let forgotten = in_one(&self.connection, |of| {
            any = keep::forget(of, self.keep, now_ns)?;
            Ok(())
        });
        forgotten.map_err(|error| self.told(error)).map(|()| any)
    }

    /// Forgets what is too much, now and then.
    fn prune(&mut self) {
        self.writes = (self.writes + 1) % PRUNE_EVERY;
        if self.writes != 0 {
            return;
        }
        let latest = format!("SELECT coalesce(max(created_ns), 0) FROM main.workload WHERE {OVER}");
        let forgotten = in_one(&self.connection, |of| {
            let now: i64 = of.query_row(&latest, [], |row| row.get(0))?;
            keep::forget(of, self.keep, now).map(|_| ())
        });
        if let Err(error) = forgotten {
            tracing::warn!(%error, "old workloads are not forgotten");
        }
    }

    fn told(&self, error: rusqlite::Error) -> Error {
        sqlite::Error::told(&self.path, error).into()
    }
}

/// Does `chore` as a whole or not at all.
fn in_one(
    connection: &Connection,
    chore: impl FnOnce(&Connection) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let change = connection.unchecked_transaction()?;
    chore(&change)?;
    change.commit()
}

fn words(error: &Error) -> (SafeText, SafeText) {
    (SafeText::new(&error.to_string()), SafeText::new(&error.remedy()))
}
