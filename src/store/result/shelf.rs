//! Directories of results side by side, and the runs that isomon's own directory links to: each run
//! once, under one id.
//!
//! A run of the first directory has its number there as id (`3`, `run-003`), one of another its
//! directory's name before it (`nightly.3`), one that stands in none of them isomon's id. What is told of
//! a run in short is read once, and again when its files change. No link below a directory is followed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;

use super::{METADATA, MOST, RUN, ResultDir};
use crate::model::id::RunId;
use crate::model::unit::Seconds;
use crate::model::workflow::Ending;

/// Largest `metadata.json` and `run.json`, in bytes; runs with a larger one are passed over.
const LARGEST: u64 = 32 << 20;

/// Where runs of workflows are found.
#[derive(Debug)]
pub struct Shelf {
    places: Vec<Place>,
    own: PathBuf,
    known: Mutex<BTreeMap<PathBuf, Known>>,
}

/// A directory of results.
#[derive(Clone, Debug)]
struct Place {
    root: PathBuf,
    /// What stands before the ids of its runs; nothing for the first.
    prefix: String,
}

/// By what a change of a run's two files is seen: when each was written, and its size.
type Mark = [(i64, i64, u64); 2];

/// How a run's files were, and what was read of them; `None` where they could not be.
type Known = (Mark, Option<Arc<Brief>>);

/// A run in short.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Brief {
    /// Its id, for every path that takes one.
    pub id: String,
    /// Its id among all runs of isomon; `null` for one of benchctl.
    pub run_id: Option<RunId>,
    /// The workflow's name.
    pub benchmark_name: String,
    /// When it began, RFC 3339.
    pub start_time: String,
    /// When it ended; empty for one that did not.
    pub end_time: String,
    /// How long it took.
    pub seconds: Option<Seconds>,
    /// How it went.
    pub status: Status,
    /// Why it failed.
    pub error: Option<String>,
    /// What the user and its stages said of it.
    pub custom: BTreeMap<String, String>,
}

/// How a run went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Everything was done.
    #[default]
    Success,
    /// Something failed.
    Failed,
    /// The user ended it.
    Cancelled,
    /// It goes on.
    Running,
    /// It was cut off.
    Unfinished,
}

impl Status {
    /// It in a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Running => "running",
            Self::Unfinished => "cut off",
        }
    }
}

impl Brief {
    /// Of the run in `dir`, under `id`.
    pub fn of(id: &str, dir: &ResultDir) -> Self {
        let (metadata, tail) = (&dir.metadata, dir.run.as_ref().map(|run| run.tail.as_ref()));
        let status = match (tail, metadata.status.as_deref()) {
            (Some(None), _) if ResultDir::goes_on(&dir.path) => Status::Running,
            (Some(None), _) => Status::Unfinished,
            (Some(Some(tail)), _) if tail.ending == Ending::Cancelled => Status::Cancelled,
            (Some(Some(tail)), _) if tail.ending == Ending::Failed => Status::Failed,
            (None, Some("failed")) => Status::Failed,
            _ => Status::Success,
        };
        Self {
            id: id.to_owned(),
            run_id: dir.run.as_ref().and_then(|run| run.head.id.clone()),
            benchmark_name: metadata.benchmark_name.clone(),
            start_time: metadata.start_time.clone(),
            end_time: metadata.end_time.clone(),
            // By the run's own clock, as everywhere else.
            seconds: tail.flatten().map(|tail| tail.seconds).or_else(|| metadata.seconds()),
            status,
            error: metadata.error.clone(),
            custom: metadata.custom.clone(),
        }
    }

    /// When it began.
    pub fn started(&self) -> Option<jiff::Timestamp> {
        self.start_time.parse().ok()
    }
}

impl Shelf {
    /// The runs in `results`, and those that `own`, isomon's directory of runs, links to.
    pub fn new(results: &[PathBuf], own: PathBuf) -> Self {
        let mut places: Vec<Place> = Vec::new();
        for root in results {
            let root = root.canonicalize().unwrap_or_else(|_| root.clone());
            if places.iter().any(|place| place.root == root) {
                continue;
            }
            let taken = |prefix: &str| places.iter().any(|place| place.prefix == prefix);
            let label = label(&root);
            let free = (1..).map(|number| match number {
                1 => format!("{label}."),
                _ => format!("{label}-{number}."),
            });
            let prefix = free.into_iter().find(|prefix| !taken(prefix)).unwrap_or_default();
            let prefix = if places.is_empty() { String::new() } else { prefix };
            places.push(Place { root, prefix });
        }
        Self { places, own, known: Mutex::default() }
    }

    /// Every run that can be read, latest first.
    pub fn briefs(&self) -> Vec<Arc<Brief>> {
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for (id, path) in self.everything() {
            if seen.insert(path.clone()) {
                found.extend(self.brief(&id, path));
            }
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|path, _| seen.contains(path));
        drop(known);
        found.sort_by_cached_key(|run| std::cmp::Reverse((run.started(), run.id.clone())));
        found
    }

    /// The run `id`: one of [`Self::briefs`], or by isomon's id. `None` where there is none, or one
    /// that cannot be read.
    pub fn open(&self, id: &str) -> Option<ResultDir> {
        let path = if RunId::parse(id).is_some() { self.linked(id) } else { self.placed(id) }?;
        mark(&path)?;
        ResultDir::open(&path).ok()
    }

    fn placed(&self, id: &str) -> Option<PathBuf> {
        let (prefix, name) = id.rsplit_once('.').map_or(("", id), |(label, name)| (label, name));
        let of = |place: &&Place| place.prefix.strip_suffix('.').unwrap_or_default() == prefix;
        let path = self.places.iter().find(of)?.root.join(name);
        (is_name(name) && is_directory(&path)).then_some(path)
    }

