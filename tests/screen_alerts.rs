//! The Alerts tab as a user sees it, and what of it is seen everywhere.

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "fixture/scene.rs"]
mod scene;

use insta::assert_snapshot;
use isomon::model::alert::{
    Acknowledgement, Alert, AlertId, AlertState, Alerts, Event, ReceiverBrief, Severity, Turn,
};
use isomon::model::command::Command;
use isomon::model::update::What;
use isomon::rule::file::presets;
use isomon::tui::action::Action;
use isomon::tui::look::Glyph;
use isomon::tui::reply::Reply;
use isomon::tui::tab::alerts::View;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use scene::{SMALL, Scene, WALL_MS};

/// The end of the scene.
const NOW_MS: i64 = WALL_MS + 30 * 60_000;
const SIZES: [(u16, u16); 4] = [(40, 8), (80, 21), (120, 37), (200, 57)];

fn picture(scene: &Scene, view: &View, width: u16, height: u16) -> String {
    scene.picture(width, height, &|frame, area, state, look| {
        view.draw(frame, area, state, look);
    })
}

fn id(rule: &str, node: &str, thing: &str) -> AlertId {
    AlertId { rule: rule.into(), node: node.into(), thing: thing.into() }
}

fn alert(id: AlertId, severity: Severity, state: AlertState, message: &str) -> Alert {
    let (message, since_ms) = (message.into(), NOW_MS - 125_000);
    Alert { id, severity, state, since_ms, message, ..Alert::default() }
}

fn rules() -> Vec<isomon::model::alert::RuleBrief> {
    let rules = presets().unwrap().rules;
    let mut briefs: Vec<_> = rules.iter().map(|rule| rule.brief([1, 0, 0, 0])).collect();
    briefs[0].counts = [0, 0, 0, 1];
    briefs[5].counts = [0, 0, 1, 0];
    briefs[19].counts = [0; 4];
    briefs
}

fn receivers() -> Vec<ReceiverBrief> {
    vec![
        ReceiverBrief {
            name: "ops".into(),
            kind: "discord".into(),
            sent: 12,
            ..ReceiverBrief::default()
        },
        ReceiverBrief {
            name: "pager".into(),
            kind: "webhook".into(),
            failed: 2,
            trouble: Some("it answered 500".into()),
            ..ReceiverBrief::default()
        },
    ]
}

fn past() -> Vec<Event> {
    let gpu = id("gpu-hot", "local", "GPU 0 H100");
    let down = id("node-down", "web-2", "");
    let event = |turn, id: &AlertId, ago_ms, message: &str| Event {
        at_ms: NOW_MS - ago_ms,
        id: id.clone(),
        severity: Severity::Critical,
        turn,
        message: message.into(),
    };
    vec![
        event(Turn::Fired, &down, 3_000, "web-2 does not answer"),
        event(Turn::Acknowledged, &gpu, 60_000, "new fan is ordered"),
        event(
            Turn::Resolved,
            &id("swap-full", "web-1", ""),
            3_600_000,
            "swap of web-1 is 81 % used",
        ),
    ]
}

fn alerts() -> Alerts {
    let gpu = id("gpu-hot", "local", "GPU 0 H100");
    let down = id("node-down", "web-2", "");
    let mut seen = alert(
        gpu,
        Severity::Critical,
        AlertState::Firing,
        "GPU 0 H100 on lab has 92 °C, and slows down at 90 °C",
    );
    seen.acknowledged = Some(Acknowledgement { at_ms: 0, reason: "new fan is ordered".into() });
    Alerts {
        alerts: vec![
            alert(down, Severity::Critical, AlertState::Firing, "web-2 does not answer"),
            alert(
                id("file-system-full", "local", "/var"),
                Severity::Warning,
                AlertState::Firing,
                "/var on lab is 93 % full, 12.0 GiB left",
            ),
            seen,
            alert(
                id("memory-short", "web-1", ""),
                Severity::Warning,
                AlertState::Pending,
                "memory of web-1 is 92 % used, 1.20 GiB left",
            ),
            alert(
                id("cpu-busy", "web-3", ""),
                Severity::Info,
                AlertState::Unsure,
                "cpu: not heard for 12 s",
            ),
        ],
        counts: [117, 1, 1, 3],
        loud: 2,
        past: past(),
        turns: 3,
        rules: rules(),
        receivers: receivers(),
        delivers: true,
        ..Alerts::default()
    }
}

fn scene(alerts: Alerts) -> Scene {
    let mut scene = Scene::local(SMALL);
    scene.tell("local", What::Alerts(Box::new(alerts)));
    scene
}

#[test]
fn five() {
    let (scene, view) = (scene(alerts()), View::default());
    for (width, height) in SIZES {
        assert_snapshot!(format!("alerts_{width}x{height}"), picture(&scene, &view, width, height));
    }
}

#[test]
fn nodes_are_told_apart_where_no_alert_is_of_a_thing() {
    let on = |node: &str| {
        alert(id("node-down", node, ""), Severity::Warning, AlertState::Firing, "no answer")
    };
    let long = "n".repeat(40);
    let names = ["127.0.0.1:18098", "127.0.0.1:18099", long.as_str()];
    let told = Alerts { alerts: names.map(on).into(), ..alerts() };
    let shown = picture(&scene(told), &View::default(), 120, 37);
    assert!(shown.contains("127.0.0.1:18098 ") && shown.contains("127.0.0.1:18099 "), "{shown}");
    assert!(shown.contains(&format!("{}…", "n".repeat(27))), "a long name has its bound: {shown}");
    assert!(!shown.contains("THING"), "{shown}");
    let things = picture(&scene(alerts()), &View::default(), 120, 37);
    assert!(things.contains("THING"), "{things}");
}

