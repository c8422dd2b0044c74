//! Where a row lies along the horizontal axis: a time, a number, or its own number.

use super::super::read::number;
use super::super::time::{self, Clock};
use super::super::{Error, Row, Rows};
use crate::model::workflow::plot::{PlotKind, PlotSpec};
use crate::model::workflow::{Column, ColumnKind};

/// The horizontal axis while a table is read.
pub(super) struct Place {
    along: Along,
    column: Column,
    /// Whether `column` is what the workflow says of it, and no guess.
    told: bool,
    origin: Option<Origin>,
}

enum Along {
    /// Rows lie nowhere.
    Nowhere,
    /// One after another.
    Row,
    /// Where a column says.
    Column(usize),
}

/// What the first row says, from which the others are counted.
#[derive(Clone, Copy)]
enum Origin {
    Instant(Clock, i64),
    Number(f64),
}

impl Place {
    pub(super) fn new<R: std::io::Read>(
        rows: &Rows<R>,
        spec: &PlotSpec,
        columns: &[Column],
    ) -> Result<Self, Error> {
        let along = match (spec.kind, spec.x.first()) {
            (PlotKind::TimeSeries, Some(name)) => Along::Column(rows.find(name)?),
            (PlotKind::TimeSeries, None) => Along::Row,
            _ => Along::Nowhere,
        };
        let name = spec.x.first().cloned().unwrap_or_default();
        let about = columns.iter().find(|column| column.name == name).cloned();
        let told = about.is_some();
        let column = about.unwrap_or_else(|| Column { name, ..Column::default() });
        Ok(Self { along, column, told, origin: None })
    }

    /// Seconds or units from the first row on; `None` where the row says nothing.
    pub(super) fn of(&mut self, row: &Row<'_>) -> Option<f64> {
        match self.along {
            Along::Nowhere => Some(0.0),
            Along::Row => Some(row.number as f64),
            Along::Column(column) => self.cell(row.cell(column)?),
        }
    }

    fn cell(&mut self, cell: &[u8]) -> Option<f64> {
        let origin = match self.origin {
            Some(origin) => origin,
            None => *self.origin.insert(self.first(cell)?),
        };
        let place = match origin {
            Origin::Number(first) => number(cell)? - first,
            Origin::Instant(clock, first) => clock.nanos(cell)?.checked_sub(first)? as f64 / 1e9,
        };
        place.is_finite().then_some(place)
    }

    /// What the first cell is: a time as the workflow says or as it looks, else a number.
    fn first(&self, cell: &[u8]) -> Option<Origin> {
        let clock = match self.column.kind {
            ColumnKind::Timestamp if self.told => Some(Clock::of(&self.column, cell)?),
            ColumnKind::Integer | ColumnKind::Float if self.told => None,
            _ => time::guess(&self.column.name, cell),
        };
        match clock {
            Some(clock) => Some(Origin::Instant(clock, clock.nanos(cell)?)),
            None => number(cell).map(Origin::Number),
        }
    }

    /// How it is written where it is time, with the first instant; else the first number.
    pub(super) const fn origin(&self) -> (Option<(Clock, i64)>, f64) {
        match self.origin {
            Some(Origin::Instant(clock, first)) => (Some((clock, first)), 0.0),
            Some(Origin::Number(first)) => (None, first),
            None => (None, 0.0),
        }
    }
}
