//! Who logs in where: a host of a workflow as arguments of `ssh`, and what its refusals mean.
//!
//! Options of ours stand first, for OpenSSH takes the first of each; then `--`, so that no host is ever
//! taken for an option. Passwords are no part of this.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::timeout;

use super::super::local::expand;
use super::super::{Error, HostKeys, Options};
use crate::model::text::SafeText;
use crate::model::workflow;
use crate::ssh::{self, Checking, Made};

/// Time for a question to one of OpenSSH's tools.
const TIME: Duration = Duration::from_secs(5);
/// Most that a tool may say.
const MOST: u64 = 256 << 10;
/// Time from one sign of life to the next; three may be missed.
const ALIVE: Duration = Duration::from_secs(2);
/// Longest reason, in letters; two fingerprints and a command have room.
const LONGEST: usize = 600;

/// Who logs in where.
#[derive(Clone, Debug)]
pub(super) struct Login {
    pub(super) host: SafeText,
    pub(super) address: String,
    pub(super) user: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) key_file: Option<String>,
    pub(super) has_password: bool,
    pub(super) has_passphrase: bool,
    pub(super) options: Options,
}

impl Login {
    /// Checked: nothing in it can be taken for anything else.
    pub(super) fn new(name: &str, host: &workflow::Host, options: &Options) -> Result<Self, Error> {
        let fault = |why: String| Error::Setting { host: name.into(), why: why.into() };
        let address = host.address.clone().unwrap_or_default();
        let address = address.trim_start_matches('[').trim_end_matches(']').to_owned();
        if !ssh::is_name(&address) {
            return Err(fault(format!("{address} is no address of a host")));
        }
        if let Some(user) = host.username.as_deref().filter(|user| !ssh::is_name(user)) {
            return Err(fault(format!("{user} is no name of a user")));
        }
        let key_file = host.key_file.as_deref().map(|file| expand(file).display().to_string());
        if let Some(file) = &key_file {
            // OpenSSH puts variables into the name of a key, and knows no way to write one plainly.
            if file.contains("${") {
                return Err(fault(format!("{file} cannot be a key's file: it holds ${{")));
            }
            if let Err(error) = std::fs::File::open(file) {
                return Err(fault(format!("the key {file} cannot be read: {error}")));
            }
        }
        Ok(Self {
            host: name.into(),
            address,
            user: host.username.clone(),
            port: host.port,
            key_file,
            has_password: host.password.is_some(),
            has_passphrase: host.key_password.is_some(),
            options: options.clone(),
        })
    }

    /// Arguments of a call, before those that say what is wanted.
    pub(super) fn arguments(&self, checking: Checking, is_asked: bool) -> Vec<String> {
        let mut all = Vec::new();
        if let Some(config) = &self.options.config {
            all.extend(["-F".to_owned(), config.display().to_string()]);
        }
        all.extend(["-T", "-x", "-a", "-e", "none"].map(str::to_owned));
        let mut options = ssh::options(checking, self.options.timeout, ALIVE);
        let batch = if is_asked { "BatchMode=no" } else { "BatchMode=yes" };
        options.extend([batch, "NumberOfPasswordPrompts=1"].map(str::to_owned));
        if self.key_file.is_some() {
            options.push("IdentitiesOnly=yes".to_owned());
        }
        if self.has_password {
            let ways = if self.key_file.is_some() { "publickey," } else { "" };
            options.push(format!("PreferredAuthentications={ways}password,keyboard-interactive"));
        }
        all.extend(options.into_iter().flat_map(|option| ["-o".to_owned(), option]));
        if let Some(file) = &self.key_file {
            all.extend(["-i".to_owned(), file.replace('%', "%%")]);
        }
        if let Some(user) = &self.user {
            all.extend(["-l".to_owned(), user.clone()]);
        }
        if let Some(port) = self.port {
            all.extend(["-p".to_owned(), port.to_string()]);
        }
        all
    }

    /// The host, behind a bar.
    pub(super) fn target(&self) -> [String; 2] {
        ["--".to_owned(), self.address.clone()]
    }

    /// A question to `ssh` itself, which connects with nobody or logs in nowhere.
    async fn ask(&self, more: &[&str], on_error: bool) -> (String, bool) {
        let mut command = detached(&self.options.ssh);
        let checking = self.arguments(Checking::Strict, false);
        command.args(more).args(checking).args(["-o", "ControlMaster=no", "-S", "none"]);
        command.args(self.target());
        said(command, on_error).await
    }

    /// What the user's configuration makes of it; `None` where that cannot be learned.
    pub(super) async fn made(&self) -> Option<Made> {
        let (said, is_whole) = self.ask(&["-G"], false).await;
        Made::read(&said).filter(|_| is_whole)
    }

    /// The name its keys are known by, and those that are; `None` where that cannot be learned.
    async fn known(&self) -> Option<(String, Vec<SafeText>)> {
        let made = self.made().await?;
        let keys = known(&made).await?;
        Some((made.name, keys))
    }

    /// How its key is to be checked. Where some key of it is known, one of another type is no new host,
    /// nor is one of which that cannot be learned.
    pub(super) async fn checking(&self) -> Checking {
        match self.options.host_keys {
            HostKeys::AcceptNew if self.known().await.is_some_and(|(_, keys)| keys.is_empty()) => {
                Checking::First
            }
            HostKeys::Strict | HostKeys::AcceptNew => Checking::Strict,
        }
    }

