//! The Nodes tab as a user sees it.

#[path = "fixture/scene.rs"]
mod scene;

use insta::assert_snapshot;
use isomon::model::id::SourceId;
use isomon::model::node::Stall;
use isomon::model::reading::Reading;
use isomon::model::unit::Ratio;
use isomon::model::update::What;
use isomon::tui::action::Action;
use isomon::tui::look::Glyph;
use isomon::tui::reply::Reply;
use isomon::tui::tab::nodes::View;
use ratatui::buffer::Cell;
use ratatui::layout::Rect;
use ratatui::style::Color;
use scene::{BIG, SMALL, Scene};

fn picture(scene: &Scene, view: &View, width: u16, height: u16) -> String {
    scene.picture(width, height, &|frame, area, state, look| {
        view.draw(frame, area, state, look);
    })
}

fn act(view: &mut View, scene: &Scene, actions: &[Action]) {
    for action in actions {
        assert_eq!(view.act(*action, &scene.state), Reply::Done, "{action:?}");
    }
}

/// The first node, seen in depth.
fn opened(scene: &Scene) -> View {
    let mut view = View::default();
    act(&mut view, scene, &[Action::Enter]);
    view
}

#[test]
fn all_nodes() {
    let (scene, view) = (Scene::fleet(), View::default());
    for (width, height) in [(40, 8), (80, 21), (120, 37), (200, 57)] {
        let name = format!("nodes_{width}x{height}");
        assert_snapshot!(name, picture(&scene, &view, width, height));
    }
}

#[test]
fn one_node_in_depth() {
    let scene = Scene::local(SMALL);
    let view = opened(&scene);
    for (width, height) in [(40, 8), (80, 21), (120, 37), (200, 57)] {
        let name = format!("node_{width}x{height}");
        assert_snapshot!(name, picture(&scene, &view, width, height));
    }
}

#[test]
fn many_processors() {
    let scene = Scene::local(BIG);
    assert_snapshot!("node_128_cores", picture(&scene, &opened(&scene), 120, 37));
}

#[test]
fn letters_below_0x80() {
    let scene = Scene::local(SMALL);
    let mut view = opened(&scene);
    act(&mut view, &scene, &[Action::Tree]);
    let plain = scene.plain(120, 37, &|frame, area, state, look| {
        view.draw(frame, area, state, look);
    });
    assert!(plain.is_ascii());
    assert_snapshot!("node_ascii", plain);
}

#[test]
fn history_with_a_cursor() {
    let mut scene = Scene::local(SMALL);
    let mut view = opened(&scene);
    let to_history = [Action::NextPanel, Action::NextPanel, Action::NextPanel];
    act(&mut view, &scene, &to_history);
    act(&mut view, &scene, &[Action::Zoom, Action::Down, Action::Down, Action::Down]);
    scene.point(&[Action::Left; 12]);
    assert_snapshot!("node_history", picture(&scene, &view, 80, 21));
    scene.point(&[Action::View]);
    act(&mut view, &scene, &[Action::Up, Action::Up, Action::Up]);
    assert_snapshot!("node_history_hour", picture(&scene, &view, 80, 21));
}

#[test]
fn the_cursor_of_history_says_why_nothing_is_there() {
    let mut scene = Scene::local(SMALL);
    let mut view = opened(&scene);
    act(&mut view, &scene, &[Action::NextPanel, Action::NextPanel, Action::NextPanel]);
    scene.point(&[Action::Left; 36]);
    picture(&scene, &view, 80, 21);
    let why = view.act(Action::Why, &scene.state);
    assert_eq!(why, Reply::Say("no sample was taken at this time".into()));
    scene.point(&[Action::Last]);
    act(&mut view, &scene, &[Action::Up; 6]);
    picture(&scene, &view, 80, 21);
    let why = view.act(Action::Why, &scene.state);
    assert_eq!(why, Reply::Say("I/O pressure: /proc/pressure/io is not there".into()));
}

#[test]
fn other_panels_take_the_room() {
    let scene = Scene::local(SMALL);
    let mut view = opened(&scene);
    act(&mut view, &scene, &[Action::PreviousPanel]);
    assert_snapshot!("node_network", picture(&scene, &view, 80, 21));
    act(&mut view, &scene, &[Action::PreviousPanel, Action::Zoom]);
    assert_snapshot!("node_storage_zoomed", picture(&scene, &view, 80, 21));
}

#[test]
fn what_is_free_stands_beside_what_is_used() {
    let scene = Scene::local(SMALL);
    let mut view = opened(&scene);
    act(&mut view, &scene, &[Action::PreviousPanel, Action::PreviousPanel, Action::Zoom]);
    let wide = picture(&scene, &view, 80, 21);
    let root = wide.lines().find(|line| line.contains(" / ")).unwrap();
    for figure in ["63 %", "290 GiB", "170 GiB", "460 GiB"] {
        assert!(root.contains(figure), "{figure}: {wide}");
    }
    let narrow = picture(&scene, &view, 54, 21);
    assert!(narrow.contains("AVAIL") && !narrow.contains("SIZE"), "{narrow}");
}

