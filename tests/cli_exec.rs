//! `isomon exec` as a shell sees it: what it passes on, how it ends, and that nothing stays.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "support/home.rs"]
mod home;
#[path = "live/ground.rs"]
mod live;
#[path = "live/oracle.rs"]
mod oracle;

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::RwLock;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use isomon::backend::CampSettings;
use isomon::model::bench::Limits;
use isomon::model::id::RunId;
use rustix::process::{Pid, Signal, kill_process};

use home::{Home, err, out, status};

/// Longest that something that must happen is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// Both are there without anything installed.
const PLAIN: [&str; 2] = ["process", "namespaces"];
/// Every start sweeps what dead runs left, so whoever kills one must be alone.
static KILLING: RwLock<()> = RwLock::new(());

fn exec(words: &[&str]) -> Output {
    exec_in(&Home::new(), words)
}

fn exec_in(home: &Home, words: &[&str]) -> Output {
    let _together = KILLING.read().unwrap();
    home.run(&[&["exec"], words].concat())
}

fn shell<'a>(backend: &'a str, script: &'a str) -> Vec<&'a str> {
    vec!["-b", backend, "--", "sh", "-c", script]
}

#[test]
fn the_status_is_the_commands_own() {
    let rows = [
        ("exit 0", 0, "good"),
        ("exit 7", 7, "status 7"),
        ("kill -TERM $$", 143, "(terminated)"),
        ("kill -SEGV $$", 139, "(segmentation fault)"),
        ("kill -9 $$", 137, "(killed)"),
    ];
    for backend in PLAIN {
        for (script, wanted, words) in rows {
            let output = exec(&shell(backend, script));
            assert_eq!(status(&output), Some(wanted), "{backend} {script}: {}", err(&output));
            assert!(err(&output).contains(words), "{}", err(&output));
            assert_eq!(out(&output), "");
        }
        for (command, wanted) in [("no-such-program", 127), ("/etc/passwd", 126)] {
            let output = exec(&["-b", backend, "--", command]);
            assert_eq!(status(&output), Some(wanted), "{backend} {command}: {}", err(&output));
            assert!(err(&output).contains(command), "as it was named: {}", err(&output));
        }
    }
}

/// Who works inside is nobody, and a careful user's mask takes everything away from others.
#[test]
fn a_mask_that_hides_new_files_hides_nothing_inside() {
    let home = Home::new();
    std::fs::write(home.path().join("job.sh"), "umask").unwrap();
    for backend in ["namespaces", "runc"] {
        if backend == "runc" && !live_runs(&home, backend) {
            continue;
        }
        let _together = KILLING.read().unwrap();
        let script = format!("umask 077; exec \"$0\" exec -b {backend} --code job.sh");
        let output = Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_isomon")])
            .env("HOME", home.path())
            .current_dir(home.path())
            .output()
            .unwrap();
        assert_eq!((status(&output), out(&output).trim()), (Some(0), "0022"), "{}", err(&output));
    }
}

/// Whether `backend` runs anything here; that it must is another test's affair.
fn live_runs(home: &Home, backend: &str) -> bool {
    status(&exec_in(home, &["-b", backend, "--", "true"])) == Some(0)
}

#[test]
fn json_holds_nothing_that_a_terminal_obeys() {
    let script = r"printf '\302\23331m\177\342\200\256'";
    let output = exec(&["--json", "--", "sh", "-c", script]);
    let said = out(&output);
    assert!(said.chars().all(|letter| letter == '\n' || !letter.is_control()), "{said:?}");
    let object: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(object["stdout"], "\u{9b}31m\u{7f}\u{202e}");
}

#[test]
fn the_line_at_the_end_can_be_kept_back() {
    let loud = exec(&["--", "true"]);
    assert!(err(&loud).starts_with("isomon: namespaces · good · "), "{}", err(&loud));
    for phase in ["create", "ready", "run"] {
        assert!(err(&loud).contains(phase), "{}", err(&loud));
    }
    assert_eq!(err(&exec(&["-q", "--", "true"])), "");
}

#[test]
fn its_time_is_bounded() {
    for backend in PLAIN {
        let began = Instant::now();
        let words = ["-b", backend, "--timeout", "500ms", "--", "sh", "-c"];
        let output =
            exec(&[&words[..], &["trap '' TERM INT; sleep 1000 & wait; sleep 1000"]].concat());
        assert_eq!(status(&output), Some(124), "{}", err(&output));
        assert!(err(&output).contains("killed after 500 ms"), "{}", err(&output));
        assert!(began.elapsed() < PATIENCE);
    }
}

