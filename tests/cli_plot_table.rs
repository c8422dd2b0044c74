//! `isomon plot` of workflows' runs as a shell sees it: files, what they hold, and what is refused.
#![cfg(feature = "plot")]

use std::fs;
use std::path::Path;

#[path = "support/home.rs"]
mod home;

use home::{Home, err, out, status};

/// A workflow file of benchctl 0.2 as its `metadata.json` keeps it.
const CONFIG: &str = r#"{
  "benchmark": {"name": "load", "output_dir": "./results"},
  "stages": [{"name": "load", "command": "true", "outputs": [{
    "name": "results", "remote_path": "/tmp/results.csv",
    "data_schema": {"format": "csv", "columns": [
      {"name": "timestamp", "type": "timestamp", "unit": "s"},
      {"name": "latency_ms", "type": "float", "unit": "ms"},
      {"name": "status", "type": "string"}]}}]}],
  "plots": [
    {"name": "over_time", "title": "Latency over time", "source": "results", "type": "time_series",
     "x": "timestamp", "y": "latency_ms", "format": "png", "options": {"width_px": 900, "height_px": 450}},
    {"name": "spread", "title": "How latency is spread", "source": "results", "type": "histogram",
     "x": "latency_ms", "format": "svg", "groupby": "status"}]}"#;

/// Rows as benchctl's example writes them, a request each 100 ms.
fn table(slower: f64) -> String {
    let row = |at: u32| {
        let wave = (f64::from(at) / 40.0).sin() * 8.0 + f64::from(at * 7_919 % 17);
        let status = if at % 23 == 22 { 500 } else { 200 };
        format!(
            "{:.1},{:.2},{status}\n",
            1.767_323_045e9 + f64::from(at) / 10.0,
            40.0 + slower + wave
        )
    };
    "timestamp,latency_ms,status\n".to_owned() + &(0..600).map(row).collect::<String>()
}

/// A home with runs `results/1` and `results/2` that benchctl wrote.
fn home() -> Home {
    let home = Home::new();
    for (run, slower) in [("1", 0.0), ("2", 15.0)] {
        let dir = home.path().join("results").join(run);
        fs::create_dir_all(&dir).expect("a directory");
        let metadata = format!(
            r#"{{"run_id": "{run}", "benchmark_name": "load", "config": {CONFIG}, "start_time": "2026-01-02T03:04:05Z"}}"#
        );
        fs::write(dir.join("metadata.json"), metadata).expect("is written");
        fs::write(dir.join("results.csv"), table(slower)).expect("is written");
    }
    home
}

/// Width and height in the head of a PNG.
fn pixels(path: &Path) -> (u32, u32) {
    let png = fs::read(path).expect("a picture");
    assert!(png.starts_with(b"\x89PNG"));
    let number = |from: usize| u32::from_be_bytes(png[from..from + 4].try_into().expect("four"));
    (number(16), number(20))
}

#[test]
fn the_plots_that_a_file_wishes_go_beside_its_data_in_the_size_it_wishes() {
    let home = home();
    let output = home.run(&["plot", "1"]);
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    let run = home.path().join("results/1");
    assert_eq!(pixels(&run.join("over_time.png")), (900, 450));
    let svg = fs::read_to_string(run.join("spread.svg")).expect("a picture");
    assert!(svg.contains("How latency is spread") && svg.contains("share of values"), "{svg}");
    assert!(err(&output).contains("over_time.png") && err(&output).contains("spread.svg"));
}

#[test]
fn several_runs_are_drawn_over_each_other() {
    let home = home();
    let words = "plot 1 2 --source results --x timestamp --y latency_ms --aggregation p95 --window 5s --out both.svg";
    let output = home.run(&words.split(' ').collect::<Vec<_>>());
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    let svg = fs::read_to_string(home.path().join("both.svg")).expect("a picture");
    assert!(svg.contains("since the first row of each run") && svg.contains("95th percentile"));
    let output = home.run(&["plot", "results/2", "--plot", "over_time", "-o", "one.pdf"]);
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    assert!(fs::read(home.path().join("one.pdf")).expect("a picture").starts_with(b"%PDF"));
}

#[test]
fn a_terminal_shows_the_same() {
    let home = home();
    let output = home.run(&["plot", "1", "--terminal"]);
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    let shown = out(&output);
    assert!(shown.contains("Latency over time") && shown.contains("03:04"), "{shown}");
    assert!(shown.contains("━━ 200") && shown.contains('⣿'), "{shown}");
    assert!(!shown.contains('\u{1b}'), "no colours where there is no terminal");
}

#[test]
fn what_is_not_there_is_told_with_what_is_most_like_it() {
    let home = home();
    for (words, wanted) in [
        ("plot 1 --source result --y latency_ms", "--source results"),
        ("plot 1 --source results --y latency", "there is no column latency; latency_ms is there"),
        ("plot 1 --source results", "--y timestamp,latency_ms"),
        ("plot 1 --plot overtime", "--plot over_time"),
        ("plot 1 --option widthpx=3", "--option width_px=VALUE"),
        ("plot 1 --option width_px=wide", "--option width_px=wide: invalid type"),
        ("plot 1 --option width_px=9", "within 200 and 8000"),
        ("plot 9 --terminal", "9 is no run of a workflow"),
        ("plot 1 --format html", "--format svg, png or pdf"),
    ] {
        let output = home.run(&words.split(' ').collect::<Vec<_>>());
        assert_eq!(status(&output), Some(2), "{words}: {}", err(&output));
        assert!(err(&output).contains(wanted), "{words}: {}", err(&output));
    }
}

#[test]
fn a_file_that_is_no_table_is_an_error_with_its_place() {
    let home = home();
    let file = home.path().join("results/1/results.csv");
    for (bytes, wanted) in [
        (&b"timestamp;latency_ms\n1;2\n"[..], "parted by semicolons"),
        (b"", "is empty"),
        (b"timestamp,latency_ms\n", "no row below the header"),
        (b"timestamp,latency_ms\n1767323045,slow\n", "no number in column latency_ms"),
    ] {
        fs::write(&file, bytes).expect("is written");
        let output = home.run(&["plot", "1", "--plot", "over_time", "-o", "x.svg"]);
        assert_eq!(status(&output), Some(2), "{}", err(&output));
        assert!(err(&output).contains(wanted), "{}", err(&output));
    }
}
