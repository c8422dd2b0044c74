//! What is written to the terminal, and what is done with what comes from it.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::rig::{Place, Rig};

const SOON: Duration = Duration::from_secs(2);

/// The bytes of a short stay in which every tab, the help and the palette were seen.
fn stay(set: &[(&str, &str)]) -> String {
    let mut rig = Rig::started(Place::Leader, set);
    for (keys, words) in [("2", "2 Nodes"), ("9", "Log"), ("?", "Keys")] {
        rig.send(keys.as_bytes());
        rig.wait_for(words);
    }
    rig.send(b"\x1b");
    rig.wait_until("help is closed", |screen| !screen.contents().contains("Keys"));
    rig.send(b":");
    rig.wait_for("Do");
    rig.send(b"theme\r");
    rig.wait_for("theme: ");
    rig.send(b"q");
    assert_eq!(rig.end_within(SOON).code(), Some(0));
    rig.assert_restored();
    String::from_utf8(rig.log()).unwrap()
}

/// Every escape sequence in `log`, parameters and all.
fn sequences(log: &str) -> impl Iterator<Item = &str> {
    log.split('\x1b').skip(1).map(|rest| {
        let end = rest.find(|letter: char| letter.is_ascii_alphabetic());
        rest.get(..=end.unwrap_or(0)).unwrap_or(rest)
    })
}

fn is_colour(sequence: &str) -> bool {
    sequence.ends_with('m')
        && sequence
            .trim_matches(['[', 'm'])
            .split(';')
            .any(|code| code.len() == 2 && !code.starts_with('0') || code.len() == 3)
}

#[test]
fn only_known_sequences_are_written() {
    let log = stay(&[]);
    for sequence in sequences(&log) {
        let private = sequence.starts_with("[?");
        let known =
            sequence.ends_with(['H', 'm', 'J']) || (private && sequence.ends_with(['h', 'l']));
        assert!(known, "{sequence:?}");
    }
    assert!(log.len() < 64 * 1024, "{} bytes", log.len());
}

#[test]
fn colours_are_those_the_terminal_has() {
    let rows: [(&[(&str, &str)], &str); 4] = [
        (&[("COLORTERM", "truecolor")], ";38;2;"),
        (&[], ";38;5;"),
        (&[("TERM", "linux")], ";9"),
        (&[("NO_COLOR", "1")], ""),
    ];
    for (set, wanted) in rows {
        let log = stay(set);
        let coloured = sequences(&log).any(is_colour);
        assert_eq!(coloured, !wanted.is_empty(), "{set:?}");
        assert!(log.contains(wanted), "{set:?}");
    }
    let sixteen = stay(&[("TERM", "linux")]);
    assert!(!sixteen.contains(";38;") && !sixteen.contains(";48;"));
}

#[test]
fn a_locale_without_utf_8_gets_ascii() {
    for set in [[("LANG", "C")], [("LC_ALL", "POSIX")]] {
        assert!(stay(&set).is_ascii(), "{set:?}");
    }
}

#[test]
fn a_terminal_that_can_do_nothing_is_told_of_the_snapshot() {
    for term in ["dumb", ""] {
        let mut rig = Rig::start(Place::Leader, &[("TERM", term)]);
        assert_eq!(rig.end_within(SOON).code(), Some(2));
        rig.wait_for("isomon snapshot");
        assert!(!rig.log().contains(&0x1b), "{term:?}");
        rig.assert_restored();
    }
}

#[test]
fn without_a_terminal_it_says_what_to_use_instead() {
    let output = Command::new(env!("CARGO_BIN_EXE_isomon")).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("isomon snapshot"), "{said}");
}

#[test]
fn nothing_new_is_nothing_written() {
    let rig = Rig::started(Place::Leader, &[]);
    rig.clear_log();
    rig.send(b"1111");
    rig.send(b"2");
    rig.wait_for("2 Nodes");
    let before = rig.log().len();
    assert!(before < 4096, "{before} bytes for a change of tab");
}

#[test]
fn a_flood_does_not_deafen_it() {
    let mut rig = Rig::started(Place::Leader, &[]);
    let paste = [b"\x1b[200~", "q\x07 text ".repeat(50_000).as_bytes(), b"\x1b[201~"].concat();
    rig.send(&paste);
    rig.send(&b"\x1b[99;99;99zjjjkkk\xff\xfe\x1b[M".repeat(200));
    rig.send(b"      ");
    let sent = Instant::now();
    rig.send(b"q");
    assert_eq!(rig.end_within(SOON).code(), Some(0));
    assert!(sent.elapsed() < Duration::from_secs(1), "{:?}", sent.elapsed());
    rig.assert_restored();
}
