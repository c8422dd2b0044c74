//! Rules beside a real Prometheus: the same series, the same rules in PromQL, and `promtool test rules`
//! says whether each fires in the same seconds.

#![allow(dead_code, clippy::unwrap_used, clippy::print_stdout, reason = "a test program")]

#[path = "alert/receiver.rs"]
mod receiver;
#[path = "support/store.rs"]
mod store;

use std::fmt::Write as _;
use std::process::Command;
use std::sync::Arc;

use isomon::model::alert::AlertState;
use isomon::model::id::SourceId;
use isomon::model::node::{Core, CpuUse, Memory, NodeSample};
use isomon::model::reading::Reading;
use isomon::model::time::Stamp;
use isomon::model::unit::{Bytes, Ratio};
use isomon::model::update::{Update, What};
use isomon::rule::judge::Sight;
use isomon::rule::{Judge, file};
use isomon::state::State;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use store::skip;

/// Rules, the same in PromQL, how long they have to hold, and how long they fire on.
const RULES: [(&str, &str, u64, u64); 12] = [
    ("cpu > 50.5%", "cpu > 50.5", 0, 0),
    ("cpu > 50.5", "cpu > 50.5", 5, 0),
    ("cpu > 50.5", "cpu > 50.5", 1, 3),
    ("cpu > 50.5", "cpu > 50.5", 4, 10),
    ("cpu <= 20.5", "cpu <= 20.5", 2, 0),
    ("cpu > 50.5 and memory > 40.5", "cpu > 50.5 and memory > 40.5", 2, 0),
    ("cpu > 70.5 or memory > 70.5", "cpu > 70.5 or memory > 70.5", 3, 2),
    ("cpu > 50.5 and not memory > 40.5", "cpu > 50.5 unless memory > 40.5", 2, 0),
    ("load1 / cpus >= 1.1", "load1 / cpus >= 1.1", 3, 0),
    ("cpu + 10 > memory * 2", "cpu + 10 > memory * 2", 1, 0),
    (
        "(cpu > 60.5 or load1 > 5) memory > 20.5",
        "(cpu > 60.5 or load1 > 5) and memory > 20.5",
        3,
        4,
    ),
    ("cpu > memory and load1 != 3", "cpu > memory and load1 != 3", 2, 0),
];
/// Seconds.
const LENGTH: usize = 180;

/// What is measured each second: processors and memory in percent, load.
struct Series {
    cpu: Vec<u32>,
    memory: Vec<u32>,
    load: Vec<u32>,
}

/// Numbers that stay for a while, then jump.
fn walk(random: &mut StdRng, most: u32) -> Vec<u32> {
    let mut all = Vec::new();
    while all.len() < LENGTH {
        let value = random.random_range(0..=most);
        let stays = random.random_range(1..9_usize);
        all.extend(std::iter::repeat_n(value, stays));
    }
    all.truncate(LENGTH);
    all
}

fn sample(series: &Series, second: usize) -> NodeSample {
    let busy = Ratio::new(f64::from(series.cpu[second]) / 100.0).unwrap();
    let total_bytes = Bytes(100 << 20);
    let available_bytes = Bytes((100 - u64::from(series.memory[second])) << 20);
    NodeSample {
        cpu: Reading::Known(CpuUse { busy, ..CpuUse::default() }),
        cores: vec![Core::default(); 4],
        load: Reading::Known([f64::from(series.load[second]), 0.0, 0.0]),
        memory: Reading::Known(Memory { total_bytes, available_bytes, ..Memory::default() }),
        ..NodeSample::default()
    }
}

/// In which seconds each rule fires here.
fn judged(series: &Series) -> Vec<Vec<bool>> {
    let mut text = String::from("presets = false\n");
    for (number, (when, _, lasts, keep)) in RULES.iter().enumerate() {
        writeln!(
            text,
            "[[rule]]\nname = \"r{number}\"\nwhen = \"{when}\"\nfor = \"{lasts}s\"\nkeep = \"{keep}s\""
        )
        .unwrap();
    }
    let mut judge = Judge::new(Arc::new(file::read("rules.toml", &text).unwrap()));
    let mut state = State::default();
    let mut fires = vec![Vec::new(); RULES.len()];
    for second in 0..LENGTH {
        let now = Stamp { mono_ms: second as u64 * 1_000, wall_ms: 0 };
        let what = What::Node(Box::new(sample(series, second)));
        state.apply(&Update { at: now, from: SourceId::local(), what });
        judge.judge(Sight { state: &state, now, own_ms: 1_000, bench: &[] });
        let firing = judge.alerts();
        for (number, fires) in fires.iter_mut().enumerate() {
            let name = format!("r{number}");
            fires.push(
                firing.iter().any(|alert| {
                    alert.id.rule.as_str() == name && alert.state == AlertState::Firing
                }),
            );
        }
    }
    fires
}

