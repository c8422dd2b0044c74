//! The list of runs: what each was, in short, without the whole of each being read.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test program")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use isomon::model::id::RunId;
use isomon::model::id::SourceId;
use isomon::model::pipeline::Worker;
use isomon::model::run::{RunEvent, StoredRun};
use isomon::model::time::Stamp;
use isomon::model::update::{Update, What};
use isomon::pipeline::of_run;
use isomon::state::State;
use isomon::store::{self, RunDir};

#[path = "support/home.rs"]
mod home;
#[path = "support/made.rs"]
#[allow(dead_code, reason = "shared")]
mod made;

use home::{Home, err, out, status};
use made::Shape;

fn keep(runs: &Path, number: u32) -> RunId {
    let mut run = made::whole(u64::from(number), 12, &[(0.01, Shape::Normal(0.1))]);
    run.head.id = RunId::new(i64::from(number) * 60_000, number);
    run.head.plan.name = Some(format!("night {number}").as_str().into());
    run.workers = vec![Worker::default(); 2];
    RunDir::create(runs, &run.head).unwrap().finish(&run).unwrap();
    run.head.id
}

fn brief(list: &[StoredRun], id: &RunId) -> (String, String) {
    let run = list.iter().find(|run| run.id == *id).unwrap();
    let brief = run.brief.as_ref().unwrap();
    (brief.status.to_string(), brief.note.as_ref().map(ToString::to_string).unwrap_or_default())
}

#[test]
fn one_that_cannot_be_read_is_named_and_the_others_are_there() {
    let home = tempfile::tempdir().unwrap();
    let ids: Vec<RunId> = (1..=4).map(|number| keep(home.path(), number)).collect();
    let at = |number: usize, file: &str| home.path().join(ids[number].as_str()).join(file);
    fs::remove_file(at(1, "brief.json")).unwrap();
    fs::remove_file(at(2, "brief.json")).unwrap();
    fs::write(at(2, "run.json"), "{\"format\":1").unwrap();
    fs::write(at(3, "brief.json"), "not JSON").unwrap();
    let list = store::briefs(home.path()).unwrap();
    assert_eq!(list.len(), 4);
    for number in [0, 1, 3] {
        assert_eq!(brief(&list, &ids[number]), ("COMPLETED".into(), String::new()), "{number}");
    }
    let (status, note) = brief(&list, &ids[2]);
    assert_eq!(status, "CORRUPT");
    assert!(note.contains("run.json ends in line 1"), "{note}");
    assert!(at(1, "brief.json").exists(), "it is made once");
}

/// Stages and workers in the brief of run `id`.
fn counts(list: &[StoredRun], id: &RunId) -> (Option<u32>, Option<u32>) {
    let run = list.iter().find(|run| run.id == *id).unwrap();
    let brief = run.brief.as_ref().unwrap();
    (brief.stages, brief.workers)
}

/// A brief of before stages and workers were in it is made anew, of as many runs as a list has time for.
#[test]
fn a_brief_of_an_older_isomon_is_made_anew() {
    let home = tempfile::tempdir().unwrap();
    let ids: Vec<RunId> = (1..=3).map(|number| keep(home.path(), number)).collect();
    let whole = (Some(3), Some(2));
    assert_eq!(counts(&store::briefs(home.path()).unwrap(), &ids[0]), whole);
    let dir = |id: &RunId| home.path().join(id.as_str());
    for id in &ids {
        let at = dir(id).join("brief.json");
        let mut old: serde_json::Value = serde_json::from_slice(&fs::read(&at).unwrap()).unwrap();
        old.as_object_mut().unwrap().retain(|key, _| key != "stages" && key != "workers");
        fs::write(&at, old.to_string()).unwrap();
    }
    // The second is larger than all that is read for one list.
    let file = fs::OpenOptions::new().append(true).open(dir(&ids[1]).join("run.json")).unwrap();
    std::io::Write::write_all(&mut &file, &vec![b' '; 5 << 20]).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    let list = store::briefs(home.path()).unwrap();
    assert_eq!([0, 1, 2].map(|at| counts(&list, &ids[at])), [whole, (None, None), whole]);
    assert_eq!(brief(&list, &ids[1]).0, "COMPLETED", "the rest of it is known");
    let kept = fs::read_to_string(dir(&ids[0]).join("brief.json")).unwrap();
    assert!(kept.contains("\"stages\""), "it is made once");
}

