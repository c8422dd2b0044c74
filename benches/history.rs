//! What the history costs: to write 1,000 nodes of 30 numbers each 2 s, to open, to read a day of one
//! number out of 30 days, and how large it gets beside the stated formula.
//!
//! `cargo bench --bench history -- long` writes the 30 days of all nodes, some GiB.

#![allow(clippy::unwrap_used, reason = "a program that measures")]

#[path = "rig/figure.rs"]
mod figure;

use std::path::Path;
use std::time::{Duration, Instant};

use figure::{Goal, number};
use isomon::model::id::SourceId;
use isomon::model::past::{PastWish, Track};
use isomon::model::text::SafeText;
use isomon::model::time::Stamp;
use isomon::store::history::size::{self, Load};
use isomon::store::history::{Keep, Reader, Writer};
use isomon::track::{Row, Shape};

const START_MS: i64 = 1_794_960_000_000;
const DAY_S: u64 = 86_400;
const COLUMNS: u16 = 30;

fn shape() -> Shape {
    Shape::new((0..COLUMNS).map(|column| SafeText::from(format!("column_{column}"))))
}

fn row(shape: &Shape, node: u64, ms: u64) -> Row {
    Row {
        track: Track::node(&SourceId(format!("node-{node}").into())),
        at: Stamp { mono_ms: ms, wall_ms: START_MS + i64::try_from(ms).unwrap() },
        shape: shape.clone(),
        values: (0..COLUMNS).map(|column| Some(f32::from(column) + (ms % 97_000) as f32)).collect(),
    }
}

/// Processor time of this process so far.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

/// Half an hour of a fleet, a second at a time: its share of one core.
fn write(dir: &Path, nodes: u64, seconds: u64) {
    let shape = shape();
    let mut writer = Writer::open(dir, Keep { bytes: 64 << 30, ..Keep::default() }).unwrap();
    let (mut spent, mut longest) = (Duration::ZERO, Duration::ZERO);
    for second in 0..seconds {
        let mine = (0..nodes).filter(|node| node % 2 == second % 2);
        let rows: Vec<Row> =
            mine.map(|node| row(&shape, node, second * 1_000 + node % 1_000)).collect();
        let (before, begun) = (cpu(), Instant::now());
        writer.append(&rows).unwrap();
        longest = longest.max(begun.elapsed());
        writer.tend(8 + writer.tracks() / 50).unwrap();
        spent += cpu().saturating_sub(before);
    }
    let cost = spent.as_secs_f64() / seconds as f64 * 100.0;
    let what = format!("written: {nodes} nodes of {COLUMNS} numbers each 2 s");
    number("history", &what, cost, "% of a core", Some(Goal::Most(25.0)));
    number("history", "longest commit of these", longest.as_secs_f64() * 1e3, "ms", None);
}

/// Thirty days of a few nodes, each 10 s.
fn fill(dir: &Path, nodes: u64, days: u64) {
    let shape = shape();
    let mut writer = Writer::open(dir, Keep { bytes: 64 << 30, ..Keep::default() }).unwrap();
    for hour in 0..days * 24 {
        let seconds = (0..360).map(|ten| hour * 3_600 + ten * 10);
        let rows: Vec<Row> = seconds
            .flat_map(|second| (0..nodes).map(move |node| (node, second)))
            .map(|(node, second)| row(&shape, node, second * 1_000 + node))
            .collect();
        writer.append(&rows).unwrap();
        while writer.tend(100_000).unwrap() {}
    }
}

fn read(dir: &Path, nodes: u64, days: u64) {
    let begun = Instant::now();
    let reader = Reader::open(dir).unwrap().unwrap();
    let opened = begun.elapsed().as_secs_f64() * 1e3;
    number("history", &format!("opened: {days} days"), opened, "ms", Some(Goal::Most(500.0)));
    let end = START_MS + i64::try_from(days * DAY_S).unwrap() * 1_000;
    let sources = vec![SourceId(format!("node-{}", nodes / 2).into())];
    for (name, from_days) in [("a day", 1), ("30 days", 30)] {
        let wish = PastWish {
            from_ms: end - from_days * 86_400_000,
            to_ms: end,
            most: 2_000,
            sources: sources.clone(),
        };
        let begun = Instant::now();
        let past = reader.past(&wish).unwrap();
        let (took, instants) = (begun.elapsed(), past.tracks[0].at_ms.len());
        let what = format!("read: {name} of one node, {instants} instants, of {days} days");
        number("history", &what, took.as_secs_f64() * 1e3, "ms", Some(Goal::Most(100.0)));
    }
}

fn weigh(dir: &Path, nodes: u64, days: u64) {
    let bytes = std::fs::metadata(dir.join("metric.db")).unwrap().len() as f64;
    let load = Load { interval_s: 10.0, columns: u32::from(COLUMNS), shape: u32::from(COLUMNS) };
    let wanted = size::bytes(load, u32::try_from(nodes).unwrap(), days as f64);
    let off = (bytes / wanted - 1.0) * 100.0;
    let what = format!(
        "size: {nodes} nodes, {days} days, {:.1} MiB: off the formula",
        bytes / 1_048_576.0
    );
    number("history", &what, off.abs(), "%", Some(Goal::Most(10.0)));
}

fn main() {
    let long = std::env::args().any(|word| word == "long");
    let home = tempfile::tempdir().unwrap();
    let (fleet, old) = (home.path().join("fleet"), home.path().join("old"));
    write(&fleet, 1_000, if long { 7_200 } else { 900 });
    let (nodes, days) = if long { (100, 30) } else { (4, 30) };
    fill(&old, nodes, days);
    read(&old, nodes, days);
    weigh(&old, nodes, days);
}
