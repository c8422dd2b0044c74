//! `isomon bench --model` against servers: one with known delays, hostile ones, and llama.cpp's own.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test program")]

#[path = "support/home.rs"]
mod home;
#[path = "model_load/stand_in.rs"]
mod stand_in;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use home::{Home, err, out, status};
use isomon::model::request::{Counted, Fate, Gap, HostRow, Request, ServerRow};
use rustix::process::{Pid, Signal, kill_process};
use serde::de::DeserializeOwned;
use serde_json::Value;
use stand_in::{Deed, StandIn};

/// Never to be seen anywhere.
const CANARY: &str = "canary-token-1f8e2a90b4c7";

fn skip(why: &str) {
    assert!(std::env::var_os("ISOMON_REQUIRE_LIVE").is_none_or(|live| live != "1"), "{why}");
    println!("skipped: {why}");
}

fn pause(ms: u64) {
    stand_in::pause(Duration::from_millis(ms));
}

fn rows<T: DeserializeOwned>(path: &Path) -> Vec<T> {
    let read =
        csv::Reader::from_path(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    read.into_deserialize().map(Result::unwrap).collect()
}

/// A load that is measured here and now; its tables are `l-*.csv` at home.
fn measured<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let words = ["bench", "--model", url, "--tables", "l-{}.csv", "--warmup", "0", "--seed", "5"];
    words.iter().chain(more).copied().collect()
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The one run that is kept at `home`.
fn run_of(home: &Home) -> (String, PathBuf) {
    let runs = home.path().join(".local/state/isomon/runs");
    let mut found = std::fs::read_dir(&runs)
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()));
    let entry = found.next().expect("a run");
    assert!(found.next().is_none(), "one run");
    (entry.file_name().into_string().unwrap(), std::fs::canonicalize(entry.path()).unwrap())
}

#[test]
fn known_delays_are_read_as_no_less_and_hardly_more() {
    let server = StandIn::start(|_| Deed::Answer { first_ms: 50, gap_ms: 10, tokens: 8 });
    let home = Home::new();
    let more = ["--rate", "20", "--arrivals", "fixed", "--requests", "20", "--json"];
    let output = home.run(&measured(&server.url, &more));
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    let requests: Vec<Request> = rows(&home.path().join("l-requests.csv"));
    assert_eq!(requests.len(), 20);
    for row in &requests {
        assert_eq!((row.outcome, row.output_tokens), (Fate::Good, Some(8)), "{row:?}");
        assert_eq!(row.counted_by, Counted::Usage);
        let first = row.ttft_ms.unwrap() - row.held_ms;
        assert!(first >= 50.0, "the first token took 50 ms: {row:?}");
        assert!(row.e2e_ms.unwrap() - row.held_ms >= 120.0, "and all of it 120: {row:?}");
        assert!(row.ttft_ms.unwrap() <= row.e2e_ms.unwrap());
    }
    // What the server took by its own clock is the truth that is to be found again.
    let truth = middle(server.took().into_iter().skip(3).map(|(first, _)| first).collect());
    let seen = middle(requests.iter().map(|row| row.ttft_ms.unwrap() - row.held_ms).collect());
    assert!(seen >= truth - 1.0 && seen < truth + 150.0, "{seen} ms are not {truth} ms");
    let gaps: Vec<Gap> = rows(&home.path().join("l-gaps.csv"));
    assert_eq!(gaps.len(), 20 * 7);
    let mean = gaps.iter().map(|gap| gap.gap_ms).sum::<f64>() / gaps.len() as f64;
    assert!((9.0..60.0).contains(&mean), "gaps of 10 ms are {mean} ms");
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(told["figures"]["good"], 20);
    let p50 = told["figures"]["ttft_ms"]["p50"]["value"].as_f64().unwrap();
    let all = middle(requests.iter().map(|row| row.ttft_ms.unwrap()).collect());
    assert!((p50 - all).abs() < 15.0, "{p50} is not {all}");
    let host: Vec<HostRow> = rows(&home.path().join("l-host.csv"));
    assert!(host.iter().any(|row| row.device.as_str() == "cpu"));
    let of_server: Vec<ServerRow> = rows(&home.path().join("l-server.csv"));
    assert!(of_server.iter().all(|row| row.trouble.as_str().contains("not offered")));
}

