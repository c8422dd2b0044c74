//! How full file systems are.
//!
//! `statvfs` may hang for ever on a dead network or FUSE mount, so it runs in a [`TimeBox`]; what
//! hangs is named in the sample, and the other mounts are still read. Space moves slowly: it is
//! asked for every five seconds.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::every::Every;
use super::kept::Kept;
use super::time_box::{GRACE, Read, TimeBox};
use super::{Error, Probe};
use crate::model::node::Mount;
use crate::model::reading::{Reading, Why};
use crate::model::root::Roots;
use crate::model::text::SafeText;
use crate::model::unit::{Bytes, Ratio};
use crate::procfs::mount_table::{self, Entry};

const PERIOD: Duration = Duration::from_secs(5);

/// What `statvfs` tells of a file system.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Space {
    /// Its size.
    pub total: Bytes,
    /// What is taken; blocks reserved for root are not.
    pub used: Bytes,
    /// What may still be taken by others than root.
    pub free: Bytes,
    /// Share of inodes taken; `None` where their number is not fixed.
    pub inodes: Option<Ratio>,
}

/// Reads `/proc/self/mountinfo` and asks each file system.
#[derive(Debug)]
pub struct MountProbe {
    mountinfo: Kept,
    turn: Every,
    table: Vec<Entry>,
    space: TimeBox<Space>,
}

impl MountProbe {
    /// A reader under `roots`, asking with `statvfs`.
    pub fn new(roots: &Roots) -> Self {
        Self::asking(roots, Arc::new(statvfs))
    }

    /// A reader under `roots` that asks with `read`, which may hang.
    pub fn asking(roots: &Roots, read: Read<Space>) -> Self {
        Self {
            mountinfo: Kept::new(roots.proc.join("self/mountinfo")),
            turn: Every::new(PERIOD),
            table: Vec::new(),
            space: TimeBox::new(read),
        }
    }

    /// The mounts that did not answer and rest for now.
    pub fn quarantined(&self) -> impl Iterator<Item = &Path> {
        self.space.quarantined()
    }
}

impl Probe for MountProbe {
    type Sample = Vec<Mount>;

    fn sample(&mut self, now: Instant) -> Result<Vec<Mount>, Error> {
        if self.turn.due(now) {
            self.table = mount_table::parse(&self.mountinfo.read()?);
            let paths: Vec<PathBuf> = self.table.iter().map(|entry| entry.path.clone()).collect();
            self.space.ask(paths, now);
        }
        self.space.collect(now, GRACE);
        let shown = self.table.iter();
        Ok(shown.map(|entry| mount(entry, &self.space.answer(&entry.path))).collect())
    }
}

fn mount(entry: &Entry, space: &Reading<Space>) -> Mount {
    Mount {
        path: SafeText::from_bytes(entry.path.as_os_str().as_encoded_bytes()),
        device: SafeText::from_bytes(entry.device.as_encoded_bytes()),
        kind: SafeText::new(&entry.kind),
        total_bytes: space.clone().map(|space| space.total),
        used_bytes: space.clone().map(|space| space.used),
        free_bytes: space.clone().map(|space| space.free),
        inodes_used: match space {
            Reading::Known(space) => Reading::from_option(space.inodes, Why::NotSupported),
            Reading::Missing(why) => Reading::Missing(why.clone()),
        },
    }
}

fn statvfs(path: &Path) -> Reading<Space> {
    match rustix::fs::statvfs(path) {
        Ok(answer) => Reading::Known(space(&answer)),
        Err(errno) => Reading::Missing(Why::from(&std::io::Error::from(errno))),
    }
}

fn space(answer: &rustix::fs::StatVfs) -> Space {
    let bytes = |blocks: u64| Bytes(blocks.saturating_mul(answer.f_frsize));
    let taken = answer.f_files.saturating_sub(answer.f_ffree);
    Space {
        total: bytes(answer.f_blocks),
        used: bytes(answer.f_blocks.saturating_sub(answer.f_bfree)),
        free: bytes(answer.f_bavail),
        inodes: Ratio::of(taken as f64, answer.f_files as f64),
    }
}
