//! What watching many nodes costs: through the real hub, polls, connections, state and screen, with
//! made-up agents in a process of their own.
//!
//! Each case runs in a process of its own too, so that its memory is its own; an hour of history is put
//! in before. Words after `--` choose: `200`, `half`, `1000`, `10000`, `beside`; all but the last if
//! none. `ISOMON_FLEET_SECONDS` sets how long each is watched.
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]
#![allow(clippy::unwrap_used, reason = "a case that cannot be set up has failed")]

#[path = "fleet/agents.rs"]
mod agents;
#[path = "fleet/beside.rs"]
mod beside;
#[path = "rig/figure.rs"]
mod figure;
#[path = "fleet/page.rs"]
mod page;
#[path = "rig/program.rs"]
mod program;
#[path = "../tests/fixture/scene.rs"]
mod scene;
#[path = "fleet/watch.rs"]
mod watch;

use std::process::{Child, Command, Stdio};

use agents::Mood;
use figure::{Goal, number};

/// A case, with its goals.
struct Case {
    name: &'static str,
    words: &'static str,
    count: usize,
    /// Of so many one does not answer; 0: all do.
    dead: usize,
    seconds: u64,
    frame_ms: f64,
    cpu: Option<f64>,
}

const CASES: [Case; 4] = [
    case("200", "200 nodes", 200, 0, 20, 16.0, None),
    case("half", "200 nodes, half of them dead", 200, 2, 20, 16.0, None),
    case("1000", "1,000 nodes, every 2 s", 1_000, 0, 20, 20.0, Some(0.5)),
    case("10000", "10,000 nodes, every 20 s", 10_000, 0, 60, 20.0, None),
];

const fn case(
    name: &'static str,
    words: &'static str,
    count: usize,
    dead: usize,
    seconds: u64,
    frame_ms: f64,
    cpu: Option<f64>,
) -> Case {
    Case { name, words, count, dead, seconds, frame_ms, cpu }
}

/// Keys must be seen within this.
const KEY_MS: f64 = 50.0;
/// Memory of the largest fleet.
const MEMORY_MIB: f64 = 300.0;

fn main() {
    let words: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["agents", dead] => run(serve(dead.parse().unwrap())),
        ["watch", name, port] => {
            let case = CASES.iter().find(|case| case.name == name).unwrap();
            println!("{}", run(watch::watch(case, port.parse().unwrap())));
        }
        ["beside"] => beside::compare(),
        ref chosen => {
            let wanted = |case: &&Case| chosen.is_empty() || chosen.contains(&case.name);
            CASES.iter().filter(wanted).for_each(measure);
        }
    }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    // As the program has it: two threads.
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).max_blocking_threads(16).enable_all().build().unwrap().block_on(work)
}

/// Agents of which one in `dead` is silent, until standard input ends.
async fn serve(dead: usize) {
    let mood: fn(usize) -> Mood = match dead {
        0 => |_| Mood::Well,
        _ => |index| if index % 2 == 1 { Mood::Silent } else { Mood::Well },
    };
    let (listener, port) = agents::listen().await.unwrap();
    println!("{port}");
    let ended =
        tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    tokio::select! {
        () = agents::serve(listener, mood) => {}
        _ = ended => {}
    }
}

/// Agents in a process of their own; they end with the handle.
struct Agents(Child);

impl Agents {
    fn start(dead: usize) -> (Self, u16) {
        let mut child = again(&["agents", &dead.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = child.stdout.as_mut().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).unwrap();
        (Self(child), line.trim().parse().unwrap())
    }
}

impl Drop for Agents {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// This program again.
fn again(words: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(words);
    command
}

fn measure(case: &Case) {
    let (_agents, port) = Agents::start(case.dead);
    let output =
        again(&["watch", case.name, &port.to_string()]).stderr(Stdio::inherit()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<f64> = text.split_whitespace().map_while(|word| word.parse().ok()).collect();
    let [frames, frame, longest, keys, key, memory, cpu, up, down] = figures[..] else {
        println!("{}: no figures: {text}", case.words);
        return;
    };
    row(case, &format!("frames, P99 of {frames:.0}"), frame, "ms", Some(case.frame_ms));
    row(case, "frame, longest", longest, "ms", None);
    row(case, &format!("key to screen, P99 of {keys:.0}"), key, "ms", Some(KEY_MS));
    row(case, "memory", memory, "MiB", Some(MEMORY_MIB));
    row(case, "processor", cpu * 100.0, "% core", case.cpu.map(|cpu| cpu * 100.0));
    row(case, "nodes up", up, "", None);
    row(case, "nodes down", down, "", None);
}

fn row(case: &Case, figure: &str, value: f64, unit: &str, goal: Option<f64>) {
    number("fleet", &format!("{}: {figure}", case.words), value, unit, goal.map(Goal::Most));
}
