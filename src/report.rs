//! Readings and runs as text for people and programs: JSON, CSV, Prometheus.

pub mod node;
pub mod plain;
