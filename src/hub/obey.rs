//! What the hub does with a command. Every command is answered, by its effect or by a sentence.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use tokio_util::sync::CancellationToken;

use super::task::{self, Live, Mending, Wish};
use super::{Deed, Hub, tell_again};
use crate::config::Interval;
use crate::model::alert::AlertWish;
use crate::model::backend::BackendId;
use crate::model::bench::Plan;
use crate::model::command::Command;
use crate::model::id::{RunId, SourceId};
use crate::model::past::{Past, PastWish};
use crate::model::text::SafeText;
use crate::model::update::{Notice, Update, What};
use crate::model::workflow::WorkflowWish;

impl<D: Deed> Hub<D> {
    pub(super) async fn obey(&mut self, command: Command) {
        tracing::debug!(?command, "obey");
        match command {
            Command::CheckBackends => self.check().await,
            Command::Mend(id) => self.mend(id).await,
            Command::StopMend => self.stop_mend(),
            Command::Bench(plan) => self.bench(None, *plan).await,
            Command::BenchAs { id, plan } => self.bench(Some(id), *plan).await,
            Command::BenchOn { nodes, plan } => self.bench_on(nodes, *plan).await,
            Command::Workflow(wish) => self.workflow(*wish).await,
            Command::Focus(node) => self.focus(node),
            Command::ListRuns => self.list(),
            Command::OpenRun(id) => self.open(id),
            Command::OpenFrom { source, id } => self.open_from(&source, id).await,
            Command::Resume(id) => self.resume(id).await,
            Command::Stack(pid) => self.stack(pid),
            Command::Past(wish) => self.past(wish),
            Command::Replay(_) => self.say(true, "no recording is played here").await,
            Command::Cancel(id) => self.cancel(&id).await,
            Command::Export { run, to } => self.export(run, to),
            Command::Report { job, to } => {
                self.tasks.spawn(task::report(self.outlet(), job, to));
            }
            Command::Alert(wish) => self.judge(wish).await,
            Command::Interval(interval) => self.set_interval(interval).await,
            Command::Pause(paused) => self.pace.send_modify(|pace| pace.paused = paused),
        }
    }

    /// What must not be disturbed now, or would disturb; in a sentence.
    pub(super) fn busy(&self) -> Option<String> {
        if let Some(live) = self.live.as_ref().filter(|live| live.is_going_on()) {
            return Some(format!("run {} is going on; cancel it or wait", live.id));
        }
        let mend = self.mend.as_ref().filter(|mend| mend.is_going_on());
        mend.map(|mend| format!("{} is being made ready; end that or wait", mend.id))
    }

    async fn mend(&mut self, id: BackendId) {
        if let Some(sentence) = self.busy() {
            return self.say(true, &sentence).await;
        }
        if self.check.as_ref().is_some_and(|check| !check.is_finished()) {
            return self.say(true, "the backends are being tried; wait for that").await;
        }
        let cancel = CancellationToken::new();
        let work = task::mend(Arc::clone(&self.deed), self.outlet(), id, cancel.clone());
        let task = self.tasks.spawn(work);
        self.mend = Some(Mending { id, cancel, task });
    }

    fn stop_mend(&self) {
        if let Some(mend) = &self.mend {
            mend.cancel.cancel();
        }
    }

    async fn check(&mut self) {
        if let Some(live) = self.live.as_ref().filter(|live| live.is_going_on()) {
            let sentence = format!("run {} is going on, and trying would disturb it", live.id);
            return self.say(true, &sentence).await;
        }
        if self.check.as_ref().is_some_and(|check| !check.is_finished()) {
            return self.say(false, "the backends are being tried already").await;
        }
        if let Some(sentence) = self.busy() {
            return self.say(true, &sentence).await;
        }
        let work = task::check(Arc::clone(&self.deed), self.outlet());
        self.check = Some(self.tasks.spawn(work));
    }

    pub(super) async fn bench(&mut self, id: Option<RunId>, plan: Plan) {
        if let Some(sentence) = self.busy() {
            return self.say(true, &sentence).await;
        }
        let id = id.unwrap_or_else(|| RunId::new(self.outlet.now().wall_ms, self.random.random()));
        self.begin(id, Wish::Bench(Box::new(plan)));
    }

