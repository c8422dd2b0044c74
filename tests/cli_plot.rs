//! `isomon plot` as a shell sees it: files and forms, standard output, and what it refuses.
#![cfg(feature = "plot")]

use std::fs;
use std::path::Path;
use std::process::Command;

#[path = "support/home.rs"]
mod home;

use home::{Home, err, out, status};

/// The kept fixture, so that nothing has to be measured.
fn fixture() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture/run_before_loads.json");
    path.display().to_string()
}

fn names(home: &Home, directory: &str) -> Vec<String> {
    let entries = fs::read_dir(home.path().join(directory)).expect("a directory");
    let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
    let mut names: Vec<String> =
        entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn all_pictures_go_into_a_directory_and_what_is_missing_is_said() {
    let home = Home::new();
    let output = home.run(&["plot", &fixture(), "-o", "pictures", "--format", "png"]);
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    let names = names(&home, "pictures");
    assert_eq!(names.len(), 5, "{names:?}");
    assert!(names.iter().all(|name| name.starts_with("isomon-")
        && Path::new(name).extension().is_some_and(|end| end == "png")));
    assert!(err(&output).contains("no picture throughput: the run had no throughput load"));
    let png = fs::read(home.path().join("pictures").join(&names[0])).expect("is read");
    assert!(png.starts_with(b"\x89PNG"));
}

#[test]
fn one_picture_goes_to_a_file_or_to_standard_output() {
    let home = Home::new();
    let output = home.run(&["plot", &fixture(), "--kind", "ladder", "-o", "-", "--theme", "dark"]);
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    assert!(out(&output).starts_with("<svg ") && out(&output).contains("#16181c"));
    let output = home.run(&["plot", &fixture(), "--kind=bars", "-o", "bars.png"]);
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    assert!(fs::read(home.path().join("bars.png")).expect("is read").starts_with(b"\x89PNG"));
}

#[test]
fn a_pdf_has_a_page_for_each_picture_and_its_words_can_be_searched() {
    let home = Home::new();
    let output = home.run(&["plot", &fixture(), "-o", "all.pdf"]);
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    let file = home.path().join("all.pdf");
    assert!(fs::read(&file).expect("is read").starts_with(b"%PDF-"));
    let output = home.run(&["plot", &fixture(), "--format=pdf", "--kind=bars"]);
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    assert!(err(&output).trim_end().ends_with("-bars.pdf"), "{}", err(&output));
    let Ok(words) = Command::new("pdftotext").arg(&file).arg("-").output() else {
        let why = "pdftotext is not there (poppler-utils)";
        assert!(std::env::var_os("ISOMON_REQUIRE_LIVE").is_none_or(|live| live != "1"), "{why}");
        eprintln!("passed over: {why}");
        return;
    };
    let words = String::from_utf8_lossy(&words.stdout).into_owned();
    assert_eq!(words.matches('\u{c}').count(), 5, "a form feed ends each page: {words}");
    for title in ["What isolation costs", "Where the time goes", "Every sample"] {
        assert!(words.contains(title), "{title} in {words}");
    }
}

#[test]
fn everything_goes_on_one_page() {
    let home = Home::new();
    let output = home.run(&["plot", &fixture(), "-o", "report.html"]);
    assert_eq!(status(&output), Some(0), "{}", err(&output));
    let page = fs::read_to_string(home.path().join("report.html")).expect("is read");
    assert!(page.starts_with("<!doctype html>") && page.matches("<figure").count() == 5);
}

#[test]
fn what_cannot_be_drawn_or_written_is_told_with_a_remedy() {
    let home = Home::new();
    let run = fixture();
    for wrong in [
        ["plot", &run, "--kind=memory", "-o=x.svg"],
        ["plot", &run, "--kind=all", "-o=x.svg"],
        ["plot", &run, "--kind=all", "-o=-"],
        ["plot", &run, "--kind=bars", "-o=x.gif"],
        ["plot", &run, "--kind=bars", "-o=no/such/x.svg"],
        ["plot", "no-such-run", "--kind=bars", "-o=x.svg"],
    ] {
        let output = home.run(&wrong);
        assert_eq!(status(&output), Some(2), "{wrong:?}: {}", err(&output));
        assert!(err(&output).contains("try: "), "{wrong:?}: {}", err(&output));
    }
    assert!(!home.path().join("x.svg").exists());
}
