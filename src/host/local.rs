//! This machine as a host: each thing it runs has a keeper of its own beside it.
//!
//! Files are moved by the same scripts as on other hosts, so that a path means the same everywhere.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as Pair;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::channel::{self, Channel};
use super::file::{self, Place};
use super::running::{Running, lost, pipe, pump_both};
use super::{
    Answer, End, Error, Fetched, Host, Options, Order, Packed, Piece, Process, Sight, keeper, look,
};
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
        let (wishes, wished) = mpsc::channel(WISHES);
        let (end, is_over) = watch::channel(false);
        let caught_up = pump_both([heard, heard_bad], &out, &is_over);
        let driver =
            Driver { keeper, wished, tell: Arc::new(tell), end, caught_up: Some(caught_up) };
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

impl Host for Local {
    fn name(&self) -> &str {
        self.name.as_str()
    }

    fn start<'a>(
        &'a self,
        order: &'a Order,
        out: mpsc::Sender<Piece>,
    ) -> Answer<'a, Box<dyn Process>> {
        Box::pin(self.begin(order, out))
    }

    fn look<'a>(&'a self, kind: CheckKind, target: &'a str, order: &'a Order) -> Answer<'a, Sight> {
        Box::pin(self.see(kind, target, order))
    }

    fn send<'a>(&'a self, from: &'a Path, to: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let place = Place { host: &self.name, path: to };
            let (size, sum) =
                file::measure(from).await.map_err(|error| unread(&place, from, &error))?;
            let channel = self.channel(file::SEND, &[to, &size.to_string(), &sum]).await?;
            file::send(channel, from, size, &place).await
        })
    }

    fn fetch<'a>(&'a self, from: &'a str, to: &'a Path) -> Answer<'a, Fetched> {
        Box::pin(async move {
            let channel = self.channel(file::FETCH, &[from]).await?;
            file::fetch(channel, &Place { host: &self.name, path: from }, to).await
        })
    }

    fn copy<'a>(&'a self, from: &'a str, other: &'a Arc<dyn Host>, to: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let channel = self.channel(file::PACK, &[from]).await?;
            file::copy(channel, &Place { host: &self.name, path: from }, other, to).await
        })
    }

    fn unpack<'a>(&'a self, to: &'a str, packed: Packed) -> Answer<'a, ()> {
        Box::pin(async move {
            let fields = packed.fields(to);
            let channel =
                self.channel(file::UNPACK, &fields.each_ref().map(String::as_str)).await?;
            file::unpack(channel, &Place { host: &self.name, path: to }, packed).await
        })
    }

    fn remove<'a>(&'a self, path: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let channel = self.channel(file::REMOVE, &[path]).await?;
            file::done(channel, &Place { host: &self.name, path }).await
        })
    }

    fn close(&self) -> Answer<'_, ()> {
        Box::pin(async move {
            self.watch.close().await;
            Ok(())
        })
    }
}

/// A file of this machine that cannot be sent.
pub(super) fn unread(to: &Place<'_>, from: &Path, error: &std::io::Error) -> Error {
    to.fault(&format!("{} cannot be read: {error}", from.display()))
}

/// A keeper that was started, and the socket to it.
#[derive(Debug)]
pub(super) struct Keeper {
    child: Child,
    said: Lines<BufReader<OwnedReadHalf>>,
    orders: Option<OwnedWriteHalf>,
}

impl Keeper {
    /// Starts one. `command` has its arguments and its outputs.
    pub(super) fn start(mut command: Command) -> std::io::Result<Self> {
        let (ours, theirs) = Pair::pair()?;
        ours.set_nonblocking(true)?;
        command.stdin(Stdio::from(OwnedFd::from(theirs))).process_group(0);
        let child = command.spawn()?;
        // The outputs go with the command, or they would never end.
        drop(command);
        let (said, orders) = UnixStream::from_std(ours)?.into_split();
        Ok(Self { child, said: BufReader::new(said).lines(), orders: Some(orders) })
    }

    /// The process it keeps, or why there is none.
    pub(super) async fn pid(&mut self) -> Result<u32, String> {
        let line = self.line().await.unwrap_or_default();
        match line.split_once(' ') {
            Some(("pid", pid)) => pid.parse().map_err(|_| "it has no process".to_owned()),
            Some(("fail", why)) => Err(why.to_owned()),
            _ => Err("isomon's own keeper did not start".to_owned()),
        }
    }

    async fn line(&mut self) -> Option<String> {
        self.said.next_line().await.ok().flatten()
    }

    async fn order(&mut self, grace: Duration) {
        if let Some(orders) = &mut self.orders {
            // Ignored: a keeper that is gone says so by closing.
            orders.write_all(format!("end {}\n", grace.as_millis()).as_bytes()).await.ok();
        }
    }

    /// Lets go, and waits until nothing is left.
    pub(super) async fn leave(mut self) {
        drop((self.orders.take(), self.said));
        self.child.wait().await.ok();
    }

    /// Waits until what it keeps has ended by itself.
    pub(super) async fn ended(&mut self) {
        self.line().await;
    }
}

/// Who hears the keeper and tells the owner.
struct Driver {
    keeper: Keeper,
    wished: mpsc::Receiver<Duration>,
    tell: Arc<watch::Sender<Option<End>>>,
    end: watch::Sender<bool>,
    caught_up: Option<[oneshot::Receiver<()>; 2]>,
}

impl Driver {
    /// Until the owner lets go, or everything is over.
    async fn drive(mut self, over: CancellationToken) {
        loop {
            tokio::select! {
                line = self.keeper.line() => match line {
                    Some(line) => self.ended(&line),
                    None => break,
                },
                wish = self.wished.recv() => match wish {
                    Some(grace) => self.keeper.order(grace).await,
                    None => break,
                },
                () = over.cancelled() => break,
            }
        }
        let unheard = self.caught_up.take();
        self.keeper.leave().await;
        if unheard.is_some() && self.tell.borrow().is_none() {
            self.tell.send_replace(Some(lost("it was ended with all that ran here")));
        }
    }

    /// `exit 0` or `signal 9`, once all that was written by then is passed on.
    fn ended(&mut self, line: &str) {
        let Some(caught_up) = self.caught_up.take() else { return };
        let (word, number) = line.split_once(' ').unwrap_or((line, ""));
        let number = number.parse().ok();
        let (exit, signal) = if word == "exit" { (number, None) } else { (None, number) };
        let tell = Arc::clone(&self.tell);
        self.end.send_replace(true);
        tokio::spawn(async move {
            for caught_up in caught_up {
                // Ignored: a stream that is closed has nothing more.
                caught_up.await.ok();
            }
            tell.send_replace(Some(End { exit, signal, lost: None }));
        });
    }
}
