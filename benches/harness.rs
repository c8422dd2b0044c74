//! What the harness itself costs: isomon's own times beside those of the barest other way to take
//! them, interleaved in one run. Prints a ratio of medians for each; wants a release build.
//!
//! `process`: spawn to exit, against `posix_spawn` and `waitid` of the same command in a loop.
//! `gvisor`: the same through `runsc run`, against hyperfine on a bundle made the same way.
//! `qemu-tcg`, `qemu-kvm`: the same, against a bare spawn and wait of the same command line.
//! `firecracker`: the same, by its API, against Firecracker's own start of the same guest by a file.
//! `kvm`: nothing else does this, so its median stands beside the goal.

#![allow(clippy::print_stdout, reason = "this is what it is for")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use isomon::backend::{Camp, CampSettings, Error, Launch, Task};
use isomon::model::backend::{BackendId, Start};
use isomon::model::bench::{Cell, Figure, Limits, Outcome, Payload};
use isomon::model::id::RunId;
use rand::TryRngCore;

/// Visits of each side.
const PROCESSES: usize = 400;
/// Visits of each side of a slow backend.
const CONTAINERS: usize = 30;
/// Memory that a camp gives a microVM of the usual limit.
const GUEST_MIB: u64 = 104;
/// Median that a machine of isomon's own should start, work and end in, in milliseconds.
const KVM_GOAL: f64 = 5.0;

type Times = Vec<f64>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(compare())
}

async fn compare() -> Result<(), Box<dyn std::error::Error>> {
    // No limits that bite: the other side has none.
    let cpus = std::thread::available_parallelism()?.get() as f64;
    let limits = Limits { cpus: cpus * 4.0, ..Limits::default() };
    let home = tempfile::tempdir()?;
    let mut settings = CampSettings::detect(limits)?;
    settings.exe = PathBuf::from(env!("CARGO_BIN_EXE_isomon"));
    settings.state = home.path().join("state");
    let id = RunId::new(0, rand::rngs::OsRng.try_next_u32()?);
    let mut camp = Camp::open(&id, &settings).await?;
    processes(&mut camp, &settings.exe, limits).await?;
    let runsc = settings.search.iter().map(|dir| dir.join("runsc")).find(|path| path.exists());
    match runsc {
        Some(runsc) => containers(&mut camp, &runsc, &settings, home.path(), limits).await?,
        None => println!("gvisor: runsc is not on PATH"),
    }
    for backend in [BackendId::QemuTcg, BackendId::QemuKvm] {
        match bare_command(&settings, home.path(), backend, limits).await {
            Ok(command) => machines(&mut camp, backend, command, limits).await?,
            Err(why) => println!("{backend}: {why}"),
        }
    }
    match own_start(&mut camp, &settings, home.path(), limits).await {
        Ok(command) => microvms(&mut camp, command, limits).await?,
        Err(why) => println!("firecracker: {why}"),
    }
    least_machine(&mut camp, limits).await?;
    camp.close().await?;
    Ok(())
}

async fn ours(
    camp: &mut Camp,
    backend: BackendId,
    nonce: u64,
    limits: Limits,
) -> Result<f64, Error> {
    visit(camp, Cell::cold(backend, Payload::Noop), nonce, limits).await
}

async fn visit(camp: &mut Camp, cell: Cell, nonce: u64, limits: Limits) -> Result<f64, Error> {
    let trial = camp.launch(&Task::of(cell, nonce, limits)).await?;
    if trial.outcome != Outcome::Good {
        println!("{} {}: {:?}", cell.backend, cell.start.name(), trial.outcome);
    }
    Ok(Figure::Cli.of(&trial.phases).map_or(f64::NAN, |time| time.0))
}

