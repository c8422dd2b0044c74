//! A Solstice of each generation, with its defects.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use isomon::model::origin::Offer;
use isomon::model::text::SafeText;
use isomon::source::Wants;
use serde_json::{Value, json};

use crate::server::{FAST_API, Server, ask, later, offer, told};

pub(crate) const SPLIT: &str = include_str!("../fixtures/foreign/solstice-split.json");
const HISTORY: &str = include_str!("../fixtures/foreign/solstice-history.json");
pub(crate) const STAGES: &str = include_str!("../fixtures/foreign/solstice-stages.json");

#[tokio::test]
async fn a_portal_is_found_behind_its_prefix() {
    let server = Server::start(FAST_API).await;
    server.json("/solstice/api/jobs", SPLIT);
    let mut source = server.source("solstice+http");
    let told = ask(&mut source).await.unwrap();
    assert_eq!(offer(&told, "/api/jobs"), Offer::Offered);
    assert_eq!(offer(&told, "/api/jobs/{id}/workers"), Offer::NotOffered);
    assert_eq!(offer(&told, "/api/jobs/{id}/exceptions"), Offer::NotOffered);
    let jobs = told!(told, Pipelines).unwrap();
    assert!(jobs.gaps[0].as_str().contains("failed jobs"));
    let [source_stage, transform] = &jobs.jobs[0].stages[..] else { panic!("two stages") };
    assert_eq!(source_stage.status.as_str(), "finished", "its end says so, whatever its word");
    assert_eq!((transform.workers, transform.parallelism), (Some(4), Some((2, 10))));
    assert_eq!((transform.queue, transform.backpressure), (Some(5200), Some(true)));
    assert!(transform.skew.unwrap() > 2.0);
    assert_eq!(jobs.jobs[0].edges.len(), 2);
    assert_eq!(jobs.jobs[1].stages[0].skew, Some(2.5));
    server.asked();
    later(5).await;
    assert_eq!(ask(&mut source).await.unwrap(), [], "nothing is new");
    assert_eq!(server.asked(), ["GET /solstice/api/jobs?limit=100"]);
}

#[tokio::test]
async fn a_history_server_lists_failed_jobs_and_tells_of_exceptions() {
    let server = Server::start(FAST_API).await;
    server.json("/api/jobs", HISTORY);
    server.json(
        "/api/jobs/nightly/exceptions",
        r#"[{"exception_type":"MemoryError","message":"oom","stage_id":"sink","worker_id":"w",
            "occurrence_count":3,"last_seen":1767774059.5}]"#,
    );
    let told = ask(&mut server.source("solstice+http")).await.unwrap();
    let jobs = told!(told, Pipelines).unwrap();
    assert!(jobs.gaps.is_empty());
    assert_eq!(jobs.jobs[0].status.as_str(), "FAILED");
    assert_eq!(jobs.jobs[0].duration_seconds.unwrap().0, 60.0);
    assert_eq!(jobs.jobs[0].exceptions[0].count, 3);
}

#[tokio::test]
async fn stages_of_the_generation_before_are_asked_for_by_themselves() {
    let server = Server::start(FAST_API).await;
    let bare = json!({"running": [{"job_id": "my_etl", "status": "RUNNING", "start_time": 5.5,
        "last_update": 7.5, "stage_count": 1, "worker_count": 4, "dag_edges": {},
        "stages": [{"stage_id": "transform", "worker_count": 4, "is_running": true}]}],
        "completed": []});
    server.json("/api/jobs", bare.to_string()).json("/api/jobs/my_etl/stages", STAGES);
    let told = ask(&mut server.source("solstice+http")).await.unwrap();
    let stage = &told!(told, Pipelines).unwrap().jobs[0].stages[0];
    assert_eq!((stage.operator.as_str(), stage.queue), ("MapOperatorConfig", Some(12)));
    assert_eq!((stage.input, stage.status.as_str()), (Some(120), "running"));
}

