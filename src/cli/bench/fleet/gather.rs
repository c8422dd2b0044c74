//! What the nodes tell of one benchmark: who takes part, how far each is, how each ends.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use color_eyre::eyre::Result;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::super::super::far_run::{Told, place};
use super::super::super::progress::Meter;
use super::super::super::signals::Signals;
use crate::model::bench::Progress;
use crate::model::command::Command;
use crate::model::id::{RunId, SourceId};
use crate::model::run::RunEvent;
use crate::model::text::SafeText;
use crate::model::update::{FleetRun, Health, Update, What};
use crate::report::fleet::{Fleet, LeftOut, Node};

/// How long nodes have to answer before the benchmark begins without those that did not.
const MEET: Duration = Duration::from_secs(20);
/// How long a node may be away, or not begin, before its run is given up.
const AWAY: Duration = Duration::from_mins(1);
/// Time between two lines about how far all are.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// A node that was named.
#[derive(Debug, Default)]
struct Member {
    /// Whether it answers, and since when not.
    away: Option<(Instant, SafeText)>,
    known: bool,
    /// Whether its isomon does its run no more, and nobody will say how it ended.
    is_cut_off: bool,
    told: Told,
    progress: Progress,
}

/// Everything that was heard.
pub(super) struct Gathered {
    members: BTreeMap<SourceId, Member>,
    fleet: Option<FleetRun>,
    signals: Signals,
    runs: PathBuf,
    begun: Instant,
    next_line: Instant,
    /// The signal that ended it.
    pub(super) signal: Option<u8>,
}

impl Gathered {
    pub(super) fn new(nodes: &[SourceId], runs: &Path) -> Result<Self> {
        let signals = Signals::listen()?;
        let member = |node: &SourceId| {
            let known = *node == SourceId::local();
            (node.clone(), Member { known, ..Member::default() })
        };
        let (members, now) = (nodes.iter().map(member).collect(), Instant::now());
        let (runs, next_line) = (runs.to_owned(), now + LINE_EVERY);
        Ok(Self { members, fleet: None, signals, runs, begun: now, next_line, signal: None })
    }

    /// Waits until each node has answered or said why it cannot; false if a signal ended that.
    pub(super) async fn meet(
        &mut self,
        updates: &mut mpsc::Receiver<Update>,
        meter: &Meter,
    ) -> bool {
        let end = self.begun + MEET;
        while self.members.values().any(|member| !member.known && member.away.is_none()) {
            tokio::select! {
                number = self.signals.recv() => {
                    self.signal = Some(number);
                    return false;
                }
                () = sleep_until(end) => break,
                update = updates.recv() => match update {
                    Some(update) => self.take(update, meter),
                    None => break,
                },
            }
        }
        true
    }

    /// Hears every run to its end. The first signal ends them everywhere; the second does not wait.
    pub(super) async fn hear(
        &mut self,
        updates: &mut mpsc::Receiver<Update>,
        commands: &mpsc::Sender<Command>,
        meter: &Meter,
    ) {
        self.begun = Instant::now();
        while !self.is_over() {
            let tick = self.next_line.min(Instant::now() + Duration::from_secs(1));
            tokio::select! {
                number = self.signals.recv() => {
                    if self.signal.replace(number).is_some() {
                        return meter.say("left at once; what was begun may go on on other nodes");
                    }
                    self.cancel(commands).await;
                    meter.say("ending the runs on every node; once more leaves at once");
                }
                () = sleep_until(tick) => self.show(meter),
                update = updates.recv() => match update {
                    Some(update) => self.take(update, meter),
                    None => return,
                },
            }
        }
    }

    async fn cancel(&self, commands: &mpsc::Sender<Command>) {
        for (_, id) in self.live() {
            // Who gets no such wish any more has gone with its runs.
            commands.send(Command::Cancel(id.clone())).await.ok();
        }
    }

    /// The runs of which the end was not heard.
    fn live(&self) -> impl Iterator<Item = &(SourceId, RunId)> {
        let all = self.fleet.iter().flat_map(|fleet| &fleet.runs);
        all.filter(|(node, _)| self.members.get(node).is_some_and(|member| !member.told.is_over()))
    }

    /// Whether nothing more is to be waited for: each run is over, or its node is away too long.
    fn is_over(&self) -> bool {
        let given_up = |member: &Member| {
            let away = member.away.as_ref().is_some_and(|(since, _)| since.elapsed() > AWAY);
            let never = member.told.run.is_none() && self.begun.elapsed() > AWAY;
            away || never || member.is_cut_off
        };
        let gone = |node: &SourceId| self.members.get(node).is_none_or(given_up);
        self.fleet.is_some() && self.live().all(|(node, _)| gone(node))
    }

