//! A real `sshd` of the test's own: on a free port of this machine, with keys, users and files of its own
//! in a directory that goes with it.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use isomon::config::address::Address;
use isomon::model::id::SourceId;
use isomon::source::Spec;
use tempfile::TempDir;

pub(crate) struct Server {
    pub(crate) dir: TempDir,
    pub(crate) port: u16,
    sshd: Child,
    _room: Room,
}

/// Where an sshd keeps those who are not logged in, built into it; made where it is not there, and removed
/// with the last server that was.
struct Room;

/// Servers in a room that was made for them.
static IN_ROOM: Mutex<usize> = Mutex::new(0);

const ROOM: &str = "/run/sshd";

impl Room {
    fn take() -> Option<Self> {
        let mut count = IN_ROOM.lock().unwrap();
        if *count > 0 {
            *count += 1;
        } else if !Path::new(ROOM).is_dir() {
            std::fs::create_dir(ROOM).ok()?;
            *count = 1;
        }
        Some(Self)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut count = IN_ROOM.lock().unwrap();
        if *count == 1 {
            std::fs::remove_dir(ROOM).ok();
        }
        *count = count.saturating_sub(1);
    }
}

/// Says why a test cannot run here; that is a failure where everything must run.
pub(crate) fn skip(why: &str) {
    assert!(std::env::var_os("ISOMON_REQUIRE_LIVE").is_none_or(|v| v != "1"), "{why}");
    println!("skipped: {why}");
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn keygen(kind: &str, path: &Path) {
    let run = Command::new("ssh-keygen")
        .args(["-q", "-t", kind, "-N", "", "-C", "test", "-f"])
        .arg(path)
        .stdin(Stdio::null())
        .status();
    assert!(run.unwrap().success());
}

impl Server {
    /// One whose host has a key of type `kind`; `None` where there is no sshd to start.
    pub(crate) fn start(kind: &str) -> Option<Self> {
        let sshd = ["/usr/sbin/sshd", "/usr/bin/sshd"].iter().find(|path| Path::new(path).exists());
        let Some(sshd) = sshd else {
            skip("sshd is not installed (Debian: openssh-server)");
            return None;
        };
        let Some(room) = Room::take() else {
            skip("sshd has no /run/sshd, and it cannot be made");
            return None;
        };
        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        let at = |name: &str| dir.path().join(name);
        keygen(kind, &at("host"));
        keygen("ed25519", &at("user"));
        std::fs::copy(at("user.pub"), at("authorized")).unwrap();
        for made in ["home", "bin"] {
            std::fs::create_dir(at(made)).unwrap();
        }
        let port = free_port();
        write_server(dir.path(), port);
        write_client(dir.path());
        let child = start(sshd, dir.path());
        let server = Self { dir, port, sshd: child, _room: room };
        server.trust(&server.known_as("host"));
        server.wait();
        Some(server)
    }

    /// Starts it again with another host key, which no file knows.
    pub(crate) fn swap_key(&mut self, kind: &str) {
        self.sshd.kill().unwrap();
        self.sshd.wait().unwrap();
        for name in ["host", "host.pub"] {
            std::fs::remove_file(self.at(name)).unwrap();
        }
        keygen(kind, &self.at("host"));
        self.sshd = start("/usr/sbin/sshd", self.dir.path());
        self.wait();
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The line of `known_hosts` for the public part of the key `name`.
    pub(crate) fn known_as(&self, name: &str) -> String {
        let public = std::fs::read_to_string(self.at(&format!("{name}.pub"))).unwrap();
        format!("[127.0.0.1]:{} {public}", self.port)
    }

    pub(crate) fn trust(&self, line: &str) {
        std::fs::write(self.at("known_hosts"), line).unwrap();
    }

    pub(crate) fn trusted(&self) -> String {
        std::fs::read_to_string(self.at("known_hosts")).unwrap()
    }

    pub(crate) fn fingerprint(&self, name: &str) -> String {
        let run =
            Command::new("ssh-keygen").arg("-lf").arg(self.at(&format!("{name}.pub"))).output();
        let said = String::from_utf8(run.unwrap().stdout).unwrap();
        said.split(' ').nth(1).unwrap().to_owned()
    }

    /// A source for it.
    pub(crate) fn spec(&self) -> Spec {
        spec(self.port, &self.at("client"))
    }

    /// Puts a program into the host's path.
    pub(crate) fn install(&self, name: &str, text: &str) {
        program(&self.at("bin").join(name), text);
    }

    /// Every process below it: the sessions, and what runs in them.
    pub(crate) fn sessions(&self) -> Vec<u32> {
        below(self.sshd.id())
    }

    fn wait(&self) {
        let end = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < end, "sshd does not listen");
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for pid in self.sessions() {
            signal(pid, rustix::process::Signal::KILL);
        }
        self.sshd.kill().ok();
        self.sshd.wait().ok();
    }
}

/// A source for whatever listens on `port`.
pub(crate) fn spec(port: u16, config: &Path) -> Spec {
    let address = Address::parse(&format!("ssh://127.0.0.1:{port}")).unwrap();
    let mut spec = Spec::new(SourceId("host".into()), address);
    spec.ssh.config = Some(config.to_owned());
    spec
}

pub(crate) fn program(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

pub(crate) fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).ok();
}

/// The descendants of `pid`.
pub(crate) fn below(pid: u32) -> Vec<u32> {
    let mut parents = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(child) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let rest = stat.rsplit(") ").next().unwrap_or_default();
        let parent = rest.split(' ').nth(1).and_then(|parent| parent.parse::<u32>().ok());
        parents.extend(parent.map(|parent| (child, parent)));
    }
    let mut found = vec![pid];
    let mut at = 0;
    while let Some(&parent) = found.get(at) {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(child, _)| *child));
        at += 1;
    }
    found.split_off(1)
}

fn start(sshd: &str, dir: &Path) -> Child {
    let log = std::fs::File::create(dir.join("log")).unwrap();
    let mut command = Command::new(sshd);
    command.args(["-D", "-e", "-f"]).arg(dir.join("server"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
}

fn write_server(dir: &Path, port: u16) {
    let at = dir.display();
    let text = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {at}/host\nAuthorizedKeysFile {at}/authorized\n\
         PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n\
         KbdInteractiveAuthentication no\nPermitRootLogin yes\nPrintMotd no\n\
         SetEnv HOME={at}/home PATH={at}/bin:/usr/local/bin:/usr/bin:/bin\n"
    );
    std::fs::write(dir.join("server"), text).unwrap();
}

fn write_client(dir: &Path) {
    let at = dir.display();
    let text = format!(
        "Host *\n IdentityFile {at}/user\n IdentitiesOnly yes\n IdentityAgent none\n\
         \x20UserKnownHostsFile {at}/known_hosts\n GlobalKnownHostsFile none\n"
    );
    std::fs::write(dir.join("client"), text).unwrap();
}
