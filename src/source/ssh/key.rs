//! Host keys: which are known of a host, and which one it offers.
//!
//! Asked of OpenSSH's own tools with the user's own configuration (`ssh -G`, `ssh-keygen -F`), so that
//! hashed names, revoked keys and authorities are understood as OpenSSH does. Nothing is ever changed.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::timeout;

use super::super::{HostKey, Spec};
use super::argv::{self, Checking};
use crate::model::text::SafeText;

/// Time for each of these questions.
const TIME: Duration = Duration::from_secs(5);
/// Most that a tool may say.
const MOST: u64 = 256 << 10;

/// How a host's key is to be checked. Where some key of a host is known, one of another type is no new
/// host: OpenSSH's `accept-new` would take it.
pub(super) async fn checking(spec: &Spec) -> Checking {
    match spec.ssh.host_key {
        HostKey::No => Checking::None,
        HostKey::AcceptNew if known(spec).await.keys.is_empty() => Checking::First,
        HostKey::Yes | HostKey::AcceptNew => Checking::Strict,
    }
}

/// What is known of a host's keys.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The name its keys are known by, as `ssh-keygen` wants it.
    pub(super) name: SafeText,
    /// Each key: type and fingerprint, or what it is marked as.
    pub(super) keys: Vec<SafeText>,
}

/// Looks for the keys of the host in the files that the user's configuration names.
pub(super) async fn known(spec: &Spec) -> Known {
    let mut command = argv::ssh(spec, Checking::Strict);
    command.arg("-G");
    if argv::at(&mut command, spec, None).is_err() {
        return Known::default();
    }
    let said = said(command, false).await;
    let value = |name: &str| {
        let mut lines = said.lines().filter_map(|line| line.split_once(' '));
        lines.find(|(known, _)| *known == name).map(|(_, value)| value.trim())
    };
    let host = value("hostkeyalias").filter(|alias| *alias != "none").or_else(|| value("hostname"));
    let Some(host) = host else { return Known::default() };
    let name = match value("port") {
        Some(port) if port != "22" && value("hostkeyalias").is_none() => format!("[{host}]:{port}"),
        _ => host.to_owned(),
    };
    let files = [value("userknownhostsfile"), value("globalknownhostsfile")];
    let mut keys = Vec::new();
    for file in files.into_iter().flatten().flat_map(str::split_ascii_whitespace) {
        let mut command = argv::detached("ssh-keygen");
        command.args(["-l", "-F", &name, "-f", &at_home(file)]);
        keys.extend(self::said(command, false).await.lines().filter_map(|line| key(line, &name)));
    }
    Known { name: name.into(), keys }
}

/// `NAME ED25519 SHA256:…` as type and fingerprint; `# Host NAME found: line 3 REVOKED` as a mark.
fn key(line: &str, name: &str) -> Option<SafeText> {
    if let Some(comment) = line.strip_prefix("# ") {
        let mark = comment.rsplit(' ').next().filter(|mark| matches!(*mark, "REVOKED" | "CA"))?;
        return Some(SafeText::new(mark));
    }
    let rest = line.strip_prefix(name).or_else(|| line.split_once(' ').map(|(_, rest)| rest))?;
    let mut words = rest.split_ascii_whitespace();
    let (first, second) = (words.next()?, words.next()?);
    let is_print = second.starts_with("SHA256:");
    is_print.then(|| SafeText::within(&format!("{first} {second}"), 96))
}

fn at_home(file: &str) -> String {
    match (file.strip_prefix("~/"), std::env::var("HOME")) {
        (Some(rest), Ok(home)) => format!("{home}/{rest}"),
        _ => file.to_owned(),
    }
}

/// The key that the host offers: type and fingerprint. Logs in nowhere: the key is refused or, were it
/// good by now, no command follows and all of it is ended.
pub(super) async fn offered(spec: &Spec) -> Option<SafeText> {
    let mut command = argv::ssh(spec, Checking::Strict);
    command.args(["-o", "LogLevel=DEBUG1", "-o", "PreferredAuthentications=none"]);
    argv::at(&mut command, spec, None).ok()?;
    let said = said(command, true).await;
    let mut lines =
        said.lines().filter_map(|line| line.trim().strip_prefix("debug1: Server host key: "));
    lines.next_back().map(|key| SafeText::within(key, 96))
}

/// What a program says on its output, or on its error output, in the time it has.
async fn said(mut command: Command, on_error: bool) -> String {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else { return String::new() };
    let mut text = Vec::new();
    let read = async {
        match (child.stdout.take(), child.stderr.take()) {
            (_, Some(stderr)) if on_error => stderr.take(MOST).read_to_end(&mut text).await,
            (Some(stdout), _) => stdout.take(MOST).read_to_end(&mut text).await,
            _ => Ok(0),
        }
    };
    // What it had said by then is enough.
    timeout(TIME, read).await.ok();
    child.start_kill().ok();
    timeout(TIME, child.wait()).await.ok();
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_the_tool_writes_them() {
        let read = |line| key(line, "[127.0.0.1]:2222").map(|key| key.to_string());
        let row = "[127.0.0.1]:2222 ED25519 SHA256:abc";
        assert_eq!(read(row).as_deref(), Some("ED25519 SHA256:abc"));
        assert_eq!(read("|1|x=|y= RSA SHA256:def").as_deref(), Some("RSA SHA256:def"));
        assert_eq!(
            read("# Host [127.0.0.1]:2222 found: line 3 REVOKED").as_deref(),
            Some("REVOKED")
        );
        assert_eq!(read("# Host [127.0.0.1]:2222 found: line 3"), None);
        assert_eq!(read(""), None);
    }
}
