//! What programs are told of runs: benchctl's shapes, and isomon's own.

use base64::Engine as _;
use serde_json::json;

use crate::home::Home;
use crate::results;
use crate::server::{Server, TOKEN};

/// A server of the usual results.
pub(crate) fn served() -> Server {
    let home = Home::new();
    results::made(home.path());
    Server::start_in(home, &["--results", "results"])
}

#[test]
fn runs_and_files_are_in_benchctls_shapes() {
    let server = served();
    let runs = server.json("/api/runs");
    let ids: Vec<&str> =
        runs.as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["run-004", "3", "2", "1"], "latest first; half written ones are passed over");
    assert_eq!(
        runs[3],
        json!({ "id": "1", "benchmark_name": "cache", "start_time": "2026-01-20T09:00:00.123456789+01:00",
            "end_time": "2026-01-20T09:00:42+01:00", "custom": { "branch": "main", "throughput": "120.5" } })
    );
    let run = server.json("/api/runs/1");
    assert_eq!(run["metadata"]["run_id"], "1");
    assert!(run["metadata"].get("status").is_none(), "0.2 had none");
    let files = run["files"].as_array().unwrap();
    let told: Vec<(&str, &str, &str)> = files
        .iter()
        .map(|file| ["name", "ext", "kind"].map(|key| file[key].as_str().unwrap()).into())
        .collect();
    assert_eq!(
        told,
        [
            ("latency.png", "png", "image"),
            ("load.csv", "csv", "csv"),
            ("notes.txt", "txt", "other")
        ]
    );
    assert!(
        files[0]["size"].as_u64().unwrap() > 60
            && files[0]["mtime"].as_str().unwrap().ends_with('Z')
    );
    assert_eq!(server.json("/api/runs/2")["metadata"]["git"]["commit"], "f56b5b3aa");
    assert_eq!(server.json("/api/runs/3")["metadata"]["error"], "stage 'load' failed");
    let text = server.ask("GET", "/api/runs/1/files/notes.txt", &[], "");
    assert_eq!((text.status, text.body.as_str()), (200, "quiet\n"));
    for (path, status) in [
        ("/api/runs/1/files/metadata.json", 404),
        ("/api/runs/1/files/../2/load.csv", 400),
        ("/api/runs/1/files/..%2f2%2fload.csv", 400),
        ("/api/runs/1/files/%2e%2e", 400),
        ("/api/runs/1/files/gone.csv", 404),
        ("/api/runs/9", 404),
        ("/api/runs/5", 404),
        ("/api/runs/..", 404),
        ("/api/runs/%2e%2e%2fresults%2f1", 404),
    ] {
        let answer = server.ask("GET", path, &[], "");
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert!(answer.body.starts_with("{\"error\""), "{path}: {}", answer.body);
    }
}

#[test]
fn what_isomon_knows_more_is_told_too() {
    let server = served();
    let list = server.json("/v1/results?search=LRU+size%3D64&limit=1");
    assert_eq!((&list["total"], &list["results"][0]["id"]), (&json!(2), &json!("3")));
    assert_eq!(server.json("/v1/results/1")["brief"]["status"], "success", "it was written at all");
    let run = server.json("/v1/results/run-004");
    assert_eq!(run["run"]["tail"]["failure"]["lines"][0], "cannot connect");
    assert_eq!(run["files"].as_array().unwrap().last().unwrap()["name"], "plots/latency.png");
    let table = server.json("/v1/results/run-004/tables/load.csv");
    assert_eq!(table["rows"], 100);
    let column = &table["columns"][1];
    assert_eq!((&column["name"], &column["unit"]), (&json!("latency"), &json!("ms")));
    assert_eq!(
        (&column["figures"]["min"], &column["figures"]["p95"]),
        (&json!(7.0), &json!(101.0))
    );
    let picture = server.ask("GET", "/v1/results/run-004/files/plots/latency.png", &[], "");
    assert!(picture.status == 200 && picture.head.contains("content-type: image/png"));
    let compared = server.json("/v1/results/compare?runs=2,3");
    assert_eq!(compared["metadata"][0], json!({ "name": "branch", "values": ["lru", "lru"] }));
    let columns = compared["columns"].as_array().unwrap();
    let latency = columns.iter().find(|column| column["column"] == "latency_ms").unwrap();
    assert_eq!(latency["figures"][0]["median"], 51.5);
    assert!((latency["change_percent"][1].as_f64().unwrap() - 100.0 / 51.5).abs() < 1e-9);
    for (path, status) in [
        ("/v1/results/compare?runs=2,99", 404),
        ("/v1/results/compare?runs=,", 400),
        ("/v1/results/compare", 400),
        ("/v1/results/1/tables/notes.txt", 404),
        ("/v1/results/1/files/plots/..", 404),
        ("/v1/results/1/files/plots/..%2f..%2f2%2fload.csv", 404),
    ] {
        assert_eq!(server.ask("GET", path, &[], "").status, status, "{path}");
    }
}

