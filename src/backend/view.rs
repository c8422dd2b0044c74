//! What files every isolating backend shows inside, read-only: of the host programs and libraries,
//! isomon itself, and nothing of `/root`, `/home`, `/run` or `/var`; or a root of the user's, whole.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Where isomon lies inside every sandbox.
pub(super) const PROGRAM: &str = "/isomon";
/// Where the files of a user's work lie inside.
pub(super) const JOB: &str = "/job";
/// The user and group inside: nobody.
pub(super) const NOBODY: u32 = 65534;
/// Size of the writable `/tmp`, in MiB.
pub(super) const TMP_MIB: u32 = 16;
/// Directories that programs and their libraries come from.
const DIRECTORIES: [&str; 7] = ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"];
/// Files that the dynamic linker reads.
const FILES: [&str; 1] = ["etc/ld.so.cache"];
/// Directories that every sandbox has of its own.
const OWN: [&str; 4] = ["proc", "dev", "tmp", "job"];
/// Devices that harm nobody.
pub(super) const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];

/// What is shown; names are relative to both roots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    /// The root it is of.
    pub base: PathBuf,
    /// Directories to bind.
    pub directories: Vec<String>,
    /// Links to make again, with their targets.
    pub links: Vec<(String, PathBuf)>,
    /// Files to bind.
    pub files: Vec<String>,
}

impl View {
    /// Programs and libraries below `root`.
    pub(super) fn of(root: &Path) -> Self {
        let mut view = Self { base: root.to_owned(), ..Self::default() };
        for name in DIRECTORIES {
            view.add(name, false);
        }
        let files = FILES.into_iter().filter(|name| root.join(name).is_file());
        view.files = files.map(str::to_owned).collect();
        view
    }

    /// Everything at `root` but what a sandbox has of its own.
    pub(super) fn whole(root: &Path) -> io::Result<Self> {
        let mut view = Self { base: root.to_owned(), ..Self::default() };
        for entry in fs::read_dir(root)? {
            let name = entry?.file_name();
            // Named in bytes that are no text, it could not be said to a runtime.
            let Some(name) = name.to_str() else { continue };
            if !OWN.contains(&name) && name != PROGRAM.trim_start_matches('/') {
                view.add(name, true);
            }
        }
        Ok(view)
    }

    fn add(&mut self, name: &str, files: bool) {
        let path = self.base.join(name);
        let name = name.to_owned();
        match (fs::read_link(&path), path.is_dir()) {
            (Ok(target), _) => self.links.push((name, target)),
            (Err(_), true) => self.directories.push(name),
            (Err(_), false) if files && path.is_file() => self.files.push(name),
            (Err(_), false) => {}
        }
    }

    /// What is bound, on the host and inside.
    pub(super) fn binds(&self) -> impl Iterator<Item = (PathBuf, PathBuf)> {
        let names = self.directories.iter().chain(&self.files);
        names.map(|name| (self.base.join(name), Path::new("/").join(name)))
    }

    /// Whether a program at `path` is seen inside under the same name.
    pub(super) fn shows(&self, path: &Path) -> bool {
        let Ok(path) = path.strip_prefix(&self.base) else { return false };
        let linked = self.links.iter().map(|(name, _)| name);
        self.directories.iter().chain(linked).any(|name| path.starts_with(name))
    }

    /// Makes the empty directories, files and links in `root` that mounts will cover.
    pub(super) fn lay_out(&self, root: &Path) -> io::Result<()> {
        open_to_all(root, 0o755)?;
        for name in self.directories.iter().map(String::as_str).chain(OWN) {
            let path = root.join(name);
            fs::create_dir_all(&path)?;
            open_to_all(&path, 0o755)?;
        }
        for (name, target) in &self.links {
            std::os::unix::fs::symlink(target, root.join(name))?;
        }
        let program = PROGRAM.trim_start_matches('/');
        for name in self.files.iter().map(String::as_str).chain([program]) {
            let path = root.join(name);
            if let Some(above) = path.parent().filter(|above| *above != root) {
                fs::create_dir_all(above)?;
                open_to_all(above, 0o755)?;
            }
            fs::File::create(&path)?;
            open_to_all(&path, 0o644)?;
        }
        Ok(())
    }
}

/// Lets everybody see what is at `path`, whatever the user's file creation mask takes away: who works
/// inside is nobody. Who may come near it is decided by the run's directory.
pub(super) fn open_to_all(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merged_usr_keeps_its_links() {
        let host = tempfile::tempdir().unwrap();
        for name in ["usr/bin", "root", "home", "lib64"] {
            fs::create_dir_all(host.path().join(name)).unwrap();
        }
        std::os::unix::fs::symlink("usr/bin", host.path().join("bin")).unwrap();
        let view = View::of(host.path());
        assert_eq!(view.directories, ["usr", "lib64"]);
        assert_eq!(view.links, [("bin".to_owned(), PathBuf::from("usr/bin"))]);
        let inside = tempfile::tempdir().unwrap();
        view.lay_out(inside.path()).unwrap();
        assert_eq!(fs::read_link(inside.path().join("bin")).unwrap(), Path::new("usr/bin"));
        assert!(!inside.path().join("home").exists());
        for (path, seen) in [("usr/bin/sh", true), ("bin/sh", true), ("home/x", false)] {
            assert_eq!(view.shows(&host.path().join(path)), seen, "{path}");
        }
    }

    #[test]
    fn a_root_of_the_users_is_shown_whole_but_for_what_a_sandbox_has() {
        let root = tempfile::tempdir().unwrap();
        for name in ["bin", "srv", "proc", "tmp", "job"] {
            fs::create_dir_all(root.path().join(name)).unwrap();
        }
        fs::write(root.path().join("init"), "").unwrap();
        let mut view = View::whole(root.path()).unwrap();
        view.directories.sort();
        assert_eq!(
            (view.directories, view.files),
            (vec!["bin".into(), "srv".into()], vec!["init".into()])
        );
    }
}
