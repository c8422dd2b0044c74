//! A user's command inside a sandbox: isomon executed as `__work NONCE [NAME=VALUE…] -- COMMAND…`.
//!
//! It says the marker, so that the time until the work began is known, and becomes the command. As
//! the first process of a pid namespace it stays beside it instead: the kernel spares a first process
//! most signals, and somebody must wait for orphans.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use rustix::process::{Pid, WaitOptions, WaitStatus};

use super::payload::{READY, say};
use super::sandbox::fork;

/// The hidden subcommand.
pub(super) const NAME: &str = "__work";
/// Status when the command is not there; shells give the same.
const NOT_FOUND: u8 = 127;
/// Status when it is there and cannot be executed.
const NOT_EXECUTED: u8 = 126;
/// Status when isomon itself could not go on.
const REFUSED: u8 = 125;

/// What makes isomon run `command` with `env` on top of its own environment.
pub(super) fn arguments(nonce: u64, env: &[(String, String)], command: &[String]) -> Vec<String> {
    let mut words = vec![NAME.to_owned(), format!("{nonce:016x}")];
    words.extend(env.iter().map(|(name, value)| format!("{name}={value}")));
    words.push("--".to_owned());
    words.extend_from_slice(command);
    words
}

/// A command as it was said.
struct Work<'a> {
    nonce: &'a str,
    env: Vec<(&'a OsStr, &'a OsStr)>,
    command: &'a [OsString],
}

/// Runs the command that `arguments` (after the subcommand) name. Returns only as the first process
/// of a namespace, or if it could not.
pub(super) fn run(arguments: &[OsString]) -> ExitCode {
    let Some(work) = parse(arguments) else {
        return ExitCode::from(2);
    };
    if !say(&format!("{READY} {}\n", work.nonce)) {
        return ExitCode::from(REFUSED);
    }
    if !rustix::process::getpid().is_init() {
        return become_command(&work);
    }
    match fork() {
        Ok(Some(child)) => outlive(child),
        Ok(None) => become_command(&work),
        Err(error) => {
            complain(&format!("isomon: cannot start the command: {error}\n"));
            ExitCode::from(REFUSED)
        }
    }
}

fn parse(arguments: &[OsString]) -> Option<Work<'_>> {
    let (nonce, rest) = arguments.split_first()?;
    let end = rest.iter().position(|word| word == "--")?;
    let env = rest[..end].iter().map(|word| {
        let bytes = word.as_bytes();
        let at = bytes.iter().position(|byte| *byte == b'=')?;
        Some((OsStr::from_bytes(&bytes[..at]), OsStr::from_bytes(&bytes[at + 1..])))
    });
    let (nonce, env) = (nonce.to_str()?, env.collect::<Option<_>>()?);
    let command = &rest[end + 1..];
    (!command.is_empty()).then_some(Work { nonce, env, command })
}

/// Returns only if it could not.
fn become_command(work: &Work<'_>) -> ExitCode {
    let mut command = Command::new(&work.command[0]);
    command.args(&work.command[1..]).envs(work.env.iter().copied());
    let error = command.exec();
    let name = work.command[0].to_string_lossy();
    if error.kind() == io::ErrorKind::NotFound {
        complain(&format!(
            "isomon: {name} is not in the sandbox, or what it needs to run; seen there: {}\n",
            seen()
        ));
        return ExitCode::from(NOT_FOUND);
    }
    complain(&format!("isomon: cannot execute {name}: {error}\n"));
    ExitCode::from(NOT_EXECUTED)
}

/// What there is at the root.
fn seen() -> String {
    let entries = std::fs::read_dir("/").into_iter().flatten().flatten();
    let names = entries.map(|entry| format!("/{}", entry.file_name().to_string_lossy()));
    let mut names: Vec<String> = names.collect();
    names.sort();
    names.join(" ")
}

/// One write, past any buffer; if standard error is gone too, the status tells.
fn complain(line: &str) {
    rustix::io::write(rustix::stdio::stderr(), line.as_bytes()).ok();
}

/// Waits for whatever ends, until `child` has; ends as it did, a signal as 128 and its number.
fn outlive(child: Pid) -> ExitCode {
    loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == child => return ExitCode::from(code(status)),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return ExitCode::from(REFUSED),
        }
    }
}

/// The status a shell would give.
pub(super) fn code(status: WaitStatus) -> u8 {
    let by_signal = || status.terminating_signal().map(|signal| 128 + signal);
    let code = status.exit_status().or_else(by_signal);
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(REFUSED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_back_whatever_is_in_them() {
        let env = [("A".to_owned(), "1=2 -- 3".to_owned()), ("B".to_owned(), String::new())];
        let command = ["sh".to_owned(), "--".to_owned(), "a=b".to_owned()];
        let said: Vec<OsString> =
            arguments(0xab, &env, &command).into_iter().map(OsString::from).collect();
        assert_eq!(said[0], NAME);
        let work = parse(&said[1..]).unwrap();
        assert_eq!(work.nonce, "00000000000000ab");
        assert_eq!(work.command, ["sh", "--", "a=b"]);
        let env: Vec<_> = work
            .env
            .iter()
            .map(|(name, value)| (name.to_str().unwrap(), value.to_str().unwrap()))
            .collect();
        assert_eq!(env, [("A", "1=2 -- 3"), ("B", "")]);
        assert!(parse(&said[1..3]).is_none());
    }
}
