//! A machine without bubblewrap, whose package system is a script of ours: real commands, real
//! backends, and nothing of the system's own is installed.

#![allow(dead_code, reason = "each test program uses its part")]

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Directories of programs that are searched after `PATH`, whatever it is.
const SYSTEM: [&str; 6] =
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// A directory of programs, before every other.
pub(crate) struct Depot {
    directory: tempfile::TempDir,
}

impl Depot {
    /// One without `bwrap`, until `apt-get install bubblewrap` puts a copy of the machine's own
    /// there; `None` where the machine has none.
    pub(crate) fn new() -> Option<Self> {
        let real = SYSTEM.iter().map(|dir| Path::new(dir).join("bwrap")).find(|at| at.exists())?;
        let depot = Self { directory: tempfile::tempdir().unwrap() };
        std::fs::copy(real, depot.bin().join("stock")).unwrap();
        depot.put("apt-get", &apt_get(depot.bin()));
        Some(depot)
    }

    /// Puts a program there.
    pub(crate) fn put(&self, name: &str, script: &str) {
        let path = self.bin().join(name);
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(crate) fn bin(&self) -> &Path {
        self.directory.path()
    }

    /// What was asked of the package system, a line each.
    pub(crate) fn asked(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.bin().join("log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    /// A `PATH` on which it comes first.
    pub(crate) fn path(&self) -> OsString {
        let usual = std::env::var_os("PATH").unwrap_or_default();
        let usual: Vec<PathBuf> = std::env::split_paths(&usual).collect();
        std::env::join_paths([self.bin().to_owned()].into_iter().chain(usual)).unwrap()
    }
}

/// A package system that writes down what it is asked, insists on being asked as it should be, and
/// installs what is in stock.
fn apt_get(bin: &Path) -> String {
    let bin = bin.display();
    format!(
        r#"#!/bin/sh
echo "$*" >>{bin}/log
[ "$DEBIAN_FRONTEND" = noninteractive ] || {{ echo "would ask" >&2; exit 3; }}
if read -r answer; then echo "standard input is open" >&2; exit 4; fi
[ "$1" = install ] || exit 0
printf 'Reading package lists...\rReading package lists... Done\n'
printf 'Unpacking \033[31mbubblewrap\033[0m ...\n'
/bin/cp {bin}/stock {bin}/bwrap.new && /bin/mv {bin}/bwrap.new {bin}/bwrap
echo "Setting up bubblewrap ..."
"#
    )
}
