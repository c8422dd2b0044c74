//! Workloads over the real server in real sandboxes: what comes of them, what is recorded, and that
//! nothing of them stays, however hostile they are and however the server dies.

#![allow(
    dead_code,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test program, and parts it shares"
)]

#[path = "support/home.rs"]
mod home;
#[path = "serve/server.rs"]
mod server;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use home::Home;
use isomon::model::time::{Clock as _, SystemClock};
use isomon::model::workload::Status;
use isomon::store::workload::{Keep, Ledger, Record};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use server::{Answer, Server, TOKEN};

/// Every start sweeps what dead runs left, so whoever kills one must be alone.
static KILLING: RwLock<()> = RwLock::new(());
/// Both are there without anything installed.
const PLAIN: [&str; 2] = ["process", "namespaces"];

fn together() -> RwLockReadGuard<'static, ()> {
    KILLING.read().unwrap_or_else(PoisonError::into_inner)
}

fn start() -> Server {
    Server::start(&["--allow-exec", "--trust-local", "--at-once", "5"])
}

fn post(server: &Server, path: &str, body: &Value) -> (u16, Value) {
    let answer = server.ask("POST", path, &["Content-Type: application/json"], &body.to_string());
    (answer.status, serde_json::from_str(&answer.body).unwrap_or_default())
}

fn run(server: &Server, body: &Value) -> Value {
    let (status, workload) = post(server, "/v1/workloads", body);
    assert_eq!(status, 201, "{workload}");
    workload
}

fn script(backend: &str, code: &str) -> Value {
    json!({"runtime": "command", "isolation": backend, "code": code})
}

fn output(workload: &Value) -> String {
    let bytes = STANDARD.decode(workload["output"].as_str().unwrap_or_default()).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn id(workload: &Value) -> &str {
    workload["id"].as_str().unwrap()
}

fn get(server: &Server, path: &str) -> Answer {
    server.ask("GET", path, &[], "")
}

/// Looks again until `is` holds.
fn until(what: &str, is: impl Fn() -> bool) -> Duration {
    let begin = Instant::now();
    while !is() {
        assert!(begin.elapsed() < Duration::from_mins(1), "{what}");
        std::sync::mpsc::channel::<()>().1.recv_timeout(Duration::from_millis(20)).unwrap_err();
    }
    begin.elapsed()
}

/// Processes in whose command line `mark` stands.
fn marked(mark: &str) -> usize {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = all.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(mark)).count()
}

/// A number that no other process has on its command line.
fn mark() -> String {
    let seconds = rustix::time::clock_gettime(rustix::time::ClockId::Realtime).tv_nsec;
    format!("{}.{seconds:09}", 40_000 + std::process::id() % 10_000)
}

#[test]
fn work_is_done_and_what_it_says_is_given() {
    let _together = together();
    let server = start();
    for backend in PLAIN {
        let mut order = script(backend, "cat; echo oops >&2; exit 3");
        order["input"] = json!({"n": 3});
        order["resources"] = json!({"cpus": 1, "mem_mb": 64, "timeout_s": 20});
        let done = run(&server, &order);
        assert_eq!(done["status"], "completed", "{done}");
        assert_eq!((&done["exit_code"], &done["backend"]), (&json!(3), &json!(backend)));
        assert_eq!(output(&done), "{\"n\":3}\n");
        assert_eq!((&done["cpu_limit"], &done["mem_limit"]), (&json!(1), &json!(64)));
        let path = format!("/v1/workloads/{}", id(&done));
        assert_eq!(server.json(&path), done);
        let history = server.json(&format!("{path}/logs/history"));
        let lines = history["lines"].as_array().unwrap();
        assert_eq!((history["workload_id"].as_str(), lines.len()), (Some(id(&done)), 2));
        let oops = lines.iter().find(|line| line["line"] == "oops").unwrap();
        assert_eq!(oops["stream"], "stderr");
        let again = server.ask("DELETE", &path, &[], "");
        assert_eq!(again.status, 409, "{}", again.body);
    }
    let list = server.json("/v1/workloads?limit=1");
    assert_eq!((&list["total"], &list["limit"]), (&json!(2), &json!(1)));
    assert_eq!(list["workloads"][0]["isolation"], "namespaces", "the latest comes first");
    for limit in ["0", "-5", "101"] {
        let list = server.json(&format!("/v1/workloads?limit={limit}&offset=1"));
        assert_eq!((&list["limit"], list["workloads"].as_array().unwrap().len()), (&json!(20), 1));
    }
    let filtered = server.json("/v1/workloads?status=completed&backend=process");
    assert_eq!(filtered["total"], 1);
}

