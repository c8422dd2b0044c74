//! How `ssh` is called: the one place where an address becomes arguments.
//!
//! Options of ours stand first, for OpenSSH takes the first of each; then `--`, so that no host is ever
//! taken for an option; then one fixed command.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::super::{Error, Spec};
use crate::config::address::Address;
use crate::ssh::{self, Checking};

/// Time from one sign of life to the next.
const ALIVE: Duration = Duration::from_secs(5);

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
    if ssh::is_name(host) && user.is_none_or(ssh::is_name) {
        return Ok(());
    }
    let remedy = "write ssh://user@host".into();
    Err(Error::Setting { why: "this is no name of a host or a user".into(), remedy })
}

/// `ssh` with everything but the host and what is to be done there.
pub(super) fn call(spec: &Spec, checking: Checking) -> Command {
    let mut command = detached(&spec.ssh.program);
    if let Some(config) = &spec.ssh.config {
        command.arg("-F").arg(config);
    }
    command.args(["-T", "-x", "-a", "-e", "none"]);
    let mut options = ssh::options(checking, spec.ssh.timeout, ALIVE);
    options.extend(["BatchMode=yes", "ControlMaster=no"].map(str::to_owned));
    for option in options {
        command.args(["-o", &option]);
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
        let mut command = call(&spec, Checking::Strict);
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
