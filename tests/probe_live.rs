//! The readers against what only a real kernel can show: a mount that hangs, and sandboxes.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test, which says what it skips")]

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::fd::AsRawFd;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use isomon::model::node::NodeSample;
use isomon::model::process::Engine;
use isomon::model::reading::{Reading, Why};
use isomon::model::root::Roots;
use isomon::model::text::SafeText;
use isomon::model::unit::Bytes;
use isomon::probe::Probe;
use isomon::probe::node::NodeProbe;
use isomon::probe::process::ProcessProbe;

/// Says why a test cannot run here; that is a failure where everything must run.
fn skip(why: &str) {
    assert!(std::env::var_os("ISOMON_REQUIRE_LIVE").is_none_or(|v| v != "1"), "{why}");
    println!("skipped: {why}");
}

const INSIDE: &str = "ISOMON_TEST_INSIDE";

/// Runs the test `name` of this file again in a mount namespace of its own, so that nobody else on
/// the machine meets its mount.
#[test]
fn a_file_system_that_hangs_holds_up_nothing() {
    if std::env::var_os(INSIDE).is_some() {
        return hang();
    }
    let name = "a_file_system_that_hangs_holds_up_nothing";
    let own = std::env::current_exe().unwrap();
    let run = Command::new("unshare")
        .args(["--mount", "--"])
        .arg(own)
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .output();
    match run {
        Err(error) => skip(&format!("unshare: {error}")),
        Ok(run) => {
            let said = String::from_utf8_lossy(&run.stderr);
            if said.contains("unshare failed") {
                return skip(&said);
            }
            assert!(run.status.success(), "{said}");
            print!("{}", String::from_utf8_lossy(&run.stdout));
        }
    }
}

/// A FUSE file system whose server never answers, from its very first request on.
fn hang() {
    let fuse = match File::options().read(true).write(true).open("/dev/fuse") {
        Ok(fuse) => fuse,
        Err(error) => return skip(&format!("/dev/fuse: {error}")),
    };
    let directory = tempfile::tempdir().unwrap();
    let options = format!("fd={},rootmode=40000,user_id=0,group_id=0", fuse.as_raw_fd());
    let options = std::ffi::CString::new(options).unwrap();
    let flags = rustix::mount::MountFlags::empty();
    if let Err(error) =
        rustix::mount::mount("hung", directory.path(), "fuse.hung", flags, &*options)
    {
        return skip(&format!("mount of fuse: {error}"));
    }
    let unmount = || rustix::mount::unmount(directory.path(), rustix::mount::UnmountFlags::DETACH);
    let seen = std::panic::catch_unwind(|| watch(directory.path().to_str().unwrap(), fuse));
    unmount().unwrap();
    seen.unwrap();
}

fn watch(path: &str, fuse: File) {
    let mut probe = NodeProbe::new(&Roots::default());
    let start = Instant::now();
    let mut sample = |seconds| {
        let began = Instant::now();
        let sample = probe.sample(start + Duration::from_secs(seconds)).unwrap();
        assert!(began.elapsed() < Duration::from_secs(1), "no sample waits");
        sample
    };
    let space = |sample: &NodeSample, path: &str| {
        let mut mounts = sample.mounts.iter();
        let mount = mounts.find(|mount| mount.path.as_str() == path);
        mount.map(|mount| mount.used_bytes.clone())
    };
    let read = |space: Option<Reading<Bytes>>| space.is_none_or(|space| space.known().is_some());
    assert!((0..500).any(|_| read(space(&sample(0), "/"))), "/ is read");
    sample(2);
    let late = sample(6);
    let named = SafeText::new(&format!("mount {path}"));
    assert!(late.quarantined.contains(&named));
    assert_eq!(space(&late, path), Some(Reading::Missing(Why::TimedOut)));
    assert!(read(space(&late, "/")));
    drop(fuse);
    while !sample(7).quarantined.is_empty() {
        let patience = Duration::from_secs(20);
        assert!(start.elapsed() < patience, "one that came back is forgiven");
        std::thread::yield_now();
    }
}

/// A child that is ended with its test.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// Starts a command line around `sh`, waits for its first word, and gives the engine that the
/// innermost shell is attributed to, or why it cannot start here.
fn engine_of(line: &[&str]) -> Result<Option<Engine>, String> {
    let script = format!("echo up; read {}_{}", line[0], std::process::id());
    let child = Command::new(line[0])
        .args(&line[1..])
        .args(["sh", "-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = child.map_err(|error| format!("{}: {error}", line[0]))?;
    let said = child.stdout.take().unwrap();
    let _guard = Guard(child);
    let mut word = String::new();
    BufReader::new(said).read_line(&mut word).unwrap();
    if word.trim() != "up" {
        return Err(format!("{} cannot start a shell here", line[0]));
    }
    let all = ProcessProbe::new(&Roots::default()).sample(Instant::now());
    let wanted = format!("sh -c {script}");
    let mut all = all.unwrap().into_iter();
    let shell = all.find(|process| process.command.as_str() == wanted);
    Ok(shell.unwrap().sandbox.map(|sandbox| sandbox.engine))
}

/// Checks that a shell within `line` is attributed to `engine`.
fn check(line: &[&str], engine: Option<Engine>) {
    match engine_of(line) {
        Ok(found) => assert_eq!(found, engine),
        Err(why) => skip(&why),
    }
}

#[test]
fn a_process_in_namespaces_of_its_own_is_in_a_sandbox() {
    let line = ["unshare", "--pid", "--mount", "--fork", "--kill-child"];
    check(&line, Some(Engine::Namespaces));
}

#[test]
fn a_process_in_bubblewrap_is_there() {
    let line = ["bwrap", "--ro-bind", "/", "/", "--unshare-all", "--die-with-parent"];
    check(&line, Some(Engine::Bubblewrap));
}

#[test]
fn a_plain_child_is_in_none() {
    check(&["env"], None);
}
