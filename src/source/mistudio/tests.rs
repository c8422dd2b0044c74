use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::model::unit::Bytes;

fn metrics() -> Value {
    json!({
        "cpu": {"percent": 400.0, "count": 16},
        "ram": {"total": 1000, "used": 600, "available": 300, "used_percent": 70.0},
        "swap": {"total": 50, "used": 5},
        "disk_io": {"read_bytes": 1000, "write_bytes": 2000},
        "network_io": {"sent_bytes": 3000, "recv_bytes": 4000},
    })
}

#[tokio::test(start_paused = true)]
async fn percent_is_a_sum_over_cores_and_rates_are_made_from_totals() {
    let (mut parts, mut maker) = (Parts::default(), Maker::default());
    parts.take_all(&metrics());
    let first = maker.make(&parts);
    assert_eq!(first.cpu.get().unwrap().busy.percent(), 25.0);
    assert_eq!(first.memory.get().unwrap().available_bytes, Bytes(300));
    assert_eq!(first.disks[0].read_bytes_per_second.why(), Some(&Why::NotYet));
    tokio::time::advance(Duration::from_secs(2)).await;
    let mut later = metrics();
    later["disk_io"]["read_bytes"] = json!(5000);
    later["network_io"]["sent_bytes"] = json!(1);
    parts.take_all(&later);
    let second = maker.make(&parts);
    assert_eq!(second.disks[0].read_bytes_per_second.get().unwrap().0, 2000.0);
    assert_eq!(second.disks[0].write_bytes_per_second.get().unwrap().0, 0.0);
    let network = &second.networks[0];
    assert_eq!(network.transmit_bytes_per_second.why(), Some(&Why::NotYet), "begun anew");
    assert_eq!(maker.make(&parts), second, "the same parts make the same sample");
    tokio::time::advance(STALE).await;
    let stale = maker.make(&parts);
    assert_eq!(stale.cpu.why(), Some(&Why::TimedOut));
    assert!(stale.disks.is_empty() && stale.networks.is_empty());
}

#[tokio::test(start_paused = true)]
async fn messages_are_known_by_their_word_or_by_their_fields() {
    let mut parts = Parts::default();
    let rows = [
        (json!({"percent": 1.0, "count": 2, "metric_type": "cpu"}), true),
        (json!({"percent": 1.0, "count": 2}), true),
        (json!({"ram": {}, "swap": {}}), true),
        (json!({"read_bytes": 1}), true),
        (json!({"sent_bytes": 1}), true),
        (json!({"gpu_id": 1, "utilization": {"gpu": 5}}), true),
        (json!({"gpu_id": 1_000_000}), false),
        (json!({"metric_type": "novel"}), false),
        (json!([1]), false),
        (json!(null), false),
    ];
    for (message, wanted) in rows {
        assert_eq!(parts.take(&message), wanted, "{message}");
    }
    assert!(parts.cpu.is_some() && parts.network.is_some() && parts.gpus.len() == 1);
}

#[tokio::test(start_paused = true)]
async fn what_the_server_writes_as_0_because_it_cannot_read_it_is_missing() {
    let mut parts = Parts::default();
    parts.take_gpu(&json!({"gpu_id": 0, "utilization": {"gpu": 0.0, "memory": 40.0},
        "memory": {"used": 5, "total": 11}, "temperature": 72, "fan_speed": 0,
        "power": {"usage": 0, "limit": 0}, "clocks": {"gpu": 1800, "memory": 0}}));
    let Some(What::Gpus(sample)) = Gpus::default().tell(&parts) else { panic!("no GPUs") };
    let gpu = &sample.gpus[0];
    assert_eq!(gpu.utilization.get().unwrap().percent(), 0.0, "idle is idle");
    assert_eq!(gpu.core_clock_hertz.get().unwrap().0, 1_800_000_000);
    assert!(gpu.fan.known().is_none() && gpu.power_watts.known().is_none());
    assert!(gpu.memory_clock_hertz.known().is_none() && gpu.power_limit_watts.known().is_none());
}

#[test]
fn an_operation_has_progress_in_percent_and_begins_when_it_began() {
    let job = task::job(&json!({"id": "7", "task_type": "training", "status": "running",
        "progress": 98.0, "created_at": "2026-08-04T10:00:00Z", "started_at": "2026-08-04T11:00:00Z",
        "updated_at": "2026-08-04T11:00:30Z", "entity_info": {"name": "sae-12"}}));
    let job = job.unwrap();
    assert_eq!(job.progress.unwrap().percent(), 98.0);
    assert_eq!(job.duration_seconds.unwrap().0, 30.0);
    assert_eq!((job.status.as_str(), job.stages[0].operator.as_str()), ("RUNNING", "sae-12"));
    let queued = task::job(&json!({"id": 8, "status": "queued", "progress": null})).unwrap();
    assert_eq!((queued.id.as_str(), queued.progress, queued.started_ms), ("8", None, None));
}

proptest! {
    #[test]
    fn no_message_panics(raw in "\\PC{0,40}", number: f64, whole: i64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _inside = runtime.enter();
        for field in [json!(raw), json!(number), json!(whole), json!(null), json!([raw])] {
            let inner = json!({"total": field, "used": field, "gpu": field, "usage": field});
            let message = json!({"cpu": field, "ram": inner, "swap": field, "disk_io": field,
                "percent": field, "count": field, "gpu_id": 3, "power": inner, "clocks": inner,
                "memory": inner, "utilization": inner, "fan_speed": field, "temperature": field});
            let mut parts = Parts::default();
            parts.take_all(&message);
            parts.take(&message);
            parts.take(&json!({"metric_type": "cpu", "percent": field, "count": field}));
            let sample = Maker::default().make(&parts);
            prop_assert!(sample.cpu.get().is_none_or(|cpu| cpu.busy.fraction().is_finite()));
            Gpus::default().tell(&parts);
            task::job(&message);
            sample::mounts(std::slice::from_ref(&message));
        }
    }
}
