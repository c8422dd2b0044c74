//! What a frame costs: folding an update in, and drawing a tab, for a large machine (128
//! processors, 200 processes, 8 GPUs, half an hour of history).

#![allow(clippy::unwrap_used, reason = "a wrong number here is a mistake in this file")]

#[path = "../tests/fixture/scene.rs"]
mod scene;

use std::sync::LazyLock;

use divan::Bencher;
use isomon::config::Threshold;
use isomon::model::update::What;
use isomon::tui::action::Action;
use isomon::tui::keymap::Keymap;
use isomon::tui::look::{Glyph, Look};
use isomon::tui::rest::Rest;
use isomon::tui::tab::{gpus, nodes, overview};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use scene::{BIG, Draw, Scene};

static SCENE: LazyLock<Scene> = LazyLock::new(|| Scene::local(BIG));
const SIZES: [(u16, u16); 2] = [(120, 40), (200, 60)];

fn main() {
    divan::main();
}

/// Folds the three updates of one tick in.
#[divan::bench]
fn fold(bencher: Bencher<'_, '_>) {
    let node = SCENE.state.nodes.values().next().unwrap();
    let sample = What::Node(node.sample.clone().unwrap().1);
    let gpus = What::Gpus(node.gpus.clone().unwrap().1);
    let processes = What::Processes(node.processes.clone().unwrap().1);
    let mut scene = Scene::local(BIG);
    bencher.bench_local(|| {
        scene.now_ms += 1_000;
        scene.tell("local", sample.clone());
        scene.tell("local", gpus.clone());
        scene.tell("local", processes.clone());
    });
}

fn draw(bencher: Bencher<'_, '_>, (width, height): (u16, u16), draw: Draw<'_>) {
    let theme = scene::theme();
    let look = Look {
        rest: Rest::default(),
        theme: &theme,
        keymap: &Keymap::embedded(),
        threshold: Threshold::default(),
        glyph: Glyph::Unicode,
        now: scene::at(SCENE.now_ms + 400),
        when: &isomon::tui::when::When::default(),
        zone: &jiff::tz::TimeZone::UTC,
        readonly: false,
        interval_ms: 2_000,
    };
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    bencher.bench_local(|| {
        terminal.draw(|frame| draw(frame, frame.area(), &SCENE.state, &look)).unwrap();
    });
}

#[divan::bench(args = SIZES)]
fn overview(bencher: Bencher<'_, '_>, size: (u16, u16)) {
    let view = overview::View::default();
    draw(bencher, size, &|frame, area, state, look| {
        view.draw(frame, area, state, look);
    });
}

#[divan::bench(args = SIZES)]
fn nodes(bencher: Bencher<'_, '_>, size: (u16, u16)) {
    let view = nodes::View::default();
    draw(bencher, size, &|frame, area, state, look| {
        view.draw(frame, area, state, look);
    });
}

#[divan::bench(args = SIZES)]
fn node(bencher: Bencher<'_, '_>, size: (u16, u16)) {
    let mut view = nodes::View::default();
    view.act(Action::Enter, &SCENE.state);
    draw(bencher, size, &|frame, area, state, look| {
        view.draw(frame, area, state, look);
    });
}

#[divan::bench(args = SIZES)]
fn gpus(bencher: Bencher<'_, '_>, size: (u16, u16)) {
    let view = gpus::View::default();
    draw(bencher, size, &|frame, area, state, look| {
        view.draw(frame, area, state, look);
    });
}
