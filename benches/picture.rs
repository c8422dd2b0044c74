//! The pictures of the README, taken from the program itself in a terminal of 120×36, and of 200×60
//! where a run that is kept is shown with its loads.
//!
//! Where root may, the program runs in a process and host name space of its own, so that a picture
//! shows nothing of the machine it was taken on but its hardware.
#![expect(clippy::print_stdout, reason = "says what it writes")]

#[path = "rig/program.rs"]
#[expect(dead_code, reason = "what a program costs is asked by the other benchmark")]
mod program;
#[path = "rig/svg.rs"]
mod svg;

use std::path::{Path, PathBuf};
use std::time::Duration;

use program::Program;

const SIZE: program::Size = (36, 120);
const WIDE: program::Size = (60, 200);
/// Long enough for charts to have something to show.
const WARM_UP: Duration = Duration::from_secs(30);
const SETTLE: Duration = Duration::from_secs(2);
/// What a key starts is over by then.
const LONGEST: Duration = Duration::from_secs(90);

/// A picture: name, the keys that lead there, and words on the screen once it may be taken.
type Wanted = (&'static str, &'static str, &'static [&'static str]);

const PICTURES: [Wanted; 3] = [
    ("node", "2\r", &["Processes"]),
    ("backends", "4C", &["gvisor-kvm", "ready"]),
    ("bench", "5b", &["✓ completed", "◐ time spent", "◐ rounds spent"]),
];

/// The latest run that is kept, on one page, and as a job.
const LOADED: [Wanted; 2] =
    [("dashboard", "5R\r", &["where the time goes"]), ("runs", "6\r", &["Timeline"])];

/// The run that is shown there: backends that are everywhere, with every load.
const MEASURED: [&str; 11] = [
    "bench",
    "process",
    "wasm",
    "namespaces",
    "--measure",
    "start,memory,throughput=1..4/1s,latency=4/1s,neighbour=1s,density=64",
    "--runs",
    "30",
    "--budget",
    "3m",
    "--seed=42",
];

/// Gives the charts something to show, and the program a name space of its own.
const STAGE: &str = "hostname node1; \
    (timeout 46 sh -c 'while :; do head -c 96M /dev/zero | sha256sum; sleep 0.6; done' \
    >/dev/null 2>&1 &) ; PATH=\"${0%/*}:$PATH\" isomon; :";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let release = root.join("target/release/isomon");
    let path = if release.is_file() {
        release.display().to_string()
    } else {
        env!("CARGO_BIN_EXE_isomon").to_owned()
    };
    let home = tempfile::tempdir()?;
    let staged = ["unshare", "--fork", "--pid", "--mount-proc", "--uts", "sh", "-c", STAGE, &path];
    let alone = rustix::process::geteuid().is_root();
    let command = if alone { &staged[..] } else { &staged[staged.len() - 1..] };
    let mut isomon = started(command, SIZE, home.path())?;
    isomon.watch(WARM_UP);
    let taken = take(&mut isomon, &PICTURES, root);
    isomon.stop();
    taken?;
    let measured = std::process::Command::new(&path)
        .args(MEASURED)
        .env("HOME", home.path())
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_STATE_HOME")
        .stdout(std::process::Stdio::null())
        .status()?;
    if !measured.success() {
        return Err(format!("the run for the dashboard: {measured}").into());
    }
    let mut isomon = started(command, WIDE, home.path())?;
    let taken = take(&mut isomon, &LOADED, root);
    isomon.stop();
    taken
}

/// The program, once it shows something.
fn started(
    command: &[&str],
    size: program::Size,
    home: &Path,
) -> Result<Program, Box<dyn std::error::Error>> {
    let mut isomon = Program::start(command, size, home)?;
    if !isomon.watch_until(Duration::from_secs(10), |isomon| isomon.first_frame.is_some()) {
        isomon.stop();
        return Err("isomon shows nothing".into());
    }
    Ok(isomon)
}

/// Takes each picture, one after the other.
fn take(
    isomon: &mut Program,
    pictures: &[Wanted],
    root: &Path,
) -> Result<(), Box<dyn std::error::Error>> {
    let directory: PathBuf = root.join("assets/picture");
    std::fs::create_dir_all(&directory)?;
    for (name, keys, words) in pictures {
        for key in keys.chars() {
            isomon.press(&key.to_string());
            isomon.watch(SETTLE);
        }
        let shows = |isomon: &Program| {
            let shown = isomon.screen.screen().contents();
            words.iter().any(|word| shown.contains(word))
        };
        if !isomon.watch_until(LONGEST, shows) {
            return Err(format!("{name}: the screen never shows {words:?}").into());
        }
        isomon.watch(SETTLE);
        let file = directory.join(format!("{name}.svg"));
        let title = format!("isomon, {name}");
        std::fs::write(&file, svg::svg(isomon.screen.screen(), &title))?;
        println!("wrote {}", file.display());
    }
    Ok(())
}
