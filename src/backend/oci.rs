//! OCI bundles for runc, crun and gVisor: an empty root for mounts to cover, and a configuration.
//!
//! The root is read-only and the same for each task; the configuration is written anew for each,
//! because the nonce is in it. Memory, processor and process limits stand on the run's group, above
//! the container's own.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::kind::Shown;
use super::view::{NOBODY, PROGRAM, TMP_MIB, View};
use super::{Error, filter};

/// A bundle's directory.
#[derive(Clone, Debug)]
pub(super) struct Bundle {
    /// Where it is.
    pub at: PathBuf,
}

impl Bundle {
    /// Makes the directory and its root if they are not there.
    pub(super) fn open(at: PathBuf, view: &View) -> Result<Self, Error> {
        let root = at.join("rootfs");
        if !root.exists() {
            // runc gives a tmpfs the mode of the directory below it, whatever its options say.
            let open_tmp = || fs::set_permissions(root.join("tmp"), Permissions::from_mode(0o1777));
            let laid = fs::create_dir_all(&root).and_then(|()| view.lay_out(&root));
            let made = laid.and_then(|()| open_tmp());
            made.map_err(|source| Error::io("create", &root, source))?;
        }
        Ok(Self { at })
    }

    /// Writes the configuration of one container.
    pub(super) fn write(&self, config: &Value) -> Result<(), Error> {
        let path = self.at.join("config.json");
        let text = serde_json::to_vec(config).map_err(|source| Error::Json { source })?;
        fs::write(&path, text).map_err(|source| Error::io("write", &path, source))
    }
}

/// One container.
pub(super) struct Container<'a> {
    /// What of the host it sees.
    pub view: &'a View,
    /// isomon, on the host.
    pub program: &'a str,
    /// What it runs.
    pub command: &'a [String],
    /// More of the host that it sees.
    pub shown: &'a [Shown],
    /// Its environment.
    pub env: &'a [(String, String)],
    /// Its control group, from the root of each hierarchy.
    pub group: &'a str,
    /// Whether the runtime can filter system calls.
    pub filtered: bool,
}

impl Container<'_> {
    /// Its configuration.
    pub(super) fn config(&self) -> Value {
        // Of two with one name the last counts.
        let env: BTreeMap<&str, &str> =
            self.env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let env: Vec<String> =
            env.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let namespaces =
            ["pid", "network", "ipc", "uts", "mount"].map(|kind| json!({"type": kind}));
        let mut config = json!({
            "ociVersion": "1.0.0",
            "process": {
                "terminal": false,
                "user": {"uid": NOBODY, "gid": NOBODY},
                "args": self.command,
                "env": env,
                "cwd": "/",
                "noNewPrivileges": true,
                "capabilities": {},
                "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
            },
            "root": {"path": "rootfs", "readonly": true},
            "hostname": "isomon",
            "mounts": self.mounts(),
            "linux": {
                "cgroupsPath": self.group,
                "namespaces": namespaces,
            },
        });
        if self.filtered {
            config["linux"]["seccomp"] = filter::oci();
        }
        config
    }

    fn mounts(&self) -> Vec<Value> {
        let mut mounts = vec![
            mount("/proc", "proc", "proc", &["nosuid", "nodev", "noexec"]),
            mount("/dev", "tmpfs", "tmpfs", &["nosuid", "mode=755", "size=64k"]),
            mount(
                "/tmp",
                "tmpfs",
                "tmpfs",
                &["nosuid", "nodev", "mode=1777", &format!("size={TMP_MIB}m")],
            ),
        ];
        let seen = self.view.binds();
        mounts.extend(seen.map(|(from, at)| bind(&at.to_string_lossy(), &from.to_string_lossy())));
        mounts.push(bind(PROGRAM, self.program));
        mounts.extend(self.shown.iter().map(|shown| bind(&shown.inside, &shown.host)));
        mounts
    }
}

fn bind(at: &str, from: &str) -> Value {
    mount(at, "bind", from, &["bind", "ro", "nosuid", "nodev"])
}

fn mount(at: &str, kind: &str, from: &str, options: &[&str]) -> Value {
    json!({"destination": at, "type": kind, "source": from, "options": options})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_gets_nothing_it_does_not_need() {
        let view = View { directories: vec!["usr".to_owned()], ..View::default() };
        let command = [PROGRAM.to_owned(), "__payload".to_owned()];
        let container = Container {
            view: &view,
            program: "/opt/isomon",
            command: &command,
            shown: &[],
            env: &[],
            group: "/isomon/r/1",
            filtered: true,
        };
        let config = container.config();
        assert_eq!(config["process"]["capabilities"], json!({}));
        assert_eq!(config["process"]["args"], json!(["/isomon", "__payload"]));
        assert_eq!(config["root"]["readonly"], true);
        let text = config.to_string();
        for absent in ["/root", "/home", "/run", "docker.sock"] {
            assert!(!text.contains(absent), "{absent}");
        }
        assert!(text.contains(r#""kexec_load""#));
    }
}