#[tokio::test]
async fn its_memory_is_bounded() {
    let ground = live::Ground::new();
    let known = ground.check(&[isomon::model::backend::BackendId::Process]).await;
    if !known[0].traits.memory_limit {
        println!("skipped: no memory controller that we may write to");
        assert!(!live::must_be_live());
        return;
    }
    for backend in PLAIN {
        let output = exec(&["-b", backend, "--memory", "64MiB", "--", "tail", "/dev/zero"]);
        assert_eq!(status(&output), Some(137), "{}", err(&output));
        assert!(err(&output).contains("more than 64.0 MiB of memory"), "{}", err(&output));
    }
}

#[test]
fn input_is_a_line_of_json_on_standard_input() {
    let home = Home::new();
    std::fs::write(home.path().join("in.json"), "{ \"n\":\n [1, \"ä\"] }").unwrap();
    for backend in PLAIN {
        let cat =
            |input: &str| out(&exec_in(&home, &["-b", backend, "--input", input, "--", "cat"]));
        assert_eq!(cat("@in.json"), "{\"n\":[1,\"ä\"]}\n");
        assert_eq!(cat("3"), "3\n");
        assert_eq!(out(&exec(&["-b", backend, "--", "cat"])), "", "nothing to read without");
    }
    let _together = KILLING.read().unwrap();
    let mut command = home.command(&["exec", "--input", "-", "--", "cat"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"[true]").unwrap();
    assert_eq!(out(&child.wait_with_output().unwrap()), "[true]\n");
}

#[test]
fn the_environment_is_small_and_what_is_asked_for() {
    let home = Home::new();
    let words = ["exec", "-e", "A=b = c", "-e", "HOME=/x", "--", "env"];
    let _together = KILLING.read().unwrap();
    let output = home.command(&words).env("SECRET", "x").output().unwrap();
    let text = out(&output);
    let mut names: Vec<&str> = text.lines().map(|line| line.split('=').next().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["A", "HOME", "ISOMON_RUN", "PATH"]);
    assert!(text.contains("A=b = c\n") && text.contains("HOME=/x\n"), "{text}");
}

#[test]
fn a_preloaded_library_is_for_the_command_alone() {
    for backend in ["namespaces", "bubblewrap", "runc"] {
        let output = exec(&["-b", backend, "-e", "LD_PRELOAD=/nowhere.so", "--", "true"]);
        if status(&output) == Some(125) {
            println!("skipped: {}", err(&output));
            assert!(!live::must_be_live());
            continue;
        }
        let complaints = err(&output).matches("/nowhere.so").count();
        assert_eq!(complaints, 1, "{backend}: {}", err(&output));
    }
}

#[test]
fn code_is_run_by_what_it_is_for() {
    let home = Home::new();
    let rows = [
        ("a.py", "import json, sys\nprint(json.load(sys.stdin)['n'] + 1)\n", "python3"),
        ("a.js", "console.log(JSON.parse(require('fs').readFileSync(0)).n + 1)\n", "node"),
        (
            "m.js",
            "import { readFileSync } from 'fs'\nconsole.log(JSON.parse(readFileSync(0)).n + 1)\n",
            "node",
        ),
        ("a.sh", "read line; line=${line#*:}; echo $((${line%\\}} + 1))\n", "sh"),
        ("b.sh", "#!/bin/sh -e\nread line; line=${line#*:}; echo $((${line%\\}} + 1))\n", "sh"),
    ];
    for (name, code, program) in rows {
        if !Path::new("/usr/bin").join(program).exists() {
            println!("skipped: no {program}");
            assert!(!live::must_be_live());
            continue;
        }
        std::fs::write(home.path().join(name), code).unwrap();
        for backend in PLAIN {
            let runtime = if program == "python3" { "python" } else { program };
            let words = ["-b", backend, "-r", runtime, "--code", name, "--input", "{\"n\":7}"];
            let output = exec_in(&home, &words);
            assert_eq!(out(&output), "8\n", "{backend} {name}: {}", err(&output));
        }
    }
}

#[test]
fn a_script_of_ones_own_is_found_where_it_lies() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let script = home.path().join("mine");
    std::fs::write(&script, "#!/bin/sh\necho \"$1\"\n").unwrap();
    // Nobody else may read it; the work is nobody.
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
    for backend in PLAIN {
        let output = exec_in(&home, &["-b", backend, "--", "./mine", "it runs"]);
        assert_eq!(out(&output), "it runs\n", "{}", err(&output));
    }
    let output = exec_in(&home, &["--", home.path().to_str().unwrap()]);
    assert_eq!(status(&output), Some(125));
    assert!(err(&output).contains("/usr and /bin are shown"), "{}", err(&output));
}

