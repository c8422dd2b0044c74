//! A run straight out of a bucket, to look at: nothing is written on this machine.

use std::path::PathBuf;

use super::{Bucket, Error};
use crate::model::id::RunId;
use crate::model::run::Run;
use crate::store::RunDir;

impl Bucket {
    /// Reads run `id`, which must be finished.
    pub async fn read(&self, id: &RunId) -> Result<Run, Error> {
        let whole = self.whole(id).await?;
        let Some(entry) = whole.files.iter().find(|file| file.name == "run.json") else {
            return Err(Error::Unfinished { id: id.clone() });
        };
        let bytes = self.file(id, entry).await?;
        let shown = PathBuf::from(format!("{}/{id}/run.json", self.place));
        let read = tokio::task::spawn_blocking(move || RunDir::of_bytes(&shown, &bytes)).await;
        Ok(read.map_err(|error| self.fault(&error))??)
    }
}
