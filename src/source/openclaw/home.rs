//! OpenClaw's state directory on this machine, read again only where something has changed.
//!
//! What is in it was written by another program, perhaps by half: sizes are bounded, symbolic links are
//! not followed out of it, and what cannot be read costs nothing beside it. What was read before stays,
//! and the reason is told.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use serde_json::Value;

use super::base;
use super::fold::{Book, Use};
use super::row::{self, Row, Task};
use crate::model::agent::Agents;
use crate::model::text::SafeText;
use crate::stats::done::DAY_MS;

/// The state directory under a user's home, and what it was called before.
const NAMES: [&str; 2] = [".openclaw", ".clawdbot"];
/// Agents that are read.
const AGENTS: usize = 256;
/// Sessions of a file that are read.
const SESSIONS: usize = 10_000;
/// Largest file of sessions, and largest database.
const LARGEST: u64 = 16 << 20;
const LARGEST_BASE: u64 = 8 << 30;
/// Time after which it is looked again through what models answered, if that has changed.
const USED_EVERY_MS: i64 = 60_000;
/// The same if nothing has changed: the window goes on.
const USED_AGAIN_MS: i64 = 600_000;

/// Where OpenClaw keeps its state: `set` if that is set, else under `home`, by its present name or the
/// one before. Whether something is there is not looked at where it is set.
pub fn directories(set: Option<&Path>, home: Option<&Path>) -> Option<PathBuf> {
    if let Some(set) = set.filter(|set| set.is_absolute()) {
        return Some(set.to_owned());
    }
    let home = home.filter(|home| home.is_absolute())?;
    NAMES.iter().map(|name| home.join(name)).find(|path| path.is_dir())
}

/// What tells one state of a file from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark([i64; 3], [i64; 3]);

/// Something that was read from a file, and from which state of it.
#[derive(Debug)]
struct Kept<T> {
    mark: Mark,
    at_ms: i64,
    read: T,
    /// Why the latest state could not be read.
    why: Option<SafeText>,
}

/// A state directory.
#[derive(Debug)]
pub struct Home {
    root: PathBuf,
    rows: BTreeMap<String, Kept<(Vec<Row>, u64)>>,
    used: BTreeMap<String, Kept<Vec<Use>>>,
    tasks: Option<Kept<Vec<Task>>>,
    reads: u64,
}

impl Home {
    /// The directory `root`. Nothing is read yet.
    pub const fn new(root: PathBuf) -> Self {
        Self { root, rows: BTreeMap::new(), used: BTreeMap::new(), tasks: None, reads: 0 }
    }

    /// How agents are doing at `now_ms`; `None` where no OpenClaw ever ran. Blocks.
    ///
    /// # Errors
    /// Where the directory itself cannot be read.
    pub fn look(&mut self, now_ms: i64) -> io::Result<Option<Agents>> {
        let root = self.root.canonicalize()?;
        let names = names(&root.join("agents"))?;
        let old = "sessions/sessions.json";
        if names.is_empty() && !is_file(&root.join(old)) {
            return Ok(None);
        }
        let mut book =
            Book { agents: names.iter().map(|n| n.as_str().into()).collect(), ..Book::default() };
        for name in &names {
            self.read_agent(&root, name, now_ms, &mut book);
        }
        if names.is_empty() {
            self.read_json(&root, "main", old, now_ms, &mut book);
        }
        self.read_tasks(&root, now_ms, &mut book);
        self.rows.retain(|name, _| names.is_empty() || names.contains(name));
        self.used.retain(|name, _| names.contains(name));
        Ok(Some(book.tell(now_ms)))
    }

    /// How often a file was read so far.
    pub const fn reads(&self) -> u64 {
        self.reads
    }

    fn read_agent(&mut self, root: &Path, name: &str, now_ms: i64, book: &mut Book) {
        let path = root.join("agents").join(name).join("agent/openclaw-agent.sqlite");
        if is_file(&path) {
            self.read_base(&path, name, now_ms, book);
        } else {
            let file = format!("agents/{name}/sessions/sessions.json");
            self.read_json(root, name, &file, now_ms, book);
        }
    }

    /// The sessions of an agent, and what its models were used for, from its database.
    fn read_base(&mut self, path: &Path, name: &str, now_ms: i64, book: &mut Book) {
        let reads = &mut self.reads;
        let read = |why: &mut Option<SafeText>| {
            *reads += 1;
            let rows = bounded(path).and_then(|()| {
                base::sessions(path, name)
                    .and_then(|rows| Ok((rows, base::total(path)?)))
                    .map_err(|error| plain(&error))
            });
            told(rows, why)
        };
        let kept = renew(self.rows.remove(name), mark(path), now_ms, |_| true, read);
        add(book, &kept, name);
        self.rows.insert(name.to_owned(), kept);
        let is_due = |old: &Kept<Vec<Use>>, changed| {
            let age = now_ms.saturating_sub(old.at_ms);
            age >= if changed { USED_EVERY_MS } else { USED_AGAIN_MS } || age < 0
        };
        let used = self.used.remove(name);
        let used = match used {
            Some(old) if !is_due(&old, old.mark != mark(path)) => old,
            old => {
                let since = now_ms.saturating_sub(DAY_MS);
                let read = |why: &mut Option<SafeText>| {
                    let used = base::used(path, name, since).map_err(|error| plain(&error));
                    told(used, why)
                };
                renew(old, mark(path), now_ms, |_| false, read)
            }
        };
        book.used.get_or_insert_default().extend(used.read.iter().cloned());
        self.used.insert(name.to_owned(), used);
    }

