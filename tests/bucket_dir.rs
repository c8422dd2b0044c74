//! `isomon push` into a directory, killed wherever something gets its name: nothing is left that is not
//! a whole file.

#![allow(dead_code, clippy::unwrap_used, clippy::print_stdout, reason = "a test program")]

#[path = "support/home.rs"]
mod home;
#[path = "support/made.rs"]
mod made;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use home::{Home, err, status};
use isomon::hub::local::new_id;
use isomon::model::id::RunId;
use isomon::store::RunDir;

/// Calls by which a file gets a name or content; a kill at any of them has to do no harm.
const CALLS: [&str; 4] = ["link,linkat", "fsync,fdatasync", "write", "openat"];

fn keep(home: &Home) -> RunId {
    let mut run = made::whole(7, 400, &[(0.01, made::Shape::Normal(0.1))]);
    run.head.id = new_id();
    let runs = home.path().join(".local/state/isomon/runs");
    let mut dir = RunDir::create(&runs, &run.head).unwrap();
    dir.append(&run.samples).unwrap();
    dir.finish(&run).unwrap();
    run.head.id
}

/// Every file below `dir`.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// A push that is killed on its `number`th such call; whether it came so far.
fn killed(home: &Home, place: &str, call: &str, number: usize) -> bool {
    let plain = home.command(&["push", "last", place]);
    let mut traced = Command::new("strace");
    traced.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}"), "-e"]);
    traced.arg(format!("inject={call}:signal=KILL:when={number}"));
    traced.arg(plain.get_program()).args(plain.get_args()).env_clear();
    for (name, value) in plain.get_envs() {
        traced.env(name, value.unwrap_or_default());
    }
    traced.current_dir(home.path()).stdin(Stdio::null());
    let done = traced.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    done.signal() == Some(9) || done.code() == Some(137)
}

#[test]
fn a_push_to_a_directory_that_is_killed_leaves_whole_files_alone() {
    if Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_err() {
        let required = std::env::var_os("ISOMON_REQUIRE_LIVE").is_some_and(|live| live == "1");
        assert!(!required, "strace is missing");
        return println!("passed over: strace is missing");
    }
    let home = Home::new();
    let id = keep(&home);
    let own = home.path().join(".local/state/isomon/runs").join(id.as_str());
    let mut cut = 0;
    for call in CALLS {
        for number in [1, 2, 3, 5, 9] {
            let bucket = home.path().join(format!("{}-{number}", call.replace(',', "-")));
            let place = format!("file://{}", bucket.display());
            cut += u32::from(killed(&home, &place, call, number));
            for path in files(&bucket) {
                let name = path.file_name().unwrap().to_str().unwrap();
                assert!(!name.contains('#'), "{call} {number}: {}", path.display());
                let from = own.join(path.strip_prefix(bucket.join(id.as_str())).unwrap_or(&path));
                if from.is_file() && from != path {
                    assert_eq!(
                        fs::read(&path).unwrap(),
                        fs::read(from).unwrap(),
                        "{call} {number}"
                    );
                }
            }
            let pushed = home.run(&["push", "last", &place]);
            assert_eq!(status(&pushed), Some(0), "{call} {number}: {}", err(&pushed));
        }
    }
    assert!(cut >= 10, "{cut} were killed");
}
