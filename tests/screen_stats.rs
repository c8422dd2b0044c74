//! Workloads over time: on the screens as a user sees them, and the same numbers in the API.

#![allow(dead_code, clippy::unwrap_used, reason = "a test program, and parts it shares")]

#[path = "support/home.rs"]
mod home;
#[path = "fixture/scene.rs"]
mod scene;
#[path = "serve/server.rs"]
mod server;

use std::time::{Duration, Instant};

use insta::assert_snapshot;
use isomon::model::live::Line;
use isomon::model::update::What;
use isomon::model::workload::{Status, Window, Workloads};
use isomon::stats::spell::{Work, lately, spells};
use isomon::tui::action::Action;
use isomon::tui::look::Glyph;
use isomon::tui::reply::Reply;
use isomon::tui::tab::{backends, overview};
use ratatui::layout::Rect;
use scene::{SMALL, Scene};
use serde_json::{Value, json};
use server::Server;

/// Workloads of a week, more of them lately; every seventh failed.
fn works(backend: &str, each: u32) -> Vec<Work> {
    let one = |number: u32| {
        let good = number % 7 != 3;
        Work {
            backend: backend.into(),
            created_ms: scene::at(0).wall_ms - i64::from(number * number) * 9_000,
            status: if good { Status::Completed } else { Status::Failed },
            good,
            seconds: good.then(|| 0.1 + f64::from(number % 10) / 100.0),
            started_ms: None,
            ended_ms: Some(scene::at(0).wall_ms - i64::from(number * number) * 9_000 + 100),
            timed_out: number == 3,
        }
    };
    (0..each).map(one).collect()
}

fn told(backends: &[(&str, u32)], now_ms: i64) -> What {
    let works: Vec<Work> = backends.iter().flat_map(|(name, each)| works(name, *each)).collect();
    let (done, oldest_seconds) = lately(&works, now_ms);
    What::Workloads(Box::new(Workloads {
        done,
        oldest_seconds,
        total: Some(works.len() as u64),
        by_status: vec![(Status::Running, 2)],
        spells: spells(&works, now_ms),
        ..Workloads::default()
    }))
}

/// This machine and two others that run workloads.
fn busy() -> Scene {
    let mut scene = Scene::local(SMALL);
    let now_ms = scene::at(scene.now_ms).wall_ms;
    scene.tell("local", told(&[("runc", 200), ("gvisor-ptrace", 90)], now_ms));
    scene.tell("web-1", told(&[("firecracker", 120)], now_ms));
    scene.tell("quiet", told(&[], now_ms));
    scene
}

#[test]
fn overview() {
    let scene = busy();
    let mut view = overview::View::default();
    for (width, height) in [(80, 21), (120, 37), (200, 57)] {
        let seen = scene.picture(width, height, &|frame, area, state, look| {
            view.draw(frame, area, state, look);
        });
        assert_snapshot!(format!("stats_overview_{width}x{height}"), seen);
    }
    for words in ["last 7 days", "last hour"] {
        assert_eq!(view.act(Action::Window, &scene.state), Reply::Done);
        for size in [(80, 21), (120, 37)] {
            let seen = scene.picture(size.0, size.1, &|frame, area, state, look| {
                view.draw(frame, area, state, look);
            });
            assert!(seen.contains(words), "{seen}");
        }
    }
    assert_eq!(view.act(Action::Window, &Scene::local(SMALL).state), Reply::Ignored);
}

#[test]
fn backends() {
    let scene = busy();
    let mut view = backends::View::default();
    view.filter("runc");
    for (width, height) in [(80, 21), (120, 37), (200, 57)] {
        let seen = scene.picture(width, height, &|frame, area, state, look| {
            view.draw(frame, area, state, look);
        });
        assert_snapshot!(format!("stats_backends_{width}x{height}"), seen);
    }
    let plain = scene.plain(120, 37, &|frame, area, state, look| {
        view.draw(frame, area, state, look);
    });
    assert!(plain.is_ascii(), "{plain}");
}

