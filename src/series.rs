//! History of numbers over time, with gaps.
