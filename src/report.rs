//! Readings and runs as text for people and programs: JSON, CSV, Markdown, Prometheus and what other
//! tools read.

pub(crate) mod cell;
mod columns;
pub mod compare_json;
pub mod compare_text;
pub mod exposition;
pub mod fleet;
pub mod flow_compare;
pub mod grafana;
pub mod job_json;
mod load_row;
pub mod node;
pub mod past;
pub mod plain;
pub mod rule;
pub mod run_bmf;
pub mod run_csv;
pub mod run_html;
pub mod run_hyperfine;
pub mod run_json;
mod run_load;
pub mod run_markdown;
mod run_note;
pub mod run_progress;
pub mod run_prometheus;
#[cfg(test)]
mod run_reader;
mod run_row;
#[cfg(test)]
pub(crate) mod run_sample;
mod run_table;
pub mod run_text;
mod run_unmade;
pub mod serving;
pub mod when;
