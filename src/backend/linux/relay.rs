//! Passes the output of a guest's work on in frames until the work ends, and waits for whatever else
//! ends meanwhile: orphans come to the first process.
//!
//! The work is over when its own process is, as in every other sandbox; what it left running is lost
//! with the machine, and holds nothing up.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, PidfdFlags, WaitOptions};

use super::init::say;
use crate::backend::frame::{Frame, PIECE};
use crate::model::job::Stream;

/// Time between two looks for orphans that ended.
const ORPHANS: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
/// Output read after the end, at most: what the work left behind may write for ever.
const LAST_WORDS: usize = 128 << 10;

/// The work's process, and those that came to us.
pub(super) struct Family {
    pid: Pid,
    /// Readable when it has ended.
    held: OwnedFd,
    outlets: [Outlet; 2],
    end: Option<ExitStatus>,
}

/// One of its two outputs; nothing once it is closed.
struct Outlet {
    stream: Stream,
    pipe: Option<File>,
}

impl Family {
    /// `child`, whose outputs are pipes.
    pub(super) fn of(mut child: Child) -> io::Result<Self> {
        let pid = Pid::from_child(&child);
        let held = rustix::process::pidfd_open(pid, PidfdFlags::empty())?;
        let output = child.stdout.take().map(OwnedFd::from);
        let error = child.stderr.take().map(OwnedFd::from);
        let outlets = [Outlet::of(Stream::Output, output)?, Outlet::of(Stream::Error, error)?];
        Ok(Self { pid, held, outlets, end: None })
    }

    /// Waits until there is something to do.
    fn wait(&self) -> io::Result<()> {
        let pipes = self.outlets.iter().filter_map(|outlet| outlet.pipe.as_ref());
        let mut polled: Vec<PollFd<'_>> =
            pipes.map(|pipe| PollFd::new(pipe, PollFlags::IN)).collect();
        let held = self.held.as_fd();
        polled.push(PollFd::from_borrowed_fd(held, PollFlags::IN));
        match rustix::event::poll(&mut polled, Some(&ORPHANS)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for all that have ended.
    fn reap(&mut self) {
        while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
            if pid == self.pid {
                self.end = Some(ExitStatus::from_raw(status.as_raw()));
            }
        }
    }
}

impl Outlet {
    fn of(stream: Stream, pipe: Option<OwnedFd>) -> io::Result<Self> {
        if let Some(pipe) = &pipe {
            rustix::fs::fcntl_setfl(pipe, rustix::fs::OFlags::NONBLOCK)?;
        }
        Ok(Self { stream, pipe: pipe.map(File::from) })
    }

    /// Passes one piece on; 0 where there is nothing now, or nothing more.
    fn pass(&mut self, port: &mut File, nonce: &str) -> io::Result<usize> {
        let mut buffer = [0; PIECE];
        let Some(pipe) = &mut self.pipe else { return Ok(0) };
        let length = match pipe.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
            read => read?,
        };
        if length == 0 {
            self.pipe = None;
            return Ok(0);
        }
        let bytes = buffer.get(..length).unwrap_or_default().to_vec();
        say(port, &Frame::Output(self.stream, bytes), nonce)?;
        Ok(length)
    }
}

/// Passes both outputs on until the work has ended; how it did.
pub(super) fn pass_on(mut family: Family, port: &mut File, nonce: &str) -> io::Result<ExitStatus> {
    loop {
        family.wait()?;
        family.reap();
        for outlet in &mut family.outlets {
            outlet.pass(port, nonce)?;
        }
        if let Some(end) = family.end {
            for outlet in &mut family.outlets {
                let mut total = 0;
                while let length @ 1.. = outlet.pass(port, nonce)? {
                    total += length;
                    if total > LAST_WORDS {
                        break;
                    }
                }
            }
            return Ok(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn both_outputs_are_passed_on_and_who_stays_behind_holds_nothing_up() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 30 & echo $! ; printf 'a%.0s' $(seq 300) >&2; exit 3"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let began = std::time::Instant::now();
        let port = tempfile::NamedTempFile::new().unwrap();
        let mut writer = port.reopen().unwrap();
        let end = pass_on(Family::of(child).unwrap(), &mut writer, "00000000000000ab").unwrap();
        assert_eq!(end.code(), Some(3));
        assert!(began.elapsed().as_secs() < 20, "it waited for what was left behind");
        let said = std::fs::read_to_string(port.path()).unwrap();
        let frames = said.lines().map(|line| Frame::parse(line, "00000000000000ab").unwrap());
        let (mut out, mut err) = (Vec::new(), Vec::new());
        for frame in frames {
            match frame {
                Frame::Output(Stream::Output, bytes) => out.extend(bytes),
                Frame::Output(Stream::Error, bytes) => err.extend(bytes),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(err, [b'a'; 300]);
        let left = Pid::from_raw(String::from_utf8(out).unwrap().trim().parse().unwrap());
        rustix::process::kill_process(left.unwrap(), rustix::process::Signal::KILL).unwrap();
    }
}
