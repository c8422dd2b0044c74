//! The same commands measured in turn by hyperfine and by isomon: both time from the start of a
//! process to its end, so both medians have to be alike. The short form is wide, since this machine
//! may be busy; `make beside-hyperfine` prints ten ratios on a quiet one.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test that shows its figures")]

#[path = "support/home.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod home;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use home::{Home, err, out};
use isomon::model::backend::BackendId;
use isomon::model::bench::{Figure, Payload};
use isomon::stats::sorted::Sorted;
use isomon::stats::summary::times_of;
use isomon::store::RunDir;

/// Where both look for commands; hyperfine itself is found by the test's own.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Turns of each tool for one command.
const TURNS: usize = 4;
/// Visits of a command to get a ratio that is not of a disturbed machine.
const ATTEMPTS: usize = 4;

fn is_there(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).status();
    let found = found.is_ok_and(|status| status.success());
    let required = std::env::var_os("ISOMON_REQUIRE_LIVE").is_some();
    assert!(found || !required, "{program} is not installed, and is required here");
    found
}

/// What hyperfine says of `runs` runs of `command`, in seconds.
fn by_hyperfine(home: &Home, command: &str, runs: usize) -> Vec<f64> {
    let file = home.path().join("hyperfine.json");
    // The variables that isomon gives: a locale alone costs `date` a tenth of its time.
    let done = Command::new("hyperfine")
        .env_clear()
        .env("PATH", PATH)
        .args(["-N", "-w", "1", "-r", &runs.to_string(), "--export-json"])
        .arg(&file)
        .arg(command)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", err(&done));
    let found: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let times = found["results"][0]["times"].as_array().unwrap();
    times.iter().map(|time| time.as_f64().unwrap()).collect()
}

/// What isomon says of them.
fn by_isomon(home: &Home, command: &str, runs: usize) -> Vec<f64> {
    let file = home.path().join("isomon.json");
    let (runs, to) = (runs.to_string(), file.to_str().unwrap().to_owned());
    let words =
        ["bench", "process", "--cmd", command, "-r", &runs, "-w", "1", "--export-json", &to];
    let done = home.run(&words);
    let run = RunDir::read(&file).unwrap_or_else(|error| panic!("{error}: {}", err(&done)));
    let is_ours = |index: u32| {
        let cell = run.head.cells[index as usize];
        cell.backend == BackendId::Process && cell.payload == Payload::Job
    };
    let samples = run.samples.iter().filter(|sample| is_ours(sample.cell));
    let times = times_of(Figure::Cli, samples);
    times.unwrap_or_else(|| panic!("{command} never ended well: {}", err(&done))).values().to_vec()
}

/// How many times what hyperfine says isomon says, the tools in turn, neither always first.
fn ratio(home: &Home, command: &str, runs: usize) -> f64 {
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for turn in 0..TURNS {
        if turn % 2 == 0 {
            theirs.extend(by_hyperfine(home, command, runs));
            ours.extend(by_isomon(home, command, runs));
        } else {
            ours.extend(by_isomon(home, command, runs));
            theirs.extend(by_hyperfine(home, command, runs));
        }
    }
    let (theirs, ours) = (Sorted::new(theirs).unwrap(), Sorted::new(ours).unwrap());
    let ratio = ours.median() / theirs.median();
    let (theirs, ours) = (theirs.median() * 1e3, ours.median() * 1e3);
    println!("{ratio:.3}  hyperfine {theirs:.3} ms, isomon {ours:.3} ms  {command}");
    ratio
}

/// The ratio nearest to 1 of a few attempts, which end when one is within `share`.
fn best(home: &Home, command: &str, runs: usize, share: f64) -> f64 {
    let off = |ratio: &f64| (ratio - 1.0).abs();
    let mut nearest = f64::INFINITY;
    for _ in 0..ATTEMPTS {
        let ratio = ratio(home, command, runs);
        if off(&ratio) < off(&nearest) {
            nearest = ratio;
        }
        if off(&nearest) <= share {
            break;
        }
    }
    nearest
}

/// A file of so many MiB, for work that takes processor time.
fn file(home: &Home, mib: usize) -> String {
    let path = home.path().join(format!("{mib}.bin"));
    fs::write(&path, vec![7; mib << 20]).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Whether there is anything to compare; a build that measures no commands of the user's has nothing.
fn ready(home: &Home) -> bool {
    let help = out(&home.run(&["bench", "--help"]));
    let ready = is_there("hyperfine") && help.contains("--cmd") && Path::new("/bin/sleep").exists();
    if !ready {
        println!("passed over: hyperfine or `isomon bench --cmd` is not there");
    }
    ready
}

#[test]
fn medians_are_near_those_of_hyperfine() {
    let home = Home::new();
    if !ready(&home) {
        return;
    }
    let sums = format!("sha256sum {}", file(&home, 8));
    for command in ["true", "sleep 0.01", &sums] {
        let ratio = best(&home, command, 5, 0.25);
        assert!((0.75..=1.25).contains(&ratio), "{command}: {ratio}");
    }
}

#[test]
#[ignore = "takes minutes; `make beside-hyperfine` prints ten ratios"]
fn ten_commands_beside_hyperfine() {
    let home = Home::new();
    if !ready(&home) {
        return;
    }
    let sums = |mib| format!("sha256sum {}", file(&home, mib));
    let mut commands: Vec<String> =
        ["true", "sleep 0.002", "sleep 0.005", "sleep 0.02", "sleep 0.1", "sleep 1"]
            .map(str::to_owned)
            .to_vec();
    commands.extend([sums(2), sums(16), sums(64), format!("gzip -c {}", file(&home, 16))]);
    let ratios: Vec<(f64, String)> = commands
        .into_iter()
        .map(|command| (ratio(&home, &command, if command == "sleep 1" { 2 } else { 25 }), command))
        .collect();
    println!("isomon beside hyperfine, medians of all turns:");
    for (ratio, command) in &ratios {
        println!("  {ratio:.3}  {command}");
    }
    let far = ratios.iter().filter(|(ratio, _)| (ratio - 1.0).abs() > 0.03).count();
    println!("{far} of {} are more than 3 % off", ratios.len());
    assert!(far * 2 < ratios.len(), "half of them; is the machine busy?");
}
