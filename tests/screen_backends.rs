//! The Backends tab on screens of all sizes.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "small made-up numbers"
)]

use isomon::model::command::Command;
use isomon::state::State;
use isomon::tui::action::Action;
use isomon::tui::look::Glyph;
use isomon::tui::reply::Reply;
use isomon::tui::tab::backends::View;
use ratatui::layout::Rect;

#[path = "world/screen.rs"]
mod screen;
#[path = "world/bench.rs"]
#[expect(dead_code, reason = "this tab has no runs")]
mod world;

fn drawn(glyph: Glyph, size: (u16, u16), state: &State, keys: &[Action]) -> String {
    let mut view = View::default();
    for key in keys {
        view.act(*key, state);
    }
    screen::text(size, glyph, state.now, |frame, area, look| {
        view.draw(frame, area, state, look);
    })
}

#[test]
fn what_can_isolate_here() {
    let state = world::trying();
    let unicode = |size, keys: &[Action]| drawn(Glyph::Unicode, size, &state, keys);
    insta::assert_snapshot!("backends_small", unicode((80, 21), &[Action::Last]));
    insta::assert_snapshot!("backends_middle", unicode((120, 37), &[Action::Down, Action::Down]));
    insta::assert_snapshot!("backends_large", unicode((200, 57), &[]));
    insta::assert_snapshot!("backends_small_open", unicode((80, 21), &[Action::Enter]));
    insta::assert_snapshot!("backends_tiny", unicode((40, 10), &[]));
    let open = unicode((40, 10), &[Action::Last, Action::Enter]);
    insta::assert_snapshot!("backends_tiny_open", open);
    let ascii = drawn(Glyph::Ascii, (80, 21), &state, &[]);
    assert!(ascii.is_ascii());
    insta::assert_snapshot!("backends_ascii", ascii);
}

#[test]
fn what_runs_here_comes_first_once_all_are_tried() {
    let state = world::tried();
    let shown = |size| drawn(Glyph::Unicode, size, &state, &[Action::Last]);
    insta::assert_snapshot!("backends_tried_small", shown((80, 21)));
    insta::assert_snapshot!("backends_tried_middle", shown((120, 37)));
    insta::assert_snapshot!("backends_tried_large", shown((200, 57)));
}

#[test]
fn the_cursor_stays_with_its_backend_when_rows_change_their_places() {
    let (before, after) = (world::trying(), world::tried());
    let mut view = View::default();
    for _ in 0..9 {
        view.act(Action::Down, &before);
    }
    let named = |view: &View, state: &State| {
        let text = screen::text((80, 21), Glyph::Unicode, state.now, |frame, area, look| {
            view.draw(frame, area, state, look);
        });
        text.lines().filter(|line| line.starts_with('╭')).nth(1).map(str::to_owned).unwrap()
    };
    assert!(named(&view, &before).starts_with("╭ docker ─"));
    assert_eq!(named(&view, &before), named(&view, &after));
}

#[test]
fn making_ready_is_asked_about_where_a_command_does_it() {
    let state = world::tried();
    let mut view = View::default();
    let reply = |view: &mut View, name: &str| {
        view.filter(name);
        view.act(Action::Mend, &state)
    };
    assert!(matches!(reply(&mut view, "youki"), Reply::Mend(_)));
    let Reply::Say(why) = reply(&mut view, "gvisor-kvm") else { panic!("no command") };
    assert!(why.as_str().starts_with("no command does it: install a runsc"), "{why}");
    assert_eq!(reply(&mut view, "runc"), Reply::Say("runc is ready".into()));
    let running = world::running(3);
    view.filter("youki");
    let Reply::Say(why) = view.act(Action::Mend, &running) else { panic!("a run goes on") };
    assert!(why.as_str().contains("disturb"), "{why}");
}

#[test]
fn nothing_tried_yet_says_what_to_do() {
    let empty = drawn(Glyph::Unicode, (80, 8), &State::default(), &[]);
    insta::assert_snapshot!("backends_empty", empty);
}

#[test]
fn trying_is_wished_and_rows_are_found() {
    let state = world::trying();
    let mut view = View::default();
    assert_eq!(view.act(Action::Check, &state), Reply::Wish(Command::CheckBackends));
    assert_eq!(view.click(3, 3, Rect::new(0, 0, 80, 21), &state), Reply::Done);
    let rows = screen::marked((80, 21), state.now, |frame, area, look| {
        view.draw(frame, area, &state, look);
    });
    assert_eq!(rows, [3]);
    view.filter("GVISOR");
    let shown = screen::text((80, 21), Glyph::Unicode, state.now, |frame, area, look| {
        view.draw(frame, area, &state, look);
    });
    assert!(shown.contains("gvisor-kvm") && !shown.contains("runc"), "{shown}");
}
