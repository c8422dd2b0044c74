//! `isomon serve` as it is: the program on a port of this machine, spoken to by sockets of our own.

#![allow(clippy::unwrap_used, reason = "what a test cannot go on without fails it")]

#[path = "support/home.rs"]
mod home;

#[path = "serve/alerts.rs"]
mod alerts;
#[path = "serve/fuzz.rs"]
mod fuzz;
#[path = "serve/gate.rs"]
mod gate;
#[path = "serve/history.rs"]
mod history;
#[path = "serve/limits.rs"]
mod limits;
#[path = "serve/page.rs"]
mod page;
#[path = "serve/program.rs"]
mod program;
#[path = "serve/results.rs"]
mod results;
#[path = "serve/server.rs"]
mod server;
#[path = "serve/stdio.rs"]
mod stdio;
#[path = "serve/tls.rs"]
mod tls;
