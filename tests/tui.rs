//! The TUI through its true loop, on a page instead of a terminal.

#![expect(clippy::unwrap_used, reason = "in a test a failure is a panic")]

#[path = "support/depot.rs"]
mod depot;
#[path = "tui/frames.rs"]
pub mod frames;
#[path = "tui/habits.rs"]
mod habits;
#[path = "tui/keys.rs"]
pub mod keys;
#[path = "tui/mend.rs"]
pub mod mend;
#[path = "tui/page.rs"]
pub mod page;
#[path = "tui/robust.rs"]
pub mod robust;
