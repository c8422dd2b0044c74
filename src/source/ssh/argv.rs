//! How `ssh` is called: the one place where an address becomes arguments.
//!
//! Options of ours stand first, for OpenSSH takes the first of each; then `--`, so that no host is ever
//! taken for an option; then one fixed command.

use std::process::Stdio;

use tokio::process::Command;

use super::super::{Error, Spec};
use crate::config::address::Address;

/// What OpenSSH does about a host key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checking {
    /// A key that is not known is refused.
    Strict,
    /// The first key of a host is taken and remembered.
    First,
    /// Any key is taken and none remembered.
    None,
}

/// Seconds between two signs of life that are asked for, and how many may be missed.
const ALIVE: (u32, u32) = (5, 3);

/// User, host and port of the address.
pub(super) fn parts(spec: &Spec) -> Result<(Option<&str>, &str, Option<u16>), Error> {
    let Address::Ssh { user, host, port } = &spec.address else {
        let remedy = "write ssh://user@host".into();
        return Err(Error::Setting { why: "this is no address of SSH".into(), remedy });
    };
    Ok((user.as_deref(), host.trim_start_matches('[').trim_end_matches(']'), *port))
}

/// Refuses an address that was not made by reading one: a name that is an option, or holds more than
/// names hold.
pub(super) fn check(spec: &Spec) -> Result<(), Error> {
    let (user, host, _) = parts(spec)?;
    let is_part =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'%' | b':');
    let good = |name: &str| !name.is_empty() && !name.starts_with('-') && name.bytes().all(is_part);
    if good(host) && user.is_none_or(good) {
        return Ok(());
    }
    let remedy = "write ssh://user@host".into();
    Err(Error::Setting { why: "this is no name of a host or a user".into(), remedy })
}

/// `ssh` with everything but the host and what is to be done there.
pub(super) fn ssh(spec: &Spec, checking: Checking) -> Command {
    let mut command = detached(&spec.ssh.program);
    if let Some(config) = &spec.ssh.config {
        command.arg("-F").arg(config);
    }
    command.args(["-T", "-x", "-a", "-e", "none"]);
    let seconds = spec.ssh.timeout.as_secs().max(1);
    let (interval, count) = ALIVE;
    let mut option = |text: String| {
        command.args(["-o", text.as_str()]);
    };
    option(format!("ConnectTimeout={seconds}"));
    option(format!("ServerAliveInterval={interval}"));
    option(format!("ServerAliveCountMax={count}"));
    for fixed in [
        "BatchMode=yes",
        "ConnectionAttempts=1",
        "ControlMaster=no",
        "ControlPersist=no",
        "ClearAllForwardings=yes",
        "ForkAfterAuthentication=no",
        "PermitLocalCommand=no",
        "RemoteCommand=none",
        "RequestTTY=no",
        "StdinNull=no",
        "UpdateHostKeys=no",
    ] {
        option(fixed.to_owned());
    }
    match checking {
        Checking::Strict => option("StrictHostKeyChecking=yes".to_owned()),
        Checking::First => option("StrictHostKeyChecking=accept-new".to_owned()),
        Checking::None => {
            option("StrictHostKeyChecking=no".to_owned());
            option("UserKnownHostsFile=/dev/null".to_owned());
        }
    }
    command
}

/// Adds the host to `command`, and what is run there, if anything.
pub(super) fn at(command: &mut Command, spec: &Spec, run: Option<&str>) -> Result<(), Error> {
    let (user, host, port) = parts(spec)?;
    command.args(["-o", if run.is_some() { "SessionType=default" } else { "SessionType=none" }]);
    if let Some(user) = user {
        command.args(["-l", user]);
    }
    if let Some(port) = port {
        command.args(["-p", &port.to_string()]);
    }
    command.args(["--", host]).args(run);
    Ok(())
}

/// A program in a session of its own: it has no terminal to ask anything on, and one signal ends it with
/// all it started.
#[expect(unsafe_code, reason = "a terminal can be left in the child alone")]
pub(super) fn detached(program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env("SSH_ASKPASS_REQUIRE", "never")
        .env_remove("SSH_ASKPASS")
        .env_remove("DISPLAY")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    // SAFETY: `setsid` may be called between fork and exec, and nothing else is.
    unsafe { command.pre_exec(|| Ok(rustix::process::setsid().map(drop)?)) };
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::SourceId;

    fn spec(user: Option<&str>, host: &str) -> Spec {
        let (user, host) = (user.map(str::to_owned), host.to_owned());
        Spec::new(SourceId("a".into()), Address::Ssh { user, host, port: Some(2222) })
    }

    #[test]
    fn the_host_comes_last_and_behind_a_bar() {
        let spec = spec(Some("ann"), "[::1]");
        let mut command = ssh(&spec, Checking::Strict);
        at(&mut command, &spec, Some("run this")).unwrap();
        let arguments: Vec<_> = command.as_std().get_args().map(|a| a.to_str().unwrap()).collect();
        let end = &arguments[arguments.len() - 7..];
        assert_eq!(end, ["-l", "ann", "-p", "2222", "--", "::1", "run this"]);
        assert!(arguments.contains(&"StrictHostKeyChecking=yes"));
    }

    #[test]
    fn no_field_becomes_an_option_or_a_command() {
        let names = ["-oProxyCommand=reboot", "", "a b", "a;reboot", "$(touch x)", "a\nb", "`x`"];
        for name in names {
            assert!(check(&spec(None, name)).is_err(), "{name}");
            assert!(check(&spec(Some(name), "host")).is_err(), "{name}");
        }
        assert!(check(&spec(Some("ann"), "fe80::1%eth0")).is_ok());
        assert!(check(&Spec::new(SourceId("a".into()), Address::Local)).is_err());
    }
}
