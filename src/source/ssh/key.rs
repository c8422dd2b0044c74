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
use super::argv;
use crate::model::text::SafeText;
use crate::ssh::{self, Checking, Made};

/// Time for each of these questions.
const TIME: Duration = Duration::from_secs(5);
/// Most that a tool may say.
const MOST: u64 = 256 << 10;

/// How a host's key is to be checked. Where some key of a host is known, one of another type is no new
/// host: OpenSSH's `accept-new` would take it. Nor is any host new of which that cannot be learned.
pub(super) async fn checking(spec: &Spec) -> Checking {
    match spec.ssh.host_key {
        HostKey::No => Checking::None,
        HostKey::AcceptNew if known(spec).await.is_some_and(|known| known.keys.is_empty()) => {
            Checking::First
        }
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

/// Looks for the keys of the host in the files that the user's configuration names; `None` where they
/// cannot be learned.
pub(super) async fn known(spec: &Spec) -> Option<Known> {
    let mut command = argv::call(spec, Checking::Strict);
    command.arg("-G");
    argv::at(&mut command, spec, None).ok()?;
    let Made { name, files, .. } = Made::read(&whole(command).await?)?;
    let mut keys = Vec::new();
    for file in &files {
        let mut command = argv::detached("ssh-keygen");
        command.args(["-l", "-F", &name, "-f", &at_home(file)]);
        keys.extend(whole(command).await?.lines().filter_map(|line| ssh::key(line, &name)));
    }
    Some(Known { name: name.into(), keys })
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
    let mut command = argv::call(spec, Checking::Strict);
    command.args(["-o", "LogLevel=DEBUG1", "-o", "PreferredAuthentications=none"]);
    argv::at(&mut command, spec, None).ok()?;
    // What it had said by then is enough.
    ssh::offered(&said(command, true).await.0)
}

/// All that a program says on its output; `None` where it did not come to its end in time.
async fn whole(command: Command) -> Option<String> {
    let (text, is_whole) = said(command, false).await;
    is_whole.then_some(text)
}

/// What a program says on its output, or on its error output, in the time it has, and whether that is all.
async fn said(mut command: Command, on_error: bool) -> (String, bool) {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else { return (String::new(), false) };
    let mut text = Vec::new();
    let read = async {
        match (child.stdout.take(), child.stderr.take()) {
            (_, Some(stderr)) if on_error => stderr.take(MOST).read_to_end(&mut text).await,
            (Some(stdout), _) => stdout.take(MOST).read_to_end(&mut text).await,
            _ => Ok(0),
        }
    };
    let is_whole = timeout(TIME, read).await.is_ok_and(|read| read.is_ok());
    child.start_kill().ok();
    timeout(TIME, child.wait()).await.ok();
    (String::from_utf8_lossy(&text).into_owned(), is_whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::address::Address;
    use crate::model::id::SourceId;

    #[tokio::test]
    async fn no_host_is_new_whose_known_keys_cannot_be_learned() {
        let address = Address::Ssh { user: None, host: "host".to_owned(), port: None };
        let mut spec = Spec::new(SourceId("a".into()), address);
        spec.ssh.host_key = HostKey::AcceptNew;
        for program in ["true", "/no/such/program"] {
            program.clone_into(&mut spec.ssh.program);
            assert_eq!(checking(&spec).await, Checking::Strict, "{program}");
        }
    }
}
