//! isomon with 100 other nodes, beside all-smi with the same 100 where it is installed: each alone in a
//! pseudo-terminal, each in the way it speaks to its own agents.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::figure::words;
use super::program::Program;
use super::{Agents, agents};

const NODES: usize = 100;
const SIZE: (u16, u16) = (60, 200);
const SETTLE: Duration = Duration::from_secs(5);
const TIME: Duration = Duration::from_secs(20);

/// Prints what each takes.
pub(crate) fn compare() {
    let (_agents, port) = Agents::start(0);
    let home = tempfile::tempdir().unwrap();
    let hosts = home.path().join("hosts");
    let lines = |line: &dyn Fn(usize) -> String| {
        (0..NODES).fold(String::new(), |mut text, index| {
            let _infallible = writeln!(text, "{}", line(index));
            text
        })
    };
    std::fs::write(&hosts, lines(&|index| format!("n{index}={}", agents::url(index, port))))
        .unwrap();
    let release = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/release/isomon");
    let isomon = release.display().to_string();
    let ours =
        measure("isomon", &[&isomon, "--hostfile", &hosts.display().to_string()], home.path());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|dir| dir.join("all-smi")).find(|at| at.is_file());
    let Some(peer) = found else {
        println!(
            "all-smi is not here, so there is nothing to compare with: \
                  cargo install all-smi --version 0.22.0 --locked"
        );
        return;
    };
    let page = home.path().join("peers");
    std::fs::write(&page, lines(&|index| agents::bare_url(index, port))).unwrap();
    let (peer, page) = (peer.display().to_string(), page.display().to_string());
    let theirs =
        measure("all-smi", &[&peer, "view", "--hostfile", &page, "--interval", "2"], home.path());
    let names = ["processor", "memory", "written"];
    let ratios = names.iter().zip(ours.iter().zip(theirs));
    let ratios = ratios.map(|(name, (ours, theirs))| format!("{name} {:.2}", ours / theirs));
    let ratios: Vec<String> = ratios.collect();
    words("fleet", &format!("{NODES} nodes: isomon / all-smi"), &ratios.join(", "), "");
}

/// Per cent of a core, MiB, and KiB written each second.
fn measure(name: &str, command: &[&str], home: &Path) -> [f64; 3] {
    let mut program = Program::start(command, SIZE, home).unwrap();
    program.watch(SETTLE);
    let (before, written, began) = (program.usage(), program.written, Instant::now());
    program.watch(TIME);
    let ended = program.has_ended();
    let (after, seconds) = (program.usage(), began.elapsed().as_secs_f64());
    let cores = (after.cpu_seconds - before.cpu_seconds) / seconds;
    let figures = [
        cores * 100.0,
        after.pss_bytes / 1_048_576.0,
        (program.written - written) as f64 / 1_024.0 / seconds,
    ];
    let [cpu, memory, speed] = figures;
    let told = format!("{cpu:.1} % of a core, {memory:.1} MiB, {speed:.1} KiB/s written");
    let note = if ended { "it ended by itself, so its figures mean nothing" } else { "" };
    words("fleet", &format!("{NODES} nodes: {name}"), &told, note);
    program.stop();
    figures
}
