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
    insta::assert_snapshot!("backends_tiny", unicode((40, 10), &[]));
    let open = unicode((40, 10), &[Action::Last, Action::Enter]);
    insta::assert_snapshot!("backends_tiny_open", open);
    let ascii = drawn(Glyph::Ascii, (80, 21), &state, &[]);
    assert!(ascii.is_ascii());
    insta::assert_snapshot!("backends_ascii", ascii);
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
