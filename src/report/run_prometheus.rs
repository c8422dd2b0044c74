//! The figures of a run in the text format of Prometheus (0.0.4), for a push gateway or a file that
//! `node_exporter` reads. What is not known is left out. A family's samples stand together.

use std::fmt::Write as _;

use super::exposition::{BENCH, Kind, Metric};
use super::load_row::{LoadRow, load_rows};
use super::node::prometheus::escaped;
use super::run_row::{Row, rows};
use crate::model::bench::{Cell, Estimate, Summary};
use crate::model::load::LoadFigure;
use crate::model::run::Run;
use crate::model::unit::Seconds;

/// A number that is told of each figure: the end of its name, what it is, how it is found.
type OfSummary = (&'static str, &'static str, fn(&Summary) -> Option<f64>);

const SUMMARY: [OfSummary; 10] = [
    ("median_seconds", "Median of a figure.", |of| time(of, |e| Some(e.median_seconds))),
    ("low_seconds", "Lower end of the 95 % interval of the median.", |of| {
        time(of, |e| e.low_seconds)
    }),
    ("high_seconds", "Upper end of the 95 % interval of the median.", |of| {
        time(of, |e| e.high_seconds)
    }),
    ("p90_seconds", "90th percentile, from 10 samples on.", |of| time(of, |e| e.p90_seconds)),
    ("p95_seconds", "95th percentile, from 20 samples on.", |of| time(of, |e| e.p95_seconds)),
    ("p99_seconds", "99th percentile, from 100 samples on.", |of| time(of, |e| e.p99_seconds)),
    ("longest_seconds", "Longest sample.", |of| time(of, |e| Some(e.max_seconds))),
    ("samples", "Good samples behind a figure.", |of| Some(f64::from(of.n))),
    ("failures", "Samples that failed.", |of| Some(f64::from(of.failures))),
    ("disturbed", "Samples behind a figure that are marked as disturbed.", |of| {
        Some(f64::from(of.tainted))
    }),
];

/// A number that is told of each step of a load.
type OfLoad = (&'static str, &'static str, fn(&LoadRow) -> Option<f64>);

const LOAD: [OfLoad; 10] = [
    ("load_rate_per_second", "Good results a second, so many at once.", |row| {
        row.rate().map(|rate| rate.per_second)
    }),
    ("load_rate_low_per_second", "Lower end of the 95 % interval of the rate.", |row| {
        row.rate()?.low_per_second
    }),
    ("load_rate_high_per_second", "Upper end of the 95 % interval of the rate.", |row| {
        row.rate()?.high_per_second
    }),
    ("load_median_seconds", "Median time under a load.", |row| Some(times(row)?.median_seconds.0)),
    ("load_p99_seconds", "99th percentile under a load, from 100 results on.", |row| {
        times(row)?.p99_seconds.map(|seconds| seconds.0)
    }),
    ("memory_pss_bytes", "PSS of one sandbox that stands still, less guest memory.", |row| {
        row.memory().0
    }),
    ("memory_available_bytes", "Drop of available memory for each sandbox.", |row| row.memory().1),
    ("density_sandboxes", "Sandboxes alive at once when a bound was met.", |row| {
        row.most().map(f64::from)
    }),
    ("load_failures", "Sandboxes of a load that failed.", |row| Some(f64::from(row.of.failures))),
    ("load_energy_joules", "Energy of each good result of a load.", |row| {
        row.of.energy_each_joules
    }),
];

/// A number that is told once of the run.
type OfRun = (&'static str, &'static str);

const INFO: OfRun = ("info", "The run, 1.");
const END: OfRun = ("end_timestamp_seconds", "When the run ended, in seconds since 1970.");
const COUNTED: OfRun = ("counted_samples", "Samples and steps that count.");
const DISTURBED: OfRun = ("disturbed_samples", "Of those, how many were disturbed and stand.");
const REPEATED: OfRun = ("repeated_samples", "Samples that were disturbed and measured again.");

/// Labels of what is told of a cell.
const OF_CELL: &[&str] = &["run", "node", "backend", "start", "payload", "amount", "figure"];
/// Labels of what is told of a load; the last three where they mean something.
const OF_LOAD: &[&str] = &[
    "run",
    "node",
    "backend",
    "start",
    "payload",
    "amount",
    "load",
    "at_once",
    "arrivals_per_second",
    "beside",
];

/// Every metric of a run.
pub fn metrics() -> Vec<Metric> {
    let of = |labels| {
        move |(name, help): OfRun| Metric { prefix: BENCH, name, help, kind: Kind::Gauge, labels }
    };
    let info = of(&["run", "node", "name", "isomon", "kernel", "seed"])(INFO);
    let once = [END, COUNTED, DISTURBED, REPEATED].map(of(&["run", "node"]));
    let cells = SUMMARY.map(|(name, help, _)| of(OF_CELL)((name, help)));
    let loads = LOAD.map(|(name, help, _)| of(OF_LOAD)((name, help)));
    std::iter::once(info).chain(once).chain(cells).chain(loads).collect()
}

