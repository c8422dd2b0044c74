//! Metrics as text, in the form Prometheus reads and writes.
//!
//! Pure: text in, series out, and back. Bounds are parameters, and a breach fails the whole page.
