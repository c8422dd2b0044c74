//! `isomon serve`: this node, readable by others over HTTP.
//!
//! It is handed channels and what can be done here; it knows no hub. Loopback unless told otherwise;
//! anything else needs a token and TLS.