#[test]
fn the_strongest_backend_that_is_ready_is_taken_and_named() {
    let _together = together();
    let server = start();
    // The backends are tried first, which takes as long as it takes.
    let order = json!({"runtime": "command", "command": ["echo", "a b", "$HOME"]});
    let (_, begun) = post(&server, "/v1/workloads/async", &order);
    let path = format!("/v1/workloads/{}", id(&begun));
    until("it ends", || server.json(&path)["finished_at"].is_string());
    let done = server.json(&path);
    assert_eq!(
        (&done["status"], &done["isolation"]),
        (&json!("completed"), &json!("auto")),
        "{done}"
    );
    let backend = done["backend"].as_str().unwrap();
    assert!(backend != "process", "auto is never without a wall: {done}");
    assert_eq!(output(&done), "a b $HOME\n");
    let none = run(&server, &json!({"runtime": "python", "isolation": "isolate", "code": "1"}));
    assert_eq!(none["status"], "failed");
    assert_eq!(none["error"], "resolve backend: no isolate runs python");
}

#[test]
fn time_and_memory_are_bounded() {
    let _together = together();
    let server = start();
    let mark = mark();
    let mut slow = script("namespaces", &format!("sleep {mark} & sleep {mark}"));
    slow["resources"] = json!({"timeout_s": 1});
    let done = run(&server, &slow);
    assert_eq!((&done["status"], &done["exit_code"]), (&json!("failed"), &Value::Null));
    assert_eq!(done["error"], "workload timed out after 1s");
    assert_eq!(marked(&mark), 0);
    let mut greedy = script("namespaces", "tail /dev/zero");
    greedy["resources"] = json!({"mem_mb": 32, "timeout_s": 20});
    let done = run(&server, &greedy);
    if done["not_limited"].as_array().is_none_or(Vec::is_empty) {
        assert_eq!(done["status"], "failed", "{done}");
        assert!(done["error"].as_str().unwrap().contains("32 MiB"), "{done}");
    }
}

#[test]
fn a_fork_bomb_and_a_flood_harm_nobody() {
    let _together = together();
    let server = start();
    let mark = mark();
    let mut bomb = script("namespaces", &format!("f() {{ sleep {mark} & f & f; }}; f"));
    bomb["resources"] = json!({"timeout_s": 3});
    let mut flood = script("namespaces", "yes flooding");
    flood["resources"] = json!({"timeout_s": 3});
    let begun = [&bomb, &flood].map(|order| post(&server, "/v1/workloads/async", order));
    for (status, workload) in &begun {
        assert_eq!((*status, &workload["status"]), (202, &json!("pending")));
    }
    let asked = Instant::now();
    assert_eq!(get(&server, "/healthz").status, 200);
    assert!(asked.elapsed() < Duration::from_secs(10));
    for (_, workload) in &begun {
        let path = format!("/v1/workloads/{}", id(workload));
        until("it ends", || server.json(&path)["finished_at"].is_string());
    }
    until("nothing of the bomb is left", || marked(&mark) == 0);
    let path = format!("/v1/workloads/{}", id(&begun[1].1));
    let flooded = server.json(&path);
    assert!(flooded["log_lines"].as_u64().unwrap() > 5_000, "{flooded}");
    assert!(flooded["output_dropped_bytes"].as_u64().unwrap() > 0);
    assert_eq!(STANDARD.decode(flooded["output"].as_str().unwrap()).unwrap().len(), 1 << 20);
    let history = server.json(&format!("{path}/logs/history"));
    assert_eq!(history["lines"].as_array().unwrap().len(), 5_000);
    let gone = server.home.run(&["gc", "--dry-run"]);
    assert!(gone.status.success());
}

