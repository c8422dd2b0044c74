//! Whether others read what isomon writes: each export through a reader that is not isomon's.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::run_sample::{loaded, run};
use super::{run_bmf, run_csv, run_hyperfine, run_json, run_prometheus};
use crate::model::run::Run;
use crate::model::text::SafeText;

/// What `program` says to `input`: its output where it was content; `None` where it is not here.
fn fed(program: &str, arguments: &[&str], input: &str) -> Option<Result<String, String>> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        let why = format!("{program} is not on PATH");
        assert!(std::env::var_os("ISOMON_REQUIRE_LIVE").is_none_or(|live| live != "1"), "{why}");
        eprintln!("passed over: {why}");
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _written = writer.join().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let all = text(&output.stdout) + &text(&output.stderr);
    Some(if output.status.success() { Ok(all) } else { Err(all) })
}

/// A run whose names are chosen to break a reader.
fn hostile() -> Run {
    let mut run = loaded();
    run.head.plan.name = Some(SafeText::new("=cmd|' /C'!A0 \"x\", {y=\"z\\\"} <script>\n#"));
    run.head.fingerprint.hostname = SafeText::new("a\\b\"c\n{d}");
    run
}

#[test]
fn json_comes_back_as_the_same_run() {
    for run in [run(), loaded(), hostile()] {
        let text = run_json::json(&run).unwrap();
        assert_eq!(serde_json::from_str::<Run>(&text).unwrap(), run);
    }
}

#[test]
fn python_reads_the_csv_with_as_many_cells_in_each_line() {
    let script = "import csv, json, sys\n\
        rows = list(csv.DictReader(sys.stdin, strict=True))\n\
        assert all(None not in row and None not in row.values() for row in rows)\n\
        print(json.dumps(rows))";
    let Some(read) = fed("python3", &["-c", script], &run_csv::csv(&hostile())) else { return };
    let rows: Vec<Value> = serde_json::from_str(&read.unwrap()).unwrap();
    let name = hostile().head.plan.name.unwrap();
    assert_eq!(rows[0]["name"], format!("'{name}"), "and it is no formula");
    let median: f64 = rows[0]["median_seconds"].as_str().unwrap().parse().unwrap();
    let known = hostile().tail.unwrap().summary[0].estimate.unwrap();
    assert_eq!(median.to_bits(), known.median_seconds.0.to_bits(), "to the last digit");
    let of = |figure: &str| rows.iter().filter(|row| row["figure"] == figure).count();
    assert_eq!((of("throughput"), of("neighbour"), of("memory")), (8, 6, 2));
    let steps = rows.iter().filter(|row| row["figure"] == "throughput");
    assert!(steps.clone().all(|row| row["rate_per_second"] != "" && row["median_seconds"] == ""));
    assert!(rows.iter().all(|row| row["run_repeated"] == "2"));
}

#[test]
fn prometheus_finds_nothing_wrong_with_the_page() {
    for run in [run(), loaded(), hostile()] {
        let page = run_prometheus::prometheus(&run);
        assert!(page.contains("# TYPE isomon_bench_median_seconds gauge\n"), "{page}");
        let mut names: Vec<&str> =
            page.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "a family stands once");
        let Some(said) = fed("promtool", &["check", "metrics"], &page) else { continue };
        assert_eq!(said, Ok(String::new()), "{page}");
    }
    let page = run_prometheus::prometheus(&loaded());
    assert!(page.contains("load=\"throughput\",at_once=\"8\"} 33\n"), "{page}");
}

#[test]
fn bencher_finds_a_number_for_each_measure() {
    let parsed: Value = serde_json::from_str(&run_bmf::bmf(&loaded()).unwrap()).unwrap();
    let benchmarks = parsed.as_object().unwrap();
    for (name, measures) in benchmarks {
        assert!(name.split('/').count() >= 4, "{name}");
        for (measure, metric) in measures.as_object().unwrap() {
            assert!(!measure.contains(' '), "{measure}");
            let fields = metric.as_object().unwrap();
            assert!(fields["value"].is_f64(), "{name}");
            let known = ["value", "lower_value", "upper_value"];
            assert!(fields.iter().all(|(key, of)| known.contains(&key.as_str()) && of.is_f64()));
        }
    }
    let start = &parsed["runc/cold/noop/start"]["latency"];
    let nanoseconds = start["value"].as_f64().unwrap();
    assert!((7e7..8e7).contains(&nanoseconds), "{start}");
    assert!(start["lower_value"].as_f64().unwrap() <= nanoseconds);
    assert_eq!(parsed["runc/cold/noop/throughput/4"]["throughput"]["value"], 33.0);
    assert!(parsed["runc/cold/noop/memory"]["memory"]["value"].is_f64());
    assert!(parsed["runc/cold/noop/neighbour/runc/cold/noop"]["latency"]["value"].is_f64());
    assert!(parsed.get("gvisor-systrap/cold/noop/start").is_none(), "it never worked");
}

/// The keys of a result with the kind of each value.
fn shape(result: &Value) -> Vec<(String, &'static str)> {
    let kind = |value: &Value| match value {
        Value::Number(_) | Value::Null => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "map",
        Value::Bool(_) => "flag",
    };
    result.as_object().unwrap().iter().map(|(key, of)| (key.clone(), kind(of))).collect()
}

#[test]
fn every_key_of_hyperfine_is_there_with_its_kind() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("h.json");
    let to = format!("--export-json={}", file.display());
    let arguments = ["-N", "--runs=2", "--style=none", &to, "-L", "x", "1", "echo {x}"];
    let Some(ran) = fed("hyperfine", &arguments, "") else { return };
    ran.unwrap();
    let theirs: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let ours: Value = serde_json::from_str(&run_hyperfine::hyperfine(&loaded()).unwrap()).unwrap();
    let ours = shape(&ours["results"][0]);
    for (key, kind) in shape(&theirs["results"][0]) {
        // What isomon does not know: exit codes of good samples are all 0, memory is another figure.
        if ["exit_codes", "memory_usage_byte"].contains(&key.as_str()) {
            continue;
        }
        assert!(ours.contains(&(key.clone(), kind)), "{key}: {kind}");
    }
}

/// What hyperfine's own scripts take out of the file: the command, its label, mean, deviation,
/// median, and the times, out of which they make histograms, quantiles and tests.
#[test]
fn python_makes_of_the_times_what_isomon_made_of_them() {
    let script = "import json, statistics, sys\n\
        for r in json.load(sys.stdin)['results']:\n\
        \u{20}   t = r['times']\n\
        \u{20}   assert abs(statistics.mean(t) - r['mean']) < 1e-9, r['command']\n\
        \u{20}   assert abs(statistics.median(t) - r['median']) < 1e-9, r['command']\n\
        \u{20}   assert abs(statistics.stdev(t) - r['stddev']) < 1e-9, r['command']\n\
        \u{20}   assert (min(t), max(t)) == (r['min'], r['max']), r['command']\n\
        \u{20}   assert all(isinstance(v, str) for v in r['parameters'].values())\n\
        \u{20}   print(r['command'])";
    let text = run_hyperfine::hyperfine(&loaded()).unwrap();
    let Some(read) = fed("python3", &["-c", script], &text) else { return };
    assert_eq!(read.unwrap().lines().count(), 5);
}
