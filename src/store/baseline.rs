//! Runs kept under a name, to set later ones beside them.
//!
//! A baseline is a copy: the run it was made of may be removed. It is `<baselines>/<name>.json`, in
//! the form of every whole run, so that it can be copied to another machine or into a repository.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{Error, RunDir, file};
use crate::model::id::RunId;
use crate::model::run::Run;

/// Most letters of a name.
const LONGEST: usize = 64;

/// A name that is safe as that of a file, and no other word for a run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// Reads a name; `None` unless it is of letters, digits, `.`, `_` and `-`, does not begin with
    /// a `.` or `-`, and is neither a run's id nor `last`.
    pub fn parse(raw: &str) -> Option<Self> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let safe = raw.len() <= LONGEST && raw.bytes().all(fits) && !raw.starts_with(['.', '-']);
        let free = !raw.is_empty() && raw != "last" && RunId::parse(raw).is_none();
        (safe && free).then(|| Self(raw.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

/// Where the baseline `name` is kept in `baselines`.
fn at(baselines: &Path, name: &Name) -> PathBuf {
    baselines.join(format!("{name}.json"))
}

/// Keeps `run` as `name`, in place of what had that name.
pub fn save(baselines: &Path, name: &Name, run: &Run) -> Result<(), Error> {
    if !baselines.is_dir() {
        file::make_dir(baselines)?;
    }
    file::write_json(&at(baselines, name), run)
}

/// The run kept as `name`.
pub fn read(baselines: &Path, name: &Name) -> Result<Run, Error> {
    RunDir::read(&at(baselines, name))
}

/// Whether there is a baseline of that name.
pub fn exists(baselines: &Path, name: &Name) -> bool {
    at(baselines, name).is_file()
}

/// The names in `baselines`, in order. A directory that is not there has none.
pub fn list(baselines: &Path) -> Result<Vec<Name>, Error> {
    let entries = match fs::read_dir(baselines) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(Error::at(baselines))?,
    };
    let name =
        |entry: fs::DirEntry| Name::parse(entry.file_name().to_str()?.strip_suffix(".json")?);
    let mut names: Vec<Name> = entries.filter_map(|entry| name(entry.ok()?)).collect();
    names.sort();
    Ok(names)
}

/// Forgets the baseline `name`.
pub fn remove(baselines: &Path, name: &Name) -> Result<(), Error> {
    let at = at(baselines, name);
    fs::remove_file(&at).map_err(Error::at(&at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_safe_file_name_and_no_other_word() {
        for good in ["main", "v1.2", "a_b-c", "20261121"] {
            assert!(Name::parse(good).is_some(), "{good}");
        }
        let long = "x".repeat(65);
        let id = RunId::new(0, 1);
        for bad in ["", "last", "..", ".x", "-x", "a/b", "a b", "ä", &long, id.as_str()] {
            assert!(Name::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn names_are_listed_and_strangers_are_passed_over() {
        let home = tempfile::tempdir().unwrap();
        let name = Name::parse("main").unwrap();
        assert_eq!(list(&home.path().join("gone")).unwrap(), []);
        for file in ["main.json", "notes.txt", ".hidden.json"] {
            fs::write(home.path().join(file), "{}").unwrap();
        }
        assert_eq!(list(home.path()).unwrap(), std::slice::from_ref(&name));
        assert!(exists(home.path(), &name) && read(home.path(), &name).is_err());
        remove(home.path(), &name).unwrap();
        assert!(!exists(home.path(), &name) && remove(home.path(), &name).is_err());
    }
}