#[test]
fn a_workload_is_heard_while_it_runs_and_killed_when_wished() {
    let _together = together();
    let server = start();
    let mark = mark();
    let order = script("namespaces", &format!("echo one; echo two; sleep {mark} & sleep {mark}"));
    let (_, begun) = post(&server, "/v1/workloads/async", &order);
    let path = format!("/v1/workloads/{}", id(&begun));
    let mut stream = server.connect();
    write!(stream, "GET {path}/logs HTTP/1.1\r\nHost: {}\r\n\r\n", server.address).unwrap();
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    assert!(lines.any(|line| line == "data: two"), "it is heard while it runs");
    until("it sleeps", || marked(&mark) > 0);
    let killed = server.ask("DELETE", &path, &[], "");
    assert_eq!(killed.status, 200, "{}", killed.body);
    let killed: Value = serde_json::from_str(&killed.body).unwrap();
    assert_eq!((&killed["status"], &killed["exit_code"]), (&json!("killed"), &Value::Null));
    assert_eq!(marked(&mark), 0, "killed is killed");
    assert!(lines.any(|line| line == "event: done"), "the end is said");
    let replayed = server.ask("GET", &format!("{path}/logs"), &["Last-Event-ID: 0"], "");
    assert!(replayed.head.contains("text/event-stream"), "{}", replayed.head);
    assert!(!replayed.body.contains("data: one") && replayed.body.contains("id: 1\ndata: two\n"));
    assert!(replayed.body.contains("event: done\ndata: stream complete\n"));
}

/// A server with a secret is closed to debuggers, which is inherited by what it forks and ends only where
/// that becomes another program; gVisor traces, maps and re-executes itself below it all the same.
#[test]
fn a_server_that_is_closed_to_others_runs_work_in_gvisor() {
    let _together = together();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|dir| dir.join("runsc").exists());
    let lacking = [
        (!found, "runsc is not installed (Debian: runsc)"),
        (!rustix::process::geteuid().is_root(), "gVisor is used as root here"),
    ];
    if let Some((_, why)) = lacking.into_iter().find(|(lacks, _)| *lacks) {
        assert!(std::env::var_os("ISOMON_REQUIRE_LIVE").is_none_or(|v| v != "1"), "{why}");
        return println!("skipped: {why}");
    }
    let server = Server::with_token(&["--allow-exec"]);
    let token = format!("Authorization: Bearer {TOKEN}");
    let headers = ["Content-Type: application/json", token.as_str()];
    let order = json!({"runtime": "command", "isolation": "gvisor", "code": "dmesg; echo it runs",
        "resources": {"timeout_s": 60}});
    let answer = server.ask("POST", "/v1/workloads", &headers, &order.to_string());
    assert_eq!(answer.status, 201, "{}", answer.body);
    let workload: Value = serde_json::from_str(&answer.body).unwrap();
    let said = output(&workload);
    assert_eq!(workload["exit_code"], 0, "{workload}");
    assert!(said.contains("Starting gVisor") && said.ends_with("it runs\n"), "{said}");
    assert!(workload["backend"].as_str().unwrap().starts_with("gvisor-"), "{workload}");
}

/// Whether the tools of Go are here; they are large, and no machine has to have them for these tests.
fn has_go() -> bool {
    let found = ["/usr/bin/go", "/usr/local/bin/go"].iter().any(|path| Path::new(path).exists());
    if !found {
        println!("skipped: go is not installed (Debian: golang-go)");
    }
    found
}

const GO: &str = r#"package main

import (
    "bufio"
    "fmt"
    "os"
)

func main() {
    line, _ := bufio.NewReader(os.Stdin).ReadString('\n')
    fmt.Print("go heard ", line)
    os.Exit(3)
}
"#;

#[test]
fn go_is_built_and_its_status_is_the_programs_own() {
    let _together = together();
    if !has_go() {
        return;
    }
    let server = start();
    let module = pack(&[("go.mod", "module example.org/work\n\ngo 1.18\n"), ("main.go", GO)]);
    for backend in PLAIN {
        let rows = [json!({"code": GO}), json!({"code_archive": module})];
        for mut order in rows {
            order["runtime"] = "go".into();
            order["isolation"] = backend.into();
            order["input"] = json!({"n": 3});
            order["resources"] = json!({"timeout_s": 120, "mem_mb": 1024});
            let workload = run(&server, &order);
            assert_eq!(output(&workload), "go heard {\"n\":3}\n", "{backend}: {workload}");
            assert_eq!(workload["exit_code"], 3, "{backend}: {workload}");
        }
        let wrong = json!({"runtime": "go", "isolation": backend, "code": "package main\nx",
            "resources": {"timeout_s": 120, "mem_mb": 1024}});
        let workload = run(&server, &wrong);
        assert!(matches!(workload["exit_code"].as_i64(), Some(1 | 2)), "{workload}");
    }
}

