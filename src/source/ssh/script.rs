//! What runs on the host: a fixed script for any POSIX shell, busybox and dash among them.
//!
//! The command that is given to `ssh` is the same for every shell a user may log in with: it reads the
//! script, of known length, from its input and nothing beyond. The script answers each line of its input
//! with one frame, and ends when its input does. It writes no file.

/// Reads the machine. First a line with the nonce, then questions:
/// `hello VERSION`, `isomon`, `look WHAT…`.
pub(super) const READ: &str = include_str!("read.sh");

/// Takes a program: a line with name and checksum, then the program to the end of the input.
pub(super) const COPY: &str = include_str!("copy.sh");

/// The command that runs `script` once it is sent.
pub(super) fn command(script: &str) -> String {
    let length = script.len();
    format!("exec /bin/sh -c 'eval \"$(dd bs=1 count={length} 2>/dev/null)\"'")
}