#[test]
fn a_directory_that_is_not_there_is_a_mistake_and_none_is_fine() {
    let home = Home::new();
    let output =
        home.run(&["serve", "--listen", "127.0.0.1:0", "--no-check", "--results", "resluts"]);
    let said = crate::home::err(&output);
    assert_eq!(crate::home::status(&output), Some(2), "{said}");
    assert!(said.contains("resluts") && said.contains("output_dir"), "{said}");
    let server = Server::start(&[]);
    assert_eq!(server.json("/api/runs"), json!([]));
    let page = server.ask("GET", "/", &[], "");
    assert!(page.body.contains("No runs yet") && page.body.contains("isomon run benchmark.yaml"));
}

#[test]
fn a_run_that_is_linked_to_is_told_without_any_flag() {
    let home = Home::new();
    results::own(&home.path().join("elsewhere/run-001"), "latency");
    let own = home.path().join(".local/state/isomon/runs");
    std::fs::create_dir_all(&own).unwrap();
    let id = "20260701-100000-0000abcd";
    std::os::unix::fs::symlink(home.path().join("elsewhere/run-001"), own.join(id)).unwrap();
    let server = Server::start_in(home, &[]);
    assert_eq!(server.json("/api/runs")[0]["id"], id);
    assert_eq!(server.json(&format!("/v1/results/{id}"))["brief"]["status"], "failed");
    assert_eq!(server.json("/v1/runs")["total"], 0, "it is no benchmark");
}

#[test]
fn a_browser_from_elsewhere_logs_in_with_the_token_and_may_only_look() {
    let server = Server::with_token(&["--allow-bench"]);
    // As a request that comes through a proxy, which is not of this machine.
    let far = "X-Forwarded-For: 10.0.0.9";
    let page = "Accept: text/html";
    let coded = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let basic = |token: &str| format!("Authorization: Basic {}", coded(&format!("me:{token}")));
    let (right, wrong) = (basic(TOKEN), basic("0123456789abcdef"));
    let asked = |headers: &[&str]| server.ask("GET", "/", &[&[far], headers].concat(), "");
    let stranger = asked(&[page]);
    assert_eq!(stranger.status, 401);
    assert!(stranger.head.contains("www-authenticate: basic realm="), "{}", stranger.head);
    assert!(stranger.body.contains("token as the password"), "{}", stranger.body);
    let program = asked(&[]);
    assert!(program.status == 401 && program.head.contains("www-authenticate: bearer"));
    assert_eq!(asked(&[page, &wrong]).status, 401);
    assert_eq!(asked(&[page, &right]).status, 200);
    let json = "Content-Type: application/json";
    let act = server.ask("POST", "/v1/runs", &[far, json, &right], "{}");
    assert_eq!(act.status, 401, "{}", act.body);
    let other = asked(&[page, &right, "Sec-Fetch-Site: cross-site"]);
    assert_eq!(other.status, 403);
    assert!(other.head.contains("text/html") && other.head.contains("default-src 'none'"));
}
