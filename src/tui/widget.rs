//! What more than one tab draws.