#[test]
fn a_root_of_ones_own_is_seen_and_stays_as_it_is() {
    if !Path::new("/usr/bin/busybox").exists() {
        println!("skipped: no busybox");
        assert!(!live::must_be_live());
        return;
    }
    let home = Home::new();
    let root = home.path().join("root");
    std::fs::create_dir_all(root.join("bin")).unwrap();
    std::fs::copy("/usr/bin/busybox", root.join("bin/busybox")).unwrap();
    std::fs::write(root.join("note"), "from the root\n").unwrap();
    for backend in ["namespaces", "bubblewrap", "runc", "crun", "gvisor-ptrace"] {
        let script = "busybox cat /note; echo $A; echo x > /note; exit 9";
        let words =
            ["-b", backend, "--root", "root", "-e", "A=b", "--", "/bin/busybox", "sh", "-c"];
        let output = exec_in(&home, &[&words[..], &[script]].concat());
        if status(&output) == Some(125) {
            println!("skipped: {}", err(&output));
            assert!(!live::must_be_live());
            continue;
        }
        assert_eq!(status(&output), Some(9), "{backend}: {}", err(&output));
        assert_eq!(out(&output), "from the root\nb\n", "{backend}: {}", err(&output));
        let refused = ["ead-only file system", "ermission denied"];
        assert!(refused.iter().any(|why| err(&output).contains(why)), "{}", err(&output));
        assert_eq!(std::fs::read_dir(&root).unwrap().count(), 2, "{backend} wrote to the root");
    }
    let output = exec_in(&home, &["--root", "nowhere", "--", "x"]);
    assert_eq!(status(&output), Some(125));
    assert!(err(&output).contains("is no directory"), "{}", err(&output));
}

#[test]
fn what_cannot_be_is_told_with_what_can() {
    let rows: [(&[&str], &[&str]); 8] = [
        (&["-b", "gvizor-kvm", "--", "x"], &["did you mean gvisor-kvm?"]),
        (&["-r", "pyton", "--code", "x"], &["did you mean python?", "sh"]),
        (&["--code", "no.py"], &["cannot read no.py", "No such file"]),
        (&["--code", "no.rb"], &["does not say what runs it", "--runtime", ".py"]),
        (&["-b", "runc", "-r", "js", "--code", "/dev/null"], &["runc does not run js"]),
        (&["-b", "runc", "--start", "warm", "--", "x"], &["has no warm start", "--start cold"]),
        (&["--input", "{n:1}", "--", "x"], &["not JSON", "@FILE"]),
        (&["-e", "ISOMON_RUN=x", "--", "x"], &["ISOMON_RUN", "cannot be set"]),
    ];
    for (words, wanted) in rows {
        let output = exec(words);
        assert_eq!(status(&output), Some(125), "{words:?}: {}", err(&output));
        for part in wanted {
            assert!(err(&output).contains(part), "{words:?}: {}", err(&output));
        }
        assert_eq!(out(&output), "");
    }
}

