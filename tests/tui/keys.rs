//! Keys through the true loop: what is typed, what is looked at then, what is wished.

use std::time::Duration;

use isomon::model::command::Command;
use isomon::state::State;
use isomon::tui::app::Setup;
use isomon::tui::event::{Input, Mouse};
use isomon::tui::session::Ended;
use isomon::tui::tab::Tab;

use crate::page::{Left, app, live_run, one_node, press, stay, typed};

/// What a session ends with when its keys are used up.
const USED_UP: Ended = Ended::Signal(1);

fn still(keys: &str) -> Left {
    let left = press(&one_node(), keys);
    assert_eq!(left.ended, USED_UP, "{keys}");
    left
}

#[test]
fn digits_and_angles_open_tabs() {
    let rows = [
        ("2", Tab::Nodes),
        ("5", Tab::Bench),
        ("6", Tab::Runs),
        ("9", Tab::Logs),
        ("L", Tab::Logs),
        (">", Tab::Nodes),
        ("> >", Tab::Gpus),
        ("<", Tab::Logs),
        ("9 >", Tab::Overview),
    ];
    for (keys, tab) in rows {
        assert_eq!(still(keys).app.tab, tab, "{keys}");
    }
}

#[test]
fn a_tab_without_charts_names_those_that_show_the_past() {
    let text = still("6 [").text();
    assert!(
        text.contains("the past is shown by the tabs Overview, Nodes, GPUs and Models"),
        "{text}"
    );
}

#[test]
fn who_first_looks_at_backends_has_them_tried_once() {
    let rows = [("2 3 9", 0), ("4", 1), ("5 4 5", 1), ("b 4", 1), ("C 5", 1), ("> > >", 1)];
    for (keys, times) in rows {
        let wishes = still(keys).wishes;
        let tried = wishes.iter().filter(|wish| **wish == Command::CheckBackends);
        assert_eq!(tried.count(), times, "{keys}");
    }
    let readonly = Setup { readonly: true, ..Setup::default() };
    let left = stay(app(readonly), &one_node(), typed("5"), (80, 24));
    assert_eq!(left.wishes, [Command::ListRuns], "to look is no act");
    assert!(left.text().contains("--readonly forbids"), "{}", left.text());
}

#[test]
fn esc_clears_the_filter_that_is_shown() {
    let left = still("2 / a enter enter / b enter");
    assert_eq!(left.app.filter(), "b");
    assert_eq!(still("2 / a enter enter / b enter esc").app.filter(), "");
    assert_eq!(still("2 / a enter enter / b enter esc esc").app.filter(), "a");
    assert_eq!(still("2 / a enter enter / b enter esc esc esc").app.filter(), "");
}

#[test]
fn esc_never_quits_and_q_does() {
    still("esc esc esc");
    assert_eq!(press(&one_node(), "q").ended, Ended::Quit);
    assert_eq!(press(&one_node(), "ctrl-c").ended, Ended::Quit);
    assert_eq!(press(&one_node(), "f10").ended, Ended::Quit);
}

#[test]
fn while_a_run_is_live_quitting_is_asked_about() {
    let state = live_run();
    let rows = [
        ("q", USED_UP),
        ("q n q", USED_UP),
        ("q esc", USED_UP),
        ("q enter", USED_UP),
        ("q y", Ended::Quit),
        ("ctrl-c ctrl-c", Ended::Quit),
    ];
    for (keys, ended) in rows {
        assert_eq!(press(&state, keys).ended, ended, "{keys}");
    }
    let asked = press(&state, "q").text();
    assert!(asked.contains("End it and quit?"), "{asked}");
}

#[test]
fn a_run_is_written_where_one_is_in_view_and_nowhere_else() {
    let state = live_run();
    for tab in ["1", "2", "3", "4", "7", "8", "9"] {
        let left = press(&state, &format!("{tab} e"));
        assert!(left.text().contains("no run is in view here"), "{tab}: {}", left.text());
        assert!(!left.wishes.iter().any(|wish| matches!(wish, Command::Export { .. })));
    }
    let bench = press(&state, "5 e").text();
    assert!(bench.contains("the run is going on"), "{bench}");
}

#[test]
fn the_topmost_layer_has_the_keys() {
    assert_eq!(still("? 2").app.tab, Tab::Overview);
    assert_eq!(still("? esc 2").app.tab, Tab::Nodes);
    assert_eq!(still("? q 2").app.tab, Tab::Nodes);
    assert_eq!(still(": 2").app.tab, Tab::Overview);
    assert_eq!(still("2 / q").app.filter(), "q");
}

#[test]
fn the_help_scrolls_like_everything_else() {
    assert!(!still("? G").text().contains("f10"));
    assert!(still("? G").text().contains("ctrl-l, f5"));
    assert!(still("? G g g").text().contains("f10"));
    assert!(!still("? ctrl-d").text().contains("f10"));
}

