//! This machine as a host: each thing it runs has a keeper of its own beside it.
//!
//! Files are moved by the same scripts as on other hosts, so that a path means the same everywhere.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::channel::{self, Channel};
use super::ground::Ground;
use super::kept::{Driver, Keeper};
use super::running::{Running, pipe, pump_both};
use super::{Answer, Error, Options, Order, Piece, Process, Sight, keeper, look};
use crate::model::text::SafeText;
use crate::model::workflow::CheckKind;

/// Time in which everything that runs has to end when the host is closed.
const CLOSING: Duration = Duration::from_secs(6);
/// Orders that wait for the keeper.
const WISHES: usize = 4;
/// Time for a connection to be made.
const DIAL: Duration = Duration::from_secs(2);

/// This machine.
#[derive(Debug)]
pub(super) struct Local {
    name: SafeText,
    program: PathBuf,
    watch: Watch,
}

/// All that is watched over, until it is closed.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    pub(super) over: CancellationToken,
    pub(super) tasks: TaskTracker,
}

impl Watch {
    /// Ends everything and waits until it has.
    pub(super) async fn close(&self) {
        self.over.cancel();
        self.tasks.close();
        // What has not ended by then is being killed by its keeper.
        timeout(CLOSING, self.tasks.wait()).await.ok();
    }
}

impl Local {
    pub(super) fn new(name: &str, options: &Options) -> Self {
        Self { name: name.into(), program: options.program.clone(), watch: Watch::default() }
    }

    async fn channel(&self, script: &str, fields: &[&str]) -> Result<Channel, Error> {
        let length = channel::whole(script).len();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &channel::line(length)]);
        Channel::open(command, None, &self.name, script, fields).await
    }

    fn refused(&self, program: &str, why: &str) -> Error {
        Error::Start { host: self.name.clone(), program: program.into(), why: why.into() }
    }

    async fn begin(
        &self,
        order: &Order,
        out: mpsc::Sender<Piece>,
    ) -> Result<Box<dyn Process>, Error> {
        let program = order.argv.first().map_or("", String::as_str);
        let no = |error: std::io::Error| self.refused(program, &error.to_string());
        if let Some(dir) = order.dir.as_deref().filter(|dir| !expand(dir).is_dir()) {
            return Err(self.refused(dir, "there is no such directory"));
        }
        let mut command = Command::new(&self.program);
        command.arg(keeper::NAME).arg("-").args(&order.argv);
        command.envs(order.env.iter().map(|(name, value)| (name, value)));
        if let Some(dir) = &order.dir {
            command.current_dir(expand(dir));
        }
        let ((output, heard), (error, heard_bad)) = (pipe().map_err(no)?, pipe().map_err(no)?);
        command.stdout(output).stderr(error);
        let mut keeper = Keeper::start(command).map_err(no)?;
        let pid = keeper.pid().await.map_err(|why| self.refused(program, &why))?;
        let (tell, outcome) = watch::channel(None);
        let (wishes, given) = mpsc::channel(WISHES);
        let (end, is_over) = watch::channel(false);
        let caught_up = pump_both([heard, heard_bad], &out, &is_over);
        let driver =
            Driver { keeper, given, tell: Arc::new(tell), end, caught_up: Some(caught_up) };
        self.watch.tasks.spawn(driver.drive(self.watch.over.clone()));
        Ok(Box::new(Running { pid: Some(pid), wishes, outcome }))
    }

    async fn see(&self, kind: CheckKind, target: &str, order: &Order) -> Result<Sight, Error> {
        if kind == CheckKind::Command {
            return look::run(self, order).await;
        }
        if kind == CheckKind::Port {
            let at = look::port(&self.name, target)?;
            let said = match dial(&at).await {
                Ok(_) => look::seen(true, format!("port {} is open", at.1)),
                Err(_) => look::seen(false, format!("port {} is closed", at.1)),
            };
            return Ok(said);
        }
        if let Some(address) = look::http(target).filter(|_| kind == CheckKind::Http) {
            let asked =
                async { look::ask(dial(&(address.0.clone(), address.1)).await?, &address).await };
            let seen = timeout(look::TIME, asked).await;
            let seen = seen.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
            return Ok(seen.unwrap_or_else(|error| look::seen(false, error.to_string())));
        }
        let fields = look::fields(kind, target, None);
        look::hear(self.channel(look::SCRIPT, &fields.each_ref().map(String::as_str)).await?).await
    }
}

/// A connection to a port, as seen from here.
async fn dial((host, port): &(String, u16)) -> std::io::Result<tokio::net::TcpStream> {
    let connect = tokio::net::TcpStream::connect((host.as_str(), *port));
    timeout(DIAL, connect).await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
}

/// A path in which `~/` is the home directory.
pub(super) fn expand(path: &str) -> PathBuf {
    let home = || std::env::var_os("HOME").map(PathBuf::from);
    match (path.strip_prefix("~/"), path) {
        (Some(rest), _) => home().map_or_else(|| path.into(), |home| home.join(rest)),
        (None, "~") => home().unwrap_or_else(|| path.into()),
        _ => path.into(),
    }
}

impl Ground for Local {
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
            Ok(())
        })
    }
}
