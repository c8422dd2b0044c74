//! A host by SSH: the system's OpenSSH, with the user's own configuration, keys and jump hosts.
//!
//! One connection, and as many sessions over it as are needed; a further connection where the server
//! allows no more on one. A connection that is lost is made anew when it is needed again.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::{Mutex, OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;

use super::channel::{self, Channel};
use super::ground::Ground;
use super::local::Watch;
use super::{Answer, Error, Options, Order, Piece, Process, Sight, look};
use crate::model::secret::Secret;
use crate::model::text::SafeText;
use crate::model::workflow::{self, CheckKind};
use crate::ssh::Checking;

pub(super) mod answer;
mod login;
mod master;
mod secret;
mod task;

use answer::Secrets;
use login::Login;
use master::Master;

/// Time for a port to take a connection.
const DIAL: Duration = Duration::from_secs(3);
/// Connections to one host.
const MASTERS: usize = 32;

/// What the ones that go through a connection say on their error output.
const LEVEL: &str = "LogLevel=ERROR";

/// What the host is asked to run `script`: behind the bar a name that is not used, and one line.
fn asked(script: &str) -> [String; 3] {
    let line = channel::line(channel::whole(script).len());
    ["--".to_owned(), "isomon".to_owned(), line]
}

/// The words by which `host` is connected with, and those by which each task of it goes through that
/// connection; `socket` stands for the file between them. Nothing is asked, and no secret is among them.
pub(super) fn words(
    name: &str,
    host: &workflow::Host,
    options: &Options,
    socket: &Path,
) -> Result<[Vec<String>; 2], Error> {
    let login = Login::new(name, host, options)?;
    let is_asked = host.password.is_some() || host.key_password.is_some();
    let connect = master::words(&login, Checking::Strict, is_asked, socket);
    let mut through = master::through(socket, LEVEL);
    through.extend(asked(task::RUN).map(Into::into));
    let argv = |words: Vec<OsString>| {
        let words = words.into_iter().map(|word| word.to_string_lossy().into_owned());
        std::iter::once(options.ssh.clone()).chain(words).collect()
    };
    Ok([argv(connect), argv(through)])
}

/// A host reached by SSH.
#[derive(Debug)]
pub(super) struct Remote {
    name: SafeText,
    login: Login,
    secrets: Secrets,
    masters: Mutex<Vec<Arc<Master>>>,
    /// What runs there; it is ended before the connections are.
    watch: Watch,
    lines: Watch,
}

impl Remote {
    /// Connects and logs in. What it finds to log in with goes to `found` as well.
    pub(super) async fn open(
        name: &str,
        host: &workflow::Host,
        options: &Options,
        found: &mut Vec<Secret>,
    ) -> Result<Self, Error> {
        let login = Login::new(name, host, options)?;
        let of = |given: &Option<Secret>| given.clone();
        let what = format!("passphrase of {}", login.key_file.as_deref().unwrap_or_default());
        let password = secret::find(name, "password", of(&host.password), options).await?;
        found.extend(password.clone());
        let passphrase = secret::find(name, &what, of(&host.key_password), options).await?;
        found.extend(passphrase.clone());
        let mut secrets = Secrets { password, passphrase, ..Secrets::default() };
        if !secrets.is_empty() {
            secrets.login = login.made().await.unwrap_or_default().login;
            secrets.key_file = login.key_file.clone().unwrap_or_default();
        }
        let (masters, watch, lines) = (Mutex::default(), Watch::default(), Watch::default());
        let remote = Self { name: name.into(), login, secrets, masters, watch, lines };
        drop(remote.place().await?);
        Ok(remote)
    }

