//! A test that changes the machine runs in a network and with mounts of its own, which go with it.

use std::path::Path;
use std::process::{Command, Stdio};

/// Says who runs there.
const MARK: &str = "ISOMON_TEST_APART";

/// Whether a test cannot run here, which is said; that is a failure where everything must run.
pub(crate) fn skip(why: &str) {
    assert!(std::env::var_os("ISOMON_REQUIRE_LIVE").is_none_or(|live| live != "1"), "{why}");
    println!("passed over: {why}");
}

/// Runs the ignored test `name` of this program apart.
pub(crate) fn run(name: &str) {
    let missing = ["/usr/bin/unshare"].iter().find(|tool| !Path::new(tool).exists());
    if !rustix::process::geteuid().is_root() || missing.is_some() {
        return skip("needs root and unshare");
    }
    let mut command = Command::new("unshare");
    command.args(["--net", "--mount", "--propagation", "private", "sh", "-c"]);
    command.arg("ip link set lo up && exec \"$@\"").arg("sh").arg(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--ignored", "--nocapture"]).env(MARK, "1");
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = crate::home::out(&output) + &crate::home::err(&output);
    print!("{said}");
    if said.contains("ip: not found") || said.contains("Operation not permitted") {
        return skip("no network of its own can be had here, or there is no ip (iproute2)");
    }
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// Whether this is such a run.
pub(crate) fn is() -> bool {
    std::env::var_os(MARK).is_some()
}
