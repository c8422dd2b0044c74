//! Directories of workflows' runs, as isomon and every benchctl write them: `metadata.json`, what was
//! fetched, and where isomon wrote it `run.json` and `events.ndjson`.
//!
//! They lie where the workflow's file says (`output_dir`), for people to open and copy. isomon's own
//! directory of runs has a link to each under its id, so that all runs are in one list.

use std::fs;
use std::path::{Path, PathBuf};

use super::files::{self, Changed};
use super::{Error, file, lines};
use crate::model::id::RunId;
use crate::model::run::RunBrief;
use crate::model::workflow::result::KIND;
use crate::model::workflow::{RunMetadata, WorkflowEvent, WorkflowRun};

mod annotate;
pub mod log;
mod number;
mod write;

pub use annotate::annotate;
pub use write::{LOG, PATCH, Reopened, ResultWriter};

mod open;
pub mod pulled;
pub mod shelf;

/// benchctl's file.
pub const METADATA: &str = "metadata.json";
/// isomon's file, of the same name as a benchmark's.
pub const RUN: &str = "run.json";
/// What happened, an event a line.
pub const EVENTS: &str = "events.ndjson";
/// Where pictures stand in runs of benchctl's first design.
pub const PLOTS: &str = "plots";
/// Directories looked at for a list; more are passed over.
const MOST: usize = 100_000;

/// A run's directory.
#[derive(Clone, Debug)]
pub struct ResultDir {
    /// Where it is.
    pub path: PathBuf,
    /// benchctl's file; made of `run` where it goes on and has none yet.
    pub metadata: RunMetadata,
    /// isomon's file; `None` where benchctl wrote it.
    pub run: Option<WorkflowRun>,
}

/// A file in a run's directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultFile {
    /// Its name; no path.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Milliseconds since 1970 UTC when it was written.
    pub written_ms: i64,
}

impl ResultDir {
    /// Reads the run in `path`. Fails where neither file is there, or one is not what it should be.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let run: Option<WorkflowRun> = read(&path.join(RUN))?;
        let run = run.filter(|run| run.kind == KIND);
        let metadata = match (read(&path.join(METADATA))?, &run) {
            (Some(metadata), _) => metadata,
            (None, Some(run)) => RunMetadata {
                run_id: run.head.number.to_string(),
                benchmark_name: run.head.name.to_string(),
                start_time: run.head.started_at.to_string(),
                ..RunMetadata::default()
            },
            (None, None) => return Err(Error::NotARun { path: path.to_owned() }),
        };
        Ok(Self { path: path.to_owned(), metadata, run })
    }

    /// Its id in its output directory.
    pub fn number(&self) -> &str {
        let name = self.path.file_name().and_then(|name| name.to_str());
        name.unwrap_or(&self.metadata.run_id)
    }

    /// What a list shows of it; `None` where benchctl wrote it.
    pub fn brief(&self) -> Option<RunBrief> {
        self.run.as_ref().map(super::brief::of_workflow)
    }

    /// Whether the run in `path` goes on in some process.
    pub fn goes_on(path: &Path) -> bool {
        lines::is_locked(&path.join(EVENTS))
    }

    /// What happened in it, earliest first; a last line that is torn is left out.
    pub fn events(&self) -> Result<Vec<WorkflowEvent>, Error> {
        lines::read(&self.path.join(EVENTS))
    }

    /// Sets every file that was fetched beside the hash it had then: how many there are, and those that
    /// differ.
    pub fn verify(&self) -> (usize, Vec<Changed>) {
        let fetched = self.run.iter().flat_map(|run| &run.files);
        let hashed = fetched.filter_map(|file| Some((file.file.as_str(), file.sha256.as_ref()?)));
        let (mut count, mut changed) = (0, Vec::new());
        for (name, expected) in hashed {
            count += 1;
            let found = match files::entry(&self.path, name, Vec::new()) {
                Ok(found) if found.sha256 == expected.as_str() => continue,
                Ok(found) => found.sha256,
                Err(error) => error.to_string(),
            };
            let (name, expected) = (name.to_owned(), expected.to_string());
            changed.push(Changed { name, expected, found });
        }
        (count, changed)
    }

    /// Its files, by name; no directories, links or hidden files, and not [`METADATA`].
    pub fn files(&self) -> Result<Vec<ResultFile>, Error> {
        let entries = fs::read_dir(&self.path).map_err(Error::at(&self.path))?;
        let mut files: Vec<ResultFile> =
            entries.take(MOST).filter_map(|entry| about(&entry.ok()?)).collect();
        files.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(files)
    }

    /// Its pictures that stand in `plots/`, where benchctl's first design has them; named so.
    pub fn plots(&self) -> Vec<ResultFile> {
        let plots = self.path.join(PLOTS);
        let own = plots.symlink_metadata().is_ok_and(|about| about.is_dir());
        let plots = own.then(|| fs::read_dir(plots).ok()).flatten().into_iter().flatten();
        let mut files: Vec<ResultFile> =
            plots.take(MOST).filter_map(|entry| about(&entry.ok()?)).collect();
        for file in &mut files {
            file.name = format!("{PLOTS}/{}", file.name);
        }
        files.sort_by(|left, right| left.name.cmp(&right.name));
        files
    }

    /// Its file `name` to read from, with its size: a plain name, or `plots/` and one. No link is gone
    /// through, and nothing but a plain file is opened. `None` where there is no such file.
    pub fn open_file(&self, name: &str) -> Option<(fs::File, u64)> {
        open::below(&self.path, name)
    }

    /// The path of its file `name`; `None` where that is no plain name of a plain file in it.
    pub fn file(&self, name: &str) -> Option<PathBuf> {
        let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
        let path = plain.then(|| self.path.join(name))?;
        path.symlink_metadata().is_ok_and(|about| about.is_file()).then_some(path)
    }
}

