//! A whole run through the public door: simulated sandboxes with known times, the store, the
//! figures, the reports.

#![expect(clippy::unwrap_used, reason = "a test")]

use isomon::model::backend::{BackendId, Start};
use isomon::model::bench::{Figure, Summary};
use isomon::model::run::{Run, RunEnd};
use isomon::report::{run_csv, run_json, run_markdown, run_text};
use isomon::stats::interval::RESAMPLES;
use isomon::stats::summary::summarise;
use isomon::store::RunDir;

#[path = "support/simulation.rs"]
mod simulation;

fn cold(run: &Run, backend: BackendId) -> Summary {
    let cell = run.head.cells.iter().position(|cell| cell.backend == backend).unwrap();
    let summaries = &run.tail.as_ref().unwrap().summary;
    let wanted = |of: &&Summary| of.cell as usize == cell && of.figure == Figure::Start;
    summaries.iter().find(wanted).unwrap().clone()
}

#[test]
fn the_figures_are_those_that_were_simulated() {
    let run = simulation::run(1);
    let tail = run.tail.as_ref().unwrap();
    assert_eq!(tail.end, RunEnd::Completed);
    for (backend, truth) in simulation::MEDIANS {
        let known = cold(&run, backend).estimate.unwrap();
        let (low, high) = (known.low_seconds.unwrap().0, known.high_seconds.unwrap().0);
        assert!(low * 0.95 < truth && truth < high * 1.05, "{backend}: {low}..{high}");
        assert!((high - low) / 2.0 / known.median_seconds.0 <= 0.051, "{backend}");
    }
}

#[test]
fn anyone_can_compute_the_figures_again_from_the_file() {
    let runs = tempfile::tempdir().unwrap();
    let path = runs.path().join("run.json");
    std::fs::write(&path, run_json::json(&simulation::run(2)).unwrap()).unwrap();
    let run = RunDir::read(&path).unwrap();
    let again = summarise(&run.head.cells, &run.samples, RESAMPLES, run.head.plan.seed);
    assert_eq!(run.tail.unwrap().summary, again);
}

#[test]
fn a_file_of_before_there_were_starts_is_read_and_says_the_same() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = RunDir::read(&path.join("tests/fixture/run_before_starts.json")).unwrap();
    assert_eq!(run.head.plan.starts, Start::ALL);
    assert!(run.head.cells.iter().all(|cell| cell.start == Start::Cold));
    assert_eq!(run.head.left_out[0].label(), "gvisor-kvm");
    assert_eq!(cold(&run, BackendId::Bubblewrap).n, 2);
    let again = summarise(&run.head.cells, &run.samples, RESAMPLES, run.head.plan.seed);
    assert_eq!(run.tail.as_ref().unwrap().summary, again);
    let text = run_text::text(&run);
    assert!(text.contains("× process") && !text.contains("× cold process"), "{text}");
    assert!(run_csv::csv(&run).contains(",bubblewrap,cold,noop,0,false,start,2,"));
}

#[test]
fn a_file_of_before_there_were_loads_is_read_and_says_the_same() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = RunDir::read(&path.join("tests/fixture/run_before_loads.json")).unwrap();
    let tail = run.tail.as_ref().unwrap();
    assert_eq!((run.head.format, tail.loads.len(), run.steps.len()), (1, 0, 0));
    assert!(tail.verdict.is_none() && run.head.plan.loads.is_empty());
    assert_eq!(tail.summary[0].estimate.unwrap().p999_seconds, None);
    assert!(run.samples.iter().all(|sample| sample.attempt == 0 && sample.host.gpu.is_none()));
    assert_eq!(run_csv::csv(&run).lines().count(), 1 + tail.summary.len());
    let text = run_text::text(&run);
    assert!(text.contains("wasm pooled"), "{text}");
}

#[test]
fn every_report_names_every_backend() {
    let run = simulation::run(3);
    for report in [run_text::text(&run), run_markdown::markdown(&run), run_csv::csv(&run)] {
        for (backend, _) in simulation::MEDIANS {
            assert!(report.contains(backend.name()), "{report}");
        }
    }
}
