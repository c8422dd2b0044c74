//! Directories of results.

use super::*;
use crate::model::id::RunId;
use crate::model::pipeline::PipelineKind;
use crate::model::workflow::event::{Ending, TaskPlan, TaskState};
use crate::model::workflow::result::TaskEnd;
use crate::model::workflow::{Dialect, WorkflowHead, WorkflowTail};
use crate::store::briefs;

fn run(ending: Option<Ending>) -> WorkflowRun {
    let task = TaskPlan { stage: "load".into(), ..TaskPlan::default() };
    let tail = ending.map(|ending| WorkflowTail { ending, ..WorkflowTail::default() });
    let tasks = vec![TaskEnd { began_ms: Some(1), state: TaskState::Pending }];
    let head = WorkflowHead { name: "w".into(), tasks: vec![task], ..WorkflowHead::default() };
    WorkflowRun { kind: KIND.to_owned(), head, tasks, tail, ..WorkflowRun::default() }
}

#[test]
fn a_run_is_listed_while_it_goes_on_when_it_was_cut_off_at_its_end_and_when_it_is_gone() {
    let home = tempfile::tempdir().unwrap();
    let (runs, results) = (home.path().join("runs"), home.path().join("results"));
    let id = RunId::new(5_000, 7);
    let mut writer = ResultWriter::create(&results, Dialect::Own).unwrap();
    writer.link(&runs, &id).unwrap();
    writer.save(&run(None)).unwrap();
    writer.append(&[WorkflowEvent::Metadata(Vec::new())]).unwrap();
    let listed = || {
        let found = briefs(&runs).unwrap().remove(0);
        let brief = *found.brief.unwrap();
        assert_eq!(brief.kind, PipelineKind::Workflow);
        (found.finished, brief.status.to_string(), brief.note.map(|note| note.to_string()))
    };
    assert_eq!(listed(), (false, "RUNNING".to_owned(), None));
    let path = writer.path().to_owned();
    assert!(matches!(ResultWriter::reopen(&path), Err(Error::GoesOn { .. })));
    drop(writer);
    let (finished, status, note) = listed();
    assert_eq!((finished, status.as_str()), (false, "CUT OFF"));
    assert!(note.unwrap().contains(&format!("isomon run --resume {id}")));
    let again = ResultWriter::reopen(&path).unwrap();
    assert_eq!(again.events.len(), 1);
    again.writer.save(&run(Some(Ending::Success))).unwrap();
    drop(again);
    assert_eq!(listed(), (true, "COMPLETED".to_owned(), None));
    assert!(matches!(ResultWriter::reopen(&path), Err(Error::Ended { .. })));
    fs::remove_dir_all(&results).unwrap();
    assert_eq!(listed().1, "MISSING");
}

#[test]
fn a_brief_of_before_tasks_were_in_it_is_made_anew() {
    let home = tempfile::tempdir().unwrap();
    let (runs, results) = (home.path().join("runs"), home.path().join("results"));
    let writer = ResultWriter::create(&results, Dialect::Own).unwrap();
    writer.link(&runs, &RunId::new(5_000, 7)).unwrap();
    writer.save(&run(Some(Ending::Failed))).unwrap();
    let listed = || briefs(&runs).unwrap().remove(0).brief.unwrap();
    assert_eq!((listed().tasks, listed().skipped), (Some(1), Some(0)));
    let at = writer.path().join("brief.json");
    let mut told: serde_json::Value = serde_json::from_slice(&fs::read(&at).unwrap()).unwrap();
    let told = told.as_object_mut().unwrap();
    assert!(told.remove("tasks").is_some() && told.remove("skipped").is_some());
    fs::write(&at, serde_json::to_vec(told).unwrap()).unwrap();
    assert_eq!((listed().tasks, listed().skipped), (Some(1), Some(0)));
    assert!(fs::read_to_string(&at).unwrap().contains("\"tasks\""), "it is kept");
}

#[test]
fn a_log_has_the_fields_in_benchctls_order() {
    let home = tempfile::tempdir().unwrap();
    let mut writer = ResultWriter::create(home.path(), Dialect::Cases).unwrap();
    writer.keep_log(None, log::Level::Info).unwrap();
    let about = vec![("stage", "a".into()), ("exit_code", 0.into())];
    let time = "2026-01-01T00:00:00Z".to_owned();
    let level = log::Level::Info;
    let message = log::Message { time, level, words: "stage completed", about };
    writer.log(&message).unwrap();
    writer.log(&log::Message { level: log::Level::Debug, ..message }).unwrap();
    let text = fs::read_to_string(home.path().join("1/benchctl.ndjson")).unwrap();
    assert_eq!(
        text,
        "{\"time\":\"2026-01-01T00:00:00Z\",\"level\":\"INFO\",\"msg\":\"stage completed\",\
         \"stage\":\"a\",\"exit_code\":0}\n"
    );
}

#[test]
fn what_a_full_disk_does_not_take_is_not_there_at_all() {
    let home = tempfile::tempdir().unwrap();
    let mut writer = ResultWriter::create(home.path(), Dialect::Own).unwrap();
    writer.append(&[WorkflowEvent::Metadata(Vec::new())]).unwrap();
    writer.fill_disk();
    assert!(writer.append(&[WorkflowEvent::Metadata(Vec::new())]).is_err());
    writer.save(&run(None)).unwrap();
    assert_eq!(ResultDir::open(writer.path()).unwrap().events().unwrap().len(), 1);
}

#[test]
fn a_directory_of_benchctl_is_a_run_and_its_files_are_told() {
    let results = tempfile::tempdir().unwrap();
    for (name, text) in [("1", "{"), ("run-002", "{\"run_id\":\"2\",\"benchmark_name\":\"b\"}")] {
        fs::create_dir(results.path().join(name)).unwrap();
        fs::write(results.path().join(name).join(METADATA), text).unwrap();
    }
    fs::create_dir(results.path().join("3")).unwrap();
    fs::create_dir(results.path().join("plots")).unwrap();
    fs::write(results.path().join("run-002/a.csv"), "x\n1\n").unwrap();
    let found = list(results.path()).unwrap();
    assert_eq!(found.len(), 2, "{found:?}");
    let run = found[0].1.as_ref().unwrap();
    assert_eq!((run.number(), run.metadata.benchmark_name.as_str()), ("run-002", "b"));
    assert_eq!(run.files().unwrap()[0].name, "a.csv");
    assert!(run.file("a.csv").is_some() && run.file("../1/metadata.json").is_none());
    assert!(found[1].1.is_err(), "half a file is an error");
    assert_eq!(list(&results.path().join("gone")).unwrap().len(), 0);
}
