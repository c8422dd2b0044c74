//! What more than one tab draws.

pub mod fixed;
pub mod interval_bar;
pub mod plain;
pub mod span_axis;
pub mod stacked_bar;
pub mod titled;
