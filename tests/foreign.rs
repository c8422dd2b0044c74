//! The sources for the servers of other systems, each against a server that answers as the real one
//! does: its forms, its generations, and its defects.

#![expect(clippy::unwrap_used, reason = "a test")]
#![expect(clippy::float_cmp, reason = "what is read is what was written")]

#[path = "foreign/cluster.rs"]
mod cluster;
#[path = "foreign/dcgm.rs"]
mod dcgm;
#[path = "foreign/detect.rs"]
mod detect;
#[path = "foreign/dream.rs"]
mod dream;
#[path = "foreign/hostile.rs"]
mod hostile;
#[path = "foreign/mistudio.rs"]
mod mistudio;
#[path = "foreign/openclaw.rs"]
mod openclaw;
#[path = "foreign/server.rs"]
mod server;
#[path = "foreign/solstice.rs"]
mod solstice;
#[path = "foreign/stream.rs"]
mod stream;
#[path = "foreign/tokenspy.rs"]
mod tokenspy;
#[path = "foreign/vulcan.rs"]
mod vulcan;
