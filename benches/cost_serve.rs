//! What a node pays for `isomon serve` with one client that polls each 2 s.
//!
//! The figures are processor time and memory (PSS) of the program with its children, after it settled.
//! `ISOMON_COST_SECONDS` sets how long. The released program is taken where it was built.
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

#[path = "rig/figure.rs"]
mod figure;

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use figure::{Goal, number};

/// Time before the figures are taken.
const SETTLE: Duration = Duration::from_secs(10);
/// Time from one poll to the next.
const POLL: Duration = Duration::from_secs(2);
/// What it may cost: per cent of a core, and MiB.
const GOAL: (f64, f64) = (0.5, 15.0);

fn main() -> Result<(), Box<dyn Error>> {
    let seconds = std::env::var("ISOMON_COST_SECONDS").ok().and_then(|text| text.parse().ok());
    let time = Duration::from_secs(seconds.unwrap_or(60));
    let home = tempfile::tempdir()?;
    let program = program();
    println!("{program} serve, polled each {} s for {} s", POLL.as_secs(), time.as_secs());
    let mut server = Command::new(&program)
        .args(["serve", "--listen", "127.0.0.1:0", "--no-check"])
        .env("HOME", home.path())
        .stderr(Stdio::piped())
        .spawn()?;
    let cost = measure(&mut server, time);
    server.kill()?;
    server.wait()?;
    let (cores, pss_mib) = cost?;
    number(
        "serve",
        "processor, one client each 2 s",
        cores * 100.0,
        "% of a core",
        Some(Goal::Most(GOAL.0)),
    );
    number("serve", "memory (PSS)", pss_mib, "MiB", Some(Goal::Most(GOAL.1)));
    Ok(())
}

fn program() -> String {
    let release = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/release/isomon");
    let there = release.is_file().then(|| release.display().to_string());
    there.unwrap_or_else(|| env!("CARGO_BIN_EXE_isomon").to_owned())
}

/// Cores and MiB.
fn measure(server: &mut Child, time: Duration) -> Result<(f64, f64), Box<dyn Error>> {
    let mut said = BufReader::new(server.stderr.take().ok_or("no standard error")?).lines();
    let first = said.next().ok_or("it says nothing")??;
    let address = first.split("://").nth(1).ok_or("it says no address")?.to_owned();
    let (mut after, mut bytes) = (String::new(), 0);
    let settled = Instant::now() + SETTLE;
    while Instant::now() < settled {
        (after, _) = poll(&address, &after)?;
        std::thread::park_timeout(POLL);
    }
    let (begin, before) = (Instant::now(), cpu_seconds(server.id())?);
    let mut polls = 0;
    while begin.elapsed() < time {
        let next = begin + POLL * polls;
        let answer = poll(&address, &after)?;
        (after, bytes) = (answer.0, bytes + answer.1);
        polls += 1;
        while Instant::now() < next + POLL {
            std::thread::park_timeout((next + POLL).saturating_duration_since(Instant::now()));
        }
    }
    let cores = (cpu_seconds(server.id())? - before) / begin.elapsed().as_secs_f64();
    println!("{polls} polls of {:.1} KiB", bytes as f64 / f64::from(polls) / 1024.0);
    Ok((cores, family(server.id()).iter().map(|pid| pss_mib(*pid)).sum()))
}

/// Asks for what came after what was asked before; how to ask for what comes next, and the bytes.
fn poll(address: &str, after: &str) -> Result<(String, usize), Box<dyn Error>> {
    let mut stream = TcpStream::connect(address)?;
    let head = "HTTP/1.1\r\nConnection: close";
    write!(stream, "GET /v1/live?wait=0{after} {head}\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
    let hello: serde_json::Value = serde_json::from_str(body.lines().next().unwrap_or_default())?;
    let instance = hello["instance"].as_str().unwrap_or_default();
    Ok((format!("&after={}&instance={instance}", hello["seq"]), answer.len()))
}

/// `pid` and its children.
fn family(pid: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let children = children.unwrap_or_default();
    let children = children.split_whitespace().filter_map(|child| child.parse().ok());
    std::iter::once(pid).chain(children).collect()
}

fn cpu_seconds(pid: u32) -> Result<f64, Box<dyn Error>> {
    let mut ticks = 0;
    for pid in family(pid) {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let fields: Vec<&str> = stat.rsplit_once(") ").ok_or("no stat")?.1.split(' ').collect();
        ticks += fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    }
    Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

fn pss_mib(pid: u32) -> f64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = rollup.lines().find(|line| line.starts_with("Pss:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}