/// The page; every name begins with `isomon_bench_`.
pub fn prometheus(run: &Run) -> String {
    let mut page = String::new();
    let own = own_labels(run);
    family(&mut page, INFO.0, INFO.1, [(info_labels(run, &own), Some(1.0))]);
    let ended = run.tail.as_ref().map(|tail| tail.ended.wall_ms as f64 / 1e3);
    family(&mut page, END.0, END.1, [(own.clone(), ended)]);
    let rows = rows(run);
    for (name, help, find) in SUMMARY {
        let of = |row: &Row| {
            let labels = cell_labels(&own, row.cell);
            let one =
                move |of: &Summary| (format!("{labels},figure=\"{}\"", of.figure.name()), find(of));
            row.figures.iter().map(one).collect::<Vec<_>>()
        };
        family(&mut page, name, help, rows.iter().flat_map(of));
    }
    let loads = load_rows(run);
    for (name, help, find) in LOAD {
        let one = |row: &LoadRow| (load_labels(&own, row), find(row));
        family(&mut page, name, help, loads.iter().map(one));
    }
    verdict(&mut page, run, &own);
    page
}

fn verdict(page: &mut String, run: &Run, own: &str) {
    let known = run.tail.as_ref().and_then(|tail| tail.verdict.as_ref());
    let one = |count: Option<u32>| [(own.to_owned(), count.map(f64::from))];
    let all = known.map(|of| of.samples);
    for ((name, help), count) in [
        (COUNTED, all),
        (DISTURBED, known.map(|of| of.tainted)),
        (REPEATED, known.map(|of| of.repeated)),
    ] {
        family(page, name, help, one(count));
    }
}

/// A family with its known samples; nothing where none is known.
fn family(
    page: &mut String,
    name: &str,
    help: &str,
    samples: impl IntoIterator<Item = (String, Option<f64>)>,
) {
    let finite = |value: &f64| value.is_finite();
    let known =
        samples.into_iter().filter_map(|(labels, value)| Some((labels, value.filter(finite)?)));
    let mut known = known.peekable();
    if known.peek().is_none() {
        return;
    }
    let _infallible = writeln!(page, "# HELP isomon_bench_{name} {help}");
    let _infallible = writeln!(page, "# TYPE isomon_bench_{name} gauge");
    for (labels, value) in known {
        let _infallible = writeln!(page, "isomon_bench_{name}{{{labels}}} {value}");
    }
}

fn own_labels(run: &Run) -> String {
    let host = escaped(run.head.fingerprint.hostname.as_str());
    format!("run=\"{}\",node=\"{host}\"", escaped(run.head.id.as_str()))
}

fn info_labels(run: &Run, own: &str) -> String {
    let name = run.head.plan.name.as_ref().map_or("", |name| name.as_str());
    let print = &run.head.fingerprint;
    let kernel = print.kernel.as_ref().map_or("", |kernel| kernel.as_str());
    let (isomon, seed) =
        (escaped(super::run_text::safe(&print.isomon).as_str()), run.head.plan.seed);
    let (name, kernel) = (escaped(name), escaped(kernel));
    format!("{own},name=\"{name}\",isomon=\"{isomon}\",kernel=\"{kernel}\",seed=\"{seed}\"")
}

fn cell_labels(own: &str, cell: Cell) -> String {
    let (backend, start, payload) = (cell.backend, cell.start.name(), cell.payload);
    let amount = payload.amount();
    format!(
        "{own},backend=\"{backend}\",start=\"{start}\",payload=\"{payload}\",amount=\"{amount}\""
    )
}

fn load_labels(own: &str, row: &LoadRow) -> String {
    let mut labels = format!("{},load=\"{}\"", cell_labels(own, row.cell), row.name());
    if let Some(at_once) = row.at_once() {
        let _infallible = write!(labels, ",at_once=\"{at_once}\"");
    }
    if let Some(arrivals) = row.arrivals() {
        let _infallible = write!(labels, ",arrivals_per_second=\"{arrivals}\"");
    }
    if row.name() == "neighbour" {
        let beside = row.beside.map_or_else(|| "nothing".to_owned(), |cell| cell.label());
        let _infallible = write!(labels, ",beside=\"{}\"", escaped(&beside));
    }
    labels
}

fn time(of: &Summary, find: impl Fn(&Estimate) -> Option<Seconds>) -> Option<f64> {
    find(of.estimate.as_ref()?).map(|seconds| seconds.0)
}

fn times(row: &LoadRow) -> Option<Estimate> {
    match row.of.figure {
        Some(LoadFigure::Times(times)) => Some(times),
        _ => None,
    }
}
