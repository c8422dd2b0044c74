//! What is on the screen, as pictures.

use isomon::model::alert::{Alert, AlertId, AlertState, Alerts, Event, Severity, Turn};
use isomon::model::update::{Health, Notice, What};
use isomon::state::State;
use isomon::tui::action::Action;
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
fn top_line(columns: u16, state: &State, keys: &str) -> String {
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
    for words in ["paused", "bench", "1 down", "lost 17", "00:00"] {
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
fn names_of_tabs_are_as_long_as_there_is_room_for() {
    let quiet = one_node();
    let wide = top_line(80, &quiet, "9");
    assert!(
        wide.starts_with("1 Over 2 Nodes 3 GPUs 4 Backs 5 Bench 6 Runs 7 Model 8 Alert 9 Logs")
    );
    let narrow = top_line(64, &quiet, "2");
    assert!(
        narrow.starts_with("1 Ovr 2 Nodes 3 GPU 4 Bck 5 Ben 6 Run 7 Mod 8 Alr 9 Log"),
        "{narrow}"
    );
    assert!(top_line(50, &quiet, "9").starts_with("1  2  3  4  5  6  7  8  9 Logs"));
    let busy = top_line(80, &live_run(), "1 p");
    assert!(busy.starts_with("1 Overview 2 Nod 3") && busy.contains("paused"), "{busy}");
    assert!(busy.contains("▶ bench"), "{busy}");
}

#[test]
fn help_is_whole_wherever_a_row_has_room() {
    for columns in [70, 80, 100, 130, 150, 160, 200, 240] {
        let left = stay(app(Setup::default()), &one_node(), typed("4 ?"), (columns, 90));
        for action in Action::ALL {
            assert!(left.text().contains(action.words()), "{columns}: {}", action.words());
        }
    }
    let narrow = stay(app(Setup::default()), &one_node(), typed("1 ?"), (40, 90)).text();
    assert!(narrow.contains("back in time by a part") && narrow.contains("…"), "{narrow}");
}

#[test]
fn what_was_copied_is_said_for_a_moment() {
    let mut state = live_run();
    let notice = Notice { bad: true, text: "the disk is full".into() };
    state.apply(&update(5, What::Notice(notice)));
    let left = stay(app(Setup::default()), &state, typed("5 y"), (80, 24));
    let text = left.text();
    assert!(text.contains("✓ copied: isomon bench") && text.contains("the disk is full"), "{text}");
    let nothing = stay(app(Setup::default()), &one_node(), typed("1 y"), (80, 24)).text();
    assert!(nothing.contains("there is nothing to copy here"), "{nothing}");
}

#[test]
fn a_popup_is_as_large_as_its_words() {
    let text = stay(app(Setup::default()), &State::default(), typed("3 w"), (80, 24)).text();
    let why = text.lines().position(|line| line.contains("╭ Why ")).unwrap();
    let end = text.lines().position(|line| line.contains("esc closes this")).unwrap();
    let words = text.lines().skip(why + 1).take(end - why - 1);
    let inside = |line: &str| line.split('│').nth(1).is_some_and(|line| !line.trim().is_empty());
    assert!(end > why + 1 && words.clone().all(inside), "{text}");
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
