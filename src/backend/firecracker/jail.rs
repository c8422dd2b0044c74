//! What the jailer needs around it: one directory for each sandbox, which becomes its whole world.
//!
//! It copies Firecracker into that directory, makes devices in it and takes away everything else. Where
//! the run's directory is on a file system that allows no devices or programs, as `/run` often is,
//! isomon is re-executed first as `__jail DIR PROGRAM ARGS…`, which allows them there in a mount
//! namespace of its own: nothing of that is left when the sandbox has ended, however it ended.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use rustix::fs::StatVfsMountFlags;
use rustix::mount::{MountFlags, MountPropagationFlags};
use rustix::thread::UnshareFlags;

use crate::backend::failpoint::{self, Point};
use crate::backend::sandbox::unshare;
use crate::backend::site::Site;
use crate::backend::{Error, tool};

/// The hidden subcommand.
pub(in crate::backend) const NAME: &str = "__jail";
/// The API's socket, as seen from inside.
pub(super) const SOCKET: &str = "/api.sock";
/// The directory of all jails in a run's.
const JAILS: &str = "jail";
/// The user and group of a jailed Firecracker: reserved by Debian's policy and nobody's.
const NOBODY: &str = "65533";
/// Status when the program could not be executed so.
const REFUSED: u8 = 125;

/// One sandbox's directory.
pub(super) struct Jail {
    /// All of it.
    pub at: PathBuf,
    /// What it sees as `/`.
    root: PathBuf,
    /// Its name.
    id: String,
    /// The run's directory: files below it are isomon's own.
    run: PathBuf,
}

impl Jail {
    /// Makes the jail `id` for `program`.
    pub(super) fn make(site: &Site, id: &str, program: &Path) -> Result<Self, Error> {
        let file = program.file_name().unwrap_or_default();
        let at = site.place.join(JAILS).join(file).join(id);
        let root = at.join("root");
        fs::create_dir_all(&root).map_err(|source| Error::io("create", &root, source))?;
        failpoint::reach(Point::Jail);
        Ok(Self { at, root, id: id.to_owned(), run: site.place.clone() })
    }

    /// Shows `file` inside; its name there. One that is not isomon's own, such as a user's kernel, is
    /// copied and never changed.
    pub(super) fn show(&self, file: &Path) -> Result<String, Error> {
        let name = file.file_name().unwrap_or_default();
        let inside = self.root.join(name);
        let readable = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o444));
        let shown = if file.starts_with(&self.run) {
            readable(file).and_then(|()| fs::hard_link(file, &inside))
        } else {
            fs::copy(file, &inside).and_then(|_| readable(&inside))
        };
        shown.map_err(|source| Error::io("link", &inside, source))?;
        failpoint::reach(Point::Shown);
        tool::text(Path::new("/").join(name))
    }

    /// The API's socket, as seen from outside.
    pub(super) fn socket(&self) -> PathBuf {
        self.root.join(SOCKET.trim_start_matches('/'))
    }

    /// The jailer's command, up to what Firecracker is told.
    pub(super) fn command(&self, site: &Site, program: &Path) -> Result<Vec<String>, Error> {
        let base = site.place.join(JAILS);
        let mut argv = Vec::new();
        if is_bound(&base) {
            let own = tool::text(site.settings.exe.clone())?;
            argv = vec![own, NAME.to_owned(), tool::text(base.clone())?];
        }
        argv.push(tool::text(tool::find(&site.settings, "jailer")?)?);
        let options = [
            ("--id", self.id.clone()),
            ("--exec-file", tool::text(program.to_owned())?),
            ("--uid", NOBODY.to_owned()),
            ("--gid", NOBODY.to_owned()),
            ("--chroot-base-dir", tool::text(base)?),
        ];
        argv.extend(options.into_iter().flat_map(|(option, value)| [option.to_owned(), value]));
        argv.push("--".to_owned());
        Ok(argv)
    }
}

