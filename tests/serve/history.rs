//! `/v1/history` and `--record`: what was, and nothing of a secret in it.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rustix::process::Signal;
use serde_json::Value;

use crate::home::{Home, err, out, status};
use crate::server::{SOON, Server, TOKEN};

/// A server that has kept something of a few seconds.
fn kept(words: &[&str]) -> Server {
    let server = Server::with_token(&[&["--interval", "100ms"], words].concat());
    let begin = Instant::now();
    while !server.ask("GET", "/v1/history?metric=load", &[], "").body.contains("load_1m") {
        assert!(begin.elapsed() < SOON, "nothing is kept");
        std::thread::park_timeout(std::time::Duration::from_millis(100));
    }
    server
}

#[test]
fn the_past_is_told_as_the_command_tells_it() {
    let server = kept(&[]);
    let all = server.json("/v1/history");
    let numbers = all["tracks"][0]["values"].as_object().unwrap();
    assert!(numbers.len() > 5 && numbers.contains_key("memory_used_percent"), "{all}");
    let span = "from=-10m&to=now&step=1s&source=local&metric=load,memory";
    let told = server.json(&format!("/v1/history?{span}"));
    let track = &told["tracks"][0];
    assert_eq!((&track["source"], &track["kind"]), (&"local".into(), &"node".into()));
    let values = track["values"].as_object().unwrap();
    assert_eq!(values.keys().collect::<Vec<_>>(), ["load_1m", "memory_used_percent"]);
    let (from, to) = (told["from"].as_str().unwrap(), told["to"].as_str().unwrap());
    let words = ["history", "query", "--json", "--from", from, "--to", to, "--step", "1s"];
    let words = [&words[..], &["--metric", "load", "--metric", "memory"]].concat();
    let command: Value = serde_json::from_str(&out(&server.home.run(&words))).unwrap();
    assert_eq!(command["tracks"][0]["times"], track["times"]);
    assert_eq!(command["tracks"][0]["values"], track["values"]);
    let none = server.json("/v1/history?source=nobody");
    assert_eq!(none["tracks"], Value::Array(Vec::new()));
}

#[test]
fn a_wrong_question_is_answered_with_what_mends_it() {
    let server = kept(&[]);
    let many = format!("source={}", "a,".repeat(200));
    for (query, wanted) in [
        ("from=yesterday", "is no time like now, -2h"),
        ("from=now&to=-1h", "from=-2h"),
        ("from=-7d&step=1s", "choose a step above"),
        ("step=0", "not a time of more than 0"),
        ("metric=cpuu", "is cpu meant?"),
        ("metric=%1b%5b31m", "one of: cpu"),
        (&many, "at most 100"),
    ] {
        let answer = server.ask("GET", &format!("/v1/history?{query}"), &[], "");
        assert!(answer.status == 400 && answer.body.contains(wanted), "{query}: {}", answer.body);
    }
    let posted = server.ask("POST", "/v1/history", &["Content-Type: application/json"], "{}");
    assert_eq!(posted.status, 405);
    let bare = Server::start(&["--no-history"]);
    let answer = bare.ask("GET", "/v1/history", &[], "");
    assert!(answer.status == 404 && answer.body.contains("--no-history"), "{}", answer.body);
    assert!(!answer.body.contains(bare.home.path().to_str().unwrap()), "{}", answer.body);
}

/// Every file below `dir`.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

/// What is in a file, unpacked where it is packed.
fn content(path: &Path) -> Vec<u8> {
    let packed = std::fs::read(path).unwrap_or_default();
    let mut bytes = Vec::new();
    let unpacked = zstd::Decoder::new(&packed[..]).map(|mut of| of.read_to_end(&mut bytes));
    // One that was cut off is read as far as it goes.
    if unpacked.is_ok() && !bytes.is_empty() { bytes } else { packed }
}

