//! Marks: how a program of ours tells the launcher that a phase of its sandbox is over.
//!
//! Descriptor 3 of such a program is a pipe; it writes a name and a line end. The launcher takes the
//! time when that comes, and believes nothing but that it came: each name counts once, and what is
//! too much ends it. The launcher keeps descriptor 3 occupied, so that none of its own is there.

use std::fs::File;
use std::io::{self, Read};
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use rustix::io::{DupFlags, FdFlags};
use rustix::pipe::PipeFlags;

/// The descriptor.
const PLACE: RawFd = 3;
/// Bytes read of one program, at most.
const MOST: usize = 64;

/// A phase that a program can tell the end of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// A handle exists.
    Create,
    /// The first instruction of the guest is let run.
    Boot,
    /// The runtime inside is ready.
    Init,
    /// No phase: it was killed for want of memory, by what its engine saw.
    Starved,
}

impl Mark {
    const ALL: [Self; 4] = [Self::Create, Self::Boot, Self::Init, Self::Starved];

    const fn line(self) -> &'static str {
        match self {
            Self::Create => "create\n",
            Self::Boot => "boot\n",
            Self::Init => "init\n",
            Self::Starved => "starved\n",
        }
    }
}

/// The program's end.
#[derive(Debug)]
pub(super) struct Pen(ManuallyDrop<OwnedFd>);

impl Pen {
    /// What the launcher lent; nothing that this program starts gets it.
    pub(super) fn lent() -> io::Result<Self> {
        let place = place();
        rustix::io::fcntl_setfd(&*place, FdFlags::CLOEXEC)?;
        Ok(Self(place))
    }

    /// Tells that `mark` is reached now.
    pub(super) fn mark(&self, mark: Mark) {
        // A launcher that has gone needs no times.
        rustix::io::write(&*self.0, mark.line().as_bytes()).ok();
    }
}

/// The launcher's end.
#[derive(Debug)]
pub(super) struct Marks {
    pipe: File,
    said: Vec<u8>,
    at: [Option<u64>; 4],
}

impl Marks {
    /// Lends the writing end to whatever is spawned until [`reserve`] is called again.
    pub(super) fn lend() -> io::Result<Self> {
        let (reader, writer) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        rustix::io::dup2(&writer, &mut place())?;
        Ok(Self { pipe: File::from(reader), said: Vec::new(), at: [None; 4] })
    }

    /// When `mark` came.
    pub(super) fn at(&self, mark: Mark) -> Option<u64> {
        self.at[mark as usize]
    }

    /// Takes what there is, at `now_ns`; `None` at the end, and of a program that says too much.
    pub(super) fn read(&mut self, now_ns: u64) -> Option<()> {
        let mut buffer = [0; MOST];
        let room = MOST.saturating_sub(self.said.len());
        match self.pipe.read(buffer.get_mut(..room)?) {
            Ok(0) => return None,
            Ok(length) => self.said.extend(buffer.iter().take(length)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return None,
        }
        self.stamp(now_ns);
        Some(())
    }

    fn stamp(&mut self, now_ns: u64) {
        let lines = || self.said.split_inclusive(|byte| *byte == b'\n');
        for (mark, at) in Mark::ALL.into_iter().zip(&mut self.at) {
            if at.is_none() && lines().any(|line| line == mark.line().as_bytes()) {
                *at = Some(now_ns);
            }
        }
    }
}

impl AsFd for Marks {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

/// Keeps descriptor 3 occupied by nothing. The launcher does so before it opens anything, and after
/// each program that it lent it to.
pub(super) fn reserve() -> io::Result<()> {
    let nothing = rustix::io::fcntl_dupfd_cloexec(File::open("/dev/null")?, PLACE + 1)?;
    Ok(rustix::io::dup3(&nothing, &mut place(), DupFlags::CLOEXEC)?)
}

/// Descriptor 3, never closed by this.
#[expect(unsafe_code, reason = "a descriptor that another process put there has only a number")]
fn place() -> ManuallyDrop<OwnedFd> {
    // SAFETY: the launcher occupies it before it opens anything, and a program with marks was given
    // it, so it is nobody's else; were it closed, what is done with it answers `EBADF`.
    ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(PLACE) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks() -> (Marks, OwnedFd) {
        let (reader, writer) = rustix::pipe::pipe_with(PipeFlags::NONBLOCK).unwrap();
        (Marks { pipe: File::from(reader), said: Vec::new(), at: [None; 4] }, writer)
    }

    #[test]
    fn each_mark_has_the_time_it_first_came() {
        let (mut marks, pen) = marks();
        assert_eq!(marks.read(1), Some(()), "nothing yet");
        for (said, now) in [("create\nbo", 2), ("ot\n", 3), ("create\nnonsense\n", 4)] {
            rustix::io::write(&pen, said.as_bytes()).unwrap();
            assert_eq!(marks.read(now), Some(()));
        }
        drop(pen);
        assert_eq!(marks.read(5), None);
        let at = [Mark::Create, Mark::Boot, Mark::Init].map(|mark| marks.at(mark));
        assert_eq!(at, [Some(2), Some(3), None]);
    }

    #[test]
    fn who_says_too_much_is_not_heard_any_more() {
        let (mut marks, pen) = marks();
        rustix::io::write(&pen, &[b'x'; 4096]).unwrap();
        assert_eq!(marks.read(1), Some(()));
        assert_eq!(marks.read(2), None);
        assert!(marks.said.len() <= MOST);
    }
}
