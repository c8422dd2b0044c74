//! `isomon push`, `pull` and `list` against a store that speaks S3 (moto's server), a directory, and
//! servers that are dead, slow or hostile.

#![allow(dead_code, clippy::unwrap_used, clippy::print_stdout, reason = "a test program")]

#[path = "support/home.rs"]
mod home;
#[path = "support/made.rs"]
mod made;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use home::{Home, err, out, status};
use isomon::config::place::Place;
use isomon::hub::local::new_id;
use isomon::model::id::RunId;
use isomon::model::run::Run;
use isomon::store::RunDir;
use isomon::store::bucket::{Bucket, index};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Never to be seen anywhere.
const CANARY: &str = "canary-secret-5b1f0e9a7c3d2846";
const KEY: &str = "AKIACANARY0KEY0EXAMPLE";

/// Says why a test cannot run here; that is a failure where everything must run.
fn skip(why: &str) {
    assert!(std::env::var_os("ISOMON_REQUIRE_LIVE").is_none_or(|v| v != "1"), "{why}");
    println!("skipped: {why}");
}

/// A store that speaks S3, with the bucket `runs`.
struct Store {
    child: Child,
    endpoint: String,
}

impl Drop for Store {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Store {
    fn start() -> Option<Self> {
        let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin/moto_server");
        let program = if tool.exists() { tool } else { PathBuf::from("moto_server") };
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(child) = command.spawn() else {
            skip("moto_server is not here: .ci/install");
            return None;
        };
        let store = Self { child, endpoint: format!("http://127.0.0.1:{port}") };
        let begin = Instant::now();
        while !store.put("/runs") {
            assert!(begin.elapsed() < Duration::from_mins(1), "moto_server does not answer");
            pause(100);
        }
        Some(store)
    }

    /// Makes a bucket, as anybody may here.
    fn put(&self, path: &str) -> bool {
        self.raw(&format!("PUT {path}"), "").is_some_and(|answer| answer.contains(" 200 "))
    }

    fn raw(&self, line: &str, body: &str) -> Option<String> {
        let place = self.endpoint.strip_prefix("http://")?;
        let mut stream = TcpStream::connect(place).ok()?;
        let head = format!(
            "{line} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body.as_bytes()).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        Some(String::from_utf8_lossy(&answer).into_owned())
    }
}

fn pause(ms: u64) {
    std::sync::mpsc::channel::<()>().1.recv_timeout(Duration::from_millis(ms)).unwrap_err();
}

/// A home whose credentials are the canary's.
fn command(home: &Home, endpoint: &str, words: &[&str]) -> Command {
    let mut command = home.command(words);
    command
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", KEY)
        .env("AWS_SECRET_ACCESS_KEY", CANARY)
        .env("AWS_REGION", "us-east-1");
    command
}

fn run(home: &Home, endpoint: &str, words: &[&str]) -> Output {
    command(home, endpoint, words).output().unwrap()
}

fn runs(home: &Home) -> PathBuf {
    home.path().join(".local/state/isomon/runs")
}

/// A finished run in `home`, of `rounds` rounds.
fn keep(home: &Home, rounds: u32) -> RunId {
    let mut run: Run = made::whole(7, rounds, &[(0.01, made::Shape::Normal(0.1))]);
    run.head.id = new_id();
    let mut dir = RunDir::create(&runs(home), &run.head).unwrap();
    dir.append(&run.samples).unwrap();
    dir.finish(&run).unwrap();
    run.head.id
}

/// Every file below `dir`, by name.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.strip_prefix(dir).unwrap().to_owned(), fs::read(&path).unwrap());
        }
    }
    found
}

fn clean(output: &Output) {
    for text in [out(output), err(output)] {
        assert!(!text.contains(CANARY) && !text.contains("panicked"), "{text}");
    }
}

