//! `isomon push`, `pull` and `list` with `gs://`, against a stand-in for Google Cloud Storage that is made
//! after the documentation of its XML API.

#![allow(dead_code, clippy::unwrap_used, reason = "a test program")]

#[path = "support/gcs.rs"]
mod gcs;
#[path = "support/home.rs"]
mod home;
#[path = "support/made.rs"]
mod made;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use gcs::{BUCKET, Gcs, TOKEN};
use home::{Home, err, out, status};
use isomon::hub::local::new_id;
use isomon::model::id::RunId;
use isomon::model::run::Run;
use isomon::store::RunDir;
use serde_json::Value;

fn command(home: &Home, gcs: &Gcs, words: &[&str]) -> Command {
    let mut command = home.command(words);
    command.env("GOOGLE_BASE_URL", &gcs.endpoint).env("GOOGLE_BEARER_TOKEN", TOKEN);
    // Where there is no token a machine is asked for one that knows this machine: here nobody is.
    command.env("GCE_METADATA_HOST", "127.0.0.1:1").env("GCE_METADATA_IP", "127.0.0.1:1");
    command
}

fn run(home: &Home, gcs: &Gcs, words: &[&str]) -> Output {
    let output = command(home, gcs, words).output().unwrap();
    for text in [out(&output), err(&output)] {
        assert!(!text.contains(TOKEN) && !text.contains("panicked"), "{text}");
    }
    output
}

fn good(home: &Home, gcs: &Gcs, words: &[&str]) -> String {
    let output = run(home, gcs, words);
    assert_eq!(status(&output), Some(0), "{words:?} {}", err(&output));
    out(&output)
}

fn runs(home: &Home) -> PathBuf {
    home.path().join(".local/state/isomon/runs")
}

fn keep(home: &Home, rounds: u32) -> RunId {
    let mut run: Run = made::whole(7, rounds, &[(0.01, made::Shape::Normal(0.1))]);
    run.head.id = new_id();
    let mut dir = RunDir::create(&runs(home), &run.head).unwrap();
    dir.append(&run.samples).unwrap();
    dir.finish(&run).unwrap();
    run.head.id
}

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

#[test]
fn a_run_goes_to_a_bucket_and_comes_back_the_same() {
    let (gcs, here, there) = (Gcs::start(), Home::new(), Home::new());
    let place = format!("gs://{BUCKET}/lab/a b");
    let ids: Vec<RunId> = (0..6).map(|_| keep(&here, 20)).collect();
    for id in &ids {
        good(&here, &gcs, &["push", id.as_str(), &place]);
    }
    let again = good(&here, &gcs, &["push", ids[0].as_str(), &place, "--json"]);
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_eq!(again[0]["written"], 0, "nothing is written twice: {again}");
    assert!(gcs.names().iter().all(|name| name.starts_with("lab/a b/")), "{:?}", gcs.names());
    let listed = good(&there, &gcs, &["list", &place]);
    for id in &ids {
        assert!(listed.contains(&format!("{id} COMPLETED")), "all pages are asked for: {listed}");
    }
    assert!(gcs.asked.lock().unwrap().iter().any(|line| line.contains("continuation-token")));
    good(&there, &gcs, &["pull", &place, "all"]);
    for id in &ids {
        let [own, other] = [&here, &there].map(|home| files(&runs(home).join(id.as_str())));
        assert!(own == other && own.len() > 1);
    }
}

#[test]
fn two_that_push_another_run_under_one_id_never_mix() {
    let gcs = Gcs::start();
    for round in 0..3 {
        let (one, other) = (Home::new(), Home::new());
        let id = keep(&one, 20);
        let (from, to) = (runs(&one).join(id.as_str()), runs(&other).join(id.as_str()));
        fs::create_dir_all(&to).unwrap();
        for (name, bytes) in files(&from) {
            fs::write(to.join(name), bytes).unwrap();
        }
        let text = fs::read_to_string(to.join("run.json")).unwrap();
        fs::write(to.join("run.json"), text + "\n").unwrap();
        let place = format!("gs://{BUCKET}/race-{round}");
        let start = |home: &Home| {
            let mut command = command(home, &gcs, &["push", id.as_str(), &place]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let both = [start(&one), start(&other)].map(|child| child.wait_with_output().unwrap());
        let won: Vec<bool> = both.iter().map(|output| status(output) == Some(0)).collect();
        assert_eq!(won.iter().filter(|won| **won).count(), 1, "{both:?}");
        let lost = &both[usize::from(won[0])];
        assert!(err(lost).contains("run.json") && err(lost).contains(&place), "{}", err(lost));
        let reader = Home::new();
        good(&reader, &gcs, &["pull", &place, id.as_str()]);
        let first = if won[0] { &from } else { &to };
        assert_eq!(files(first), files(&runs(&reader).join(id.as_str())));
    }
}

#[test]
fn what_is_spoilt_missing_or_refused_is_named_with_what_mends_it() {
    let (gcs, home) = (Gcs::start(), Home::new());
    let id = keep(&home, 5);
    let place = format!("gs://{BUCKET}");
    let bad = |words: &[&str], token: Option<&str>, wanted: &[&str]| {
        let mut command = command(&home, &gcs, words);
        match token {
            Some(token) => command.env("GOOGLE_BEARER_TOKEN", token),
            None => command.env_remove("GOOGLE_BEARER_TOKEN"),
        };
        let begin = Instant::now();
        let output = command.output().unwrap();
        assert_eq!(status(&output), Some(2), "{words:?} {}", err(&output));
        for wanted in wanted.iter().chain(&["try: "]) {
            assert!(err(&output).contains(wanted), "{wanted}: {}", err(&output));
        }
        assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
    };
    let absent = ["there is no gs://no-such", "make the bucket first"];
    bad(&["push", "last", "gs://no-such"], Some(TOKEN), &absent);
    bad(&["push", "last", &place], Some("another"), &["GOOGLE_APPLICATION_CREDENTIALS"]);
    bad(&["list", &place], None, &["no credentials were found", "GOOGLE_APPLICATION_CREDENTIALS"]);
    good(&home, &gcs, &["push", "last", &place]);
    let run_json = format!("{id}/run.json");
    gcs.spoil(&run_json);
    let other = Home::new();
    let spoilt = run(&other, &gcs, &["pull", &place, id.as_str()]);
    assert!(status(&spoilt) == Some(2) && err(&spoilt).contains("run.json"), "{}", err(&spoilt));
    assert!(!runs(&other).join(id.as_str()).exists(), "nothing of it is kept");
}
