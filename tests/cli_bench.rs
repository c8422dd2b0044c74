//! `isomon bench` as a shell sees it: what it prints and exports, and what it refuses beforehand.
//! The backend `process` runs everywhere, so every test here measures for real.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

#[path = "support/home.rs"]
mod home;

use home::{Home, err, out, status};

const SHORT: [&str; 4] = ["bench", "process", "--runs=3", "--warmup=0"];

fn short(more: &[&'static str]) -> Vec<&'static str> {
    SHORT.iter().chain(more).copied().collect()
}

#[test]
fn the_json_keeps_to_the_published_schema() {
    let output = Home::new().run(&short(&["--json"]));
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    let run: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/schema/run.json");
    let schema = fs::read_to_string(schema).expect("the schema");
    let schema = serde_json::from_str(&schema).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(&run).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
}

#[test]
fn the_table_fits_a_terminal_and_nothing_else_is_on_it() {
    let output = Home::new().run(&short(&[]));
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    let table = out(&output);
    let wide = |line: &&str| line.chars().count() > 80 && !line.starts_with("  isomon bench");
    assert_eq!(table.lines().find(wide), None, "{table}");
    assert!(!(table + &err(&output)).contains('\x1b'));
}

#[test]
fn every_export_is_written_and_the_table_too() {
    let home = Home::new();
    let more = [
        "--export-json=a",
        "--export-csv=b",
        "--export-markdown=c",
        "--export-hyperfine=d",
        "--export-bmf=e",
        "--export-prometheus=f",
    ];
    let output = home.run(&short(&more));
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    assert!(out(&output).contains("start: from asked"));
    let read = |name: &str| fs::read_to_string(home.path().join(name)).expect(name);
    for name in ["a", "d", "e"] {
        serde_json::from_str::<serde_json::Value>(&read(name)).expect(name);
    }
    assert!(read("b").starts_with("run,name,backend,start,"));
    assert!(read("c").starts_with("# "));
    assert!(read("e").contains("\"process/cold/noop/start\": {\n    \"latency\": {"));
    assert!(read("f").starts_with("# HELP isomon_bench_info "));
    for form in ["json", "csv", "markdown", "hyperfine", "bmf", "prometheus"] {
        let output = home.run(&["show", "--format", form]);
        assert_eq!(status(&output), Some(0), "{form}: {}", err(&output));
        let file = ["json", "csv", "markdown", "hyperfine", "bmf", "prometheus"]
            .into_iter()
            .zip(["a", "b", "c", "d", "e", "f"])
            .find(|(name, _)| *name == form)
            .expect("a form");
        assert_eq!(out(&output), read(file.1), "{form} says the same later");
    }
}

#[test]
fn standard_output_takes_an_export_instead_of_the_table() {
    let output = Home::new().run(&short(&["--export-csv", "-"]));
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    assert!(out(&output).starts_with("run,name,backend,start,"));
    assert!(!out(&output).contains("start: from asked"));
}

#[test]
fn a_start_that_no_backend_here_has_is_told() {
    let output = Home::new().run(&short(&["--start", "warm"]));
    let said = out(&output) + &err(&output);
    assert_eq!(status(&output), Some(2), "{said}");
    assert!(said.contains("none of these backends has such a start"), "{said}");
    let output = Home::new().run(&short(&["--start", "cold,snapshot"]));
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    assert!(out(&output).contains("--start cold,snapshot"), "{}", out(&output));
}

#[test]
fn what_cannot_be_written_is_said_before_anything_runs() {
    let home = Home::new();
    for wrong in [["--export-json", "no/such/file"], ["--export-csv", "."]] {
        let output = home.run(&short(&wrong));
        assert_eq!(status(&output), Some(2), "{}", err(&output));
        assert!(err(&output).starts_with("isomon: cannot write"), "{}", err(&output));
        assert!(err(&output).contains("try: "), "{}", err(&output));
    }
    let output = home.run(&short(&["--json", "--export-csv", "-"]));
    assert_eq!(status(&output), Some(2), "{}", err(&output));
    assert!(out(&home.run(&["list"])).contains("no run is kept"));
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let home = Home::new();
    let mut command = home.command(&short(&["--json"]));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ends");
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    assert!(!err(&output).contains("panicked"));
}

#[test]
fn prometheus_itself_finds_nothing_wrong_with_the_page() {
    let page = Home::new().run(&["snapshot", "--format", "prometheus"]);
    let mut command = Command::new("promtool");
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        let why = "no promtool (apt-get install prometheus)";
        assert!(std::env::var_os("ISOMON_REQUIRE_LIVE").is_none_or(|live| live != "1"), "{why}");
        eprintln!("passed over: {why}");
        return;
    };
    child.stdin.take().expect("is piped").write_all(&page.stdout).expect("is read");
    let output = child.wait_with_output().expect("ends");
    assert_eq!(status(&output), Some(0), "{}", err(&output));
}

#[test]
fn own_work_is_measured_and_what_repeats_it_is_said() {
    let home = Home::new();
    let file = home.path().join("run.json");
    let measure = |words: &[&str]| {
        let more = ["--export-json", file.to_str().expect("a path")];
        let output = home.run(&[&SHORT, words, &more].concat());
        assert_eq!(status(&output), Some(0), "{words:?}: {}", err(&output));
        let text = fs::read_to_string(&file).expect("a run");
        (serde_json::from_str::<serde_json::Value>(&text).expect("JSON"), out(&output))
    };
    let (run, table) = measure(&["--cmd", "sh -c 'exit 0'"]);
    // What is measured again is another attempt.
    let first = |sample: &serde_json::Value| sample.get("attempt").is_none();
    let job = |sample: &&serde_json::Value| sample["cell"] == 0 && first(sample);
    let samples = run["samples"].as_array().expect("samples");
    let times: Vec<&serde_json::Value> = samples.iter().filter(job).collect();
    assert_eq!(times.len(), 3);
    for sample in times {
        assert_eq!(sample["outcome"], samples[0]["outcome"]);
        let phases = sample["phases"].as_object().expect("phases");
        // Nothing of ours is inside that could say when it began.
        assert!(phases.contains_key("exit_seconds") && !phases.contains_key("ready_seconds"));
    }
    assert!(table.contains("--cmd 'sh -c "), "{table}");
    let code = home.path().join("a.sh");
    fs::write(&code, "exit 0").expect("a file");
    let (_, table) = measure(&["--code", code.to_str().expect("a path")]);
    assert!(table.contains("a.sh' --runtime command"), "{table}");
    let (_, table) = measure(&["--cmd", "echo a | cat >/dev/null", "--shell"]);
    assert!(table.contains("--cmd 'sh -c"), "{table}");
}

#[test]
fn own_work_that_fails_is_a_failure() {
    let home = Home::new();
    for words in [["--cmd", "false"], ["--cmd", "no-such-program-anywhere"]] {
        let output = home.run(&[&SHORT[..], &words].concat());
        assert_eq!(status(&output), Some(1), "{words:?}: {}", err(&output));
    }
    let output = home.run(&["bench", "wasm", "process", "--cmd", "true", "--runs=1"]);
    assert!(out(&output).contains("it runs WebAssembly alone"), "{}", out(&output));
    let output = home.run(&["bench", "wasm", "--cmd", "true"]);
    assert_eq!(status(&output), Some(2));
    assert!(err(&output).contains("it runs WebAssembly alone"), "{}", err(&output));
}
