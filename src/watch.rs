//! Takes samples at intervals and passes them on.
