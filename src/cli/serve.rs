//! `isomon serve`: this machine, watched and readable by others.
//!
//! What is asked for is checked before anything is opened: whoever could be reached from elsewhere and
//! lets everybody in does not start.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use color_eyre::eyre::{Result, WrapErr};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::advice::Advise;
use super::setting::Setting;
use super::signals::{Signals, Terminal};
use super::{Exit, Outcome, alerts, local_watch, log, print, record, recorder, runtime, shield};
use crate::alert::Begun;
use crate::hub::Hub;
use crate::hub::local::Local;
use crate::model::alert::AlertWish;
use crate::model::command::Command;
use crate::model::time::SystemClock;
use crate::model::update::{Update, What};
use crate::record::history::Recording;
use crate::record::remote::Settings;
use crate::serve::gate::Gate;
use crate::serve::history::History;
use crate::serve::listen::Server;
use crate::serve::result::Results;
use crate::serve::run::Runs;
use crate::serve::{self, Context};
use crate::store::result::shelf::Shelf;
use crate::watch::Pace;

mod args;
mod lean;
mod listen;
mod pace;
mod remote;
mod safety;
mod screen;
mod token;
pub(super) mod workload;

pub use args::ServeArgs;

/// Updates that may wait to be folded.
const ROOM: usize = 1_024;
/// Sentences that may wait to be said.
const SENTENCES: usize = 16;

/// What stands below the flags.
pub(super) const AFTER_HELP: &str = "\
On this machine everybody may read. What acts has to be allowed by its flag, and where there is a
token, whoever acts sends it: Authorization: Bearer TOKEN. An address that can be reached from
elsewhere needs a token and TLS, and every request from elsewhere the token.

Examples:
  isomon serve
  isomon serve --web, and in a browser: http://127.0.0.1:7070/screen
  isomon serve --allow-bench --token-file ~/.config/isomon/token
  isomon serve --listen 0.0.0.0:7070 --token-file token --tls-self
  ssh -L 7070:127.0.0.1:7070 node, and there: isomon serve
  curl -s http://127.0.0.1:7070/v1/nodes

The rules of alerts are read again when their file changes, and on SIGHUP.";

/// `config` is the settings file that was named, if any.
pub(super) fn run(wish: &ServeArgs, setting: &Setting, config: Option<&Path>) -> Outcome {
    log::to_stderr()?;
    lean::prepare();
    runtime::block_on(async {
        if wish.stdio { stdio(wish, setting).await } else { http(wish, setting, config).await }
    })?
}

/// This machine, watched, and what its handlers share.
struct Watched {
    context: Arc<Context>,
    stop: CancellationToken,
    hub: JoinHandle<()>,
    recording: Option<Recording>,
    judging: Option<Begun>,
    /// What is recorded to a file, and to which.
    tape: Option<(record::Recording, PathBuf)>,
}

impl Watched {
    fn start(
        wish: &ServeArgs,
        setting: &Setting,
        allowed: serve::Setting,
        to: Option<Settings>,
    ) -> Result<Self> {
        let interval = wish.interval.unwrap_or(setting.config.watch.interval).0;
        let local = Arc::new(setting.local.clone());
        let mut random = StdRng::from_os_rng();
        let instance = format!("{:016x}", random.random::<u64>());
        let clock = Arc::new(SystemClock);
        let mut hub = Hub::new(Arc::clone(&local), clock.clone(), random, interval);
        let updates = hub.subscribe(ROOM);
        if !wish.stdio {
            tokio::spawn(say(hub.subscribe_to(SENTENCES, |what| matches!(what, What::Notice(_)))));
        }
        // Whoever asks by SSH keeps what it hears itself.
        let recording = recorder::begin(&mut hub, setting, !wish.no_history && !wish.stdio);
        let stop = CancellationToken::new();
        // Whoever asks by SSH judges what it hears itself.
        let silent = wish.no_alerts || wish.stdio;
        let judging = alerts::begin(&mut hub, setting, silent, &stop)?;
        let tape = tape(wish, &mut hub, &local)?;
        let context =
            Context::new(allowed, hub.commands(), instance.into(), clock.clone(), hub.pace());
        let runs = Runs::new(local.runs.clone(), hub.running());
        context.runs.set(runs).unwrap_or_default();
        let results = Results::new(Shelf::new(&wish.results, local.runs.clone()));
        context.results.set(results).unwrap_or_default();
        context.history.set(History::new(local.history())).unwrap_or_default();
        if context.setting.exec {
            let platform = workload::begin(
                &local,
                &setting.config.workloads,
                wish.at_once,
                clock,
                hub.outlet(),
            )?;
            context.workloads.set(platform).unwrap_or_default();
        }
        if let Some(to) = to {
            remote::begin(to, &context, hub.outlet(), stop.clone());
        }
        let (processes, pace) = watch::channel(Pace { interval, paused: true });
        tokio::spawn(pace::follow(Arc::clone(&context), processes, stop.clone()));
        local_watch::start(&hub, &local, pace, setting.config.watch.models, &stop);
        tokio::spawn(Arc::clone(&context).fold(updates));
        let last = Arc::clone(&context);
        tokio::task::spawn_blocking(move || remember(&local, &last));
        begin(wish, &hub.commands());
        tokio::spawn(lean::stay(stop.clone()));
        let hub = tokio::spawn(hub.run(stop.clone()));
        Ok(Self { context, stop, hub, recording, judging, tape })
    }

