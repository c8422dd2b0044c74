//! Jobs and stages of Solstice in all their forms.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::model::unit::Seconds;

fn stage_of(row: &Value) -> crate::model::pipeline::Stage {
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
        assert_eq!(stage_of(&row).status.as_str(), wanted, "{row}");
    }
}

#[test]
fn skew_is_the_largest_lag_over_the_mean() {
    let of = |partitions: Value| {
        stage_of(&json!({"stage_id": "s", "partition_metrics": partitions})).skew
    };
    let map = json!({"0": {"lag": 300}, "1": {"lag": 100}, "2": {"lag": 0}, "3": {"lag": 0}});
    assert_eq!(of(map), Some(3.0));
    assert_eq!(of(json!([{"lag": 10}, {"lag": 10}])), Some(1.0));
    assert_eq!(of(json!({"0": {"lag": 300}})), None, "one partition is not skewed");
    assert_eq!(of(json!({"0": {"lag": 0}, "1": {"lag": 0}})), None);
    assert_eq!(of(json!("x")), None);
    let archived = json!({"stage_id": "s", "final_worker_count": 3,
        "final_metrics": {"skew_ratio": 2.5, "input_records": 7, "backpressure_active": true}});
    let archived = stage_of(&archived);
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
    let workers = worker::workers(
        &json!([
            {"worker_id": "w1", "stage_id": "s", "event_type": "STARTED"},
            {"worker_id": "w0", "stage_id": "s", "status": "RUNNING", "processing_time": 1.5},
            {"worker_id": "w1", "stage_id": "s", "event_type": "COMPLETED"},
        ]),
        None,
    );
    let shown: Vec<_> = workers.iter().map(|w| (w.id.as_str(), w.status.as_str())).collect();
    assert_eq!(shown, [("w0", "RUNNING"), ("w1", "COMPLETED")]);
    let errors = told::exceptions(&json!([
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
            every(&field);
            every(&row);
        }
    }
}

/// Reads `answer` as an answer to each question.
fn every(answer: &Value) {
    worker::workers(answer, Some(0));
    told::exceptions(answer);
    told::events(answer, None);
    told::lineage(answer);
    told::configuration(answer);
    told::checkpoints(answer);
    told::queues(answer, &"s".into());
}

#[test]
fn secrets_of_a_configuration_are_hidden_at_any_depth() {
    let told = told::configuration(&json!({
        "job_config": {"queue": "tansu", "password": "x", "auth_token": {"value": "y", "n": 3}},
        "environment": {"LIST": [1, 2], "NONE": null},
    }));
    let of =
        |path: &str| told.iter().find(|(name, _)| name.as_str() == path).map(|(_, v)| v.as_str());
    assert_eq!(of("job_config.queue"), Some("tansu"));
    assert_eq!(of("job_config.password"), Some("[redacted]"));
    assert_eq!(of("job_config.auth_token.value"), Some("[redacted]"));
    assert_eq!(of("job_config.auth_token.n"), Some("[redacted]"));
    assert_eq!((of("environment.LIST.1"), of("environment.NONE")), (Some("2"), None));
}

#[test]
fn an_error_brings_its_stack_and_what_is_likely_behind_it() {
    let all = told::exceptions(&json!([{"exception_type": "MemoryError", "message": "no more",
        "stacktrace": "a.py:1\nb.py:2\n", "split_id": "p3", "first_seen": 1.0, "last_seen": 2.0}]));
    let stack: Vec<&str> = all[0].stack.iter().map(SafeText::as_str).collect();
    assert_eq!(
        (stack, all[0].part.as_str(), all[0].first_ms),
        (vec!["a.py:1", "b.py:2"], "p3", Some(1_000))
    );
    assert!(all[0].hint.as_ref().unwrap().as_str().contains("ran out of memory"));
}

#[test]
fn lineage_is_read_as_a_graph_and_as_records() {
    let graph = told::lineage(
        &json!({"nodes": [{"id": "a", "split_id": "a"}, {"id": "b", "worker_id": "w"}],
        "edges": [{"source": "a", "target": "b"}]}),
    );
    assert_eq!((graph[1].parents.len(), graph[1].worker.as_str()), (1, "w"));
    let records =
        told::lineage(&json!([{"split_id": "b", "parent_ids": ["a"], "output_records": 7}]));
    assert_eq!((records[0].parents[0].as_str(), records[0].records), ("a", Some(7)));
}

#[test]
fn the_timeline_is_in_order_and_made_of_what_is_told() {
    let list = job::list(
        &json!({"jobs": [{"job_id": "j", "status": "FAILED", "start_time": 10.0, "end_time": 20.0,
        "stages": [{"stage_id": "s", "start_time": 11.0, "end_time": 15.0}]}]}),
        9,
    )
    .unwrap();
    let mut job = list.jobs[0].clone();
    let events = told::events(
        &json!([{"event_type": "ERROR", "name": "x", "timestamp": 14.0}, {"name": "y"}]),
        job.started_ms,
    );
    assert_eq!(events.1, 1, "one has no time");
    job.workers = worker::workers(
        &json!([
        {"worker_id": "w", "event_type": "STARTED", "timestamp": 12.0},
        {"worker_id": "w", "event_type": "COMPLETED", "timestamp": 13.0, "start_time": 12.0}]),
        job.started_ms,
    );
    assert_eq!(job.workers[0].events.len(), 2);
    let at: Vec<f64> =
        told::timeline(&job, &events.0).iter().map(|moment| moment.at_seconds.0).collect();
    assert_eq!(at, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 10.0]);
}