#[test]
fn the_cursor_stays_with_its_process_while_data_moves() {
    let mut scene = Scene::local(SMALL);
    let mut view = opened(&scene);
    act(&mut view, &scene, &[Action::Down, Action::Down]);
    let Reply::Copy(before) = view.act(Action::Copy, &scene.state) else {
        panic!("the command should be copied");
    };
    let first = |scene: &Scene, view: &View| {
        let seen = picture(scene, view, 120, 37);
        seen.lines().nth(21).unwrap().to_owned()
    };
    let top = first(&scene, &view);
    for tick in 1..20 {
        scene.tell("local", What::Processes(scene::processes(900 + tick, SMALL.processes)));
        assert_eq!(view.act(Action::Copy, &scene.state), Reply::Copy(before.clone()));
    }
    assert_ne!(first(&scene, &view), top, "others should have moved");
}

#[test]
fn a_tree_and_a_filter() {
    let scene = Scene::local(SMALL);
    let mut view = opened(&scene);
    act(&mut view, &scene, &[Action::Tree, Action::Zoom]);
    assert_snapshot!("node_tree", picture(&scene, &view, 80, 21));
    view.filter("user=root mem>100MiB");
    assert_snapshot!("node_filter", picture(&scene, &view, 80, 21));
    view.filter("user=root sndbox~docker");
    let seen = picture(&scene, &view, 80, 21);
    assert!(seen.contains("did you mean `sandbox`?"), "{seen}");
}

#[test]
fn stale_and_silent_nodes() {
    let mut scene = Scene::local(SMALL);
    let view = opened(&scene);
    scene.now_ms += 30_000;
    assert_snapshot!("node_stale", picture(&scene, &view, 80, 21));
    let silent = Scene::default();
    assert_snapshot!("nodes_loading", picture(&silent, &View::default(), 80, 21));
}

#[test]
fn back_leaves_one_step_at_a_time() {
    let scene = Scene::local(SMALL);
    let mut view = opened(&scene);
    view.filter("root");
    act(&mut view, &scene, &[Action::Zoom]);
    act(&mut view, &scene, &[Action::Back, Action::Back, Action::Back]);
    assert_eq!(view.act(Action::Back, &scene.state), Reply::Ignored);
}

#[test]
fn a_click_sorts_chooses_and_focuses() {
    let scene = Scene::fleet();
    let mut view = View::default();
    let area = Rect::new(0, 0, 120, 37);
    assert_eq!(view.click(5, 4, area, &scene.state), Reply::Done);
    act(&mut view, &scene, &[Action::Enter]);
    assert!(picture(&scene, &view, 120, 37).contains("edge-zürich"));
    assert_eq!(view.click(70, 12, area, &scene.state), Reply::Done);
    assert_eq!(view.click(119, 0, area, &scene.state), Reply::Ignored);
}

#[test]
fn the_filter_knows_status_and_backends() {
    let scene = Scene::fleet();
    let mut view = View::default();
    for (filter, left) in [("status=stale", "edge-zürich"), ("backend=gvisor", "gpu-a")] {
        view.filter(filter);
        let seen = picture(&scene, &view, 80, 21);
        assert!(seen.contains("1 of 6") && seen.contains(left), "{seen}");
        act(&mut view, &scene, &[Action::Back]);
    }
}

/// What is drawn in the colour of what is bad, in the rows that have `word`.
fn bad(scene: &Scene, view: &View, word: &str) -> String {
    let buffer = scene.buffer(200, 57, Glyph::Unicode, &|frame, area, state, look| {
        view.draw(frame, area, state, look);
    });
    let rows = buffer.content.chunks(200).filter(|row| {
        let text: String = row.iter().map(Cell::symbol).collect();
        text.contains(word)
    });
    rows.flatten().filter(|cell| cell.fg == Color::Red).map(Cell::symbol).collect()
}

#[test]
fn a_pressure_has_one_colour_wherever_it_stands() {
    let mut scene = Scene::local(SMALL);
    let mut sample = scene.state.nodes[&SourceId::local()].sample.clone().unwrap().1;
    let some = Ratio::new(0.5).unwrap();
    sample.pressure.memory = Reading::Known(Stall { some, full: None, some_total_us: 1 });
    scene.tell("local", What::Node(sample));
    let mut view = View::default();
    let (row, strip) = (bad(&scene, &view, "local"), bad(&scene, &view, "Pressure"));
    assert!(row.contains("50 %") && strip.contains("50 %"), "{row}, {strip}");
    act(&mut view, &scene, &[Action::View]);
    act(&mut view, &scene, &[Action::Sort; 4]);
    let map = bad(&scene, &view, "");
    assert!(map.contains(['▃', '▄', '▅', '▆']), "{map}");
    let panel = bad(&scene, &opened(&scene), "PSI mem");
    assert!(panel.contains("50 %") && panel.contains('━'), "{panel}");
}
