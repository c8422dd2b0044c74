//! A DreamServer in each of its three implementations.

use isomon::model::origin::Offer;
use isomon::model::reading::Why;
use isomon::model::update::What;
use isomon::source::Error;

use crate::server::{FAST_API, Server, ask, later, offer, told};

pub(crate) const GPU: &str = include_str!("../fixtures/foreign/dream-gpu.json");
const DETAILED: &str = include_str!("../fixtures/foreign/dream-detailed.json");
pub(crate) const STATUS: &str = include_str!("../fixtures/foreign/dream-status.json");
const METRICS: &str = include_str!("../fixtures/foreign/dream-metrics.json");

/// The single page, which lets nobody in without its key.
async fn page() -> Server {
    let server = Server::start(FAST_API).await;
    server
        .json("/api/health", r#"{"status":"ok","timestamp":"2026-08-04T11:00:30"}"#)
        .json("/api/gpu", GPU)
        .json("/api/cluster", r#"{"nodes":{"a":{"healthy":true},"b":{"healthy":false}}}"#)
        .json("/api/agents", r#"{"agents":[{"id":"x","name":"one","status":"active"}],"total":1}"#)
        .json("/api/errors", r#"{"errors":[],"total":0}"#)
        .json("/api/vllm", r#"{"tokens_generated_total":100.0,"requests_running":2.0}"#);
    server.lock("key");
    server
}

#[tokio::test]
async fn the_page_tells_of_gpus_agents_and_counters() {
    let server = page().await;
    let mut source = server.source_with("dream+http", "key");
    let told = ask(&mut source).await.unwrap();
    assert_eq!(told!(told, Gpus).unwrap().gpus.len(), 2);
    assert_eq!(offer(&told, "/api/gpu/detailed"), Offer::NotOffered);
    assert_eq!(told!(told, Agents).unwrap().agents[0].name.as_str(), "one");
    let below = told.iter().filter(|told| matches!(told.what, What::Services(_))).count();
    assert_eq!(below, 2, "the cluster's nodes");
    let serving = &told!(told, Serving).unwrap()[0];
    assert_eq!((serving.running.get(), serving.estimated), (Some(2.0), false));
    assert_eq!(serving.tokens_per_second.why(), Some(&Why::NotYet));
    server.json("/api/vllm", r#"{"tokens_generated_total":600.0}"#);
    later(5).await;
    let told = ask(&mut source).await.unwrap();
    let serving = &told!(told, Serving).unwrap()[0];
    let rate = serving.tokens_per_second.get().unwrap().0;
    assert!((90.0..=100.0).contains(&rate), "{rate}");
    assert_eq!(serving.running.why(), Some(&Why::NotSupported), "it is left out, and not 0");
}

#[tokio::test]
async fn a_key_is_asked_for_in_words() {
    let server = page().await;
    let error = ask(&mut server.source("dream+http")).await.unwrap_err();
    assert!(matches!(error, Error::Denied { status: 401, given: false, .. }), "{error}");
    let error = ask(&mut server.source_with("dream+http", "wrong")).await.unwrap_err();
    assert!(error.to_string().contains("other than the one given"), "{error}");
    assert!(!format!("{error:?}").contains("wrong"), "{error:?}");
}

#[tokio::test]
async fn an_error_with_status_200_is_an_error() {
    let server = page().await;
    server.json("/api/gpu", r#"{"error":"could not convert string to float: '[N/A]'","gpus":[]}"#);
    let told = ask(&mut server.source_with("dream+http", "key")).await.unwrap();
    let Offer::Failed(why) = offer(&told, "/api/gpu") else { panic!("it fails") };
    assert!(why.as_str().contains("[N/A]"));
    assert!(told!(told, Gpus).is_none(), "no GPUs is not what was said");
    assert!(told!(told, Agents).is_some());
}

#[tokio::test]
async fn the_api_tells_of_services_and_its_estimate_is_called_one() {
    let server = Server::start(FAST_API).await;
    server.json("/status", STATUS).json("/api/agents/metrics", METRICS);
    let told = ask(&mut server.source("dream+http")).await.unwrap();
    let services = told!(told, Services).unwrap();
    assert_eq!((services[0].name.as_str(), services[0].status.as_str()), ("Whisper", "down"));
    assert!(services[0].response_seconds.known().is_none());
    let serving = &told!(told, Serving).unwrap()[0];
    assert!(serving.estimated && serving.model.as_str() == "Qwen2.5-32B");
    assert_eq!(serving.tokens_per_second.get().unwrap().0, 7.5);
    assert_eq!(told!(told, Gpus).unwrap().gpus[0].memory_used_bytes.get().unwrap().0, 100 << 20);
    assert_eq!(told!(told, Node).unwrap().mounts[0].total_bytes.get().unwrap().0, 100 << 30);
    let agents = told!(told, Agents).unwrap();
    assert_eq!(agents.sessions.get(), Some(3.0));
    assert!(agents.queue.known().is_none(), "nobody counts it there");
}

#[tokio::test]
async fn the_successor_tells_every_gpu_in_detail_or_that_there_is_none() {
    let server = Server::start(FAST_API).await;
    server.json("/status", STATUS).json("/api/gpu/detailed", DETAILED);
    let told = ask(&mut server.source("dream+http")).await.unwrap();
    let gpu = &told!(told, Gpus).unwrap().gpus[0];
    assert_eq!(gpu.name.as_str(), "GB10");
    assert!(gpu.memory_total_bytes.known().is_none() && gpu.power_watts.known().is_none());
    assert!(!server.asked().iter().any(|path| path == "GET /api/gpu"), "more is known already");
    server.status("/api/gpu/detailed", 503, r#"{"detail":"No GPU data available"}"#);
    let told = ask(&mut server.source("dream+http")).await.unwrap();
    assert_eq!(told!(told, Gpus).unwrap().gpus, []);
    assert_eq!(offer(&told, "/api/gpu/detailed"), Offer::Offered);
}

/// One that lets nobody in.
pub(crate) async fn locked() -> Server {
    page().await
}
