//! Many nodes, and nodes of every kind, as a user sees them.

#[path = "fixture/scene.rs"]
mod scene;

use insta::assert_snapshot;
use isomon::model::command::Command;
use isomon::model::id::SourceId;
use isomon::model::origin::Kind;
use isomon::model::update::{Health, What};
use isomon::tui::action::Action;
use isomon::tui::app::{App, Effect, Setup};
use isomon::tui::event::{Input, Mouse};
use isomon::tui::popup::Popup;
use isomon::tui::reply::Reply;
use isomon::tui::tab::nodes::View;
use isomon::tui::tab::{Tab, bench};
use isomon::tui::view;
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
        let group = ["web", "batch", "gpu"][usize::try_from(number % 3).expect("small")];
        let kind = if number % 3 == 2 { Kind::Isomon } else { Kind::Ssh };
        let address = format!("ssh://10.0.{}.{}", number / 250, number % 250);
        let mut told = origin(kind, &address, Some(group));
        told.can_bench = kind == Kind::Isomon;
        let told = What::Origin(Box::new(told));
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

fn app() -> App {
    let mut app = App::new(Setup::default(), std::time::Duration::from_secs(2), false);
    app.tab = Tab::Nodes;
    app
}

fn press(app: &mut App, scene: &Scene, key: &str) -> Vec<Effect> {
    let size = ratatui::layout::Size::new(80, 24);
    for key in key.split(' ') {
        app.answer(Input::Key(key.parse().expect("a key")), size, &scene.state);
    }
    std::mem::take(&mut app.effects)
}

fn screen(app: &App, scene: &Scene, width: u16, height: u16) -> String {
    scene.picture(width, height, &|frame, _, state, look| view::draw(frame, app, state, look.now))
}

fn wished(effects: &[Effect]) -> Vec<&Command> {
    let mut all = Vec::new();
    for effect in effects {
        if let Effect::Wish(command) = effect {
            all.push(command);
        }
    }
    all
}

#[test]
fn marked_nodes_are_measured_together_after_a_question() {
    let mut scene = many(42);
    let mut app = app();
    press(&mut app, &scene, "g n enter j j space space space");
    let asked = press(&mut app, &scene, "b");
    assert_eq!(asked, [], "nothing begins without a yes");
    let Some(Popup::Ask(ask)) = app.popups.last() else { panic!("a question: {:?}", app.said) };
    let question = ask.question.as_str();
    assert!(question.contains("3 nodes: node-0002, node-0005, node-0008?"), "{question}");
    assert_snapshot!("fleet_ask_80x24", screen(&app, &scene, 80, 24));
    let effects = press(&mut app, &scene, "y");
    let begun = wished(&effects).into_iter().find_map(|command| match command {
        Command::BenchOn { nodes, plan } => Some((nodes, plan)),
        _ => None,
    });
    let (nodes, plan) = begun.expect("a benchmark");
    assert_eq!((nodes.len(), plan.cells().is_empty()), (3, false));
    assert_eq!(app.tab, Tab::Bench);
    assert!(screen(&app, &scene, 80, 24).contains("The benchmark begins"));
    scene::fleet_run(&mut scene);
    assert_snapshot!("fleet_bench_80x24", screen(&app, &scene, 80, 24));
    press(&mut app, &scene, "j j");
    assert_snapshot!("fleet_bench_200x60", screen(&app, &scene, 200, 60));
    click_through(&mut app, &scene);
    press(&mut app, &scene, "x");
    assert!(
        matches!(app.popups.last(), Some(Popup::Ask(ask)) if ask.question.as_str().contains("1 node"))
    );
    let effects = press(&mut app, &scene, "y");
    assert!(matches!(wished(&effects)[..], [Command::Cancel(_)]), "{effects:?}");
    press(&mut app, &scene, "q");
    let Some(Popup::Ask(ask)) = app.popups.last() else { panic!("a question") };
    assert!(ask.question.as_str().contains("goes on on 1 other node"));
    press(&mut app, &scene, "n enter");
    assert!(!screen(&app, &scene, 80, 24).contains("Benchmark on"), "the run of one node is shown");
}

/// Clicks on headings and rows of the benchmark on several nodes; it stays in front.
fn click_through(app: &mut App, scene: &Scene) {
    let nodes = |screen: &str| -> Vec<String> {
        let rows = screen.lines().filter_map(|line| line.split("node-").nth(1)?.get(..4));
        rows.take(3).map(str::to_owned).collect()
    };
    let size = ratatui::layout::Size::new(200, 60);
    let mut click = |column, row| {
        app.answer(Input::Mouse(Mouse::Click, column, row), size, &scene.state);
        screen(app, scene, 200, 60)
    };
    let before = click(4, 3);
    let top = before.lines().position(|line| line.contains("NODE")).expect("a heading");
    let column =
        before.lines().nth(top).and_then(|line| line.find("bubblewrap")).expect("a column");
    let column = before.lines().nth(top).map_or(0, |line| line.split_at(column).0.chars().count());
    let (x, y) = (u16::try_from(column).expect("small"), u16::try_from(top).expect("small"));
    let sorted = click(x, y);
    assert!(sorted.contains("bubblewrap▲"), "{sorted}");
    let turned = click(x, y);
    assert!(turned.contains("bubblewrap▼"), "{turned}");
    let mut back = nodes(&turned);
    back.sort();
    assert_eq!(back, nodes(&click(6, y)), "the heading of the names sorts as they were named");
    assert!(click(6, y + 2).contains("Benchmark on"), "a row is chosen");
}

