//! The signals that ask a program to end.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Interrupt, terminate, hang up.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Hears them from now on.
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// The number of the next one that asks for the end. A hang-up with its terminal still there, or where
    /// there never was one, asks to read again what was written: `again` is called.
    pub(super) async fn end(&mut self, terminal: Terminal, again: impl Fn()) -> u8 {
        loop {
            match self.recv().await {
                1 if !terminal.is_gone() => again(),
                number => return number,
            }
        }
    }

    /// The number of the next one.
    pub(super) async fn recv(&mut self) -> u8 {
        tokio::select! {
            _ = self.interrupt.recv() => 2,
            _ = self.terminate.recv() => 15,
            _ = self.hang_up.recv() => 1,
        }
    }
}

/// Whether there was a terminal to be called from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terminal(bool);

impl Terminal {
    /// The one there is now.
    pub(super) fn now() -> Self {
        Self(std::fs::File::open("/dev/tty").is_ok())
    }

    /// Whether there was one, and is none any more.
    fn is_gone(self) -> bool {
        self.0 && !Self::now().0
    }
}
