//! OpenClaw: its agents and sessions, out of its files on this machine or from its gateway.
//!
//! The files are those of its state directory: since 2026.9 a SQLite database for each agent and one
//! for tasks, before that a `sessions.json` for each agent. The gateway speaks a protocol of its own
//! over WebSocket. All three give the same rows, of which `fold` makes the figures.

mod base;
mod files;
mod fold;
mod gateway;
mod home;
mod refusal;
mod row;
mod talk;

pub use files::Files;
pub use gateway::Gateway;
pub use home::{Home, directories};
