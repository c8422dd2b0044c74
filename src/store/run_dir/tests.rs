//! A run survives what disks and people do to it, or says what is wrong and where.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;

use super::*;
use crate::model::backend::BackendId;
use crate::model::bench::{Cell, Effort, HostState, Limits, Outcome, Payload, Phases, Plan};
use crate::model::id::RunId;
use crate::model::run::{FORMAT, Fingerprint};
use crate::model::time::Stamp;
use crate::model::unit::{Ratio, Seconds};

fn head() -> RunHead {
    let cell = Cell::cold(BackendId::Process, Payload::Noop);
    RunHead {
        format: FORMAT,
        id: RunId::new(0, 7),
        started: Stamp::default(),
        started_at: Stamp::default().rfc3339(),
        plan: Plan {
            starts: crate::model::backend::Start::ALL.to_vec(),
            name: None,
            backends: vec![cell.backend],
            payloads: vec![cell.payload],
            effort: Effort {
                warmup_rounds: 0,
                min_rounds: 1,
                max_rounds: 9,
                min_seconds: Seconds(0.0),
                budget_seconds: Seconds(1.0),
                target: Ratio::default(),
            },
            limits: Limits::default(),
            kernel: None,
            seed: u64::MAX,
            loads: Vec::new(),
            job: None,
        },
        cells: vec![cell],
        left_out: Vec::new(),
        fingerprint: Fingerprint::default(),
        repeat: String::new(),
    }
}

#[test]
fn a_page_is_some_of_the_samples_whether_or_not_the_run_is_over() {
    let runs = tempfile::tempdir().unwrap();
    let mut dir = RunDir::create(runs.path(), &head()).unwrap();
    let all: Vec<Sample> = (0..10).map(sample).collect();
    dir.append(&all).unwrap();
    let path = dir.path().to_owned();
    let rounds = |offset, most| {
        let page = RunDir::page(&path, offset, most).unwrap();
        let rounds: Vec<u32> = page.samples.iter().map(|sample| sample.round).collect();
        (rounds, page.total)
    };
    assert_eq!(rounds(0, 3), (vec![0, 1, 2], 10));
    assert_eq!(rounds(8, 3), (vec![8, 9], 10));
    assert_eq!(rounds(99, 3), (vec![], 10));
    let mut torn = OpenOptions::new().append(true).open(path.join(SAMPLES)).unwrap();
    torn.write_all(b"{\"cell\":0,").unwrap();
    assert_eq!(rounds(9, 3), (vec![9], 10));
    dir.finish(&Run { samples: all, ..Run::begun(head()) }).unwrap();
    fs::remove_file(path.join(SAMPLES)).unwrap();
    assert_eq!(rounds(8, 3), (vec![8, 9], 10));
    fs::write(path.join(SAMPLES), "{}\nnonsense\n").unwrap();
    assert!(RunDir::page(&path, 1, 1).unwrap_err().to_string().contains("line 2"));
}

fn sample(round: u32) -> Sample {
    Sample {
        cell: 0,
        round,
        warmup: false,
        at_seconds: Seconds(f64::from(round) / 3.0),
        phases: Phases::default(),
        outcome: Outcome::Good,
        host: HostState::default(),
        taints: Vec::new(),
        attempt: 0,
    }
}

fn written(samples: u32) -> (tempfile::TempDir, RunDir) {
    let runs = tempfile::tempdir().unwrap();
    let mut dir = RunDir::create(runs.path(), &head()).unwrap();
    (0..samples).for_each(|round| dir.append(&[sample(round)]).unwrap());
    (runs, dir)
}

fn error(path: &Path) -> String {
    RunDir::read(path).unwrap_err().to_string()
}

#[test]
fn a_run_that_was_cut_off_is_read_from_its_parts() {
    let (_runs, dir) = written(3);
    let run = RunDir::read(dir.path()).unwrap();
    assert_eq!((run.head, run.tail), (head(), None));
    assert_eq!(run.samples, [sample(0), sample(1), sample(2)]);
}

#[test]
fn of_a_long_log_the_latest_lines_are_read() {
    let (_runs, mut dir) = written(1);
    let line = |at_ms| LogLine { at_ms, text: "said".into(), ..LogLine::default() };
    dir.append_log(&(0..5_300).map(line).collect::<Vec<_>>()).unwrap();
    let log = RunDir::read(dir.path()).unwrap().log;
    assert_eq!((log.len(), log[0].at_ms, log[4_999].at_ms), (5_000, 300, 5_299));
}