    /// The sessions of an agent from a file as they were kept before.
    fn read_json(&mut self, root: &Path, name: &str, file: &str, now_ms: i64, book: &mut Book) {
        let path = root.join(file);
        if !is_file(&path) && !self.rows.contains_key(name) {
            return;
        }
        let reads = &mut self.reads;
        let read = |why: &mut Option<SafeText>| {
            *reads += 1;
            let rows = text(root, file).and_then(|text| sessions(&text, name));
            told(
                rows.map(|rows| {
                    let count = rows.len() as u64;
                    (rows, count)
                }),
                why,
            )
        };
        let kept = renew(self.rows.remove(name), mark(&path), now_ms, |_| true, read);
        add(book, &kept, name);
        self.rows.insert(name.to_owned(), kept);
    }

    fn read_tasks(&mut self, root: &Path, now_ms: i64, book: &mut Book) {
        let path = root.join("state/openclaw.sqlite");
        if !is_file(&path) {
            self.tasks = None;
            return;
        }
        let since = now_ms.saturating_sub(DAY_MS);
        let reads = &mut self.reads;
        let mut is_there = true;
        let read = |why: &mut Option<SafeText>| {
            *reads += 1;
            let tasks = match bounded(&path).map(|()| base::tasks(&path, since)) {
                // An OpenClaw of before has no such table there.
                Ok(Err(rusqlite::Error::QueryReturnedNoRows)) => {
                    is_there = false;
                    return None;
                }
                Ok(tasks) => tasks.map_err(|error| plain(&error)),
                Err(why) => Err(why),
            };
            told(tasks, why)
        };
        let kept = renew(self.tasks.take(), mark(&path), now_ms, |_| true, read);
        book.gaps.extend(kept.why.iter().map(|why| SafeText::from(format!("tasks: {why}"))));
        if is_there {
            book.tasks = Some(kept.read.clone());
            self.tasks = Some(kept);
        }
    }
}

/// What is kept of a file in the state `mark`: what was read before, unless it changed or `is_due`.
fn renew<T: Default>(
    old: Option<Kept<T>>,
    mark: Mark,
    now_ms: i64,
    may_rest: impl Fn(&Kept<T>) -> bool,
    mut read: impl FnMut(&mut Option<SafeText>) -> Option<T>,
) -> Kept<T> {
    match old {
        Some(old) if old.mark == mark && old.why.is_none() && may_rest(&old) => old,
        old => {
            let mut why = None;
            let new = read(&mut why);
            let read = new.or_else(|| old.map(|old| old.read)).unwrap_or_default();
            Kept { mark, at_ms: now_ms, read, why }
        }
    }
}

/// What was read; else the reason goes into `why`.
fn told<T>(read: Result<T, SafeText>, why: &mut Option<SafeText>) -> Option<T> {
    read.map_err(|reason| *why = Some(reason)).ok()
}

fn add(book: &mut Book, kept: &Kept<(Vec<Row>, u64)>, name: &str) {
    book.rows.extend(kept.read.0.iter().cloned());
    let total = kept.read.1.max(kept.read.0.len() as u64);
    book.total = Some(book.total.unwrap_or_default() + total);
    book.gaps.extend(kept.why.iter().map(|why| SafeText::from(format!("agent {name}: {why}"))));
}

/// The directories in `path`, by name; none where it is not there.
fn names(path: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let named = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let named = named.filter_map(|entry| entry.file_name().into_string().ok());
    let mut all: Vec<String> = named.take(AGENTS).collect();
    all.sort();
    Ok(all)
}

fn is_file(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|about| about.is_file())
}

/// Whether the database at `path` is of a size that is read.
fn bounded(path: &Path) -> Result<(), SafeText> {
    let large = std::fs::symlink_metadata(path).is_ok_and(|about| about.len() > LARGEST_BASE);
    if large { Err("its database is larger than 8 GiB".into()) } else { Ok(()) }
}

/// The state of the file at `path` and of the log beside it.
fn mark(path: &Path) -> Mark {
    let of = |path: &Path| {
        std::fs::symlink_metadata(path).map_or([0; 3], |about| {
            let at = about.mtime().wrapping_mul(1_000_000_000).wrapping_add(about.mtime_nsec());
            [about.ino().cast_signed(), about.size().cast_signed(), at]
        })
    };
    Mark(of(path), of(&base::log_of(path)))
}

/// The text of `file` below `root`, by no symbolic link.
fn text(root: &Path, file: &str) -> Result<Vec<u8>, SafeText> {
    let say = |error: io::Error| SafeText::from(format!("{file}: {error}"));
    let root = File::open(root).map_err(say)?;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    let file_of = openat2(&root, file, flags, Mode::empty(), resolve);
    let opened = File::from(file_of.map_err(|error| say(error.into()))?);
    if !opened.metadata().map_err(say)?.is_file() {
        return Err(SafeText::from(format!("{file}: it is no file")));
    }
    let mut text = Vec::new();
    let length = opened.take(LARGEST + 1).read_to_end(&mut text).map_err(say)?;
    if length as u64 > LARGEST {
        return Err(SafeText::from(format!("{file}: it is larger than 16 MiB")));
    }
    Ok(text)
}

/// The sessions in `text`: a map of keys to what is known of each.
fn sessions(text: &[u8], agent: &str) -> Result<Vec<Row>, SafeText> {
    let all: BTreeMap<String, Value> = serde_json::from_slice(text)
        .map_err(|error| SafeText::from(format!("sessions.json: {error}")))?;
    let objects = all.iter().filter(|(_, row)| row.is_object()).take(SESSIONS);
    Ok(objects.filter_map(|(key, row)| row::session(agent, key, row)).collect())
}

/// What SQLite said, on a line.
fn plain(error: &rusqlite::Error) -> SafeText {
    SafeText::within(&format!("its database: {error}"), 200)
}

#[cfg(test)]
mod tests;
