//! A look into a table: what a screen shows of it, however large it is.

use std::io::Read;

use super::course::Course;
use super::quantile::Quantiles;
use super::{Error, Row, Rows};
use crate::model::text::SafeText;
use crate::model::workflow::result::{ColumnView, Figures, TableView};
use crate::model::workflow::{Column, ColumnKind};

/// Columns that are told; those a workflow names first, then the others in their order.
const COLUMNS: usize = 100;
/// The last rows that are told.
const LAST: usize = 100;
/// Bytes of a cell of these; as many characters may be shown at most.
const CELL: usize = 1_024;
/// Numbers kept each over all columns, and in one column at most.
const KEEP: (usize, usize) = (1 << 22, 1 << 16);
/// Bins of a column on each side of zero.
const BINS: usize = 8_192;

/// What is in the table `from`: all of it is read, in bounded memory. `output` and `file` are handed
/// on; `columns` say which units there are and which columns are no numbers. A row with too few or too
/// many cells is shown as far as it goes. Quantiles are exact up to 65,536 numbers of a column (fewer
/// where there are more than 64 columns), else within 0.1 % where the numbers lie within eight powers of two.
pub fn view(
    output: &str,
    file: &str,
    from: impl Read,
    columns: &[Column],
) -> Result<TableView, Error> {
    let mut rows = Rows::open(from)?;
    let mut seen = Seen::all(rows.header(), columns);
    let shown: Vec<usize> = seen.iter().map(|column| column.index).collect();
    let mut last = Last::default();
    let mut count = 0;
    while let Some(row) = rows.advance_row()? {
        count = row.number;
        for column in &mut seen {
            column.take(&row);
        }
        last.push(&row, &shown);
    }
    Ok(TableView {
        output: SafeText::new(output),
        file: SafeText::new(file),
        rows: count,
        columns: seen.into_iter().map(Seen::view).collect(),
        last: last.rows(),
    })
}

/// A column that is looked at.
struct Seen {
    index: usize,
    name: SafeText,
    unit: Option<SafeText>,
    /// It is said to be text, so that digits in it are no numbers.
    text: bool,
    numbers: Quantiles,
    course: Course,
}

impl Seen {
    fn all(header: &[String], columns: &[Column]) -> Vec<Self> {
        let about = |name: &String| columns.iter().find(|column| column.name == *name);
        let (told, other): (Vec<usize>, Vec<usize>) =
            (0..header.len()).partition(|index| about(&header[*index]).is_some());
        let mut chosen: Vec<usize> = told.into_iter().chain(other).take(COLUMNS).collect();
        chosen.sort_unstable();
        let keep = (KEEP.0 / chosen.len().max(1)).min(KEEP.1);
        let seen = |index: usize| Self {
            index,
            name: SafeText::new(&header[index]),
            unit: about(&header[index]).and_then(|of| of.unit.as_deref()).map(SafeText::new),
            text: about(&header[index]).is_some_and(|of| of.kind == ColumnKind::String),
            numbers: Quantiles::new(keep, BINS),
            course: Course::default(),
        };
        chosen.into_iter().map(seen).collect()
    }

    fn take(&mut self, row: &Row<'_>) {
        let number = if self.text { None } else { row.number(self.index) };
        if let Some(number) = number {
            self.numbers.push(number);
            self.course.push(row.number - 1, number);
        }
    }

    fn view(self) -> ColumnView {
        let (count, course) = (self.numbers.n(), self.course.means());
        let figures = self.numbers.spread().map(|spread| Figures {
            min: spread.min,
            mean: spread.mean,
            median: spread.median(),
            p95: spread.nearest(0.95),
            p99: spread.nearest(0.99),
            max: spread.max,
        });
        ColumnView { name: self.name, unit: self.unit, count, figures, course }
    }
}

/// The last rows, in the same memory over and over.
#[derive(Default)]
struct Last {
    rows: Vec<Kept>,
    next: usize,
}

/// The beginnings of the cells of a row, one behind the other, and where each ends.
#[derive(Clone, Default)]
struct Kept {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Last {
    fn push(&mut self, row: &Row<'_>, shown: &[usize]) {
        if self.rows.len() < LAST {
            self.rows.push(Kept::default());
        }
        let kept = &mut self.rows[self.next];
        self.next = (self.next + 1) % LAST;
        kept.bytes.clear();
        kept.ends.clear();
        for index in shown {
            let cell = row.cells.get(*index).unwrap_or_default();
            kept.bytes.extend_from_slice(cell.get(..CELL).unwrap_or(cell));
            kept.ends.push(kept.bytes.len());
        }
    }

    /// Earliest first.
    fn rows(mut self) -> Vec<Vec<SafeText>> {
        if self.rows.len() == LAST {
            self.rows.rotate_left(self.next);
        }
        self.rows.iter().map(Kept::cells).collect()
    }
}

impl Kept {
    fn cells(&self) -> Vec<SafeText> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let cells = starts.zip(&self.ends).map(|(from, to)| self.bytes.get(from..*to));
        cells.map(|cell| SafeText::from_bytes(cell.unwrap_or_default())).collect()
    }
}
