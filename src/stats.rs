//! Statistics of samples, each formula with its source.
//!
//! Pure: numbers and a seeded generator in, numbers out, so that anyone can compute a published
//! figure again from the samples of its run. Nothing here knows of clocks, files or tasks.

pub mod compare;
pub mod done;
pub mod estimate;
pub mod holm;
pub mod interval;
pub mod load;
pub mod permutation;
pub mod place;
pub mod rank;
pub mod request;
pub mod serving;
pub mod side;
pub mod sorted;
pub mod spell;
pub mod standing;
pub mod summary;
pub mod taint;
pub mod verdict;
pub mod verify;
