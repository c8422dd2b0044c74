//! Any size, and many sizes in a short time.

use std::time::Duration;

use crate::rig::{Place, Rig, until};

const SOON: Duration = Duration::from_secs(2);
const TABS: &[u8] = b"123459";

#[test]
fn every_tab_stands_every_size() {
    let sizes = [
        (0, 0),
        (1, 1),
        (2, 2),
        (19, 4),
        (20, 5),
        (40, 10),
        (80, 24),
        (300, 2),
        (3, 100),
        (65_535, 1),
        (500, 200),
    ];
    let mut rig = Rig::started(Place::Leader, &[]);
    for size in sizes {
        rig.resize(size);
        for tab in TABS {
            rig.send(&[*tab]);
        }
        rig.send(b"?j\x1b");
    }
    rig.resize((80, 24));
    rig.wait_for("9 Logs");
    rig.send(b"q");
    assert_eq!(rig.end_within(SOON).code(), Some(0));
    rig.assert_restored();
}

#[test]
fn too_small_is_said_and_heals() {
    let rig = Rig::started(Place::Leader, &[]);
    rig.resize((40, 4));
    rig.wait_for("isomon needs 20×5, this is 40×4");
    rig.resize((80, 24));
    rig.wait_for("1 Overview");
}

#[test]
fn a_storm_of_sizes_ends_in_the_right_one() {
    let mut rig = Rig::started(Place::Leader, &[]);
    for round in 0..1_000_u16 {
        rig.resize((20 + round % 180, 5 + round % 60));
    }
    rig.clear_log();
    rig.resize((100, 30));
    let right =
        until(Duration::from_secs(1), || rig.log().windows(6).any(|six| six == b"\x1b[30;1"));
    assert!(right, "the last line is not drawn");
    rig.send(b"q");
    assert_eq!(rig.end_within(SOON).code(), Some(0));
}
