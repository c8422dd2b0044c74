//! The Overview tab as a user sees it.

#[path = "fixture/scene.rs"]
mod scene;

use insta::assert_snapshot;
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
