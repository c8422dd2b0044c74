//! Which runs are on disk.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{Error, brief};
use crate::model::id::RunId;
use crate::model::run::StoredRun;

/// A run on disk, not yet read.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Listed {
    /// Its id.
    pub id: RunId,
    /// Its directory, for [`RunDir::read`](super::RunDir::read).
    pub path: PathBuf,
    /// Whether it was written to its end; one that was not is live, or was cut off.
    pub finished: bool,
    /// Whether it is a workflow's: a link to where that put it, for
    /// [`ResultDir::open`](super::result::ResultDir::open). The link may lead nowhere any more.
    pub workflow: bool,
}

/// The runs in `runs`, latest first. A directory that is not there holds none; names that are no
/// run's are passed over.
pub fn list(runs: &Path) -> Result<Vec<Listed>, Error> {
    let entries = match fs::read_dir(runs) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(Error::at(runs))?,
    };
    let mut found: Vec<Listed> = entries.filter_map(|entry| listed(&entry.ok()?)).collect();
    found.sort_by(|left, right| right.id.cmp(&left.id));
    Ok(found)
}

/// The runs in `runs`, latest first, each with what it was in short. One that cannot be read is named with
/// the reason, and the others are there.
pub fn briefs(runs: &Path) -> Result<Vec<StoredRun>, Error> {
    let mut anew = brief::Anew::default();
    let brief = |run: Listed| {
        let brief = if run.workflow {
            brief::of_link(&run.path, &run.id, &mut anew)
        } else {
            brief::read(&run.path, &mut anew)
        };
        StoredRun { id: run.id, finished: run.finished, brief: Some(Box::new(brief)) }
    };
    Ok(list(runs)?.into_iter().map(brief).collect())
}

fn listed(entry: &fs::DirEntry) -> Option<Listed> {
    let id = RunId::parse(entry.file_name().to_str()?)?;
    let path = entry.path();
    if entry.file_type().ok()?.is_symlink() {
        let finished = brief::is_over(&brief::of_link(&path, &id, &mut brief::Anew::none()));
        return Some(Listed { id, path, finished, workflow: true });
    }
    let finished = path.join("run.json").is_file();
    path.is_dir().then_some(Listed { id, path, finished, workflow: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_run_comes_first_and_strangers_are_passed_over() {
        let runs = tempfile::tempdir().unwrap();
        let (early, late) = (RunId::new(0, 9), RunId::new(5_000_000, 1));
        for name in [early.as_str(), late.as_str(), "notes", "lost+found"] {
            fs::create_dir(runs.path().join(name)).unwrap();
        }
        fs::write(runs.path().join(RunId::new(0, 1).as_str()), "a file").unwrap();
        fs::write(runs.path().join(early.as_str()).join("run.json"), "").unwrap();
        let found = list(runs.path()).unwrap();
        let seen: Vec<_> = found.iter().map(|run| (&run.id, run.finished)).collect();
        assert_eq!(seen, [(&late, false), (&early, true)]);
        assert_eq!(list(&runs.path().join("gone")).unwrap(), []);
    }
}
