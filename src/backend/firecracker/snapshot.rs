//! Makes the snapshot that sandboxes are brought back from: once, untimed, by isomon re-executed as
//! `__firecracker ORDER` inside the lot.
//!
//! It boots the guest, waits until that waits for work, stores it, and ends it. Nothing in the snapshot
//! is any sandbox's: the work and its nonce come when a sandbox is back.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Machine, Place, api};
use crate::backend::http::Until;
use crate::backend::site::Site;
use crate::backend::wire::{Launch, Request};
use crate::backend::{Error, guest, talk, tool};

/// The hidden subcommand.
pub(in crate::backend) const NAME: &str = "__firecracker";
/// Time in which it must be made.
const WITHIN: Duration = Duration::from_secs(10);
/// Output of the guest, at most, until it waits.
const LONGEST: u64 = 64 << 10;

/// What is to be done.
#[derive(Serialize, Deserialize)]
struct Order {
    program: PathBuf,
    socket: PathBuf,
    /// Until the guest waits.
    before: Vec<Request>,
    /// The line with which it says so.
    waiting: String,
    /// Then.
    after: Vec<Request>,
}

/// A snapshot in files.
pub(super) struct Kept {
    state: PathBuf,
    memory: PathBuf,
    socket: PathBuf,
}

impl Kept {
    /// The run's snapshot of `machine`.
    pub(super) fn of(site: &Site, machine: &Machine) -> Self {
        let named = |what: &str| site.place.join(format!("{what}-{}", machine.mib));
        Self { state: named("state"), memory: named("memory"), socket: named("api") }
    }

    /// How it is made.
    pub(super) fn make(&self, site: &Site, machine: &Machine) -> Result<Launch, Error> {
        let files = [tool::text(self.state.clone())?, tool::text(self.memory.clone())?];
        let kernel = tool::text(machine.guest.clone())?;
        let order = Order {
            program: machine.program.clone(),
            socket: self.socket.clone(),
            before: vec![
                api::machine(machine.mib, true),
                api::kernel(&kernel, guest::WAIT),
                api::start(),
            ],
            waiting: guest::WAITING.to_owned(),
            after: vec![api::pause(), api::store(&files)],
        };
        let order = serde_json::to_string(&order).map_err(|source| Error::Json { source })?;
        let own = tool::text(site.settings.exe.clone())?;
        Ok(Launch {
            argv: vec![own, NAME.to_owned(), order],
            env: site.env(),
            timeout_ms: u64::try_from(WITHIN.as_millis()).unwrap_or(u64::MAX),
            keep_bytes: LONGEST,
            remove: vec![self.socket.clone()],
            ..Launch::default()
        })
    }

    /// Its files as seen from `place`. Before it is made there is nothing to show, so they are made
    /// empty.
    pub(super) fn shown(&self, place: &Place) -> Result<[String; 2], Error> {
        let show = |path: &PathBuf| {
            if !path.exists() {
                fs::write(path, "").map_err(|source| Error::io("create", path, source))?;
            }
            place.show(path)
        };
        Ok([show(&self.state)?, show(&self.memory)?])
    }
}

/// Does what the order in `arguments` says. Status 1: it did not work, and standard error says why.
pub(in crate::backend) fn run(arguments: &[OsString]) -> ExitCode {
    let order = arguments.first().and_then(|order| order.to_str());
    let Some(order) = order.and_then(|order| serde_json::from_str::<Order>(order).ok()) else {
        return ExitCode::from(2);
    };
    match make(&order) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // Nobody is left to tell where this fails.
            writeln!(std::io::stderr(), "cannot make a snapshot: {why}").ok();
            ExitCode::FAILURE
        }
    }
}

fn make(order: &Order) -> Result<(), Box<dyn std::error::Error>> {
    let mut command = Command::new(&order.program);
    command.args(api::arguments(tool::text(order.socket.clone())?));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let made = store(order, &mut child);
    child.kill()?;
    child.wait()?;
    made
}

/// Boots, waits and stores. Whatever hangs is ended by the launcher, which watches this process.
fn store(order: &Order, child: &mut Child) -> Result<(), Box<dyn std::error::Error>> {
    let patience = &mut Until::within(WITHIN);
    let mut connection = talk::connect(&order.socket, patience)?;
    for request in &order.before {
        talk::ask(&mut connection, request, patience)?;
    }
    let output = child.stdout.take().ok_or("no output")?;
    let mut lines = BufReader::new(output.take(LONGEST)).split(b'\n');
    let waits = |line: Vec<u8>| String::from_utf8_lossy(&line).trim() == order.waiting;
    if !lines.any(|line| line.is_ok_and(waits)) {
        return Err("the guest did not wait for work".into());
    }
    for request in &order.after {
        talk::ask(&mut connection, request, patience)?;
    }
    Ok(())
}
