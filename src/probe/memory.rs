//! Memory and swap, from `/proc/meminfo`.

use std::time::Instant;

use super::kept::Kept;
use super::{Error, Probe};
use crate::model::node::Memory;
use crate::model::root::Roots;
use crate::procfs;

/// Reads `/proc/meminfo`.
#[derive(Debug)]
pub struct MemoryProbe {
    meminfo: Kept,
}

impl MemoryProbe {
    /// A reader of the memory file under `roots`.
    pub fn new(roots: &Roots) -> Self {
        Self { meminfo: Kept::new(roots.proc.join("meminfo")) }
    }
}

impl Probe for MemoryProbe {
    type Sample = Memory;

    fn sample(&mut self, _now: Instant) -> Result<Memory, Error> {
        self.meminfo.parse("memory total", procfs::memory::parse)
    }
}
