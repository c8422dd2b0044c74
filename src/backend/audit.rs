//! Looks for what is left of a run: the oracle of every test about leaks.
//!
//! A thing belongs to a run only by the run's whole id: in a control group's path, in the
//! environment, as a directory of ours, or by having one as its root. A name that merely looks alike is not ours.

use std::ffi::OsString;
use std::fs;
use std::io::{ErrorKind, Read};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use super::cgroup::{self, Hierarchy};
use super::docker::{self, Remains};
use super::journal::{Entry, Found};
use super::settings::CampSettings;
use super::{firecracker, identity};
use crate::model::id::RunId;
use crate::model::text::SafeText;

/// The variable that marks whatever a run starts.
pub(super) const MARK: &str = "ISOMON_RUN";

/// What kind of thing was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A process.
    Process,
    /// A process that has ended and whose parent has not asked for its status yet.
    Zombie,
    /// A control group.
    Group,
    /// A mount.
    Mount,
    /// A container a runtime still knows.
    Container,
    /// An image in a container engine.
    Image,
    /// A container engine that gives no answer, and may still have something.
    Engine,
    /// A directory of isomon's own.
    Directory,
}

/// Something of a run that is no more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOver {
    /// What it is.
    pub kind: Kind,
    /// Of which run.
    pub run: RunId,
    /// Its pid or path.
    pub name: SafeText,
}

impl LeftOver {
    /// What a person can do about it.
    pub fn remedy(&self) -> String {
        match self.kind {
            Kind::Process => format!("kill -9 {}", self.name),
            Kind::Zombie => "wait: its parent, or init, takes it away".to_owned(),
            Kind::Group => format!("rmdir {}", self.name),
            Kind::Mount => format!("umount -l {}", self.name),
            Kind::Engine => "start it, or `isomon gc --forget` if it is gone".to_owned(),
            Kind::Container | Kind::Image | Kind::Directory => "isomon gc".to_owned(),
        }
    }
}

/// The directory of run `id`.
pub(super) fn place(settings: &CampSettings, id: &RunId) -> PathBuf {
    settings.state.join("runs").join(id.as_str())
}

/// Everything of run `id` that exists, whether it goes on or not. What is in an engine is told if the
/// engine answers.
pub fn audit(settings: &CampSettings, id: &RunId) -> Vec<LeftOver> {
    let mut all = audit_here(settings, id);
    let mut engines = engines(&Found::open(&place(settings, id)));
    engines.extend(docker::Debts::of(settings).owed(id));
    engines.dedup();
    let there = engines.iter().filter_map(|socket| docker::remains(socket, id));
    all.extend(there.flat_map(|remains| in_engine(id, remains)));
    all
}

/// The engines that may have something of the run, by their sockets.
pub(super) fn engines(journal: &Found) -> Vec<PathBuf> {
    let noted = journal.entries.iter().filter_map(|entry| match entry {
        Entry::Docker { socket } => Some(socket.clone()),
        _ => None,
    });
    noted.collect()
}

/// What of run `id` is in an engine.
pub(super) fn in_engine(id: &RunId, remains: Remains) -> impl Iterator<Item = LeftOver> {
    let Remains { containers, images } = remains;
    let containers = containers.into_iter().map(|name| (Kind::Container, name));
    let images = images.into_iter().map(|name| (Kind::Image, name));
    containers.chain(images).map(|(kind, name)| LeftOver {
        kind,
        run: id.clone(),
        name: SafeText::new(&name),
    })
}

/// The same without asking an engine.
pub(super) fn audit_here(settings: &CampSettings, id: &RunId) -> Vec<LeftOver> {
    let place = place(settings, id);
    let journal = Found::open(&place);
    let path = |path: &PathBuf| SafeText::new(&path.to_string_lossy());
    let groups = groups(settings, id, &journal);
    let (alive, zombies): (Vec<u32>, Vec<u32>) = processes(settings, Scope::whole(id))
        .into_iter()
        .partition(|pid| identity::start_of(&settings.roots.proc, *pid).is_some());
    let number = |pid: &u32| SafeText::new(&pid.to_string());
    let found = [
        (Kind::Process, alive.iter().map(number).collect()),
        (Kind::Zombie, zombies.iter().map(number).collect()),
        (Kind::Group, groups.iter().filter(|dir| dir.exists()).map(path).collect()),
        (Kind::Mount, mounts(settings, &place).iter().map(path).collect()),
        (Kind::Container, containers(&journal).iter().map(|(_, dir)| path(dir)).collect()),
        (Kind::Directory, place.exists().then(|| path(&place)).into_iter().collect::<Vec<_>>()),
    ];
    let named = |(kind, names): (Kind, Vec<SafeText>)| {
        let run = id.clone();
        names.into_iter().map(move |name| LeftOver { kind, run: run.clone(), name })
    };
    found.into_iter().flat_map(named).collect()
}

/// Every directory that may be a control group of the run: as journaled, and in each hierarchy,
/// since container runtimes use more of them than we do.
pub(super) fn groups(settings: &CampSettings, id: &RunId, journal: &Found) -> Vec<PathBuf> {
    let suffix = Path::new(cgroup::TOP).join(id.as_str());
    let noted = journal.entries.iter().filter_map(|entry| match entry {
        Entry::Group { path } if path.ends_with(&suffix) => Some(path.clone()),
        _ => None,
    });
    let known = Hierarchy::all(&settings.roots).into_iter().map(|tree| tree.at.join(&suffix));
    let mut all: Vec<PathBuf> = noted.chain(known).collect();
    all.sort();
    all.dedup();
    all
}