async fn processes(
    camp: &mut Camp,
    exe: &Path,
    limits: Limits,
) -> Result<(), Box<dyn std::error::Error>> {
    let (mut mine, mut bare) = (Times::new(), Times::new());
    for nonce in 0..PROCESSES as u64 {
        mine.push(ours(camp, BackendId::Process, nonce, limits).await?);
        let nonce = format!("{nonce:016x}");
        let mut command = Command::new(exe);
        command.args(["__payload", "noop", "0", &nonce]).env_clear();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let clock = Instant::now();
        command.spawn()?.wait()?;
        bare.push(clock.elapsed().as_secs_f64());
    }
    say("process", mine, "posix_spawn + waitid", bare, 1.05);
    Ok(())
}

/// One hyperfine run of one visit each time, so that both sides see the same machine.
async fn containers(
    camp: &mut Camp,
    runsc: &Path,
    settings: &CampSettings,
    home: &Path,
    limits: Limits,
) -> Result<(), Box<dyn std::error::Error>> {
    let (mut mine, mut theirs) = (Times::new(), Times::new());
    let bundle = home.join("bundle");
    for nonce in 0..CONTAINERS as u64 {
        mine.push(ours(camp, BackendId::GvisorPtrace, nonce, limits).await?);
        if !bundle.exists() {
            copy_bundle(&settings.state, &bundle)?;
        }
        let export = home.join("hyperfine.json");
        let command = format!(
            "{} --root {} --platform=ptrace --network=none --ignore-cgroups run --bundle {} h{nonce}",
            runsc.display(),
            home.join("root").display(),
            bundle.display()
        );
        let mut hyperfine = Command::new("hyperfine");
        hyperfine.args(["--runs", "1", "--shell=none", "--style=none", "--export-json"]);
        hyperfine.arg(&export).arg(command).stdout(Stdio::null()).stderr(Stdio::null());
        if !hyperfine.status().is_ok_and(|status| status.success()) {
            println!("gvisor: hyperfine does not run");
            return Ok(());
        }
        let said: serde_json::Value = serde_json::from_slice(&std::fs::read(&export)?)?;
        theirs.push(said["results"][0]["median"].as_f64().unwrap_or(f64::NAN));
    }
    say("gvisor-ptrace", mine, "hyperfine", theirs, 1.03);
    Ok(())
}

/// The command line that a camp starts `backend` with, learnt by standing in for its program once;
/// the guest is copied to `home`.
async fn bare_command(
    settings: &CampSettings,
    home: &Path,
    backend: BackendId,
    limits: Limits,
) -> Result<Command, Box<dyn std::error::Error>> {
    let tool = "qemu-system-x86_64";
    let program = settings.search.iter().map(|dir| dir.join(tool)).find(|path| path.exists());
    let program = program.ok_or_else(|| format!("{tool} is not on PATH"))?;
    let (bin, said, guest) = (home.join("bin"), home.join("said"), home.join("guest.elf"));
    std::fs::create_dir_all(&bin)?;
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$@\" >{}\nexec {} \"$@\"\n",
        said.display(),
        program.display()
    );
    std::fs::write(bin.join(tool), script)?;
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(bin.join(tool), executable)?;
    let mut settings = settings.clone();
    settings.search.insert(0, bin);
    settings.state = home.join("learning");
    let id = RunId::new(0, rand::rngs::OsRng.try_next_u32()?);
    let mut camp = Camp::open(&id, &settings).await?;
    ours(&mut camp, backend, 1, limits).await?;
    let said = std::fs::read_to_string(said)?;
    let mut words: Vec<&str> = said.lines().collect();
    let kernel = words.iter().position(|word| *word == "-kernel").ok_or("no -kernel")? + 1;
    std::fs::copy(words[kernel], &guest)?;
    words[kernel] = guest.to_str().ok_or("a path that is not UTF-8")?;
    let mut command = Command::new(program);
    command.args(words).env_clear();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    camp.close().await?;
    Ok(command)
}

