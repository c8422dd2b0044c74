//! What every report says of the loads of a run: one row for each cell and stride.

use super::run_load::loads;
use crate::model::bench::Cell;
use crate::model::load::{LoadFigure, LoadSummary, Rate, Stride, Verdict};
use crate::model::run::Run;
use crate::model::unit::{Bytes, PerSecond};

/// What is known of one load on one cell.
#[derive(Clone, Debug)]
pub(super) struct LoadRow {
    pub(super) cell: Cell,
    /// The cell of the busy neighbour, where one was beside it.
    pub(super) beside: Option<Cell>,
    pub(super) of: LoadSummary,
}

/// The rows of `run`, in the order of its loads; those of cells that it does not have are left away.
pub(super) fn load_rows(run: &Run) -> Vec<LoadRow> {
    let cell = |index: u32| run.head.cells.get(index as usize).copied();
    let row = |of: LoadSummary| -> Option<LoadRow> {
        let beside = match of.stride {
            Stride::Neighbour { beside: Some(beside) } => Some(cell(beside)?),
            _ => None,
        };
        Some(LoadRow { cell: cell(of.cell)?, beside, of })
    };
    loads(run).into_iter().filter_map(row).collect()
}

/// The name of the load that a stride belongs to.
pub(super) const fn stride_name(stride: Stride) -> &'static str {
    match stride {
        Stride::Throughput { .. } => "throughput",
        Stride::Latency { .. } => "latency",
        Stride::Memory { .. } => "memory",
        Stride::Density { .. } => "density",
        Stride::Neighbour { .. } => "neighbour",
    }
}

impl LoadRow {
    /// The load's name.
    pub(super) const fn name(&self) -> &'static str {
        stride_name(self.of.stride)
    }

    /// How many at once, of a closed loop.
    pub(super) const fn at_once(&self) -> Option<u32> {
        match self.of.stride {
            Stride::Throughput { at_once } => Some(at_once),
            _ => None,
        }
    }

    /// Arrivals a second, of an open loop.
    pub(super) const fn arrivals(&self) -> Option<f64> {
        match self.of.stride {
            Stride::Latency { per_second, .. } => Some(per_second),
            _ => None,
        }
    }

    /// The rate, of a closed loop.
    pub(super) const fn rate(&self) -> Option<Rate> {
        match self.of.figure {
            Some(LoadFigure::Rate(rate)) => Some(rate),
            _ => None,
        }
    }

    /// PSS and drop of available memory of one, in bytes.
    pub(super) const fn memory(&self) -> (Option<f64>, Option<f64>) {
        match self.of.figure {
            Some(LoadFigure::Memory { pss_each_bytes, available_each_bytes }) => {
                (pss_each_bytes, available_each_bytes)
            }
            _ => (None, None),
        }
    }

    /// How many were alive at once.
    pub(super) const fn most(&self) -> Option<u32> {
        match self.of.figure {
            Some(LoadFigure::Most { count, .. }) => Some(count),
            _ => None,
        }
    }

    /// What was done, in a few words.
    pub(super) fn stride(&self) -> String {
        match self.of.stride {
            Stride::Throughput { at_once } => format!("{at_once} at once"),
            Stride::Latency { per_second, .. } => format!("{} asked for", PerSecond(per_second)),
            Stride::Memory { count } => format!("{count} standing"),
            Stride::Density { most } => format!("up to {most}"),
            Stride::Neighbour { .. } => self
                .beside
                .map_or_else(|| "alone".to_owned(), |cell| format!("beside {}", cell.label())),
        }
    }

    /// The figure in words.
    pub(super) fn figure(&self) -> String {
        match self.of.figure {
            None => "—".to_owned(),
            Some(LoadFigure::Rate(rate)) => shown_rate(rate),
            Some(LoadFigure::Times(times)) => {
                let tail = match times.p99_seconds {
                    Some(p99) => format!(", p99 {p99}"),
                    None => format!(", longest {}", times.max_seconds),
                };
                format!("median {}{tail}", times.median_seconds)
            }
            Some(LoadFigure::Memory { pss_each_bytes, available_each_bytes }) => {
                let each =
                    |name: &str, value: Option<f64>| value.map(|v| format!("{name} {}", bytes(v)));
                let known = [each("PSS", pss_each_bytes), each("available", available_each_bytes)];
                let known: Vec<String> = known.into_iter().flatten().collect();
                if known.is_empty() { "—".to_owned() } else { known.join(", ") }
            }
            Some(LoadFigure::Most { count, all }) => {
                if all {
                    format!("{count}, all that was asked for")
                } else {
                    format!("{count} alive")
                }
            }
        }
    }

    /// The cells of its line in a table.
    pub(super) fn line(&self) -> Vec<String> {
        let mark = if self.of.tainted > 0 {
            super::run_table::DISTURBED.to_string()
        } else {
            String::new()
        };
        vec![
            self.cell.label(),
            self.name().to_owned(),
            self.stride(),
            self.figure(),
            format!("{}{mark}", self.of.n),
            self.of.failures.to_string(),
        ]
    }
}

/// The heads of the table of loads.
pub(super) const HEADS: [&str; 6] = ["backend", "load", "step", "figure", "n", "failed"];

fn shown_rate(rate: Rate) -> String {
    let range = rate.low_per_second.zip(rate.high_per_second);
    let range = range.map(|(low, high)| format!(" ({}–{})", PerSecond(low), PerSecond(high)));
    format!("{}{}", PerSecond(rate.per_second), range.unwrap_or_default())
}

/// Bytes that may be fewer than none: available memory may also rise.
fn bytes(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    let size = Bytes(value.abs() as u64);
    if value < 0.0 { format!("-{size}") } else { size.to_string() }
}

/// Whether the machine was quiet, as a sentence.
pub(super) fn verdict(verdict: &Verdict) -> String {
    let Verdict { samples, tainted, repeated, causes } = verdict;
    if *samples == 0 {
        return "nothing was counted, so nothing is said of the machine".to_owned();
    }
    let cause = |cause: &crate::model::load::Cause| {
        let worst = cause.worst.map(|worst| format!(", worst {worst}")).unwrap_or_default();
        format!("{} ({} samples{worst})", cause.taint.words(), cause.samples)
    };
    let causes: Vec<String> = causes.iter().map(cause).collect();
    let by = if causes.is_empty() { String::new() } else { format!(": {}", causes.join(", ")) };
    match (tainted, repeated) {
        (0, 0) => format!("the machine was quiet in all {samples} samples"),
        _ => format!(
            "{tainted} of {samples} samples were disturbed and stand, {repeated} were repeated{by}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::run_bmf::bmf;
    use super::super::run_csv::csv;
    use super::super::run_html::html;
    use super::super::run_markdown::markdown;
    use super::super::run_prometheus::prometheus;
    use super::super::run_sample::loaded;
    use super::*;

    #[test]
    fn loads_of_a_run_that_was_cut_off_are_in_every_form() {
        let whole = loaded();
        let cut = Run { tail: None, ..whole.clone() };
        assert_eq!(load_rows(&cut).len(), load_rows(&whole).len());
        for (form, words) in [
            (markdown(&cut), "20 standing"),
            (html(&cut).unwrap(), "20 standing"),
            (csv(&cut), ",throughput,"),
            (bmf(&cut).unwrap(), "/throughput/4"),
            (prometheus(&cut), "isomon_bench_load_rate_per_second{"),
        ] {
            assert!(form.contains(words), "{words}: {form}");
        }
    }
}