#[test]
fn a_torn_last_line_is_dropped_at_every_byte() {
    let (_runs, dir) = written(2);
    let at = dir.path().join(SAMPLES);
    let bytes = fs::read(&at).unwrap();
    let first = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for cut in first..bytes.len() - 1 {
        fs::write(&at, &bytes[..cut]).unwrap();
        assert_eq!(RunDir::read(dir.path()).unwrap().samples.len(), 1);
    }
}

fn step(round: u32) -> Step {
    Step {
        cell: 0,
        stride: Stride::Throughput { at_once: 2 },
        round,
        at_seconds: Seconds(1.0),
        window_seconds: Seconds(2.0),
        shots: Vec::new(),
        standing: Vec::new(),
        cut_off: Some("it was enough".into()),
        energy_joules: None,
        energy_of: None,
        hands: Vec::new(),
        waits: None,
        host: HostState::default(),
        taints: Vec::new(),
    }
}

#[test]
fn steps_are_kept_like_samples_and_a_torn_one_is_dropped() {
    let (_runs, mut dir) = written(1);
    dir.append_steps(&[step(0), step(1)]).unwrap();
    dir.sync().unwrap();
    assert_eq!(RunDir::read(dir.path()).unwrap().steps, [step(0), step(1)]);
    let at = dir.path().join(STEPS);
    let bytes = fs::read(&at).unwrap();
    fs::write(&at, &bytes[..bytes.len() - 5]).unwrap();
    assert_eq!(RunDir::read(dir.path()).unwrap().steps, [step(0)]);
    fs::remove_file(&at).unwrap();
    assert_eq!(RunDir::read(dir.path()).unwrap().steps, [], "an older isomon wrote none");
}

#[test]
fn a_step_of_no_cell_is_refused() {
    let (_runs, mut dir) = written(1);
    let stride = Stride::Neighbour { beside: Some(7) };
    dir.append_steps(&[step(0), Step { stride, ..step(1) }]).unwrap();
    assert!(error(dir.path()).contains("step 1 is of cell 7"), "{}", error(dir.path()));
}

#[test]
fn a_bad_line_in_the_middle_is_named() {
    let (_runs, dir) = written(3);
    let at = dir.path().join(SAMPLES);
    let text = fs::read_to_string(&at).unwrap().replacen("\"round\":1", "\"round\":oops", 1);
    fs::write(&at, text).unwrap();
    assert!(error(dir.path()).contains("samples.ndjson, line 2"), "{}", error(dir.path()));
}

#[test]
fn a_finished_run_is_one_file_and_equal_to_what_was_written() {
    let (_runs, dir) = written(1);
    let run = Run { samples: vec![sample(0)], ..Run::begun(head()) };
    dir.finish(&run).unwrap();
    assert_eq!(RunDir::read(dir.path()).unwrap(), run);
    assert_eq!(RunDir::read(&dir.path().join(RUN)).unwrap(), run);
    assert!(!dir.path().join("run.json.tmp").exists());
}

#[test]
fn only_the_owner_can_read_it() {
    let (_runs, dir) = written(1);
    dir.finish(&Run::begun(head())).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(dir.path()), 0o700);
    for name in [HEAD, SAMPLES, STEPS, RUN] {
        assert_eq!(mode(&dir.path().join(name)), 0o600, "{name}");
    }
}

#[test]
fn a_run_of_a_later_isomon_is_refused() {
    let (_runs, dir) = written(0);
    let later = r#"{"format": 2, "whatever": []}"#;
    fs::write(dir.path().join(RUN), later).unwrap();
    assert!(error(dir.path()).contains("format 2"), "{}", error(dir.path()));
}

/// What is said of a whole run's file after `change`.
fn said_after(change: impl Fn(&mut String)) -> String {
    let (_runs, dir) = written(1);
    let samples = vec![sample(0), sample(1)];
    dir.finish(&Run { samples, ..Run::begun(head()) }).unwrap();
    let at = dir.path().join(RUN);
    let mut text = fs::read_to_string(&at).unwrap();
    change(&mut text);
    fs::write(&at, text).unwrap();
    error(dir.path())
        .replace(at.to_str().unwrap(), "FILE")
        .replace(dir.path().to_str().unwrap(), "RUN")
}

