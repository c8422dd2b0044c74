//! Keeping what happens, to look at later.
//!
//! A recorder is a subscriber of the hub like the screen is. It holds nothing up: what it cannot write in
//! time is dropped and counted.

pub mod history;
