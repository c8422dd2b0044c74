//! What stands in a diary.

use super::*;
use crate::bench::{head::draw_up, preset};
use crate::model::backend::{BackendId, BackendStatus, Readiness};
use crate::model::bench::Preset;
use crate::model::id::RunId;
use crate::model::root::Roots;
use crate::model::time::Stamp;

fn diary() -> Diary {
    let id = BackendId::Process;
    let status = BackendStatus { readiness: Readiness::Ready, ..BackendStatus::new(id) };
    let plan = preset::plan(Preset::Quick, &[id], 1);
    let head = draw_up(RunId::new(0, 1), plan, &[status], &Roots::default(), Stamp::default());
    Diary::of(Run::begun(head), "node7".into())
}

fn at(second: i32) -> At {
    At { ms: i64::from(second) * 1_000, seconds: Seconds(f64::from(second)) }
}

fn moments(diary: &mut Diary) -> Vec<(MomentKind, String)> {
    diary.take();
    let moments = diary.record().moments.iter();
    moments.map(|moment| (moment.kind, moment.words.to_string())).collect()
}

#[test]
fn one_kind_of_error_is_told_at_each_tenfold_and_logged_each_time() {
    let mut diary = diary();
    diary.open(at(0), BenchStage::Rounds, "");
    let (message, said) = (SafeText::new("no"), vec![SafeText::new("one"), SafeText::new("two")]);
    for second in 0..120 {
        let cell = (0, "process noop");
        let fault = Fault { cell, kind: Failure::Start, message: &message, said: &said };
        diary.fail(at(second), &fault);
    }
    let told = moments(&mut diary);
    assert_eq!(told.iter().filter(|(kind, _)| *kind == MomentKind::Error).count(), 3, "{told:?}");
    assert!(told[3].1.starts_with("process noop 100 times now"), "{told:?}");
    assert_eq!(diary.record().log.len(), 120 + 2 * 10);
}

#[test]
fn the_workers_of_a_stage_end_with_it() {
    let mut diary = diary();
    diary.open(at(0), BenchStage::Rounds, "");
    diary.engage(at(0), 1, Some(7));
    diary.doing(at(1), 1, "process noop");
    diary.measure(at(1), Reading { cpu: Some(0), held: None, pid: Some(7) });
    let held = Held { now: Bytes(5), peak: Some(Bytes(9)) };
    diary.measure(at(3), Reading { cpu: Some(1_000_000), held: Some(held), pid: Some(7) });
    let worker = diary.workers().remove(0);
    assert_eq!((worker.cores, worker.memory_bytes), (Some(0.5), Some(Bytes(9))));
    assert_eq!(worker.doing.unwrap().as_str(), "process noop");
    diary.open(at(4), BenchStage::Memory, "");
    let worker = diary.workers().remove(0);
    assert_eq!(
        (worker.status.as_str(), worker.doing, worker.ended_ms),
        ("STOPPED", None, Some(4_000))
    );
    let kinds: Vec<MomentKind> = moments(&mut diary).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(
        kinds,
        [
            MomentKind::StageStarted,
            MomentKind::WorkerStarted,
            MomentKind::WorkerEnded,
            MomentKind::StageEnded,
            MomentKind::StageStarted
        ]
    );
}

#[test]
fn a_worker_that_works_again_took_as_long_as_its_stage_did_each_time() {
    let mut diary = diary();
    for (from, to) in [(0, 4), (10, 13)] {
        diary.open(at(from), BenchStage::Throughput, "");
        diary.engage(at(from), 2, None);
        diary.open(at(to), BenchStage::Latency, "");
    }
    diary.take();
    let of = |kind| -> Vec<f64> {
        let all = diary.record().moments.iter().filter(|moment| moment.kind == kind);
        let own = all.filter(|moment| moment.stage.as_str() == "throughput");
        own.filter_map(|moment| Some(moment.seconds?.0)).collect()
    };
    assert_eq!(of(MomentKind::StageEnded), [4.0, 3.0]);
    assert_eq!(of(MomentKind::WorkerEnded), [4.0, 4.0, 3.0, 3.0]);
}

use crate::model::unit::Bytes;

#[test]
fn only_powers_of_ten_are_such() {
    let those: Vec<u64> = (0..=10_000).filter(|number| is_power_of_ten(*number)).collect();
    assert_eq!(those, [1, 10, 100, 1_000, 10_000]);
}
