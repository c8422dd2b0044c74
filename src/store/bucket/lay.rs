//! A file that is in a directory as a whole or not at all, whoever is killed meanwhile.
//!
//! It has no name until all of it is on the disk, so nothing can be left that somebody would have to
//! sweep; and it gets its name only where nothing has it. Not every file system has files without names.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, open};
use rustix::io::Errno;

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Laid {
    /// It is on the disk.
    There,
    /// Something has its name already.
    Exists,
    /// This file system has no files without names; nothing was done.
    Unable,
}

/// Writes `bytes` at `path`, which is below `root`. What is missing of the way there is made.
pub(super) fn lay(root: &Path, path: &Path, bytes: &[u8]) -> io::Result<Laid> {
    let Some(dir) = path.parent() else { return Ok(Laid::Unable) };
    std::fs::create_dir_all(dir)?;
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let file = match open(dir, flags, Mode::from_raw_mode(0o666)) {
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => return Ok(Laid::Unable),
        file => file?,
    };
    let mut file = File::from(file);
    file.write_all(bytes)?;
    file.sync_all()?;
    // The other way to name it needs a privilege.
    let own = format!("/proc/self/fd/{}", file.as_raw_fd());
    match linkat(CWD, own.as_str(), CWD, path, AtFlags::SYMLINK_FOLLOW) {
        Err(Errno::EXIST) => return Ok(Laid::Exists),
        Err(Errno::NOENT | Errno::XDEV) => return Ok(Laid::Unable),
        named => named?,
    }
    for dir in dir.ancestors().take_while(|dir| dir.starts_with(root)) {
        File::open(dir)?.sync_all()?;
    }
    Ok(Laid::There)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_once_and_nothing_stands_beside_it() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b/c");
        let first = lay(root.path(), &path, b"one").unwrap();
        if first == Laid::Unable {
            return;
        }
        assert_eq!((first, lay(root.path(), &path, b"two").unwrap()), (Laid::There, Laid::Exists));
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        assert!(lay(root.path(), &path.join("d"), b"below a file").is_err());
    }
}
