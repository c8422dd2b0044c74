//! Keeps a token that is in memory from other programs of the same user, and out of core files.
//!
//! From then on neither a debugger nor `/proc/PID/{mem,environ}` shows this process to anyone but root,
//! and none of it is written when it crashes. What it starts is not touched: that begins anew. Without
//! root, its own files in `/proc/self` belong to root from then on, so that it can read and not write
//! them; nothing here writes any.

use rustix::process::{DumpableBehavior, set_dumpable_behavior};

/// Closes this process to others, before a secret is read.
pub(super) fn close() {
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "other programs of this user could read the tokens in memory");
    }
}