    fn linked(&self, id: &str) -> Option<PathBuf> {
        let link = self.own.join(id);
        let is_link = link.symlink_metadata().is_ok_and(|about| about.is_symlink());
        is_link.then(|| link.canonicalize().ok())?
    }

    /// Every directory that may be a run, with its id; those linked to last.
    fn everything(&self) -> Vec<(String, PathBuf)> {
        let names = |root: &Path| {
            let entries = fs::read_dir(root).into_iter().flatten().take(MOST);
            let named = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
            named.collect::<Vec<_>>()
        };
        let mut all = Vec::new();
        for place in &self.places {
            let id = |name: &String| format!("{}{name}", place.prefix);
            let path = |name: &String| self.placed(&id(name));
            all.extend(names(&place.root).iter().filter_map(|name| Some((id(name), path(name)?))));
        }
        let own = names(&self.own).into_iter().filter(|name| RunId::parse(name).is_some());
        all.extend(own.filter_map(|id| self.linked(&id).map(|path| (id, path))));
        all
    }

    fn brief(&self, id: &str, path: PathBuf) -> Option<Arc<Brief>> {
        let mark = mark(&path)?;
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&path).cloned();
        if let Some((_, brief)) = known.filter(|(old, _)| *old == mark) {
            return brief;
        }
        let brief = ResultDir::open(&path).ok().map(|dir| Arc::new(Brief::of(id, &dir)));
        let open =
            |brief: &Arc<Brief>| matches!(brief.status, Status::Running | Status::Unfinished);
        // Whether one without an end goes on is not seen by its files.
        if !brief.as_ref().is_some_and(open) {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(path, (mark, brief.clone()));
        }
        brief
    }
}

/// How the files of the run in `path` are; `None` where it has none that may be read.
fn mark(path: &Path) -> Option<Mark> {
    let about = |name| path.join(name).symlink_metadata();
    let of = |about: std::io::Result<Metadata>| match about {
        Ok(about) if !about.is_file() || about.len() > LARGEST => None,
        Ok(about) => Some((about.mtime(), about.mtime_nsec(), about.len())),
        Err(_) => Some((0, 0, 0)),
    };
    let mark = [of(about(METADATA))?, of(about(RUN))?];
    (mark != [(0, 0, 0); 2]).then_some(mark)
}

fn is_directory(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|about| about.is_dir())
}

/// Whether `name` may be that of a run: letters, digits, `_` and `-`.
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=128).contains(&name.len()) && name.bytes().all(plain)
}

/// What the runs of `root` are told apart by.
fn label(root: &Path) -> String {
    let name = root.file_name().unwrap_or_default().to_string_lossy();
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    let label: String = name.chars().take(32).map(plain).collect();
    if label.is_empty() { "results".to_owned() } else { label }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(path: &Path, started: &str) {
        fs::create_dir_all(path).unwrap();
        let text = format!(
            "{{\"run_id\":\"1\",\"benchmark_name\":\"b\",\"start_time\":\"{started}\",\"end_time\":\"{started}\"}}"
        );
        fs::write(path.join(METADATA), text).unwrap();
    }

    #[test]
    fn each_run_is_found_once_under_an_id_of_its_own() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        run(&at("a/results/1"), "2026-01-01T00:00:00Z");
        run(&at("a/results/run-002"), "2026-01-03T00:00:00+02:00");
        run(&at("b/results/1"), "2026-01-02T00:00:00Z");
        run(&at("c/1"), "2026-01-04T00:00:00Z");
        fs::create_dir_all(at("own")).unwrap();
        let (outside, again) = (RunId::new(0, 1), RunId::new(0, 2));
        std::os::unix::fs::symlink(at("c/1"), at("own").join(outside.as_str())).unwrap();
        std::os::unix::fs::symlink(at("a/results/1"), at("own").join(again.as_str())).unwrap();
        std::os::unix::fs::symlink(at("c/1"), at("a/results/9")).unwrap();
        fs::create_dir_all(at("a/results/half")).unwrap();
        fs::write(at("a/results/half").join(METADATA), "{").unwrap();
        let shelf = Shelf::new(&[at("a/results"), at("b/results"), at("a/results")], at("own"));
        let ids: Vec<String> = shelf.briefs().iter().map(|run| run.id.clone()).collect();
        assert_eq!(ids, [outside.as_str(), "run-002", "results.1", "1"]);
        for id in ids.iter().map(String::as_str).chain([again.as_str()]) {
            assert!(shelf.open(id).is_some(), "{id}");
        }
        for id in
            ["", "9", "half", "2", "..", "results.", "results.run-002", "other.1", "../b/results/1"]
        {
            assert!(shelf.open(id).is_none(), "{id}");
        }
    }

    #[test]
    fn a_run_that_changes_is_read_again_and_one_without_status_went_well() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("1");
        run(&path, "2026-01-01T00:00:00Z");
        let shelf = Shelf::new(&[home.path().to_owned()], home.path().join("own"));
        assert_eq!(shelf.briefs()[0].status, Status::Success);
        let text =
            "{\"run_id\":\"1\",\"benchmark_name\":\"b\",\"status\":\"failed\",\"error\":\"no\"}";
        fs::write(path.join(METADATA), text).unwrap();
        assert_eq!(shelf.briefs()[0].status, Status::Failed);
        assert_eq!(shelf.briefs()[0].error.as_deref(), Some("no"));
        fs::remove_dir_all(&path).unwrap();
        assert_eq!(shelf.briefs(), []);
    }
}
