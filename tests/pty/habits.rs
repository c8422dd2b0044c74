//! What is kept from one time at the screen to the next, and what is written to the user's settings.

use std::time::Duration;

use crate::rig::{Place, Rig};

const SOON: Duration = Duration::from_secs(3);

/// A start in a home of its own.
fn started(home: &str, more: &[(&str, &str)]) -> Rig {
    let mut set = vec![("HOME", home), ("XDG_STATE_HOME", home), ("XDG_CONFIG_HOME", home)];
    set.extend(more);
    Rig::started(Place::Leader, &set)
}

#[test]
fn the_order_of_a_table_is_there_again_and_a_bad_file_is_passed_over() {
    let home = tempfile::tempdir().unwrap();
    let place = home.path().to_str().unwrap();
    let by_cpu = |screen: &vt100::Screen| screen.contents().contains("CPU▲");
    let mut rig = started(place, &[]);
    rig.send(b"2");
    rig.wait_for("NODE");
    rig.send(b"ssS");
    rig.wait_until("sorted by CPU, the lowest first", by_cpu);
    rig.send(b"q");
    assert_eq!(rig.end_within(SOON).code(), Some(0));
    let file = home.path().join("isomon/screen.json");
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept.contains("\"nodes\"") && kept.contains("\"cpu\""), "{kept}");

    let mut rig = started(place, &[]);
    rig.send(b"2");
    rig.wait_until("sorted as it was left", by_cpu);
    rig.send(b"q");
    assert_eq!(rig.end_within(SOON).code(), Some(0));

    std::fs::write(&file, "{\"tables\":").unwrap();
    let mut rig = started(place, &[]);
    rig.send(b"9");
    rig.wait_for("screen.json");
    rig.send(b"q");
    assert_eq!(rig.end_within(SOON).code(), Some(0));
}

#[test]
fn a_setting_is_changed_where_it_stands() {
    let home = tempfile::tempdir().unwrap();
    let place = home.path().to_str().unwrap();
    let file = home.path().join("isomon/isomon.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "# mine\n[screen]\ntheme = \"light\" # by day\n").unwrap();
    let mut rig = started(place, &[("ISOMON_WATCH_INTERVAL", "5s")]);
    rig.send(b",");
    rig.wait_for("Settings");
    rig.send(b"G");
    rig.wait_for("environment");
    rig.wait_for("watch.interval");
    rig.send(b"\x1b");
    rig.wait_until("the settings are closed", |screen| !screen.contents().contains("Settings"));
    rig.send(b":theme mono\r");
    rig.wait_for("theme: mono");
    rig.send(b"q");
    assert_eq!(rig.end_within(SOON).code(), Some(0));
    let kept = std::fs::read_to_string(&file).unwrap();
    assert_eq!(kept, "# mine\n[screen]\ntheme = \"light\" # by day\n", "to look writes nothing");
}
