//! What goes wrong around isomon: names that are not found, disks that are full, servers that stand
//! still, and who looks for secrets in memory.

#![allow(
    dead_code,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test program, and parts it shares"
)]

#[path = "support/home.rs"]
mod home;
#[path = "serve/server.rs"]
mod server;

#[path = "fault/apart.rs"]
mod apart;
#[path = "fault/disk.rs"]
mod disk;
#[path = "fault/dns.rs"]
mod dns;
#[path = "fault/guess.rs"]
mod guess;
#[path = "fault/secret.rs"]
mod secret;