/// A run, or one lot of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    /// The run.
    pub run: &'a RunId,
    /// The lot; all of them if `None`.
    pub lot: Option<&'a str>,
}

impl<'a> Scope<'a> {
    /// All of run `run`.
    pub(super) const fn whole(run: &'a RunId) -> Self {
        Self { run, lot: None }
    }

    /// The end of what marks its processes, and of its group's path.
    fn tail(self) -> String {
        self.lot.map_or_else(|| self.run.to_string(), |lot| format!("{}/{lot}", self.run))
    }
}

/// Processes, zombies too, that are in the groups of `scope` or carry its mark.
pub(super) fn processes(settings: &CampSettings, scope: Scope<'_>) -> Vec<u32> {
    let Ok(entries) = fs::read_dir(&settings.roots.proc) else {
        return Vec::new();
    };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| *pid != std::process::id() && is_marked(settings, scope, *pid)).collect()
}

/// Whether `pid` belongs to `scope`.
pub(super) fn is_marked(settings: &CampSettings, scope: Scope<'_>, pid: u32) -> bool {
    let dir = settings.roots.proc.join(pid.to_string());
    let tail = scope.tail();
    let group = format!("/{}/{tail}", cgroup::TOP);
    let grouped = read(&dir.join("cgroup")).is_some_and(|text| {
        String::from_utf8_lossy(&text).lines().any(|line| {
            let inside = |rest: &str| rest.is_empty() || rest.starts_with(['/', ' ']);
            line.split_once(&group).is_some_and(|(_, rest)| inside(rest))
        })
    });
    let mark = format!("{MARK}={tail}");
    let carries = |environment: Vec<u8>| {
        let rest = |entry: &[u8]| entry.strip_prefix(mark.as_bytes()).map(<[u8]>::to_vec);
        let mut rests = environment.split(|byte| *byte == 0).filter_map(rest);
        rests.any(|rest| rest.is_empty() || rest.starts_with(b"/"))
    };
    grouped
        || read(&dir.join("environ")).is_some_and(carries)
        || firecracker::is_inside(&place(settings, scope.run), scope.lot, &dir)
}

/// What is in a small file of `/proc`, whose size nobody knows before: a machine may have thousands of
/// processes, so nothing is asked but its bytes.
fn read(path: &Path) -> Option<Vec<u8>> {
    let mut file = fs::File::open(path).ok()?;
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Some(text),
            Ok(length) => text.extend_from_slice(buffer.get(..length)?),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

/// Mount points at or below `place`, deepest first.
pub(super) fn mounts(settings: &CampSettings, place: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(settings.roots.proc.join("self/mountinfo")).unwrap_or_default();
    let points = text.lines().filter_map(|line| line.split(' ').nth(4)).map(plain);
    let mut below: Vec<PathBuf> = points.filter(|point| point.starts_with(place)).collect();
    below.sort_by_key(|point| std::cmp::Reverse(point.components().count()));
    below
}

/// A path of `mountinfo`, where the kernel writes space, tab, newline and backslash as `\040` and the
/// like: a mount that is not recognised would be swept as if its files were ours.
fn plain(path: &str) -> PathBuf {
    let mut parts = path.split('\\');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let byte = part.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        bytes.push(byte.unwrap_or(b'\\'));
        bytes.extend(part.as_bytes().iter().skip(if byte.is_some() { 3 } else { 0 }));
    }
    PathBuf::from(OsString::from_vec(bytes))
}

/// Containers that runtimes still know, each with the tool that can delete it.
pub(super) fn containers(journal: &Found) -> Vec<(Vec<String>, PathBuf)> {
    let runtimes = journal.entries.iter().filter_map(|entry| match entry {
        Entry::Runtime { argv, root } => Some((argv, root)),
        _ => None,
    });
    let known = runtimes.flat_map(|(argv, root)| {
        let entries = fs::read_dir(root).into_iter().flatten().flatten();
        let paths = entries.map(|entry| entry.path());
        // runsc keeps a lock beside each container's state.
        let states = paths.filter(|path| path.extension().is_none_or(|kind| kind != "lock"));
        states.map(move |path| (argv.clone(), path))
    });
    known.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_below_a_path_with_spaces_is_seen() {
        let home = tempfile::tempdir().unwrap();
        let mut settings = CampSettings::of_state(home.path().to_owned());
        settings.roots.proc = home.path().to_owned();
        fs::create_dir(home.path().join("self")).unwrap();
        let line = |at: &str| format!("27 21 0:44 / {at} rw shared:2 - ext4 /dev/sda rw\n");
        let text =
            [r"/a\040b/run", r"/a\040b/run/in\134\012", r"/a\x", "/other"].map(line).concat();
        fs::write(home.path().join("self/mountinfo"), text).unwrap();
        let below = mounts(&settings, Path::new("/a b/run"));
        assert_eq!(below, [Path::new("/a b/run/in\\\n"), Path::new("/a b/run")]);
        assert_eq!(mounts(&settings, Path::new(r"/a\x")), [Path::new(r"/a\x")]);
    }
}
