//! Dashboards and alert rules: every expression is asked of a real Prometheus that scrapes a real
//! `isomon serve`, and must find something; the rules are checked and tried with `promtool`.

#![allow(dead_code, clippy::unwrap_used, clippy::print_stdout, reason = "a test program")]

#[path = "support/home.rs"]
mod home;
#[path = "support/made.rs"]
mod made;
#[path = "serve/server.rs"]
mod server;
#[path = "support/store.rs"]
mod store;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use home::Home;
use isomon::config::Threshold;
use isomon::hub::local::new_id;
use isomon::model::load::{LoadFigure, LoadSummary, Rate, Stride};
use isomon::report::exposition::{Metric, all};
use isomon::report::grafana::{BOARDS, expression, used};
use isomon::report::rule::{self, RULES};
use isomon::store::RunDir;
use serde_json::json;
use server::Server;
use store::{Prometheus, pause, skip};

/// What only some machines have: a metric that begins so may be missing here, and why.
const ELSEWHERE: [(&str, &str); 7] = [
    ("gpu_", "a GPU"),
    ("network_receive_", "an interface beyond the loopback"),
    ("network_transmit_", "an interface beyond the loopback"),
    ("temperature_celsius", "a sensor of temperature"),
    ("remote_write_", "remote write is tried in a test of its own"),
    ("backend_workload_p95_last_hour", "twenty workloads of a backend"),
    ("bench_density_sandboxes", "a run with as many sandboxes as there is room for"),
];

fn is_elsewhere(line: &str, metrics: &[Metric]) -> bool {
    let beyond = |name: &str| ELSEWHERE.iter().any(|(start, _)| name.starts_with(start));
    let full = |metric: &&Metric| metric.full();
    let used = used(line, metrics);
    used.iter().any(|metric| beyond(full(metric).trim_start_matches("isomon_")))
}

/// A home with a finished run, whose figures are on the page.
fn home() -> Home {
    let home = Home::new();
    let mut run = made::whole(7, 200, &[(0.01, made::Shape::Normal(0.1))]);
    run.head.id = new_id();
    let tail = run.tail.as_mut().unwrap();
    tail.loads = loads();
    let dir = RunDir::create(&home.path().join(".local/state/isomon/runs"), &run.head).unwrap();
    dir.finish(&run).unwrap();
    home
}

fn loads() -> Vec<LoadSummary> {
    let of = |stride, figure| LoadSummary {
        cell: 0,
        stride,
        n: 30,
        failures: 0,
        tainted: 0,
        figure: Some(figure),
        energy_each_joules: None,
    };
    let rate = Rate { per_second: 90.0, low_per_second: Some(80.0), high_per_second: Some(99.0) };
    let memory = LoadFigure::Memory { pss_each_bytes: Some(1e6), available_each_bytes: Some(2e6) };
    vec![
        of(Stride::Throughput { at_once: 4 }, LoadFigure::Rate(rate)),
        of(Stride::Memory { count: 16 }, memory),
    ]
}

#[test]
fn every_expression_finds_something_in_a_real_store() {
    let server = Server::start_in(
        home(),
        &["--allow-exec", "--allow-bench", "--trust-local", "-i", "500ms"],
    );
    let config = format!(
        "global:\n  scrape_interval: 1s\n  evaluation_interval: 1s\nrule_files: ['{}']\n\
         scrape_configs:\n  - job_name: isomon\n    static_configs:\n      - targets: ['{}']\n",
        asset("prometheus/rules.yml").display(),
        server.address
    );
    let Some(store) = Prometheus::start(&config, &[]) else { return };
    let header = "Content-Type: application/json";
    let order = json!({"runtime": "command", "isolation": "process", "code": "true"}).to_string();
    assert_eq!(server.ask("POST", "/v1/workloads", &[header], &order).status, 201);
    assert_eq!(server.ask("POST", "/v1/backends/check", &[header], "{}").status, 200);
    let begin = Instant::now();
    let soon = |query: &str| {
        while store.ask(query).is_empty() {
            if begin.elapsed() > Duration::from_secs(150) {
                return false;
            }
            pause(300);
        }
        true
    };
    assert!(soon("isomon_backend_room_sandboxes"), "the backends are tried");
    let metrics = all();
    let (mut asked, mut elsewhere) = (0, Vec::new());
    for board in BOARDS {
        for panel in board.panels {
            for (line, _) in panel.lines {
                let query = expression(line, &metrics).replace("$instance", ".*");
                asked += 1;
                if is_elsewhere(line, &metrics) {
                    // It must be understood all the same.
                    elsewhere.push((panel.title, store.ask(&query).len()));
                } else {
                    assert!(soon(&query), "{}, {}: {query}", board.title, panel.title);
                }
            }
        }
    }
    for rule in &RULES {
        let query = rule::expression(rule, &metrics, &Threshold::default());
        store.ask(&query);
        asked += 1;
    }
    println!("{asked} expressions; of other hardware: {elsewhere:?}");
    assert!(elsewhere.len() < asked / 3);
    known(&store, &metrics);
}

/// Whatever isomon exposes is in the table, with these labels.
fn known(store: &Prometheus, metrics: &[Metric]) {
    let rows = store.ask("{__name__=~\"isomon_.*\"}");
    assert!(rows.len() > 50);
    for row in rows {
        let labels = row["metric"].as_object().unwrap();
        let name = labels["__name__"].as_str().unwrap();
        let metric = metrics.iter().find(|metric| metric.full() == name);
        let metric = metric.unwrap_or_else(|| panic!("{name} is not in the table"));
        for label in labels.keys().filter(|label| !label.starts_with("__")) {
            let scraped = ["job", "instance", "exported_instance"].contains(&label.as_str());
            assert!(scraped || metric.labels.contains(&label.as_str()), "{name} has {label}");
        }
    }
}

fn asset(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(name)
}

fn promtool(words: &[&str]) {
    let output = match Command::new("promtool").args(words).output() {
        Ok(output) => output,
        Err(error) => return skip(&format!("promtool: {error} (Debian: prometheus)")),
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn the_rules_are_right_and_fire_when_they_should() {
    let rules = asset("prometheus/rules.yml");
    promtool(&["check", "rules", rules.to_str().unwrap()]);
    let tests = asset("prometheus/rules_test.yml");
    promtool(&["test", "rules", tests.to_str().unwrap()]);
    let text = std::fs::read_to_string(tests).unwrap();
    for rule in &RULES {
        assert!(text.contains(rule.name), "{} is not tried", rule.name);
    }
}

#[test]
fn a_dashboard_is_what_grafana_imports() {
    for board in BOARDS {
        let path = asset(&format!("grafana/{}.json", board.name));
        let text = std::fs::read_to_string(path).unwrap();
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        let panels = read["panels"].as_array().unwrap();
        assert_eq!(panels.len(), board.panels.len());
        let mut taken = std::collections::BTreeSet::new();
        for panel in panels {
            let at = &panel["gridPos"];
            let (x, y) = (at["x"].as_u64().unwrap(), at["y"].as_u64().unwrap());
            assert!(x + at["w"].as_u64().unwrap() <= 24 && taken.insert((x, y)), "{panel}");
            assert!(!panel["description"].as_str().unwrap().is_empty(), "{panel}");
            let targets = panel["targets"].as_array().unwrap();
            assert!(targets.iter().all(|t| t["expr"].as_str().unwrap().contains("isomon_")));
        }
        assert!(!text.contains("$cpu") && read["uid"].as_str().unwrap().starts_with("isomon-"));
    }
}
