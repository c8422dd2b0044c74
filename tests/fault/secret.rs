//! A token in memory: not in a core file, and not for other programs of the same user, who can still do
//! all else with isomon.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};

use crate::apart::skip;
use crate::home::Home;
use crate::server::{Server, TOKEN};

/// The user of the second half.
const NOBODY: &str = "65534";

/// Whether `server`, crashed, leaves a core file.
fn leaves_core(server: Server) -> bool {
    let pid = Pid::from_raw(server.pid().cast_signed());
    let all = Rlimit { current: None, maximum: None };
    prlimit(pid, Resource::Core, all).unwrap();
    server.end(Signal::ABORT).0.core_dumped()
}

#[test]
fn a_crash_writes_no_token() {
    if !leaves_core(Server::start(&[])) {
        return skip("no core is ever written here");
    }
    assert!(!leaves_core(Server::with_token(&[])), "its token would be in it");
    assert!(!leaves_core(Server::start(&["--tls-self"])), "its key would be in it");
    let home = Home::new();
    let dir = home.path().join(".config/isomon");
    std::fs::create_dir_all(&dir).unwrap();
    let wish = "[remote_write]\nurl = \"http://127.0.0.1:9/\"\ntoken_file = \"token\"\n";
    std::fs::write(dir.join("isomon.toml"), wish).unwrap();
    let token = home.path().join("token");
    std::fs::write(&token, TOKEN).unwrap();
    std::fs::set_permissions(&token, PermissionsExt::from_mode(0o600)).unwrap();
    assert!(!leaves_core(Server::start_in(home, &[])), "the token of remote write would be in it");
}

/// A program as nobody, with a copy of isomon in `home`.
fn nobody(home: &Path, words: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")]);
    command.args(["--clear-groups", "--bounding-set=-all", "--no-new-privs"]);
    command.args(words).current_dir(home).env_clear().stdin(Stdio::null());
    command.env("PATH", "/usr/bin:/bin").env("HOME", home).env("TMPDIR", home);
    command
}

#[test]
fn the_same_user_sees_no_token_and_loses_nothing_else() {
    if !rustix::process::geteuid().is_root() || !Path::new("/usr/bin/setpriv").exists() {
        return skip("needs root and setpriv");
    }
    let home = tempfile::tempdir().unwrap();
    std::fs::set_permissions(home.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let isomon = home.path().join("isomon");
    std::fs::copy(env!("CARGO_BIN_EXE_isomon"), &isomon).unwrap();
    let isomon = isomon.to_str().unwrap();
    let start = |words: &[&str]| {
        let fixed = [isomon, "serve", "--listen", "127.0.0.1:0", "--no-check"];
        let mut command = nobody(home.path(), &[&fixed, words].concat());
        command.env("OWN_TOKEN", TOKEN);
        Server::of(crate::home::Home::new(), command)
    };
    let look = |server: &Server, file: &str| {
        let path = format!("/proc/{}/{file}", server.pid());
        let output = nobody(home.path(), &["head", "-c", "1", &path]).output().unwrap();
        output.status.success()
    };
    let open = start(&[]);
    assert!(look(&open, "environ"), "without a token it is open to its user");
    drop(open);
    let closed = start(&["--token-env", "OWN_TOKEN", "--allow-exec"]);
    for file in ["environ", "maps", "auxv"] {
        assert!(!look(&closed, file), "{file}");
    }
    assert!(look(&closed, "stat"), "what everybody may see is seen");
    let bearer = format!("Authorization: Bearer {TOKEN}");
    let headers = ["Content-Type: application/json", &bearer];
    for backend in ["process", "namespaces"] {
        let order = format!(
            r#"{{"runtime": "command", "isolation": "{backend}", "code": "cat /proc/self/comm; env"}}"#
        );
        let done = closed.ask("POST", "/v1/workloads", &headers, &order);
        assert_eq!(done.status, 201, "{}", done.body);
        assert!(done.body.contains(r#""status":"completed""#), "{backend}: {}", done.body);
        assert!(!done.body.contains(TOKEN));
    }
    let (ended, log) = closed.end(Signal::TERM);
    assert_eq!((ended.code(), ended.signal()), (Some(0), None), "{log}");
    assert!(!log.contains("panicked"), "{log}");
}
