//! Readings and runs as text for people and programs: JSON, CSV, Prometheus.

mod cell;
pub mod node;
pub mod plain;
pub mod run_csv;
pub mod run_hyperfine;
pub mod run_json;
mod run_load;
pub mod run_markdown;
mod run_note;
pub mod run_progress;
mod run_row;
#[cfg(test)]
mod run_sample;
mod run_table;
pub mod run_text;
