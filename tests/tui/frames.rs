//! What is on the screen, as pictures.

use isomon::model::alert::{Alert, AlertId, AlertState, Alerts, Event, Severity, Turn};
use isomon::model::update::{Health, Notice, What};
use isomon::tui::app::Setup;
use isomon::tui::look::Glyph;
use isomon::tui::theme::Themes;
use isomon::tui::theme::depth::Depth;

use crate::page::{app, live_run, one_node, stay, typed, update};

/// The sizes every picture is taken at.
const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

fn picture(name: &str, keys: &str) {
    for size in SIZES {
        let left = stay(app(Setup::default()), &one_node(), typed(keys), size);
        insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), left.text());
    }
}

#[test]
fn help() {
    picture("help", "9 ?");
}

#[test]
fn palette() {
    picture("palette", "9 : t h");
}

#[test]
fn a_question() {
    let left = stay(app(Setup::default()), &live_run(), typed("9 q"), (80, 24));
    insta::assert_snapshot!("question_80x24", left.text());
}

/// The first line of a frame `columns` wide.
fn top_line(columns: u16, state: &isomon::state::State, keys: &str) -> String {
    let left = stay(app(Setup::default()), state, typed(keys), (columns, 8));
    let text = left.text();
    text.lines().next().unwrap().trim_matches('"').to_owned()
}

#[test]
fn the_top_line_says_what_matters_most_first() {
    let mut state = live_run();
    let down = Health::Down { since: state.now, why: "gone".into() };
    state.apply(&update(3, What::Health(down)));
    state.apply(&update(3, What::Lost(17)));
    let wide = top_line(160, &state, "p");
    for words in ["paused", "bench", "1 lost", "lost 17", "00:00"] {
        assert!(wide.contains(words), "{wide}");
    }
    let narrow = top_line(48, &state, "p");
    assert!(narrow.contains("1 Overview  2  3  4  5  6  7  8  9"), "{narrow}");
    assert!(narrow.contains("paused"), "{narrow}");
    let least = top_line(40, &state, "p");
    assert!(
        least.contains("1 Overview  2  3  4  5  6  7  8  9") && least.contains("✗1"),
        "{least}"
    );
    assert_eq!(least.chars().count(), 40);
}

#[test]
fn a_notice_stands_for_a_while() {
    let mut state = one_node();
    let notice = Notice { bad: true, text: "the disk is full".into() };
    state.apply(&update(5, What::Notice(notice)));
    let left = stay(app(Setup::default()), &state, typed("9"), (80, 24));
    assert!(left.text().contains("! the disk is full"));
    state.apply(&update(20, What::Lost(1)));
    let left = stay(app(Setup::default()), &state, typed("9"), (80, 24));
    assert!(!left.text().contains("the disk is full"));
}

#[test]
fn an_alert_is_seen_on_every_tab_and_covers_nothing_that_is_typed() {
    let mut state = one_node();
    let id = AlertId { rule: "gpu-hot".into(), node: "local".into(), thing: "GPU 0".into() };
    let severity = Severity::Critical;
    let (turn, message) = (Turn::Fired, "GPU 0 on lab has 92 °C".into());
    let past = vec![Event { at_ms: 0, id: id.clone(), severity, turn, message }];
    let alert = Alert { id, severity, state: AlertState::Firing, ..Alert::default() };
    let alerts = Alerts { alerts: vec![alert], past, turns: 1, loud: 1, ..Alerts::default() };
    state.apply(&update(5, What::Alerts(Box::new(alerts))));
    for tab in ["1", "2", "5", "8", "9"] {
        let text = stay(app(Setup::default()), &state, typed(tab), (80, 24)).text();
        assert!(text.lines().next().unwrap().contains("▲ 1"), "{text}");
        assert!(text.contains("▲ GPU 0 on lab has 92 °C"), "{text}");
    }
    let text = stay(app(Setup::default()), &state, typed("1 / w e b"), (80, 24)).text();
    assert!(text.lines().last().unwrap().starts_with("\"/web"), "{text}");
    let readonly = Setup { readonly: true, ..Setup::default() };
    let left = stay(app(readonly), &state, typed("8 a"), (80, 24));
    assert!(left.wishes.is_empty() && left.text().contains("--readonly"), "{}", left.text());
    state.apply(&update(20, What::Lost(1)));
    let text = stay(app(Setup::default()), &state, typed("9"), (80, 24)).text();
    assert!(!text.contains("92 °C") && text.contains("▲ 1"), "{text}");
}

#[test]
fn without_colours_the_tab_in_front_is_still_seen() {
    let setup = Setup {
        themes: Themes::load(None, &[], "dark", Depth::None).unwrap(),
        glyph: Glyph::Ascii,
        ..Setup::default()
    };
    let left = stay(app(setup), &one_node(), typed("9"), (80, 24));
    let buffer = left.page.terminal.backend().buffer();
    let reversed = ratatui::style::Modifier::REVERSED;
    let title = (0..80).filter(|x| buffer[(*x, 0)].modifier.contains(reversed));
    assert_eq!(title.count(), "9 Logs".len());
}