#[test]
fn a_backend_that_is_not_there_says_what_mends_it_at_once() {
    let began = Instant::now();
    let output = exec(&["-b", "youki", "--", "true"]);
    if status(&output) == Some(0) {
        println!("skipped: youki is installed");
        return;
    }
    assert_eq!(status(&output), Some(125));
    assert!(err(&output).contains("youki is not on PATH"), "{}", err(&output));
    assert!(err(&output).contains("try: install youki"), "{}", err(&output));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn an_engine_that_is_not_there_is_owed_nothing() {
    let home = Home::new();
    let socket = home.path().join("docker.sock");
    let host = format!("unix://{}", socket.display());
    let _together = KILLING.read().unwrap();
    let output =
        home.command(&["exec", "-b", "docker", "--", "true"]).env("DOCKER_HOST", host).output();
    let output = output.unwrap();
    assert_eq!(status(&output), Some(125), "{}", err(&output));
    assert!(err(&output).contains("no Docker engine answers"), "{}", err(&output));
    assert!(err(&output).contains("try: "), "{}", err(&output));
    let settings = CampSettings::detect(Limits::default()).unwrap();
    let owed = std::fs::read_dir(settings.state.join("owed")).into_iter().flatten().flatten();
    for debt in owed {
        let text = std::fs::read_to_string(debt.path()).unwrap_or_default();
        assert!(!text.contains(&*socket.to_string_lossy()), "{text}");
    }
}

#[test]
fn json_is_one_object_with_everything() {
    let script = "printf 'a\\377\\033b'; echo oops >&2; exit 4";
    let output = exec(&["--json", "-q", "--", "sh", "-c", script]);
    assert_eq!(status(&output), Some(4));
    assert_eq!(err(&output), "");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let wanted = serde_json::json!({
        "backend": "namespaces", "start": "cold", "exit_code": 4, "signal": null, "result": null,
        "stdout": "a\u{fffd}\u{1b}b", "stderr": "oops\n", "dropped_bytes": 0,
        "outcome": {"state": "failed", "kind": "status", "message": "oops (status 4)"},
    });
    for (name, value) in wanted.as_object().unwrap() {
        assert_eq!(&json[name], value, "{name}");
    }
    assert!(json["duration_seconds"].as_f64().unwrap() > 0.0);
    assert!(json["phases"]["run_seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(json["limits"]["memory_bytes"], 256 << 20);
    let late = exec(&["--json", "-q", "--timeout", "300ms", "--", "sleep", "100"]);
    let late: serde_json::Value = serde_json::from_slice(&late.stdout).unwrap();
    assert_eq!((&late["exit_code"], &late["outcome"]["kind"]), (&124.into(), &"timeout".into()));
}

#[test]
fn a_flood_is_bounded_and_counted() {
    let script = "head -c 5000000 /dev/zero; echo still here >&2; exit 3";
    let output = exec(&["--output", "1MiB", "--", "sh", "-c", script]);
    assert_eq!(output.stdout.len(), 1 << 20);
    assert_eq!(status(&output), Some(3));
    assert!(err(&output).contains("3.77 MiB of output dropped"), "{}", err(&output));
}

/// A terminal's bytes after `words`.
fn in_a_terminal(words: &[&str]) -> Vec<u8> {
    let size = portable_pty::PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pair = portable_pty::native_pty_system().openpty(size).unwrap();
    let mut command = portable_pty::CommandBuilder::new(live::exe());
    command.args(words);
    let mut child = pair.slave.spawn_command(command).unwrap();
    let mut reader = pair.master.try_clone_reader().unwrap();
    drop(pair.slave);
    let mut seen = Vec::new();
    // A terminal whose other end has gone gives an error for an end.
    reader.read_to_end(&mut seen).ok();
    assert!(child.wait().unwrap().success());
    seen
}

#[test]
fn what_steers_is_shown_to_a_terminal_and_passed_to_a_pipe() {
    let raw = b"\x1b]0;owned\x07\x1b[2J\xe2\x80\xaegpj Z\xc3\xbcrich\xff\nnext\r\ntab\there";
    let home = Home::new();
    std::fs::write(home.path().join("raw"), raw).unwrap();
    let path = home.path().join("raw");
    let words = ["exec", "-b", "process", "--", "cat", path.to_str().unwrap()];
    let piped = exec(&words[1..]);
    assert_eq!(piped.stdout, raw);
    let _together = KILLING.read().unwrap();
    let seen = String::from_utf8(in_a_terminal(&words)).unwrap();
    assert!(!seen.contains(['\x1b', '\x07', '\u{202e}']), "{seen:?}");
    let wanted =
        "^[]0;owned^G^[[2J\\u{202e}gpj Zürich\u{fffd}\r\nnext\r\ntab\there\r\nisomon: process";
    assert!(seen.contains(wanted), "{seen:?}");
}

/// `isomon exec` that goes on, and its run.
struct Going {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
    id: RunId,
    _home: Home,
}

impl Going {
    /// Starts `script` in `backend`, which must begin with telling its run.
    fn start(backend: &str, more: &[&str], script: &str) -> Self {
        let home = Home::new();
        let script = format!("echo $ISOMON_RUN; {script}");
        let words = [&["exec", "-b", backend], more, &["--", "sh", "-c", &script]].concat();
        let mut command: Command = home.command(&words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        // A lot's name follows.
        let id = RunId::parse(line.trim().split('/').next().unwrap()).expect("the run");
        Self { child, output, id, _home: home }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn end(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end");
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    fn assert_nothing_left(&self) {
        let (_sender, never) = channel();
        let settings = CampSettings::detect(Limits::default()).unwrap();
        assert_eq!(oracle::settle(&settings, &self.id, &never).0, [], "of run {}", self.id);
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn go_is_built_and_its_status_is_the_commands_own() {
    if !["/usr/bin/go", "/usr/local/bin/go"].iter().any(|path| Path::new(path).exists()) {
        // It is large, and no machine has to have it for these tests.
        return println!("skipped: go is not installed (Debian: golang-go)");
    }
    let home = Home::new();
    let code =
        "package main\n\nimport \"os\"\n\nfunc main() { println(\"it runs\"); os.Exit(3) }\n";
    std::fs::write(home.path().join("work.go"), code).unwrap();
    for backend in PLAIN {
        let words = ["-q", "-b", backend, "--memory", "1G", "--timeout", "2m", "--code", "work.go"];
        let output = exec_in(&home, &words);
        assert_eq!((status(&output), err(&output).as_str()), (Some(3), "it runs\n"), "{backend}");
    }
}

#[test]
fn output_comes_as_it_is_said() {
    let _together = KILLING.read().unwrap();
    let home = Home::new();
    let file = home.path().join("go");
    let script =
        format!("echo one; until [ -e {} ]; do sleep 0.01; done; echo two", file.display());
    let mut going = Going::start("process", &[], &script);
    assert_eq!(going.line(), "one\n");
    File::create(&file).unwrap();
    assert_eq!(going.line(), "two\n");
    assert!(going.end().success());
    going.assert_nothing_left();
}

#[test]
fn a_signal_ends_it_and_nothing_stays() {
    let _together = KILLING.read().unwrap();
    for backend in PLAIN {
        for (signal, wanted) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
            let script = "trap '' INT TERM HUP; (setsid sleep 1000 &); sleep 1000";
            let mut going = Going::start(backend, &[], script);
            going.signal(signal);
            assert_eq!(going.end().code(), Some(wanted), "{backend}");
            going.assert_nothing_left();
        }
    }
}

#[test]
fn a_kill_leaves_nothing() {
    let _alone = KILLING.write().unwrap();
    for backend in PLAIN {
        let mut going =
            Going::start(backend, &["--input", "1"], "(setsid sleep 1000 &); sleep 1000");
        going.signal(Signal::KILL);
        going.end();
        going.assert_nothing_left();
    }
}

#[test]
fn a_reader_that_goes_ends_the_work() {
    let _together = KILLING.read().unwrap();
    for backend in PLAIN {
        let mut going = Going::start(backend, &[], "exec yes");
        assert_eq!(going.line(), "y\n");
        going.output = BufReader::new(empty());
        assert_eq!(going.end().code(), Some(141), "{backend}");
        going.assert_nothing_left();
    }
}

/// A stream that is at its end.
fn empty() -> std::process::ChildStdout {
    let mut child = Command::new("true").stdout(Stdio::piped()).spawn().unwrap();
    child.wait().unwrap();
    child.stdout.take().unwrap()
}

/// Whether something of the run is at work, in whatever it is called.
fn is_at_work(id: &RunId, name: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes.into_iter().any(|entry| {
        let read = |file: &str| std::fs::read(entry.path().join(file)).unwrap_or_default();
        let comm = String::from_utf8_lossy(&read("comm")).trim() == name;
        comm && String::from_utf8_lossy(&read("environ")).contains(id.as_str())
    })
}

#[test]
fn a_reader_that_does_not_read_delays_no_deadline() {
    let _together = KILLING.read().unwrap();
    for backend in PLAIN {
        let mut going = Going::start(backend, &["--timeout", "1s"], "exec yes");
        let began = Instant::now();
        while is_at_work(&going.id, "yes") {
            assert!(began.elapsed() < PATIENCE, "{backend}: it goes on beyond its time");
            std::thread::park_timeout(Duration::from_millis(10));
        }
        assert!(going.child.try_wait().unwrap().is_none(), "its output is still to be read");
        let mut rest = Vec::new();
        going.output.read_to_end(&mut rest).unwrap();
        assert!(rest.len() > 1 << 20, "what was said before the end is passed on: {}", rest.len());
        assert_eq!(going.end().code(), Some(124));
        going.assert_nothing_left();
    }
}