#[test]
fn each_way_to_be_bad_is_told_apart() {
    let swapped = |from: &'static str, to: &'static str| {
        said_after(move |text| {
            assert!(text.contains(from), "{text}");
            *text = text.replacen(from, to, 1);
        })
    };
    let whole = |new: &'static str| said_after(move |text| new.clone_into(text));
    let cut = |at: usize| said_after(move |text| text.truncate(at));
    assert_eq!(cut(0), "FILE ends in line 0, before the run does");
    assert!(cut(300).ends_with("before the run does"), "{}", cut(300));
    assert_eq!(whole("hello"), "FILE, line 1: expected value at line 1 column 1");
    assert_eq!(whole("[1]"), "FILE is JSON, not a benchmark of isomon");
    assert_eq!(
        whole(r#"{"results": [{"command": "true", "mean": 1.0, "times": [1.0]}]}"#),
        "FILE is a result of hyperfine, not a benchmark of isomon"
    );
    assert_eq!(
        whole(r#"{"mean": {"confidence_interval": {}}, "median": {}, "slope": null}"#),
        "FILE is an estimate of criterion, not a benchmark of isomon"
    );
    assert_eq!(
        whole(r#"{"true": {"latency": {"value": 1.0}}}"#),
        "FILE is a result in Bencher's form, not a benchmark of isomon"
    );
    assert_eq!(whole(r#"{"format": 0}"#), "FILE has format 0, which there never was");
    assert!(whole(r#"{"format": 1}"#).contains("missing field `id`"));
    assert!(
        swapped("\"round\": 1", "\"round\": -1").starts_with("FILE, samples[1]: invalid value")
    );
    assert!(
        swapped("\"seed\": ", "\"seed\": \"x\", \"was\": ").starts_with("FILE, head: invalid type")
    );
    assert!(swapped("\"at_seconds\": 0.0", "\"at_seconds\": NaN").contains("line "));
    assert!(swapped("\"at_seconds\": 0.0", "\"at_seconds\": 1e999").contains("out of range"));
    assert!(swapped("\"repeat\"", "\"id\": \"x\", \"repeat\"").contains("id"));
    let twice = swapped("\"round\": 0", "\"round\": 0, \"round\": 0");
    assert!(twice.contains("duplicate field `round`"), "{twice}");
    let twice = swapped("\"repeat\"", "\"started_at\": \"x\", \"repeat\"");
    assert!(twice.contains("duplicate field `started_at`"), "{twice}");
    assert_eq!(
        swapped("\"cell\": 0", "\"cell\": 7"),
        "RUN: sample 0 is of cell 7, and the run has 1"
    );
}

#[test]
fn a_sample_of_no_cell_is_refused() {
    let (_runs, mut dir) = written(1);
    dir.append(&[Sample { cell: 4, ..sample(1) }]).unwrap();
    assert!(error(dir.path()).contains("sample 1 is of cell 4"), "{}", error(dir.path()));
}

#[test]
fn after_a_full_disk_the_sample_can_be_added_again() {
    let (_runs, mut dir) = written(1);
    dir.fill_disk();
    let full = dir.append(&[sample(1)]).unwrap_err();
    assert!(full.to_string().contains("samples.ndjson: No space left"), "{full}");
    dir.free_disk();
    dir.append(&[sample(1)]).unwrap();
    assert_eq!(RunDir::read(dir.path()).unwrap().samples.len(), 2);
}

#[test]
fn a_run_is_made_once_and_its_place_must_be_a_directory() {
    let (runs, _dir) = written(1);
    let again = RunHead { repeat: "other".into(), ..head() };
    assert!(RunDir::create(runs.path(), &again).is_err());
    assert_eq!(RunDir::read(&runs.path().join(head().id.as_str())).unwrap().head, head());
    let file = runs.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(RunDir::create(&file, &head()), Err(Error::Io { .. })));
}

#[test]
fn what_is_not_a_run_is_said_to_be_none() {
    let empty = tempfile::tempdir().unwrap();
    assert!(error(empty.path()).ends_with("is not a run"));
    assert!(error(&empty.path().join("gone.json")).contains("gone.json: No such file"));
    assert!(error(Path::new("/dev/zero")).ends_with("is not a run"));
}

proptest! {
    #[test]
    fn no_byte_in_a_file_makes_reading_panic(at: prop::sample::Index, byte: u8, whole: bool) {
        let (_runs, dir) = written(3);
        let run = Run { samples: vec![sample(0)], ..Run::begun(head()) };
        if whole {
            dir.finish(&run).unwrap();
        }
        let path = dir.path().join(if whole { RUN } else { SAMPLES });
        let mut bytes = fs::read(&path).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        fs::write(&path, bytes).unwrap();
        if let Err(error) = RunDir::read(dir.path()) {
            prop_assert!(error.to_string().contains(dir.path().to_str().unwrap()));
        }
    }
}
