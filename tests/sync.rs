//! `isomon sync`: runs of a workflow brought to a directory, by the real rclone and as into a bucket.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "support/home.rs"]
#[allow(dead_code, reason = "this program uses a part of it")]
mod home;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use home::{Home, err, out, status};

/// A home with two runs of a workflow that are to be brought to `remote`.
fn runs(remote: &str) -> Home {
    let home = Home::new();
    let text = format!(
        "benchmark: {{name: t, output_dir: ./results, shell: sh -c, sync: {{remote: '{remote}'}}}}
stages:
  - {{name: one, command: 'echo a > o.txt', outputs: [{{name: o, remote_path: o.txt}}]}}
"
    );
    fs::write(home.path().join("benchmark.yaml"), text).unwrap();
    run(&home);
    run(&home);
    home
}

fn run(home: &Home) {
    let done = home.run(&["run", "benchmark.yaml"]);
    assert_eq!(status(&done), Some(0), "{}", err(&done));
}

/// Every file below `dir` by its name there, without what only one who writes needs.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    fn gather(root: &Path, dir: &Path, into: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                gather(root, &path, into);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                into.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut all = BTreeMap::new();
    gather(dir, dir, &mut all);
    all
}

#[test]
fn rclone_makes_a_directory_the_same() {
    if Command::new("rclone").arg("version").output().is_err() {
        let why = "rclone is not installed (Debian: rclone)";
        assert!(std::env::var_os("ISOMON_REQUIRE_LIVE").is_none_or(|live| live != "1"), "{why}");
        return println!("skipped: {why}");
    }
    let to = tempfile::tempdir().unwrap();
    let there = to.path().join("a b; $(touch x)");
    let home = runs(&there.display().to_string());
    let dry = home.run(&["sync", "--dry-run"]);
    assert!(out(&dry).starts_with("rclone sync -- ./results "), "{}", out(&dry));
    assert!(!there.exists(), "nothing was done");
    let done = home.run(&["sync"]);
    assert_eq!(status(&done), Some(0), "{}", err(&done));
    let results = home.path().join("results");
    assert_eq!(files(&results), files(&there));
    assert!(files(&there).len() > 4);
    run(&home);
    assert_eq!(status(&home.run(&["sync"])), Some(0));
    assert_eq!(files(&results), files(&there));
}

#[test]
fn a_bucket_gets_each_run_once_and_is_never_written_over() {
    let to = tempfile::tempdir().unwrap();
    let home = runs(&format!("file://{}", to.path().display()));
    let dry = home.run(&["sync", "-n"]);
    assert_eq!(out(&dry).lines().count(), 2, "{}", out(&dry));
    assert!(files(to.path()).is_empty(), "nothing was done");
    let done = home.run(&["sync"]);
    assert_eq!(status(&done), Some(0), "{}", err(&done));
    let first = files(to.path());
    let outputs: Vec<_> = first.iter().filter(|(name, _)| name.ends_with("o.txt")).collect();
    assert_eq!(outputs.len(), 2, "{:?}", first.keys());
    assert!(outputs.iter().all(|(_, bytes)| bytes.as_slice() == b"a\n"));
    assert_eq!(first.keys().filter(|name| name.ends_with("manifest.json")).count(), 2);

    let again = home.run(&["sync"]);
    assert_eq!(out(&again).matches("there already").count(), 2, "{}", out(&again));
    assert_eq!(files(to.path()), first);

    // A run that was changed here is another one: what is there stays, and the others go on.
    let results = home.path().join("results");
    let changed = fs::read_dir(&results).unwrap().flatten().next().unwrap().path();
    fs::write(changed.join("o.txt"), "b\n").unwrap();
    run(&home);
    let told = home.run(&["sync"]);
    assert_eq!(status(&told), Some(2), "{}", err(&told));
    assert!(err(&told).contains("o.txt"), "{}", err(&told));
    let now = files(to.path());
    assert!(first.iter().all(|(name, bytes)| now.get(name) == Some(bytes)), "nothing was changed");
    assert_eq!(now.keys().filter(|name| name.ends_with("manifest.json")).count(), 3);
}

#[test]
fn push_takes_the_latest_run_though_it_is_a_workflows() {
    let to = tempfile::tempdir().unwrap();
    let place = format!("file://{}", to.path().display());
    let home = runs(&place);
    let shown = home.run(&["show", "last"]);
    assert_eq!(status(&shown), Some(0), "{}", err(&shown));
    assert!(out(&shown).contains(": success"), "{}", out(&shown));
    let text = out(&shown);
    let (began, _) = text.split_once("Z, took").expect("in UTC");
    let (_, began) = began.rsplit_once("began ").expect("when it began");
    assert!(!began.contains('.'), "to the second: {began}");
    let pushed = home.run(&["push", "last", &place]);
    assert_eq!(status(&pushed), Some(0), "{}", err(&pushed));
    let there = files(to.path());
    assert_eq!(there.keys().filter(|name| name.ends_with("manifest.json")).count(), 1);
    assert_eq!(there.keys().filter(|name| name.ends_with("o.txt")).count(), 1);
}

#[test]
fn what_is_no_place_is_said() {
    let home = runs("ftp://host/x");
    let told = home.run(&["sync"]);
    assert_eq!(status(&told), Some(2), "{}", err(&told));
    assert!(err(&told).contains("none of the known schemes"), "{}", err(&told));
}
