//! Who a process is: owner, command line and sandbox. Read seldom, for it seldom changes.

use std::fmt::Write as _;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::user::Users;
use crate::model::text::SafeText;
use crate::procfs::process::{command, owner, split};
use crate::procfs::sandbox::{Claim, Facts, Ground, Namespaces, claim};

/// Longest file read of one process; a longer command line is cut.
const ROOM: usize = 4096;

/// Reads small files of processes below an open `/proc`, all into the same room.
#[derive(Debug)]
pub(crate) struct Reader {
    path: String,
    room: Vec<u8>,
}

impl Default for Reader {
    fn default() -> Self {
        Self { path: String::new(), room: vec![0; ROOM] }
    }
}

impl Reader {
    /// The beginning of `pid`'s `file`, at most 4 KiB.
    pub(crate) fn read(
        &mut self,
        proc: impl AsFd,
        pid: impl std::fmt::Display,
        file: &str,
    ) -> Result<&[u8], Errno> {
        let handle = self.open(proc.as_fd(), pid, file)?;
        let length = self.fill(handle)?;
        Ok(self.text(length))
    }

    /// Reads the beginning of an open file into the room and says how long it is. One call is
    /// enough: the kernel makes the files of a process in one piece.
    pub(crate) fn fill(&mut self, handle: impl AsFd) -> Result<usize, Errno> {
        rustix::io::retry_on_intr(|| rustix::io::pread(handle.as_fd(), &mut self.room[..], 0))
    }

    /// The first `length` bytes of what was read last.
    pub(crate) fn text(&self, length: usize) -> &[u8] {
        self.room.get(..length).unwrap_or_default()
    }

    /// Opens `pid`'s `file`.
    pub(crate) fn open(
        &mut self,
        proc: BorrowedFd<'_>,
        pid: impl std::fmt::Display,
        file: &str,
    ) -> Result<OwnedFd, Errno> {
        self.name(pid, file);
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        rustix::fs::openat(proc, self.path.as_str(), flags, Mode::empty())
    }

    /// The namespaces of `pid`, if all three may be seen.
    pub(crate) fn namespaces(
        &mut self,
        proc: impl AsFd,
        pid: impl std::fmt::Display + Copy,
    ) -> Option<Namespaces> {
        let proc = proc.as_fd();
        let mut inode = |kind| {
            self.name(pid, kind);
            let path = self.path.as_str();
            let link = rustix::fs::readlinkat(proc, path, Vec::new()).ok()?;
            number(link.to_str().ok()?)
        };
        Some(Namespaces { pid: inode("ns/pid")?, mount: inode("ns/mnt")?, user: inode("ns/user")? })
    }

    fn name(&mut self, pid: impl std::fmt::Display, file: &str) {
        self.path.clear();
        if write!(self.path, "{pid}/{file}").is_err() {
            self.path.clear();
        }
    }
}

/// `pid:[4026531836]`.
fn number(link: &str) -> Option<u64> {
    link.split_once('[')?.1.strip_suffix(']')?.parse().ok()
}

/// What is kept of one process between two looks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identity {
    /// Owner.
    pub(crate) user: SafeText,
    /// Redacted command line.
    pub(crate) command: SafeText,
    /// What it says about its sandbox.
    pub(crate) claim: Option<Claim>,
}

impl Identity {
    /// Reads it. What has vanished or may not be seen is left empty.
    pub(crate) fn read(
        reader: &mut Reader,
        proc: &OwnedFd,
        (pid, name, is_kernel): (u32, &str, bool),
        users: &Users,
        ground: &Ground,
    ) -> Self {
        let mut text = |file: &str| -> String {
            let raw = reader.read(proc, pid, file).unwrap_or_default();
            String::from_utf8_lossy(raw).into_owned()
        };
        let user = owner(&text("status")).map_or_else(SafeText::default, |uid| users.name(uid));
        if is_kernel {
            return Self { user, command: SafeText::new(&format!("[{name}]")), claim: None };
        }
        let (line, cgroup) = (text("cmdline"), text("cgroup"));
        let arguments = split(&line);
        let facts = Facts {
            pid,
            name,
            arguments: &arguments,
            cgroup: &cgroup,
            namespaces: reader.namespaces(proc, pid),
        };
        Self { user, command: command(name, &arguments), claim: claim(&facts, ground) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_number_of_a_namespace() {
        assert_eq!(number("pid:[4026531836]"), Some(4_026_531_836));
        assert_eq!(number("pid:["), None);
    }
}
