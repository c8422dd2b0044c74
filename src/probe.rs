//! Readers of this machine.

pub mod gpu;
pub mod interference;
