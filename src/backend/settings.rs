//! Where a camp stands: the program it re-executes, its state directory, the machine's roots.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::PathBuf;

use super::Error;
use crate::model::bench::Limits;
use crate::model::root::Roots;

/// What a camp needs to know of its surroundings.
#[derive(Clone, Debug)]
pub struct CampSettings {
    /// isomon itself, re-executed as payload, sandbox, launcher and reaper.
    pub exe: PathBuf,
    /// Directory of the journals; made when missing, for the owner alone.
    pub state: PathBuf,
    /// Bounds of everything in the camp until a task asks for others.
    pub limits: Limits,
    /// Where the machine is read from.
    pub roots: Roots,
    /// Directories searched for backends' tools, first match wins.
    pub search: Vec<PathBuf>,
    /// Where a Docker engine listens, or would; `None` if the user named something else than a
    /// socket in the file system.
    pub engine: Option<PathBuf>,
}

impl CampSettings {
    /// This program, on this machine: state in `/run/isomon` for root, in
    /// `$XDG_RUNTIME_DIR/isomon` (or a directory of the user's in the temporary one) for others.
    pub fn detect(limits: Limits) -> Result<Self, Error> {
        let own = PathBuf::from("/proc/self/exe");
        let exe = fs::read_link(&own).map_err(|source| Error::io("read", &own, source))?;
        if !exe.exists() {
            return Err(Error::Replaced { path: exe });
        }
        let uid = rustix::process::geteuid();
        let private = || {
            let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
            let named = format!("isomon-{}", uid.as_raw());
            runtime
                .filter(|dir| dir.is_absolute())
                .map_or_else(|| std::env::temp_dir().join(named), |dir| dir.join("isomon"))
        };
        let state = if uid.is_root() { PathBuf::from("/run/isomon") } else { private() };
        Ok(Self { exe, limits, engine: engine(), ..Self::of_state(state) })
    }

    /// What clearing up needs.
    pub(super) fn of_state(state: PathBuf) -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let system =
            ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
        let search = std::env::split_paths(&path)
            .filter(|dir| dir.is_absolute())
            .chain(system.map(PathBuf::from));
        Self {
            exe: PathBuf::new(),
            state,
            limits: Limits::default(),
            roots: Roots::default(),
            search: search.collect(),
            engine: None,
        }
    }

    /// Refuses a state directory that someone else could put journals into.
    pub(super) fn check_state(&self) -> Result<(), Error> {
        for dir in [self.state.clone(), self.state.join("runs")] {
            let Ok(data) = fs::symlink_metadata(&dir) else {
                continue;
            };
            let ours = data.uid() == rustix::process::geteuid().as_raw();
            if !ours || !data.is_dir() || data.mode() & 0o022 != 0 {
                return Err(Error::Unsafe { path: dir });
            }
        }
        Ok(())
    }

    /// Makes the state directory, and holds its lock until the file is dropped: one start or
    /// clean-up at a time looks at who is alive.
    pub(super) fn lock_state(&self) -> Result<File, Error> {
        let runs = self.state.join("runs");
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&runs);
        made.map_err(|source| Error::io("create", &runs, source))?;
        self.check_state()?;
        let path = self.state.join("lock");
        let file = File::create(&path).map_err(|source| Error::io("create", &path, source))?;
        file.lock().map_err(|source| Error::io("lock", &path, source))?;
        Ok(file)
    }
}

/// The socket that `DOCKER_HOST` names, or else the first of the usual ones that is there.
fn engine() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("DOCKER_HOST").filter(|named| !named.is_empty()) {
        let path = PathBuf::from(named.to_str()?.strip_prefix("unix://")?);
        return path.is_absolute().then_some(path);
    }
    let usual = PathBuf::from("/var/run/docker.sock");
    let own = std::env::var_os("XDG_RUNTIME_DIR").map(|dir| PathBuf::from(dir).join("docker.sock"));
    let there = [Some(usual.clone()), own].into_iter().flatten().find(|path| path.exists());
    Some(there.unwrap_or(usual))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_state_directory_others_may_write_to_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let settings = CampSettings::of_state(dir.path().join("state"));
        settings.lock_state().unwrap();
        fs::set_permissions(&settings.state, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(settings.lock_state(), Err(Error::Unsafe { .. })));
    }
}