#[test]
fn a_stall_is_in_the_times_of_all_that_it_held() {
    // The fourth request (the first that counts) stalls; the others would take no time.
    let server = StandIn::start(|number| Deed::Answer {
        first_ms: if number == 3 { 1_000 } else { 0 },
        gap_ms: 0,
        tokens: 1,
    });
    let home = Home::new();
    let more = ["--rate", "10", "--arrivals", "fixed", "--requests", "10", "-C", "1"];
    let output = home.run(&measured(&server.url, &more));
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    let mut requests: Vec<Request> = rows(&home.path().join("l-requests.csv"));
    requests.sort_by_key(|row| row.number);
    for (row, meant) in requests.iter().zip(0..).skip(1) {
        let wait = 1_000.0 - f64::from(meant) * 100.0;
        assert!(row.held_ms >= wait - 1.0, "request {} waited {wait} ms: {row:?}", row.number);
        assert!(row.e2e_ms.unwrap() >= row.held_ms);
    }
    let said = out(&output);
    assert!(said.contains("no more than 1 may be at work (-C)"), "{said}");
}

#[test]
fn what_the_cap_holds_beyond_the_time_is_never_sent_and_counted() {
    let server = StandIn::start(|number| Deed::Answer {
        first_ms: if number < 3 { 0 } else { 700 },
        gap_ms: 0,
        tokens: 1,
    });
    let home = Home::new();
    let more = ["--rate", "20", "--arrivals", "fixed", "--duration", "1s", "-C", "1", "--json"];
    let output = home.run(&measured(&server.url, &more));
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let (unsent, sent) = (told["unsent"].as_u64().unwrap(), told["figures"]["requests"].as_u64());
    assert_eq!(unsent + sent.unwrap(), 20, "every arrival is accounted for: {told}");
    assert!(unsent >= 17, "{told}");
}

#[test]
fn rates_are_over_all_the_time_that_was_asked_for() {
    let server = StandIn::start(|_| Deed::Answer { first_ms: 0, gap_ms: 0, tokens: 4 });
    let home = Home::new();
    // The last of four is sent after 1.5 s, and answered at once.
    let more = ["--rate", "2", "--arrivals", "fixed", "--duration", "2s", "--json"];
    let output = home.run(&measured(&server.url, &more));
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let figure = |name: &str| told["figures"][name].as_f64().unwrap();
    assert!(figure("span_s") >= 2.0, "{told}");
    assert!((figure("good_per_s") - 4.0 / figure("span_s")).abs() < 1e-9, "{told}");
    let of_server: Vec<ServerRow> = rows(&home.path().join("l-server.csv"));
    assert!(of_server.last().unwrap().since_s >= 2.0, "the server is read until the end");
}