async fn machines(
    camp: &mut Camp,
    backend: BackendId,
    mut command: Command,
    limits: Limits,
) -> Result<(), Box<dyn std::error::Error>> {
    let (mut mine, mut bare) = (Times::new(), Times::new());
    for nonce in 0..CONTAINERS as u64 {
        mine.push(ours(camp, backend, nonce, limits).await?);
        let clock = Instant::now();
        command.spawn()?.wait()?;
        bare.push(clock.elapsed().as_secs_f64());
    }
    say(backend.name(), mine, "spawn + wait of the same command", bare, 1.03);
    Ok(())
}

/// Firecracker's own start, by a configuration file, of the guest that the camp starts by the API.
async fn own_start(
    camp: &mut Camp,
    settings: &CampSettings,
    home: &Path,
    limits: Limits,
) -> Result<Command, Box<dyn std::error::Error>> {
    let tool = "firecracker";
    let program = settings.search.iter().map(|dir| dir.join(tool)).find(|path| path.exists());
    let program = program.ok_or_else(|| format!("{tool} is not on PATH"))?;
    ours(camp, BackendId::Firecracker, 1, limits).await?;
    let (guest, config) = (home.join("microvm.elf"), home.join("microvm.json"));
    let runs = std::fs::read_dir(settings.state.join("runs"))?.flatten();
    let made = runs.map(|run| run.path().join("guest.elf")).find(|path| path.exists());
    std::fs::copy(made.ok_or("there is no guest")?, &guest)?;
    let written = serde_json::json!({
        "boot-source": { "kernel_image_path": guest, "boot_args": format!("isomon noop 0 {:016x}", 1) },
        "machine-config": { "vcpu_count": 1, "mem_size_mib": GUEST_MIB },
        "drives": [],
    });
    std::fs::write(&config, written.to_string())?;
    let mut command = Command::new(program);
    command.args(["--no-api", "--level", "Error", "--config-file"]).arg(config).env_clear();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(command)
}

async fn microvms(
    camp: &mut Camp,
    mut command: Command,
    limits: Limits,
) -> Result<(), Box<dyn std::error::Error>> {
    let (mut cold, mut restored, mut bare) = (Times::new(), Times::new(), Times::new());
    let back = Cell { start: Start::Snapshot, ..Cell::cold(BackendId::Firecracker, Payload::Noop) };
    for nonce in 0..CONTAINERS as u64 {
        cold.push(ours(camp, BackendId::Firecracker, nonce, limits).await?);
        restored.push(visit(camp, back, nonce, limits).await?);
        let clock = Instant::now();
        command.spawn()?.wait()?;
        bare.push(clock.elapsed().as_secs_f64());
    }
    say("firecracker", cold, "--no-api --config-file", bare.clone(), 1.10);
    say("firecracker, from a snapshot", restored, "--no-api --config-file", bare, 1.10);
    Ok(())
}

async fn least_machine(camp: &mut Camp, limits: Limits) -> Result<(), Error> {
    let mut mine = Times::new();
    for nonce in 0..CONTAINERS as u64 {
        mine.push(ours(camp, BackendId::Kvm, nonce, limits).await?);
    }
    println!("kvm: {:.3} ms (goal: at most {KVM_GOAL} ms)", median(&mut mine) * 1e3);
    Ok(())
}

/// The bundle that the camp has just used, so that both run the same container.
fn copy_bundle(state: &Path, to: &Path) -> std::io::Result<()> {
    let runs = std::fs::read_dir(state.join("runs"))?;
    let from =
        runs.flatten().map(|run| run.path().join("gvisor-ptrace")).find(|path| path.exists());
    let from = from.ok_or(std::io::ErrorKind::NotFound)?;
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status()?;
    if copied.success() { Ok(()) } else { Err(std::io::ErrorKind::Other.into()) }
}

fn say(name: &str, mut ours: Times, other: &str, mut theirs: Times, goal: f64) {
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    println!(
        "{name}: {:.3} ms; {other}: {:.3} ms; ratio {:.3} (goal: at most {goal})",
        ours * 1e3,
        theirs * 1e3,
        ours / theirs
    );
}

fn median(times: &mut Times) -> f64 {
    times.retain(|time| time.is_finite());
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
