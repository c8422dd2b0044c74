//! What is kept of the numbers that pass, beside the screen.

pub mod remote;
