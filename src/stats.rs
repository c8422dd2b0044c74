//! Statistics of samples, each formula with its source.