#[test]
fn an_alert_that_is_only_kept_says_that_it_is_well_again() {
    let mut told = alerts();
    told.alerts[0].well_since_ms = Some(NOW_MS - 14_000);
    let (scene, mut view) = (scene(told), View::default());
    let shown = picture(&scene, &view, 200, 57);
    assert!(shown.contains("well again for 12.0 s, was: web-2 does not answer"), "{shown}");
    let Reply::Say(why) = view.act(Action::Why, &scene.state) else { panic!("said") };
    assert!(why.as_str().contains("well again for "), "{why}");
}

#[test]
fn one_rule_is_one_rule() {
    let one = Alerts { counts: [2, 0, 0, 0], rules: rules()[..1].to_vec(), ..Alerts::default() };
    let shown = picture(&scene(one), &View::default(), 80, 21);
    assert!(shown.contains(" 1 rule, asked of 2 things each second."), "{shown}");
}

#[test]
fn rules_and_history_are_panels() {
    let (scene, mut view) = (scene(alerts()), View::default());
    view.act(Action::PreviousPanel, &scene.state);
    assert_snapshot!("rules_80x21", picture(&scene, &view, 80, 21));
    view.act(Action::Zoom, &scene.state);
    view.act(Action::Down, &scene.state);
    assert_snapshot!("rules_zoomed_80x21", picture(&scene, &view, 80, 21));
}

#[test]
fn the_last_rule_is_reached_behind_many_who_are_told() {
    let many = (0..20).flat_map(|_| receivers()).collect();
    let (scene, mut view) = (scene(Alerts { receivers: many, ..alerts() }), View::default());
    for action in [Action::PreviousPanel, Action::Zoom, Action::Last] {
        assert_eq!(view.act(action, &scene.state), Reply::Done, "{action:?}");
    }
    let shown = picture(&scene, &view, 80, 21);
    assert!(shown.contains(rules().last().unwrap().name.as_str()), "{shown}");
}

#[test]
fn a_click_below_a_mistake_in_the_rules_chooses_what_stands_there() {
    let mistake = "rules.toml:3:9: nothing is called `cpuu`; did you mean `cpu`?";
    let wrong = Alerts { mistake: Some(mistake.into()), ..alerts() };
    let (scene, mut view) = (scene(wrong), View::default());
    let area = Rect::new(0, 0, 80, 21);
    let line = |view: &View, row: u16| {
        let shown = picture(&scene, view, 80, 21);
        shown.lines().nth(usize::from(row)).unwrap().to_owned()
    };
    let chosen = |view: &View| {
        let buffer = scene.buffer(80, 21, Glyph::Unicode, &|frame, area, state, look| {
            view.draw(frame, area, state, look);
        });
        let is_chosen = |row: &u16| buffer[(10_u16, *row)].modifier.contains(Modifier::REVERSED);
        line(view, (0..21).find(is_chosen).unwrap())
    };
    assert!(line(&view, 3).contains("STATE"), "two lines of the mistake are above the heading");
    for row in [4, 6] {
        let stands_there = line(&view, row);
        view.click(10, row, area, &scene.state);
        assert_eq!(chosen(&view), stands_there);
    }
    let before = picture(&scene, &view, 80, 21);
    for row in [1, 2] {
        view.click(10, row, area, &scene.state);
        assert_eq!(picture(&scene, &view, 80, 21), before, "a click at the mistake itself");
    }
}

#[test]
fn nothing_wrong_and_nothing_known() {
    let quiet = Alerts { counts: [117, 0, 0, 0], rules: rules(), ..Alerts::default() };
    let view = View::default();
    assert_snapshot!("quiet_80x21", picture(&scene(quiet), &view, 80, 21));
    assert_snapshot!("unknown_80x21", picture(&Scene::local(SMALL), &view, 80, 21));
    let wrong = Alerts {
        mistake: Some("rules.toml:3:9: nothing is called `cpuu`; did you mean `cpu`?".into()),
        ..alerts()
    };
    assert_snapshot!("mistake_80x21", picture(&scene(wrong), &view, 80, 21));
}

#[test]
fn letters_below_0x80() {
    let (scene, view) = (scene(alerts()), View::default());
    let plain = scene.plain(120, 37, &|frame, area, state, look| {
        view.draw(frame, area, state, look);
    });
    let foreign = plain.chars().filter(|letter| !letter.is_ascii()).collect::<String>();
    assert_eq!(foreign.trim_matches('°'), "", "{plain}");
}

#[test]
fn what_is_seen_to_is_wished() {
    let (scene, mut view) = (scene(alerts()), View::default());
    assert!(matches!(view.act(Action::Acknowledge, &scene.state), Reply::Note(_)));
    assert!(matches!(view.act(Action::Silence, &scene.state), Reply::Note(_)));
    view.act(Action::Down, &scene.state);
    view.act(Action::Down, &scene.state);
    let reply = view.act(Action::Acknowledge, &scene.state);
    assert!(
        matches!(reply, Reply::Wish(Command::Alert(_))),
        "what was seen is taken back: {reply:?}"
    );
    let Reply::Say(why) = view.act(Action::Why, &scene.state) else { panic!("said") };
    assert!(
        why.as_str().contains("new fan is ordered") && why.as_str().contains("its rule: "),
        "{why}"
    );
}