fn values(numbers: &[u32]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// The rules and the tests as promtool reads them.
fn translated(series: &Series, fires: &[Vec<bool>]) -> (String, String) {
    let mut rules = String::from("groups:\n  - name: g\n    rules:\n");
    for (number, (_, expr, lasts, keep)) in RULES.iter().enumerate() {
        writeln!(
            rules,
            "      - alert: r{number}\n        expr: '{expr}'\n        for: {lasts}s\n        keep_firing_for: {keep}s"
        )
        .unwrap();
    }
    let mut tests = String::from(
        "rule_files: [rules.yml]\nevaluation_interval: 1s\ntests:\n  - interval: 1s\n    input_series:\n",
    );
    let cpus = vec![4; LENGTH];
    let all = [
        ("cpu", &series.cpu),
        ("memory", &series.memory),
        ("load1", &series.load),
        ("cpus", &cpus),
    ];
    for (name, numbers) in all {
        let values = values(numbers);
        writeln!(tests, "      - series: '{name}{{node=\"local\"}}'\n        values: '{values}'")
            .unwrap();
    }
    tests.push_str("    alert_rule_test:\n");
    for (number, fires) in fires.iter().enumerate() {
        for (second, fires) in fires.iter().enumerate() {
            let expected = if *fires { "[{exp_labels: {node: local}}]" } else { "[]" };
            writeln!(
                tests,
                "      - eval_time: {second}s\n        alertname: r{number}\n        exp_alerts: {expected}"
            )
            .unwrap();
        }
    }
    (rules, tests)
}

#[test]
fn rules_fire_when_those_of_prometheus_do() {
    for seed in 0..5 {
        let mut random = StdRng::seed_from_u64(seed);
        let series = Series {
            cpu: walk(&mut random, 100),
            memory: walk(&mut random, 100),
            load: walk(&mut random, 8),
        };
        let fires = judged(&series);
        let some = fires.iter().flatten().filter(|fires| **fires).count();
        assert!(some > LENGTH, "the rules fire at times: {some}");
        let (rules, tests) = translated(&series, &fires);
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("rules.yml"), rules).unwrap();
        std::fs::write(home.path().join("tests.yml"), tests).unwrap();
        let words = ["test", "rules", "tests.yml"];
        let output = match Command::new("promtool").args(words).current_dir(home.path()).output() {
            Ok(output) => output,
            Err(error) => return skip(&format!("promtool: {error} (Debian: prometheus)")),
        };
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "seed {seed}: {}",
            said.chars().take(4_000).collect::<String>()
        );
    }
}

/// A recording: processors busy from the 20th to the 60th second.
fn recording(home: &std::path::Path) -> std::path::PathBuf {
    let path = home.join("tape.ndjson");
    let mut lines = String::new();
    for second in 0..120_u64 {
        let cpu = if (20..60).contains(&second) { 95 } else { 5 };
        let series = Series { cpu: vec![cpu], memory: vec![10], load: vec![1] };
        let at = Stamp {
            mono_ms: second * 1_000,
            wall_ms: 1_795_253_412_000 + i64::try_from(second).unwrap() * 1_000,
        };
        let what = What::Node(Box::new(sample(&series, 0)));
        let update = Update { at, from: SourceId::local(), what };
        lines.push_str(&serde_json::to_string(&update).unwrap());
        lines.push('\n');
    }
    std::fs::write(&path, lines).unwrap();
    path
}

fn isomon(home: &std::path::Path, words: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_isomon"))
        .args(words)
        .env_clear()
        .env("HOME", home)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn rules_are_tried_on_a_recording() {
    let home = tempfile::tempdir().unwrap();
    let tape = recording(home.path());
    let tape = tape.to_str().unwrap();
    let rules = home.path().join("own.toml");
    let with = |text: &str| {
        std::fs::write(&rules, text).unwrap();
        isomon(
            home.path(),
            &["alerts", "check", tape, "--rules", rules.to_str().unwrap(), "--json"],
        )
    };
    let (code, out, _) = with(
        "presets = false\n[[rule]]\nname = \"busy\"\nwhen = \"cpu > 90%\"\nfor = \"10s\"\nkeep = \"0s\"",
    );
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    let fired = &found["fired"][0];
    assert_eq!(
        (code, fired["rule"].as_str(), fired["seconds"].as_f64()),
        (Some(1), Some("busy"), Some(30.0))
    );
    assert_eq!(fired["from"], "2026-11-21T09:30:43.000Z", "{fired}");
    let named = ["alerts", "check", tape, "--rules", rules.to_str().unwrap()];
    let (_, out, _) = isomon(home.path(), &named);
    assert!(out.contains("\n1 alert in ") && out.contains("; 1 of 1 rule had "), "{out}");
    let (code, out, _) = isomon(home.path(), &["alerts", "check", tape]);
    assert_eq!(code, Some(0), "the rules isomon comes with are quiet: {out}");
    let (code, _, said) = with("[[rule]]\nname = \"a\"\nwhen = \"cpuu > 90%\"");
    assert_eq!(code, Some(2));
    assert!(said.contains("own.toml:3:9") && said.contains("did you mean `cpu`?"), "{said}");
    let (code, out, _) = isomon(home.path(), &["alerts", "readings"]);
    assert!(code == Some(0) && out.contains("gpu.temperature"));
    let (code, out, _) = isomon(home.path(), &["alerts", "list"]);
    assert!(code == Some(0) && out.contains("nothing has fired yet"), "{out}");
    let (code, _, said) = isomon(home.path(), &["alerts", "test"]);
    assert!(code == Some(2) && said.contains("no receiver is set"), "{said}");
}
