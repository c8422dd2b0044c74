//! The switchboard: sources in, updates out, commands down.