#[tokio::test]
async fn two_running_jobs_break_the_list_and_the_one_known_is_seen_nevertheless() {
    let server = Server::start(FAST_API).await;
    let running = Arc::new(AtomicUsize::new(1));
    let now = running.clone();
    server.route("/solstice/api/jobs", move |_| {
        if now.load(Ordering::Relaxed) > 1 {
            return (500, "text/plain; charset=utf-8", b"Internal Server Error".to_vec());
        }
        (200, "application/json", SPLIT.into())
    });
    server.json("/solstice/api/jobs/my_etl/stages", STAGES);
    let mut source = server.source("solstice+http");
    ask(&mut source).await.unwrap();
    running.store(2, Ordering::Relaxed);
    later(5).await;
    let told = ask(&mut source).await.expect("the server is there");
    assert_eq!(
        offer(&told, "/api/jobs"),
        Offer::Failed("/solstice/api/jobs?limit=100: 500: Internal Server Error".into())
    );
    let jobs = told!(told, Pipelines).unwrap();
    let gap = jobs.gaps.last().unwrap().as_str();
    assert!(
        gap.contains("the server's own fault") && gap.contains("/api/jobs/<id>/stages"),
        "{gap}"
    );
    let stage = &jobs.jobs[0].stages[0];
    assert_eq!((stage.input, stage.parallelism), (Some(120), Some((2, 10))));
    running.store(1, Ordering::Relaxed);
    later(60).await;
    let told = ask(&mut source).await.unwrap();
    assert!(!told!(told, Pipelines).unwrap().gaps.iter().any(|gap| gap.as_str().contains("fault")));
}

#[tokio::test]
async fn the_list_failing_from_the_start_is_a_gap_and_no_lost_server() {
    let server = Server::start(FAST_API).await;
    server.status("/api/jobs", 500, "Internal Server Error");
    let told = ask(&mut server.source("solstice+http")).await.unwrap();
    assert_eq!(told!(told, Pipelines).unwrap().gaps.len(), 1);
}

#[tokio::test]
async fn a_job_that_is_gone_is_told_from_a_question_nobody_answers() {
    let server = Server::start(FAST_API).await;
    let mut list: Value = serde_json::from_str(SPLIT).unwrap();
    list["running"][0]["stages"] = json!([]);
    list["running"]
        .as_array_mut()
        .unwrap()
        .push(json!({"job_id": "../../etc", "status": "RUNNING"}));
    server.json("/api/jobs", list.to_string());
    server.status("/api/jobs/my_etl/stages", 404, r#"{"detail":"Job my_etl not found"}"#);
    let told = ask(&mut server.source("solstice+http")).await.unwrap();
    let Offer::Failed(why) = offer(&told, "/api/jobs/{id}/stages") else { panic!("it is there") };
    assert!(why.as_str().contains("Job my_etl not found"), "{why}");
    assert!(!server.asked().iter().any(|path| path.contains("etc")), "an id is no path");
}

/// A server that tells of one job everything that the platform tells of any.
async fn talkative() -> Server {
    let server = Server::start(FAST_API).await;
    let base = "/solstice/api/jobs/my_etl";
    server.json("/solstice/api/jobs", SPLIT);
    server.json(
        &format!("{base}/workers"),
        r#"[{"worker_id":"w-0","stage_id":"transform","status":"BLOCKED","processing_time":10.0,
            "processed_count":50,"assigned_partitions":["0",1],"start_time":1767774924.0}]"#,
    );
    server.json(
        &format!("{base}/stages/transform/metrics-history"),
        r#"{"job_id":"my_etl","stage_id":"transform","data":[{"timestamp":1767774930.0,"queue_size":10},
            {"timestamp":1767774940.0,"queue_size":6000}]}"#,
    );
    server.json(
        &format!("{base}/lineage"),
        r#"{"nodes":[{"id":"a","split_id":"a"},{"id":"b","split_id":"b"}],
            "edges":[{"source":"a","target":"b"}]}"#,
    );
    server.json(
        &format!("{base}/configuration"),
        r#"{"job_config":{"queue_type":"tansu","secret_key":"hunter2"}}"#,
    );
    let text = |body: &'static str| {
        move |_: &crate::server::Asked| (200, "text/plain", body.as_bytes().to_vec())
    };
    server.route(&format!("{base}/workers/w-0/logs"), text("reads\nError: no order\n"));
    server
        .route(&format!("{base}/workers/w-0/stacktrace"), text("Thread 1\n  wait (queue.py:7)\n"));
    server
}