#[test]
fn a_run_goes_to_a_bucket_and_comes_back_the_same() {
    let Some(store) = Store::start() else { return };
    let (here, there) = (Home::new(), Home::new());
    let id = keep(&here, 50);
    let place = "s3://runs/lab/a";
    let count = files(&runs(&here).join(id.as_str())).len();
    let pushed = run(&here, &store.endpoint, &["push", "last", place]);
    assert_eq!(status(&pushed), Some(0), "{}", err(&pushed));
    assert!(out(&pushed).contains(&format!("{place}/{id}: {count} files")), "{}", out(&pushed));
    let again = run(&here, &store.endpoint, &["push", id.as_str(), place, "--json"]);
    let again: Value = serde_json::from_str(&out(&again)).unwrap();
    assert_eq!((&again[0]["written"], &again[0]["there"]), (&0.into(), &count.into()), "{again}");
    let listed = run(&there, &store.endpoint, &["list", place]);
    assert!(out(&listed).contains(&format!("{id} COMPLETED")), "{}", out(&listed));
    let json: Value =
        serde_json::from_str(&out(&run(&there, &store.endpoint, &["list", place, "--json"])))
            .unwrap();
    assert_eq!((&json[0]["finished"], &json[0]["brief"]["completed"]), (&true.into(), &50.into()));
    let pulled = run(&there, &store.endpoint, &["pull", place, "last"]);
    assert_eq!(status(&pulled), Some(0), "{}", err(&pulled));
    let (own, other) = (runs(&here).join(id.as_str()), runs(&there).join(id.as_str()));
    assert_eq!(files(&own), files(&other));
    let again = run(&there, &store.endpoint, &["pull", place, "all"]);
    assert!(out(&again).contains("here already"), "{}", out(&again));
    let verified = run(&there, &store.endpoint, &["verify", "last"]);
    assert_eq!(status(&verified), Some(0), "{}", out(&verified));
}

#[test]
fn two_that_push_another_run_under_one_id_never_mix() {
    let Some(store) = Store::start() else { return };
    for round in 0..4 {
        let (one, other) = (Home::new(), Home::new());
        let id = keep(&one, 20);
        let (from, to) = (runs(&one).join(id.as_str()), runs(&other).join(id.as_str()));
        fs::create_dir_all(&to).unwrap();
        for (name, bytes) in files(&from) {
            fs::write(to.join(name), bytes).unwrap();
        }
        let text = fs::read_to_string(to.join("run.json")).unwrap();
        fs::write(to.join("run.json"), text + "\n").unwrap();
        let place = format!("s3://runs/race-{round}");
        let start = |home: &Home| {
            let mut command = command(home, &store.endpoint, &["push", id.as_str(), &place]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let both = [start(&one), start(&other)];
        let both = both.map(|child| child.wait_with_output().unwrap());
        let good: Vec<bool> = both.iter().map(|output| status(output) == Some(0)).collect();
        assert_eq!(good.iter().filter(|good| **good).count(), 1, "{both:?}");
        let lost = &both[usize::from(good[0])];
        assert!(err(lost).contains("run.json") && err(lost).contains(&place), "{}", err(lost));
        let reader = Home::new();
        let pulled = run(&reader, &store.endpoint, &["pull", &place, id.as_str()]);
        assert_eq!(status(&pulled), Some(0), "{}", err(&pulled));
        let won = if good[0] { &from } else { &to };
        assert_eq!(files(won), files(&runs(&reader).join(id.as_str())));
    }
}

#[test]
fn a_push_that_is_killed_is_gone_on_with() {
    let Some(store) = Store::start() else { return };
    let home = Home::new();
    let id = keep(&home, 3_000);
    let place = "s3://runs/killed";
    let mut cut = 0;
    for after in [60, 110, 160, 210, 260, 320, 400] {
        let mut child = command(&home, &store.endpoint, &["push", id.as_str(), place])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        pause(after);
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        cut += u32::from(child.try_wait().unwrap().is_none());
        kill_process(pid, Signal::KILL).ok();
        child.wait().unwrap();
        let listed = run(&home, &store.endpoint, &["list", place, "--json"]);
        let listed: Value = serde_json::from_str(&out(&listed)).unwrap();
        let row = &listed[0];
        let state = row["brief"]["status"].as_str().unwrap_or("nothing yet").to_owned();
        assert!(["nothing yet", "HALF PUSHED", "COMPLETED"].contains(&state.as_str()), "{row}");
        if state == "HALF PUSHED" {
            let pulled = run(&Home::new(), &store.endpoint, &["pull", place, id.as_str()]);
            let refused = status(&pulled) == Some(2) && err(&pulled).contains("in part only");
            // The store may still have been at what the killed one sent last.
            assert!(refused || status(&pulled) == Some(0), "{state}: {}", err(&pulled));
        }
    }
    assert!(cut > 0, "none was killed in time");
    let pushed = run(&home, &store.endpoint, &["push", id.as_str(), place]);
    assert_eq!(status(&pushed), Some(0), "{}", err(&pushed));
    let there = Home::new();
    assert_eq!(status(&run(&there, &store.endpoint, &["pull", place, "last"])), Some(0));
    assert_eq!(files(&runs(&home).join(id.as_str())), files(&runs(&there).join(id.as_str())));
}

#[test]
fn what_is_missing_is_named_with_what_mends_it() {
    let home = Home::new();
    keep(&home, 3);
    let bad = |words: &[&str], wanted: &[&str]| {
        let output = home.run(words);
        assert_eq!(status(&output), Some(2), "{words:?} {}", err(&output));
        for wanted in wanted {
            assert!(err(&output).contains(wanted), "{wanted}: {}", err(&output));
        }
    };
    bad(&["push", "last", "runs"], &["none of the known schemes", "s3://bucket/prefix"]);
    bad(&["push", "last", "s3://a?x=1"], &["a secret does not stand here"]);
    bad(&["push", "gone", "file:///tmp/x"], &["there is no run", "try: "]);
    bad(&["list", "file:///no/such/place"], &["there is no file:///no/such/place", "try: "]);
    bad(&["push", "last", "file:///proc/x"], &["/proc/x", "try: "]);
    let place = format!("file://{}/bucket", home.path().display());
    assert_eq!(status(&home.run(&["push", "last", &place])), Some(0));
    bad(&["pull", &place, "20200101-000000-00000000"], &["has no run", "isomon list"]);
    bad(&["pull", &place, "../../etc"], &["is no run's id"]);
    let Some(store) = Store::start() else { return };
    let output = run(&home, &store.endpoint, &["push", "last", "s3://no-such-bucket"]);
    assert!(err(&output).contains("there is no s3://no-such-bucket"), "{}", err(&output));
    assert!(err(&output).contains("make the bucket first"), "{}", err(&output));
}

/// A server that does to each connection what `act` does.
fn server(act: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let act = Arc::new(act);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let act = Arc::clone(&act);
            std::thread::spawn(move || act(stream));
        }
    });
    format!("http://{address}")
}

