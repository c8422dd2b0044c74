//! Bringing a run from a bucket to this machine.
//!
//! It is gathered in `<runs>/<id>.part`, checked file by file against the manifest, and takes its name
//! at once when it is whole. What a pull that was killed left there is used by the next one, if it is
//! right. Nothing is ever written outside that directory. A workflow's run comes to lie beside `<runs>`,
//! where a link leads to it ([`pulled`]), as to one that was made here.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::Serialize;

use super::manifest::{self, Entry, Manifest};
use super::{Bucket, Error, Step, index};
use crate::model::id::RunId;
use crate::store::Error as Local;
use crate::store::file;
use crate::store::result::pulled;

/// What came of a pull.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pulled {
    /// Which run.
    pub id: RunId,
    /// Where it is now.
    pub path: PathBuf,
    /// Files that were fetched.
    pub fetched: usize,
    /// Files that were there already.
    pub there: usize,
    /// Bytes of all of them.
    pub bytes: u64,
}

impl Bucket {
    /// Brings run `id` to where `<runs>/<id>` is it, or leads to it.
    pub async fn pull(
        &self,
        id: &RunId,
        runs: &Path,
        tell: &mut (dyn FnMut(Step<'_>) + Send),
    ) -> Result<Pulled, Error> {
        let whole = self.whole(id).await?;
        let path = runs.join(id.as_str());
        let bytes = whole.bytes();
        if let Some(dir) = lying(runs, id)? {
            self.is_same(&whole, &dir).await?;
            place(&dir, runs, id)?;
            let there = whole.files.len();
            return Ok(Pulled { id: id.clone(), path, fetched: 0, there, bytes });
        }
        let part = Part::open(runs, id)?;
        let mut fetched = 0;
        let mut done = 0;
        for entry in &whole.files {
            tell(Step { file: &entry.name, done, all: bytes });
            fetched += usize::from(self.fetch(&part, id, entry).await?);
            done += entry.bytes;
        }
        tell(Step { file: "", done, all: bytes });
        part.finish(&whole, runs)?;
        let there = whole.files.len() - fetched;
        Ok(Pulled { id: id.clone(), path, fetched, there, bytes })
    }

    /// What run `id` consists of; says what is wrong where it is not there as a whole.
    pub(super) async fn whole(&self, id: &RunId) -> Result<Manifest, Error> {
        if let Some(whole) = self.manifest(id).await? {
            return Ok(whole);
        }
        let begun = self.get(&self.index_key(&index::begun(id)), 0).await?.is_some();
        let head = begun || self.get(&self.key(id, "head.json"), super::LARGEST).await?.is_some();
        let (place, id) = (self.place.clone(), id.clone());
        Err(if head { Error::Half { place, id } } else { Error::Unknown { place, id } })
    }

    /// An error where what is at `path` is not this run.
    async fn is_same(&self, whole: &Manifest, path: &Path) -> Result<(), Error> {
        let (dir, id) = (path.to_owned(), whole.id.clone());
        let looked = tokio::task::spawn_blocking(move || Manifest::of_dir(&dir, &id)).await;
        let own = looked.map_err(|error| self.fault(&error))??;
        own.differs(whole).map_or(Ok(()), |file| {
            let (place, file) = (self.place.clone(), file.into());
            Err(Error::Differs { place, id: whole.id.clone(), file, here: path.to_owned() })
        })
    }

    /// Fetches one file; false where it is there already.
    async fn fetch(&self, part: &Part, id: &RunId, entry: &Entry) -> Result<bool, Error> {
        if part.has(entry) {
            return Ok(false);
        }
        let bytes = self.file(id, entry).await?;
        part.write(&entry.name, &bytes)?;
        Ok(true)
    }

    /// A file as the manifest says it is.
    pub(super) async fn file(&self, id: &RunId, entry: &Entry) -> Result<Bytes, Error> {
        let key = self.key(id, &entry.name);
        let Some(bytes) = self.get(&key, entry.bytes).await? else {
            return Err(self.hostile(&key, "the manifest names it, and it is not there".into()));
        };
        if bytes.len() as u64 != entry.bytes || manifest::hash(&bytes) != entry.sha256 {
            return Err(self.hostile(&key, "it is not what the manifest says it is".into()));
        }
        Ok(bytes)
    }
}

/// The directory where a run is gathered, and the lock on it.
struct Part {
    path: PathBuf,
    lock: PathBuf,
    _lock: File,
}

impl Part {
    fn open(runs: &Path, id: &RunId) -> Result<Self, Error> {
        let path = runs.join(format!("{id}.part"));
        let lock = runs.join(format!("{id}.lock"));
        make(runs)?;
        let mut open = OpenOptions::new();
        open.write(true).create(true).truncate(false).mode(0o600).custom_flags(libc::O_NOFOLLOW);
        let file = open.open(&lock).map_err(at(&lock))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Busy { id: id.clone() }),
            Err(TryLockError::Error(source)) => {
                return Err(Local::Io { path: lock, source }.into());
            }
        }
        if path.symlink_metadata().is_ok_and(|there| !there.is_dir()) {
            return Err(Error::File { path, why: "it stands in the way".into() });
        }
        make(&path)?;
        Ok(Self { path, lock, _lock: file })
    }