/// What a hostile server answers, what that is called, and a word of why.
const NONSENSE: [(&str, &[u8], Fate, &str); 14] = [
    ("an error", b"HTTP/1.1 500 Oops\r\ncontent-length: 4\r\n\r\nburn", Fate::Status, "500: burn"),
    (
        "an error that steers",
        b"HTTP/1.1 429 X\r\ncontent-length: 43\r\n\r\n{\"error\":{\"message\":\"\\u001b[2Jslow\\ndown\"}}  ",
        Fate::Status,
        "429: ",
    ),
    (
        "a redirect",
        b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n",
        Fate::Redirect,
        "nobody goes there",
    ),
    ("nothing", b"", Fate::Cut, "cut"),
    ("no HTTP", b"SSH-2.0-OpenSSH_9.2\r\n", Fate::Cut, "cut"),
    (
        "half a stream",
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: {\"choices\":[{\"text\":\"a\"}]}\n\n",
        Fate::Cut,
        "ended before the answer",
    ),
    (
        "half a body",
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{\"choices\":",
        Fate::Cut,
        "cut",
    ),
    (
        "no JSON in a stream",
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: <html>\n\n",
        Fate::Malformed,
        "no answer of such a server",
    ),
    (
        "another JSON",
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n{\"choices\":7}",
        Fate::Malformed,
        "no answer of such a server",
    ),
    (
        "a page",
        b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 13\r\n\r\n<html></html>",
        Fate::Malformed,
        "no answer of such a server",
    ),
    (
        "an error in the stream",
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: {\"error\":{\"message\":\"full\"}}\n\n",
        Fate::Status,
        "full",
    ),
    (
        "an answer without a token",
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: {\"choices\":[{\"text\":\"\",\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
        Fate::Empty,
        "without a token",
    ),
    (
        "tokens below zero",
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 60\r\n\r\n{\"choices\":[{\"text\":\"a\"}],\"usage\":{\"completion_tokens\":-1}}  ",
        Fate::Malformed,
        "no answer of such a server",
    ),
    ("headers without end", b"HTTP/1.1 200 OK\r\nx: y", Fate::Cut, "cut"),
];

#[test]
fn nonsense_is_told_by_its_kind_and_never_shown_raw() {
    for (name, bytes, fate, why) in NONSENSE {
        let server = StandIn::start(move |number| match number {
            0..3 => Deed::Answer { first_ms: 0, gap_ms: 0, tokens: 1 },
            _ => Deed::Raw(bytes),
        });
        let home = Home::new();
        let more = ["--rate", "50", "--requests", "2", "--timeout", "5s"];
        let output = home.run(&measured(&server.url, &more));
        assert_eq!(status(&output), Some(1), "{name}: nothing was good; {}", err(&output));
        assert!(!out(&output).contains('\u{1b}') && !err(&output).contains('\u{1b}'), "{name}");
        let requests: Vec<Request> = rows(&home.path().join("l-requests.csv"));
        assert_eq!(requests.len(), 2, "{name}");
        for row in requests {
            assert_eq!(row.outcome, fate, "{name}: {row:?}");
            assert!(row.message.as_str().contains(why), "{name}: {row:?}");
            assert_eq!(row.e2e_ms, None, "{name}");
            assert!(!row.message.as_str().contains(['\u{1b}', '\n']), "{name}: {row:?}");
        }
    }
}

#[test]
fn a_server_that_never_ends_costs_its_time_and_no_memory() {
    let line = StandIn::start(|number| match number {
        0..3 => Deed::Answer { first_ms: 0, gap_ms: 0, tokens: 1 },
        3 => Deed::Flood,
        _ => Deed::Drip,
    });
    let home = Home::new();
    let more = ["--rate", "50", "--requests", "3", "--timeout", "1s"];
    let output = home.run(&measured(&line.url, &more));
    assert_eq!(status(&output), Some(1), "{}", err(&output));
    let mut requests: Vec<Request> = rows(&home.path().join("l-requests.csv"));
    requests.sort_by_key(|row| row.number);
    assert_eq!(requests.iter().filter(|row| row.outcome == Fate::Limit).count(), 1, "{requests:?}");
    let late: Vec<&Request> = requests.iter().filter(|row| row.outcome == Fate::Timeout).collect();
    assert_eq!(late.len(), 2, "{requests:?}");
    for row in late {
        assert!(row.message.as_str().contains("not done within 1 s"), "{row:?}");
        assert!(row.chunks > 0 && row.ttft_ms.is_some(), "what came is kept: {row:?}");
    }
}

#[test]
fn a_server_that_cannot_be_measured_is_refused_with_what_mends_it() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = format!("http://{free}");
    let page =
        b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 13\r\n\r\n<html></html>";
    let web = StandIn::start(move |_| Deed::Raw(page));
    let denied = StandIn::start(|_| Deed::Raw(b"HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n"));
    let unlike = StandIn::start(|_| Deed::Raw(b"HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n"));
    let rows = [
        (nobody.as_str(), "nobody listens there", "--model http://HOST:PORT"),
        (web.url.as_str(), "no answer of such a server", "speaks OpenAI's API"),
        (denied.url.as_str(), "401", "--token-env NAME"),
        (unlike.url.as_str(), "404", "speaks OpenAI's API"),
    ];
    for (url, what, remedy) in rows {
        let output = Home::new().run(&measured(url, &["--requests", "1"]));
        assert_eq!(status(&output), Some(2), "{url}");
        let said = err(&output).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(what) && said.contains(remedy), "{said}");
    }
}

#[test]
fn a_token_goes_to_its_server_and_nowhere_else() {
    let server = StandIn::start(|_| Deed::Answer { first_ms: 0, gap_ms: 0, tokens: 2 });
    let home = Home::new();
    let words =
        ["bench", "--model", &server.url, "--requests", "2", "--rate", "50", "--token-env", "KEY"];
    let output = home.command(&words).env("KEY", CANARY).output().unwrap();
    assert_eq!(status(&output), Some(0), "{}{}", out(&output), err(&output));
    let heads = server.heads();
    assert!(heads.iter().all(|head| head.contains(&format!("Bearer {CANARY}").to_lowercase())));
    assert!(!out(&output).contains(CANARY) && !err(&output).contains(CANARY));
    let found = Command::new("grep").args(["-rl", CANARY]).arg(home.path()).output().unwrap();
    assert_eq!(out(&found), "", "it is in no file");
}

#[test]
fn rates_stand_beside_each_other_and_are_kept_as_a_run() {
    let server = StandIn::start(|_| Deed::Answer { first_ms: 5, gap_ms: 1, tokens: 4 });
    let home = Home::new();
    let words =
        ["bench", "--model", &server.url, "--rate", "20,40", "--requests", "12", "--seed", "7"];
    let output = home.run(&words);
    assert_eq!(status(&output), Some(0), "{}{}", out(&output), err(&output));
    let text = out(&output);
    let asked = text.lines().find(|line| line.starts_with("asked for")).expect("a table");
    assert!(asked.ends_with("40") && asked.contains(" 20 "), "{text}");
    let (id, dir) = run_of(&home);
    for rate in [20, 40] {
        for table in ["requests", "gaps", "server", "host"] {
            assert!(dir.join(format!("{table}__rate={rate}.csv")).is_file(), "{table} at {rate}");
        }
    }
    assert!(dir.join("ttft__requests__rate=20.png").is_file(), "it is drawn");
    let shown = out(&home.run(&["show", &id]));
    assert!(
        shown.contains("requests__rate=40.csv") && shown.contains("ttft_p50_ms__rate=40"),
        "{shown}"
    );
    let name = dir.file_name().unwrap().to_string_lossy().into_owned();
    assert_eq!(name, "run-001", "as it is called where it begins");
    for word in [&name, "1"] {
        let found = out(&home.run(&["show", word]));
        assert!(found.contains(&dir.display().to_string()), "it is found by its number: {found}");
        let drawn = home.run(&["plot", word, "-o", home.path().join("drawn").to_str().unwrap()]);
        assert_eq!(status(&drawn), Some(0), "{}", err(&drawn));
    }
    assert!(out(&home.run(&["list"])).contains(&id), "it is listed");
    assert!(!shown.contains("redacted"), "no figure looks like a secret: {shown}");
    let first = dir.to_string_lossy().into_owned();
    let words = ["bench", "--model", &server.url, "--rate", "20", "--requests", "6", "--seed", "8"];
    let output = home.run(&[&words[..], &["--prompt-tokens", "64"]].concat());
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    let beside = std::fs::read_dir(dir.parent().unwrap()).unwrap();
    let beside = beside.map(|run| run.unwrap().path()).find(|run| run.is_dir() && *run != dir);
    let second = beside.expect("a second run").to_string_lossy().into_owned();
    let text = out(&home.run(&["compare", &first, &second]));
    assert!(text.contains("arrivals a second: 20, 40 -> 20"), "{text}");
    assert!(text.contains("seed: 7 -> 8") && text.contains("tokens of a prompt: "), "{text}");
    let same = out(&home.run(&["compare", &first, &first]));
    assert!(!same.is_empty() && !same.contains("not alike"), "a run is like itself: {same}");
    let again = home.run(&["run", dir.join("workflow.yaml").to_str().unwrap()]);
    assert_eq!(status(&again), Some(0), "its file runs again: {}", out(&again));
}

/// The rows that are kept in `dir` so far.
fn kept(dir: &Path) -> usize {
    let text = std::fs::read_to_string(dir.join("requests__rate=20.csv")).unwrap_or_default();
    text.lines().count().saturating_sub(1)
}

/// A load of a minute.
fn begun(home: &Home, url: &str) -> Child {
    let words = ["bench", "--model", url, "--rate", "20", "--duration", "60s", "--warmup", "0"];
    let mut command = home.command(&words);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Where the load at `home` is kept, once it has three rows.
fn first_rows(home: &Home) -> Option<PathBuf> {
    let results = home.path().join(".local/state/isomon/results");
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_mins(1) {
        let dir = std::fs::read_dir(&results).ok().and_then(|mut all| all.next()?.ok());
        if let Some(dir) = dir.filter(|dir| kept(&dir.path()) >= 3) {
            return Some(dir.path());
        }
        pause(50);
    }
    None
}

/// A long load that goes on, with at least three rows.
fn going_on(home: &Home, url: &str) -> (Child, PathBuf) {
    let mut child = begun(home, url);
    if let Some(dir) = first_rows(home) {
        return (child, dir);
    }
    child.kill().ok();
    child.wait().ok();
    panic!("nothing is kept");
}

/// Processes whose command line names `url`.
fn running(url: &str) -> Vec<String> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let words = all.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    let words = words.map(|words| String::from_utf8_lossy(&words).replace('\0', " "));
    words.filter(|words| words.contains(url)).collect()
}

#[test]
fn a_signal_ends_the_load_and_what_came_stands() {
    let server = StandIn::start(|_| Deed::Answer { first_ms: 5, gap_ms: 1, tokens: 4 });
    let home = Home::new();
    let (child, dir) = going_on(&home, &server.url);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(status(&output), Some(130), "{}", err(&output));
    let said = out(&output);
    assert!(said.contains("was ended before it was over"), "{said}{}", err(&output));
    assert!(kept(&dir) >= 3);
    let (id, _) = run_of(&home);
    let shown = out(&home.run(&["show", &id]));
    assert!(shown.contains("requests__rate=20.csv"), "{shown}");
    assert_eq!(running(&server.url), Vec::<String>::new());
}

#[test]
fn a_kill_leaves_the_rows_and_nothing_that_runs() {
    let server = StandIn::start(|_| Deed::Answer { first_ms: 5, gap_ms: 1, tokens: 4 });
    let home = Home::new();
    let (mut child, dir) = going_on(&home, &server.url);
    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    child.wait().unwrap();
    let begin = Instant::now();
    while !running(&server.url).is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", running(&server.url));
        pause(50);
    }
    let left = kept(&dir);
    assert!(left >= 3);
    pause(300);
    assert_eq!(kept(&dir), left, "nobody writes any more");
}

/// llama.cpp's server with a tiny model; it ends with its input.
struct Llama {
    child: Child,
    url: String,
    _home: tempfile::TempDir,
}

impl Drop for Llama {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Llama {
    fn start() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join("target/tools/bin/python3");
        let python = if python.exists() { python } else { "python3".into() };
        let home = tempfile::tempdir().unwrap();
        let model = home.path().join("tiny.gguf");
        let made = Command::new(&python)
            .arg(root.join("tests/fixture/tiny_model.py"))
            .arg(&model)
            .output();
        let made = made.ok().filter(|made| made.status.success());
        let mut command = Command::new(&python);
        command.arg(root.join("tests/fixture/model_server.py")).arg(&model);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let Some(mut child) = made.and_then(|_| command.spawn().ok()) else {
            skip("xllamacpp and gguf are not here: .ci/install");
            return None;
        };
        let mut line = String::new();
        std::io::BufRead::read_line(
            &mut std::io::BufReader::new(child.stdout.take().unwrap()),
            &mut line,
        )
        .unwrap();
        let url = line.trim().to_owned();
        if url.is_empty() {
            child.kill().ok();
            child.wait().ok();
            skip("llama.cpp's server does not start: .ci/install");
            return None;
        }
        Some(Self { child, url, _home: home })
    }
}

#[test]
fn a_real_server_is_measured_and_agrees_with_its_own_metrics() {
    let Some(llama) = Llama::start() else { return };
    let home = Home::new();
    for api in ["completions", "chat"] {
        let more =
            ["--rate", "10", "--duration", "5s", "--api", api, "--output-tokens", "32", "--json"];
        let output = home.run(&measured(&llama.url, &more));
        assert_eq!(status(&output), Some(0), "{}{}", out(&output), err(&output));
        let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let figures = &told["figures"];
        assert_eq!(figures["good"], figures["requests"], "{told}");
        assert_eq!(figures["counted_by"], "usage");
        assert_eq!(figures["output_tokens"], 32.0, "it goes on to the last token: {told}");
        let requests: Vec<Request> = rows(&home.path().join("l-requests.csv"));
        let tokens: u64 = requests.iter().filter_map(|row| row.output_tokens).sum();
        let server: Vec<ServerRow> = rows(&home.path().join("l-server.csv"));
        let total = |row: Option<&ServerRow>| row.and_then(|row| row.generated_total).unwrap();
        let own = total(server.last()) - total(server.first());
        // Counters are whole; a request that is under way at the first reading is in neither or both.
        assert!((own - tokens as f64).abs() <= 64.0, "{own} of its own and {tokens} seen");
        assert!(told["own"]["generated_per_s"].as_f64().is_some(), "{told}");
        assert!(server.iter().all(|row| row.trouble.as_str().is_empty()));
    }
    let whole = measured(&llama.url, &["--rate", "10", "--requests", "5", "--no-stream", "--json"]);
    let output = home.run(&whole);
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (&told["figures"]["good"], &told["figures"]["ttft_ms"]),
        (&Value::from(5), &Value::Null)
    );
}