    fn take(&mut self, update: Update, meter: &Meter) {
        let from = update.from;
        match update.what {
            What::Fleet(fleet) => self.fleet = Some(fleet),
            What::Notice(notice) if notice.bad => meter.say(notice.text.as_str()),
            What::Run { id, event } => self.follow(&from, &id, event, meter),
            what => {
                let Some(member) = self.members.get_mut(&from) else { return };
                match what {
                    What::Origin(_) | What::Gone => member.known = true,
                    What::Health(Health::Up) => member.away = None,
                    What::Health(Health::Down { why, .. }) => {
                        member.away.get_or_insert_with(|| (Instant::now(), why));
                    }
                    _ => {}
                }
            }
        }
    }

    /// Takes in what happened to a run, if it is one of those that were begun.
    fn follow(&mut self, from: &SourceId, id: &RunId, event: RunEvent, meter: &Meter) {
        let ours =
            |fleet: &FleetRun| fleet.runs.iter().any(|(node, own)| node == from && own == id);
        let (true, Some(member)) =
            (self.fleet.as_ref().is_some_and(ours), self.members.get_mut(from))
        else {
            return;
        };
        match &event {
            RunEvent::Started(_) => meter.say(&format!("{from}: run {id}")),
            RunEvent::Progress(progress) => member.progress = *progress,
            RunEvent::Ended(tail) => {
                let (good, bad) = (tail.progress.completed, tail.progress.failed);
                meter.say(&format!("{from}: over, {good} good, {bad} failed"));
            }
            RunEvent::CutOff => meter.say(&format!("{from}: cut off, what was told of it stays")),
            _ => {}
        }
        member.is_cut_off = matches!(event, RunEvent::CutOff);
        member.told.take(event, place(from, &self.runs));
    }

    /// How far each node is, in a line.
    fn show(&mut self, meter: &Meter) {
        let words = self.words();
        if meter.is_over() {
            meter.over(&words);
        } else if Instant::now() >= self.next_line {
            self.next_line = Instant::now() + LINE_EVERY;
            meter.say(&words);
        }
    }

    fn words(&self) -> String {
        let word = |(node, _): &(SourceId, RunId)| {
            let member = self.members.get(node)?;
            let share = member.progress.share().map_or(0.0, |share| share.percent().floor());
            Some(match (&member.away, &member.told.run) {
                _ if member.told.is_over() => format!("{node} over"),
                _ if member.is_cut_off => format!("{node} cut off"),
                (Some((since, _)), _) => format!("{node} away {} s", since.elapsed().as_secs()),
                (None, None) => format!("{node} begins"),
                (None, Some(_)) => format!("{node} {share:.0} %"),
            })
        };
        let all = self.fleet.iter().flat_map(|fleet| &fleet.runs);
        all.filter_map(word).collect::<Vec<_>>().join(" · ")
    }

    /// What came of it, and a word about where the runs are kept.
    pub(super) fn finish(mut self, meter: &Meter) -> Fleet {
        let fleet = self.fleet.take().unwrap_or_default();
        let mut kept = 0_usize;
        let mut nodes = Vec::new();
        for (id, _) in fleet.runs {
            let Some(mut member) = self.members.remove(&id) else { continue };
            member.told.close();
            kept += usize::from(member.told.is_kept());
            if let Some(why) = &member.told.unkept {
                meter.say(&format!("the run of {id} is not kept on this machine: {why}"));
            }
            let over = member.told.is_over();
            let away = member.away.filter(|_| !over).map(|(_, why)| format!("it went away: {why}"));
            let silent = (!over && member.told.run.is_none()).then(|| "it never began".to_owned());
            let cut_off = member.is_cut_off.then(|| "it was cut off there".to_owned());
            let fault = away.or(silent).or(cut_off);
            nodes.push(Node { node: id.to_string(), fault, run: member.told.run });
        }
        if kept > 0 {
            meter
                .say(&format!("{kept} of these runs were kept on this machine too: `isomon list`"));
        }
        let mut left_out: Vec<LeftOut> = Vec::new();
        for (node, why) in fleet.left_out {
            left_out.push(LeftOut { node: node.to_string(), reason: why.to_string() });
        }
        Fleet { nodes, left_out }
    }
}
