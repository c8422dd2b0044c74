//! Directories of results as benchctl and isomon leave them.

use std::path::{Path, PathBuf};

use isomon::model::workflow::event::{Failure, WorkflowTail};
use isomon::model::workflow::result::{Collected, KIND, Statistic, TaskEnd};
use isomon::model::workflow::{
    Column, ColumnKind, Ending, TaskPlan, TaskState, WorkflowHead, WorkflowRun,
};

/// Bytes of a picture of one pixel.
const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\
\0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82";

/// A directory with runs: `1` of benchctl 0.2, `2` and `3` of 0.3, `run-004` of isomon, and what is none.
pub(crate) fn made(root: &Path) -> PathBuf {
    let root = root.join("results");
    old(&root.join("1"));
    new(&root.join("2"), "success");
    new(&root.join("3"), "failed");
    own(&root.join("run-004"), "latency");
    for (name, text) in [("5", "{\"run_id\":\"5\",\"benchm"), ("6", "")] {
        put(&root.join(name), "metadata.json", text.as_bytes());
    }
    std::fs::create_dir_all(root.join("plots")).unwrap();
    root
}

pub(crate) fn put(dir: &Path, name: &str, bytes: &[u8]) {
    std::fs::create_dir_all(dir).unwrap();
    std::fs::write(dir.join(name), bytes).unwrap();
}

fn old(dir: &Path) {
    let text = r#"{"run_id":"1","benchmark_name":"cache","start_time":"2026-01-20T09:00:00.123456789+01:00",
        "end_time":"2026-01-20T09:00:42+01:00","config":{"benchmark":{"name":"cache","output_dir":"./results"},
        "stages":[{"name":"load","host":"local","command":"./load.sh"}]},"hosts":{"local":{}},
        "custom":{"branch":"main","throughput":"120.5"}}"#;
    put(dir, "metadata.json", text.as_bytes());
    put(dir, "load.csv", csv(5.0).as_bytes());
    put(dir, "latency.png", PNG);
    put(dir, "notes.txt", b"quiet\n");
}

fn new(dir: &Path, status: &str) {
    let number = dir.file_name().unwrap().to_str().unwrap();
    let error = if status == "failed" { ",\"error\":\"stage 'load' failed\"" } else { "" };
    let text = format!(
        r#"{{"run_id":"{number}","benchmark_name":"cache","start_time":"2026-06-1{number}T15:41:36.1+02:00",
        "end_time":"2026-06-1{number}T15:42:01.9+02:00","config":{{"benchmark":{{"name":"cache"}},"stages":[]}},
        "hosts":{{"local":{{}}}},"custom":{{"branch":"lru","size":"64"}},
        "git":{{"root":"/r","commit":"f56b5b3aa","branch":"lru","dirty":true}},"status":"{status}"{error}}}"#
    );
    put(dir, "metadata.json", text.as_bytes());
    put(dir, "load.csv", csv(f64::from(number.parse::<u32>().unwrap())).as_bytes());
    put(dir, "benchctl.ndjson", b"{\"msg\":\"run started\"}\n");
}

/// A run of isomon that failed in its second stage; `column` is one of its table.
pub(crate) fn own(dir: &Path, column: &str) {
    put(dir, "run.json", &serde_json::to_vec(&run(dir, column)).unwrap());
    let text = r#"{"run_id":"run-004","benchmark_name":"cache","start_time":"2026-07-01T10:00:00Z",
        "end_time":"2026-07-01T10:01:00Z","config":{},"hosts":{},"custom":{"branch":"main"},"status":"failed"}"#;
    put(dir, "metadata.json", text.as_bytes());
    put(dir, "load.csv", csv(7.0).replace("latency_ms", column).as_bytes());
    put(&dir.join("plots"), "latency.png", PNG);
}

fn run(dir: &Path, column: &str) -> WorkflowRun {
    let task = |stage: &str, kind: &str| TaskPlan {
        stage: stage.into(),
        host: "local".into(),
        kind: kind.into(),
        ..TaskPlan::default()
    };
    let head = WorkflowHead {
        number: "run-004".into(),
        dir: dir.to_str().unwrap().into(),
        name: "cache".into(),
        tasks: vec![task("build", "command"), task("load", "script")],
        repeat: "isomon run cache.yaml".into(),
        ..WorkflowHead::default()
    };
    let seconds = isomon::model::unit::Seconds(2.5);
    let failed = TaskState::Failed { seconds, exit: Some(3), reason: "exit status 3".into() };
    let failure = Failure {
        stage: "load".into(),
        host: "local".into(),
        command: "bash ./load.sh".into(),
        exit: Some(3),
        reason: "exit status 3".into(),
        lines: vec!["cannot connect".into()],
        ..Failure::default()
    };
    let unit = Some("ms".to_owned());
    let columns = vec![Column { name: column.into(), kind: ColumnKind::Float, unit, format: None }];
    let file = Collected {
        output: "load".into(),
        file: "load.csv".into(),
        columns,
        ..Collected::default()
    };
    let tail =
        WorkflowTail { ending: Ending::Failed, failure: Some(failure), ..WorkflowTail::default() };
    let statistic = Statistic {
        figure: "load: seconds".into(),
        values: vec![1.0, 2.0],
        median: 1.5,
        ..Statistic::default()
    };
    WorkflowRun {
        kind: KIND.to_owned(),
        head,
        tasks: vec![
            TaskEnd { began_ms: Some(0), state: TaskState::Passed { seconds } },
            TaskEnd { began_ms: Some(0), state: failed },
        ],
        files: vec![file],
        statistics: vec![statistic],
        tail: Some(tail),
        ..WorkflowRun::default()
    }
}

/// A hundred rows whose latencies are `base` to `base` + 99.
fn csv(base: f64) -> String {
    let row = |at: u32| {
        format!("{},{},get\n", 1_760_000_000_000_u64 + u64::from(at) * 50, base + f64::from(at))
    };
    let rows: Vec<String> = (0..100).map(row).collect();
    format!("timestamp_ms,latency_ms,kind\n{}", rows.concat())
}
