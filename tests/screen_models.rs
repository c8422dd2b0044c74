//! The Models tab as a user sees it.

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "fixture/scene.rs"]
mod scene;

use insta::assert_snapshot;
use isomon::model::gpu::GpuProcess;
use isomon::model::origin::Kind;
use isomon::model::reading::Reading;
use isomon::model::serving::{Engine, Finish, Latency, Serving};
use isomon::model::text::SafeText;
use isomon::model::unit::{PerSecond, Ratio, Seconds};
use isomon::model::update::{Health, What};
use isomon::tui::action::Action;
use isomon::tui::reply::Reply;
use isomon::tui::tab::models::View;
use scene::{SMALL, Scene, Size};

fn picture(scene: &Scene, view: &View, width: u16, height: u16) -> String {
    scene.picture(width, height, &|frame, area, state, look| {
        view.draw(frame, area, state, look);
    })
}

fn latency(base: f64) -> Latency {
    let time = |factor: f64| Reading::Known(Seconds(base * factor));
    let count = Reading::Known(412.0);
    Latency { p50: time(1.0), p95: time(2.6), p99: time(4.1), mean: time(1.2), count }
}

fn finish(reason: &str, total: f64) -> Finish {
    Finish {
        reason: SafeText::new(reason),
        total,
        per_second: Reading::Known(PerSecond(total / 1e3)),
    }
}

/// A busy vLLM server on two GPUs of this machine.
fn vllm(tick: u64) -> Serving {
    let wave = (tick as f64 / 20.0).sin() + 1.5;
    Serving {
        engine: Some(Engine::Vllm),
        version: Some("0.11.0".into()),
        address: Some("127.0.0.1:8000".into()),
        pid: Some(4_001),
        pids: vec![4_001, 101],
        engines: 2,
        running: Reading::Known((wave * 12.0).floor()),
        waiting: Reading::Known((wave * 2.0).floor()),
        tokens_per_second: Reading::Known(PerSecond(wave * 900.0)),
        prompt_tokens_per_second: Reading::Known(PerSecond(wave * 2_100.0)),
        tokens_total: Reading::Known(81_554_213.0),
        prompt_tokens_total: Reading::Known(211_400_017.0),
        requests_per_second: Reading::Known(PerSecond(6.87)),
        finished: vec![finish("abort", 12.0), finish("length", 1_820.0), finish("stop", 38_112.0)],
        failures_total: Reading::Known(3.0),
        kv_cache: Reading::Known(Ratio::new(0.764).unwrap()),
        prefix_hits: Reading::Known(Ratio::new(0.412).unwrap()),
        preemptions_per_second: Reading::Known(PerSecond(0.0)),
        preemptions_total: Reading::Known(31.0),
        first_token: latency(0.084 * wave),
        inter_token: latency(0.0121),
        end_to_end: latency(2.31),
        queued: latency(0.0031),
        still_seconds: Reading::Known(Seconds(0.0)),
        context_tokens: Reading::Known(32_768.0),
        also: vec!["sql-adapter".into()],
        ..Serving::silent("meta-llama/Llama-3.1-70B-Instruct".into())
    }
}

fn stuck() -> Serving {
    Serving {
        engine: Some(Engine::Sglang),
        running: Reading::Known(7.0),
        waiting: Reading::Known(30.0),
        tokens_per_second: Reading::Known(PerSecond(0.0)),
        still_seconds: Reading::Known(Seconds(42.0)),
        kv_cache: Reading::Known(Ratio::new(0.99).unwrap()),
        ..Serving::silent("Qwen/Qwen3-32B".into())
    }
}

/// This machine with two GPUs and three servers of models, watched for half an hour.
fn scene() -> Scene {
    let size = Size { gpus: 2, ..SMALL };
    let mut scene = Scene::local(size);
    let servers = [
        ("gpu-1:8000", Engine::Vllm),
        ("gpu-2:30000", Engine::Sglang),
        ("gpu-3", Engine::LlamaCpp),
    ];
    for (name, engine) in servers {
        let origin = scene::origin(Kind::Model(engine), &format!("http://{name}"), None);
        scene.tell(name, What::Origin(Box::new(origin)));
        scene.tell(name, What::Health(Health::Up));
    }
    for tick in 0..360 {
        scene.now_ms = tick * 5_000;
        scene.tell("gpu-1:8000", What::Serving(vec![vllm(tick)]));
        scene.tell("gpu-2:30000", What::Serving(vec![stuck()]));
        let tiny =
            Serving { engine: Some(Engine::LlamaCpp), ..Serving::silent("tiny.gguf".into()) };
        scene.tell("gpu-3", What::Serving(vec![tiny]));
    }
    let mut gpus = scene::gpus(899, 2);
    for gpu in &mut gpus.gpus {
        gpu.processes = Reading::Known(vec![GpuProcess { pid: 101, ..GpuProcess::default() }]);
    }
    scene.tell("local", What::Gpus(Box::new(gpus)));
    scene
}

#[test]
fn three_servers() {
    let (scene, view) = (scene(), View::default());
    for (width, height) in [(40, 8), (80, 21), (120, 37), (200, 57)] {
        assert_snapshot!(format!("models_{width}x{height}"), picture(&scene, &view, width, height));
    }
}

#[test]
fn one_in_depth() {
    let (scene, mut view) = (scene(), View::default());
    view.act(Action::Last, &scene.state);
    view.act(Action::Up, &scene.state);
    assert_eq!(view.act(Action::Enter, &scene.state), Reply::Done);
    for (width, height) in [(80, 21), (120, 37)] {
        assert_snapshot!(format!("model_{width}x{height}"), picture(&scene, &view, width, height));
    }
    view.act(Action::NextPanel, &scene.state);
    assert!(picture(&scene, &view, 80, 21).contains("First token:"));
    view.act(Action::Back, &scene.state);
    view.filter("status=stalled");
    let shown = picture(&scene, &view, 80, 21);
    assert!(shown.contains("✗ Qwen/Qwen3-32B") && shown.contains("1 of 3"), "{shown}");
}

#[test]
fn letters_below_0x80() {
    let (scene, view) = (scene(), View::default());
    let plain = scene.plain(120, 37, &|frame, area, state, look| {
        view.draw(frame, area, state, look);
    });
    assert!(plain.is_ascii());
}

#[test]
fn none_says_how_one_is_added_and_a_dead_one_why() {
    let mut scene = Scene::local(SMALL);
    let view = View::default();
    assert_snapshot!("models_none", picture(&scene, &view, 80, 21));
    let origin = scene::origin(Kind::Model(Engine::Vllm), "vllm+http://gpu-1:8000", None);
    scene.tell("gpu-1:8000", What::Origin(Box::new(origin)));
    let since = scene::at(0);
    let why = "connection refused by gpu-1:8000: nobody listens there".into();
    scene.tell("gpu-1:8000", What::Health(Health::Down { since, why }));
    assert_snapshot!("models_down", picture(&scene, &view, 80, 21));
}
