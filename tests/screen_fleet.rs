//! Many nodes, and nodes of every kind, as a user sees them.

#[path = "fixture/scene.rs"]
mod scene;

use insta::assert_snapshot;
use isomon::model::origin::Kind;
use isomon::model::update::{Health, What};
use isomon::tui::action::Action;
use isomon::tui::reply::Reply;
use isomon::tui::tab::nodes::View;
use scene::{SMALL, Scene, at, origin};

fn picture(scene: &Scene, view: &View, width: u16, height: u16) -> String {
    scene.picture(width, height, &|frame, area, state, look| view.draw(frame, area, state, look))
}

fn act(view: &mut View, scene: &Scene, actions: &[Action]) {
    for action in actions {
        assert_eq!(view.act(*action, &scene.state), Reply::Done, "{action:?}");
    }
}

/// `count` nodes in three groups, of which every ninth is late and every fourteenth is lost.
fn many(count: u64) -> Scene {
    let mut scene = Scene::default();
    for number in 0..count {
        let name = format!("node-{number:04}");
        let group = ["web", "batch", "gpu"][usize::try_from(number % 3).unwrap()];
        let kind = if number % 3 == 2 { Kind::Isomon } else { Kind::Ssh };
        let address = format!("ssh://10.0.{}.{}", number / 250, number % 250);
        let told = What::Origin(Box::new(origin(kind, &address, Some(group))));
        scene.now_ms = if number % 9 == 8 { 580_000 } else { 599_000 };
        scene.tell(&name, told);
        let tick = scene.now_ms / 2_000;
        scene.tell(&name, What::Node(Box::new(scene::sample(tick, SMALL, number as f64 * 0.7))));
        if number % 3 == 2 {
            scene.tell(&name, What::Gpus(Box::new(scene::gpus(tick + number, 2))));
        }
        if number % 14 == 13 {
            let why = "no route to host".into();
            scene.tell(&name, What::Health(Health::Down { since: at(560_000), why }));
        }
    }
    scene.now_ms = 600_000;
    scene
}

#[test]
fn groups_fold_and_unfold() {
    let scene = many(42);
    let mut view = View::default();
    assert_snapshot!("fleet_table_80x21", picture(&scene, &view, 80, 21));
    act(&mut view, &scene, &[Action::Group, Action::Enter, Action::Down, Action::Down]);
    act(&mut view, &scene, &[Action::Mark, Action::Mark]);
    assert_snapshot!("fleet_groups_80x21", picture(&scene, &view, 80, 21));
    assert_snapshot!("fleet_groups_200x57", picture(&scene, &view, 200, 57));
}

#[test]
fn the_map_in_colours_and_in_digits() {
    let scene = many(200);
    let mut view = View::default();
    act(&mut view, &scene, &[Action::View]);
    assert_snapshot!("fleet_map_80x21", picture(&scene, &view, 80, 21));
    act(&mut view, &scene, &[Action::Down, Action::Right, Action::Sort, Action::Sort]);
    let plain = scene.plain(80, 21, &|frame, area, state, look| {
        view.draw(frame, area, state, look);
    });
    assert!(plain.is_ascii());
    assert_snapshot!("fleet_map_ascii", plain);
    act(&mut view, &scene, &[Action::Back]);
    assert!(picture(&scene, &view, 80, 21).contains("STATUS"));
}

#[test]
fn every_kind_in_the_table() {
    let scene = Scene::kinds();
    let view = View::default();
    assert_snapshot!("kinds_80x21", picture(&scene, &view, 80, 21));
    assert_snapshot!("kinds_200x57", picture(&scene, &view, 200, 57));
}

#[test]
fn every_kind_in_depth() {
    let scene = Scene::kinds();
    for name in ["far-1", "vulcan", "solstice", "dream", "gone"] {
        let mut view = View::default();
        view.filter(&format!("name={name}"));
        act(&mut view, &scene, &[Action::Enter]);
        assert_snapshot!(format!("kind_{name}_80x21"), picture(&scene, &view, 80, 21));
        assert_snapshot!(format!("kind_{name}_120x37"), picture(&scene, &view, 120, 37));
    }
}
