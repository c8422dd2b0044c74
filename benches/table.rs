//! What a large table costs: a CSV of 1 GB made on the spot, read by `csv` alone, then drawn, looked into
//! and checked by isomon. `ISOMON_TABLE_MB` makes it another size.
#![expect(clippy::print_stdout, reason = "says what it finds")]

#[path = "rig/figure.rs"]
mod figure;

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Instant;

use figure::words;

use isomon::model::unit::Seconds;
use isomon::model::workflow::plot::{Aggregation, PlotKind, PlotSpec};
use isomon::plot::table::{Source, figure};
use isomon::table::digest::digest;

type Done = Result<(), Box<dyn std::error::Error>>;

fn main() -> Done {
    let megabytes = std::env::var("ISOMON_TABLE_MB").ok();
    let megabytes: u64 = megabytes.map_or(Ok(1_000), |words| words.parse())?;
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("table.csv");
    let rows = make(&path, megabytes * 1_000_000)?;
    println!("{rows} rows, {megabytes} MB");
    // Once for the page cache, which is the same for all that follow.
    let _cold = alone(&path)?;
    let begin = Instant::now();
    let read = alone(&path)?;
    let alone = begin.elapsed().as_secs_f64();
    say("csv alone", megabytes, alone, alone);
    for (name, spec) in specs() {
        let begin = Instant::now();
        let digest = digest(File::open(&path)?, &spec, &[])?;
        let figure = figure(&spec, vec![Source { run: "1".to_owned(), digest }])?;
        let bytes = drawn(&figure)?;
        say(name, megabytes, begin.elapsed().as_secs_f64(), alone);
        assert!(bytes > 1_000, "a picture");
    }
    let begin = Instant::now();
    let view = isomon::table::view("table", "table.csv", File::open(&path)?, &[])?;
    say("view", megabytes, begin.elapsed().as_secs_f64(), alone);
    assert_eq!((view.rows, read), (rows, rows + 1), "every row was read");
    let begin = Instant::now();
    isomon::table::check(File::open(&path)?, &[])?;
    say("check", megabytes, begin.elapsed().as_secs_f64(), alone);
    Ok(())
}

/// The pictures that are timed.
fn specs() -> [(&'static str, PlotSpec); 5] {
    let list = |name: &str| vec![name.to_owned()];
    let curve = PlotSpec {
        title: "Latency over time".to_owned(),
        x: list("timestamp"),
        y: list("latency_ms"),
        ..PlotSpec::default()
    };
    let p99 = PlotSpec {
        aggregation: Some(Aggregation::P99),
        window: Some(Seconds(10.0)),
        groupby: Some("status".to_owned()),
        ..curve.clone()
    };
    // As long as the span wants it, which is known when all rows were read.
    let p95 = PlotSpec { aggregation: Some(Aggregation::P95), ..curve.clone() };
    let histogram = PlotSpec {
        kind: PlotKind::Histogram,
        x: list("latency_ms"),
        y: Vec::new(),
        ..curve.clone()
    };
    let boxes = PlotSpec { kind: PlotKind::Boxplot, x: list("status"), ..curve.clone() };
    [
        ("curve", curve),
        ("p99 by group", p99),
        ("p95", p95),
        ("histogram", histogram),
        ("box plot", boxes),
    ]
}

#[cfg(feature = "plot")]
fn drawn(figure: &isomon::plot::table::Figure) -> Result<usize, String> {
    Ok(isomon::plot::draw::figure_png(figure, isomon::plot::draw::Theme::Light)?.len())
}

#[cfg(not(feature = "plot"))]
fn drawn(_figure: &isomon::plot::table::Figure) -> Result<usize, String> {
    Ok(usize::MAX)
}

/// Requests of a load test, a thousand a second, until there are `bytes`.
fn make(path: &Path, bytes: u64) -> Result<u64, std::io::Error> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(file, "timestamp,latency_ms,status,response_time_ms,task_type")?;
    let (mut rows, mut written, mut state) = (0_u64, 0, 42_u64);
    while written < bytes {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let share = (state >> 40) as f64 / (1_u64 << 24) as f64;
        let latency = 5.0 - 20.0 * (1.0 - share).ln();
        let status = if state >> 58 == 0 { 500 } else { 200 };
        let line = format!(
            "{},{latency:.3},{status},{:.3},read\n",
            1_767_323_045_000 + rows,
            latency * 0.9
        );
        written += line.len() as u64;
        file.write_all(line.as_bytes())?;
        rows += 1;
    }
    file.flush()?;
    Ok(rows)
}

/// Rows that `csv` alone finds, the header among them.
fn alone(path: &Path) -> Result<u64, csv::Error> {
    let mut builder = csv::ReaderBuilder::new();
    let mut reader = builder.has_headers(false).buffer_capacity(1 << 18).from_path(path)?;
    let (mut record, mut rows) = (csv::ByteRecord::new(), 0);
    while reader.read_byte_record(&mut record)? {
        rows += 1;
    }
    Ok(rows)
}

fn say(what: &str, megabytes: u64, seconds: f64, alone: f64) {
    let speed = megabytes as f64 / seconds;
    let ratio = seconds / alone;
    let told =
        format!("{seconds:.2} s, {speed:.0} MB/s, {ratio:.2} × csv alone, at most {}", peak());
    words("table", &format!("{what}, {megabytes} MB of CSV"), &told, "");
}

/// The most memory this process ever had.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "not known".to_owned(), |words| words.trim().to_owned())
}
