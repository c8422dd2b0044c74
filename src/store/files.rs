//! The files of a run and their hashes: `files.json`, written when the run is over.
//!
//! What is made of a run later and put beside it (plots, exports) is added with what it was made of. A file
//! that is there and not in the list is told without a hash; one that was changed since is found by
//! [`verify`].

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Error, file};
use crate::model::pipeline::Artifact;
use crate::model::text::SafeText;
use crate::model::unit::Bytes;

const NAME: &str = "files.json";
/// Files of a run's directory that are looked at.
const MOST: usize = 512;
/// The files that a run writes itself and that are not changed any more when it is over.
const OWN: [&str; 8] = [
    "head.json",
    "samples.ndjson",
    "steps.ndjson",
    "empty.ndjson",
    "events.ndjson",
    "log.ndjson",
    "checkpoint.json",
    "run.json",
];
/// Files that say something about the others, and about no measurement.
const BESIDES: [&str; 2] = ["brief.json", NAME];

/// The list, as it is in its file.
#[derive(Default, Serialize, Deserialize)]
struct List {
    files: Vec<Entry>,
}

/// A file.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    name: String,
    pub(super) sha256: String,
    bytes: u64,
    /// What it was made of, where it was made of files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    of: Vec<String>,
}

/// Something that is not as the list says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Which file.
    pub name: String,
    /// Its hash by the list.
    pub expected: String,
    /// Its hash, or why there is none.
    pub found: String,
}

/// Hashes the files of the run in `dir` and writes the list.
pub(super) fn write(dir: &Path) -> Result<Vec<Artifact>, Error> {
    let mut files = Vec::new();
    for name in OWN.into_iter().filter(|name| dir.join(name).is_file()) {
        files.push(entry(dir, name, Vec::new())?);
    }
    file::write_json(&dir.join(NAME), &List { files })?;
    Ok(read(dir))
}

/// Adds the file `name` of the run in `dir`, which was made of `of`, to the list; what it said of it before
/// is replaced. A directory that holds no list stays as it is.
pub fn add(dir: &Path, name: &str, of: &[&str]) -> Result<(), Error> {
    let Some(mut list) = list(dir)? else { return Ok(()) };
    let of = of.iter().map(|of| (*of).to_owned()).collect();
    let fresh = entry(dir, name, of)?;
    list.files.retain(|known| known.name != name);
    list.files.push(fresh);
    file::write_json(&dir.join(NAME), &list)
}

/// The same for a file that was written to `at`, if that is in the directory of a run.
pub fn made(at: &Path, of: &[&str]) -> Result<(), Error> {
    let dir = at.parent().filter(|dir| !dir.as_os_str().is_empty());
    let name = at.file_name().and_then(|name| name.to_str());
    match name {
        Some(name) => add(dir.unwrap_or_else(|| Path::new(".")), name, of),
        None => Ok(()),
    }
}

/// Sets every file beside its hash; those that differ. `None` where there is no list.
pub fn verify(dir: &Path) -> Result<Option<(usize, Vec<Changed>)>, Error> {
    let Some(list) = list(dir)? else { return Ok(None) };
    let mut changed = Vec::new();
    let total = list.files.len();
    for known in list.files {
        let found = match entry(dir, &known.name, Vec::new()) {
            Ok(found) if found.sha256 == known.sha256 => continue,
            Ok(found) => found.sha256,
            Err(error) => error.to_string(),
        };
        changed.push(Changed { name: known.name, expected: known.sha256, found });
    }
    Ok(Some((total, changed)))
}

