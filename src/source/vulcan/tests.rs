use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::model::text::SafeText;
use crate::model::unit::Seconds;
use crate::model::workload::Workload;

#[test]
fn a_workload_is_read_with_what_is_left_out() {
    let row = json!({
        "id": "01JKQX7V8MZRN3B4HTGFWDCS9E", "status": "completed", "isolation": "auto",
        "runtime": "node", "node_id": "", "output": "aGVsbG8gZnJvbSBpc29sYXRl",
        "created_at": "2026-02-19T07:00:00.123456789Z",
        "started_at": "2026-02-19T09:00:00.13+02:00", "finished_at": "2026-02-19T07:00:00.63Z",
    });
    let read = list::workload(&row).unwrap();
    assert_eq!(read.output, Some(SafeText::new("hello from isolate")));
    assert_eq!(read.duration_seconds, Some(Seconds(0.5)));
    assert_eq!((read.backend, read.isolation.as_str()), (None, "auto"));
    assert_eq!((read.exit_code, read.error, read.cpus), (None, None, None));
    assert_eq!(read.created_ms, 1_771_484_400_123);
}

#[test]
fn output_is_cut_before_it_is_decoded_and_never_trusted() {
    let long = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        "\u{1b}]0;x\u{7}".repeat(9_999),
    );
    let row = json!({"id": "a", "output": long});
    let output = list::workload(&row).unwrap().output.unwrap();
    assert!(output.as_str().starts_with("^[]0;x^G") && output.as_str().len() < 300);
    let row = json!({"id": "a", "output": "not base64!"});
    assert_eq!(list::workload(&row).unwrap().output.unwrap().as_str(), "not base64!");
}

fn ended(isolation: &str, exit_code: Option<i32>, seconds: f64) -> Workload {
    Workload {
        status: Status::Completed,
        isolation: isolation.into(),
        exit_code,
        duration_seconds: Some(Seconds(seconds)),
        ..Workload::default()
    }
}

#[test]
fn a_workload_that_completed_badly_is_no_success() {
    let mut all: Vec<Workload> =
        (1..=20).map(|n| ended("isolate", Some(0), f64::from(n))).collect();
    all.push(ended("microvm", Some(1), 2.0));
    all.push(ended("microvm", None, 4.0));
    all.push(Workload { isolation: "auto".into(), ..Workload::default() });
    let figures = figures::by_backend(&all);
    let shown: Vec<_> = figures.iter().map(|one| (one.backend.as_str(), one.count)).collect();
    assert_eq!(shown, [("auto", 1), ("isolate", 20), ("microvm", 2)]);
    assert_eq!(figures[0].success, None, "none is over");
    assert_eq!(figures[0].mean_seconds, None);
    assert_eq!(figures[1].success.unwrap().percent(), 100.0);
    assert_eq!(figures[1].p50_seconds, Some(Seconds(10.5)));
    assert!((figures[1].p95_seconds.unwrap().0 - 19.05).abs() < 1e-9);
    assert!((figures[1].mean_seconds.unwrap().0 - 10.5).abs() < 1e-9);
    assert_eq!(figures[2].success.unwrap().percent(), 50.0);
    assert_eq!(figures[2].p95_seconds, None, "two have no 95th percentile");
}

#[test]
fn what_the_server_never_runs_is_told() {
    let old = Workload { isolation: "isolate".into(), ..Workload::default() };
    assert!(figures::gaps(std::slice::from_ref(&old), 3_600_000).is_empty());
    let gaps = figures::gaps(&[old], 3_600_001);
    assert!(gaps[0].as_str().starts_with("1 pending for over an hour"), "{gaps:?}");
}

#[test]
fn figures_over_all_are_read() {
    let read = stats(&json!({
        "total": 42, "by_status": {"failed": 4, "pending": 2, "novel": 1, "running": "x"},
        "by_isolation": {"auto": 3}, "avg_duration_ms": 1250.5
    }));
    let read = read.unwrap();
    assert_eq!(read.by_status, [(Status::Pending, 2), (Status::Failed, 4)]);
    assert_eq!(read.mean_seconds, Some(Seconds(1.2505)));
    assert_eq!(stats(&json!([1])), None);
}

proptest! {
    #[test]
    fn no_row_panics(raw in "\\PC{0,40}", number: f64, whole: i64) {
        let any = [json!(raw), json!(number), json!(whole), json!(null), json!([raw]), json!({})];
        for field in any {
            let mut row = json!({"id": "x"});
            for key in ["status", "isolation", "output", "exit_code", "duration_ms", "created_at",
                        "mem_limit", "cpu_limit", "timeout_s", "started_at", "finished_at"] {
                row[key] = field.clone();
            }
            let read = list::workload(&row).unwrap();
            prop_assert!(read.duration_seconds.is_none_or(|d| d.0 >= 0.0 && d.0.is_finite()));
            figures::by_backend(&[read]);
            prop_assert!(stats(&row).is_none());
            node::read(&json!([row]));
        }
    }
}