#[test]
fn the_palette_does_what_it_finds() {
    assert_eq!(still(": g p u s enter").app.tab, Tab::Gpus);
    let left = still(": n o d e s down up enter");
    assert_eq!(left.app.tab, Tab::Nodes);
    assert!(left.app.popups.is_empty());
}

#[test]
fn a_filter_belongs_to_its_tab_and_esc_clears_it() {
    let left = still("2 / w e b enter");
    assert_eq!(left.app.filter(), "web");
    assert!(left.text().contains("/web"));
    assert_eq!(still("2 / w e b enter 3").app.filter(), "");
    assert_eq!(still("2 / w e b enter 3 2").app.filter(), "web");
    assert_eq!(still("2 / w e b esc").app.filter(), "");
    assert_eq!(still("2 / w e b enter / x backspace backspace").app.filter(), "we");
}

#[test]
fn pasting_goes_where_letters_are_typed_and_nowhere_else() {
    let mut inputs = typed("2 /");
    inputs.push(Input::Paste("q\nq".to_owned()));
    let left = stay(app(Setup::default()), &one_node(), inputs, (80, 24));
    assert_eq!(left.app.filter(), "qq");
    let inputs = vec![Input::Paste("q".to_owned())];
    let left = stay(app(Setup::default()), &one_node(), inputs, (80, 24));
    assert_eq!(left.ended, USED_UP);
    let mut inputs = typed(":");
    inputs.push(Input::Paste("gp\nus".to_owned()));
    inputs.extend(typed("enter"));
    let left = stay(app(Setup::default()), &one_node(), inputs, (80, 24));
    assert_eq!(left.app.tab, Tab::Gpus);
    let mut inputs = typed("q");
    inputs.push(Input::Paste("y".to_owned()));
    let left = stay(app(Setup::default()), &live_run(), inputs, (80, 24));
    assert_eq!((left.ended, left.app.popups.len()), (USED_UP, 1), "no question is answered so");
}

#[test]
fn the_interval_goes_through_steps_and_pause_toggles() {
    let seconds = |seconds: f64| Command::Interval(Duration::from_secs_f64(seconds));
    assert_eq!(still("+ + -").wishes, [seconds(2.0), seconds(5.0), seconds(2.0)]);
    assert_eq!(still("- - - -").wishes, [seconds(0.5), seconds(0.25)]);
    assert_eq!(still("p p").wishes, [Command::Pause(true), Command::Pause(false)]);
    assert!(still("p").text().contains("paused"));
}

#[test]
fn an_incomplete_chord_says_what_may_follow() {
    let left = still("g");
    assert!(left.text().contains("g  g first row"), "{}", left.text());
    assert!(still("g esc").app.pending.is_empty());
    assert!(still("g x").app.pending.is_empty());
}

#[test]
fn readonly_refuses_and_hides_what_acts() {
    let readonly = || app(Setup { readonly: true, ..Setup::default() });
    for keys in ["b", "x", "r", "C", "4 C", "5 b"] {
        let left = stay(readonly(), &live_run(), typed(keys), (80, 24));
        assert!(left.wishes.iter().all(|wish| *wish == Command::ListRuns), "{keys}");
        assert!(left.text().contains("--readonly"), "{keys}");
    }
    let help = stay(readonly(), &one_node(), typed("?"), (120, 60)).text();
    assert!(!help.contains("run the benchmark"), "{help}");
}

#[test]
fn the_mouse_clicks_on_titles_and_can_be_let_go() {
    let click = |column, row| vec![Input::Mouse(Mouse::Click, column, row)];
    let at = |inputs| stay(app(Setup::default()), &one_node(), inputs, (80, 24));
    let nodes = at(typed("1")).text().find('2').and_then(|at| u16::try_from(at).ok()).unwrap();
    assert_eq!(at(click(nodes - 1, 0)).app.tab, Tab::Nodes);
    assert_eq!(at(click(13, 9)).app.tab, Tab::Overview);
    assert_eq!(still("m").page.sent, "mouse off");
    assert_eq!(still("m m").page.sent, "mouse offmouse on");
}

#[test]
fn the_wheel_scrolls_what_lies_on_top() {
    let mut inputs = typed("?");
    inputs.extend([Input::Mouse(Mouse::Down, 3, 3), Input::Mouse(Mouse::Down, 3, 3)]);
    let left = stay(app(Setup::default()), &one_node(), inputs, (80, 24));
    assert!(!left.text().contains("back in time by a part"), "{}", left.text());
    assert!(left.text().contains("f10"), "{}", left.text());
}

#[test]
fn every_action_by_key_on_every_tab_is_survived() {
    let keymap = Setup::default().keymap;
    for tab in ["1", "2", "3", "4", "5", "9"] {
        for action in isomon::tui::action::Action::ALL {
            let key = keymap.keys(*action).next().unwrap();
            let keys = format!("{tab} {key} {key} enter esc esc");
            press(&live_run(), &keys);
            press(&State::default(), &keys);
        }
    }
}
