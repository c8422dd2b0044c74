//! `make report`: what was measured of isomon on this machine, as one table in README.md.
//!
//! The measurements before it left their figures in the file that `ISOMON_REPORT` names. This adds the speed
//! of the parsers and of the statistics, and what each backend here takes to start, and names the machine.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use figure::{Goal, number, short, words};
use isomon::metric::{Bounds, Page};
use isomon::model::backend::BackendId;
use isomon::model::bench::{Cell, HostState, Outcome, Payload, Phase, Phases, Sample};
use isomon::model::unit::Seconds;
use isomon::stats::interval::RESAMPLES;
use isomon::stats::summary::summarise;
use serde_json::Value;

#[path = "rig/figure.rs"]
mod figure;

type Done<T = ()> = Result<T, Box<dyn Error>>;

/// Areas in their order, with what stands over their rows.
const AREAS: [(&str, &str); 9] = [
    ("cost", "The screen of 120×40, each program alone"),
    ("serve", "A node that is read by one client"),
    ("fleet", "Many nodes on one screen"),
    ("start", "Starts: median [95 %] from asked for to ready"),
    ("harness", "What measuring costs"),
    ("history", "History"),
    ("parser", "Parsers and statistics"),
    ("table", "Tables of workflows"),
    ("workflow", "Workflows"),
];

fn main() -> Done {
    let gathered =
        PathBuf::from(std::env::var_os("ISOMON_REPORT").ok_or("make report calls this")?);
    parsers();
    statistics();
    let machine = starts()?;
    write(&machine, &rows(&fs::read_to_string(gathered)?)?)
}

/// The least time of a few.
fn fastest(times: u32, mut work: impl FnMut()) -> Duration {
    let one = |_| {
        let begun = Instant::now();
        work();
        begun.elapsed()
    };
    (0..times).map(one).min().unwrap_or_default()
}

/// Bytes in a second that a page of metrics is read with, and when a page without end is given up.
fn parsers() {
    let mut page = String::new();
    for i in 0..50_000 {
        let labels = format!("cpu=\"{}\",mode=\"user\",host=\"node-{i}.example\"", i % 64);
        // Writing to a string never fails.
        writeln!(page, "node_cpu_seconds_total{{{labels}}} {}.25", i * 7).ok();
    }
    let bounds = Bounds::default();
    let took = fastest(10, || {
        std::hint::black_box(Page::read(page.as_bytes(), &bounds).map(|page| page.len()).ok());
    });
    let speed = page.len() as f64 / 1e6 / took.as_secs_f64();
    number("parser", "a page of 50,000 metrics", speed, "MB/s", Some(Goal::Least(100.0)));
}

/// Every figure of a run of a million samples, with its intervals.
fn statistics() {
    let backends = [BackendId::Process, BackendId::Namespaces, BackendId::Runc, BackendId::Wasm];
    let cells = backends.map(|backend| Cell::cold(backend, Payload::Cpu { rounds: 1 }));
    let samples: Vec<Sample> = (0..1_000_000).map(sample).collect();
    let took = fastest(2, || {
        std::hint::black_box(summarise(&cells, &samples, RESAMPLES, 3));
    });
    number("parser", "all figures of 1,000,000 samples", took.as_secs_f64(), "s", None);
}

/// One visit of one of four cells.
fn sample(index: u32) -> Sample {
    let mut phases = Phases::default();
    for phase in Phase::ALL {
        phases.set(phase, Seconds(f64::from(index.wrapping_mul(2_654_435_761) >> 8) / 1e10));
    }
    Sample {
        cell: index % 4,
        round: index / 4,
        warmup: false,
        attempt: 0,
        at_seconds: Seconds(f64::from(index)),
        phases,
        outcome: Outcome::Good,
        host: HostState::default(),
        taints: Vec::new(),
    }
}

/// Measures what starts here, and tells the machine.
fn starts() -> Done<String> {
    let home = tempfile::tempdir()?;
    let (run, table) = (home.path().join("run.json"), home.path().join("run.csv"));
    let status = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("target/release/isomon"))
        .args(["bench", "--preset", "quick", "--export-json"])
        .arg(&run)
        .arg("--export-csv")
        .arg(&table)
        .env("XDG_STATE_HOME", home.path())
        .status()?;
    // 1: something of it failed, which its rows say.
    if status.code() > Some(1) {
        return Err(format!("isomon bench: {status}").into());
    }
    let mut reader = csv::Reader::from_path(table)?;
    let heads = reader.headers()?.clone();
    let place =
        |name: &str| heads.iter().position(|head| head == name).ok_or_else(|| name.to_owned());
    let (figure, backend, start) = (place("figure")?, place("backend")?, place("start")?);
    let columns = [place("median_seconds")?, place("low_seconds")?, place("high_seconds")?];
    let tainted = (place("n")?, place("tainted")?);
    for row in reader.records() {
        let row = row?;
        let times = columns.map(|column| row[column].parse::<f64>());
        let [Ok(median), Ok(low), Ok(high)] = times else { continue };
        if &row[figure] == "start" {
            let told = [median, low, high].map(|time| short(time * 1e3));
            let told = format!("{} [{}, {}] ms", told[0], told[1], told[2]);
            let note = format!("{} of {} disturbed", &row[tainted.1], &row[tainted.0]);
            words("start", &format!("`{}` {}", &row[backend], &row[start]), &told, &note);
        }
    }
    machine(&serde_json::from_str(&fs::read_to_string(run)?)?)
}

/// The machine of a run, in a sentence.
fn machine(run: &Value) -> Done<String> {
    let of = &run["fingerprint"];
    let text = |name: &str| of[name].as_str().unwrap_or("unknown").to_owned();
    let memory = of["memory_bytes"].as_f64().ok_or("no memory_bytes")? / f64::from(1 << 30);
    let day = run["started_at"].as_str().unwrap_or_default();
    let day = day.split('T').next().unwrap_or_default();
    let cpus = &of["cpus"];
    Ok(format!(
        "isomon {} on {}, {cpus} processors, {memory:.0} GiB, {}, Linux {}, {day}.",
        text("isomon"),
        text("cpu_model"),
        text("os"),
        text("kernel"),
    ))
}

/// What was gathered: area, what, figure, goal.
fn rows(text: &str) -> Done<Vec<[String; 4]>> {
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// Puts the table between its marks.
fn write(machine: &str, rows: &[[String; 4]]) -> Done {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path)?;
    let (before, rest) =
        readme.split_once("<!-- report -->\n").ok_or("README.md: no first mark")?;
    let (_, after) = rest.split_once("<!-- /report -->").ok_or("README.md: no last mark")?;
    let mut table = format!("{machine}\n\n| what | measured | goal |\n|---|---|---|\n");
    for (area, title) in AREAS {
        let mine: Vec<_> = rows.iter().filter(|row| row[0] == area).collect();
        if !mine.is_empty() {
            writeln!(table, "| **{title}** | | |")?;
        }
        for [_, what, value, goal] in mine {
            writeln!(table, "| {what} | {value} | {goal} |")?;
        }
    }
    fs::write(&path, format!("{before}<!-- report -->\n{table}<!-- /report -->{after}"))?;
    Ok(())
}