/// Every secret is in the environment, in a file, in the settings and in the requests; and nothing that
/// is kept has any: not the history, not a recording, not a run.
#[test]
fn no_secret_of_a_source_is_in_anything_that_is_kept() {
    const OWN: &str = "canary-of-the-one-that-records-71c2";
    let server = kept(&["--record", "serve.ndjson.zst", "--allow-bench"]);
    let bearer = format!("Authorization: Bearer {TOKEN}");
    let json = "Content-Type: application/json";
    let order = r#"{"backends": ["process"], "payloads": ["noop"], "preset": "quick"}"#;
    let begun = server.ask("POST", "/v1/runs", &[&bearer, json], order);
    assert_eq!(begun.status, 202, "{}", begun.body);
    let home = Home::new();
    let config = format!(
        "[[source]]\nname = \"far\"\nurl = \"http://{}\"\ntoken_env = \"FAR_TOKEN\"\n\n\
         [[source]]\nname = \"gone\"\nurl = \"http://127.0.0.1:9\"\ntoken_env = \"OTHER_TOKEN\"\n",
        server.address
    );
    let place = home.path().join(".config/isomon");
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join("isomon.toml"), config).unwrap();
    for words in [
        vec!["record", "tape.ndjson.zst", "--for", "4s", "-i", "200ms"],
        vec!["bench", "process", "--payload", "noop", "--runs", "5", "--warmup=1"],
    ] {
        let mut command = home.command(&words);
        command.env("FAR_TOKEN", TOKEN).env("OTHER_TOKEN", OWN).env("AWS_SECRET_ACCESS_KEY", OWN);
        let output = command.env("ISOMON_LOG", "trace").output().unwrap();
        assert_eq!(status(&output), Some(0), "{words:?}: {}", err(&output));
        let said = out(&output) + &err(&output);
        assert!(!said.contains(TOKEN) && !said.contains(OWN), "{words:?}");
    }
    let tape = String::from_utf8(content(&home.path().join("tape.ndjson.zst"))).unwrap();
    assert!(tape.contains("\"far\"") && tape.contains("\"gone\""), "both sources are in it");
    let there = server.home.path().to_owned();
    std::fs::remove_file(there.join("token")).unwrap();
    std::fs::rename(there.join("serve.ndjson.zst"), there.join("kept")).unwrap();
    let mut looked = 0;
    for path in files(&there).into_iter().chain(files(home.path())) {
        let bytes = content(&path);
        for secret in [TOKEN, OWN] {
            let found = bytes.windows(secret.len()).any(|piece| piece == secret.as_bytes());
            assert!(!found, "{} has a secret", path.display());
        }
        looked += 1;
    }
    assert!(looked > 10, "{looked} files");
    let (ended, log) = server.end(Signal::TERM);
    assert_eq!(ended.code(), Some(0), "{log}");
}

#[test]
fn a_server_records_to_a_file_and_over_none() {
    let server = kept(&["--record", "day.ndjson.zst"]);
    let tape = server.home.path().join("day.ndjson.zst");
    let home = server.home.path().to_owned();
    let again =
        server.home.run(&["serve", "--listen", "127.0.0.1:0", "--record", "day.ndjson.zst"]);
    assert_eq!(status(&again), Some(2));
    assert!(err(&again).contains("--force"), "{}", err(&again));
    // The home goes with the server.
    let copy = tempfile::tempdir().unwrap();
    let pid = rustix::process::Pid::from_raw(server.pid().cast_signed()).unwrap();
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    let begin = Instant::now();
    let finished = || content(&tape).windows(8).any(|piece| piece == b"\"node\":{");
    while !finished() {
        assert!(begin.elapsed() < SOON, "nothing is recorded in {}", home.display());
        std::thread::park_timeout(std::time::Duration::from_millis(50));
    }
    std::fs::copy(&tape, copy.path().join("tape")).unwrap();
    let lines = String::from_utf8(content(&copy.path().join("tape"))).unwrap();
    assert!(lines.lines().count() > 3, "{lines}");
}