/// A directory, and the run in it or why it cannot be read.
pub type Read = (PathBuf, Result<ResultDir, Error>);

/// The runs in `output_dir`, latest number first, each with why it cannot be read where it cannot; what is
/// no run is passed over. A directory that is not there holds none.
pub fn list(output_dir: &Path) -> Result<Vec<Read>, Error> {
    let entries = match fs::read_dir(output_dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(Error::at(output_dir))?,
    };
    let mut numbered: Vec<(u64, PathBuf)> = entries
        .take(MOST)
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let number = number_of(path.file_name()?.to_str()?)?;
            path.is_dir().then_some((number, path))
        })
        .collect();
    numbered.sort_by(|left, right| right.cmp(left));
    let read = |(_, path): (u64, PathBuf)| match ResultDir::open(&path) {
        Err(Error::NotARun { .. }) => None,
        read => Some((path, read)),
    };
    Ok(numbered.into_iter().filter_map(read).collect())
}

/// The number in a directory's name: of `12` and of `run-012` it is 12.
pub fn number_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("run-").unwrap_or(name);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// Whether `bytes`, of a `run.json`, are of a workflow's run.
pub fn is_flow(bytes: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Kinded {
        kind: String,
    }
    serde_json::from_slice::<Kinded>(bytes).is_ok_and(|of| of.kind == KIND)
}

/// Reads what happened in run `id` out of `bytes`, which stand at `path`, wherever that is. Of another
/// run it is an error.
pub fn events_of_bytes(path: &Path, id: &RunId, bytes: &[u8]) -> Result<Vec<WorkflowEvent>, Error> {
    let events: Vec<WorkflowEvent> = lines::parse(path, bytes)?;
    match events.first() {
        Some(WorkflowEvent::Started(head)) if head.id.as_ref() == Some(id) => Ok(events),
        _ => Err(Error::NotARun { path: path.to_owned() }),
    }
}

fn about(entry: &fs::DirEntry) -> Option<ResultFile> {
    let name = entry.file_name().into_string().ok()?;
    let about = entry.metadata().ok().filter(fs::Metadata::is_file)?;
    let hidden = name.starts_with('.') || name == METADATA;
    let written = about.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    let written_ms = i64::try_from(written.as_millis()).unwrap_or(i64::MAX);
    (!hidden).then_some(ResultFile { name, bytes: about.len(), written_ms })
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = file::read(path)?;
    file::parse(path, &bytes).map(Some)
}

#[cfg(test)]
mod tests;
