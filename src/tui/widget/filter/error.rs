//! What is said about a filter that was not understood.

/// Why a filter was not understood; `column` counts letters from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no such field.
    #[error("column {column}: no field `{name}`; {hint}")]
    Field {
        /// Where it stands.
        column: usize,
        /// What was written.
        name: String,
        /// The nearest one, or all.
        hint: String,
    },
    /// Nothing stands behind the operator.
    #[error("column {column}: a value is missing")]
    Value {
        /// Where it should stand.
        column: usize,
    },
    /// The field holds a number, and this is none.
    #[error("column {column}: `{text}` is not a number for `{field}`")]
    Number {
        /// Where it stands.
        column: usize,
        /// What was written.
        text: String,
        /// The field's name.
        field: &'static str,
    },
    /// The field never holds this.
    #[error("column {column}: {words}")]
    Choice {
        /// Where it stands.
        column: usize,
        /// What was written, the field's name, and the nearest value or all.
        words: String,
    },
    /// Terms are not joined by words.
    #[error("column {column}: no `{word}` here: all terms must hold; in quotes it is looked for")]
    Joint {
        /// Where it stands.
        column: usize,
        /// What was written.
        word: String,
    },
    /// One sign is enough.
    #[error("column {column}: is equal is written `=`")]
    Twice {
        /// Where the second one stands.
        column: usize,
    },
    /// Words have no order.
    #[error("column {column}: `{field}` holds words; use = != ~ !~")]
    Order {
        /// Where the term begins.
        column: usize,
        /// The field's name.
        field: &'static str,
    },
    /// A quote was opened and not closed.
    #[error("column {column}: the quote is not closed")]
    Quote {
        /// Where it was opened.
        column: usize,
    },
}

impl Error {
    /// The letter it is about, counted from 1.
    pub const fn column(&self) -> usize {
        match self {
            Self::Field { column, .. }
            | Self::Value { column }
            | Self::Number { column, .. }
            | Self::Choice { column, .. }
            | Self::Joint { column, .. }
            | Self::Twice { column }
            | Self::Order { column, .. }
            | Self::Quote { column } => *column,
        }
    }

    /// What is wrong, without saying where.
    pub fn words(&self) -> String {
        let words = self.to_string();
        words.split_once(": ").map_or_else(|| words.clone(), |(_, words)| words.to_owned())
    }
}
