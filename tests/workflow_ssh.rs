//! `isomon run` over hosts by SSH: the real program, real servers, and what is left of a run that is
//! killed.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[allow(dead_code, reason = "what another test needs of it")]
#[path = "support/home.rs"]
mod home;
#[allow(dead_code, reason = "what another test needs of it")]
#[path = "ssh/server.rs"]
mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use home::Home;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use server::{Server, program};

/// Two hosts, and a home whose `ssh` knows them.
struct Rig {
    one: Server,
    two: Server,
    home: Home,
}

impl Rig {
    fn new() -> Option<Self> {
        let (one, two) = (Server::start("ed25519")?, Server::start("ed25519")?);
        let home = Home::new();
        let bin = home.path().join("bin");
        fs::create_dir(&bin).unwrap();
        let paths = |name: &str| [&one, &two].map(|server| server.at(name).display().to_string());
        let (keys, known) = (paths("user"), paths("known_hosts"));
        let text = format!(
            "Host *\n IdentityFile {}\n IdentityFile {}\n IdentitiesOnly yes\n IdentityAgent none\n \
             UserKnownHostsFile {} {}\n GlobalKnownHostsFile none\n",
            keys[0], keys[1], known[0], known[1]
        );
        let config = home.path().join("ssh_config");
        fs::write(&config, text).unwrap();
        let script = format!("#!/bin/sh\nexec /usr/bin/ssh -F '{}' \"$@\"\n", config.display());
        program(&bin.join("ssh"), &script);
        Some(Self { one, two, home })
    }

    /// A workflow of both hosts with these stages.
    fn write(&self, stages: &str) {
        let text = format!(
            "benchmark: {{name: over, output_dir: ./results, shell: sh -c}}\n\
             hosts:\n  local: {{}}\n  one: {{ip: 127.0.0.1, port: {}}}\n  two: {{ip: 127.0.0.1, port: {}}}\n\
             {stages}",
            self.one.port, self.two.port
        );
        fs::write(self.home.path().join("w.yaml"), text).unwrap();
    }

