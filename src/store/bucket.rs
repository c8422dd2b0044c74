//! Runs in a bucket: what people and fleets share, on S3, Google Cloud Storage or in a directory.
//!
//! A run is its directory's files as objects under `<prefix>/<id>/`, and `manifest.json` last, which
//! holds the size and the hash of each: a run without it has not arrived as a whole. Every object is
//! written only where there is none, so nobody ever overwrites anything, whoever pushes at the same
//! time. What a list shows of a run stands in the name of one empty object ([`index`]), so that ten
//! thousand runs are ten requests. Every request has its time, and what comes back is bounded.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};

use crate::config::place::Place;
use crate::model::id::RunId;

mod door;
pub mod error;
pub mod index;
mod lay;
mod manifest;
mod pull;
mod push;
mod read;
#[cfg(test)]
mod tests;

pub use error::Error;
use lay::Laid;
pub use pull::Pulled;
pub use push::Pushed;

/// Time a request has, its repetitions among it, before what it carries is counted.
const TIME: Duration = Duration::from_secs(12);
/// The slowest line that is waited for, in bytes a second.
const SLOWEST: u64 = 128 << 10;
/// Largest file of a run; isomon writes none as large.
const LARGEST: u64 = 512 << 20;

/// How far a push or a pull is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// The file that is next; empty when all are through.
    pub file: &'a str,
    /// Bytes that are through.
    pub done: u64,
    /// Bytes of all files.
    pub all: u64,
}

/// Runs in a bucket or in a directory.
#[derive(Clone, Debug)]
pub struct Bucket {
    store: Arc<dyn ObjectStore>,
    place: Place,
    /// What every key begins with.
    prefix: Key,
    /// Where it is on this machine, if it is a directory here.
    root: Option<PathBuf>,
    /// Whether credentials were found; where not, the machine it runs on is asked for some.
    named: bool,
}

impl Bucket {
    /// The bucket at `place`, to read from. Nothing is asked yet.
    pub fn open(place: &Place) -> Result<Self, Error> {
        door::open(place, false)
    }

    /// The same to write into: a directory is made where there is none.
    pub fn open_to_write(place: &Place) -> Result<Self, Error> {
        door::open(place, true)
    }

    /// Where it is.
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// The key of `name` of run `id`.
    fn key(&self, id: &RunId, name: &str) -> Key {
        let below = self.prefix.clone().join(id.as_str());
        name.split('/').fold(below, Key::join)
    }

    /// Writes `bytes` where nothing is; false where something is.
    async fn put(&self, key: &Key, bytes: Bytes) -> Result<bool, Error> {
        let size = bytes.len() as u64;
        match self.lay(key, bytes.clone()).await? {
            Laid::There => return Ok(true),
            Laid::Exists => return Ok(false),
            Laid::Unable => {}
        }
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let work = self.store.put_opts(key, PutPayload::from_bytes(bytes), options);
        match self.within("writing", size, work).await {
            Ok(_) => Ok(true),
            Err(Error::Exists) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes `bytes` where the bucket is a directory that can take them as a whole.
    async fn lay(&self, key: &Key, bytes: Bytes) -> Result<Laid, Error> {
        let Some(root) = self.root.clone() else { return Ok(Laid::Unable) };
        let (path, size) = (root.join(key.as_ref()), bytes.len() as u64);
        let work = async {
            let laid = tokio::task::spawn_blocking(move || lay::lay(&root, &path, &bytes)).await?;
            let told = |source| object_store::Error::Generic { store: "file", source };
            laid.map_err(|error| told(Box::new(error)))
        };
        self.within("writing", size, work).await
    }

    /// What is at `key`; `None` where nothing is. More than `most` bytes are an error.
    async fn get(&self, key: &Key, most: u64) -> Result<Option<Bytes>, Error> {
        let found = match self.within("reading", 0, self.store.get(key)).await {
            Err(Error::Missing) => return Ok(None),
            found => found?,
        };
        let size = found.meta.size;
        if size > most {
            return Err(self.hostile(key, format!("{size} bytes are more than {most}")));
        }
        let mut stream = found.into_stream();
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        let gather = async {
            while let Some(piece) = stream.next().await {
                let piece = piece?;
                if (bytes.len() + piece.len()) as u64 > most {
                    return Ok(false);
                }
                bytes.extend_from_slice(&piece);
            }
            Ok(true)
        };
        if !self.within("reading", size, gather).await? {
            return Err(self.hostile(key, format!("it has more bytes than {most}")));
        }
        Ok(Some(bytes.into()))
    }

    /// Does `work`, which carries `bytes`, in the time that takes.
    async fn within<T>(
        &self,
        doing: &'static str,
        bytes: u64,
        work: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, Error> {
        let time = TIME + Duration::from_secs(bytes / SLOWEST);
        match tokio::time::timeout(time, work).await {
            Ok(done) => done.map_err(|error| self.told(&error)),
            Err(_) if !self.named => Err(Error::NoCredentials { place: self.place.clone() }),
            Err(_) => {
                Err(Error::Late { place: self.place.clone(), doing, seconds: time.as_secs() })
            }
        }
    }

    /// What a store said. Where there are no credentials, it is the search for them that failed.
    fn told(&self, error: &object_store::Error) -> Error {
        match Error::of(error, &self.place) {
            Error::Store { place, .. } if !self.named => Error::NoCredentials { place },
            told => told,
        }
    }

    fn hostile(&self, key: &Key, why: String) -> Error {
        Error::Hostile { place: self.place.clone(), key: key.as_ref().into(), why: why.into() }
    }
}