    /// Has the rules of alerts read again.
    fn read_again(&self) {
        if let Some(judging) = &self.judging {
            // One who has so much to read that this finds no room is about to.
            judging.wishes.try_send(AlertWish::Reload).unwrap_or_default();
        }
    }

    /// Ends what is going on, and hears it to its end.
    async fn end(self) -> Outcome {
        if let Some(platform) = self.context.workloads.get() {
            platform.close().await;
        }
        self.stop.cancel();
        self.hub.await?;
        recorder::end(self.recording).await;
        alerts::end(self.judging).await;
        match self.tape {
            Some((tape, path)) => tape.end(&path).await,
            None => Ok(Exit::Good),
        }
    }
}

/// Writes to standard error what is said to people: that rules were read again, or cannot be.
async fn say(mut updates: mpsc::Receiver<Update>) {
    while let Some(update) = updates.recv().await {
        if let What::Notice(notice) = update.what {
            print::err(&format!("isomon: {}", notice.text));
        }
    }
}

/// Begins to keep what happens in a file, where that is wished.
fn tape(
    wish: &ServeArgs,
    hub: &mut Hub<Local>,
    local: &Local,
) -> Result<Option<(record::Recording, PathBuf)>> {
    let begin = |path: &PathBuf| {
        record::begin(hub, local, path, wish.force).map(|tape| (tape, path.clone()))
    };
    wish.record.as_ref().map(begin).transpose()
}

/// Brings the figures of the last run that is kept to mind.
fn remember(local: &Local, context: &Context) {
    let runs = local.list().unwrap_or_default();
    let last = runs.into_iter().find(|run| run.finished).map(|run| local.read(&run.id));
    if let Some(Ok(run)) = last {
        context.remember_bench(&run);
    }
}

/// What is wished at the start.
fn begin(wish: &ServeArgs, commands: &mpsc::Sender<Command>) {
    // There is room: nothing was wished before.
    commands.try_send(Command::ListRuns).unwrap_or_default();
    if !wish.no_check {
        commands.try_send(Command::CheckBackends).unwrap_or_default();
    }
}

/// Speaks on standard input and output, until either ends.
async fn stdio(wish: &ServeArgs, setting: &Setting) -> Outcome {
    let allowed = serve::Setting { bench: true, ..serve::Setting::default() };
    let mut signals = Signals::listen()?;
    let watched = Watched::start(wish, setting, allowed, None)?;
    let (input, output) = (tokio::io::stdin(), tokio::io::stdout());
    let speaking = serve::stdio::speak(Arc::clone(&watched.context), input, output);
    let exit = tokio::select! {
        () = speaking => Exit::Good,
        number = signals.recv() => Exit::Signal(number),
    };
    watched.end().await?;
    Ok(exit)
}

/// Speaks HTTP, until a signal.
async fn http(wish: &ServeArgs, setting: &Setting, config: Option<&Path>) -> Outcome {
    if wish.has_secrets() || remote::has_secret(&setting.config.remote_write) {
        shield::close();
    }
    let allowed = serve::Setting {
        bench: wish.allow_bench,
        exec: wish.allow_exec,
        screen: wish.allow_screen,
        token: token::read(wish)?,
    };
    safety::check_exec(wish, allowed.token.is_some())?;
    safety::check_screen(wish, allowed.token.is_some())?;
    safety::check_results(&wish.results)?;
    let info = setting.local.info();
    let to = remote::settings(&setting.config.remote_write, info.hostname.as_str())?;
    let places = listen::places(&wish.listen).await?;
    safety::check(&places, allowed.token.is_some(), wish.has_tls())?;
    let names = safety::names(wish, &info);
    let tls = safety::tls(wish, &places, &names)?;
    let hosts = safety::hosts(wish, &names)?;
    let listeners = listen::open(&places)?;
    let mut signals =
        Signals::listen().wrap_err("signals cannot be heard").advise("see `ulimit`")?;
    print::err(&safety::words(&listeners, &allowed, tls.as_ref(), wish.web)?);
    let watched = Watched::start(wish, setting, allowed, to)?;
    if wish.web {
        let screens = screen::screens(wish, config);
        watched.context.screens.set(screens).unwrap_or_default();
    }
    let router = serve::door().router(&watched.context);
    let acceptor = tls.map(|tls| tls.acceptor);
    let server = Server::new(Arc::clone(&watched.context), Gate::new(hosts), router, acceptor);
    let (server, stop) = (Arc::new(server), CancellationToken::new());
    let serving: Vec<_> = listeners
        .into_iter()
        .map(|listener| tokio::spawn(Arc::clone(&server).run(listener, stop.clone())))
        .collect();
    signals.end(Terminal::now(), || watched.read_again()).await;
    // What is going on ends first, so that who listens hears it.
    let exit = watched.end().await?;
    stop.cancel();
    for server in serving {
        server.await?;
    }
    Ok(exit)
}
