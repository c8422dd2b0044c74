//! Bringing a run into a bucket.
//!
//! Each file is written only where there is none. What is there already is compared by its hash: the
//! same is passed over, which is how a push that was killed goes on; something else is another run of
//! that id, and an error. The manifest makes it whole, the entry in the index makes it shown.

use std::path::Path;

use bytes::Bytes;
use serde::Serialize;

use super::manifest::{self, Entry, Manifest};
use super::{Bucket, Error, LARGEST, Step, index};
use crate::model::id::RunId;
use crate::model::run::RunBrief;
use crate::store::brief::is_over;

/// What came of a push.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pushed {
    /// Which run.
    pub id: RunId,
    /// Whether it is finished.
    pub finished: bool,
    /// Files that were written.
    pub written: usize,
    /// Files that were there already.
    pub there: usize,
    /// Bytes of all of them.
    pub bytes: u64,
}

impl Bucket {
    /// Brings the run in the directory `dir` here. `unfinished`: also one that goes on or was cut off.
    /// `brief` is what a list shows of it.
    pub async fn push(
        &self,
        dir: &Path,
        id: &RunId,
        (brief, unfinished): (&RunBrief, bool),
        tell: &mut (dyn FnMut(Step<'_>) + Send),
    ) -> Result<Pushed, Error> {
        let (from, run) = (dir.to_owned(), id.clone());
        let looked = tokio::task::spawn_blocking(move || Manifest::of_dir(&from, &run)).await;
        let mut own = looked.map_err(|error| self.fault(&error))??;
        // A workflow's run has a `run.json` from its first stage on.
        own.finished &= is_over(brief);
        if !own.finished && !unfinished {
            return Err(Error::Unfinished { id: id.clone() });
        }
        let mut pushed = Pushed {
            id: id.clone(),
            finished: own.finished,
            written: 0,
            there: own.files.len(),
            bytes: own.bytes(),
        };
        if self.holds(&own, dir).await? {
            self.index(id, brief).await?;
            return Ok(pushed);
        }
        self.begin(id).await?;
        pushed.written = self.push_files(&own, dir, tell).await?;
        pushed.there -= pushed.written;
        let text = serde_json::to_vec_pretty(&own).unwrap_or_default();
        if !self.put(&self.key(id, manifest::NAME), text.into()).await? {
            // Somebody else was there at the same time, with the same or with something else.
            self.holds(&own, dir).await?;
        }
        self.index(id, brief).await?;
        Ok(pushed)
    }

    /// Writes each file that is not there; how many were not.
    async fn push_files(
        &self,
        own: &Manifest,
        dir: &Path,
        tell: &mut (dyn FnMut(Step<'_>) + Send),
    ) -> Result<usize, Error> {
        let (mut done, mut written) = (0, 0);
        for entry in &own.files {
            tell(Step { file: &entry.name, done, all: own.bytes() });
            written += usize::from(self.push_file(&own.id, entry, dir).await?);
            done += entry.bytes;
        }
        tell(Step { file: "", done, all: own.bytes() });
        Ok(written)
    }

    /// Writes one file; false where it is there already.
    async fn push_file(&self, id: &RunId, entry: &Entry, dir: &Path) -> Result<bool, Error> {
        let path = dir.join(&entry.name);
        let at = path.clone();
        let read = tokio::task::spawn_blocking(move || manifest::read(&at)).await;
        let bytes = Bytes::from(read.map_err(|error| self.fault(&error))??);
        if manifest::hash(&bytes) != entry.sha256 {
            return Err(Error::File { path, why: "it changed while it was pushed".into() });
        }
        let key = self.key(id, &entry.name);
        if self.put(&key, bytes).await? {
            return Ok(true);
        }
        let there = self.get(&key, LARGEST).await?;
        if there.is_some_and(|there| manifest::hash(&there) == entry.sha256) {
            return Ok(false);
        }
        Err(self.differs(id, &entry.name, dir))
    }

    /// Whether `own` is here as a whole; an error where another run of its id is.
    async fn holds(&self, own: &Manifest, dir: &Path) -> Result<bool, Error> {
        let Some(there) = self.manifest(&own.id).await? else { return Ok(false) };
        match own.differs(&there) {
            None => Ok(true),
            Some(file) => Err(self.differs(&own.id, file, dir)),
        }
    }

    /// What run `id` consists of; `None` where it has not arrived as a whole, or not at all.
    pub(super) async fn manifest(&self, id: &RunId) -> Result<Option<Manifest>, Error> {
        let key = self.key(id, manifest::NAME);
        let Some(bytes) = self.get(&key, manifest::LONGEST).await? else { return Ok(None) };
        Manifest::read(&bytes, id).map(Some).map_err(|why| self.hostile(&key, why))
    }

    /// Says that run `id` is on its way, unless that is said.
    async fn begin(&self, id: &RunId) -> Result<(), Error> {
        self.put(&self.index_key(&index::begun(id)), Bytes::new()).await.map(drop)
    }

    #[cfg(test)]
    pub(super) async fn begin_for_test(&self, id: &RunId) {
        self.begin(id).await.unwrap();
    }

    /// Makes the run shown.
    async fn index(&self, id: &RunId, brief: &RunBrief) -> Result<(), Error> {
        self.put(&self.index_key(&index::name(id, brief)), Bytes::new()).await?;
        let key = self.index_key(&index::begun(id));
        // Who may write and not delete leaves it: a whole run goes before one that has begun.
        let gone = object_store::ObjectStoreExt::delete(&self.store, &key);
        self.within("writing", 0, gone).await.unwrap_or_default();
        Ok(())
    }

    fn differs(&self, id: &RunId, file: &str, dir: &Path) -> Error {
        let (place, file) = (self.place.clone(), file.into());
        Error::Differs { place, id: id.clone(), file, here: dir.to_owned() }
    }

    pub(super) fn fault(&self, error: &tokio::task::JoinError) -> Error {
        let why = format!("a fault of isomon: {error}").into();
        Error::Store { place: self.place.clone(), why }
    }
}
