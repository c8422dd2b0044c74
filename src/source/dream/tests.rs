use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::serving::Tokens;
use super::*;
use crate::model::reading::Why;
use crate::model::unit::PerSecond;

#[test]
fn gpus_are_read_in_all_forms_and_a_cell_that_is_not_filled_is_missing() {
    let page = json!({"count": 2, "gpus": [
        {"index": 0, "name": "A", "temperature_c": 45.0, "utilization_percent": 82.0,
         "memory_used_mb": 1024.0, "memory_total_mb": 2048.0},
        {"index": 1, "name": "B", "temperature_c": "[N/A]", "utilization_percent": null,
         "memory_used_mb": "[N/A]", "memory_total_mb": "[Not Supported]"}]});
    let sample = gpu::list(Some(&page)).unwrap();
    assert_eq!(sample.gpus[0].memory_used_bytes.get().unwrap().0, 1 << 30);
    assert_eq!(sample.gpus[0].utilization.get().unwrap().percent(), 82.0);
    let empty = &sample.gpus[1];
    assert!(empty.memory_used_bytes.known().is_none() && empty.celsius.known().is_none());
    assert!(empty.utilization.known().is_none(), "null is not 0");
    let detailed = json!({"gpu_count": 1, "backend": "amd", "gpus": [
        {"index": 3, "uuid": "u", "name": "C", "power_w": null, "memory_used_mb": 1}]});
    let sample = gpu::list(Some(&detailed)).unwrap();
    assert_eq!((sample.gpus[0].index, sample.gpus[0].id.as_str()), (3, "u"));
    assert!(sample.gpus[0].power_watts.known().is_none());
    assert_eq!(gpu::one(Some(&Value::Null)).unwrap().gpus, []);
    let camel = json!({"name": "D", "vramUsed": 2.0, "vramTotal": 8.0, "utilization": 5});
    let sample = gpu::one(Some(&camel)).unwrap();
    assert_eq!(sample.gpus[0].memory_used_bytes.get().unwrap().0, 2 << 30);
    assert_eq!(gpu::list(Some(&json!({"gpus": 7}))), None);
}

#[test]
fn services_are_sorted_by_severity() {
    let rows = json!([
        {"id": "a", "name": "a", "status": "healthy", "port": 80},
        {"id": "b", "name": "b", "status": "unknown", "port": 0},
        {"id": "c", "name": "c", "status": "down", "port": 70_000},
        {"id": "d", "name": "d", "status": "unhealthy", "response_time_ms": 12.5},
        {"id": "e", "status": "not_deployed", "external_port": 9},
        {"name": "f", "status": "degraded"}, {"status": "down"},
    ]);
    let services = service::list(rows.as_array().unwrap());
    let names: Vec<&str> = services.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["c", "d", "f", "b", "a", "e"]);
    assert_eq!(services[1].response_seconds.get().unwrap().0, 0.0125);
    assert_eq!((services[0].port, services[3].port, services[5].port), (None, None, Some(9)));
}

#[tokio::test(start_paused = true)]
async fn a_rate_is_made_from_counters_and_an_estimate_is_called_one() {
    let mut tokens = Tokens::default();
    let metrics = json!({"agent": {"tokens_per_second": 4.5}});
    let guess = tokens.take(None, None, None, Some(&metrics)).unwrap();
    assert!(guess.estimated);
    assert_eq!(guess.tokens_per_second.get(), Some(PerSecond(4.5)));
    let vllm = |total| json!({"tokens_generated_total": total, "requests_running": 3.0});
    let first = tokens.take(Some(&vllm(100.0)), None, None, Some(&metrics)).unwrap();
    assert_eq!(first.tokens_per_second.why(), Some(&Why::NotYet));
    tokio::time::advance(Duration::from_secs(5)).await;
    let second = tokens.take(Some(&vllm(600.0)), None, None, Some(&metrics)).unwrap();
    assert_eq!(second.tokens_per_second.get(), Some(PerSecond(100.0)));
    assert!(!second.estimated && second.running.get() == Some(3.0));
    assert_eq!(second.waiting.why(), Some(&Why::NotSupported));
    let silent = json!({"agent": {"tokens_per_second": 0.0}});
    assert_eq!(tokens.take(None, None, None, Some(&silent)), None);
}

#[test]
fn what_nobody_counts_is_missing_and_not_0() {
    let mut known = agent::Known::default();
    let agents = json!({"agents": [
        {"id": "x", "name": "one", "status": "active", "node": "n", "tasks_completed": 0,
         "uptime_seconds": 50, "current_task": "reads"},
        {"id": "two", "status": "idle", "uptime_seconds": 90}, {"status": "idle"}]});
    let metrics = json!({"agent": {"session_count": 4, "queue_depth": 0, "error_rate_1h": 0.0}});
    known.take(Some(&agents), Some(&json!({"errors": []})), Some(&metrics));
    let told = known.tell();
    assert_eq!((told.sessions.get(), told.agents.len()), (Some(4.0), 2));
    assert_eq!(told.oldest_seconds.get().unwrap().0, 90.0);
    assert!(told.queue.known().is_none() && told.error_rate.known().is_none());
    assert!(told.agents[0].completed.known().is_none());
}

proptest! {
    #[test]
    fn no_answer_panics(raw in "\\PC{0,40}", number: f64, whole: i64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _inside = runtime.enter();
        for field in [json!(raw), json!(number), json!(whole), json!(null), json!([raw])] {
            let row = json!({"index": field, "name": field, "status": "x", "id": "y", "port": field,
                "memory_used_mb": field, "power_w": field, "response_time_ms": field,
                "uptime_seconds": field, "tasks_completed": field, "tokens_per_second": field});
            gpu::list(Some(&json!({"gpus": [row, field], "backend": field})));
            gpu::one(Some(&field));
            service::list(&[row.clone(), field.clone()]);
            service::node(&json!({"disk": {"path": "/", "total_gb": field, "used_gb": field}}));
            let all = json!({"agents": [row], "errors": [field], "agent": row, "model": row,
                "tokens_generated_total": field, "requests_running": field});
            let mut known = agent::Known::default();
            known.take(Some(&all), Some(&all), Some(&all));
            prop_assert!(known.tell().oldest_seconds.get().is_none_or(|s| s.0 >= 0.0));
            Tokens::default().take(Some(&all), Some(&all), Some(&all), Some(&all));
        }
    }
}