    fn has(&self, entry: &Entry) -> bool {
        let path = self.path.join(&entry.name);
        let size = path.symlink_metadata().ok().filter(fs::Metadata::is_file).map(|m| m.len());
        size == Some(entry.bytes)
            && manifest::read(&path).is_ok_and(|bytes| manifest::hash(&bytes) == entry.sha256)
    }

    /// Writes a file whole, and to the disk.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.path.join(name);
        if let Some(above) = path.parent() {
            make(above)?;
        }
        let mut open = OpenOptions::new();
        open.write(true).create(true).truncate(true).mode(0o600).custom_flags(libc::O_NOFOLLOW);
        let mut file = open.open(&path).map_err(at(&path))?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        written.map_err(at(&path))
    }

    /// Gives the run its name, with nothing in it but what it consists of.
    fn finish(&self, whole: &Manifest, runs: &Path) -> Result<(), Error> {
        let found = Manifest::of_dir(&self.path, &whole.id)?;
        for stray in found.files.iter().filter(|f| whole.files.iter().all(|w| w.name != f.name)) {
            let stray = self.path.join(&stray.name);
            fs::remove_file(&stray).map_err(at(&stray))?;
        }
        place(&self.path, runs, &whole.id)?;
        // Of no use any more; that it stays changes nothing.
        fs::remove_file(&self.lock).ok();
        Ok(())
    }
}

/// Where run `id` lies already; `None` where it does not, or its link leads nowhere any more.
fn lying(runs: &Path, id: &RunId) -> Result<Option<PathBuf>, Error> {
    let named = runs.join(id.as_str());
    if !runs.is_dir() {
        return Ok(None);
    }
    let pulled = pulled::place(runs, id)?;
    if pulled.is_dir() && (named.symlink_metadata().is_err() || pulled::is_one(&named)) {
        return Ok(Some(pulled));
    }
    let gone = named.is_symlink() && !named.exists();
    Ok((!gone && named.symlink_metadata().is_ok()).then_some(named))
}

/// Brings the whole run `id`, which lies in `dir`, to where it is found.
fn place(dir: &Path, runs: &Path, id: &RunId) -> Result<(), Error> {
    let named = runs.join(id.as_str());
    if dir == pulled::place(runs, id)? {
        pulled::link(runs, id)?;
    } else if named.is_symlink() && dir == named {
        // It was made here.
    } else if pulled::holds_flow(dir) {
        pulled::settle(dir, runs, id)?;
    } else if dir != named {
        fs::rename(dir, &named).map_err(at(&named))?;
        file::sync_parent(&named)?;
    }
    Ok(())
}

fn make(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::DirBuilderExt;
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(at(path))
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Local::Io { path, source }.into()
}
