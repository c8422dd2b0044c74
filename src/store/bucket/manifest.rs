//! What a run consists of: the name, the size and the hash of each of its files.
//!
//! It is the last object of a run to be written and the first to be read. Names in it are hostile:
//! only what isomon itself would write is taken, so that no name leads out of a run's directory.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Error, LARGEST};
use crate::model::id::RunId;
use crate::model::text::SafeText;
use crate::store::Error as Local;

/// The name of the object.
pub(super) const NAME: &str = "manifest.json";
/// Version of its form.
const FORMAT: u32 = 1;
/// Largest one that is read.
pub(super) const LONGEST: u64 = 1 << 20;
/// Most files of a run.
const FILES: usize = 2_000;
/// Deepest directory in a run.
const DEPTH: usize = 4;
/// Longest name, with its directories.
const NAME_BYTES: usize = 200;

/// What a run consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// Version of this form.
    pub(super) format: u32,
    /// The run.
    pub(super) id: RunId,
    /// Whether it was written to its end.
    pub(super) finished: bool,
    /// Its files, by name.
    pub(super) files: Vec<Entry>,
}

/// A file of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Its name below the run's directory, with `/`.
    pub(super) name: String,
    /// Its size.
    pub(super) bytes: u64,
    /// SHA-256 in hexadecimal.
    pub(super) sha256: String,
}

impl Manifest {
    /// What the directory `dir` of run `id` holds. Blocks.
    pub(super) fn of_dir(dir: &Path, id: &RunId) -> Result<Self, Error> {
        let mut files = Vec::new();
        gather(dir, "", &mut files)?;
        // The whole run goes last, as it was written last.
        files.sort_by(|a, b| (a.name == "run.json", &a.name).cmp(&(b.name == "run.json", &b.name)));
        let finished = files.iter().any(|file| file.name == "run.json");
        Ok(Self { format: FORMAT, id: id.clone(), finished, files })
    }

    /// Reads the manifest of run `id`; a sentence where it is none that isomon wrote.
    pub(super) fn read(bytes: &[u8], id: &RunId) -> Result<Self, String> {
        let read: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if read.format > FORMAT {
            return Err(format!("a newer isomon wrote it (format {})", read.format));
        }
        if read.id != *id {
            return Err(format!("it is of run {}", read.id));
        }
        if read.files.len() > FILES {
            return Err(format!("{} files are more than {FILES}", read.files.len()));
        }
        for (at, file) in read.files.iter().enumerate() {
            if !is_name(&file.name) {
                return Err(format!("`{}` is no name of a file", SafeText::within(&file.name, 60)));
            }
            if file.bytes > LARGEST {
                return Err(format!("{} of {} bytes is too large", file.name, file.bytes));
            }
            if read.files.iter().take(at).any(|other| clash(&other.name, &file.name)) {
                return Err(format!("{} is there twice", file.name));
            }
        }
        Ok(read)
    }

    /// Bytes of all files.
    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// The first file that `other` has another of.
    pub(super) fn differs<'a>(&'a self, other: &'a Self) -> Option<&'a str> {
        let of = |name: &str| other.files.iter().find(|file| file.name == name);
        let changed = self.files.iter().find(|file| of(&file.name) != Some(*file));
        let more = other.files.iter().find(|file| self.files.iter().all(|f| f.name != file.name));
        changed.or(more).map(|file| file.name.as_str())
    }
}

/// Whether one name is the other, or a directory above it.
fn clash(one: &str, other: &str) -> bool {
    let above = |a: &str, b: &str| b.strip_prefix(a).is_some_and(|rest| rest.starts_with('/'));
    one == other || above(one, other) || above(other, one)
}

/// Whether `name` is a file below a run's directory, and the same in every store.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._+=@,".contains(&byte);
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(plain);
    name.len() <= NAME_BYTES
        && name != NAME
        && name.split('/').count() <= DEPTH
        && name.split('/').all(part)
}

/// SHA-256 of `bytes` in hexadecimal.
pub(super) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// The regular files below `dir`. What is hidden or half written is none of the run's.
fn gather(dir: &Path, above: &str, files: &mut Vec<Entry>) -> Result<(), Error> {
    let entries = fs::read_dir(dir).map_err(Local::at(dir))?;
    for entry in entries {
        let entry = entry.map_err(Local::at(dir))?;
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().map_err(Local::at(&path))?;
        let passing = [".tmp", ".part", ".lock"].iter().any(|end| name.ends_with(end));
        if name.starts_with('.') || passing || kind.is_symlink() || name == NAME {
            continue;
        }
        let name = format!("{above}{name}");
        if !is_name(&name) || files.len() >= FILES {
            let why = "a run in a bucket has at most 2,000 files, with names of letters, digits and \
                       -._+=@,";
            return Err(Error::File { path, why: why.into() });
        }
        if kind.is_dir() {
            gather(&path, &format!("{name}/"), files)?;
        } else if kind.is_file() {
            let bytes = read(&path)?;
            files.push(Entry { name, bytes: bytes.len() as u64, sha256: hash(&bytes) });
        }
    }
    Ok(())
}

/// The bytes of a file of bounded size.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    Ok(super::super::file::read(path)?)
}
