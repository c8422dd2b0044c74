//! What the kernel writes into `/proc` and `/sys`, read as text.
//!
//! Pure: text in, words of the model out. Where the text comes from, this machine or one far away, is
//! the business of who read it; so each parser takes any text, and none ever panics.

pub mod clock;
pub mod counter;
pub mod cpu;
pub mod disk;
pub mod load;
pub mod machine;
pub mod memory;
pub mod mount_table;
pub mod network;
pub mod pressure;
pub mod process;
pub mod redact;
pub mod sandbox;
pub mod stat;
