//! A container of somebody else's, alive, with a name and a group like ours: made by runc, which
//! isomon uses too.

#![allow(dead_code, reason = "each test program uses its part")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use isomon::model::id::RunId;
use serde_json::json;

/// The container; gone when dropped.
pub(crate) struct Lookalike {
    home: tempfile::TempDir,
    name: String,
    run: RunId,
}

impl Lookalike {
    /// One that could be the first of run `id`.
    pub(crate) fn near(id: &RunId) -> Self {
        let home = tempfile::Builder::new().prefix("isomonx").tempdir().unwrap();
        let name = format!("im-{}-main-1", id.short());
        let root = home.path().join("rootfs");
        for dir in ["usr", "proc"] {
            fs::create_dir_all(root.join(dir)).unwrap();
        }
        for (link, to) in [("bin", "usr/bin"), ("lib", "usr/lib"), ("lib64", "usr/lib64")] {
            std::os::unix::fs::symlink(to, root.join(link)).unwrap();
        }
        let config = json!({
            "ociVersion": "1.0.0",
            "process": {
                "terminal": false,
                "user": {"uid": 65534, "gid": 65534},
                "args": ["/usr/bin/sleep", "1000"],
                "env": [format!("ISOMON_RUN={id}0")],
                "cwd": "/",
            },
            "root": {"path": "rootfs", "readonly": true},
            "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc"},
                {"destination": "/usr", "type": "bind", "source": "/usr", "options": ["bind", "ro"]},
            ],
            "linux": {
                "cgroupsPath": format!("/isomonx/{id}/{name}"),
                "namespaces": [{"type": "pid"}, {"type": "mount"}],
            },
        });
        fs::write(home.path().join("config.json"), config.to_string()).unwrap();
        let one = Self { home, name, run: id.clone() };
        let made = one.runc(&["run", "--detach", "--bundle", one.home.path().to_str().unwrap()]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        one
    }

    /// Where its runtime keeps what it knows.
    fn state(&self) -> PathBuf {
        self.home.path().join("state-runc")
    }

    fn runc(&self, words: &[&str]) -> Output {
        let mut command = Command::new("runc");
        command.arg("--root").arg(self.state()).args(words).arg(&self.name);
        command.stdin(Stdio::null());
        if words.contains(&"--detach") {
            // What is detached would hold a pipe open.
            let log = fs::File::create(self.home.path().join("log")).unwrap();
            command.stdout(log.try_clone().unwrap()).stderr(log);
            let status = command.status().unwrap();
            let stderr = fs::read(self.home.path().join("log")).unwrap();
            return Output { status, stdout: Vec::new(), stderr };
        }
        command.output().unwrap()
    }

    pub(crate) fn assert_untouched(&self) {
        let said = self.runc(&["state"]).stdout;
        let state: serde_json::Value = serde_json::from_slice(&said).unwrap();
        assert_eq!(state["status"], "running", "a container of somebody else's was touched");
    }
}

impl Drop for Lookalike {
    fn drop(&mut self) {
        self.runc(&["delete", "--force"]);
        // runc leaves what is above its own group, in each hierarchy.
        for tree in fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten() {
            let top = tree.path().join("isomonx");
            fs::remove_dir(top.join(self.run.as_str())).ok();
            fs::remove_dir(top).ok();
        }
    }
}
