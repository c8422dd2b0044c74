//! A table while it is read for a picture: each row goes to the curve or the spread of its group.

use std::io::Read;

use super::super::quantile::Quantiles;
use super::super::thin::{Choice, Point, Thin};
use super::super::window::Windows;
use super::super::{Error, Row, Rows};
use super::key::Keys;
use super::place::Place;
use super::{Data, Digest, Series, values_of};
use crate::model::workflow::Column;
use crate::model::workflow::plot::{PlotKind, PlotOptions, PlotSpec};

/// Columns that one picture may show.
const COLUMNS: usize = 6;
/// Points of a curve, where the file says nothing; and at most.
const POINTS: (u32, u32) = (4_000, 100_000);
/// Numbers kept each, and bins on each side of zero beyond: of a histogram's group and of a box.
const BARS: (usize, usize) = (1 << 16, 8_192);
const BOX: (usize, usize) = (1 << 13, 2_048);

pub(super) struct Reading {
    kind: PlotKind,
    place: Place,
    keys: Keys,
    values: Vec<(usize, Column)>,
    slots: Vec<Slot>,
    windows: Option<Windows>,
    points: usize,
    choice: Choice,
    without: u64,
    unplaced: u64,
    beyond: u64,
}

/// What is gathered of one column of one key.
enum Slot {
    Thin(Thin),
    /// The windows hold it.
    Window,
    Values(Quantiles),
}

impl Reading {
    pub(super) fn new<R: Read>(
        rows: &Rows<R>,
        spec: &PlotSpec,
        columns: &[Column],
    ) -> Result<Self, Error> {
        let group = spec.groupby.as_ref().map(|name| rows.find(name)).transpose()?;
        let categories = match spec.kind {
            PlotKind::Boxplot => {
                spec.x.iter().map(|name| rows.find(name)).collect::<Result<_, _>>()?
            }
            _ => Vec::new(),
        };
        let points = points(&spec.options);
        let each = spec.window.map(|window| window.0).filter(|each| *each > 0.0);
        let windowed = spec.aggregation.filter(|_| spec.kind == PlotKind::TimeSeries);
        Ok(Self {
            kind: spec.kind,
            place: Place::new(rows, spec, columns)?,
            keys: Keys::new(spec.kind, categories, group),
            values: values(rows, spec, columns)?,
            slots: Vec::new(),
            windows: windowed.map(|of| Windows::new(of, each, points)),
            points,
            choice: choice(&spec.options),
            without: 0,
            unplaced: 0,
            beyond: 0,
        })
    }

    pub(super) fn take(&mut self, row: &Row<'_>) {
        let Some(x) = self.place.of(row) else {
            self.unplaced += 1;
            return;
        };
        let Some((key, new)) = self.keys.of(row) else {
            self.beyond += 1;
            return;
        };
        if new {
            self.slots.extend(
                std::iter::repeat_with(|| {
                    slot(self.kind, self.windows.is_some(), self.points, self.choice)
                })
                .take(self.values.len()),
            );
        }
        for at in 0..self.values.len() {
            match row.number(self.values[at].0) {
                Some(value) => self.put(key * self.values.len() + at, (x, value)),
                None => self.without += 1,
            }
        }
    }

    fn put(&mut self, slot: usize, point: Point) {
        match (&mut self.slots[slot], &mut self.windows) {
            (Slot::Thin(thin), _) => thin.push(point),
            (Slot::Values(values), _) => values.push(point.1),
            (Slot::Window, Some(windows)) => windows.push(slot, point),
            (Slot::Window, None) => {}
        }
    }

    pub(super) fn end(mut self, rows: u64, cut: bool) -> Result<Digest, Error> {
        let window = self.windows.as_ref().map(Windows::each);
        let curves = self.windows.take().map(Windows::curves).transpose()?.unwrap_or_default();
        let mut curves = curves.into_iter();
        let slots = std::mem::take(&mut self.slots);
        let data: Vec<Option<Data>> =
            slots.into_iter().map(|slot| data(slot, &mut curves)).collect();
        let series = data.into_iter().enumerate();
        let series = series.filter_map(|(at, data)| Some(self.series(at, data?))).collect();
        let (clock, origin) = self.place.origin();
        let Self { without, unplaced, beyond, .. } = self;
        Ok(Digest { rows, cut, without, unplaced, beyond, clock, origin, window, series })
    }

    fn series(&self, slot: usize, data: Data) -> Series {
        let key = self.keys.at(slot / self.values.len());
        let column = &self.values[slot % self.values.len()].1;
        Series {
            column: column.name.clone(),
            unit: column.unit.clone(),
            group: key.group(),
            category: key.category(),
            data,
        }
    }
}

fn values<R: Read>(
    rows: &Rows<R>,
    spec: &PlotSpec,
    columns: &[Column],
) -> Result<Vec<(usize, Column)>, Error> {
    let names = values_of(spec);
    if names.is_empty() {
        let axis = if spec.kind == PlotKind::Histogram { "x" } else { "y" };
        return Err(Error::Nothing(format!("the plot names no column for {axis}")));
    }
    if names.len() > COLUMNS {
        let many = names.len();
        return Err(Error::Nothing(format!(
            "{many} columns in one plot are too many; {COLUMNS} can be told apart"
        )));
    }
    let about = |name: &String| {
        let told = columns.iter().find(|column| column.name == *name).cloned();
        told.unwrap_or_else(|| Column { name: name.clone(), ..Column::default() })
    };
    names.iter().map(|name| Ok((rows.find(name)?, about(name)))).collect()
}

fn points(options: &PlotOptions) -> usize {
    let points = options.max_points.unwrap_or(POINTS.0).clamp(4, POINTS.1);
    usize::try_from(points).unwrap_or(usize::MAX)
}

fn choice(options: &PlotOptions) -> Choice {
    match options.sampling.as_deref() {
        Some("random") => Choice::Random(options.random_state.unwrap_or(0)),
        _ => Choice::Stride,
    }
}

fn slot(kind: PlotKind, windows: bool, points: usize, choice: Choice) -> Slot {
    match kind {
        PlotKind::TimeSeries if windows => Slot::Window,
        PlotKind::TimeSeries => Slot::Thin(Thin::new(points, choice)),
        PlotKind::Histogram => Slot::Values(Quantiles::new(BARS.0, BARS.1)),
        PlotKind::Boxplot => Slot::Values(Quantiles::new(BOX.0, BOX.1)),
    }
}

fn data(slot: Slot, curves: &mut impl Iterator<Item = Vec<Point>>) -> Option<Data> {
    match slot {
        Slot::Thin(thin) => {
            let seen = thin.seen();
            (seen > 0).then(|| Data::Points(thin.points(), seen))
        }
        Slot::Values(values) => values.spread().map(Data::Spread),
        Slot::Window => {
            let points = curves.next().filter(|points| !points.is_empty())?;
            let seen = points.len() as u64;
            Some(Data::Points(points, seen))
        }
    }
}
