//! What isomon costs beside other monitors, in one run on this machine.
//!
//! Each program runs alone in a pseudo-terminal of 120×40 with its default settings. The figures
//! are: time to the first screen that shows something, bytes written to the terminal, processor
//! time and memory of the program with its children. `ISOMON_COST_SECONDS` sets how long.
#![expect(clippy::print_stdout, reason = "the table is what it is for")]

#[path = "rig/figure.rs"]
mod figure;
#[path = "rig/program.rs"]
mod program;

use std::path::Path;
use std::time::{Duration, Instant};

use figure::words;
use isomon::model::unit::{Bytes, BytesPerSecond, Ratio, Seconds};
use program::{Program, Usage};

const SIZE: program::Size = (40, 120);
/// Time before the figures are taken, so that starting up is not among them.
const SETTLE: Duration = Duration::from_secs(3);

/// Peers: their name, their program, and how to get them.
const PEERS: [(&str, &str); 3] = [
    ("btop", "apt-get install btop"),
    ("htop", "apt-get install htop"),
    ("btm", "cargo install bottom --locked"),
];

/// What one program costs.
struct Cost {
    name: &'static str,
    first_frame: Option<Seconds>,
    bytes_per_second: f64,
    cpu_cores: f64,
    memory_bytes: f64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seconds = std::env::var("ISOMON_COST_SECONDS").ok();
    let seconds = seconds.and_then(|seconds| seconds.parse().ok()).unwrap_or(20);
    let time = Duration::from_secs(seconds);
    println!("each alone on 120x40 for {seconds} s, after {} s to settle", SETTLE.as_secs());
    let isomon = isomon_program();
    println!("isomon is {isomon}");
    let mut costs = vec![measure("isomon", &isomon, time)?];
    for (name, remedy) in PEERS {
        match find(name) {
            Some(path) => costs.push(measure(name, &path, time)?),
            None => println!("{name} is not here: {remedy}"),
        }
    }
    print(&costs);
    Ok(())
}

/// The released program where it was built, else the one built for this benchmark.
fn isomon_program() -> String {
    let release = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/release/isomon");
    let fallback = env!("CARGO_BIN_EXE_isomon").to_owned();
    let there = release.is_file().then(|| release.display().to_string());
    there.unwrap_or(fallback)
}

fn find(name: &str) -> Option<String> {
    let path = std::env::var_os("PATH")?;
    let mut candidates = std::env::split_paths(&path).map(|directory| directory.join(name));
    let found = candidates.find(|candidate| candidate.is_file())?;
    Some(found.display().to_string())
}

fn measure(
    name: &'static str,
    path: &str,
    time: Duration,
) -> Result<Cost, Box<dyn std::error::Error>> {
    let home = tempfile::tempdir()?;
    let mut program = Program::start(&[path], SIZE, home.path())?;
    program.watch(SETTLE);
    let (before, written, begin) = (program.usage(), program.written, Instant::now());
    program.watch(time);
    if program.has_ended() {
        println!("{name} ended by itself, so its figures mean nothing");
    }
    let (after, seconds) = (program.usage(), begin.elapsed().as_secs_f64());
    let cost = Cost {
        name,
        first_frame: program.first_frame.map(Seconds::from),
        bytes_per_second: (program.written - written) as f64 / seconds,
        cpu_cores: used(before, after) / seconds,
        memory_bytes: after.pss_bytes,
    };
    program.stop();
    Ok(cost)
}

fn used(before: Usage, after: Usage) -> f64 {
    (after.cpu_seconds - before.cpu_seconds).max(0.0)
}

fn print(costs: &[Cost]) {
    for cost in costs {
        let first = cost.first_frame.map_or_else(|| "never".to_owned(), |time| time.to_string());
        let cpu = Ratio::new(cost.cpu_cores).unwrap_or_default();
        let memory = cost.memory_bytes.max(0.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
        let memory = Bytes(memory as u64);
        let written = BytesPerSecond(cost.bytes_per_second);
        let told =
            format!("{first} to the first screen, {written} written, {cpu} of a core, {memory}");
        words("cost", cost.name, &told, "");
    }
    let Some((isomon, peers)) = costs.split_first() else {
        return;
    };
    for peer in peers {
        words("cost", &format!("isomon / {}", peer.name), &ratios(isomon, peer), "");
    }
}

/// How many times as much isomon takes; less than 1 is less.
fn ratios(isomon: &Cost, peer: &Cost) -> String {
    let seconds = |cost: &Cost| cost.first_frame.map_or(f64::NAN, |time| time.0);
    let pairs = [
        ("first frame", seconds(isomon) / seconds(peer)),
        ("written", isomon.bytes_per_second / peer.bytes_per_second),
        ("CPU", isomon.cpu_cores / peer.cpu_cores),
        ("memory", isomon.memory_bytes / peer.memory_bytes),
    ];
    let words = pairs
        .into_iter()
        .filter(|(_, ratio)| ratio.is_finite() && *ratio > 0.0)
        .map(|(name, ratio)| format!("{name} {ratio:.2}"));
    let words: Vec<String> = words.collect();
    words.join(", ")
}