    /// Why nobody is let in, by what `ssh` `said`.
    pub(super) async fn reason(&self, said: &str) -> Error {
        let has = |words: &str| said.contains(words);
        let why = if ssh::is_of_key(said) {
            self.key_refused(said).await
        } else if has("Permission denied (") || has("Too many authentication failures") {
            self.denied(said)
        } else if has("timed out") || has("Timeout, server") {
            self.late()
        } else {
            match ssh::last_line(said) {
                "" => "ssh ended without a word".to_owned(),
                last => last.to_owned(),
            }
        };
        self.unreachable(&why)
    }

    /// That time is over.
    pub(super) fn late(&self) -> String {
        let seconds = self.options.timeout.as_secs();
        format!("no answer within {seconds} s (connecting and logging in by ssh)")
    }

    pub(super) fn unreachable(&self, why: &str) -> Error {
        Error::Unreachable { host: self.host.clone(), why: SafeText::within(why, LONGEST) }
    }

    /// What the user would type behind `ssh`.
    fn typed(&self) -> String {
        let port = self.port.map_or_else(String::new, |port| format!("-p {port} "));
        let user = self.user.as_ref().map_or_else(String::new, |user| format!("{user}@"));
        format!("{port}{user}{}", self.address)
    }

    fn denied(&self, said: &str) -> String {
        let user = self.user.as_ref().map_or_else(String::new, |user| format!("{user}@"));
        let (target, typed) = (format!("{user}{}", self.address), self.typed());
        let tried = match (self.has_password, &self.key_file) {
            (true, Some(_)) => "the key and the password given are not taken",
            (true, None) => "the password given is not taken",
            (false, Some(_)) if self.has_passphrase => {
                "the key given is not taken, or its passphrase is wrong"
            }
            (false, Some(_)) => "the key given is not taken, or it has a passphrase",
            (false, None) => "no key at hand is taken",
        };
        let asks =
            said.rsplit("Permission denied (").next().and_then(|rest| rest.split(')').next());
        let asks = asks.map_or_else(String::new, |asks| format!(" (it takes {asks})"));
        format!("{target} lets nobody in: {tried}{asks}; try: ssh {typed}")
    }

    async fn key_refused(&self, said: &str) -> String {
        let Some((name, known)) = self.known().await else {
            return ssh::key_unlearned(&self.typed());
        };
        let quiet = ["-o", "LogLevel=DEBUG1", "-o", "PreferredAuthentications=none", "-N"];
        // What it had said by then is enough.
        let offered = ssh::offered(&self.ask(&quiet, true).await.0);
        ssh::key_refused(said, &name, &known, offered.as_ref(), &self.typed())
    }
}

/// The keys that are known of a host; `None` where they cannot be learned.
async fn known(made: &Made) -> Option<Vec<SafeText>> {
    let mut keys = Vec::new();
    for file in &made.files {
        let mut command = detached("ssh-keygen");
        command.args(["-l", "-F", &made.name, "-f"]).arg(expand(file));
        let (said, is_whole) = said(command, false).await;
        if !is_whole {
            return None;
        }
        keys.extend(said.lines().filter_map(|line| ssh::key(line, &made.name)));
    }
    Some(keys)
}

/// A program in a session of its own: it has no terminal to ask anything on.
#[expect(unsafe_code, reason = "a terminal can be left in the child alone")]
fn detached(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env("SSH_ASKPASS_REQUIRE", "never").env_remove("SSH_ASKPASS").env_remove("DISPLAY");
    command.stdin(Stdio::null()).kill_on_drop(true);
    // SAFETY: `setsid` may be called between fork and exec, and nothing else is.
    unsafe { command.pre_exec(|| Ok(rustix::process::setsid().map(drop)?)) };
    command
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

    fn login(address: &str, user: Option<&str>) -> Result<Login, Error> {
        let host = workflow::Host {
            address: Some(address.to_owned()),
            username: user.map(str::to_owned),
            port: Some(2222),
            ..workflow::Host::default()
        };
        Login::new("db", &host, &Options::default())
    }

    #[test]
    fn no_field_becomes_an_option_or_a_command() {
        for name in ["-oProxyCommand=reboot", "", "a b", "a;reboot", "$(touch x)", "a\nb", "`x`"] {
            assert!(login(name, None).is_err(), "{name}");
            assert!(login("host", Some(name)).is_err(), "{name}");
        }
        let login = login("[::1]", Some("ann")).unwrap();
        assert_eq!(login.target(), ["--", "::1"]);
        let all = login.arguments(Checking::Strict, false);
        assert!(all.ends_with(&["-l", "ann", "-p", "2222"].map(str::to_owned)), "{all:?}");
        assert!(all.contains(&"StrictHostKeyChecking=yes".to_owned()));
        assert!(all.contains(&"BatchMode=yes".to_owned()));
    }

    #[tokio::test]
    async fn no_host_is_new_whose_known_keys_cannot_be_learned() {
        let mut login = login("host", None).unwrap();
        login.options.host_keys = HostKeys::AcceptNew;
        for program in ["true", "/no/such/program"] {
            program.clone_into(&mut login.options.ssh);
            assert_eq!(login.checking().await, Checking::Strict, "{program}");
        }
        let why = login.key_refused("Host key verification failed.").await;
        assert!(why.contains("cannot be learned"), "{why}");
    }
}
