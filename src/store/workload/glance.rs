//! The file of workloads beside the isomon that has it: a look at it, and a note of one that is over.
//!
//! `isomon serve` has the file; the screen looks at it, and `isomon exec` notes what it ran, at the same
//! time. A note is of work that has ended, so nobody ever takes it for left behind.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::{Error, Figures, Filter, Keep, Page, Record, figure, file, keep, record, schema};
use crate::stats::spell::Work;
use crate::store::sqlite;

/// How long a writer is waited for.
const PATIENCE: Duration = Duration::from_millis(500);

/// Adds `record`, of work that is over, to the file in `state`, and forgets what is too much at `now_ns`.
/// Blocks, for half a second at most where another writes.
pub fn note(state: &Path, record: &Record, kept: Keep, now_ns: i64) -> Result<(), Error> {
    let Some((mut connection, path)) = file::beside(state, true, PATIENCE)? else { return Ok(()) };
    let add = |connection: &mut Connection| {
        // Nobody was told that it is on the disk: the next one who must know writes it there too.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        record::save(&change, "main", record)?;
        keep::forget(&change, kept, now_ns)?;
        change.commit()
    };
    add(&mut connection).map_err(|source| Error::File(sqlite::Error::told(&path, source)))
}

/// A reader of the file, who keeps nobody from writing.
#[derive(Debug)]
pub struct Glance {
    connection: Connection,
    path: PathBuf,
}

impl Glance {
    /// Opens the file in `state`; `None` where there is none that this isomon reads.
    pub fn open(state: &Path) -> Result<Option<Self>, Error> {
        let Some((connection, path)) = file::beside(state, false, PATIENCE)? else {
            return Ok(None);
        };
        schema::spare(&connection).map_err(|source| sqlite::Error::told(&path, source))?;
        Ok(Some(Self { connection, path }))
    }

    /// A number that changes whenever somebody has written.
    pub fn stir(&self) -> Result<i64, Error> {
        self.ask(|of| of.pragma_query_value(None, "data_version", |row| row.get(0)))
    }

    /// Figures over all.
    pub fn figures(&self, now_ns: i64) -> Result<Figures, Error> {
        self.ask(|from| figure::figures(from, now_ns, 1, 0))
    }

    /// The latest, `limit` of them.
    pub fn latest(&self, limit: u32) -> Result<Page, Error> {
        self.ask(|from| record::list(from, &Filter::default(), limit, 0))
    }

    /// What was ordered since `since_ns`.
    pub fn works(&self, since_ns: i64) -> Result<Vec<Work>, Error> {
        self.ask(|from| figure::works(from, since_ns))
    }

    fn ask<T>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        question(&self.connection)
            .map_err(|source| Error::File(sqlite::Error::told(&self.path, source)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Ledger;
    use super::*;
    use crate::model::workload::Status;

    fn over(number: u32) -> Record {
        Record {
            id: format!("01JD{number:022}"),
            status: Status::Completed,
            isolation: "namespaces".into(),
            created_ns: 1_000_000_000,
            duration_s: Some(0.5),
            exit_code: Some(0),
            ..Record::default()
        }
    }

    #[tokio::test]
    async fn notes_and_looks_stand_beside_the_one_who_has_the_file() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Glance::open(dir.path()).unwrap().is_none());
        assert!(std::fs::read_dir(dir.path()).unwrap().next().is_none(), "a look makes nothing");
        note(dir.path(), &over(1), Keep::default(), 2_000_000_000).unwrap();
        let ledger = Ledger::open(dir.path(), Keep::default(), 3_000_000_000).unwrap();
        assert_eq!(ledger.health().await.unwrap().fault, None);
        let (before, look) = (ledger.stir().await.unwrap(), Glance::open(dir.path()).unwrap());
        let look = look.unwrap();
        note(dir.path(), &over(2), Keep::default(), 2_000_000_000).unwrap();
        assert_ne!(ledger.stir().await.unwrap(), before);
        assert_eq!(look.works(0).unwrap().len(), 2);
        assert_eq!(ledger.works(0).await.unwrap(), look.works(0).unwrap());
        ledger.save(over(3)).await.unwrap();
        assert_eq!(look.latest(10).unwrap().total, 3);
        assert_eq!(ledger.read(&over(2).id).await.unwrap().unwrap().status, Status::Completed);
    }

    #[test]
    fn a_file_of_another_is_not_touched() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("isomon.db"), "not a database, but a long text. ".repeat(9))
            .unwrap();
        assert!(note(dir.path(), &over(1), Keep::default(), 0).is_err());
        assert!(Glance::open(dir.path()).is_err());
    }
}
