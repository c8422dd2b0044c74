//! What of the host's files every isolating backend shows inside: programs and libraries, read-only,
//! isomon itself, and nothing of `/root`, `/home`, `/run` or `/var`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where isomon lies inside every sandbox.
pub(super) const PROGRAM: &str = "/isomon";
/// The user and group inside: nobody.
pub(super) const NOBODY: u32 = 65534;
/// Size of the writable `/tmp`, in MiB.
pub(super) const TMP_MIB: u32 = 16;
/// Directories that programs and their libraries come from.
const DIRECTORIES: [&str; 7] = ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"];
/// Files that the dynamic linker reads.
const FILES: [&str; 1] = ["etc/ld.so.cache"];
/// Devices that harm nobody.
pub(super) const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];

/// The parts of the host that are shown; paths are relative to the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    /// Directories to bind.
    pub directories: Vec<&'static str>,
    /// Links to make again, with their targets.
    pub links: Vec<(&'static str, PathBuf)>,
    /// Files to bind.
    pub files: Vec<&'static str>,
}

impl View {
    /// What of it there is below `root`.
    pub(super) fn of(root: &Path) -> Self {
        let mut view = Self::default();
        for name in DIRECTORIES {
            let path = root.join(name);
            match (fs::read_link(&path), path.is_dir()) {
                (Ok(target), _) => view.links.push((name, target)),
                (Err(_), true) => view.directories.push(name),
                (Err(_), false) => {}
            }
        }
        view.files = FILES.into_iter().filter(|name| root.join(name).is_file()).collect();
        view
    }

    /// Makes the empty directories, files and links in `root` that mounts will cover.
    pub(super) fn lay_out(&self, root: &Path) -> io::Result<()> {
        for name in self.directories.iter().copied().chain(["proc", "dev", "tmp", "etc"]) {
            fs::create_dir_all(root.join(name))?;
        }
        for (name, target) in &self.links {
            std::os::unix::fs::symlink(target, root.join(name))?;
        }
        let program = PROGRAM.trim_start_matches('/');
        for name in self.files.iter().copied().chain([program]) {
            fs::File::create(root.join(name))?;
        }
        Ok(())
    }
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
        assert_eq!(view.links, [("bin", PathBuf::from("usr/bin"))]);
        let inside = tempfile::tempdir().unwrap();
        view.lay_out(inside.path()).unwrap();
        assert_eq!(fs::read_link(inside.path().join("bin")).unwrap(), Path::new("usr/bin"));
        assert!(!inside.path().join("home").exists());
    }
}