/// A node that a source tells of takes no wish by it: whoever may begin something there is not for the
/// one between to say. What mends it comes first, so that a small screen has it.
#[test]
fn a_node_below_a_source_is_refused_with_what_mends_it() {
    let mut scene = Scene { now_ms: 600_000, ..Scene::default() };
    let mut told = origin(Kind::Isomon, "http://rack:7070", None);
    told.can_bench = true;
    scene.tell("rack", What::Origin(Box::new(told)));
    for name in ["rack", "rack/b"] {
        scene.tell(name, What::Node(Box::new(scene::sample(300, SMALL, 0.7))));
    }
    let mut app = app();
    press(&mut app, &scene, "j b");
    let mends = "it needs --source NAME=ssh://HOST; rack only tells of it";
    let said = app.said.clone().expect("a sentence").text.to_string();
    assert_eq!(said, format!("no benchmark begins: rack/b: {mends}"));
    assert_snapshot!("fleet_below_said_80x24", screen(&app, &scene, 80, 24));
    press(&mut app, &scene, "* b");
    let Some(Popup::Ask(ask)) = app.popups.last() else { panic!("a question: {:?}", app.said) };
    let question = ask.question.as_str();
    assert!(question.contains("on 1 node: rack? Not on rack/b: it needs --source"), "{question}");
    assert_snapshot!("fleet_below_80x24", screen(&app, &scene, 80, 24));
}

#[test]
fn who_cannot_is_named_with_the_reason() {
    let scene = many(42);
    let mut app = app();
    press(&mut app, &scene, "b");
    let said = app.said.clone().expect("a sentence").text.to_string();
    assert_eq!(said, "no benchmark begins: node-0000: none can be started there (SSH)");
    press(&mut app, &scene, "/");
    app.answer(
        Input::Paste("group=gpu".to_owned()),
        ratatui::layout::Size::new(80, 24),
        &scene.state,
    );
    press(&mut app, &scene, "enter * b");
    let Some(Popup::Ask(ask)) = app.popups.last() else { panic!("a question") };
    let question = ask.question.as_str();
    assert!(
        question.contains("13 nodes") && question.contains("Not on node-0041: it does not"),
        "{question}"
    );
}

#[test]
fn a_node_in_depth_tells_everything_while_it_is_looked_at() {
    let scene = many(3);
    let mut app = app();
    let focus = |effects: Vec<Effect>| match wished(&effects)[..] {
        [Command::Focus(node)] => node.clone(),
        _ => panic!("{effects:?}"),
    };
    assert_eq!(focus(press(&mut app, &scene, "enter")), Some(SourceId("node-0000".into())));
    assert_eq!(press(&mut app, &scene, "j"), []);
    assert_eq!(focus(press(&mut app, &scene, "3")), None);
    assert_eq!(focus(press(&mut app, &scene, "2")), Some(SourceId("node-0000".into())));
    assert_eq!(focus(press(&mut app, &scene, "esc")), None);
}

#[test]
fn others_runs_are_theirs() {
    let mut scene = many(3);
    scene::run(&mut scene, false);
    let id = scene.state.live_run().map(|(id, _)| id.clone()).expect("this machine's");
    let mut theirs = many(3);
    for (known, run) in &scene.state.runs {
        let event = isomon::model::run::RunEvent::Started(Box::new(run.head.clone()));
        theirs.tell("node-0002", What::Run { id: known.clone(), event });
    }
    assert!(theirs.state.runs.contains_key(&id) && theirs.state.live_run().is_none());
    let mut app = app();
    assert!(press(&mut app, &theirs, "q").contains(&Effect::Quit), "nothing of ours goes on");
    let view = bench::View::default();
    assert!(!view.is_preparing(&theirs.state));
}

/// Far more than a frame takes here without optimisation, and far less than one that looks at every
/// past.
const BOUND: std::time::Duration = std::time::Duration::from_millis(400);

#[test]
fn ten_thousand_nodes_cost_little_more_than_those_that_are_seen() {
    let mut scene = many(10_000);
    let mut app = app();
    for keys in ["esc", "s s", "g n", "v", "1"] {
        press(&mut app, &scene, keys);
        let mut frames = Vec::new();
        for _ in 0..20 {
            scene.now_ms += 100;
            let begun = std::time::Instant::now();
            screen(&app, &scene, 200, 60);
            frames.push(begun.elapsed());
        }
        frames.sort();
        assert!(frames[10] < BOUND, "after {keys}: {frames:?}");
    }
}

#[test]
fn rows_stand_still_for_two_seconds_while_data_arrives() {
    let mut scene = many(30);
    let mut view = View::default();
    act(&mut view, &scene, &[Action::Sort, Action::Sort]);
    let names = |scene: &Scene, view: &View| {
        let seen = picture(scene, view, 120, 37);
        let name =
            |line: &str| line.split("node-").nth(1).map(|rest| rest.chars().take(4).collect());
        seen.lines().filter_map(name).take(20).collect::<Vec<String>>()
    };
    let before = names(&scene, &view);
    for number in 0..30 {
        let busy = scene::sample(number, SMALL, number as f64);
        scene.tell(&format!("node-{number:04}"), What::Node(Box::new(busy)));
    }
    scene.now_ms += 500;
    assert_eq!(names(&scene, &view), before);
    scene.now_ms += 2_000;
    assert_ne!(names(&scene, &view), before);
}
