//! The benchmark engine: rounds, progress, results.
//!
//! A plan becomes a head ([`head::draw_up`]), the head a [`Bench`], and [`Bench::run`] the run: in
//! each round every cell once, in an order drawn from the seed, until all are known well enough.
//! The engine is handed its launcher, clock, roots and channel; it knows no hub and no screen.

mod course;
mod diary;
pub mod engine;
pub mod fingerprint;
pub mod forecast;
pub mod head;
mod host;
mod keep;
mod ledger;
mod load;
mod no_trial;
mod order;
pub mod preset;
mod pulse;
pub mod repeat;
mod repeats;
pub mod serving;
mod suspension;
mod voice;

pub use engine::{Bench, Cut, Prior};
