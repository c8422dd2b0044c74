//! The cells of the tables for people, the same on the terminal and in Markdown.

use super::run_row::Row;
use crate::model::bench::{Estimate, Figure};
use crate::model::unit::three_digits;
use crate::stats::interval::Times;
use crate::stats::summary::half_width;

/// What stands where nothing is known.
pub(super) const NOTHING: &str = "—";

/// The heads of the columns.
pub(super) fn heads() -> Vec<String> {
    let figures = Figure::ALL.into_iter().filter(|figure| shows(*figure)).map(Figure::name);
    let heads = std::iter::once("backend").chain(figures);
    heads.chain(["× process", "n", "failed", "disturbed"]).map(str::to_owned).collect()
}

/// One line of the table.
pub(super) fn line(row: &Row) -> Vec<String> {
    let mark = if row.baseline { " *" } else { "" };
    let figures = Figure::ALL.into_iter().filter(|figure| shows(*figure));
    let count = |number: Option<u32>| number.map_or_else(|| NOTHING.to_owned(), |n| n.to_string());
    let known = row.deciding();
    let mut line = vec![format!("{}{mark}", row.cell.backend)];
    line.extend(figures.map(|figure| estimate(row.estimate(figure))));
    line.push(row.times.as_ref().map_or_else(|| NOTHING.to_owned(), times));
    line.push(count(known.map(|known| known.n)));
    line.push(count(known.map(|known| known.failures)));
    line.push(count(known.map(|known| known.tainted)));
    line
}

/// `request` is the sum of two others and stands in CSV and JSON only.
fn shows(figure: Figure) -> bool {
    figure != Figure::Request
}

/// `12.3 ms ±1.2%`; without an interval the median alone, marked as a guess.
fn estimate(known: Option<&Estimate>) -> String {
    let Some(known) = known else {
        return NOTHING.to_owned();
    };
    match half_width(known) {
        Some(width) => format!("{} ±{:.1}%", known.median_seconds, width.percent()),
        None => format!("~{}", known.median_seconds),
    }
}

/// `12.1 (11.5–12.9)`; never bare where there is an interval.
fn times(times: &Times) -> String {
    match times.interval {
        Some(interval) => format!(
            "{} ({}–{})",
            three_digits(times.times),
            three_digits(interval.low),
            three_digits(interval.high)
        ),
        None => format!("~{}", three_digits(times.times)),
    }
}
