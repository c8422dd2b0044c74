//! The tables for people, the same on the terminal and in Markdown: one for each payload.
//!
//! A row is a backend with a start, so no number mixes what was there already. A column stands only
//! where it has something to say, so that a table fits 80 columns. What is left away is in CSV and
//! JSON.

use super::run_row::Row;
use crate::model::backend::Start;
use crate::model::bench::{Estimate, Figure, Payload};
use crate::model::run::{LeftOut, Run};
use crate::model::unit::as_many_times;
use crate::stats::interval::Times;
use crate::stats::summary::{deciding, telling};

/// What stands where nothing is known.
pub(super) const NOTHING: &str = "—";

/// Stands behind a backend that nobody named.
pub(super) const BASELINE: char = '*';

/// Stands behind a number of samples of which some were disturbed.
pub(super) const DISTURBED: char = '!';

/// The rows of one payload.
pub(super) struct Table<'a> {
    pub(super) payload: Payload,
    rows: Vec<&'a Row>,
    figures: Vec<Figure>,
    failed: bool,
    lacks: Vec<&'a LeftOut>,
}

/// A table for each payload, in the order of the rows.
pub(super) fn tables<'a>(run: &'a Run, rows: &'a [Row]) -> Vec<Table<'a>> {
    let mut payloads = Vec::new();
    for row in rows {
        if !payloads.contains(&row.cell.payload) {
            payloads.push(row.cell.payload);
        }
    }
    payloads.into_iter().map(|payload| Table::of(run, rows, payload)).collect()
}

impl<'a> Table<'a> {
    fn of(run: &'a Run, rows: &'a [Row], payload: Payload) -> Self {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.cell.payload == payload).collect();
        let is_known = |figure: &Figure| rows.iter().any(|row| row.estimate(*figure).is_some());
        let first = telling(payload)[0];
        let keep = |figure: &Figure| *figure == first || is_known(figure);
        let figures = telling(payload).iter().copied().filter(keep).collect();
        let failed = rows.iter().any(|row| row.deciding().is_some_and(|of| of.failures > 0));
        let lacks = run.head.left_out.iter().filter(|out| out.payload == Some(payload)).collect();
        Self { payload, rows, figures, failed, lacks }
    }

    /// The figures of its columns.
    pub(super) fn figures(&self) -> &[Figure] {
        &self.figures
    }

    /// Takes away the last figure that does not decide; false if there is none.
    pub(super) fn drop_figure(&mut self) -> bool {
        let decides = deciding(self.payload);
        let last = self.figures.iter().rposition(|figure| *figure != decides);
        last.map(|last| self.figures.remove(last)).is_some()
    }

    /// The payload in words.
    pub(super) fn title(&self) -> String {
        match self.payload {
            Payload::Noop => "noop: start, answer, end".to_owned(),
            Payload::Cpu { rounds } => format!("cpu: {rounds} rounds of arithmetic"),
            Payload::Memory { mib } => format!("memory: {mib} MiB touched, page by page"),
            Payload::Syscall { calls } => format!("syscall: {calls} system calls"),
            Payload::Io { mib } => {
                format!(
                    "io: {mib} MiB written, synced and read, by process in the host's /tmp, else in memory"
                )
            }
            Payload::Job => "job: what the plan names".to_owned(),
        }
    }

    /// The backends that cannot do it, and `n/a` with the reason: rows without columns.
    pub(super) fn lacks(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.lacks.iter().map(|out| (out.backend.name(), format!("n/a: {}", out.reason)))
    }

    /// Whether some row does not start from nothing, so that every row must say how it starts.
    fn has_starts(&self) -> bool {
        self.rows.iter().any(|row| row.cell.start != Start::Cold)
    }

    /// What the ratios are made with. It starts cold, which is said where other rows do not.
    fn against(&self) -> &'static str {
        if self.has_starts() { "× process cold" } else { "× process" }
    }

    /// What `row` is called.
    fn name(&self, row: &Row) -> String {
        match row.cell.start {
            Start::Cold if self.has_starts() => format!("{} cold", row.cell.backend),
            _ => row.cell.label(),
        }
    }

    /// The heads of the columns, then the rows.
    pub(super) fn lines(&self) -> Vec<Vec<String>> {
        std::iter::once(self.heads()).chain(self.rows.iter().map(|row| self.line(row))).collect()
    }

    fn heads(&self) -> Vec<String> {
        let figures = self.figures.iter().map(|figure| figure.name());
        let heads = std::iter::once("backend").chain(figures).chain([self.against(), "n"]);
        heads.chain(self.failed.then_some("failed")).map(str::to_owned).collect()
    }

    fn line(&self, row: &Row) -> Vec<String> {
        let mark = if row.baseline { format!(" {BASELINE}") } else { String::new() };
        let mut line = vec![format!("{}{mark}", self.name(row))];
        line.extend(self.figures.iter().map(|figure| estimate(row.estimate(*figure))));
        line.push(row.times.as_ref().map_or_else(|| NOTHING.to_owned(), times));
        let known = row.deciding();
        line.push(known.map_or_else(
            || NOTHING.to_owned(),
            |known| match known.tainted {
                0 => known.n.to_string(),
                _ => format!("{}{DISTURBED}", known.n),
            },
        ));
        if self.failed {
            line.push(known.map_or(0, |known| known.failures).to_string());
        }
        line
    }
}