/// A tar archive in gzip and base64.
fn pack(files: &[(&str, &str)]) -> String {
    let bytes: Vec<(&str, &[u8])> =
        files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    pack_bytes(&bytes)
}

fn pack_bytes(files: &[(&str, &[u8])]) -> String {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o755);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    STANDARD.encode(builder.into_inner().unwrap().finish().unwrap())
}

#[test]
fn files_that_are_sent_are_there() {
    let _together = together();
    let server = start();
    let sent = pack(&[("main.sh", "cat \"$(dirname \"$0\")/data/x\""), ("data/x", "from a file")]);
    for backend in PLAIN {
        let order = json!({"runtime": "command", "isolation": backend, "code_archive": sent});
        let done = run(&server, &order);
        assert_eq!((&done["status"], output(&done)), (&json!("completed"), "from a file".into()));
    }
    let order = json!({"runtime": "command", "isolation": "process", "code_archive": sent,
        "entrypoint": "data/y"});
    let (status, problem) = post(&server, "/v1/workloads", &order);
    assert_eq!((status, &problem["error"]), (400, &json!("there is no data/y in code_archive")));
    let large = json!({"runtime": "command", "code": "x".repeat(16 << 20)});
    assert_eq!(post(&server, "/v1/workloads", &large).0, 413);
    let (status, problem) = post(&server, "/v1/workloads", &json!({"runtime": "go", "colour": 1}));
    assert!(status == 400 && problem["error"].as_str().unwrap().contains("colour"), "{problem}");
}

