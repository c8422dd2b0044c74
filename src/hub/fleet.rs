//! The other nodes, as the hub knows them: who can be asked to do what, and which runs are whose.
//!
//! The hub hands wishes over and never waits for a node. What a node answers comes back as an update,
//! or as a sentence by the task that waits for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::Rng;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::{Deed, Hub, tell_again};
use crate::model::command::Command;
use crate::model::id::{RunId, SourceId};
use crate::model::origin::Kind;
use crate::model::run::{Record, RunEvent};
use crate::model::text::SafeText;
use crate::model::update::{FleetRun, Health, Notice, Update, What};
use crate::source::{self, Spec};
use crate::watch::Outlet;
use crate::watch::poll::gate::Gate;
use crate::watch::poll::{Common, Poll, Wish};

mod bench;

/// Wishes that may wait for a node.
const WISHES: usize = 4;
/// Runs of other nodes whose node is remembered.
const RUNS: usize = 4_096;

/// What waits for the answer to a wish.
type Reply = oneshot::Receiver<Result<Option<Record>, SafeText>>;

/// The other nodes.
pub(super) struct Fleet {
    remotes: BTreeMap<SourceId, Remote>,
    runs: BTreeMap<RunId, SourceId>,
    focus: watch::Sender<Option<SourceId>>,
    gate: Arc<Gate>,
    pub(super) stop: CancellationToken,
}

/// Another node.
struct Remote {
    wishes: mpsc::Sender<Wish>,
    kind: Option<Kind>,
    can_bench: bool,
    /// Whether it answers; `None` until it was asked.
    answers: Option<Result<(), SafeText>>,
}

impl Default for Fleet {
    fn default() -> Self {
        Self {
            remotes: BTreeMap::new(),
            runs: BTreeMap::new(),
            focus: watch::Sender::new(None),
            gate: Arc::default(),
            stop: CancellationToken::new(),
        }
    }
}

impl<D: Deed> Hub<D> {
    /// Watches the nodes that `specs` name from now on; `ssh` hosts may be connecting at once. One that
    /// cannot even be tried is told as down, with the reason.
    pub fn watch(&mut self, specs: Vec<Spec>, ssh: usize) {
        self.fleet.gate = Arc::new(Gate::new(ssh));
        let common = Common {
            pace: self.pace.subscribe(),
            focus: self.fleet.focus.subscribe(),
            gate: Arc::clone(&self.fleet.gate),
            stop: self.fleet.stop.clone(),
            count: specs.len(),
        };
        for spec in specs {
            self.watch_one(&spec, common.clone());
        }
    }

    fn watch_one(&mut self, spec: &Spec, common: Common) {
        let outlet = self.outlet.of(spec.id.clone());
        let (wishes, orders) = mpsc::channel(WISHES);
        let remote = Remote { wishes, kind: None, can_bench: false, answers: None };
        self.fleet.remotes.insert(spec.id.clone(), remote);
        match source::open(spec.clone()) {
            Ok(source) => {
                let seed = self.random.random();
                let poll = Poll::new(source, spec, &outlet, orders, common, seed);
                self.tasks.spawn(poll.run());
            }
            Err(error) => {
                let (since, why) = (outlet.now(), SafeText::from(error.to_string()));
                self.tasks.spawn(async move {
                    let told = outlet.send(What::Health(Health::Down { since, why }));
                    tokio::select! {
                        () = common.stop.cancelled() => {}
                        _ = told => {}
                    }
                });
            }
        }
    }

    /// Has `node` looked at in depth, and no other.
    pub(super) fn focus(&self, node: Option<SourceId>) {
        self.fleet.focus.send_if_modified(|focus| {
            let changed = *focus != node;
            *focus = node;
            changed
        });
    }

    /// Tells run `id` again, which is kept on the node `source`; why not, if it cannot be asked.
    pub(super) fn open_afar(&self, source: &SourceId, id: &RunId) -> Result<(), SafeText> {
        let wish = Command::OpenFrom { source: source.clone(), id: id.clone() };
        let reply = self.fleet.wish(source, wish)?;
        self.tasks.spawn(retell(self.outlet(), source.clone(), id.clone(), reply));
        Ok(())
    }