/// Whether the file system of `dir` allows no devices or no programs.
fn is_bound(dir: &Path) -> bool {
    let bound = StatVfsMountFlags::NODEV | StatVfsMountFlags::NOEXEC;
    rustix::fs::statvfs(dir).is_ok_and(|fs| fs.f_flag.intersects(bound))
}

/// Allows devices and programs in a directory, for this process and its children, and executes the
/// program.
pub(in crate::backend) fn run(arguments: &[OsString]) -> ExitCode {
    let [dir, program, rest @ ..] = arguments else {
        return ExitCode::from(2);
    };
    let slave = MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC;
    let allowed = unshare(UnshareFlags::NEWNS)
        .and_then(|()| rustix::mount::mount_change("/", slave))
        .and_then(|()| rustix::mount::mount_bind(dir, dir))
        .and_then(|()| {
            rustix::mount::mount_remount(dir, MountFlags::BIND | MountFlags::NOSUID, "")
        });
    if allowed.is_ok() {
        // Returns only if it could not.
        drop(Command::new(program).args(rest).exec());
    }
    ExitCode::from(REFUSED)
}

/// Whether the process behind `proc` (`/proc/<pid>`) has a jail of the run in `place` as its root:
/// the jailer takes its environment away, and with that the mark. Only jails of `lot`, if one is given.
pub(in crate::backend) fn is_inside(place: &Path, lot: Option<&str>, proc: &Path) -> bool {
    let list = |dir: &Path| fs::read_dir(dir).into_iter().flatten().flatten();
    let jails = list(&place.join(JAILS)).flat_map(|files| list(&files.path()));
    let of_lot = |name: &str| lot.is_none_or(|lot| name.contains(&format!("-{lot}-")));
    let mut jails = jails.filter(|jail| jail.file_name().to_str().is_some_and(of_lot)).peekable();
    if jails.peek().is_none() {
        return false;
    }
    let identity =
        |path: PathBuf| Some(fs::metadata(path).ok()?).map(|data| (data.dev(), data.ino()));
    let Some(root) = identity(proc.join("root")) else {
        return false;
    };
    jails.any(|jail| identity(jail.path().join("root")) == Some(root))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_isomons_own_is_copied_and_keeps_its_mode() {
        let home = tempfile::tempdir().unwrap();
        let (run, root) = (home.path().join("run"), home.path().join("run/jail/f/1/root"));
        fs::create_dir_all(&root).unwrap();
        let jail = Jail { at: run.join("jail/f/1"), root: root.clone(), id: "1".into(), run };
        let (theirs, ours) = (home.path().join("vmlinux"), home.path().join("run/initrd"));
        for path in [&theirs, &ours] {
            fs::write(path, "it").unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        assert_eq!(jail.show(&theirs).unwrap(), "/vmlinux");
        assert_eq!(jail.show(&ours).unwrap(), "/initrd");
        let data = |path: &Path| fs::metadata(path).unwrap();
        assert_eq!(data(&theirs).mode() & 0o777, 0o600);
        assert_eq!(data(&root.join("vmlinux")).mode() & 0o777, 0o444);
        assert_eq!(data(&root.join("initrd")).ino(), data(&ours).ino());
    }

    #[test]
    fn a_process_whose_root_is_a_jail_of_the_run_is_inside() {
        let home = tempfile::tempdir().unwrap();
        let at = |path: &str| home.path().join(path);
        let root = at("run/jail/firecracker/im-0-main-1/root");
        for dir in [&root, &at("10"), &at("11")] {
            fs::create_dir_all(dir).unwrap();
        }
        // What the kernel shows of a process is a link that leads there.
        std::os::unix::fs::symlink(&root, at("10/root")).unwrap();
        std::os::unix::fs::symlink("/", at("11/root")).unwrap();
        let place = at("run");
        assert!(is_inside(&place, None, &at("10")));
        assert!(is_inside(&place, Some("main"), &at("10")));
        assert!(!is_inside(&place, Some("other"), &at("10")));
        assert!(!is_inside(&place, None, &at("11")));
        assert!(!is_inside(&place, None, &at("12")));
        assert!(!is_inside(&at("none"), None, &at("10")));
    }
}