/// Share of the median from which on it is worth telling that one end is farther than the other.
const WORTH: f64 = 0.1;
/// Share of the farther end below which the nearer one is not as far.
const EVEN: f64 = 0.67;

/// A median with its interval; a dash without any.
fn estimate(known: Option<&Estimate>) -> String {
    known.map_or_else(|| NOTHING.to_owned(), median)
}

/// `12.3 ms ±1.2%`, or `12.3 ms -4/+31%` where the ends of the interval are not equally far; without an
/// interval the median alone.
pub(super) fn median(known: &Estimate) -> String {
    format!("{}{}", known.median_seconds, ends(known).unwrap_or_default())
}

fn ends(known: &Estimate) -> Option<String> {
    let (down, up) = arms(known)?;
    if is_uneven(known) {
        return Some(format!(" -{:.0}/+{:.0}%", down * 100.0, up * 100.0));
    }
    Some(match (down + up) * 50.0 {
        wide if wide >= 9.95 => format!(" ±{wide:.0}%"),
        narrow => format!(" ±{narrow:.1}%"),
    })
}

/// Whether one end of the interval is so much farther from the median that one number is not both.
pub(super) fn is_uneven(known: &Estimate) -> bool {
    let uneven =
        |(down, up): (f64, f64)| down.max(up) >= WORTH && down.min(up) < down.max(up) * EVEN;
    arms(known).is_some_and(uneven)
}

/// How far the ends of the interval are from the median, as shares of it.
fn arms(known: &Estimate) -> Option<(f64, f64)> {
    let (low, high, middle) = (known.low_seconds?.0, known.high_seconds?.0, known.median_seconds.0);
    let (down, up) = ((middle - low) / middle, (high - middle) / middle);
    (down.is_finite() && up.is_finite()).then_some((down, up))
}

pub(super) fn times(times: &Times) -> String {
    as_many_times(times.times, times.interval.map(|interval| (interval.low, interval.high)))
}

#[cfg(test)]
mod tests {
    use super::super::run_sample::run;
    use super::*;
    use crate::model::unit::Seconds;

    #[test]
    fn an_interval_is_told_as_wide_and_as_uneven_as_it_is() {
        let run = run();
        let rows = super::super::run_row::rows(&run);
        let known = rows[0].deciding().and_then(|known| known.estimate).unwrap();
        let told = |low: f64, high: f64| {
            median(&Estimate {
                median_seconds: Seconds(0.1),
                low_seconds: Some(Seconds(low)),
                high_seconds: Some(Seconds(high)),
                ..known
            })
        };
        assert_eq!(told(0.098, 0.102), "100 ms ±2.0%");
        assert_eq!(told(0.08, 0.12), "100 ms ±20%");
        assert_eq!(told(0.086, 2.1), "100 ms -14/+2000%", "more than all of it");
        assert_eq!(told(0.098, 0.105), "100 ms ±3.5%", "too little to matter");
        let bare = Estimate { low_seconds: None, ..known };
        assert!(!median(&bare).contains('%'));
    }
}
