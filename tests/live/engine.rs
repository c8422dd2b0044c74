//! A Docker engine of the tests' own: a real `dockerd` in a directory of its own, gone at the end,
//! and a client for looking behind isomon's back.

#![allow(dead_code, reason = "each test program uses its part")]

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use isomon::backend::{CampSettings, gc};
use isomon::model::bench::Limits;
use isomon::model::id::RunId;
use rustix::process::{Pid, Signal, WaitOptions, kill_process};
use serde_json::{Value, json};

/// Time for the engine to come up, or to go.
const PATIENCE: Duration = Duration::from_secs(30);
/// Removes the second tree of control groups, which crun refuses to see, from its own view.
const VEILED_CRUN: &str = "#!/bin/sh\nexec unshare -m sh -c \
    'umount -l /sys/fs/cgroup/unified 2>/dev/null; exec crun \"$@\"' crun \"$@\"\n";

/// A running engine.
pub(crate) struct Engine {
    pub(crate) socket: PathBuf,
    home: tempfile::TempDir,
    child: Option<Child>,
    runtimes: Vec<&'static str>,
}

impl Engine {
    /// Starts one, with the runtimes that are installed; why not.
    pub(crate) fn start() -> Result<Self, String> {
        let is_here = |name: &&str| find(name).is_some();
        if !rustix::process::geteuid().is_root() {
            return Err("an engine of its own needs root".to_owned());
        }
        if !["dockerd", "containerd", "runc"].iter().all(|name| find(name).is_some()) {
            return Err("dockerd is not installed: apt-get install docker.io".to_owned());
        }
        let home = tempfile::Builder::new().prefix("isomon-engine").tempdir().unwrap();
        let runtimes: Vec<&str> = ["runsc", "crun"].into_iter().filter(is_here).collect();
        let socket = home.path().join("docker.sock");
        let mut engine = Self { socket, home, child: None, runtimes };
        engine.configure();
        engine.resume()?;
        Ok(engine)
    }

    fn configure(&self) {
        let veiled = self.home.path().join("crun");
        fs::write(&veiled, VEILED_CRUN).unwrap();
        fs::set_permissions(&veiled, fs::Permissions::from_mode(0o755)).unwrap();
        let mut runtimes = json!({});
        for name in &self.runtimes {
            runtimes[name] = match *name {
                "crun" => json!({"path": veiled}),
                _ => json!({
                    "path": find("runsc"),
                    "runtimeArgs": ["--network=none", "--platform=ptrace"],
                }),
            };
        }
        let text = json!({"runtimes": runtimes}).to_string();
        fs::write(self.home.path().join("daemon.json"), text).unwrap();
    }

