//! Every way out gives the terminal back, with the right exit status, in time.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use rustix::process::Signal;

use crate::rig::{Place, Rig, until};

/// What the user may have to wait at most.
const SOON: Duration = Duration::from_secs(2);

#[test]
fn q_leaves_and_ctrl_c_too() {
    for keys in [&b"q"[..], b"\x03"] {
        let mut rig = Rig::started(Place::Leader, &[]);
        rig.send(keys);
        assert_eq!(rig.end_within(SOON).code(), Some(0));
        rig.assert_restored();
    }
}

#[test]
fn esc_never_leaves() {
    let mut rig = Rig::started(Place::Leader, &[]);
    rig.send(b"?");
    rig.wait_for("Keys");
    rig.send(b"\x1b");
    rig.wait_until("help is closed", |screen| !screen.contents().contains("Keys"));
    rig.send(b"\x1b");
    // Both in one read would be another key: Alt and 9.
    until(Duration::from_millis(200), || false);
    rig.send(b"9");
    rig.wait_for("Log");
    rig.send(b"q");
    assert_eq!(rig.end_within(SOON).code(), Some(0));
}

#[test]
fn signals_end_it_in_order() {
    let signals =
        [(Signal::TERM, 143), (Signal::INT, 130), (Signal::QUIT, 131), (Signal::HUP, 129)];
    for (signal, status) in signals {
        for place in [Place::Leader, Place::Guest] {
            let mut rig = Rig::started(place, &[]);
            rig.signal(signal);
            let ended = rig.end_within(SOON);
            assert_eq!(ended.code(), Some(status), "{signal:?} {place:?}");
            rig.assert_restored();
        }
    }
}

#[test]
fn a_terminal_that_goes_away_ends_it_and_costs_nothing() {
    for place in [Place::Leader, Place::Guest] {
        let mut rig = Rig::started(place, &[]);
        let (_, before) = rig.process();
        rig.hang_up();
        let gone = until(SOON, || rig.process().0 == 'Z');
        assert!(gone, "{place:?} is still there");
        let (_, after) = rig.process();
        let spent = after.saturating_sub(before);
        assert!(spent < Duration::from_millis(100), "{place:?} took {spent:?}");
        assert_eq!(rig.end_within(SOON).code(), Some(129), "{place:?}");
    }
}

/// Only debug builds can be broken on wish.
#[cfg(debug_assertions)]
#[test]
fn a_loop_that_never_comes_back_is_ended_from_outside() {
    let mut rig = Rig::start(Place::Leader, &[("ISOMON_CRASH", "spin")]);
    rig.wait_until("entered", vt100::Screen::alternate_screen);
    rig.signal(Signal::TERM);
    assert_eq!(rig.end_within(SOON).code(), Some(143));
    rig.assert_restored();
}

/// Only debug builds can be broken on wish.
#[cfg(debug_assertions)]
#[test]
fn a_screen_that_breaks_gives_the_terminal_back_first() {
    let mut rig = Rig::start(Place::Leader, &[("ISOMON_CRASH", "ui")]);
    assert_eq!(rig.end_within(SOON).code(), Some(2));
    rig.assert_restored();
    rig.wait_for("broken on wish: the screen");
}

/// Only debug builds can be broken on wish.
#[cfg(debug_assertions)]
#[test]
fn so_does_one_that_breaks_twice_and_aborts() {
    use std::os::unix::process::ExitStatusExt as _;
    let mut rig = Rig::start(Place::Leader, &[("ISOMON_CRASH", "double")]);
    let ended = rig.end_within(SOON);
    assert_eq!(ended.signal(), Some(Signal::ABORT.as_raw()), "{ended}");
    rig.assert_restored();
    rig.wait_for("broken on wish: the way out");
}

/// Only debug builds can be broken on wish; a signal from outside breaks any.
#[cfg(debug_assertions)]
#[test]
fn so_does_one_that_nothing_can_unwind() {
    use std::os::unix::process::ExitStatusExt as _;
    for part in ["abort", "overflow"] {
        let mut rig = Rig::start(Place::Leader, &[("ISOMON_CRASH", part)]);
        let ended = rig.end_within(SOON);
        assert!(ended.core_dumped() || ended.signal().is_some(), "{part}: {ended}");
        rig.assert_restored();
    }
    for signal in [Signal::SEGV, Signal::BUS, Signal::ILL, Signal::FPE, Signal::ABORT] {
        let mut rig = Rig::started(Place::Leader, &[]);
        rig.signal(signal);
        assert_eq!(rig.end_within(SOON).signal(), Some(signal.as_raw()));
        rig.assert_restored();
    }
}

/// Only debug builds can be broken on wish.
#[cfg(debug_assertions)]
#[test]
fn a_task_or_thread_that_breaks_is_shown_and_the_screen_goes_on() {
    for part in ["task", "thread"] {
        let mut rig = Rig::started(Place::Leader, &[("ISOMON_CRASH", part)]);
        rig.wait_for("a part of isomon broke: broken on wish");
        rig.send(b"9");
        rig.wait_for("Log, up to");
        rig.send(b"q");
        assert_eq!(rig.end_within(SOON).code(), Some(0), "{part}");
        rig.assert_restored();
    }
}

#[test]
fn a_terminal_that_takes_no_bytes_does_not_hold_it() {
    let mut rig = Rig::start_at(Place::Leader, &[], (500, 200));
    rig.wait_for("1 Overview");
    rig.hold(true);
    for _ in 0..50 {
        rig.send(b"\x0c?\x1b");
    }
    rig.signal(Signal::TERM);
    assert_eq!(rig.end_within(SOON).code(), Some(143));
}

#[test]
fn a_slow_terminal_gets_fewer_frames_and_not_later_ones() {
    let mut rig = Rig::start_at(Place::Leader, &[], (500, 200));
    rig.wait_for("1 Overview");
    rig.clear_log();
    rig.hold(true);
    for round in 0..30 {
        rig.send(if round % 2 == 0 { b"9" } else { b"1" });
        rig.send(b"\x0c?");
        // One key after the other, as a person types, each worth a frame.
        until(Duration::from_millis(40), || false);
        rig.send(b"q");
    }
    rig.hold(false);
    rig.send(b"2");
    rig.wait_for("2 Nodes");
    let bytes = rig.log().len();
    assert!(bytes < 30_000, "{bytes} bytes: frames were queued");
    rig.send(b"q");
    assert_eq!(rig.end_within(SOON).code(), Some(0));
}

#[test]
fn a_terminal_of_another_user_serves_as_after_su() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: needs root");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    std::fs::set_permissions(home.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let copy = home.path().join("isomon");
    std::fs::copy(env!("CARGO_BIN_EXE_isomon"), &copy).unwrap();
    let copy: &'static str = Box::leak(copy.display().to_string().into_boxed_str());
    let state = home.path().display().to_string();
    let mut rig =
        Rig::started(Place::Stranger(copy), &[("HOME", &state), ("XDG_STATE_HOME", &state)]);
    rig.send(b"q");
    assert_eq!(rig.end_within(SOON).code(), Some(0));
    rig.assert_restored();
}
