//! The launcher: a small process inside a run's control groups that starts sandboxes.
//!
//! What it spawns is born inside the kill group and the limits, so there is no moment in which a
//! sandbox is outside, and nothing is moved while the clock runs. It has one thread and no runtime.
//! It takes one order a line on standard input and ends, killing what it started, when that closes.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::Instant;

use super::flow::{Flow, Piece};
use super::host::Keeper;
use super::upright::Upright;
use super::wire::{Call, Hello, Order, Report, Said};
use super::{mark, measure, residue};

/// The hidden subcommand; its arguments are the control groups to enter.
pub(super) const NAME: &str = "__launcher";

/// Enters the groups that `arguments` name and serves orders until standard input closes.
pub(super) fn run(arguments: &[OsString]) -> ExitCode {
    if mark::reserve().is_err() {
        return ExitCode::FAILURE;
    }
    // What is started begins alike, whatever the user's own mask is.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    ordinary();
    let refused = arguments.iter().filter_map(enter).collect();
    let me = Some(rustix::process::getpid());
    if rustix::process::set_child_subreaper(me).is_err() || say(&Hello { refused }).is_none() {
        return ExitCode::FAILURE;
    }
    let lifeline = std::io::stdin();
    let (mut keeper, mut upright) = (Keeper::default(), Upright::default());
    for line in std::io::stdin().lock().lines() {
        let Some(said) = line.ok().and_then(|line| serve(&line, &mut keeper, &mut upright)) else {
            break;
        };
        if say(&said).is_none() {
            break;
        }
    }
    residue::clear(std::time::Duration::ZERO, &[], lifeline.as_fd());
    ExitCode::SUCCESS
}

/// Takes the ordinary scheduling policy, whatever isomon was started with: what is started here
/// inherits it, and a sandbox with a realtime one would be measured ahead of all else.
#[expect(unsafe_code, reason = "no crate has this call")]
fn ordinary() {
    let parameter = libc::sched_param { sched_priority: 0 };
    // SAFETY: the parameter is read during the call and not kept. Who may not has the policy it had.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_OTHER, &raw const parameter) };
}

/// Enters one control group; the reason when it may not.
fn enter(group: &OsString) -> Option<String> {
    let procs = std::path::Path::new(group).join("cgroup.procs");
    let error = fs::write(&procs, "0").err()?;
    Some(format!("{}: {error}", procs.display()))
}

fn serve(line: &str, keeper: &mut Keeper, upright: &mut Upright) -> Option<Said> {
    let lifeline = std::io::stdin();
    let report = match serde_json::from_str(line).ok()? {
        Order::Launch(launch) => {
            // Nothing may live beside a program, or it would be taken for something of its own.
            keeper.end();
            measure::measure(&launch, lifeline.as_fd())
        }
        Order::Call(call) => {
            return Some(Said::Reports(call_on(&call, keeper)));
        }
        Order::Stand(launch) => upright.raise(&launch, lifeline.as_fd()),
        Order::Empty(program) => measure::measure_empty(&program),
    };
    Some(Said::Reports(vec![report]))
}

/// Has a host do what `call` says; output is told as it comes, as fast as it may.
fn call_on(call: &Call, keeper: &mut Keeper) -> Vec<Report> {
    // Ignored: where nobody listens the lifeline is closed too, and that ends the call.
    let tell = |(stream, bytes): Piece| say(&Said::Output(stream, bytes)).unwrap_or_default();
    let mut flow = Flow::new(call.pace);
    let mut out = |stream, bytes: Vec<u8>| {
        flow.take(stream, &bytes, Instant::now()).into_iter().for_each(tell);
    };
    let mut reports = keeper.call(call, std::io::stdin().as_fd(), &mut out);
    flow.rest().into_iter().for_each(tell);
    if let Some(first) = reports.first_mut() {
        first.dropped_bytes += flow.dropped();
    }
    reports
}

fn say(message: &impl serde::Serialize) -> Option<()> {
    let mut line = serde_json::to_vec(message).ok()?;
    line.push(b'\n');
    let mut out = std::io::stdout().lock();
    out.write_all(&line).and_then(|()| out.flush()).ok()
}
