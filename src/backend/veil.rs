//! Executes a program that must not see version 2 control groups: isomon re-executed as
//! `__veil PATH PROGRAM ARGS…`. crun refuses the hybrid layout only because it sees it.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use rustix::mount::{MountPropagationFlags, UnmountFlags};
use rustix::thread::UnshareFlags;

use super::sandbox::unshare;

/// The hidden subcommand.
pub(super) const NAME: &str = "__veil";
/// Status when the program could not be executed so.
const REFUSED: u8 = 125;

/// Takes `PATH` out of sight, for this process and its children, and executes the program.
pub(super) fn run(arguments: &[OsString]) -> ExitCode {
    let [hidden, program, rest @ ..] = arguments else {
        return ExitCode::from(2);
    };
    let slave = MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC;
    let veiled = unshare(UnshareFlags::NEWNS)
        .and_then(|()| rustix::mount::mount_change("/", slave))
        .and_then(|()| rustix::mount::unmount(hidden, UnmountFlags::DETACH));
    if veiled.is_ok() {
        // Returns only if it could not.
        drop(Command::new(program).args(rest).exec());
    }
    ExitCode::from(REFUSED)
}