#[test]
fn what_happens_again_is_one_error_with_a_count() {
    let time = |at: f64, worker: &str, more: Value| {
        let mut row = json!({"exception_type": "OSError", "message": "full", "stage_id": "sink",
            "worker_id": worker, "timestamp": at, "stacktrace": format!("at {at}")});
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        row
    };
    let all = told::exceptions(&json!([
        time(7.0, "w0", json!({})),
        time(9.0, "w0", json!({})),
        time(8.0, "w0", json!({"occurrence_count": 3, "first_seen": 2.0, "last_seen": 8.0})),
        time(5.0, "w1", json!({})),
    ]));
    let told: Vec<_> =
        all.iter().map(|one| (one.worker.as_str(), one.count, one.first_ms, one.last_ms)).collect();
    let wanted = [("w0", 5, Some(2_000), Some(9_000)), ("w1", 1, Some(5_000), Some(5_000))];
    assert_eq!(told, wanted);
    assert_eq!(all[0].stack[0].as_str(), "at 9", "the latest stack");
}

#[test]
fn of_more_rows_than_a_page_a_page_is_kept() {
    let many = |row: &dyn Fn(usize) -> Value| Value::Array((0..5_000).map(row).collect());
    let errors = told::exceptions(&many(&|n| json!({"exception_type": format!("E{n}")})));
    let workers = worker::workers(&many(&|n| json!({"worker_id": format!("w{n}")})), None);
    let points = told::checkpoints(&many(
        &|n| json!({"checkpoint_id": format!("c{n}"), "trigger_time": 7.5}),
    ));
    let (events, timeless) =
        told::events(&many(&|n| json!({"event_type": "split", "timestamp": n + 1})), None);
    for (name, count) in [
        ("errors", errors.len()),
        ("workers", workers.len()),
        ("checkpoints", points.len()),
        ("events", events.len() + timeless),
    ] {
        assert!((1..=1_000).contains(&count), "{name}: {count}");
    }
}

#[test]
fn of_the_logs_of_many_workers_the_latest_five_thousand_lines_are_kept() {
    let mut log = Vec::new();
    for worker in 0..6_i64 {
        let from = SafeText::from(format!("w{worker}"));
        let lines: Vec<String> = (0..1_000).map(|line| line.to_string()).collect();
        let text = lines.join("\n");
        depth::renew(&mut log, &from, told::log(&text, &from, worker, 1_000));
    }
    assert_eq!((log.len(), log[0].from.as_str()), (5_000, "w1"));
    assert_eq!(log[4_999].text.as_str(), "999");
}
