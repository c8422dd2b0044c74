//! The other side: the barest way to start the same thing and wait for it.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use isomon::backend::{Camp, CampSettings, Launch, Task};
use isomon::model::backend::{BackendId, Start};
use isomon::model::bench::{Cell, Figure, Payload};
use serde_json::json;

use super::{Arena, Result, id};

/// Memory that a camp gives a microVM of the usual limit.
const GUEST_MIB: u64 = 104;
/// Between two looks whether a socket is there.
const NAP: Duration = Duration::from_micros(50);

/// Another way.
pub(crate) enum Rival {
    /// A spawn and a wait.
    Spawn(&'static str, Command),
    /// One run by hyperfine, and where it writes what it took.
    Hyperfine(Command, PathBuf),
    /// A spawn, requests over its socket, and a wait.
    Api(Command, PathBuf, Vec<u8>),
}

impl Rival {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Spawn(name, _) => name,
            Self::Hyperfine(..) => "hyperfine",
            Self::Api(..) => "bare requests to its API",
        }
    }

    /// Seconds of one visit.
    pub(crate) fn visit(&mut self) -> Result<f64> {
        match self {
            Self::Spawn(_, command) => {
                let clock = Instant::now();
                command.spawn()?.wait()?;
                Ok(clock.elapsed().as_secs_f64())
            }
            Self::Hyperfine(command, export) => {
                if !command.status()?.success() {
                    return Err("hyperfine does not run".into());
                }
                let said: serde_json::Value = serde_json::from_slice(&fs::read(export)?)?;
                Ok(said["results"][0]["median"].as_f64().unwrap_or(f64::NAN))
            }
            Self::Api(command, socket, requests) => talk(command, socket, requests),
        }
    }
}

/// Starts it, makes each of `requests` when the one before was answered, and waits for its end.
fn talk(command: &mut Command, socket: &Path, requests: &[u8]) -> Result<f64> {
    fs::remove_file(socket).ok();
    let clock = Instant::now();
    let mut child = command.spawn()?;
    let mut stream = loop {
        match UnixStream::connect(socket) {
            Ok(stream) => break stream,
            Err(error) if clock.elapsed() > Duration::from_secs(5) => return Err(error.into()),
            Err(_) => std::thread::park_timeout(NAP),
        }
    };
    for request in requests.split(|byte| *byte == 0) {
        stream.write_all(request)?;
        let mut answer = [0; 4096];
        let length = stream.read(&mut answer)?;
        if !answer[..length].starts_with(b"HTTP/1.1 20") {
            return Err(String::from_utf8_lossy(&answer[..length]).into_owned().into());
        }
    }
    child.wait()?;
    Ok(clock.elapsed().as_secs_f64())
}

/// The rivals of a cold start of `backend`, or of one from a snapshot; whether the ratio has a goal.
pub(crate) async fn of(
    arena: &mut Arena,
    backend: BackendId,
    start: Start,
) -> Result<Vec<(bool, Rival)>> {
    match (backend, start) {
        (BackendId::Process, _) => Ok(vec![(true, payload(&arena.settings.exe))]),
        (BackendId::GvisorPtrace, _) => Ok(vec![(true, container(arena).await?)]),
        (BackendId::Firecracker, Start::Cold) => {
            let (by_file, by_requests) = microvm(arena).await?;
            Ok(vec![(true, by_requests), (false, by_file)])
        }
        (BackendId::Firecracker, _) => Ok(vec![(false, microvm(arena).await?.0)]),
        _ => Ok(vec![(true, machine(arena, backend).await?)]),
    }
}

