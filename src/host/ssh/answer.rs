//! Answers what OpenSSH asks: passwords and passphrases, to the host they are meant for alone.
//!
//! OpenSSH runs a program to ask. That program is isomon, by a link in the connection's own directory; it
//! passes the question through a socket beside the link and writes down what it is answered. So a secret
//! is in no argument, no environment and no file. A jump host that asks is answered nothing.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream as Plain;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;

use crate::model::secret::Secret;

/// The name that isomon is called by to ask.
pub(super) const NAME: &str = "isomon-askpass";
/// The socket beside it.
pub(super) const SOCKET: &str = "ask";
/// Longest question.
const LONGEST: usize = 1 << 10;
/// Time for a question to be asked.
const TIME: Duration = Duration::from_secs(5);
/// How much of an address and a path OpenSSH writes into a question.
const WRITTEN: [usize; 3] = [30, 128, 100];
/// How often each is answered: a password is asked for in two ways.
const TIMES: u8 = 2;

/// Whether this process is the one that asks.
pub(in crate::host) fn is_asked(arguments: &[OsString]) -> bool {
    arguments.first().is_some_and(|own| Path::new(own).file_name().is_some_and(|name| name == NAME))
}

/// Asks what the arguments say, and writes the answer.
pub(in crate::host) fn run(arguments: &[OsString]) -> ExitCode {
    let answer = arguments.first().and_then(|own| {
        let question = arguments.get(1)?.to_string_lossy().into_owned();
        let mut socket = Plain::connect(Path::new(own).with_file_name(SOCKET)).ok()?;
        socket.write_all(question.as_bytes()).ok()?;
        socket.shutdown(std::net::Shutdown::Write).ok()?;
        let mut answer = Vec::new();
        socket.take(LONGEST as u64).read_to_end(&mut answer).ok()?;
        (!answer.is_empty()).then_some(answer)
    });
    let written = answer.is_some_and(|answer| std::io::stdout().write_all(&answer).is_ok());
    if written { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What may be answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets {
    /// The password of `login`.
    pub(super) password: Option<Secret>,
    /// The passphrase of `key_file`.
    pub(super) passphrase: Option<Secret>,
    /// Who logs in where: `ann@10.0.0.5`.
    pub(super) login: String,
    /// The key.
    pub(super) key_file: String,
}

impl Secrets {
    /// Whether there is nothing to answer with.
    pub(super) fn is_empty(&self) -> bool {
        self.password.is_none() && self.passphrase.is_none()
    }

    /// Which secret a question is for.
    fn meant(&self, question: &str) -> Option<(usize, &Secret)> {
        let cut = |text: &str, most: usize| text.chars().take(most).collect::<String>();
        let [user_most, host_most, path_most] = WRITTEN;
        let key = format!("Enter passphrase for key '{}", cut(&self.key_file, path_most));
        if question.starts_with(&key) {
            return Some((0, self.passphrase.as_ref()?));
        }
        let (user, host) = self.login.split_once('@')?;
        let plain = format!("{}@{}'s password", cut(user, user_most), cut(host, host_most));
        let other = format!("({user}@{host}) ");
        let is_other = || question.starts_with(&other) && question.to_lowercase().contains("passw");
        let is_meant = question.starts_with(&plain) || is_other();
        Some((1, self.password.as_ref().filter(|_| is_meant)?))
    }
}

/// Answers what is asked at `listener`, until it is dropped.
pub(super) async fn answer(listener: UnixListener, secrets: Secrets) {
    let mut answered = [0_u8; 2];
    while let Ok((socket, _)) = listener.accept().await {
        // Ignored: who asks and does not wait is answered nothing.
        timeout(TIME, reply(socket, &secrets, &mut answered)).await.ok();
    }
}

async fn reply(
    mut socket: UnixStream,
    secrets: &Secrets,
    answered: &mut [u8; 2],
) -> std::io::Result<()> {
    let own = rustix::process::geteuid().as_raw();
    if socket.peer_cred()?.uid() != own {
        return Ok(());
    }
    let mut question = Vec::new();
    (&mut socket).take(LONGEST as u64).read_to_end(&mut question).await?;
    let question = String::from_utf8_lossy(&question);
    let Some((which, secret)) = secrets.meant(&question) else { return Ok(()) };
    let Some(times) = answered.get_mut(which).filter(|times| **times < TIMES) else {
        return Ok(());
    };
    *times += 1;
    socket.write_all(secret.reveal().as_bytes()).await?;
    socket.write_all(b"\n").await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_goes_to_whom_it_is_for() {
        let secrets = Secrets {
            password: Some(Secret::new("pass")),
            passphrase: Some(Secret::new("phrase")),
            login: "ann@10.0.0.5".into(),
            key_file: "/k/id".into(),
        };
        let told = |question| secrets.meant(question).map(|(_, secret)| secret.reveal());
        assert_eq!(told("ann@10.0.0.5's password: "), Some("pass"));
        assert_eq!(told("(ann@10.0.0.5) Password: "), Some("pass"));
        assert_eq!(told("Enter passphrase for key '/k/id': "), Some("phrase"));
        for other in [
            "ann@jump's password: ",
            "(ann@jump) Password: ",
            "(ann@10.0.0.5) Enter passphrase for key '/k/id': x",
            "Enter passphrase for key '/other': ",
            "Are you sure you want to continue connecting (yes/no)? ",
            "(ann@10.0.0.5) One-time code: ",
        ] {
            assert_eq!(told(other), None, "{other}");
        }
    }
}
