//! The Overview tab as a user sees it.

#[path = "fixture/scene.rs"]
mod scene;

use insta::assert_snapshot;
use isomon::model::agent::{Agents, Cluster, Session, Trouble};
use isomon::model::done::Done;
use isomon::model::id::{RunId, SourceId};
use isomon::model::node::Network;
use isomon::model::pipeline::PipelineKind;
use isomon::model::reading::{Reading, Why};
use isomon::model::run::{RunBrief, StoredRun};
use isomon::model::unit::{Ratio, Seconds};
use isomon::model::update::{Health, What};
use isomon::tui::action::Action;
use isomon::tui::look::Glyph;
use isomon::tui::reply::Reply;
use isomon::tui::tab::overview::View;
use ratatui::style::Color;
use scene::{SMALL, Scene, Size};

fn picture(scene: &Scene, width: u16, height: u16) -> String {
    let view = View::default();
    scene.picture(width, height, &|frame, area, state, look| {
        view.draw(frame, area, state, look);
    })
}

#[test]
fn one_machine() {
    let mut scene = Scene::local(SMALL);
    scene::run(&mut scene, true);
    for (width, height) in [(40, 8), (80, 21), (120, 37), (200, 57)] {
        assert_snapshot!(format!("overview_{width}x{height}"), picture(&scene, width, height));
    }
}

#[test]
fn with_a_gpu_and_a_run_going_on() {
    let mut scene = Scene::local(Size { gpus: 2, ..SMALL });
    scene::run(&mut scene, false);
    assert_snapshot!("overview_gpu", picture(&scene, 120, 37));
}

#[test]
fn many_machines() {
    let scene = Scene::fleet();
    assert_snapshot!("overview_fleet_80x21", picture(&scene, 80, 21));
    assert_snapshot!("overview_fleet_120x37", picture(&scene, 120, 37));
}

#[test]
fn letters_below_0x80() {
    let view = View::default();
    let scene = Scene::fleet();
    let plain = scene.plain(80, 21, &|frame, area, state, look| {
        view.draw(frame, area, state, look);
    });
    assert!(plain.is_ascii());
    assert_snapshot!("overview_ascii", plain);
}

#[test]
fn nothing_yet() {
    assert_snapshot!("overview_loading", picture(&Scene::default(), 80, 21));
}

#[test]
fn a_machine_that_went_away_is_muted_and_named() {
    let mut scene = Scene::local(SMALL);
    let down = Health::Down { since: scene::at(scene.now_ms), why: "its probe ended".into() };
    scene.now_ms += 65_000;
    scene.tell("local", What::Health(down));
    assert_snapshot!("overview_down", picture(&scene, 80, 21));
    let view = View::default();
    let buffer = scene.buffer(80, 21, Glyph::Unicode, &|frame, area, state, look| {
        view.draw(frame, area, state, look);
    });
    let value = (0..80).find(|x| buffer[(*x, 3)].symbol() == "%").unwrap();
    assert_eq!(buffer[(value, 3)].fg, Color::DarkGray);
}

#[test]
fn missing_values_say_why() {
    let scene = Scene::local(SMALL);
    let Reply::Say(words) = View::default().act(Action::Why, &scene.state) else {
        panic!("it should say something");
    };
    assert_eq!(words.as_str(), "local: I/O pressure: /proc/pressure/io is not there");
}

#[test]
fn the_network_says_that_it_leaves_out_the_loopback() {
    let mut scene = Scene::local(SMALL);
    let mut sample = scene.state.nodes[&SourceId::local()].sample.clone().unwrap().1;
    sample.networks.push(Network { name: "lo".into(), up: true, ..Network::default() });
    scene.tell("local", What::Node(sample));
    let Reply::Say(words) = View::default().act(Action::Why, &scene.state) else {
        panic!("it should say something");
    };
    assert!(words.as_str().contains("network: without lo"), "{words}");
}

