//! Changing settings of the host for a while, and putting them back.
//!
//! `<state>/tuned/<pid>.json` says what stood where. It is written before the first change and goes
//! with the last that was put back. A keeper, isomon re-executed in a session of its own, locks it
//! and waits for the end of a pipe that only the run holds: any end of the run is the end of that.
//! A file that nobody has locked is of a keeper that died too; the next start puts it back.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use rustix::fs::{FlockOperation, flock};

use super::{Advice, Change, place};
use crate::model::root::Roots;

/// The hidden subcommand; its arguments are the root of sysfs and the file.
const NAME: &str = "__keep-tuned";

/// What can go wrong with settings of the host.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What it said.
        #[source]
        source: std::io::Error,
    },
    /// The keeper did not come up.
    #[error("the keeper of the settings did not start")]
    Keeper,
}

/// Settings that are changed for now. Dropped, they are put back by the keeper.
#[derive(Debug)]
pub struct Tuning {
    keeper: Child,
}

impl Tuning {
    /// Makes the changes of `advice` on the machine below `roots`; `exe` is isomon. What could not
    /// be changed is an error, and then nothing is.
    pub fn begin(
        roots: &Roots,
        state: &Path,
        exe: &Path,
        advice: &[Advice],
    ) -> Result<Self, Error> {
        let changes: Vec<Change> =
            advice.iter().flat_map(|advice| advice.changes.clone()).collect();
        let path = state.join("tuned").join(format!("{}.json", std::process::id()));
        let file = note(&path, &changes)?;
        let keeper = keeper(exe, roots, &path, file)?;
        let tuning = Self { keeper };
        for change in &changes {
            // When one is refused, dropping it puts back what was changed until here.
            write(&change.path, &change.to)?;
        }
        Ok(tuning)
    }

    /// Puts everything back, and waits until it is.
    pub fn end(mut self) -> bool {
        drop(self.keeper.stdin.take());
        self.keeper.wait().is_ok_and(|status| status.success())
    }
}

impl Drop for Tuning {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // Nothing can be said of it here; the file stays if it failed.
        self.keeper.wait().ok();
    }
}

/// Writes down what is about to be changed; on disk, and locked, when it has its name.
fn note(path: &Path, changes: &[Change]) -> Result<File, Error> {
    let at = |source| Error::Io { path: path.to_owned(), source };
    let early = path.with_extension("new");
    let mut file = open_new(&early).or_else(|_| open_new(&early)).map_err(at)?;
    let locked = flock(&file, FlockOperation::NonBlockingLockExclusive);
    locked.map_err(std::io::Error::from).map_err(at)?;
    let text = serde_json::to_vec(changes).map_err(std::io::Error::from).map_err(at)?;
    let written = file.write_all(&text).and_then(|()| file.sync_all());
    written.and_then(|()| fs::rename(&early, path)).map_err(at)?;
    Ok(file)
}

/// Makes the file and its directory, which another run may just have found empty and removed.
fn open_new(path: &Path) -> std::io::Result<File> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Starts the keeper and waits until it is up. It takes over `file` with its lock, as its standard
/// error: there is no moment in which nobody has it.
fn keeper(exe: &Path, roots: &Roots, path: &Path, file: File) -> Result<Child, Error> {
    let mut command = Command::new(exe);
    command.arg(NAME).arg(&roots.sys).arg(path).current_dir("/").env_clear();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(file);
    let spawned = command.spawn();
    let mut child = spawned.map_err(|source| Error::Io { path: exe.to_owned(), source })?;
    let mut word = [0; 1];
    let up = child.stdout.take().is_some_and(|mut out| out.read_exact(&mut word).is_ok());
    if up {
        return Ok(child);
    }
    child.wait().ok();
    fs::remove_file(path).ok();
    Err(Error::Keeper)
}

fn write(path: &Path, value: &str) -> Result<(), Error> {
    let file = OpenOptions::new().write(true).truncate(true).open(path);
    let written = file.and_then(|mut file| file.write_all(value.as_bytes()));
    written.map_err(|source| Error::Io { path: path.to_owned(), source })
}

/// Keeps settings, if that is what `arguments` say; `None` if they say something else.
pub fn reexecuted(arguments: &[OsString]) -> Option<ExitCode> {
    match arguments {
        [_, name, sys, path] if name == NAME => Some(keep(Path::new(sys), Path::new(path))),
        _ => None,
    }
}

fn keep(sys: &Path, path: &Path) -> ExitCode {
    rustix::process::setsid().ok();
    if rustix::io::write(rustix::stdio::stdout(), b"k").is_err() {
        return ExitCode::FAILURE;
    }
    // Any end of the pipe is the owner's end.
    std::io::stdin().lock().read_to_end(&mut Vec::new()).ok();
    let roots = Roots { sys: sys.to_owned(), ..Roots::default() };
    if put_back(&roots, path) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn lock(path: &Path) -> Option<File> {
    let file = File::open(path).ok()?;
    flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
    Some(file)
}

/// Puts back what the file at `path` says, the last change first; the file goes if all of it could
/// be. What lies outside the kernel's processor settings is not touched.
fn put_back(roots: &Roots, path: &Path) -> bool {
    let text = fs::read(path).unwrap_or_default();
    let changes: Vec<Change> = serde_json::from_slice(&text).unwrap_or_default();
    let ours = |change: &&Change| {
        let plain = |part| !matches!(part, std::path::Component::ParentDir);
        change.path.starts_with(place(roots)) && change.path.components().all(plain)
    };
    let back = |change: &Change| write(&change.path, &change.from).is_ok();
    let failed = changes.iter().rev().filter(ours).filter(|change| !back(change)).count();
    failed == 0 && fs::remove_file(path).is_ok()
}

/// Puts back what runs left changed whose keepers died too; the files of settings that were.
pub fn mend(roots: &Roots, state: &Path, dry_run: bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(state.join("tuned")).into_iter().flatten().flatten();
    let named = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|of| of == "json"));
    let dead = named.filter_map(|path| Some((lock(&path)?, path)));
    let mended = dead.filter(|(_lock, path)| dry_run || put_back(roots, path));
    let mended: Vec<PathBuf> = mended.map(|(_lock, path)| path).collect();
    // Refused while there are others.
    fs::remove_dir(state.join("tuned")).ok();
    mended
}
