//! A miStudio by REST alone; its stream has a test of its own.

use isomon::model::gpu::GpuReaderState;
use isomon::model::origin::Offer;
use isomon::model::reading::Why;

use crate::server::{FAST_API, Server, ask, later, offer, told};

pub(crate) const METRICS: &str = include_str!("../fixtures/foreign/mistudio-metrics.json");
pub(crate) const LIST: &str = include_str!("../fixtures/foreign/mistudio-gpu-list.json");
pub(crate) const GPUS: &str = include_str!("../fixtures/foreign/mistudio-gpu-metrics.json");
const DISKS: &str = include_str!("../fixtures/foreign/mistudio-disks.json");
pub(crate) const ACTIVE: &str = include_str!("../fixtures/foreign/mistudio-active.json");
const NO_GPU: &str = r#"{"detail":"GPU monitoring is not available. No GPU was found."}"#;

pub(crate) async fn served() -> Server {
    let server = Server::start(FAST_API).await;
    server
        .json("/api/health", r#"{"status":"ok","version":"1.0.0"}"#)
        .json("/api/v1/system/health", r#"{"status":"healthy","service":"miStudio API"}"#)
        .json("/api/v1/system/metrics", METRICS)
        .json("/api/v1/system/gpu-list", LIST)
        .json("/api/v1/system/gpu-metrics/all", GPUS)
        .json("/api/v1/system/disk-usage", DISKS)
        .json("/api/v1/task-queue/active", ACTIVE)
        .json("/api/v1/task-queue/failed", r#"{"data":[]}"#);
    server
}

#[tokio::test]
async fn everything_comes_by_rest_with_its_units_put_right() {
    let server = served().await;
    let mut source = server.source("mistudio+http");
    let told = ask(&mut source).await.unwrap();
    let node = told!(told, Node).unwrap();
    assert!((node.cpu.get().unwrap().busy.percent() - 19.53).abs() < 0.01, "a sum over 16 cores");
    assert_eq!(node.memory.get().unwrap().used_bytes().0, 16 << 30);
    assert_eq!(node.mounts[0].used_bytes.get().unwrap().0, 400);
    assert_eq!(node.disks[0].read_bytes_per_second.why(), Some(&Why::NotYet));
    let gpu = &told!(told, Gpus).unwrap().gpus[0];
    assert_eq!(gpu.id.as_str(), "GPU-1b2c");
    assert_eq!(gpu.power_watts.get().unwrap().0, 245.3);
    assert!(gpu.fan.known().is_none(), "its 0 means that it cannot read it");
    let job = &told!(told, Pipelines).unwrap().jobs[0];
    assert_eq!((job.progress.unwrap().percent(), job.duration_seconds.unwrap().0), (98.0, 30.0));
    server.json(
        "/api/v1/system/metrics",
        METRICS.replace("\"read_bytes\":1000000", "\"read_bytes\":6000000"),
    );
    later(5).await;
    let told = ask(&mut source).await.unwrap();
    let rate = told!(told, Node).unwrap().disks[0].read_bytes_per_second.get().unwrap().0;
    assert!((900_000.0..=1_000_000.0).contains(&rate), "{rate}");
    let asked = server.asked();
    assert!(asked.iter().all(|line| line.starts_with("GET ") && !line.contains("restart")));
    assert!(!asked.iter().any(|line| line.contains("-rates")), "others' rates would be spoiled");
}

#[tokio::test]
async fn no_gpu_is_a_fact_and_no_error() {
    let server = served().await;
    for path in ["gpu-list", "gpu-metrics/all"] {
        server.status(&format!("/api/v1/system/{path}"), 503, NO_GPU);
    }
    let told = ask(&mut server.source("mistudio+http")).await.unwrap();
    let gpus = told!(told, Gpus).unwrap();
    assert!(gpus.gpus.is_empty());
    assert!(
        matches!(&gpus.readers[0].state, GpuReaderState::NotHere(why) if why.as_str().starts_with("GPU mon"))
    );
    assert_eq!(offer(&told, "/api/v1/system/gpu-list"), Offer::Offered);
}

#[tokio::test]
async fn a_stream_that_is_not_offered_leaves_rest() {
    let server = served().await;
    let mut source = server.source("mistudio+http");
    ask(&mut source).await.unwrap();
    later(5).await;
    ask(&mut source).await.unwrap();
    for _ in 0..50 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        if server.asked().iter().any(|line| line.contains("socket.io")) {
            break;
        }
    }
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    later(5).await;
    let told = ask(&mut source).await.unwrap();
    assert_eq!(offer(&told, "/ws/socket.io"), Offer::NotOffered);
    assert!(told!(told, Node).is_some());
}
