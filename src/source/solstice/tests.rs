use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::model::unit::Seconds;

fn stage_of(row: Value) -> crate::model::pipeline::Stage {
    stage::read(&json!({"stages": [row]})).remove(0)
}

#[test]
fn both_forms_of_the_list_are_read() {
    let running = json!({
        "job_id": "my_etl", "status": "RUNNING", "start_time": 1_767_774_923.1, "end_time": null,
        "last_update": 1_767_774_953.4, "dag_edges": {"source": ["transform"], "transform": ["a", "b"]},
        "stages": [{"stage_id": "transform", "status": "RUNNING", "end_time": null}],
    });
    let over = json!({"job_id": "old", "status": "completed", "start_time": 5.0, "end_time": 7.5});
    let split = job::list(&json!({"running": [running], "completed": [over]}), 100).unwrap();
    assert_eq!(split.gaps.len(), 1, "failed jobs are a gap");
    let job = &split.jobs[0];
    assert_eq!(job.id.as_str(), "my_etl");
    assert_eq!(job.ended_ms, None);
    assert!((job.duration_seconds.unwrap().0 - 30.3).abs() < 1e-6, "by the server's own clock");
    assert_eq!(job.edges.len(), 3);
    assert_eq!(split.jobs[1].status.as_str(), "COMPLETED");
    assert_eq!(split.jobs[1].duration_seconds, Some(Seconds(2.5)));
    let one = job::list(&json!({"jobs": [over, running, {}], "total": 250}), 100).unwrap();
    assert_eq!(one.jobs, [split.jobs[0].clone(), split.jobs[1].clone()]);
    assert_eq!(one.gaps[0].as_str(), "the latest 100 of 250 jobs are shown");
    for wrong in [json!({}), json!([]), json!({"jobs": 3}), json!({"running": 1, "completed": {}})]
    {
        assert_eq!(job::list(&wrong, 100), None);
    }
}

#[test]
fn a_stage_that_is_over_is_finished_whatever_its_word() {
    let rows = [
        (json!({"status": "RUNNING", "end_time": null}), "running"),
        (json!({"status": "RUNNING", "end_time": 1.5}), "finished"),
        (json!({"status": "COMPLETED"}), "finished"),
        (json!({"is_running": false, "is_finished": true, "failed": false}), "finished"),
        (json!({"is_running": true, "is_finished": false, "failed": false}), "running"),
        (json!({"is_running": true, "failed": true}), "failed"),
        (json!({"worker_count": 0}), "pending"),
    ];
    for (mut row, wanted) in rows {
        row["stage_id"] = "s".into();
        assert_eq!(stage_of(row.clone()).status.as_str(), wanted, "{row}");
    }
}

#[test]
fn skew_is_the_largest_lag_over_the_mean() {
    let of = |partitions| stage_of(json!({"stage_id": "s", "partition_metrics": partitions})).skew;
    let map = json!({"0": {"lag": 300}, "1": {"lag": 100}, "2": {"lag": 0}, "3": {"lag": 0}});
    assert_eq!(of(map), Some(3.0));
    assert_eq!(of(json!([{"lag": 10}, {"lag": 10}])), Some(1.0));
    assert_eq!(of(json!({"0": {"lag": 300}})), None, "one partition is not skewed");
    assert_eq!(of(json!({"0": {"lag": 0}, "1": {"lag": 0}})), None);
    assert_eq!(of(json!("x")), None);
    let archived = json!({"stage_id": "s", "final_worker_count": 3,
        "final_metrics": {"skew_ratio": 2.5, "input_records": 7, "backpressure_active": true}});
    let archived = stage_of(archived);
    assert_eq!((archived.skew, archived.input, archived.workers), (Some(2.5), Some(7), Some(3)));
    assert_eq!((archived.backpressure, archived.queue), (Some(true), None));
}

#[test]
fn an_id_that_could_be_a_path_is_never_asked_for() {
    for bad in ["", ".", "..", "../x", "a/b", "a?b", "a b", "a%2fb", "ä"] {
        assert!(!is_id(bad), "{bad}");
    }
    assert!(is_id("my_etl-2.1"));
}

#[test]
fn of_several_events_of_a_worker_the_last_stands() {
    let workers = job::workers(&json!([
        {"worker_id": "w1", "stage_id": "s", "event_type": "STARTED"},
        {"worker_id": "w0", "stage_id": "s", "status": "RUNNING", "processing_time": 1.5},
        {"worker_id": "w1", "stage_id": "s", "event_type": "COMPLETED"},
    ]));
    let shown: Vec<_> = workers.iter().map(|w| (w.id.as_str(), w.status.as_str())).collect();
    assert_eq!(shown, [("w0", "RUNNING"), ("w1", "COMPLETED")]);
    let errors = job::exceptions(&json!([
        {"exception_type": "OOM", "message": "memory", "last_seen": 5.0},
        {"exception_type": "E", "message": "m", "last_seen": 9.0, "occurrence_count": 3}, {},
    ]));
    assert_eq!((errors.len(), errors[0].count, errors[0].last_ms), (2, 3, Some(9_000)));
}

proptest! {
    #[test]
    fn no_job_panics(raw in "\\PC{0,40}", number: f64, whole: i64) {
        let any = [json!(raw), json!(number), json!(whole), json!(null), json!([raw]),
                   json!({"0": {"lag": number}, "1": {"lag": whole}})];
        for field in any {
            let mut row = json!({"job_id": "x", "stage_id": "y"});
            for key in ["status", "start_time", "end_time", "duration_ms", "dag_edges", "worker_count",
                        "partition_metrics", "skew_ratio", "final_metrics", "queue_lag"] {
                row[key] = field.clone();
            }
            row["stages"] = json!([row.clone()]);
            let read = job::list(&json!({"jobs": [row]}), 100).unwrap();
            let skew = read.jobs[0].stages[0].skew;
            prop_assert!(skew.is_none_or(f64::is_finite));
            job::workers(&field);
            job::exceptions(&field);
        }
    }
}