#[tokio::test]
async fn who_looks_in_depth_is_told_everything_that_is_offered() {
    let server = talkative().await;
    let mut source = server.source("solstice+http");
    let told = source.ask(Wants { depth: true }).await.unwrap();
    let jobs = told!(told, Pipelines).unwrap();
    let job = &jobs.jobs[0];
    let worker = &job.workers[0];
    assert_eq!((worker.per_second, worker.parts.len()), (Some(5.0), 2));
    let queues: Vec<u64> = job
        .pressure
        .iter()
        .filter(|one| one.stage.as_str() == "transform")
        .map(|one| one.queue)
        .collect();
    assert_eq!(queues, [10, 6000]);
    assert_eq!(job.lineage[1].parents[0].as_str(), "a");
    let hidden =
        job.configuration.iter().find(|(path, _)| path.as_str() == "job_config.secret_key");
    assert_eq!(hidden.unwrap().1.as_str(), "[redacted]");
    let log: Vec<(&str, bool)> =
        job.log.iter().map(|line| (line.text.as_str(), line.bad)).collect();
    assert_eq!(
        log,
        [
            ("reads", false),
            ("Error: no order", true),
            ("Thread 1", false),
            ("  wait (queue.py:7)", false)
        ]
    );
    let parts = &job.stages[1].partitions;
    assert_eq!((parts.len(), parts[0].lag, parts[0].latest), (3, Some(5000), Some(9000)));
    assert!(
        job.timeline.windows(2).all(|two| two[0].at_ms <= two[1].at_ms) && job.timeline.len() > 4
    );
    let gaps: Vec<&str> = job.gaps.iter().map(SafeText::as_str).collect();
    let wanted = [
        "errors: /api/jobs/{id}/exceptions",
        "events: /api/jobs/{id}/events",
        "checkpoints: /api/jobs/{id}/checkpoints",
    ];
    assert_eq!(gaps.len(), wanted.len(), "{gaps:?}");
    assert!(gaps.iter().zip(wanted).all(|(gap, wanted)| gap.starts_with(wanted)), "{gaps:?}");
}

#[tokio::test]
async fn a_job_that_is_over_is_told_in_depth_and_asked_about_once() {
    let server = Server::start(FAST_API).await;
    let over = r#"{"running":[],"completed":[{"job_id":"old","status":"COMPLETED","start_time":5.0,
        "end_time":7.5,"stages":[{"stage_id":"s","operator_type":"Map"}]}]}"#;
    server.json("/api/jobs", over);
    server.json(
        "/api/jobs/old/lineage",
        r#"{"nodes":[{"id":"a","split_id":"a"},{"id":"b","split_id":"b"}],
            "edges":[{"source":"a","target":"b"}]}"#,
    );
    server.json("/api/jobs/old/configuration", r#"{"job_config":{"queue_type":"tansu"}}"#);
    let mut source = server.source("solstice+http");
    let bare = ask(&mut source).await.unwrap();
    assert!(told!(bare, Pipelines).unwrap().jobs[0].lineage.is_empty(), "nobody looks");
    let deep = source.ask(Wants { depth: true }).await.unwrap();
    let job = &told!(deep, Pipelines).unwrap().jobs[0];
    assert_eq!(job.lineage[1].parents[0].as_str(), "a");
    assert_eq!(job.configuration[0].1.as_str(), "tansu");
    let about = || server.asked().iter().filter(|path| path.contains("old/lineage")).count();
    assert_eq!(about(), 1);
    source.ask(Wants { depth: true }).await.unwrap();
    assert_eq!(about(), 0, "it does not change any more");
}

#[tokio::test]
async fn who_does_not_look_asks_little() {
    let server = Server::start(FAST_API).await;
    server.json("/api/jobs", SPLIT);
    ask(&mut server.source("solstice+http")).await.unwrap();
    let asked = server.asked();
    assert!(
        !asked.iter().any(|path| path.contains("lineage") || path.contains("logs")),
        "{asked:?}"
    );
}