    /// Ends run `id`, which is another node's. False if it is nobody's.
    pub(super) async fn cancel_afar(&mut self, id: &RunId) -> bool {
        let Some(node) = self.fleet.runs.get(id).cloned() else { return false };
        match self.fleet.wish(&node, Command::Cancel(id.clone())) {
            Ok(reply) => {
                self.tasks.spawn(complain(self.outlet(), node.clone(), reply));
                self.say(false, &format!("ending run {id} on {node}; what it has stays")).await;
            }
            Err(why) => self.say(true, &format!("{node}: {why}")).await,
        }
        true
    }
}

impl Fleet {
    /// Takes notice of what a node told.
    pub(super) fn note(&mut self, update: &Update) {
        match &update.what {
            What::Origin(origin) => {
                // Of one that does not answer its address alone is told, and not what it can do.
                if let Some(remote) = self.remotes.get_mut(&update.from)
                    && !matches!(remote.answers, Some(Err(_)))
                {
                    (remote.kind, remote.can_bench) = (Some(origin.kind), origin.can_bench);
                }
            }
            What::Health(health) => {
                if let Some(remote) = self.remotes.get_mut(&update.from) {
                    remote.answers = Some(match health {
                        Health::Up => Ok(()),
                        Health::Down { why, .. } => Err(why.clone()),
                    });
                }
            }
            What::Gone => {
                if let Some(remote) = self.remotes.get_mut(&update.from) {
                    remote.answers = Some(Err("it is another of them under a second name".into()));
                }
            }
            What::Run { id, event } => self.note_run(&update.from, id, event),
            _ => {}
        }
    }

    /// A run belongs to whom it was asked of, or who told of it first.
    fn note_run(&mut self, from: &SourceId, id: &RunId, event: &RunEvent) {
        if !self.remotes.contains_key(from) {
            return;
        }
        match event {
            RunEvent::Started(_) => self.remember(id, from),
            RunEvent::Ended(_) | RunEvent::CutOff if self.runs.get(id) == Some(from) => {
                self.runs.remove(id);
            }
            _ => {}
        }
    }

    fn remember(&mut self, id: &RunId, node: &SourceId) {
        if self.runs.len() >= RUNS {
            self.runs.pop_first();
        }
        self.runs.entry(id.clone()).or_insert_with(|| node.clone());
    }

    /// Hands `command` to `node`; an error says why it cannot have it.
    fn wish(&self, node: &SourceId, command: Command) -> Result<Reply, SafeText> {
        let remote = self.remotes.get(node).ok_or("it is not watched")?;
        let (reply, answer) = oneshot::channel();
        match remote.wishes.try_send(Wish { command, reply }) {
            Ok(()) => Ok(answer),
            Err(mpsc::error::TrySendError::Full(_)) => {
                Err("it has not done the last wish yet".into())
            }
            Err(mpsc::error::TrySendError::Closed(_)) => Err("it is not asked any more".into()),
        }
    }
}

/// Says why a wish was not carried out.
async fn complain(outlet: Outlet, node: SourceId, reply: Reply) {
    if let Err(why) = answer(reply).await {
        let text = SafeText::from(format!("{node}: {why}"));
        outlet.send(What::Notice(Notice { bad: true, text })).await;
    }
}

/// Tells the run that `node` answers with again, as one that is kept there.
async fn retell(outlet: Outlet, node: SourceId, id: RunId, reply: Reply) {
    match answer(reply).await {
        Ok(Some(record)) => {
            tell_again::tell_record(&outlet.of(SourceId::kept_at(&node)), &id, record).await;
        }
        Ok(None) => {}
        Err(why) => {
            let text = SafeText::from(format!("{node}: {why}"));
            outlet.send(What::Notice(Notice { bad: true, text })).await;
        }
    }
}

/// What came of a wish.
async fn answer(reply: Reply) -> Result<Option<Record>, SafeText> {
    reply.await.unwrap_or_else(|_| Err("it is not asked any more".into()))
}

/// Whether nothing was begun anywhere.
const fn is_nothing(fleet: &FleetRun) -> bool {
    fleet.runs.is_empty()
}
