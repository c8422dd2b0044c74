//! Workloads and what they said, in a file of `SQLite`.
//!
//! One thread has the connection; whoever wants something waits for it, in a bounded queue. What was
//! acknowledged is on the disk. Where the file cannot be had (another isomon has it, the disk is full
//! or read-only, the file is damaged or newer than this program) nothing is done to it: what comes is
//! kept in memory, which is said, and goes to the file as soon as that works again.

use std::path::Path;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::sqlite;
use crate::model::text::SafeText;
use crate::stats::spell::Work;

mod books;
mod figure;
mod file;
mod glance;
mod keep;
mod record;
mod schema;
#[cfg(test)]
mod tests;

use self::books::{Books, Chore, Desk};
pub use self::figure::{Figures, Slot};
pub use self::glance::{Glance, note};
pub use self::keep::Keep;
pub use self::record::{Filter, Line, Page, Record};

/// Why something could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be had, or not be written.
    #[error(transparent)]
    File(#[from] sqlite::Error),
    /// More waits than is let wait.
    #[error("the file of workloads does not keep up")]
    Behind,
    /// Nothing more fits in memory while the file cannot be written.
    #[error("the file of workloads cannot be written, and memory for them is full: {why}")]
    Full {
        /// Why it cannot be written.
        why: SafeText,
    },
}

impl Error {
    /// What a person can do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::File(error) => error.remedy(),
            Self::Full { .. } => {
                "make room or mend the permissions; what came meanwhile is written then".to_owned()
            }
            Self::Behind => "try again in a moment".to_owned(),
        }
    }
}

/// How the file is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Why workloads are kept in memory alone, and what mends it; `None` if they are on the disk.
    pub fault: Option<(SafeText, SafeText)>,
}

/// The file of workloads. A clone speaks to the same one.
#[derive(Clone, Debug)]
pub struct Ledger {
    desk: Desk,
}

impl Ledger {
    /// Opens `<state>/isomon.db`, or begins it. Workloads that an isomon before left pending or
    /// running are told as failed, at `now_ns`. Falls back on memory; [`health`](Self::health) says
    /// so. Blocks.
    pub fn open(state: &Path, keep: Keep, now_ns: i64) -> Result<Self, Error> {
        let books = match file::open(state) {
            Ok(file) => Books::of_file(file, keep, now_ns)?,
            Err(error) => Books::of_memory(keep, Some(&error.into()))?,
        };
        Ok(Self { desk: Desk::begin(books)? })
    }

    /// One in memory alone.
    pub fn in_memory(keep: Keep) -> Result<Self, Error> {
        Ok(Self { desk: Desk::begin(Books::of_memory(keep, None)?)? })
    }

    /// Keeps `record` in place of what was there of it.
    pub async fn save(&self, record: Record) -> Result<(), Error> {
        self.write(move |to, at| record::save(to, at, &record)).await
    }

    /// Keeps `lines` of workload `id`, and forgets those of its lines from `forget.0` to before
    /// `forget.1`.
    pub async fn append(
        &self,
        id: &str,
        lines: Vec<Line>,
        forget: (u64, u64),
    ) -> Result<(), Error> {
        let id = id.to_owned();
        self.write(move |to, at| record::append(to, at, &id, &lines, forget)).await
    }

    /// The workload `id`.
    pub async fn read(&self, id: &str) -> Result<Option<Record>, Error> {
        let id = id.to_owned();
        self.ask(move |from| record::read(from, &id)).await
    }

    /// Those that `filter` lets through, latest first: `limit` of them from `offset`. Outputs longer
    /// than 4 KiB are left out.
    pub async fn list(&self, filter: Filter, limit: u32, offset: u64) -> Result<Page, Error> {
        self.ask(move |from| record::list(from, &filter, limit, offset)).await
    }

    /// What workload `id` said from line `from` on, at most `most` lines.
    pub async fn lines(&self, id: &str, from: u64, most: u32) -> Result<Vec<Line>, Error> {
        let id = id.to_owned();
        self.ask(move |of| record::lines(of, &id, from, most)).await
    }

    /// Figures over all, and `slots` of `width_ns` each up to `now_ns`.
    pub async fn figures(&self, now_ns: i64, width_ns: i64, slots: u32) -> Result<Figures, Error> {
        self.ask(move |from| figure::figures(from, now_ns, width_ns, slots)).await
    }

    /// Forgets some of those that are more, older or larger than is kept, at `now_ns`; whether there may
    /// be more to forget.
    pub async fn forget(&self, now_ns: i64) -> Result<bool, Error> {
        let (tell, told) = oneshot::channel();
        let chore: Chore = Box::new(move |books| drop(tell.send(books.forget(now_ns))));
        self.desk.take(chore)?;
        told.await.unwrap_or(Err(Error::Behind))
    }

    /// What was ordered since `since_ns`, latest first.
    pub async fn works(&self, since_ns: i64) -> Result<Vec<Work>, Error> {
        self.ask(move |from| figure::works(from, since_ns)).await
    }

    /// A number that changes whenever another program, such as `isomon exec`, has written to the file.
    pub async fn stir(&self) -> Result<i64, Error> {
        self.ask(|of| of.pragma_query_value(None, "data_version", |row| row.get(0))).await
    }

    /// How the file is doing; tries it again where it failed.
    pub async fn health(&self) -> Result<Health, Error> {
        let (tell, told) = oneshot::channel();
        self.desk.take(Box::new(move |books: &mut Books| {
            // Whoever asked may have gone.
            tell.send(books.health()).ok();
        }))?;
        told.await.map_err(|_| Error::Behind)
    }

    async fn write<F>(&self, chore: F) -> Result<(), Error>
    where
        F: Fn(&Connection, &str) -> rusqlite::Result<()> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let chore: Chore = Box::new(move |books| drop(tell.send(books.write(&chore))));
        self.desk.take(chore)?;
        told.await.unwrap_or(Err(Error::Behind))
    }

    async fn ask<T, F>(&self, question: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let chore: Chore = Box::new(move |books| drop(tell.send(books.read(question))));
        self.desk.take(chore)?;
        told.await.unwrap_or(Err(Error::Behind))
    }
}
