//! The task that judges and tells: it hears what the screen hears, asks the rules once a second, keeps
//! what happened, and has receivers told.
//!
//! It waits for nobody: what it has to say goes through a desk that holds the latest only, what is
//! delivered through queues of their own, and what is written through a thread. So neither a receiver
//! that hangs nor a disk that is slow holds up a sample.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::model::alert::{AlertId, AlertWish};
use crate::model::id::SourceId;
use crate::model::run::RunEvent;
use crate::model::text::SafeText;
use crate::model::update::{Update, What};
use crate::rule::judge::Sight;
use crate::rule::{self, Benched, Judge, Rules};
use crate::state::State;
use crate::store::alert::{self, Lock, Memory, Version};
use crate::watch::{Outlet, Pace};

mod bench;
mod book;
pub mod check;
pub mod deliver;
pub mod letter;
mod obey;
mod voice;

use book::{Book, Teller};
use deliver::Post;
use voice::Voice;

/// How often the rules are asked.
const LOOK: Duration = Duration::from_secs(1);
/// Looks from one at the file of rules to the next.
const READ: u64 = 5;
/// Wishes that may wait.
pub const WISHES: usize = 64;
/// Updates taken in at once.
const FOLD: usize = 512;

/// Where things are, and what is watched.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it is kept what happened.
    pub dir: PathBuf,
    /// The user's rules; need not be there.
    pub rules: PathBuf,
    /// Where runs are kept, and baselines.
    pub runs: PathBuf,
    /// Where baselines are kept.
    pub baselines: PathBuf,
    /// What this machine calls itself, for those who are told.
    pub host: SafeText,
}

/// Which updates are heard.
pub const fn wants(what: &What) -> bool {
    matches!(
        what,
        What::Info(_)
            | What::Node(_)
            | What::Gpus(_)
            | What::Backends(_)
            | What::Serving(_)
            | What::Agents(_)
            | What::Services(_)
            | What::Workloads(_)
            | What::Health(_)
            | What::Origin(_)
            | What::Gone
            | What::Alerts(_)
            | What::Run { event: RunEvent::Ended(_), .. }
    )
}

/// The rules in the file at `path`; those isomon comes with where there is none.
///
/// # Errors
/// What is wrong, with its place.
pub fn load(path: &Path) -> Result<Rules, String> {
    let text = match alert::text(path, rule::file::LONGEST_BYTES) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    rule::file::read(&path.display().to_string(), &text).map_err(|mistake| mistake.to_string())
}

/// Who tells of which nodes: of several isomons of a user on a machine, one tells of this machine and one
/// of all others.
#[derive(Debug, Default)]
struct Turns {
    own: Hold,
    others: Hold,
}

/// How the last try to be the one who tells went.
#[derive(Debug, Default)]
enum Hold {
    /// There was none, or it could not be tried.
    #[default]
    Untried,
    /// Another isomon tells.
    Anothers,
    Ours(#[expect(dead_code, reason = "it is held")] Lock),
}

impl Hold {
    /// Takes the lock `name`, unless it is held already.
    fn grasp(&mut self, memory: &Memory, name: &str) {
        if matches!(self, Self::Ours(_)) {
            return;
        }
        *self = match memory.take(name) {
            Ok(Some(lock)) => Self::Ours(lock),
            Ok(None) => Self::Anothers,
            Err(_) => Self::Untried,
        };
    }

    const fn teller(&self) -> Teller {
        match self {
            Self::Untried => Teller::Nobody,
            Self::Anothers => Teller::Another,
            Self::Ours(_) => Teller::Us,
        }
    }
}

impl Turns {
    /// Tries to be the one who tells. It is tried at each look: what begins to fire after the one who told
    /// is gone would be told by nobody.
    fn grasp(&mut self, memory: &Memory, knows_others: bool) {
        self.own.grasp(memory, "local");
        if knows_others {
            self.others.grasp(memory, "others");
        }
    }

    fn teller(&self, id: &AlertId) -> Teller {
        let is_local = id.node.as_str() == SourceId::local().0.as_str();
        if is_local { self.own.teller() } else { self.others.teller() }
    }

    const fn has_own(&self) -> bool {
        matches!(self.own, Hold::Ours(_))
    }

