//! The pictures of the README, taken from the program itself in a terminal of 120×36.
#![expect(clippy::print_stdout, reason = "says what it writes")]

#[path = "rig/program.rs"]
#[expect(dead_code, reason = "what a program costs is asked by the other benchmark")]
mod program;
#[path = "rig/svg.rs"]
mod svg;

use std::path::Path;
use std::time::Duration;

use program::Program;

const SIZE: program::Size = (36, 120);
/// Long enough for charts to have something to show.
const WARM_UP: Duration = Duration::from_secs(20);
const SETTLE: Duration = Duration::from_secs(2);

/// Pictures: name, the keys that lead there, and how long what they start takes.
const PICTURES: [(&str, &str, Duration); 4] = [
    ("overview", "1", Duration::ZERO),
    ("node", "2\r", Duration::ZERO),
    ("backends", "4", Duration::from_secs(20)),
    ("bench", "5b", Duration::from_secs(45)),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let release = root.join("target/release/isomon");
    let path = if release.is_file() {
        release.display().to_string()
    } else {
        env!("CARGO_BIN_EXE_isomon").to_owned()
    };
    let home = tempfile::tempdir()?;
    let mut isomon = Program::start(&[&path], SIZE, home.path())?;
    if !isomon.watch_until(Duration::from_secs(10), |isomon| isomon.first_frame.is_some()) {
        isomon.stop();
        return Err("isomon shows nothing".into());
    }
    isomon.watch(WARM_UP);
    for (name, keys, time) in PICTURES {
        isomon.press(keys);
        isomon.watch(time + SETTLE);
        let file = root.join("assets/picture").join(format!("{name}.svg"));
        std::fs::create_dir_all(root.join("assets/picture"))?;
        let title = format!("isomon, {name}");
        std::fs::write(&file, svg::svg(isomon.screen.screen(), &title))?;
        println!("wrote {}", file.display());
    }
    isomon.stop();
    Ok(())
}
