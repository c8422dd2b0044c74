//! The real program in a real pseudo-terminal: what it does to the terminal, how it ends.
//!
//! Every test is bounded in time and none waits longer than it must.

#![expect(clippy::unwrap_used, reason = "in a test a failure is a panic")]

#[path = "pty/bytes.rs"]
pub mod bytes;
#[path = "pty/habits.rs"]
pub mod habits;
#[path = "pty/pause.rs"]
pub mod pause;
#[path = "pty/rig.rs"]
pub mod rig;
#[path = "pty/sizes.rs"]
pub mod sizes;
#[path = "pty/stops.rs"]
pub mod stops;
#[path = "pty/ways_out.rs"]
pub mod ways_out;