    const fn has_any(&self) -> bool {
        self.has_own() || matches!(self.others, Hold::Ours(_))
    }
}

/// The task.
pub struct Desk {
    settings: Settings,
    memory: Memory,
    judge: Judge,
    state: State,
    book: Book,
    post: Post,
    turns: Turns,
    voice: Voice,
    pace: watch::Receiver<Pace>,
    outlet: Outlet,
    mistake: Option<SafeText>,
    /// The file of rules that was read last.
    read: Option<Version>,
    bench: Vec<Benched>,
    compared: (mpsc::Sender<Vec<Benched>>, mpsc::Receiver<Vec<Benched>>),
    saving: Option<JoinHandle<()>>,
    looks: u64,
}

/// A task that was begun.
#[derive(Debug)]
pub struct Begun {
    /// Where wishes go.
    pub wishes: mpsc::Sender<AlertWish>,
    task: JoinHandle<()>,
}

impl Begun {
    /// Waits until what happened last is written, but not long.
    pub async fn end(self) {
        if tokio::time::timeout(Duration::from_secs(3), self.task).await.is_err() {
            tracing::warn!("what happened to alerts last could not be written in time");
        }
    }
}

/// Begins to judge what comes of `updates`, with `rules`, until `stop`.
pub fn begin(
    settings: Settings,
    rules: Rules,
    updates: mpsc::Receiver<Update>,
    outlet: Outlet,
    pace: watch::Receiver<Pace>,
    stop: CancellationToken,
) -> Begun {
    let (wishes, orders) = mpsc::channel(WISHES);
    let task = tokio::spawn(async move {
        let desk = Desk::open(settings, rules, outlet, pace).await;
        desk.run(updates, orders, stop).await;
    });
    Begun { wishes, task }
}

impl Desk {
    async fn open(
        settings: Settings,
        rules: Rules,
        outlet: Outlet,
        pace: watch::Receiver<Pace>,
    ) -> Self {
        let memory = Memory::new(settings.dir.clone());
        let version = alert::version(&settings.rules);
        let voice = Voice::begin(outlet.clone());
        let rules = Arc::new(rules);
        let post = Post::open(&rules.receivers, &settings.host);
        let now_ms = outlet.now().wall_ms;
        let mut judge = Judge::new(rules);
        let kept = memory.clone();
        let read = tokio::task::spawn_blocking(move || (kept.notes(), kept.past(), kept.said()));
        let (notes, before, said) =
            read.await.unwrap_or_else(|_| (Ok(<_>::default()), Ok(<_>::default()), None));
        let book = Book::open(notes, before, said, now_ms, &mut judge, &voice);
        Self {
            settings,
            memory,
            judge,
            state: State { bare: true, ..State::default() },
            book,
            post,
            turns: Turns::default(),
            voice,
            pace,
            outlet,
            mistake: None,
            read: version,
            bench: Vec::new(),
            compared: mpsc::channel(2),
            saving: None,
            looks: 0,
        }
    }

    async fn run(
        mut self,
        mut updates: mpsc::Receiver<Update>,
        mut wished: mpsc::Receiver<AlertWish>,
        stop: CancellationToken,
    ) {
        let mut tick = tokio::time::interval(LOOK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(wish) = wished.recv() => self.obey(wish),
                Some(bench) = self.compared.1.recv() => self.bench = bench,
                _ = tick.tick() => self.look(),
                update = updates.recv() => match update {
                    Some(update) => self.fold(update, &mut updates),
                    None => break,
                },
            }
        }
        self.post.finish().await;
        if let Some(saving) = self.saving.take() {
            saving.await.ok();
        }
        if let Some(saving) = self.save() {
            saving.await.ok();
        }
        self.voice.end().await;
    }

    fn fold(&mut self, first: Update, more: &mut mpsc::Receiver<Update>) {
        // No more is taken out of the queue than is folded: the rest would be lost.
        let more = std::iter::from_fn(|| more.try_recv().ok());
        for update in std::iter::once(first).chain(more).take(FOLD) {
            self.take(&update);
        }
    }

    fn take(&mut self, update: &Update) {
        let is_own = update.from == SourceId::local();
        match &update.what {
            What::Run { id, event: RunEvent::Ended(_) } if is_own => self.compare(id.clone()),
            What::Run { .. } => {}
            // What this task itself told.
            What::Alerts(_) if is_own => {}
            _ => drop(self.state.apply(update)),
        }
    }

    /// Asks the rules, and has told what turned.
    fn look(&mut self) {
        let pace = *self.pace.borrow_and_update();
        if pace.paused {
            return;
        }
        self.looks += 1;
        let knows_others = self.state.nodes.keys().any(|id| *id != SourceId::local());
        self.turns.grasp(&self.memory, knows_others);
        // Who mends a mistake looks at what is said of it.
        if self.looks % READ == 1 || self.mistake.is_some() {
            self.look_at_rules();
        }
        let now = self.outlet.now();
        self.book.read_again(&self.memory, &self.voice);
        let own_ms = u64::try_from(pace.interval.as_millis()).unwrap_or(u64::MAX);
        let sight = Sight { state: &self.state, now, own_ms, bench: &self.bench };
        let changes = self.judge.judge(sight);
        self.pass(changes, now.wall_ms);
        self.tell();
    }

    /// Writes down what turned, and has it told by who may.
    fn pass(&mut self, changes: Vec<rule::Change>, now_ms: i64) {
        let turns = &self.turns;
        for change in self.book.take(changes, now_ms, |id| turns.teller(id)) {
            self.post.send(&change, now_ms);
        }
        if self.book.is_changed() && self.saving.as_ref().is_none_or(JoinHandle::is_finished) {
            self.saving = self.save();
        }
    }

    /// Writes what happened, in a thread; nothing where another does.
    fn save(&mut self) -> Option<JoinHandle<()>> {
        if !self.book.is_changed() || !self.turns.has_own() {
            return None;
        }
        let past = self.book.past(&self.judge, self.outlet.now().wall_ms);
        let (memory, voice) = (self.memory.clone(), self.voice.clone());
        Some(tokio::task::spawn_blocking(move || {
            if let Err(error) = memory.keep(past) {
                voice.warn(&format!("what happened to alerts is not kept: {error}"));
            }
        }))
    }

    /// Tells how all alerts stand, where that is news.
    fn tell(&mut self) {
        let mut alerts = self.book.table(&self.judge);
        alerts.receivers = self.post.briefs();
        alerts.delivers = self.turns.has_any();
        alerts.mistake.clone_from(&self.mistake);
        self.voice.tell(alerts, self.outlet.now());
    }
}

#[cfg(test)]
mod tests;
