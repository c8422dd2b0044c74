//! Isolation backends: launching, measuring and clearing up sandboxes.

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs isomon as one of its own helpers (`__payload`, `__sandbox`, `__launcher`, `__reaper`) when
/// the first argument names one; `None` when it does not.
pub fn reexecuted(_arguments: &[OsString]) -> Option<ExitCode> {
    None
}
