//! isomon as the first process of a Linux guest: mounts what programs expect, does its chore, says
//! on the serial port what came of it, and resets the machine.
//!
//! It may not end before that: a first process that ends is a kernel that panics. What goes wrong is
//! said in a line, for the launcher to show.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use rustix::mount::MountFlags;
use rustix::process::{Resource, Rlimit};
use rustix::system::RebootCommand;
use rustix::termios::OptionalActions;

use super::chore::{self, Chore};
use super::relay::{Family, pass_on};
use crate::backend::frame::{Frame, PIECE};
use crate::backend::view::{NOBODY, TMP_MIB};
use crate::model::job::Stream;

/// The serial port.
const PORT: &str = "/dev/ttyS0";

/// Whether this process is the first one of a guest that isomon packed.
pub(in crate::backend) fn is_first(arguments: &[OsString]) -> bool {
    let named = arguments.first().is_some_and(|name| name == super::INIT);
    named && std::process::id() == 1 && Path::new(chore::PLACE).exists()
}

/// Does the chore and resets the machine.
pub(in crate::backend) fn run() -> ExitCode {
    if let Err(error) = live() {
        // The console is standard error; if even that is gone the host sees silence and a reset.
        let line = format!("{}{error}\n", crate::backend::serial::COMPLAINT);
        rustix::io::write(rustix::stdio::stderr(), line.as_bytes()).ok();
    }
    rustix::fs::sync();
    rustix::system::reboot(RebootCommand::Restart).ok();
    ExitCode::FAILURE
}

fn live() -> io::Result<()> {
    mount("devtmpfs", "/dev", None)?;
    let mut port = open_port()?;
    let chore = Chore::decode(&fs::read(chore::PLACE)?)?;
    let nonce = format!("{:016x}", chore.nonce);
    say(&mut port, &Frame::Init, &nonce)?;
    mount("proc", "/proc", None)?;
    mount("sysfs", "/sys", None)?;
    mount("tmpfs", "/tmp", Some(&format!("size={TMP_MIB}m,mode=1777")))?;
    // The work need not know the nonce, and writes to /tmp alone.
    fs::remove_file(chore::PLACE)?;
    fs::set_permissions("/", fs::Permissions::from_mode(0o755))?;
    let ended =
        if chore.framed { relay(&chore, &mut port, &nonce)? } else { hand_over(&chore, &port)? };
    if !ended.success() && is_starved() {
        say(&mut port, &Frame::Starved, &nonce)?;
    }
    say(&mut port, &Frame::Exit(ended.code(), ended.signal()), &nonce)?;
    rustix::termios::tcdrain(&port)?;
    Ok(())
}

fn mount(kind: &str, place: &str, options: Option<&str>) -> io::Result<()> {
    fs::create_dir_all(place)?;
    let options = options.map(std::ffi::CString::new).transpose()?;
    match rustix::mount::mount(kind, place, kind, MountFlags::NOSUID, options.as_deref()) {
        // The kernel mounts some of them by itself.
        Ok(()) | Err(rustix::io::Errno::BUSY) => Ok(()),
        Err(error) => {
            Err(io::Error::new(io::Error::from(error).kind(), format!("{place}: {error}")))
        }
    }
}

/// The port, without a terminal's habits: what is written is what arrives.
fn open_port() -> io::Result<File> {
    let port = OpenOptions::new().read(true).write(true).open(PORT)?;
    let mut modes = rustix::termios::tcgetattr(&port)?;
    modes.make_raw();
    rustix::termios::tcsetattr(&port, OptionalActions::Now, &modes)?;
    Ok(port)
}

pub(super) fn say(port: &mut File, frame: &Frame, nonce: &str) -> io::Result<()> {
    port.write_all(frame.line(nonce).as_bytes())
}

/// Whether the kernel has killed something for want of memory.
fn is_starved() -> bool {
    let counts = fs::read_to_string("/proc/vmstat").unwrap_or_default();
    let kills = counts.lines().find_map(|line| line.strip_prefix("oom_kill "));
    kills.and_then(|kills| kills.trim().parse::<u64>().ok()).is_some_and(|kills| kills > 0)
}

/// The program of `chore`, as nobody, with its input.
fn command(chore: &Chore) -> io::Result<Command> {
    let (program, arguments) = chore.argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let most = Some(u64::from(chore.pids));
    rustix::process::setrlimit(Resource::Nproc, Rlimit { current: most, maximum: most })?;
    rustix::thread::set_no_new_privs(true)?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(chore.env.iter().map(|(name, value)| (name, value)));
    command.current_dir("/").uid(NOBODY).gid(NOBODY);
    command.stdin(match File::open(chore::INPUT) {
        Ok(input) => Stdio::from(input),
        Err(_) => Stdio::null(),
    });
    Ok(command)
}

/// Runs work of ours: its markers go straight to the port.
fn hand_over(chore: &Chore, port: &File) -> io::Result<ExitStatus> {
    let mut command = command(chore)?;
    command.stdout(port.try_clone()?).stderr(port.try_clone()?);
    command.spawn()?.wait()
}

/// Runs work that is not ours: the marker is said for it just before it is executed, and its output
/// goes in frames.
fn relay(chore: &Chore, port: &mut File, nonce: &str) -> io::Result<ExitStatus> {
    let mut command = command(chore)?;
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    port.write_all(format!("{} {nonce}\n", crate::backend::payload::READY).as_bytes())?;
    match command.spawn() {
        Ok(child) => pass_on(Family::of(child)?, port, nonce),
        Err(error) => refused(&chore.argv[0], &error, port, nonce),
    }
}

/// What is said of a program that cannot be executed, with the status that a shell gives.
fn refused(
    program: &str,
    error: &io::Error,
    port: &mut File,
    nonce: &str,
) -> io::Result<ExitStatus> {
    let missing = error.kind() == io::ErrorKind::NotFound;
    let text = if missing {
        format!("isomon: {program} is not in the guest, or what it needs to run; see --root\n")
    } else {
        format!("isomon: cannot execute {program}: {error}\n")
    };
    for piece in text.as_bytes().chunks(PIECE) {
        say(port, &Frame::Output(Stream::Error, piece.to_vec()), nonce)?;
    }
    Ok(ExitStatus::from_raw(if missing { 127 } else { 126 } << 8))
}
