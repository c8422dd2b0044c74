//! isomon watches nodes, GPUs and sandboxes in a terminal, and measures what isolation costs on the
//! user's own hardware.
//!
//! This file is the table of contents, in floor order. An import may only go down; modules on
//! floor 2 do not know each other. `tests/floors.rs` keeps it so.

// Floor 0: words.
pub mod model;

// Floor 1: thoughts. Pure: no I/O, no tokio.
pub mod claim;
pub mod config;
pub mod dialect;
pub mod metric;
pub mod pipeline;
pub mod plot;
pub mod procfs;
pub mod report;
pub mod rule;
pub mod series;
pub mod ssh;
pub mod state;
pub mod stats;
pub mod table;
pub mod track;

// Floor 2: hands. Each file touches one thing outside.
pub mod backend;
pub mod host;
pub mod probe;
pub mod source;
pub mod store;
pub mod tune;
pub mod webhook;

// Floor 3: deeds. They put the hands to work.
pub mod alert;
pub mod bench;
pub mod record;
pub mod serve;
pub mod watch;

// Floor 4: faces.
pub mod tui;
pub mod workflow;

// Floor 5: the switchboard.
pub mod hub;

// Floor 6: the door.
pub mod cli;
