//! A run straight out of a bucket, to look at: nothing is written on this machine.

use std::path::PathBuf;

use bytes::Bytes;

use super::manifest::Manifest;
use super::{Bucket, Error};
use crate::model::id::RunId;
use crate::model::run::Record;
use crate::store::RunDir;
use crate::store::result::{self, EVENTS, RUN};

impl Bucket {
    /// Reads run `id`: a benchmark that is finished, or a workflow's.
    pub async fn read(&self, id: &RunId) -> Result<Record, Error> {
        let whole = self.whole(id).await?;
        let Some(bytes) = self.part(&whole, RUN).await? else {
            return Err(Error::Unfinished { id: id.clone() });
        };
        let shown = self.shown(id, RUN);
        let read = tokio::task::spawn_blocking(move || {
            if result::is_flow(&bytes) {
                return Ok(None);
            }
            RunDir::of_bytes(&shown, &bytes).map(|run| Some(Record::Benchmark(Box::new(run))))
        });
        match read.await.map_err(|error| self.fault(&error))?? {
            Some(run) => Ok(run),
            None => self.events(&whole).await,
        }
    }

    /// What happened in a workflow's run.
    async fn events(&self, whole: &Manifest) -> Result<Record, Error> {
        let Some(bytes) = self.part(whole, EVENTS).await? else {
            let why = "it is not there, and a workflow's run is told by it";
            return Err(self.hostile(&self.key(&whole.id, EVENTS), why.into()));
        };
        let (id, shown) = (whole.id.clone(), self.shown(&whole.id, EVENTS));
        let read =
            tokio::task::spawn_blocking(move || result::events_of_bytes(&shown, &id, &bytes)).await;
        Ok(Record::Workflow(read.map_err(|error| self.fault(&error))??))
    }

    /// The file `name` of a run; `None` where it has none.
    async fn part(&self, whole: &Manifest, name: &str) -> Result<Option<Bytes>, Error> {
        match whole.files.iter().find(|file| file.name == name) {
            Some(entry) => self.file(&whole.id, entry).await.map(Some),
            None => Ok(None),
        }
    }

    /// How the file `name` of run `id` is spoken of.
    fn shown(&self, id: &RunId, name: &str) -> PathBuf {
        PathBuf::from(format!("{}/{id}/{name}", self.place))
    }
}