    /// Starts it over what it had; why not.
    pub(crate) fn resume(&mut self) -> Result<(), String> {
        let home = self.home.path().to_owned();
        let at = |name: &str| home.join(name);
        // A test that is killed takes the engine along.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "--"]).arg(find("dockerd").unwrap());
        let flags = ["--iptables=false", "--ip6tables=false", "--bridge=none"];
        command
            .args(flags)
            .args(["--storage-driver=vfs", "--exec-opt=native.cgroupdriver=cgroupfs"]);
        command.arg(format!("--cgroup-parent={}", self.cgroup()));
        for (name, value) in [("config-file", "daemon.json"), ("data-root", "data")] {
            command.arg(format!("--{name}={}", at(value).display()));
        }
        for (name, value) in [("exec-root", "exec"), ("pidfile", "pid")] {
            command.arg(format!("--{name}={}", at(value).display()));
        }
        command.arg(format!("--host=unix://{}", self.socket.display()));
        let log = fs::File::create(at("log")).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.child = Some(command.spawn().unwrap());
        let began = Instant::now();
        while began.elapsed() < PATIENCE && self.is_running() {
            if self.try_ask("GET", "/_ping", None).is_some_and(|(status, _)| status == 200) {
                return Ok(());
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        let log = fs::read_to_string(at("log")).unwrap_or_default();
        Err(format!("dockerd does not start: {}", log.lines().last().unwrap_or_default()))
    }

    /// Whether the runtime called `name` was registered.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.runtimes.contains(&name)
    }

    fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(self.child.as_ref().unwrap()), signal).unwrap();
    }

    /// Kills it, and waits until nothing of it runs.
    pub(crate) fn kill(&mut self) {
        let helpers = self.helpers();
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        self.end_helpers(helpers);
    }

    /// Its answer to one request; a failure to answer is a failed test.
    pub(crate) fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.try_ask(method, path, body).unwrap()
    }

    fn try_ask(&self, method: &str, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
        let body = body.map(Value::to_string).unwrap_or_default();
        self.try_send(method, path, body.as_bytes())
    }

    fn try_send(&self, method: &str, path: &str, body: &[u8]) -> Option<(u16, Value)> {
        let mut stream = UnixStream::connect(&self.socket).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // HTTP/1.0: the answer ends where the stream ends.
        let head = format!(
            "{method} {path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body).ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some((status, serde_json::from_str(body).unwrap_or_default()))
    }

    /// The names of everything in it that carries the label of run `id`.
    pub(crate) fn of_run(&self, id: &RunId) -> Vec<String> {
        let label = |one: &Value| one["Labels"]["isomon.run"] == id.as_str();
        self.all().into_iter().filter(label).map(|one| one.to_string()).collect()
    }

    /// How many containers and images it has.
    pub(crate) fn count(&self) -> usize {
        self.all().len()
    }

    /// How many containers run in it.
    pub(crate) fn running(&self) -> usize {
        self.ask("GET", "/containers/json", None).1.as_array().unwrap().len()
    }

    /// Makes the image `name` with `label`: an empty root that leads to the host's programs.
    pub(crate) fn import(&self, name: &str, label: &str) {
        let root = tempfile::tempdir().unwrap();
        for dir in ["usr", "proc", "dev", "sys"] {
            fs::create_dir(root.path().join(dir)).unwrap();
        }
        for link in ["bin", "lib", "lib64"] {
            let target = fs::read_link(Path::new("/").join(link)).unwrap_or_else(|_| link.into());
            std::os::unix::fs::symlink(target, root.path().join(link)).unwrap();
        }
        let packed = Command::new("tar").args(["-c", "-C"]).arg(root.path()).arg(".").output();
        let (repo, tag) = name.split_once(':').unwrap();
        let changes = format!("LABEL%20{label}").replace('=', "%3D");
        let path = format!("/images/create?fromSrc=-&repo={repo}&tag={tag}&changes={changes}");
        let (status, said) = self.try_send("POST", &path, &packed.unwrap().stdout).unwrap();
        assert_eq!(status, 200, "{said}");
    }

    /// Starts a container of `image` that sleeps.
    pub(crate) fn start_sleeper(&self, name: &str, image: &str, labels: &Value) {
        let body = json!({
            "Image": image,
            "Cmd": ["/usr/bin/sleep", "1000"],
            "Labels": labels,
            "HostConfig": {"NetworkMode": "none", "Binds": ["/usr:/usr:ro"]},
        });
        let path = format!("/containers/create?name={name}");
        let (status, said) = self.ask("POST", &path, Some(&body));
        assert_eq!(status, 201, "{said}");
        let (status, said) = self.ask("POST", &format!("/containers/{name}/start"), None);
        assert_eq!(status, 204, "{said}");
    }

    fn all(&self) -> Vec<Value> {
        let list = |path: &str| self.ask("GET", path, None).1.as_array().unwrap().clone();
        [list("/containers/json?all=1"), list("/images/json?all=1")].concat()
    }

    fn cgroup(&self) -> String {
        let name = self.home.path().file_name().unwrap().to_string_lossy();
        format!("/{name}")
    }

    /// Processes that were started for it: their command lines name its directory.
    fn helpers(&self) -> Vec<Pid> {
        let home = self.home.path().to_string_lossy().into_owned();
        let pids = fs::read_dir("/proc").unwrap().flatten();
        let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        let said = |pid: &i32| fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let own = pids.filter(|pid| String::from_utf8_lossy(&said(pid)).contains(&home));
        own.filter_map(Pid::from_raw).collect()
    }

    /// Waits for `helpers` and those that are still found to end; who does not is killed.
    fn end_helpers(&self, mut helpers: Vec<Pid>) {
        let began = Instant::now();
        loop {
            let found = self.helpers();
            if began.elapsed() > PATIENCE / 6 {
                for pid in &found {
                    kill_process(*pid, Signal::KILL).ok();
                }
            }
            if found.is_empty() || began.elapsed() > PATIENCE {
                break;
            }
            helpers.extend(found);
            std::thread::park_timeout(Duration::from_millis(20));
        }
        for pid in helpers {
            // A camp made this process the parent of orphans: they must not stay as zombies, which
            // an engine takes for its own helpers that still live. Refused for what is not ours.
            rustix::process::waitpid(Some(pid), WaitOptions::NOHANG).ok();
        }
        for point in mounts_below(self.home.path()) {
            rustix::mount::unmount(&point, rustix::mount::UnmountFlags::DETACH).ok();
        }
    }

    /// Ends containers that outlived an engine which was killed, and removes their groups.
    fn remove_groups(&self) {
        let top = self.cgroup();
        let top = top.trim_start_matches('/');
        let trees = fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten();
        let trees = trees.map(|tree| tree.path()).chain(["/sys/fs/cgroup".into()]);
        let began = Instant::now();
        for top in trees.map(|tree| tree.join(top)).filter(|top| top.exists()) {
            while top.exists() && began.elapsed() < PATIENCE {
                for below in fs::read_dir(&top).into_iter().flatten().flatten() {
                    let procs = fs::read_to_string(below.path().join("cgroup.procs"));
                    let procs = procs.unwrap_or_default();
                    for pid in procs.lines().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)) {
                        kill_process(pid, Signal::KILL).ok();
                        rustix::process::waitpid(Some(pid), WaitOptions::NOHANG).ok();
                    }
                    fs::remove_dir(below.path()).ok();
                }
                fs::remove_dir(&top).ok();
                std::thread::park_timeout(Duration::from_millis(5));
            }
        }
    }

    /// Has what failed tests left in it taken away, so that no other test finds a run that cannot be
    /// settled any more.
    fn clear(&self) {
        if let Some(child) = &self.child {
            kill_process(Pid::from_child(child), Signal::CONT).ok();
        }
        if let Ok(settings) = CampSettings::detect(Limits::default()) {
            gc(&settings, false).ok();
        }
    }

    /// Stops it; what is left of it.
    pub(crate) fn stop(&mut self) -> Vec<String> {
        let helpers = self.helpers();
        if let Some(mut child) = self.child.take() {
            let pid = Pid::from_child(&child);
            kill_process(pid, Signal::CONT).ok();
            kill_process(pid, Signal::TERM).ok();
            let began = Instant::now();
            while child.try_wait().is_ok_and(|ended| ended.is_none()) {
                if began.elapsed() > PATIENCE / 2 {
                    child.kill().ok();
                }
                std::thread::park_timeout(Duration::from_millis(20));
            }
        }
        self.end_helpers(helpers);
        self.remove_groups();
        let processes = self.helpers().into_iter().map(|pid| format!("process {pid:?}"));
        let mounts = mounts_below(self.home.path()).into_iter();
        processes.chain(mounts.map(|point| format!("mount {}", point.display()))).collect()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.clear();
        }
        let left = self.stop();
        if !std::thread::panicking() {
            assert!(left.is_empty(), "{left:?}");
        }
    }
}

fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/bin".into()]);
    all.map(|dir| dir.join(name)).find(|path| path.is_file())
}

/// Mount points below `place`, the last mounted first.
fn mounts_below(place: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let points = text.lines().filter_map(|line| line.split(' ').nth(4)).map(PathBuf::from);
    let mut below: Vec<PathBuf> = points.filter(|point| point.starts_with(place)).collect();
    below.reverse();
    below
}
