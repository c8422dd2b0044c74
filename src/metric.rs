//! Metrics as text, in the form Prometheus reads and writes.
//!
//! Pure: text in, series out, and back. Bounds are parameters, and a breach fails the whole page: a
//! page that was read in part would show sums that are wrong. What does not read as a line fails it
//! too, as it does with Prometheus itself, and says where.

pub mod grown;
pub mod histogram;
mod label;
mod number;
pub mod page;
pub mod rate;
pub mod server;

pub use grown::Grown;
pub use histogram::{Distribution, Histogram};
pub(crate) use number::number;
pub use page::{Page, Series};
pub use rate::{Growth, sum};

/// The most of everything that a page may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of the whole page, decompressed.
    pub bytes: usize,
    /// Series.
    pub series: usize,
    /// Labels of one series.
    pub labels: usize,
    /// Bytes of one label's value, as written.
    pub value_bytes: usize,
    /// Bytes of a name, of a metric or of a label.
    pub name_bytes: usize,
}

impl Default for Bounds {
    /// 16 MiB, 50,000 series, 64 labels, 1 KiB, 256 bytes.
    fn default() -> Self {
        Self { bytes: 16 << 20, series: 50_000, labels: 64, value_bytes: 1 << 10, name_bytes: 256 }
    }
}

/// Why a page is refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is more of something than the bounds allow.
    #[error("limit: line {line}: more than {most} {what}")]
    Limit {
        /// Line of the page, from 1.
        line: usize,
        /// What there is too much of.
        what: &'static str,
        /// How much may be there.
        most: usize,
    },
    /// A line is none of this form.
    #[error("line {line}: {why}")]
    Line {
        /// Line of the page, from 1.
        line: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It is not even text.
    #[error("it is no UTF-8 from byte {at} on")]
    NotText {
        /// Bytes that are text.
        at: usize,
    },
}
