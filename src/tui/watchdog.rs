//! A thread that ends the process when it is told to, whatever the rest of it is doing.
//!
//! It hears signals through pipes and sees a terminal that hangs up by `poll`, so it needs neither
//! the event loop nor SIGHUP, which only a session leader gets. The loop is told first and has
//! [`GRACE`] to end in good order; then the terminal is given back and the process ends here.
//! It stays on guard until the process is over: cleaning up can hang too.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::low_level;
use tokio::sync::mpsc;

use super::event::Signal;
use super::term::Tty;

/// How long the rest of the process has to end in good order.
const GRACE: Duration = Duration::from_millis(1200);
/// How often a full channel is tried again.
const AGAIN: Duration = Duration::from_millis(50);
/// The signals listened for.
const SIGNALS: [i32; 6] = [SIGHUP, SIGTERM, SIGINT, SIGTSTP, SIGCONT, SIGWINCH];

/// Starts the watch.
pub(super) fn start(tty: Arc<Tty>, signals: mpsc::Sender<Signal>) -> io::Result<()> {
    let pipes = SIGNALS.iter().map(|signal| listen(*signal)).collect::<io::Result<Vec<_>>>()?;
    std::thread::Builder::new()
        .name("isomon-watchdog".into())
        .spawn(move || {
            let number = watch(&pipes, &signals);
            wait_for_the_rest(number, &pipes, &signals);
            tty.leave();
            low_level::exit(128 + number);
        })
        .map(drop)
}

fn listen(signal: i32) -> io::Result<(i32, UnixStream)> {
    let (receiver, sender) = UnixStream::pair()?;
    receiver.set_nonblocking(true)?;
    low_level::pipe::register(signal, sender)?;
    Ok((signal, receiver))
}

/// Passes signals on until one says that it is time to go, and returns its number.
fn watch(pipes: &[(i32, UnixStream)], signals: &mpsc::Sender<Signal>) -> i32 {
    loop {
        for number in heard(pipes, true, None) {
            let signal = match number {
                SIGTSTP => Signal::Suspend,
                SIGCONT => Signal::Resumed,
                SIGWINCH => Signal::Resized,
                end => return end,
            };
            // A full channel already holds a reason to draw anew.
            signals.try_send(signal).unwrap_or_default();
        }
    }
}

/// Tells the loop to end, until it is told, and waits; a second request ends the wait.
fn wait_for_the_rest(number: i32, pipes: &[(i32, UnixStream)], signals: &mpsc::Sender<Signal>) {
    let end = Instant::now() + GRACE;
    let mut told = false;
    while Instant::now() < end {
        told = told || signals.try_send(Signal::End(number)).is_ok();
        let more = heard(pipes, false, Some(AGAIN));
        if more.iter().any(|one| [SIGINT, SIGTERM].contains(one)) {
            return;
        }
    }
}

/// Waits for signals, and for the terminal to hang up if `terminal`; that counts as SIGHUP.
fn heard(pipes: &[(i32, UnixStream)], terminal: bool, timeout: Option<Duration>) -> Vec<i32> {
    let stdin = io::stdin();
    let mut watched: Vec<PollFd<'_>> =
        pipes.iter().map(|(_, pipe)| PollFd::new(pipe, PollFlags::IN)).collect();
    if terminal {
        watched.push(PollFd::new(&stdin, PollFlags::empty()));
    }
    let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
    if poll(&mut watched, timeout.as_ref()).is_err() {
        return Vec::new();
    }
    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    let hung_up = terminal && watched.last().is_some_and(|tty| tty.revents().intersects(gone));
    let mut numbers: Vec<i32> =
        pipes.iter().filter(|(_, pipe)| drain(pipe)).map(|(number, _)| *number).collect();
    numbers.extend(hung_up.then_some(SIGHUP));
    numbers
}

/// Empties a pipe; true if there was something in it.
fn drain(mut pipe: &UnixStream) -> bool {
    let mut heard = false;
    while pipe.read(&mut [0; 64]).is_ok_and(|count| count > 0) {
        heard = true;
    }
    heard
}
