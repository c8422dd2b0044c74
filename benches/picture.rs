//! The pictures of the README, taken from the program itself in a terminal of 120×36.
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
/// Long enough for charts to have something to show.
const WARM_UP: Duration = Duration::from_secs(30);
const SETTLE: Duration = Duration::from_secs(2);
/// What a key starts is over by then.
const LONGEST: Duration = Duration::from_secs(90);

/// Pictures: name, the keys that lead there, and words on the screen once it may be taken.
const PICTURES: [(&str, &str, &[&str]); 3] = [
    ("node", "2\r", &["Processes"]),
    ("backends", "4C", &["gvisor-kvm", "ready"]),
    ("bench", "5b", &["✓ completed", "◐ time spent", "◐ rounds spent"]),
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
    let mut isomon = Program::start(command, SIZE, home.path())?;
    if !isomon.watch_until(Duration::from_secs(10), |isomon| isomon.first_frame.is_some()) {
        isomon.stop();
        return Err("isomon shows nothing".into());
    }
    isomon.watch(WARM_UP);
    let directory: PathBuf = root.join("assets/picture");
    std::fs::create_dir_all(&directory)?;
    for (name, keys, words) in PICTURES {
        for key in keys.chars() {
            isomon.press(&key.to_string());
            isomon.watch(SETTLE);
        }
        let shows = |isomon: &Program| {
            let shown = isomon.screen.screen().contents();
            words.iter().any(|word| shown.contains(word))
        };
        if !isomon.watch_until(LONGEST, shows) {
            isomon.stop();
            return Err(format!("{name}: the screen never shows {words:?}").into());
        }
        isomon.watch(SETTLE);
        let file = directory.join(format!("{name}.svg"));
        let title = format!("isomon, {name}");
        std::fs::write(&file, svg::svg(isomon.screen.screen(), &title))?;
        println!("wrote {}", file.display());
    }
    isomon.stop();
    Ok(())
}