#[test]
fn the_filter_narrows_processes() {
    let scene = Scene::local(SMALL);
    let mut view = View::default();
    view.filter("name~fire cpu>10");
    let seen = scene.picture(80, 21, &|frame, area, state, look| {
        view.draw(frame, area, state, look);
    });
    assert!(seen.contains("firecracker") && !seen.contains("nginx"), "{seen}");
    assert_eq!(view.act(Action::Back, &scene.state), Reply::Done);
    assert_eq!(view.act(Action::Back, &scene.state), Reply::Ignored);
}

/// What two nodes tell of the same agents, and a third of their cluster.
fn agents() -> Scene {
    let mut scene = Scene::local(SMALL);
    let session =
        Session { key: "agent:main:main".into(), started_ms: Some(1), ..Session::default() };
    let done = Done {
        errors_1h: Reading::Known(2.0),
        timeouts_1h: Reading::Known(1.0),
        completed_1h: Reading::Known(31.0),
        completed_24h: Reading::Known(847.0),
        success_24h: Reading::from_option(Ratio::new(0.942), Why::NotYet),
        mean_24h_seconds: Reading::Known(Seconds(3.2)),
    };
    let gateway = Agents {
        sessions: Reading::Known(3.0),
        oldest_seconds: Reading::Known(Seconds(154.0)),
        queue: Reading::Known(0.0),
        done,
        list: vec![session],
        total: Some(9),
        errors: vec![Trouble {
            at_ms: Some(scene::at(0).wall_ms - 60_000),
            of: "abc123".into(),
            what: "timeout, exceeded 30s".into(),
            ..Trouble::default()
        }],
        ..Agents::untold()
    };
    let files = Agents {
        tokens_24h: Reading::Known(1_240_000.0),
        cost_24h_usd: Reading::Known(3.4),
        ..gateway.clone()
    };
    let cluster =
        Cluster { nodes: 2, up: 2, gpus: Some((2, 1)), failover: Some(true), ..Cluster::default() };
    scene.tell("a-gateway", What::Agents(Box::new(gateway)));
    scene.tell("files", What::Agents(Box::new(files)));
    let proxy = Agents { cluster: Some(cluster), ..Agents::untold() };
    scene.tell("proxy", What::Agents(Box::new(proxy)));
    scene
}

#[test]
fn the_latest_benchmark_on_the_disk_is_the_last_run() {
    let mut scene = Scene::local(SMALL);
    let at = scene::at(0).wall_ms - 3_600_000;
    let brief = RunBrief {
        kind: PipelineKind::Benchmark,
        name: None,
        host: "vm".into(),
        started_ms: at,
        seconds: None,
        status: "COMPLETED".into(),
        parts: vec!["process".into(), "wasm".into()],
        stages: Some(4),
        workers: Some(1),
        tasks: None,
        skipped: None,
        completed: 16,
        failed: 2,
        share: None,
        note: None,
    };
    let run =
        StoredRun { brief: Some(Box::new(brief)), ..StoredRun::bare(RunId::new(at, 1), true) };
    scene.tell("stored", What::Runs(vec![run]));
    let seen = picture(&scene, 160, 50);
    for words in ["completed, 1h 29m ago · 18 samples", "process, wasm", "Tab 6 opens it."] {
        assert!(seen.contains(words), "{words}: {seen}");
    }
    assert!(!seen.contains("No benchmark has run yet"), "{seen}");
}

#[test]
fn agents_have_a_panel_where_there_is_room_and_else_a_line() {
    let scene = agents();
    let told = [
        "9 sessions",
        "now   3 active · 2m 34s oldest · 0 queued",
        "1 h   31 done · 2 errors · 1 timed out",
        "24 h  847 done · 94 % good · 3.20 s mean",
        "24 h  1.24 M tokens · $3.40",
        "2 of 2 nodes up · 1 of 2 GPUs active",
        "files abc123: timeout",
    ];
    for (size, room) in [((120, 37), 4), ((200, 57), told.len())] {
        let seen = picture(&scene, size.0, size.1);
        for words in &told[..room] {
            assert!(seen.contains(words), "{words}\n{seen}");
        }
    }
    let small = picture(&scene, 80, 21);
    assert!(small.contains("Agents: 3 active · 0 queued · 2 errors in 1 h"), "{small}");
    let none = picture(&Scene::local(SMALL), 120, 37);
    assert!(!none.contains("Agents"), "{none}");
}
