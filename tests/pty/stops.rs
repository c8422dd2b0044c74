//! Ctrl-Z and back, and what else may happen in between.

use std::time::Duration;

use rustix::process::Signal;

use crate::rig::{Place, Rig, until};

const SOON: Duration = Duration::from_secs(2);

fn assert_stops_and_goes_on(stop: impl Fn(&Rig)) {
    let mut rig = Rig::started(Place::Leader, &[]);
    stop(&rig);
    assert!(until(SOON, || rig.process().0 == 'T'), "it did not stop");
    rig.assert_restored();
    rig.signal(Signal::CONT);
    rig.wait_until("the screen is taken again", vt100::Screen::alternate_screen);
    rig.wait_for("1 Overview");
    rig.send(b"q");
    assert_eq!(rig.end_within(SOON).code(), Some(0));
    rig.assert_restored();
}

#[test]
fn ctrl_z_gives_the_terminal_back_while_it_is_stopped() {
    assert_stops_and_goes_on(|rig| rig.send(b"\x1a"));
}

#[test]
fn so_does_the_signal() {
    assert_stops_and_goes_on(|rig| rig.signal(Signal::TSTP));
}

#[test]
fn a_stop_without_warning_is_healed_afterwards() {
    let mut rig = Rig::started(Place::Leader, &[]);
    rig.signal(Signal::STOP);
    assert!(until(SOON, || rig.process().0 == 'T'), "it did not stop");
    rig.clear_log();
    rig.signal(Signal::CONT);
    let redrawn = until(SOON, || {
        let log = rig.log();
        String::from_utf8_lossy(&log).contains("\x1b[2J")
    });
    assert!(redrawn, "nothing was drawn anew");
    rig.send(b"q");
    assert_eq!(rig.end_within(SOON).code(), Some(0));
    rig.assert_restored();
}
