//! The next free number of an output directory: `run-001` or `1`.
//!
//! The directory is made in one step that only one can win, so that any number of runs that begin at
//! once have numbers of their own.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{Error, number_of};
use crate::model::workflow::Dialect;

/// Larger numbers are some other directory's name.
const LARGEST: u64 = 1_000_000_000;
/// Runs that may begin between a look and the making of a directory.
const ATTEMPTS: u64 = 10_000;

/// Makes the directory of a new run in `output_dir`, which is made where it is not there; absolute.
pub(super) fn make(output_dir: &Path, dialect: Dialect) -> Result<PathBuf, Error> {
    fs::create_dir_all(output_dir).map_err(Error::at(output_dir))?;
    let output_dir = fs::canonicalize(output_dir).map_err(Error::at(output_dir))?;
    let first = highest(&output_dir)? + 1;
    for number in first..first + ATTEMPTS {
        let path = output_dir.join(name(number, dialect));
        match fs::create_dir(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => return made.map(|()| path.clone()).map_err(Error::at(&path)),
        }
    }
    let crowded = std::io::Error::new(ErrorKind::AlreadyExists, "no number is free");
    Err(Error::Io { path: output_dir, source: crowded })
}

/// What the directory of run `number` is called.
fn name(number: u64, dialect: Dialect) -> String {
    match dialect {
        Dialect::Seed | Dialect::Own => format!("run-{number:03}"),
        Dialect::Plots | Dialect::Cases => number.to_string(),
    }
}

fn highest(output_dir: &Path) -> Result<u64, Error> {
    let entries = fs::read_dir(output_dir).map_err(Error::at(output_dir))?;
    let numbers = entries.filter_map(|entry| number_of(entry.ok()?.file_name().to_str()?));
    Ok(numbers.filter(|number| *number < LARGEST).max().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn twenty_at_once_have_numbers_of_their_own() {
        let results = tempfile::tempdir().unwrap();
        let dir = results.path().join("a/b");
        let made = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..20).map(|_| scope.spawn(|| make(&dir, Dialect::Own).unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<BTreeSet<_>>()
        });
        assert_eq!(made.len(), 20);
        assert!(dir.join("run-001").is_dir() && dir.join("run-020").is_dir());
    }

    #[test]
    fn each_dialect_counts_on_from_what_is_there() {
        let results = tempfile::tempdir().unwrap();
        fs::create_dir(results.path().join("run-007")).unwrap();
        fs::create_dir(results.path().join(u64::MAX.to_string())).unwrap();
        let name = |dialect| {
            let path = make(results.path(), dialect).unwrap();
            path.file_name().unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(name(Dialect::Cases), "8");
        assert_eq!(name(Dialect::Seed), "run-009");
    }
}
