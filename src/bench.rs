//! The benchmark engine: rounds, progress, results.

pub mod preset;