#[test]
fn a_click_on_the_panel_shows_the_next_window() {
    let scene = busy();
    let mut view = backends::View::default();
    let draw = |view: &backends::View| {
        scene.buffer(120, 37, Glyph::Unicode, &|frame, area, state, look| {
            view.draw(frame, area, state, look);
        })
    };
    let line = |buffer: &ratatui::buffer::Buffer, y| -> String {
        (0..120).map(|x| buffer[(x, y)].symbol()).collect()
    };
    let drawn = draw(&view);
    let row = (0..37).find(|y| line(&drawn, *y).contains(" Workloads ")).unwrap();
    assert!(line(&drawn, row).contains("last 24 h"), "{}", line(&drawn, row));
    let area = Rect::new(0, 0, 120, 37);
    assert_eq!(view.click(5, row + 1, area, &scene.state), Reply::Done);
    assert!(line(&draw(&view), row).contains("last 7 days"));
}

#[test]
fn an_empty_window_says_so() {
    let mut scene = Scene::local(SMALL);
    let old = scene::at(0).wall_ms + 30 * 86_400_000;
    scene.tell("local", told(&[("runc", 3)], old));
    let view = overview::View::default();
    let seen = scene.picture(120, 37, &|frame, area, state, look| {
        view.draw(frame, area, state, look);
    });
    assert!(seen.contains("None was ordered in this time; 3 before."), "{seen}");
}

/// The windows that the node tells who watches it.
fn live(server: &Server) -> Option<Workloads> {
    let answer = server.ask("GET", "/v1/live?wait=0", &[], "");
    let lines = answer.body.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    let mut told = lines.filter_map(|line| match line.update.what {
        What::Workloads(told) => Some(*told),
        _ => None,
    });
    told.next_back()
}

/// Milliseconds as the API writes them.
fn ms(seconds: Option<isomon::model::unit::Seconds>) -> Value {
    seconds.map_or(Value::Null, |seconds| json!((seconds.0 * 1e6).round() / 1e3))
}

#[test]
fn the_screen_and_the_api_have_the_same_numbers() {
    let server = Server::start(&["--allow-exec", "--trust-local"]);
    for (code, backend) in [("exit 0", "process"), ("exit 3", "process"), ("true", "namespaces")] {
        let body = json!({"runtime": "command", "isolation": backend, "code": code}).to_string();
        let json = "Content-Type: application/json";
        assert_eq!(server.ask("POST", "/v1/workloads", &[json], &body).status, 201);
    }
    // What is run beside the server counts too.
    for status in [0, 4] {
        let code = format!("exit {status}");
        let words = ["exec", "-q", "-b", "process", "--", "sh", "-c", &code];
        assert_eq!(home::status(&server.home.run(&words)), Some(status));
    }
    let begin = Instant::now();
    let told = loop {
        let told = live(&server).filter(|told| told.total == Some(5));
        if let Some(told) = told {
            break told;
        }
        assert!(begin.elapsed() < Duration::from_secs(40), "{:?}", live(&server));
        std::sync::mpsc::channel::<()>().1.recv_timeout(Duration::from_millis(200)).unwrap_err();
    };
    for (spell, name) in told.spells.iter().zip(["1h", "24h", "7d"]) {
        let stats = server.json(&format!("/v1/stats?window={name}"));
        assert_eq!(spell.by_backend.len(), 2, "{spell:?}");
        for of in &spell.by_backend {
            let api = &stats["window_by_backend"][of.backend.as_str()];
            assert_eq!(api["count"], of.count);
            assert_eq!(
                api["success_rate"],
                json!(of.success.map(isomon::model::unit::Ratio::fraction))
            );
            assert_eq!(api["avg_duration_ms"], ms(of.mean_seconds));
            assert_eq!(api["p95_ms"], ms(of.p95_seconds));
        }
        let points = stats["series"].as_array().unwrap();
        let sum = |key: &str| points.iter().filter_map(|point| point[key].as_u64()).sum::<u64>();
        let own = |of: fn(&isomon::model::workload::Slot) -> u64| spell.slots.iter().map(of).sum();
        assert_eq!((sum("count"), sum("succeeded")), (own(|s| s.count), own(|s| s.succeeded)));
        assert_eq!((sum("failed"), sum("count")), (own(|slot| slot.failed), 5));
        assert_eq!(points.len() as u64, u64::from(spell.window.slots().1));
    }
    assert_eq!(told.spells[1].window, Window::Day);
    let process = &told.spells[0].by_backend[1];
    assert_eq!((process.backend.as_str(), process.count), ("process", 4));
    assert!((process.success.unwrap().fraction() - 0.5).abs() < 1e-9);
}
