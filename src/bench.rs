//! The benchmark engine: rounds, progress, results.