/// `program` with nothing to read, and nobody to hear it.
fn quiet(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn find(settings: &CampSettings, tool: &str) -> Result<PathBuf> {
    let found = settings.search.iter().map(|dir| dir.join(tool)).find(|path| path.exists());
    found.ok_or_else(|| format!("{tool} is not on PATH").into())
}

fn payload(exe: &Path) -> Rival {
    let mut command = quiet(exe);
    command.args(["__payload", "noop", "0", "0000000000000001"]);
    Rival::Spawn("posix_spawn + waitid", command)
}

/// hyperfine with a copy of the bundle that the camp makes, so that both run the same container.
async fn container(arena: &mut Arena) -> Result<Rival> {
    let runsc = find(&arena.settings, "runsc")?;
    find(&arena.settings, "hyperfine")?;
    let cell = Cell::cold(BackendId::GvisorPtrace, Payload::Noop);
    arena.visit(cell, Figure::Cli).await?;
    let made = in_run(&arena.settings, "bundle-gvisor-ptrace-main")?;
    let (bundle, export) = (arena.home.join("bundle"), arena.home.join("hyperfine.json"));
    if !Command::new("cp").arg("-a").arg(made).arg(&bundle).status()?.success() {
        return Err("the bundle cannot be copied".into());
    }
    let run = format!(
        "{} --root {} --platform=ptrace --network=none --ignore-cgroups run --bundle {} h1",
        runsc.display(),
        arena.home.join("root").display(),
        bundle.display()
    );
    let mut command = Command::new("hyperfine");
    command.args(["--runs", "1", "--shell=none", "--style=none", "--export-json"]);
    command.arg(&export).arg(run).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(Rival::Hyperfine(command, export))
}

/// What a camp keeps as `name` in its run's directory.
fn in_run(settings: &CampSettings, name: &str) -> Result<PathBuf> {
    let runs = fs::read_dir(settings.state.join("runs"))?.flatten();
    let found = runs.map(|run| run.path().join(name)).find(|path| path.exists());
    found.ok_or_else(|| format!("there is no {name}").into())
}

/// The command line that a camp starts `backend` with, learnt by standing in for its program once;
/// the guest is copied.
async fn machine(arena: &Arena, backend: BackendId) -> Result<Rival> {
    let tool = "qemu-system-x86_64";
    let program = find(&arena.settings, tool)?;
    let home = arena.home.join(backend.name());
    let (bin, said, guest) = (home.join("bin"), home.join("said"), home.join("guest.elf"));
    fs::create_dir_all(&bin)?;
    let heard = said.display();
    let script =
        format!("#!/bin/sh\nprintf '%s\\n' \"$@\" >{heard}\nexec {} \"$@\"\n", program.display());
    fs::write(bin.join(tool), script)?;
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(bin.join(tool), executable)?;
    let mut settings = arena.settings.clone();
    settings.search.insert(0, bin);
    settings.state = home.join("state");
    let mut camp = Camp::open(&id()?, &settings).await?;
    camp.launch(&Task::of(Cell::cold(backend, Payload::Noop), 1, arena.limits)).await?;
    let said = fs::read_to_string(said)?;
    let mut words: Vec<&str> = said.lines().collect();
    let kernel = words.iter().position(|word| *word == "-kernel").ok_or("no -kernel")? + 1;
    fs::copy(words[kernel], &guest)?;
    words[kernel] = guest.to_str().ok_or("a path that is not UTF-8")?;
    let mut command = quiet(program);
    command.args(words);
    camp.close().await?;
    Ok(Rival::Spawn("spawn + wait, same command", command))
}

/// Firecracker's own start, by a file, of the guest that the camp starts; and the same requests to its
/// API as the camp makes, by the barest client.
async fn microvm(arena: &mut Arena) -> Result<(Rival, Rival)> {
    let program = find(&arena.settings, "firecracker")?;
    arena.visit(Cell::cold(BackendId::Firecracker, Payload::Noop), Figure::Cli).await?;
    let (guest, config) = (arena.home.join("microvm.elf"), arena.home.join("microvm.json"));
    fs::copy(in_run(&arena.settings, "guest.elf")?, &guest)?;
    let machine = json!({ "vcpu_count": 1, "mem_size_mib": GUEST_MIB });
    let line = format!("isomon noop 0 {:016x}", 1);
    let boot = json!({ "kernel_image_path": guest, "boot_args": line });
    let whole = json!({ "boot-source": boot, "machine-config": machine, "drives": [] });
    fs::write(&config, whole.to_string())?;
    let mut by_file = quiet(&program);
    by_file.args(["--no-api", "--level", "Error", "--config-file"]).arg(&config);
    let socket = arena.home.join("microvm.sock");
    let mut by_requests = quiet(&program);
    by_requests.args(["--level", "Error", "--api-sock"]).arg(&socket);
    let start = json!({ "action_type": "InstanceStart" });
    let asked = [("/machine-config", machine), ("/boot-source", boot), ("/actions", start)];
    let requests: Vec<String> = asked.iter().map(|(path, body)| request(path, body)).collect();
    let requests = Rival::Api(by_requests, socket, requests.join("\0").into_bytes());
    Ok((Rival::Spawn("--no-api --config-file", by_file), requests))
}

fn request(path: &str, body: &serde_json::Value) -> String {
    let body = body.to_string();
    let length = body.len();
    let kind = "Content-Type: application/json";
    format!(
        "PUT {path} HTTP/1.1\r\nHost: localhost\r\n{kind}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}
