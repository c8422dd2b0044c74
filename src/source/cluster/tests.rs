use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::model::update::What;

/// Node and its status, and the GPUs that are told of.
fn seen(answer: &serde_json::Value) -> (Vec<(String, String)>, usize) {
    let told = tell(answer).unwrap();
    let gpus = told.iter().filter(|told| matches!(told.what, What::Gpus(_))).count();
    let services = told.iter().filter_map(|told| match (&told.node, &told.what) {
        (Some(node), What::Services(all)) => Some((node.to_string(), all[0].status.to_string())),
        _ => None,
    });
    (services.collect(), gpus)
}

#[test]
fn all_four_forms_are_read() {
    let gpu = json!({"gpu_util": 40, "vram_used_gb": 1.5, "vram_total_gb": 24, "temp_c": 61});
    let forms = [
        json!({"nodes": [{"id": "a", "healthy": true}, {"id": "b", "healthy": false}]}),
        json!({"nodes": {"a": {"healthy": true}, "b": {"healthy": false}}}),
        json!({"nodes": [{"node": "a", "healthy": true}, {"node": "b", "healthy": false}],
               "healthy": true}),
        json!({"healthy": true, "nodes": [{"name": "a", "vllm_healthy": true, "gpu": gpu},
               {"name": "b", "vllm_healthy": false, "gpu": null}]}),
    ];
    let wanted = [("a", "healthy"), ("b", "unhealthy")];
    for (form, gpus) in forms.iter().zip([0, 0, 0, 1]) {
        let (nodes, found) = seen(form);
        let nodes: Vec<_> = nodes.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!((nodes.as_slice(), found), (&wanted[..], gpus), "{form}");
    }
    let load = json!({"nodes": [{"name": "a", "healthy": true, "gpu_utilization": 12.5}]});
    assert_eq!(seen(&load).1, 1);
}

#[test]
fn who_serves_and_whether_another_stands_ready_is_told() {
    let own = |answer| match &tell(&answer).unwrap()[0].what {
        What::Services(all) => {
            all.iter().map(|one| format!("{}: {}", one.name, one.status)).collect()
        }
        other => vec![format!("{other:?}")],
    };
    let two = json!([{"name": "a", "healthy": true}, {"name": "b", "healthy": false}]);
    let told = own(json!({"nodes": two, "failover_ready": true, "active_node": "a"}));
    assert_eq!(told, ["failover ready: healthy", "b: unhealthy", "a (serves): healthy"]);
    let told = own(json!({"nodes": two}));
    assert_eq!(told[0], "no failover: degraded");
    let told = own(json!({"nodes": {"x": {}}}));
    assert_eq!(told[1], "x: unknown", "silence is no illness");
    for wrong in [json!({}), json!([]), json!({"nodes": "x"}), json!({"error": "x"})] {
        assert_eq!(tell(&wrong), None);
    }
}

proptest! {
    #[test]
    fn no_status_panics(raw in "\\PC{0,40}", number: f64) {
        for field in [json!(raw), json!(number), json!(null), json!([raw]), json!({"gpu_util": number})] {
            let row = json!({"name": field, "node": raw, "healthy": field, "gpu": field,
                             "gpu_utilization": field});
            let told = tell(&json!({"nodes": [row, field], "active_node": field}));
            prop_assert!(told.is_some());
            tell(&json!({"nodes": field}));
        }
    }
}