    fn command(&self, words: &[&str]) -> std::process::Command {
        let mut command = self.home.command(words);
        let path = std::env::var("PATH").unwrap_or_default();
        let bin = self.home.path().join("bin");
        command.env("PATH", format!("{}:{path}", bin.display()));
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    fn begin(&self) -> Child {
        let mut command = self.command(&["run", "w.yaml"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// The directory of its only run.
    fn dir(&self) -> PathBuf {
        let entries = fs::read_dir(self.home.path().join("results")).unwrap();
        let dirs: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        assert_eq!(dirs.len(), 1, "{dirs:?}");
        dirs[0].clone()
    }

    fn told(&self) -> Value {
        json(&self.dir().join("run.json"))
    }

    /// A file of the home directory of a host.
    fn there(server: &Server, name: &str) -> PathBuf {
        server.at("home").join(name)
    }

    fn is_left_alone(&self) -> bool {
        self.one.sessions().is_empty() && self.two.sessions().is_empty()
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn said(output: &Output) -> String {
    home::out(output) + &home::err(output)
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is() {
        assert!(Instant::now() < end, "{what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn states(told: &Value) -> Vec<String> {
    let tasks = told["tasks"].as_array().unwrap();
    tasks.iter().map(|task| task["state"]["state"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn stages_go_over_two_hosts_and_leave_nothing_there() {
    let Some(rig) = Rig::new() else { return };
    fs::create_dir(rig.home.path().join("scripts")).unwrap();
    fs::write(
        rig.home.path().join("scripts/load.sh"),
        "echo n > ~/load.csv; seq 3 >> ~/load.csv\n",
    )
    .unwrap();
    rig.write(
        "stages:
  - {name: server, host: one, background: true, command: 'sleep 0.3; touch ~/up; sleep 600',
     health_check: {type: file, target: ~/up, timeout: 10s, every: 100ms}}
  - name: load
    hosts: [one, two]
    parallel: true
    script: ./scripts/load.sh
    outputs: [{name: 'load-${BENCHCTL_HOST}', remote_path: ~/load.csv}]
  - {name: move, copy: {from: 'one:~/load.csv', to: 'two:~/moved.csv'}}
  - {name: who, host: two, command: 'echo \"{\\\"rows\\\": $(wc -l < ~/moved.csv)}\"', append_metadata: true}
  - {name: inside, backend: process, command: echo inside}
cleanup:
  - {name: tidy, hosts: [one, two], command: 'rm -f ~/up ~/load.csv ~/moved.csv; touch ~/tidy'}
",
    );
    let output = rig.run(&["run", "w.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let told = rig.told();
    assert!(states(&told).iter().all(|state| state == "passed"), "{told}");
    assert_eq!(told["metadata"]["rows"], "4");
    for host in ["one", "two"] {
        let load = fs::read_to_string(rig.dir().join(format!("load-{host}.csv"))).unwrap();
        assert_eq!(load, "n\n1\n2\n3\n");
    }
    for server in [&rig.one, &rig.two] {
        let left: Vec<_> = fs::read_dir(server.at("home")).unwrap().flatten().collect();
        let names: Vec<_> = left.iter().map(fs::DirEntry::file_name).collect();
        assert_eq!(names, ["tidy"], "the script is gone too");
    }
    until("no session is left", || rig.is_left_alone());
}

#[test]
fn a_run_that_is_killed_leaves_nothing_there_and_goes_on() {
    let Some(rig) = Rig::new() else { return };
    rig.write(
        "stages:
  - {name: first, host: one, command: 'echo once >> ~/first'}
  - {name: long, host: two, command: 'touch ~/begun; test -e ~/go || sleep 7391'}
  - {name: last, host: one, command: 'cat ~/first'}
",
    );
    let mut child = rig.begin();
    let begun = Rig::there(&rig.two, "begun");
    until("it comes to the long stage", || begun.exists());
    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    child.wait().unwrap();
    until("what it started there is gone", || rig.is_left_alone());
    fs::write(Rig::there(&rig.two, "go"), "").unwrap();
    let id = rig.told()["head"]["id"].as_str().unwrap().to_owned();
    let output = rig.run(&["run", "--resume", &id]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(fs::read_to_string(Rig::there(&rig.one, "first")).unwrap(), "once\n");
    assert!(states(&rig.told()).iter().all(|state| state == "passed"));
}

#[test]
fn a_host_that_is_another_is_refused_before_any_command() {
    let Some(mut rig) = Rig::new() else { return };
    rig.write("stages:\n  - {name: first, host: two, command: 'touch ~/ran'}\n");
    let known = rig.two.fingerprint("host");
    rig.two.swap_key("ed25519");
    let output = rig.run(&["run", "w.yaml"]);
    let (text, offered) = (said(&output), rig.two.fingerprint("host"));
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("has changed"), "{text}");
    assert!(text.contains(&known) && text.contains(&offered), "{text}");
    assert!(!Rig::there(&rig.two, "ran").exists(), "nothing ran there");
    assert_eq!(states(&rig.told()), ["unknown"]);
}

/// The calls of `ssh` that log in, and those that go through; what stands for the socket is the same in
/// all of them.
fn calls(log: &str) -> Vec<Vec<String>> {
    let calls = log.split("\u{1e}\n").filter(|call| !call.is_empty());
    let words = |call: &str| {
        let mut words: Vec<String> = call.split_terminator('\0').map(str::to_owned).collect();
        let at = words.iter().position(|word| word == "-S").unwrap();
        "SOCKET".clone_into(&mut words[at + 1]);
        words
    };
    calls.map(words).collect()
}

#[test]
fn a_plan_shows_the_very_words_that_ssh_is_given() {
    let Some(rig) = Rig::new() else { return };
    let log = rig.home.path().join("calls");
    let config = rig.home.path().join("ssh_config");
    let script = format!(
        "#!/bin/sh\nprintf '%s\\0' \"$@\" >> '{0}'\nprintf '\\036\\n' >> '{0}'\n\
         exec /usr/bin/ssh -F '{1}' \"$@\"\n",
        log.display(),
        config.display()
    );
    program(&rig.home.path().join("bin/ssh"), &script);
    rig.write("stages:\n  - {name: first, host: two, command: 'true'}\n");
    let plan = rig.run(&["run", "--plan", "w.yaml"]);
    assert!(!log.exists(), "a plan connects with nobody");
    let text = home::out(&plan);
    let (_, of_two) = text.split_once("\n  two ").unwrap();
    let shown = |mark: &str| {
        let line = of_two.lines().find_map(|line| line.trim().strip_prefix(mark)).unwrap();
        let mut words = shell_words::split(line).unwrap();
        assert_eq!(words.remove(0), "ssh");
        words
    };
    let output = rig.run(&["run", "w.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let calls = calls(&fs::read_to_string(&log).unwrap());
    for mark in ["one connection:", "then each task:"] {
        let shown = shown(mark);
        assert!(calls.contains(&shown), "{mark} {shown:?} is not among {calls:#?}");
    }
}

#[test]
fn a_plan_shows_no_secret_and_says_what_cannot_be_reached() {
    let home = Home::new();
    let text = "benchmark: {name: t}
hosts:
  far: {ip: 10.0.0.9, port: 2222, username: ann, password: canary-0815}
  odd: {ip: h, key_file: /no/such/key}
stages:
  - {name: first, host: far, command: 'true'}
";
    fs::write(home.path().join("w.yaml"), text).unwrap();
    let plan = said(&home.run(&["run", "--plan", "w.yaml"]));
    assert!(plan.contains(" -l ann -p 2222 ") && plan.contains("-S SOCKET -- 10.0.0.9"), "{plan}");
    assert!(plan.contains("it cannot be reached: the key /no/such/key"), "{plan}");
    assert!(!plan.contains("canary"), "{plan}");
}
