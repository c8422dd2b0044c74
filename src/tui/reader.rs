//! Reads what the user types, in a thread of its own.
//!
//! crossterm's reader never returns once the terminal is gone and then takes a whole processor.
//! So it is only asked when the kernel has said that there is something to read and the terminal
//! is still there, and for a millisecond at a time; at the first sign of a hang-up this thread is
//! over. The watchdog sees to the rest.

use std::io;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use tokio::sync::mpsc;

use super::event::Input;

/// Longest that crossterm may look for an event that the kernel has announced.
const LOOK: Duration = Duration::from_millis(1);

/// Starts reading; it ends when the terminal or the receiver is gone.
pub(super) fn start(inputs: mpsc::Sender<Input>) -> io::Result<()> {
    std::thread::Builder::new()
        .name("isomon-keys".into())
        .spawn(move || while wait() && pass_on(&inputs).is_ok() {})
        .map(drop)
}

/// Waits for something to read; false if the terminal is gone.
fn wait() -> bool {
    let stdin = io::stdin();
    let mut ready = [PollFd::new(&stdin, PollFlags::IN)];
    match poll(&mut ready, None) {
        Ok(_) => ready[0].revents() == PollFlags::IN,
        Err(error) => error == rustix::io::Errno::INTR,
    }
}

/// Why reading is over; nobody asks.
struct Over;

/// Passes on all there is to read now.
fn pass_on(inputs: &mpsc::Sender<Input>) -> Result<(), Over> {
    while crossterm::event::poll(LOOK).map_err(|_| Over)? {
        let event = crossterm::event::read().map_err(|_| Over)?;
        if let Some(input) = Input::from_event(event) {
            inputs.blocking_send(input).map_err(|_| Over)?;
        }
    }
    Ok(())
}