    /// Runs a workflow.
    async fn workflow(&mut self, wish: WorkflowWish) {
        if let Some(sentence) = self.busy() {
            return self.say(true, &sentence).await;
        }
        let known = wish.resume.clone().or_else(|| wish.id.clone());
        let id =
            known.unwrap_or_else(|| RunId::new(self.outlet.now().wall_ms, self.random.random()));
        self.begin(id, Wish::Workflow(Box::new(wish)));
    }

    /// Goes on with run `id`.
    async fn resume(&mut self, id: RunId) {
        if let Some(sentence) = self.busy() {
            return self.say(true, &sentence).await;
        }
        self.begin(id, Wish::Resume);
    }

    /// Does run `id`.
    fn begin(&mut self, id: RunId, wish: Wish) {
        let cancel = CancellationToken::new();
        let work =
            task::run(Arc::clone(&self.deed), self.outlet(), id.clone(), wish, cancel.clone());
        let (running, own) = (self.running.clone(), id.clone());
        running.send_replace(Some(id.clone()));
        let task = self.tasks.spawn(async move {
            work.await;
            running.send_if_modified(|now| now.take_if(|id| *id == own).is_some());
        });
        self.live = Some(Live { id, cancel, task });
    }

    async fn cancel(&mut self, id: &RunId) {
        let going_on = |live: &&Live| live.id == *id && live.is_going_on();
        if let Some(live) = self.live.as_ref().filter(going_on) {
            live.cancel.cancel();
            let sentence = format!("ending run {id}; what it has stays");
            self.say(false, &sentence).await;
        } else if !self.cancel_afar(id).await {
            self.say(true, &format!("run {id} is over")).await;
        }
    }

    async fn judge(&mut self, wish: AlertWish) {
        let again = wish == AlertWish::Reload;
        let sent = self.judge.as_ref().map(|judge| judge.try_send(wish));
        match sent {
            Some(Ok(())) => {}
            Some(Err(_)) => self.say(true, "alerts are busy; try again").await,
            // Who reads everything again need not know that there are no rules.
            None if again => {}
            None => self.say(true, "no rules are judged here").await,
        }
    }

    fn list(&mut self) {
        self.list_buckets();
        self.watch_beside();
        self.tasks.spawn(tell_again::list(Arc::clone(&self.deed), self.outlet()));
    }

    fn open(&self, id: RunId) {
        if self.follows(&id) {
            return;
        }
        self.tasks.spawn(tell_again::open(Arc::clone(&self.deed), self.outlet(), id));
    }

    async fn open_from(&mut self, source: &SourceId, id: RunId) {
        if *source == SourceId::stored() || *source == SourceId::local() {
            return self.open(id);
        }
        if self.open_bucket(source, &id) {
            return;
        }
        if let Err(why) = self.open_afar(source, &id) {
            self.say(true, &format!("runs of {source} are not read from here: {why}")).await;
        }
    }

    fn past(&self, wish: PastWish) {
        let deed = Arc::clone(&self.deed);
        self.tasks.spawn(task::told(self.outlet(), move || {
            // Why there is nothing belongs to the piece that was wished: nobody asked for a sentence.
            let lacking = |why| Past { wish: wish.clone(), gap: Some(why), ..Past::default() };
            Ok(What::Past(Box::new(deed.past(wish.clone()).unwrap_or_else(lacking))))
        }));
    }

    fn stack(&self, pid: u32) {
        let deed = Arc::clone(&self.deed);
        self.tasks.spawn(task::told(self.outlet(), move || {
            deed.stack(pid).map(|stack| What::Stack(Box::new(stack)))
        }));
    }

    fn export(&self, run: RunId, to: PathBuf) {
        let (deed, outlet) = (Arc::clone(&self.deed), self.outlet());
        self.tasks.spawn(task::export(deed, outlet, run, to));
    }

    async fn set_interval(&mut self, wished: Duration) {
        let interval = wished.clamp(Interval::SHORTEST, Interval::LONGEST);
        self.pace.send_modify(|pace| pace.interval = interval);
        let sentence = format!("interval {}", Interval(interval));
        self.say(false, &sentence).await;
    }

    /// Straight to the subscribers: the hub must not wait for room in its own queue.
    pub(super) async fn say(&mut self, bad: bool, sentence: &str) {
        let text = SafeText::new(sentence);
        self.tell(What::Notice(Notice { bad, text })).await;
    }

    /// The same with anything this machine has to tell.
    pub(super) async fn tell(&mut self, what: What) {
        let update = Update { at: self.outlet.now(), from: SourceId::local(), what };
        self.pass(update).await;
    }
}
