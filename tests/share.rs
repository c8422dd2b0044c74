//! Runs of workflows beside benchmarks: pushed, looked at where they are, pulled, read from another isomon,
//! and named by `last`.

#![allow(dead_code, clippy::unwrap_used, reason = "a test program")]

#[path = "support/home.rs"]
mod home;
#[path = "support/made.rs"]
mod made;
#[path = "serve/server.rs"]
mod server;

use std::fs;
use std::path::{Path, PathBuf};

use home::{Home, err, out, status};
use isomon::config::address::Address;
use isomon::config::place::Place;
use isomon::model::id::{RunId, SourceId};
use isomon::model::run::Record;
use isomon::model::workflow::WorkflowEvent;
use isomon::source::{Spec, Wants, open};
use isomon::store::RunDir;
use isomon::store::bucket::Bucket;
use rustix::process::Signal;
use server::Server;

const GOOD: &str = "benchmark: {name: good, shell: sh -c}
stages:
  - {name: one, command: 'echo a > o.txt', outputs: [{name: o, remote_path: o.txt}]}
";

/// Before and after every other run.
const EARLY: i64 = 1_000;
const LATE: i64 = 4_000_000_000_000;

fn runs(home: &Home) -> PathBuf {
    home.path().join(".local/state/isomon/runs")
}

/// Runs a workflow in `home`; its id.
fn flow(home: &Home, text: &str) -> String {
    fs::write(home.path().join("w.yaml"), text).unwrap();
    let before = ids(home);
    let done = home.run(&["run", "w.yaml"]);
    let mut now = ids(home);
    now.retain(|id| !before.contains(id));
    assert_eq!(now.len(), 1, "{}", err(&done));
    now.remove(0)
}

