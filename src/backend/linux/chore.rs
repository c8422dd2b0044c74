//! What the first process of a guest has to do, in a file of its first file system.

use std::io;

use serde::{Deserialize, Serialize};

/// Where it is inside.
pub(super) const PLACE: &str = "/.isomon/chore";
/// Where the input of the work is inside, if it has any.
pub(super) const INPUT: &str = "/.isomon/input";

/// One command.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Chore {
    /// Marks every line that is ours.
    pub nonce: u64,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Its whole environment.
    pub env: Vec<(String, String)>,
    /// Processes and threads it may have.
    pub pids: u32,
    /// Output goes in frames, since it is not ours; else straight to the serial port.
    pub framed: bool,
}

impl Chore {
    /// As it is written.
    pub(super) fn encode(&self) -> io::Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(io::Error::other)
    }

    /// As it is read.
    pub(super) fn decode(bytes: &[u8]) -> io::Result<Self> {
        serde_json::from_slice(bytes).map_err(io::Error::other)
    }
}
