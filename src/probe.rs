//! Readers of this machine.

pub mod gpu;
