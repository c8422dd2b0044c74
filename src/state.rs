//! The world as isomon knows it; the only writer is the fold.
