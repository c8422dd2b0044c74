//! What a group of processes has used so far: isomon's own sandboxes, to be told from others' work.

use super::unit::Bytes;

/// Counters that only rise, in microseconds. Each is `None` where the kernel does not keep it for
/// a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time.
    pub cpu: Option<u64>,
    /// Time in which some process of it waited for a processor; a limit that bites makes it wait.
    pub cpu_stall: Option<u64>,
    /// Time in which some process of it waited for memory.
    pub memory_stall: Option<u64>,
    /// Time in which some process of it waited for I/O.
    pub io_stall: Option<u64>,
}

/// Memory that a group of processes holds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Held {
    /// Now.
    pub now: Bytes,
    /// The most it ever held; `None` where the kernel does not keep it.
    pub peak: Option<Bytes>,
}
