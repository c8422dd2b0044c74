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

/// What [`READ`] says itself, behind `@` and before a colon.
pub(super) const TOLD: [&str; 15] = [
    "system",
    "machine",
    "ticks",
    "page",
    "isomon",
    "nvidia",
    "df",
    "slave",
    "gpu_status",
    "gpu",
    "app",
    "topology",
    "user",
    "command",
    "processes",
];

/// The command that runs `script` once it is sent.
pub(super) fn command(script: &str) -> String {
    let length = script.len();
    format!("exec /bin/sh -c 'eval \"$(dd bs=1 count={length} 2>/dev/null)\"'")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn everything_that_the_script_says_is_known_by_name() {
        let name = |rest: &'static str| {
            let end = |letter: char| !letter.is_ascii_lowercase() && letter != '_';
            rest.split(end).next().unwrap_or_default()
        };
        let said = READ.split("say ").skip(1).chain(READ.split('@').skip(1));
        let said: BTreeSet<&str> = said.map(name).filter(|name| !name.is_empty()).collect();
        assert_eq!(said, BTreeSet::from(TOLD));
    }
}
