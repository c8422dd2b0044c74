//! The last way out: after a bad address, a stack that overflows or an abort nothing is unwound
//! and no hook runs, and yet the terminal is given back.
//!
//! A signal handler may do nearly nothing. This one writes fixed bytes, sets the mode that was
//! read beforehand, and lets the signal take its course; all of that is allowed to it.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::term::{LEAVE, Tty};

/// Signals that end a program in the middle of an instruction, or of a call.
const FAULTS: [libc::c_int; 5] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGABRT];

/// Where to write, and how the shell had the terminal.
static BEFORE: OnceLock<(RawFd, libc::termios)> = OnceLock::new();
/// Whether the terminal is ours now.
static HELD: AtomicBool = AtomicBool::new(false);

/// Notes that the terminal was taken over, or given back.
pub(super) fn hold(held: bool) {
    HELD.store(held, Ordering::SeqCst);
}

/// Prepares for the worst. `tty` must be as the shell had it, and must not be dropped.
#[expect(unsafe_code, reason = "signals of this kind can be handled in no other way")]
pub(super) fn prepare(tty: &Tty) -> io::Result<()> {
    // SAFETY: zeroes are a valid termios, which is written by the call and read only after it.
    let before = unsafe {
        let mut before: libc::termios = std::mem::zeroed();
        if libc::tcgetattr(0, &raw mut before) != 0 {
            return Err(io::Error::last_os_error());
        }
        before
    };
    BEFORE.get_or_init(|| (tty.as_raw_fd(), before));
    for fault in FAULTS {
        // SAFETY: zeroes are a valid sigaction, and `give_back` does only what a handler may. It
        // runs on the stack that Rust made for this, because the thread's own may be full.
        let set = unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = give_back as *const () as libc::sighandler_t;
            action.sa_flags = libc::SA_ONSTACK | libc::SA_RESETHAND;
            libc::sigaction(fault, &raw const action, std::ptr::null_mut())
        };
        if set != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

#[expect(unsafe_code, reason = "the calls a handler may make are the C library's")]
extern "C" fn give_back(signal: libc::c_int) {
    if let (true, Some((output, before))) = (HELD.load(Ordering::SeqCst), BEFORE.get()) {
        // SAFETY: both calls are async-signal-safe, and what they read lives as long as we do.
        unsafe {
            libc::write(*output, LEAVE.as_ptr().cast(), LEAVE.len());
            libc::tcsetattr(0, libc::TCSANOW, before);
        }
    }
    // SAFETY: async-signal-safe; the signal's own effect is back in force and ends the process.
    unsafe {
        libc::raise(signal);
    }
}