#[test]
fn nobody_runs_anything_who_may_not() {
    let closed = Server::start(&[]);
    for (method, path) in [
        ("GET", "/v1/workloads"),
        ("POST", "/v1/workloads"),
        ("POST", "/v1/workloads/async"),
        ("GET", "/v1/workloads/01JKQX7V8MZRN3B4HTGFWDCS9E"),
        ("GET", "/v1/workloads/01JKQX7V8MZRN3B4HTGFWDCS9E/logs"),
        ("DELETE", "/v1/workloads/01JKQX7V8MZRN3B4HTGFWDCS9E"),
    ] {
        let body = if method == "POST" { "{}" } else { "" };
        let answer = closed.ask(method, path, &["Content-Type: application/json"], body);
        assert_eq!(answer.status, 403, "{method} {path}");
        assert!(answer.body.contains("--allow-exec"), "{}", answer.body);
    }
    assert_eq!(closed.json("/v1/stats")["total"], 0);
    let _together = together();
    let guarded = Server::with_token(&["--allow-exec"]);
    assert_eq!(get(&guarded, "/v1/workloads").status, 401);
    let token = format!("Authorization: Bearer {TOKEN}");
    assert_eq!(guarded.ask("GET", "/v1/workloads", &[&token], "").status, 200);
    let unknown = guarded.ask("GET", "/v1/workloads/01JKQX7V8MZRN3B4HTGFWDCS9E", &[&token], "");
    assert_eq!((unknown.status, &*unknown.body), (404, r#"{"error":"workload not found"}"#));
}

/// Where a server of `home` keeps its workloads.
fn state(home: &Home) -> std::path::PathBuf {
    home.path().join(".local/state/isomon")
}

#[tokio::test]
async fn the_mean_of_vulcans_four_is_a_hundred_milliseconds() {
    let home = Home::new();
    let ledger = Ledger::open(&state(&home), Keep::default(), 0).unwrap();
    let statuses = [Status::Completed, Status::Completed, Status::Failed, Status::Completed];
    for (number, (status, ms)) in (0_u32..).zip(statuses.into_iter().zip([50, 100, 900, 150])) {
        let record = Record {
            id: format!("01JKQX7V8MZRN3B4HTGFWDCS9{number}"),
            status,
            isolation: "microvm".into(),
            runtime: "go".into(),
            duration_s: Some(f64::from(ms) / 1e3),
            created_ns: SystemClock.wall_ns(),
            ..Record::default()
        };
        ledger.save(record).await.unwrap();
    }
    drop(ledger);
    let lock = std::fs::File::open(state(&home).join("isomon.db.lock")).unwrap();
    until("the file is let go of", || lock.try_lock().is_ok());
    drop(lock);
    let server = Server::start_in(home, &["--allow-exec", "--trust-local"]);
    let stats = server.json("/v1/stats?window=1h");
    assert_eq!((&stats["total"], &stats["avg_duration_ms"]), (&json!(4), &json!(100.0)));
    assert_eq!(stats["by_status"], json!({"completed": 3, "failed": 1}));
    assert_eq!(stats["by_isolation"], json!({"microvm": 4}));
    assert_eq!(stats["by_backend"]["microvm"]["success_rate"], 0.75);
    assert_eq!(stats["series"].as_array().unwrap().len(), 60);
}

#[test]
fn a_killed_server_leaves_nothing_and_forgets_nothing() {
    let _alone = KILLING.write().unwrap_or_else(PoisonError::into_inner);
    let server = start();
    let mark = mark();
    let order = script("namespaces", &format!("sleep {mark} & sleep {mark}"));
    let begun: Vec<String> = (0..7)
        .map(|_| {
            let (status, workload) = post(&server, "/v1/workloads/async", &order);
            assert_eq!(status, 202, "{workload}");
            id(&workload).to_owned()
        })
        .collect();
    until("five run", || marked(&mark) >= 10);
    let pid = Pid::from_raw(server.pid().cast_signed()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    let swept = until("nothing is left", || marked(&mark) == 0);
    assert!(swept <= Duration::from_secs(2), "{swept:?}");
    println!("five sandboxes were gone after {swept:?}");
    let home = Home::new();
    copy(&state(&server.home), &state(&home));
    let next = Server::start_in(home, &["--allow-exec", "--trust-local"]);
    let list = next.json("/v1/workloads");
    assert_eq!(list["total"], 7);
    for workload in list["workloads"].as_array().unwrap() {
        assert!(begun.contains(&id(workload).to_owned()));
        assert_eq!(workload["status"], "failed");
        let error = workload["error"].as_str().unwrap();
        assert!(error.starts_with("isomon ended "), "{error}");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        if entry.path().is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn a_benchmark_is_begun_read_and_compared() {
    let _together = together();
    let server = Server::start(&["--allow-bench"]);
    assert_eq!(get(&server, "/v1/stats/benchmark").status, 404);
    assert_eq!(get(&server, "/v1/stats/benchmark?run=1").status, 403, "GET changes nothing");
    let wanted = json!({"backends": ["process"], "payloads": ["noop"]});
    let (status, told) = post(&server, "/v1/runs", &wanted);
    assert_eq!((status, &told["status"]), (202, &json!("started")), "{told}");
    let (status, problem) = post(&server, "/v1/runs", &wanted);
    assert_eq!(status, 409, "{problem}");
    let path = format!("/v1/runs/{}", id(&told));
    until("it is over", || server.json("/v1/runs")["runs"][0]["status"] == "finished");
    let whole = server.json(&path);
    assert_eq!(whole["id"], told["id"]);
    let samples = whole["samples"].as_array().unwrap();
    assert!(samples.len() > 5);
    let page = |words: &str| server.json(&format!("{path}/samples?{words}"));
    let (first, rest) = (page("limit=3"), page("offset=3"));
    assert_eq!(first["samples"].as_array().unwrap()[..], samples[..3]);
    assert_eq!(rest["samples"].as_array().unwrap()[..], samples[3..]);
    assert_eq!((&first["total"], &first["live"]), (&json!(samples.len()), &json!(false)));
    assert_eq!(
        (&page("limit=-1")["limit"], &page("limit=10001")["limit"]),
        (&json!(1000), &json!(1000))
    );
    let other = get(&server, "/v1/runs/20261121-000000-00000000/samples");
    assert_eq!((other.status, &*other.body), (404, r#"{"error":"run not found"}"#));
    let latest = server.json("/v1/stats/benchmark");
    let cold = &latest["backends"][0]["cold"];
    assert_eq!((&latest["run_id"], &cold["unit"]), (&told["id"], &json!("s")));
    assert!(cold["value"].as_f64().unwrap() > 0.0 && cold["n"].as_u64().unwrap() > 5, "{cold}");
    until("another may begin", || server.ask("DELETE", &path, &[], "").status == 409);
    let mut again = json!({"id": "20261121-000000-0000abcd"});
    again["plan"] = whole["plan"].clone();
    let (status, told) = post(&server, "/v1/runs", &again);
    assert_eq!((status, &told["id"]), (202, &again["id"]), "{told}");
    let ended = server.ask("DELETE", "/v1/runs/20261121-000000-0000abcd", &[], "");
    assert_eq!(ended.status, 200, "{}", ended.body);
    again["plan"]["job"] =
        json!({"what": {"command": ["id"]}, "input": null, "env": [], "root": null});
    let ended = || server.json("/v1/runs")["runs"].to_string();
    until("it is ended", || !ended().contains("running"));
    let (status, problem) = post(&server, "/v1/runs", &again);
    assert_eq!(status, 403, "a plan with work of its own is a program: {problem}");
}

#[test]
fn no_more_is_kept_than_is_set() {
    let _together = together();
    let home = Home::new();
    let settings = home.path().join(".config/isomon");
    std::fs::create_dir_all(&settings).unwrap();
    std::fs::write(settings.join("isomon.toml"), "[workloads]\nkeep = 2\n").unwrap();
    let ids: Vec<String> = {
        let server = Server::start_in(Home::new(), &["--allow-exec", "--trust-local"]);
        let done = (0..4).map(|_| run(&server, &script("process", "echo x")));
        let ids = done.map(|workload| id(&workload).to_owned()).collect();
        copy(&state(&server.home), &state(&home));
        ids
    };
    let server = Server::start_in(home, &["--allow-exec", "--trust-local"]);
    until("the oldest are forgotten", || server.json("/v1/workloads")["total"] == 2);
    assert_eq!(get(&server, &format!("/v1/workloads/{}", ids[1])).status, 404);
    assert_eq!(server.json(&format!("/v1/workloads/{}", ids[3]))["id"], json!(ids[3]));
}

/// Says why a test cannot run here; that is a failure where everything must run.
fn skip(why: &str) {
    assert!(std::env::var_os("ISOMON_REQUIRE_LIVE").is_none_or(|live| live != "1"), "{why}");
    println!("passed over: {why}");
}

#[test]
fn a_bundle_runs_on_its_own_root() {
    let Ok(busybox) = std::fs::read("/bin/busybox") else {
        return skip("no /bin/busybox (Debian: busybox-static)");
    };
    let _together = together();
    let server = start();
    let config = br#"{"process": {"args": ["/bin/sh", "-c", "cat /etc/mark; test -e /etc/passwd || echo alone"]},
        "root": {"path": "rootfs"}}"#;
    let files: [(&str, &[u8]); 4] = [
        ("config.json", config),
        ("rootfs/bin/sh", &busybox),
        ("rootfs/bin/cat", &busybox),
        ("rootfs/etc/mark", b"of the bundle\n"),
    ];
    let sent = pack_bytes(&files);
    let done =
        run(&server, &json!({"runtime": "oci", "isolation": "namespaces", "code_archive": sent}));
    assert_eq!((&done["status"], &done["exit_code"]), (&json!("completed"), &json!(0)), "{done}");
    assert_eq!(output(&done), "of the bundle\nalone\n");
    let mut other = json!({"runtime": "oci", "isolation": "namespaces", "code_archive": sent});
    other["command"] = json!(["/bin/sh", "-c", "exit 7"]);
    assert_eq!(run(&server, &other)["exit_code"], 7);
}

#[test]
fn deno_runs_what_is_written_for_node() {
    let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/bin");
    let path = format!("{tools}:{}", std::env::var("PATH").unwrap_or_default());
    if !path.split(':').any(|dir| Path::new(dir).join("deno").exists()) {
        return skip("no deno (.ci/install puts it into target/tools)");
    }
    let _together = together();
    let home = Home::new();
    let words = ["serve", "--listen", "127.0.0.1:0", "--no-check", "--allow-exec", "--trust-local"];
    let mut command = home.command(&words);
    command.env("PATH", path);
    let server = Server::of(home, command);
    let order = json!({"runtime": "node", "isolation": "deno", "input": {"n": 41},
        "code": "console.log('deno says', input.n + 1)"});
    let done = run(&server, &order);
    assert_eq!(
        (&done["status"], &done["backend"]),
        (&json!("completed"), &json!("deno")),
        "{done}"
    );
    assert_eq!(output(&done), "deno says 42\n");
    let bad = run(
        &server,
        &json!({"runtime": "node", "isolation": "deno", "code": "throw new Error('no')"}),
    );
    assert_eq!(bad["exit_code"], 1, "{bad}");
    assert!(bad["error"].as_str().unwrap().contains("no"), "{bad}");
}
