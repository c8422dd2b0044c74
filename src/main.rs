//! The program: see the library's table of contents.
//!
//! isomon re-executes itself as payload, sandbox, launcher, reaper, keeper and GPU reader; those are told
//! apart first, before anything costs time, because their start is part of what is measured.

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    isomon::backend::reexecuted(&arguments)
        .or_else(|| isomon::host::reexecuted(&arguments))
        .or_else(|| isomon::probe::gpu::reexecuted(&arguments))
        .or_else(|| isomon::tune::reexecuted(&arguments))
        .unwrap_or_else(|| isomon::cli::main(&arguments))
}
