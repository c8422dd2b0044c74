//! isomon as the first process of a Linux guest: mounts what programs expect, does its chore, says
//! on the serial port what came of it, and resets the machine.
//!
//! It may not end before that: a first process that ends is a kernel that panics. What goes wrong is
//! said in a line, for the launcher to show.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

use rustix::event::{PollFd, PollFlags};
use rustix::mount::MountFlags;
use rustix::system::RebootCommand;
use rustix::termios::OptionalActions;

use super::chore::{self, Chore};
use crate::backend::frame::{Frame, PIECE};
use crate::backend::view::NOBODY;
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
        let line = format!("isomon init: {error}\n");
        rustix::io::write(rustix::stdio::stderr(), line.as_bytes()).ok();
    }
    rustix::fs::sync();
    rustix::system::reboot(RebootCommand::Restart).ok();
    ExitCode::FAILURE
}

fn live() -> io::Result<()> {
    mount("devtmpfs", "/dev")?;
    let mut port = open_port()?;
    let chore = Chore::decode(&fs::read(chore::PLACE)?)?;
    let nonce = format!("{:016x}", chore.nonce);
    say(&mut port, &Frame::Init, &nonce)?;
    for (kind, place) in [("proc", "/proc"), ("sysfs", "/sys"), ("tmpfs", "/tmp")] {
        mount(kind, place)?;
    }
    let ended =
        if chore.framed { relay(&chore, &mut port, &nonce) } else { hand_over(&chore, &port) };
    let status = ended?;
    say(&mut port, &Frame::Exit(status.code(), status.signal()), &nonce)?;
    rustix::termios::tcdrain(&port)?;
    Ok(())
}

fn mount(kind: &str, place: &str) -> io::Result<()> {
    let flags = MountFlags::NOSUID;
    match rustix::mount::mount(kind, place, kind, flags, None) {
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

fn say(port: &mut File, frame: &Frame, nonce: &str) -> io::Result<()> {
    port.write_all(frame.line(nonce).as_bytes())
}

/// The program of `chore`, as nobody, with its input.
fn command(chore: &Chore) -> io::Result<Command> {
    let (program, arguments) = chore.argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(chore.env.iter().map(|(name, value)| (name, value)));
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin").env("HOME", "/tmp");
    command.current_dir("/").uid(NOBODY).gid(NOBODY);
    let input = match &chore.input {
        Some(text) => {
            fs::write("/tmp/.input", format!("{text}\n"))?;
            Stdio::from(File::open("/tmp/.input")?)
        }
        None => Stdio::null(),
    };
    command.stdin(input);
    Ok(command)
}

/// Runs work of ours: its markers go straight to the port.
fn hand_over(chore: &Chore, port: &File) -> io::Result<std::process::ExitStatus> {
    let mut command = command(chore)?;
    command.stdout(port.try_clone()?).stderr(port.try_clone()?);
    command.spawn()?.wait()
}

/// Runs work that is not ours: the marker is said for it just before it is executed, and its output
/// goes in frames.
fn relay(chore: &Chore, port: &mut File, nonce: &str) -> io::Result<std::process::ExitStatus> {
    let mut command = command(chore)?;
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    port.write_all(format!("{} {nonce}\n", crate::backend::payload::READY).as_bytes())?;
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return refused(&chore.argv[0], &error, port, nonce),
    };
    pass_on(&mut child, port, nonce)?;
    child.wait()
}

/// What a shell says of a program that cannot be executed, with its status.
fn refused(
    program: &str,
    error: &io::Error,
    port: &mut File,
    nonce: &str,
) -> io::Result<std::process::ExitStatus> {
    let text = format!("{program}: {error}\n");
    for piece in text.as_bytes().chunks(PIECE) {
        say(port, &Frame::Output(Stream::Error, piece.to_vec()), nonce)?;
    }
    let status = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
    Ok(std::process::ExitStatus::from_raw(status << 8))
}

/// Passes both outputs on until both are closed.
fn pass_on(child: &mut Child, port: &mut File, nonce: &str) -> io::Result<()> {
    let (Some(mut output), Some(mut error)) = (child.stdout.take(), child.stderr.take()) else {
        return Ok(());
    };
    let mut open = [true, true];
    while open.contains(&true) {
        let happened = wait(&output, &error, open)?;
        if happened[0] {
            open[0] = pass_piece(&mut output, Stream::Output, port, nonce)?;
        }
        if happened[1] {
            open[1] = pass_piece(&mut error, Stream::Error, port, nonce)?;
        }
    }
    Ok(())
}

fn wait(output: impl AsFd, error: impl AsFd, open: [bool; 2]) -> io::Result<[bool; 2]> {
    let wanted = |open| if open { PollFlags::IN } else { PollFlags::empty() };
    let mut polled = [PollFd::new(&output, wanted(open[0])), PollFd::new(&error, wanted(open[1]))];
    rustix::event::poll(&mut polled, None)?;
    Ok([0, 1].map(|index| open[index] && !polled[index].revents().is_empty()))
}

/// False at the end of the stream.
fn pass_piece(
    from: &mut impl Read,
    stream: Stream,
    port: &mut File,
    nonce: &str,
) -> io::Result<bool> {
    let mut buffer = [0; PIECE];
    let length = from.read(&mut buffer)?;
    if length > 0 {
        let bytes = buffer.get(..length).unwrap_or_default().to_vec();
        say(port, &Frame::Output(stream, bytes), nonce)?;
    }
    Ok(length > 0)
}