#[test]
fn a_brief_is_never_older_than_its_run() {
    let home = tempfile::tempdir().unwrap();
    let id = keep(home.path(), 1);
    let dir = home.path().join(id.as_str());
    let old = fs::File::open(dir.join("brief.json")).unwrap();
    old.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    let text = fs::read_to_string(dir.join("run.json")).unwrap();
    fs::write(
        dir.join("run.json"),
        text.replace("\"state\": \"completed\"", "\"state\": \"cancelled\""),
    )
    .unwrap();
    let (status, _) = brief(&store::briefs(home.path()).unwrap(), &id);
    assert_eq!(status, "CANCELLED", "the run is looked into again");
}

#[test]
fn only_the_brief_of_a_run_is_read_for_the_list() {
    let home = tempfile::tempdir().unwrap();
    let id = keep(home.path(), 1);
    let dir = home.path().join(id.as_str());
    // What is not read does no harm; its time stays that of the brief.
    let when = fs::metadata(dir.join("brief.json")).unwrap().modified().unwrap();
    for name in ["run.json", "samples.ndjson", "head.json", "events.ndjson"] {
        fs::write(dir.join(name), "x".repeat(1 << 16)).unwrap();
        fs::File::options().write(true).open(dir.join(name)).unwrap().set_modified(when).unwrap();
    }
    let (status, _) = brief(&store::briefs(home.path()).unwrap(), &id);
    assert_eq!(status, "COMPLETED");
}

#[test]
fn the_list_is_filtered() {
    let home = Home::new();
    let runs = home.path().join(".local/state/isomon/runs");
    (1..=3).for_each(|number| drop(keep(&runs, number)));
    let listed = home.run(&["list", "--name", "NIGHT 2", "--json"]);
    assert_eq!(status(&listed), Some(0), "{}", err(&listed));
    let runs: Vec<StoredRun> = serde_json::from_str(&out(&listed)).unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].brief.as_ref().unwrap().completed, 12);
    assert!(out(&home.run(&["list", "--state", "failed"])).contains("no run is like that"));
    assert!(out(&home.run(&["list", "--since", "1h"])).contains("no run is like that"));
    assert!(out(&home.run(&["list", "--state", "completed"])).contains("night 3"));
}

/// What the screen makes of a long run at each frame, in a millisecond.
#[test]
fn a_long_run_is_made_a_job_at_once() {
    let run = made::whole(3, 12_500, &[(0.01, Shape::Normal(0.1)); 4]);
    let (id, from) = (run.head.id.clone(), SourceId::local());
    let at = Stamp { mono_ms: 5_000, wall_ms: 5_000 };
    let mut state = State::default();
    let mut tell = |event| {
        let what = What::Run { id: id.clone(), event };
        state.apply(&Update { at, from: from.clone(), what });
    };
    tell(RunEvent::Started(Box::new(run.head.clone())));
    run.samples.iter().cloned().for_each(|sample| tell(RunEvent::Sample(Box::new(sample))));
    let (begun, times) = (Instant::now(), 20);
    for _ in 0..times {
        assert!(!of_run(&id, &state.runs[&id], at).stages.is_empty());
    }
    let took = begun.elapsed() / times;
    println!("a run of {} samples is made a job in {took:?}", run.samples.len());
    let most = if cfg!(debug_assertions) { 50 } else { 1 };
    assert!(took < Duration::from_millis(most), "{took:?}");
}

/// Ten thousand runs in half a second, in a release build.
#[test]
fn ten_thousand_runs_are_listed_at_once() {
    let home = tempfile::tempdir().unwrap();
    let first = keep(home.path(), 1);
    let from = home.path().join(first.as_str());
    for number in 2..=10_000 {
        let to = home.path().join(RunId::new(i64::from(number) * 60_000, number).as_str());
        fs::create_dir(&to).unwrap();
        for name in ["run.json", "brief.json"] {
            fs::hard_link(from.join(name), to.join(name)).unwrap();
        }
    }
    let begun = Instant::now();
    let list = store::briefs(home.path()).unwrap();
    let took = begun.elapsed();
    println!("{} runs in {took:?}", list.len());
    assert_eq!(list.len(), 10_000);
    assert_eq!(counts(&list, &first), (Some(3), Some(2)));
    let most = if cfg!(debug_assertions) { 5_000 } else { 500 };
    assert!(took < Duration::from_millis(most), "{took:?}");
}
