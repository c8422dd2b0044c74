//! The TUI through its true loop, on a page instead of a terminal.

#[path = "tui/frames.rs"]
pub mod frames;
#[path = "tui/keys.rs"]
pub mod keys;
#[path = "tui/page.rs"]
pub mod page;
#[path = "tui/robust.rs"]
pub mod robust;