/// The files of the run in `dir`, with hashes where they are listed.
pub(super) fn read(dir: &Path) -> Vec<Artifact> {
    let list = list(dir).ok().flatten().unwrap_or_default();
    let mut known: BTreeMap<String, Artifact> = BTreeMap::new();
    for entry in list.files.into_iter().take(MOST) {
        known.insert(entry.name.clone(), artifact(&entry));
    }
    let entries = fs::read_dir(dir).into_iter().flatten().flatten().take(2 * MOST);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let own = OWN.contains(&name.as_str()) || BESIDES.contains(&name.as_str());
        let about = entry.metadata().ok().filter(fs::Metadata::is_file);
        if let Some(about) = about.filter(|_| !own && known.len() < MOST) {
            let bytes = Some(Bytes(about.len()));
            let stray = Artifact { bytes, ..of_name(&name, &["run.json".to_owned()]) };
            known.entry(name).or_insert(stray);
        }
    }
    known.into_values().collect()
}

fn artifact(entry: &Entry) -> Artifact {
    Artifact {
        sha256: Some(SafeText::new(&entry.sha256)),
        bytes: Some(Bytes(entry.bytes)),
        ..of_name(&entry.name, &entry.of)
    }
}

fn of_name(name: &str, of: &[String]) -> Artifact {
    let is_picture = [".svg", ".png", ".pdf"].iter().any(|end| name.ends_with(end));
    Artifact {
        id: SafeText::new(name),
        kind: if is_picture { "plot" } else { "file" }.into(),
        parents: of.iter().map(|of| SafeText::new(of)).collect(),
        ..Artifact::default()
    }
}

fn list(dir: &Path) -> Result<Option<List>, Error> {
    let at = dir.join(NAME);
    match file::read(&at) {
        Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        bytes => file::parse(&at, &bytes?).map(Some),
    }
}

/// The file `name` in `dir` and no other: a list that names one elsewhere is not followed.
pub(super) fn entry(dir: &Path, name: &str, of: Vec<String>) -> Result<Entry, Error> {
    let at = dir.join(name);
    if name.contains('/') || name == ".." {
        return Err(Error::NotARun { path: at });
    }
    let about = fs::symlink_metadata(&at).map_err(Error::at(&at))?;
    if !about.is_file() {
        return Err(Error::NotARun { path: at });
    }
    let mut file = File::open(&at).map_err(Error::at(&at))?;
    let (mut hash, mut bytes, mut room) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        let read = file.read(&mut room).map_err(Error::at(&at))?;
        if read == 0 {
            break;
        }
        hash.update(&room[..read]);
        bytes += read as u64;
    }
    let sha256 =
        hash.finalize().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    Ok(Entry { name: name.to_owned(), sha256, bytes, of })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_changed_is_found() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path();
        fs::write(dir.join("samples.ndjson"), "abc").unwrap();
        fs::write(dir.join("run.json"), "{}").unwrap();
        assert_eq!(verify(dir).unwrap(), None, "there is no list");
        let files = write(dir).unwrap();
        let hash = |name: &str| {
            let file = files.iter().find(|file| file.id.as_str() == name).unwrap();
            file.sha256.as_ref().unwrap().to_string()
        };
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash("samples.ndjson"), abc);
        fs::write(dir.join("start.svg"), "<svg/>").unwrap();
        add(dir, "start.svg", &["run.json"]).unwrap();
        assert_eq!(verify(dir).unwrap(), Some((3, Vec::new())));
        let plot = read(dir).into_iter().find(|file| file.kind.as_str() == "plot").unwrap();
        assert_eq!(plot.parents, ["run.json".into()]);
        fs::write(dir.join("samples.ndjson"), "abd").unwrap();
        fs::remove_file(dir.join("run.json")).unwrap();
        let (_, changed) = verify(dir).unwrap().unwrap();
        let names: Vec<_> = changed.iter().map(|of| of.name.as_str()).collect();
        assert_eq!(names, ["samples.ndjson", "run.json"]);
    }

    #[test]
    fn a_list_leads_nowhere_else() {
        let home = tempfile::tempdir().unwrap();
        let name = "../../../etc/hostname".to_owned();
        let files = vec![Entry { name, sha256: String::new(), bytes: 0, of: Vec::new() }];
        file::write_json(&home.path().join(NAME), &List { files }).unwrap();
        let (_, changed) = verify(home.path()).unwrap().unwrap();
        assert!(changed[0].found.contains("is not a run"), "{changed:?}");
    }
}