fn ids(home: &Home) -> Vec<String> {
    let entries = fs::read_dir(runs(home)).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

/// Keeps a benchmark in `home` that began at `ms`; its id.
fn benchmark(home: &Home, ms: i64) -> String {
    let mut run = made::whole(7, 40, &[(0.01, made::Shape::Normal(0.1))]);
    run.head.id = RunId::new(ms, 1);
    let mut dir = RunDir::create(&runs(home), &run.head).unwrap();
    dir.append(&run.samples).unwrap();
    dir.finish(&run).unwrap();
    run.head.id.to_string()
}

/// What `words` print, which have to go well.
fn good(home: &Home, words: &[&str]) -> String {
    let done = home.run(words);
    assert_eq!(status(&done), Some(0), "{words:?}: {}{}", out(&done), err(&done));
    out(&done)
}

/// What `words` say, which have to be refused with a remedy.
fn refused(home: &Home, words: &[&str]) -> String {
    let done = home.run(words);
    assert_eq!(status(&done), Some(2), "{words:?}: {}", out(&done));
    assert!(err(&done).contains("try: "), "{words:?}: {}", err(&done));
    err(&done)
}

fn place(dir: &Path) -> String {
    format!("file://{}", dir.display())
}

/// The states that a list of `home` shows of run `id`.
fn state(home: &Home, words: &[&str], id: &str) -> String {
    let list = good(home, words);
    let row = list.lines().find(|line| line.starts_with(id));
    row.unwrap_or_else(|| panic!("{id}: {list}")).split_whitespace().nth(1).unwrap().to_owned()
}

#[test]
fn a_workflows_run_goes_into_a_bucket_and_comes_back_as_what_it_is() {
    let shared = tempfile::tempdir().unwrap();
    let at = place(shared.path());
    let home = Home::new();
    let id = flow(&home, GOOD);
    let lies = fs::canonicalize(runs(&home).join(&id)).unwrap();
    for word in ["last", id.as_str(), lies.to_str().unwrap(), "1"] {
        let told = good(&home, &["push", word, &at]);
        assert!(told.starts_with(&format!("{at}/{id}: ")), "{told}");
        assert_eq!(told.contains("there already"), word != "last", "{word}: {told}");
    }
    assert_eq!(state(&home, &["list", &at], &id), "COMPLETED");
    let pushed = fs::read(shared.path().join(&id).join("o.txt")).unwrap();
    assert_eq!(pushed, b"a\n");

    let other = Home::new();
    good(&other, &["pull", &at, "last"]);
    assert_eq!(state(&other, &["list"], &id), "COMPLETED");
    assert!(good(&other, &["pull", &at, &id]).contains("here already"));
    for words in [&["show", &id][..], &["show"], &["show", "last"]] {
        let shown = good(&other, words);
        assert!(shown.starts_with("good ") && shown.contains("one on "), "{shown}");
    }
    assert!(good(&other, &["push", &id, &at]).contains("there already"));

    // It is told to be gone where somebody took it away, and comes back.
    let lies = fs::canonicalize(runs(&other).join(&id)).unwrap();
    assert_ne!(lies.parent(), Some(runs(&other).as_path()));
    fs::remove_dir_all(&lies).unwrap();
    assert_eq!(state(&other, &["list"], &id), "MISSING");
    assert!(refused(&other, &["push", &id, &at]).contains("is there no more"));
    good(&other, &["pull", &at, &id]);
    assert_eq!(state(&other, &["list"], &id), "COMPLETED");
}

#[test]
fn beside_one_another_two_runs_of_a_workflow_say_how_each_ended() {
    let home = Home::new();
    let good_id = flow(&home, GOOD);
    let bad = GOOD.replace("echo a > o.txt", "exit 3");
    let bad_id = flow(&home, &bad);
    let told = good(&home, &["compare", &good_id, &bad_id]);
    assert!(told.contains("(success) -> ") && told.contains("(failed)"), "{told}");
    let why = told.split("not done, so that times and figures are of less work").nth(1).unwrap();
    assert!(why.contains(" failed: one on ") && why.contains("exit status 3"), "{told}");
    let took = told.lines().find(|line| line.trim_start().starts_with("took ")).unwrap();
    assert!(!took.contains('%'), "no share of unlike work: {took}");
    let alike = good(&home, &["compare", &good_id, &good_id]);
    assert!(!alike.contains("not done"), "{alike}");
    let benchmark = benchmark(&home, EARLY);
    let mixed = refused(&home, &["compare", &good_id, &benchmark]);
    assert!(mixed.contains("no figure in common"), "{mixed}");
}

#[test]
fn one_that_an_older_isomon_pulled_to_the_wrong_place_is_put_right() {
    let shared = tempfile::tempdir().unwrap();
    let at = place(shared.path());
    let home = Home::new();
    let id = flow(&home, GOOD);
    good(&home, &["push", "last", &at]);
    let other = Home::new();
    let wrong = runs(&other).join(&id);
    fs::create_dir_all(&wrong).unwrap();
    for entry in fs::read_dir(shared.path().join(&id)).unwrap().flatten() {
        if entry.file_name() != "manifest.json" {
            fs::copy(entry.path(), wrong.join(entry.file_name())).unwrap();
        }
    }
    // As files are there that came one after the other, the run itself last.
    let brief = fs::File::options().write(true).open(wrong.join("brief.json")).unwrap();
    brief.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(state(&other, &["list"], &id), "CORRUPT");
    assert!(good(&other, &["pull", &at, &id]).contains("here already"));
    assert_eq!(state(&other, &["list"], &id), "COMPLETED");
}

#[test]
fn one_that_has_no_end_is_pushed_when_wished_alone_and_goes_on_where_it_was_run() {
    let shared = tempfile::tempdir().unwrap();
    let at = place(shared.path());
    let home = Home::new();
    let ready = home.path().join("ready");
    let text = format!(
        "benchmark: {{name: bad, shell: sh -c}}
stages:
  - {{name: first, command: 'true'}}
  - {{name: second, command: 'test -e {}'}}
",
        ready.display()
    );
    let id = flow(&home, &text);
    good(&home, &["push", &id, &at]);
    assert_eq!(state(&home, &["list", &at], &id), "FAILED");
    let other = Home::new();
    good(&other, &["pull", &at, &id]);
    let told = refused(&other, &["run", "--resume", &id]);
    assert!(told.contains("brought here from elsewhere"), "{told}");
    assert!(refused(&other, &["run", "--resume", "last"]).contains("no workflow's run can go on"));

    // As `kill -9` leaves it.
    let run = runs(&home).join(&id).join("run.json");
    let mut text: serde_json::Value = serde_json::from_slice(&fs::read(&run).unwrap()).unwrap();
    text["tail"] = serde_json::Value::Null;
    fs::write(&run, text.to_string()).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let at = place(elsewhere.path());
    assert!(refused(&home, &["push", &id, &at]).contains("not finished"));
    good(&home, &["push", "--unfinished", &id, &at]);
    assert!(good(&home, &["list", &at]).contains("CUT OFF"));

    fs::write(ready, "").unwrap();
    good(&home, &["run", "--resume", "last"]);
    assert_eq!(state(&home, &["list"], &id), "COMPLETED");
    assert!(refused(&home, &["run", "--resume", "last"]).contains("no workflow's run can go on"));
}

#[test]
fn last_is_the_latest_of_the_kind_that_a_command_works_on() {
    let home = Home::new();
    let early = benchmark(&home, EARLY);
    let first = flow(&home, GOOD);
    // The latest is a workflow's.
    assert!(good(&home, &["show"]).starts_with("good "));
    assert_eq!(good(&home, &["show", "last"]), good(&home, &["show", &first]));
    assert!(good(&home, &["annotate", "last", "-m", "color=red"]).contains("color: red"));
    assert!(good(&home, &["show", "last"]).contains("color: red"));
    assert!(good(&home, &["compare", &first, "last"]).contains("metadata"));
    assert!(good(&home, &["compare", "last", "last"]).contains("metadata"));
    good(&home, &["compare", &early, "last"]);
    assert!(good(&home, &["baseline", "save", "main"]).contains(&early));
    let mixed = refused(&home, &["compare", &early, &first]);
    assert!(mixed.contains("no figure in common"), "{mixed}");

    // The latest is a benchmark.
    let late = benchmark(&home, LATE);
    assert_eq!(good(&home, &["show", "last"]), good(&home, &["show", &late]));
    assert!(good(&home, &["annotate", "last", "-m", "size=2"]).contains("color: red"));
    assert!(good(&home, &["compare", &first, "last"]).contains("metadata"));
    assert!(good(&home, &["baseline", "save", "main"]).contains(&late));
    good(&home, &["plot", "last", "--kind", "bars", "-o", "last.svg"]);
    let bucket = home.path().join("bucket");
    assert!(good(&home, &["push", "last", &place(&bucket)]).contains(&late));

    let none = Home::new();
    for words in [
        &["show", "last"][..],
        &["annotate", "last", "-m", "a=b"],
        &["run", "--resume", "last"],
        &["push", "last", &place(&bucket)],
    ] {
        refused(&none, words);
    }
}

#[test]
fn a_workflows_run_is_verified_by_the_hashes_of_what_it_fetched() {
    let home = Home::new();
    let id = flow(&home, GOOD);
    let told = good(&home, &["verify", "last"]);
    assert!(told.contains("1 file that was fetched is as its hash says"), "{told}");
    assert!(told.contains("no samples of isomon's own"), "{told}");
    fs::write(runs(&home).join(&id).join("o.txt"), "b\n").unwrap();
    let changed = home.run(&["verify", &id]);
    assert_eq!(status(&changed), Some(1), "{}", err(&changed));
    assert!(out(&changed).contains("o.txt: expected sha256 "), "{}", out(&changed));
}

/// The first and the last of what happened in a run.
fn is_whole(record: &Record) -> bool {
    let Record::Workflow(events) = record else { return false };
    matches!(events.first(), Some(WorkflowEvent::Started(_)))
        && matches!(events.last(), Some(WorkflowEvent::Ended(_)))
}

#[tokio::test]
async fn what_happened_in_it_is_read_out_of_a_bucket() {
    let shared = tempfile::tempdir().unwrap();
    let at = place(shared.path());
    let home = Home::new();
    let id = flow(&home, GOOD);
    good(&home, &["push", "last", &at]);
    let bucket = Bucket::open(&Place::parse(&at).unwrap()).unwrap();
    let id = RunId::parse(&id).unwrap();
    assert!(is_whole(&bucket.read(&id).await.unwrap()));
    // What is no run is not said to be a matter of room.
    let there = shared.path().join(id.as_str());
    let manifest = fs::read_to_string(there.join("manifest.json")).unwrap();
    fs::write(there.join("manifest.json"), manifest.replace("events.ndjson", "other.ndjson"))
        .unwrap();
    let error = bucket.read(&id).await.unwrap_err();
    assert!(!error.remedy().contains("room"), "{error}: {}", error.remedy());
}

#[tokio::test]
async fn what_happened_in_it_is_read_from_another_isomon() {
    let server = Server::start(&[]);
    let id = flow(&server.home, GOOD);
    let answer = server.ask("GET", &format!("/v1/runs/{id}"), &[], "");
    assert_eq!(answer.status, 404);
    assert!(answer.body.contains(&format!("/v1/results/{id}")), "{}", answer.body);
    let pages = server.ask("GET", &format!("/v1/runs/{id}/samples"), &[], "");
    assert_eq!(pages.status, 404, "{}", pages.body);

    let address = Address::parse(&format!("http://{}", server.address)).unwrap();
    let mut source = open(Spec::new(SourceId("far".into()), address)).unwrap();
    source.ask(Wants::default()).await.unwrap();
    let record = source.read(&RunId::parse(&id).unwrap()).await.unwrap();
    assert!(is_whole(&record), "{record:?}");
    let unknown = source.read(&RunId::new(EARLY, 9)).await.unwrap_err().to_string();
    assert!(unknown.contains("no run"), "{unknown}");
    let (ended, log) = server.end(Signal::TERM);
    assert_eq!(ended.code(), Some(0), "{log}");
}
