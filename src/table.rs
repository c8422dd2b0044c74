//! Tables: CSV that some program wrote, read row by row.
//!
//! A file may be larger than memory and be anything at all, so nothing here keeps more than a bounded
//! part of it, whatever is in it: [`check`] holds it against what a workflow says of its columns,
//! [`view`] tells enough of it for a screen, [`digest`] makes what a picture needs. It knows readers,
//! not files.

mod boxed;
mod check;
mod course;
pub mod digest;
mod quantile;
mod read;
mod thin;
pub mod time;
mod view;
mod window;

pub use boxed::Boxed;
pub use check::check;
pub use quantile::{Quantiles, Spread};
pub use read::{Row, Rows};
pub use view::view;

use crate::model::text::SafeText;

/// Bytes of a row at most; a quote that is never closed would make one row of all that follows.
pub const ROW_BYTES: u64 = 16 << 20;
/// Mistakes that are named; the rest are counted.
pub const MISTAKES: usize = 20;

/// Why a table cannot be read, or is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its bytes cannot be had.
    #[error("the table cannot be read")]
    Io(#[from] std::io::Error),
    /// There is nothing in it.
    #[error("the table is empty: its first line has to name the columns")]
    Empty,
    /// Its columns are parted by something else.
    #[error("the columns are parted by {by}, and have to be by commas")]
    Parted {
        /// By what.
        by: &'static str,
    },
    /// Its text is not UTF-8.
    #[error("{place} is not UTF-8 text{hint}")]
    Encoding {
        /// Where.
        place: String,
        /// What it is, where that can be told: `: it looks like UTF-16`.
        hint: &'static str,
    },
    /// A row has no end.
    #[error(
        "row {row} (line {line}) goes on for more than 16 MiB; a quote in it may not be closed"
    )]
    Long {
        /// Its number, from 1; 0 is the header.
        row: u64,
        /// The line it begins in, from 1.
        line: u64,
    },
    /// A column is not there.
    #[error("there is no column {name}{}", like(.nearest.as_ref()))]
    Column {
        /// Its name.
        name: SafeText,
        /// The header that is most like it.
        nearest: Option<SafeText>,
    },
    /// Cells are not what they are said to be.
    #[error("{}", told(.mistakes, *.more))]
    Cells {
        /// The first mistakes: row, column and what is there.
        mistakes: Vec<SafeText>,
        /// Mistakes beyond these.
        more: u64,
    },

    /// Nothing in it can be drawn.
    #[error("{0}")]
    Nothing(String),
}

fn like(nearest: Option<&SafeText>) -> String {
    nearest.map_or_else(String::new, |name| format!("; {name} is there"))
}

fn told(mistakes: &[SafeText], more: u64) -> String {
    let further = (more > 0).then(|| format!("and {more} more"));
    let lines = mistakes.iter().map(SafeText::as_str).chain(further.as_deref());
    lines.collect::<Vec<_>>().join("\n")
}

/// The one of `names` that is most like `name`; `None` where none is like it.
pub(crate) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    let likeness = |other: &str| strsim::jaro_winkler(&wanted, &other.to_lowercase());
    let best = names.into_iter().take(1_000).map(|other| (likeness(other), other));
    let best = best.max_by(|left, right| left.0.total_cmp(&right.0));
    best.filter(|(likeness, _)| *likeness > 0.6).map(|(_, name)| name)
}

#[cfg(test)]
mod tests;
