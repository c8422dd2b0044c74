//! A table held against what is said of its columns.

use std::io::Read;

use super::time::Clock;
use super::{Error, MISTAKES, Row, Rows};
use crate::model::text::SafeText;
use crate::model::workflow::{Column, ColumnKind};

/// Letters of a cell that a mistake shows.
const SHOWN: usize = 40;

/// Reads all of `from` and counts its rows. Every column of `columns` has to be there; a cell of it is
/// what its kind says, or empty. Other columns are passed over. Fails with the first [`MISTAKES`],
/// each with row, line and column.
pub fn check(from: impl Read, columns: &[Column]) -> Result<u64, Error> {
    let mut rows = Rows::open(from)?;
    let mut mistakes = Mistakes::default();
    let mut checked = Checked::find(&rows, columns, &mut mistakes);
    if mistakes.any() {
        return mistakes.end(0);
    }
    let (width, mut count) = (rows.header().len(), 0);
    while let Some(row) = rows.advance_row()? {
        count = row.number;
        if row.cells.len() != width && !checked.is_empty() {
            let found = row.cells.len();
            mistakes.push(|| format!("{}: {found} cells, and the header has {width}", row.place()));
            continue;
        }
        for column in &mut checked {
            column.check(&row, &mut mistakes);
        }
    }
    mistakes.end(count)
}

/// A column that is checked.
struct Checked<'a> {
    column: &'a Column,
    index: usize,
    /// How its instants are written, by the first of them.
    clock: Option<Clock>,
}

impl<'a> Checked<'a> {
    fn find<R: Read>(rows: &Rows<R>, columns: &'a [Column], mistakes: &mut Mistakes) -> Vec<Self> {
        let mut found = Vec::new();
        for column in columns {
            match rows.find(&column.name) {
                Ok(index) => found.push(Self { column, index, clock: None }),
                Err(error) => mistakes.push(|| error.to_string()),
            }
            let twice = rows.header().iter().filter(|name| **name == column.name).count() > 1;
            if twice {
                mistakes.push(|| format!("two columns are named {}", column.name));
            }
        }
        found
    }

    fn check(&mut self, row: &Row<'_>, mistakes: &mut Mistakes) {
        let Some(cell) = row.cell(self.index) else { return };
        if !self.is_good(cell) {
            let what = self.what();
            mistakes.push(|| {
                let shown = SafeText::within(&String::from_utf8_lossy(cell), SHOWN);
                format!("{}, column {}: `{shown}` is {what}", row.place(), self.column.name)
            });
        }
    }

    fn is_good(&mut self, cell: &[u8]) -> bool {
        match self.column.kind {
            ColumnKind::String => std::str::from_utf8(cell).is_ok(),
            ColumnKind::Float => is_float(cell),
            ColumnKind::Integer => is_integer(cell),
            ColumnKind::Timestamp => {
                if self.clock.is_none() {
                    self.clock = Clock::of(self.column, cell);
                }
                self.clock.is_some_and(|clock| clock.nanos(cell).is_some())
            }
        }
    }

    const fn what(&self) -> &'static str {
        match self.column.kind {
            ColumnKind::String => "not UTF-8 text",
            ColumnKind::Float => "no number",
            ColumnKind::Integer => "no whole number",
            ColumnKind::Timestamp => "no time in the form of this column",
        }
    }
}

/// Whether a cell is a number; the words that programs write for none and for no end are too.
fn is_float(cell: &[u8]) -> bool {
    std::str::from_utf8(cell).is_ok_and(|text| text.parse::<f64>().is_ok())
}

fn is_integer(cell: &[u8]) -> bool {
    let digits = cell.strip_prefix(b"-").or_else(|| cell.strip_prefix(b"+")).unwrap_or(cell);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

/// The first mistakes, and how many there are beyond.
#[derive(Default)]
struct Mistakes {
    told: Vec<SafeText>,
    more: u64,
}

impl Mistakes {
    fn push(&mut self, words: impl FnOnce() -> String) {
        if self.told.len() < MISTAKES {
            self.told.push(SafeText::new(&words()));
        } else {
            self.more += 1;
        }
    }

    const fn any(&self) -> bool {
        !self.told.is_empty()
    }

    fn end(self, rows: u64) -> Result<u64, Error> {
        if self.any() {
            return Err(Error::Cells { mistakes: self.told, more: self.more });
        }
        Ok(rows)
    }
}