/// Answers every request with `status` and `body`, and keeps what was asked.
fn answering(status: u16, body: &str) -> (String, Arc<Mutex<String>>) {
    let answer = format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let heard = Arc::new(Mutex::new(String::new()));
    let hearing = Arc::clone(&heard);
    let endpoint = server(move |mut stream| {
        let mut bytes = [0; 16 << 10];
        while let Ok(length @ 1..) = stream.read(&mut bytes) {
            let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
            hearing.lock().unwrap().push_str(&text);
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    });
    (endpoint, heard)
}

#[test]
fn a_dead_slow_or_failing_server_is_an_error_in_seconds() {
    let home = Home::new();
    keep(&home, 3);
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let silent = server(|stream| {
        pause(60_000);
        drop(stream);
    });
    let cutting = server(drop);
    let (failing, _) = answering(503, "");
    let rows = [
        (format!("http://127.0.0.1:{dead}"), "refused"),
        (silent, "no end of"),
        (cutting, "s3://runs"),
        (failing, "503"),
    ];
    for (endpoint, wanted) in rows {
        for words in [&["push", "last", "s3://runs"][..], &["list", "s3://runs"]] {
            let begin = Instant::now();
            let output = run(&home, &endpoint, words);
            assert_eq!(status(&output), Some(2), "{words:?} {}", err(&output));
            assert!(err(&output).to_lowercase().contains(wanted), "{wanted}: {}", err(&output));
            assert!(err(&output).contains("try: "), "{}", err(&output));
            assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
            clean(&output);
        }
    }
}

#[test]
fn credentials_are_in_nothing_that_is_said_written_or_shown() {
    const DENIED: &str = "<?xml version=\"1.0\"?><Error><Code>SignatureDoesNotMatch</Code>\
        <AWSAccessKeyId>AKIACANARY0KEY0EXAMPLE</AWSAccessKeyId><Message>m</Message></Error>";
    let home = Home::new();
    keep(&home, 3);
    let (endpoint, heard) = answering(403, DENIED);
    for words in [&["push", "last", "s3://runs/x"][..], &["list", "s3://runs/x"]] {
        let output = command(&home, &endpoint, words).env("ISOMON_LOG", "trace").output().unwrap();
        assert_eq!(status(&output), Some(2));
        clean(&output);
        assert!(err(&output).contains("the secret does not belong"), "{}", err(&output));
        let said: Vec<String> = err(&output)
            .lines()
            .filter(|line| line.contains("isomon: "))
            .map(str::to_owned)
            .collect();
        assert!(said.iter().all(|line| !line.contains(KEY)), "{said:?}");
    }
    let heard = heard.lock().unwrap();
    assert!(heard.contains("AWS4-HMAC-SHA256") && !heard.contains(CANARY));
    let stored = files(home.path());
    assert!(stored.values().all(|bytes| !String::from_utf8_lossy(bytes).contains(CANARY)));
    let mut none = home.command(&["list", "s3://runs"]);
    none.env("AWS_ENDPOINT_URL", &endpoint).env("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9");
    let output = none.output().unwrap();
    assert!(err(&output).contains("AWS_ACCESS_KEY_ID"), "{}", err(&output));
}

#[test]
fn ten_thousand_runs_are_listed_at_once() {
    let home = Home::new();
    let made = made::whole(7, 10, &[(0.01, made::Shape::Normal(0.1))]);
    let brief = index::brief(&made);
    let bucket = home.path().join("bucket");
    let place = Place::parse(&format!("file://{}", bucket.display())).unwrap();
    let one = home.path().join("one");
    fs::create_dir_all(&one).unwrap();
    fs::write(one.join("run.json"), "{}").unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let first = RunId::new(0, 0);
    let keeper = Bucket::open_to_write(&place).unwrap();
    runtime.block_on(keeper.push(&one, &first, (&brief, false), &mut |_| {})).unwrap();
    let names: Vec<_> = fs::read_dir(bucket.join("index")).unwrap().flatten().collect();
    let name = names[0].file_name().into_string().unwrap();
    let letters = name.split_once('.').unwrap().1;
    for number in 1..10_000_u32 {
        let id = RunId::new(i64::from(number) * 1_000, number);
        fs::write(bucket.join("index").join(format!("{id}.{letters}")), "").unwrap();
    }
    for stray in ["x", "..y", "20200101-000000-00000000.!!"] {
        fs::write(bucket.join("index").join(stray), "").unwrap();
    }
    let begin = Instant::now();
    let listed = runtime.block_on(keeper.list()).unwrap();
    println!("10,000 runs of a directory: {:?}", begin.elapsed());
    assert_eq!((listed.runs.len(), listed.strange, listed.cut), (10_000, 3, false));
    assert_eq!(listed.runs[0].brief.as_ref().unwrap().completed, 10);
    assert!(begin.elapsed() < Duration::from_secs(5));
}

#[test]
fn ten_thousand_runs_of_a_bucket_are_ten_requests() {
    // The answer of a store that speaks S3, a thousand names at a time.
    let asked = Arc::new(Mutex::new(0_u32));
    let counting = Arc::clone(&asked);
    let endpoint = server(move |mut stream| {
        let mut bytes = [0; 16 << 10];
        while let Ok(length @ 1..) = stream.read(&mut bytes) {
            let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
            let page: u32 = text
                .split("continuation-token=")
                .nth(1)
                .map_or(0, |rest| rest.split(['&', ' ']).next().unwrap().parse().unwrap());
            *counting.lock().unwrap() += 1;
            let mut body = "<ListBucketResult>".to_owned();
            for number in page * 1_000..(page + 1) * 1_000 {
                let id = RunId::new(i64::from(number) * 1_000, number);
                write!(
                    body,
                    "<Contents><Key>lab/index/{id}.begun</Key><Size>0</Size><ETag>x</ETag>\
                     <LastModified>2026-11-21T09:30:12.000Z</LastModified></Contents>"
                )
                .unwrap();
            }
            if page < 9 {
                let next = page + 1;
                write!(body, "<NextContinuationToken>{next}</NextContinuationToken>").unwrap();
            }
            body.push_str("</ListBucketResult>");
            let head = format!("HTTP/1.1 200 x\r\nContent-Length: {}\r\n\r\n", body.len());
            if stream.write_all((head + &body).as_bytes()).is_err() {
                return;
            }
        }
    });
    let begin = Instant::now();
    let output = run(&Home::new(), &endpoint, &["list", "s3://runs/lab", "--json"]);
    let listed: Value = serde_json::from_str(&out(&output)).unwrap_or_default();
    assert_eq!(listed.as_array().map(Vec::len), Some(10_000), "{}", err(&output));
    println!("10,000 runs of a bucket: {:?}", begin.elapsed());
    assert_eq!(*asked.lock().unwrap(), 10);
    assert!(begin.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_full_disk_is_an_error_and_not_a_hang() {
    let home = Home::new();
    keep(&home, 3);
    // Nothing larger than this may be written, as on a disk that is full.
    let place = format!("file://{}/bucket", home.path().display());
    assert_eq!(status(&home.run(&["push", "last", &place])), Some(0));
    let program = env!("CARGO_BIN_EXE_isomon");
    let script = format!("trap '' XFSZ; ulimit -f 1; exec {program} pull {place} last");
    let there = Home::new();
    let begin = Instant::now();
    let output = Command::new("sh")
        .args(["-c", &script])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", there.path())
        .output()
        .unwrap();
    assert_eq!(status(&output), Some(2), "{}", err(&output));
    assert!(
        err(&output).contains("File too large") && err(&output).contains("try: "),
        "{}",
        err(&output)
    );
    assert!(begin.elapsed() < Duration::from_secs(10));
    assert_eq!(status(&there.run(&["pull", &place, "last"])), Some(0), "room again");
}