    /// A place on a connection; one is made where there is none.
    async fn place(&self) -> Result<(Arc<Master>, OwnedSemaphorePermit), Error> {
        let mut masters = self.masters.lock().await;
        masters.retain(|master| master.is_up());
        let free = masters.iter().find_map(|master| Some((Arc::clone(master), master.place()?)));
        if let Some(free) = free {
            return Ok(free);
        }
        if masters.len() >= MASTERS || self.watch.over.is_cancelled() {
            let why =
                if masters.is_empty() { "it is closed" } else { "too much runs there at once" };
            return Err(Error::Lost { host: self.name.clone(), why: why.into() });
        }
        let master = Arc::new(Master::open(&self.login, &self.secrets, &self.lines).await?);
        masters.push(Arc::clone(&master));
        let place = master.place();
        let lost = || self.login.unreachable("the connection ended at once");
        place.map(|place| (master, place)).ok_or_else(lost)
    }

    async fn channel(&self, script: &str, fields: &[&str]) -> Result<Channel, Error> {
        let (master, place) = self.place().await?;
        let mut command = master.through(&self.login.options.ssh, LEVEL);
        command.args(asked(script));
        Channel::open(command, Some(place), &self.name, script, fields).await
    }

    async fn begin(
        &self,
        order: &Order,
        out: mpsc::Sender<Piece>,
    ) -> Result<Box<dyn Process>, Error> {
        let fields = task::fields(order).map_err(|why| Error::Start {
            host: self.name.clone(),
            program: order.argv.first().map_or("", String::as_str).into(),
            why: why.into(),
        })?;
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let channel = self.channel(task::RUN, &fields).await?;
        let (running, driver) = task::begin(channel, order, out).await?;
        self.watch.tasks.spawn(driver.drive(self.watch.over.clone()));
        Ok(Box::new(running))
    }

    /// A connection to a port as seen from there; nothing is needed there for it.
    async fn dial(
        &self,
        (host, port): (&str, u16),
    ) -> Result<(Command, OwnedSemaphorePermit), Error> {
        let (master, place) = self.place().await?;
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let mut command = master.through(&self.login.options.ssh, "LogLevel=QUIET");
        command.args(["-W", &format!("{host}:{port}"), "--", "isomon"]);
        Ok((command, place))
    }

    async fn see(&self, kind: CheckKind, target: &str, order: &Order) -> Result<Sight, Error> {
        let address = look::http(target).filter(|_| kind == CheckKind::Http);
        if let Some(address) = address {
            return self.ask(&address).await;
        }
        let at = match kind {
            CheckKind::Command => return look::run(self, order).await,
            CheckKind::Port => Some(look::port(&self.name, target)?),
            _ => None,
        };
        let fields = look::fields(kind, target, at.as_ref());
        look::hear(self.channel(look::SCRIPT, &fields.each_ref().map(String::as_str)).await?).await
    }

    async fn ask(&self, address: &(String, u16, String)) -> Result<Sight, Error> {
        let (mut command, _place) = self.dial((&address.0, address.1)).await?;
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        command.stderr(std::process::Stdio::null());
        let lost = |why: &str| Error::Lost { host: self.name.clone(), why: why.into() };
        let mut child = command.spawn().map_err(|error| lost(&error.to_string()))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(lost("no channel"));
        };
        let asked = look::ask(tokio::io::join(output, input), address);
        let seen = timeout(look::TIME.min(DIAL * 2), asked).await;
        let seen = seen.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
        Ok(seen.unwrap_or_else(|_| look::seen(false, "there is no answer")))
    }
}

impl Ground for Remote {
    fn called(&self) -> &SafeText {
        &self.name
    }

    fn reach<'a>(&'a self, script: &'static str, fields: Vec<String>) -> Answer<'a, Channel> {
        Box::pin(async move {
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            self.channel(script, &fields).await
        })
    }

    fn begun<'a>(
        &'a self,
        order: &'a Order,
        out: mpsc::Sender<Piece>,
    ) -> Answer<'a, Box<dyn Process>> {
        Box::pin(self.begin(order, out))
    }

    fn seen<'a>(&'a self, kind: CheckKind, target: &'a str, order: &'a Order) -> Answer<'a, Sight> {
        Box::pin(self.see(kind, target, order))
    }

    fn left(&self) -> Answer<'_, ()> {
        Box::pin(async move {
            self.watch.close().await;
            self.lines.close().await;
            Ok(())
        })
    }
}
