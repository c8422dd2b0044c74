//! Two columns of a table as points for a picture: at most a few hundred, however many rows there are.
//!
//! Each point stands for as many rows as every other, and is the mean of those that have both values. Where
//! none has, there is a gap.

use std::io::Read;

use crate::model::text::SafeText;
use crate::table::time::{Clock, guess};
use crate::table::{Error, Row, Rows};

/// Points at most; at least half as many once there are that many rows.
const POINTS: usize = 400;

/// Points, in the order of their rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::serve) struct Series {
    /// Along and up; not a number where there is a gap.
    pub(in crate::serve) points: Vec<(f64, f64)>,
    /// Whether along are instants: seconds since 1970.
    pub(in crate::serve) instants: bool,
}

/// Rows that became one point: their sums, and how many they are.
#[derive(Clone, Copy, Debug, Default)]
struct Part {
    x: f64,
    y: f64,
    rows: f64,
}

/// How the column along is read.
#[derive(Clone, Copy, Debug)]
enum Along {
    /// There is none: the number of the row.
    Row,
    /// No cell of it was seen yet.
    Unknown(usize),
    /// Numbers.
    Number(usize),
    /// Instants.
    Instant(usize, Clock),
}

/// Column `y` over column `x`, or over the rows.
pub(in crate::serve) fn read(from: impl Read, x: Option<&str>, y: &str) -> Result<Series, Error> {
    let mut rows = Rows::open(from)?;
    let find = |name: &str| {
        rows.header().iter().position(|header| *SafeText::new(header).as_str() == *name)
    };
    let missing = |name| Error::Column { name: SafeText::new(name), nearest: None };
    let up = find(y).ok_or_else(|| missing(y))?;
    let mut along = match x {
        None => Along::Row,
        Some(x) => Along::Unknown(find(x).ok_or_else(|| missing(x))?),
    };
    let name = x.unwrap_or_default();
    let (mut parts, mut each): (Vec<Part>, u64) = (Vec::new(), 1);
    while let Some(row) = rows.advance_row()? {
        while row.number / each >= POINTS as u64 {
            parts = parts
                .chunks(2)
                .map(|pair| pair.iter().copied().fold(Part::default(), Part::and))
                .collect();
            each *= 2;
        }
        let at = usize::try_from((row.number - 1) / each).unwrap_or(POINTS);
        parts.resize(parts.len().max(at + 1), Part::default());
        if let (Some(x), Some(y)) = (along.value(&row, name), row.number(up)) {
            parts[at] = parts[at].and(Part { x, y, rows: 1.0 });
        }
    }
    let points = parts.iter().map(|part| (part.x / part.rows, part.y / part.rows)).collect();
    Ok(Series { points, instants: matches!(along, Along::Instant(..)) })
}

impl Part {
    fn and(self, other: Self) -> Self {
        Self { x: self.x + other.x, y: self.y + other.y, rows: self.rows + other.rows }
    }
}

impl Along {
    fn value(&mut self, row: &Row<'_>, name: &str) -> Option<f64> {
        if let Self::Unknown(at) = *self {
            let clock = guess(name, row.cell(at)?);
            *self = clock.map_or(Self::Number(at), |clock| Self::Instant(at, clock));
        }
        match *self {
            Self::Row => Some(row.number as f64),
            Self::Number(at) => row.number(at),
            Self::Instant(at, clock) => Some(clock.nanos(row.cell(at)?)? as f64 / 1e9),
            Self::Unknown(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_pairs_of_the_same_rows_and_gaps_stay_gaps() {
        let text = "timestamp_ms,v,w\n1700000000000,1,a\n1700000001000,,a\n1700000002000,3,a\n";
        let series = read(text.as_bytes(), Some("timestamp_ms"), "v").unwrap();
        assert!(series.instants && series.points[1].1.is_nan());
        assert_eq!((series.points[0], series.points[2]), ((1.7e9, 1.0), (1_700_000_002.0, 3.0)));
        let rows = read(text.as_bytes(), None, "v").unwrap();
        assert_eq!((rows.points[2], rows.instants), ((3.0, 3.0), false));
        assert!(read(text.as_bytes(), Some("gone"), "v").is_err());
        assert!(read(text.as_bytes(), None, "w").unwrap().points.iter().all(|at| at.1.is_nan()));
        assert!(read(&b""[..], None, "w").is_err());
    }

    #[test]
    fn times_in_words_are_times() {
        let text = "when,v\n2026-01-01T00:00:00Z,1\n2026-01-01T00:00:01.5Z,2\n";
        let series = read(text.as_bytes(), Some("when"), "v").unwrap();
        assert!(series.instants);
        assert_eq!(series.points[1].0 - series.points[0].0, 1.5);
    }

    #[test]
    fn many_rows_become_few_points_and_none_is_lost() {
        let rows: String = (0..100_000).map(|row| format!("{row},{}\n", row * 2)).collect();
        let series = read(format!("x,y\n{rows}").as_bytes(), Some("x"), "y").unwrap();
        assert!((POINTS / 2..=POINTS).contains(&series.points.len()), "{}", series.points.len());
        assert!(series.points.iter().all(|(x, y)| (2.0 * x - y).abs() < 1e-6));
        assert!(series.points.is_sorted_by(|left, right| left.0 < right.0));
    }
}
