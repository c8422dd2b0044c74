//! isomon as the first process of a Linux guest: mounts what programs expect, does its chore, says
//! on the serial port what came of it, and resets the machine.
//!
//! It may not end before that: a first process that ends is a kernel that panics. What goes wrong is
//! said in a line, for the launcher to show.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::OFlags;
use rustix::mount::MountFlags;
use rustix::process::{Pid, PidfdFlags, WaitOptions};
use rustix::system::RebootCommand;
use rustix::termios::OptionalActions;

use super::chore::{self, Chore};
use crate::backend::frame::{Frame, PIECE};
use crate::backend::view::NOBODY;
use crate::model::job::Stream;

/// The serial port.
const PORT: &str = "/dev/ttyS0";

/// Output passed on after the end of the work, at most: what it left behind may write for ever.
const LAST_WORDS: usize = 1 << 20;
/// Between two looks for the dead that nobody waits for.
const ROUND: Timespec = Timespec { tv_sec: 0, tv_nsec: 500_000_000 };

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
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return refused(&chore.argv[0], &error, port, nonce),
    };
    pass_on(&mut child, port, nonce)
}

/// What a shell says of a program that cannot be executed, with its status.
fn refused(
    program: &str,
    error: &io::Error,
    port: &mut File,
    nonce: &str,
) -> io::Result<ExitStatus> {
    let text = format!("{program}: {error}\n");
    for piece in text.as_bytes().chunks(PIECE) {
        say(port, &Frame::Output(Stream::Error, piece.to_vec()), nonce)?;
    }
    let status = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
    Ok(ExitStatus::from_raw(status << 8))
}

/// Passes both outputs on until the work has ended and what it said is told. What it leaves running may
/// hold them open, and is not waited for.
fn pass_on(child: &mut Child, port: &mut File, nonce: &str) -> io::Result<ExitStatus> {
    let (Some(output), Some(error)) = (child.stdout.take(), child.stderr.take()) else {
        return child.wait();
    };
    let mut from = [File::from(OwnedFd::from(output)), File::from(OwnedFd::from(error))];
    for pipe in &from {
        rustix::fs::fcntl_setfl(pipe, OFlags::NONBLOCK)?;
    }
    let held = rustix::process::pidfd_open(Pid::from_child(child), PidfdFlags::empty())?;
    let mut open = [true, true];
    let (mut status, mut late) = (None, 0);
    loop {
        let ended = wait(&from, &held, open)?;
        let own = reap(Pid::from_child(child));
        status = status.or(own);
        let before = late;
        for (index, stream) in [Stream::Output, Stream::Error].into_iter().enumerate() {
            if open[index] {
                let length = pass_piece(&mut from[index], stream, port, nonce)?;
                open[index] = length.is_some();
                late += if ended { length.unwrap_or_default() } else { 0 };
            }
        }
        if ended && (late == before || late > LAST_WORDS) {
            return status.map_or_else(|| child.wait(), Ok);
        }
    }
}

/// Waits until there is something to read, or a while; whether the work has ended.
fn wait(from: &[File; 2], held: &OwnedFd, open: [bool; 2]) -> io::Result<bool> {
    let mut polled = vec![PollFd::new(held, PollFlags::IN)];
    let pipes = from.iter().zip(open).filter(|(_, open)| *open);
    polled.extend(pipes.map(|(pipe, _)| PollFd::new(pipe, PollFlags::IN)));
    match rustix::event::poll(&mut polled, Some(&ROUND)) {
        Ok(_) => Ok(!polled[0].revents().is_empty()),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Takes away the dead, also those that were handed to the first process; how `child` ended, if it is
/// among them. Elsewhere than there the dead are others' to ask for.
fn reap(child: Pid) -> Option<ExitStatus> {
    let mut own = None;
    while rustix::process::getpid().is_init() {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) if pid == child => {
                own = Some(ExitStatus::from_raw(status.as_raw()));
            }
            Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
            Ok(None) | Err(_) => break,
        }
    }
    own
}

/// Bytes passed on; 0 when there is nothing now, `None` at the end of the stream.
fn pass_piece(
    from: &mut File,
    stream: Stream,
    port: &mut File,
    nonce: &str,
) -> io::Result<Option<usize>> {
    let mut buffer = [0; PIECE];
    let length = match from.read(&mut buffer) {
        Ok(0) => return Ok(None),
        Ok(length) => length,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Some(0)),
        Err(error) => return Err(error),
    };
    let bytes = buffer.get(..length).unwrap_or_default().to_vec();
    say(port, &Frame::Output(stream, bytes), nonce)?;
    Ok(Some(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_left_behind_with_the_output_is_not_waited_for() {
        let place = tempfile::tempdir().unwrap();
        let mut port = File::create(place.path().join("port")).unwrap();
        // Ends when its input does: with this test.
        let script = "exec 3<&0; cat <&3 >&2 & echo begun; exit 3";
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let hold = child.stdin.take();
        let (done, ended) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let status = pass_on(&mut child, &mut port, "00000000000000ab").unwrap();
            done.send(status.code()).unwrap();
        });
        let status = ended.recv_timeout(std::time::Duration::from_secs(20));
        drop(hold);
        assert_eq!(status, Ok(Some(3)));
        let said = fs::read_to_string(place.path().join("port")).unwrap();
        let begun = Frame::Output(Stream::Output, b"begun\n".to_vec()).line("00000000000000ab");
        assert_eq!(said, begun);
    }
}
