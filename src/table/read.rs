//! Rows of CSV, one after another, in the same memory.
//!
//! The separator is a comma, a quote is `"`, rows may have any number of cells and lines any ending.
//! What would need unbounded memory, a row without an end, is an error with its place.

use std::io::{self, Read};

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};

use super::{Error, ROW_BYTES, nearest};
use crate::model::text::SafeText;

/// Bytes read at a time.
const BUFFER: usize = 1 << 18;

/// A table that is being read.
pub struct Rows<R> {
    reader: Reader<Guard<R>>,
    header: Vec<String>,
    record: ByteRecord,
    row: u64,
}

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Its number, from 1; the header is not counted.
    pub number: u64,
    /// The line it begins in, from 1.
    pub line: u64,
    /// Its cells.
    pub cells: &'a ByteRecord,
}

impl Row<'_> {
    /// The cell of a column, without blanks around it; `None` where the row has none or it is empty.
    pub fn cell(&self, column: usize) -> Option<&[u8]> {
        self.cells.get(column).map(<[u8]>::trim_ascii).filter(|cell| !cell.is_empty())
    }

    /// The number in a column; `None` where there is none.
    pub fn number(&self, column: usize) -> Option<f64> {
        number(self.cell(column)?)
    }

    /// Where it is, for people.
    pub fn place(&self) -> String {
        format!("row {} (line {})", self.number, self.line)
    }
}

impl<R: Read> Rows<R> {
    /// Reads the header of `from`.
    pub fn open(from: R) -> Result<Self, Error> {
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).buffer_capacity(BUFFER);
        let reader = builder.from_reader(Guard { from, left: ROW_BYTES, crlf: false });
        let mut rows = Self { reader, header: Vec::new(), record: ByteRecord::new(), row: 0 };
        if !rows.advance()? {
            return Err(Error::Empty);
        }
        rows.header = header(&rows.record)?;
        Ok(rows)
    }

    /// The names of the columns, without blanks around them.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// Where the column `name` is; the first of that name.
    pub fn find(&self, name: &str) -> Result<usize, Error> {
        self.header.iter().position(|header| header == name).ok_or_else(|| {
            let names = self.header.iter().map(String::as_str);
            let nearest = nearest(name, names).map(SafeText::new);
            Error::Column { name: SafeText::new(name), nearest }
        })
    }

    /// The next row; `None` at the end.
    pub fn advance_row(&mut self) -> Result<Option<Row<'_>>, Error> {
        let line = self.line();
        if !self.advance()? {
            return Ok(None);
        }
        self.row += 1;
        Ok(Some(Row { number: self.row, line, cells: &self.record }))
    }

    /// The line the next row begins in.
    fn line(&self) -> u64 {
        // Of CR and LF the reader takes the second when it reads on.
        let behind = self.reader.get_ref().crlf && !self.header.is_empty();
        self.reader.position().line() + u64::from(behind)
    }

    fn advance(&mut self) -> Result<bool, Error> {
        self.reader.get_mut().left = ROW_BYTES;
        let line = self.line();
        let row = if self.header.is_empty() { 0 } else { self.row + 1 };
        self.reader.read_byte_record(&mut self.record).map_err(|error| match error.into_kind() {
            ErrorKind::Io(error)
                if error
                    .get_ref()
                    .is_some_and(<dyn std::error::Error + Send + Sync>::is::<Endless>) =>
            {
                Error::Long { row, line }
            }
            ErrorKind::Io(error) => Error::Io(error),
            other => Error::Io(io::Error::other(format!("{other:?}"))),
        })
    }
}

/// The number that `cell` is; `None` where it is none, or none that is finite.
pub(super) fn number(cell: &[u8]) -> Option<f64> {
    // Words are most of what is no number: they need not be looked at further.
    if !matches!(cell.first(), Some(b'0'..=b'9' | b'-' | b'+' | b'.')) {
        return None;
    }
    let value: f64 = std::str::from_utf8(cell).ok()?.parse().ok()?;
    value.is_finite().then_some(value)
}

fn header(record: &ByteRecord) -> Result<Vec<String>, Error> {
    let start = record.get(0).unwrap_or_default();
    if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
        let place = "the table".to_owned();
        return Err(Error::Encoding { place, hint: ": it looks like UTF-16" });
    }
    let name = |(at, cell): (usize, &[u8])| {
        let cell = cell.strip_prefix("\u{feff}".as_bytes()).unwrap_or(cell);
        let place = || format!("the header of column {}", at + 1);
        let text = std::str::from_utf8(cell);
        let text = text.map_err(|_| Error::Encoding { place: place(), hint: "" })?;
        Ok(text.trim().to_owned())
    };
    let names = record.iter().enumerate().map(name).collect::<Result<Vec<_>, Error>>()?;
    match names.as_slice() {
        [only] if only.contains(';') => Err(Error::Parted { by: "semicolons" }),
        [only] if only.contains('\t') => Err(Error::Parted { by: "tabs" }),
        _ => Ok(names),
    }
}

/// Hands on what it reads until a row has had its share.
struct Guard<R> {
    from: R,
    left: u64,
    /// Whether a line of what was read last ends with CR and LF.
    crlf: bool,
}

/// A row went on for too long.
#[derive(Debug, thiserror::Error)]
#[error("a row without an end")]
struct Endless;

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other(Endless));
        }
        let read = self.from.read(into)?;
        let line_end = into.get(..read).and_then(|new| new.iter().position(|byte| *byte == b'\n'));
        if let Some(at) = line_end {
            self.crlf = at > 0 && into[at - 1] == b'\r';
        }
        self.left = self.left.saturating_sub(read as u64);
        Ok(read)
    }
}
