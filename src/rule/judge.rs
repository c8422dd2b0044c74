//! Asks the rules of everything that is known, again and again, and says what turned.
//!
//! Each thing has its own state by each rule. The time is that of the monotonic clock, so a jump of
//! the wall clock changes nothing; time in which nobody looked does not count, and after a pause
//! everything has a while to be heard again before it is judged.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::thing::{Benched, Standing, Thing};
use super::truth::Asked;
use super::{Rule, Rules};
use crate::model::alert::{Alert, AlertId, AlertState, Labels, RuleBrief, Severity};
use crate::model::id::SourceId;
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::state::{Node, State};

mod instance;

use instance::Instance;

/// Longest time between two looks that is no pause.
const PAUSE: Duration = Duration::from_secs(10);
/// Time after a pause until anything is judged.
const SETTLE: Duration = Duration::from_secs(10);
/// How long something that is not told of any more is remembered.
const REMEMBERED: Duration = Duration::from_mins(10);
/// Things of a rule on one node that are remembered, beside those that are told of now.
const MOST: usize = 2_048;

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// Everything that is known.
    pub state: &'a State,
    /// Now.
    pub now: Stamp,
    /// How often this machine is sampled, in milliseconds.
    pub own_ms: u64,
    /// The last benchmark of this machine beside its baseline.
    pub bench: &'a [Benched],
}

/// Something turned.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Which alert.
    pub id: AlertId,
    /// How much it matters.
    pub severity: Severity,
    /// How it stood.
    pub from: AlertState,
    /// How it stands.
    pub to: AlertState,
    /// What is, or was, the matter.
    pub message: SafeText,
    /// What the rule says of it.
    pub labels: Labels,
}

/// What every alert has, beside the labels of its rule.
pub const OWN: [&str; 4] = ["rule", "node", "thing", "severity"];

impl Change {
    /// Whether it fires no more.
    pub fn is_end(&self) -> bool {
        self.to == AlertState::Ok
    }

    /// What is called `name` of it: one of [`OWN`], or a label of its rule.
    pub fn label(&self, name: &SafeText) -> Option<SafeText> {
        match name.as_str() {
            "rule" => Some(self.id.rule.clone()),
            "node" => Some(self.id.node.clone()),
            "thing" => Some(self.id.thing.clone()),
            "severity" => Some(self.severity.name().into()),
            _ => self.labels.get(name).cloned(),
        }
    }
}

/// The things of a rule, by node.
type Things = BTreeMap<SourceId, Vec<(SafeText, Instance)>>;

/// Rules and how they stand.
#[derive(Debug, Default)]
pub struct Judge {
    rules: Arc<Rules>,
    things: Vec<Things>,
    /// When it was last called, and when it last judged.
    called: Option<Stamp>,
    judged: Option<Stamp>,
    settled: Option<Stamp>,
    look: u64,
}

impl Judge {
    /// Nothing is known yet.
    pub fn new(rules: Arc<Rules>) -> Self {
        let things = rules.rules.iter().map(|_| Things::new()).collect();
        Self { rules, things, ..Self::default() }
    }

    /// The rules.
    pub const fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// Goes on with other rules; what is known by a rule that stays as it is, stays. What fired by others
    /// is returned: nothing will resolve it.
    pub fn change_rules(&mut self, rules: Arc<Rules>) -> Vec<Change> {
        let mut old: Vec<(Rule, Things)> =
            self.rules.rules.iter().cloned().zip(std::mem::take(&mut self.things)).collect();
        let mut kept = |rule: &Rule| {
            let at = old.iter().position(|(old, _)| old == rule)?;
            Some(old.swap_remove(at).1)
        };
        self.things = rules.rules.iter().map(|rule| kept(rule).unwrap_or_default()).collect();
        self.rules = rules;
        let mut changes = Vec::new();
        for (rule, things) in &old {
            for (node, thing, instance) in each(things) {
                if instance.is_told() {
                    changes.push(change(rule, node, thing, instance, AlertState::Ok));
                }
            }
        }
        changes
    }

    /// Says that `id` fired before the start, since `since_ms`; it goes on unless it turns out to be well.
    pub fn remember(&mut self, id: &AlertId, since_ms: i64, message: SafeText) {
        let at = self.rules.rules.iter().position(|rule| rule.name == id.rule);
        let Some(at) = at else { return };
        let memories = self.rules.rules[at].when.memories;
        let instance = Instance::remembered(memories, since_ms, message);
        self.things[at].entry(id.source()).or_default().push((id.thing.clone(), instance));
    }

    /// Asks every rule of everything in `sight`.
    pub fn judge(&mut self, sight: Sight<'_>) -> Vec<Change> {
        let now = sight.now;
        let called = self.called.replace(now);
        if called.is_some_and(|called| now.since(called) > PAUSE) {
            self.settled = Some(Stamp {
                mono_ms: now.mono_ms + u64::try_from(SETTLE.as_millis()).unwrap_or_default(),
                ..now
            });
        }
        if self.settled.is_some_and(|settled| now.mono_ms < settled.mono_ms) {
            return Vec::new();
        }
        let unseen = self.judged.replace(now).map(|judged| now.since(judged));
        let unseen = unseen.filter(|unseen| *unseen > PAUSE).unwrap_or_default();
        self.look += 1;
        let mut changes = Vec::new();
        for (id, node) in &sight.state.nodes {
            let bench = if *id == SourceId::local() { sight.bench } else { &[] };
            let standing = Standing::of(node, now, sight.own_ms, bench);
            let elsewhere = judges_itself(id, node);
            self.judge_node(id, &standing, elsewhere, unseen, now, &mut changes);
        }
        self.forget(now, &mut changes);
        changes
    }

    fn judge_node(
        &mut self,
        id: &SourceId,
        standing: &Standing<'_>,
        elsewhere: bool,
        unseen: Duration,
        now: Stamp,
        changes: &mut Vec<Change>,
    ) {
        let look = self.look;
        for (rule, things) in self.rules.rules.iter().zip(&mut self.things) {
            if elsewhere && !rule.when.is_of_source() {
                continue;
            }
            let found = standing.things(rule.when.scope);
            if found.is_empty() {
                continue;
            }
            if !things.contains_key(id) {
                things.insert(id.clone(), Vec::new());
            }
            let Some(known) = things.get_mut(id) else { continue };
            let mut places = None;
            for (at, thing) in found.iter().enumerate() {
                let asked = Asked { node: id, standing, thing };
                let instance = place(known, &mut places, at, thing, rule.when.memories);
                instance.look = look;
                instance.pass_over(unseen);
                let before = instance.told();
                instance.turn(rule, &asked, now);
                if before != instance.told() {
                    let name = thing.name();
                    let mut change = change(rule, id, &name, instance, instance.told());
                    change.from = before;
                    changes.push(change);
                }
            }
        }
    }

    /// What was not told of this time cannot be told; what was not for long is let go of.
    fn forget(&mut self, now: Stamp, changes: &mut Vec<Change>) {
        let look = self.look;
        for (rule, things) in self.rules.rules.iter().zip(&mut self.things) {
            for (id, known) in things.iter_mut() {
                known.retain_mut(|(thing, instance)| {
                    if instance.look == look {
                        return true;
                    }
                    let before = instance.told();
                    if !instance.is_worth_it() {
                        return false;
                    }
                    instance.lose(now);
                    let gone = instance.lost_for(now) > REMEMBERED;
                    let to = if gone { AlertState::Ok } else { instance.told() };
                    if before != to {
                        let mut change = change(rule, id, thing, instance, to);
                        change.from = before;
                        changes.push(change);
                    }
                    !gone
                });
                for (thing, instance) in crowd_out(known, look, now) {
                    if instance.is_told() {
                        changes.push(change(rule, id, &thing, &instance, AlertState::Ok));
                    }
                }
            }
            things.retain(|_, known| !known.is_empty());
        }
    }

    /// Everything that is not ok; who acknowledged what is for another to say.
    pub fn alerts(&self) -> Vec<Alert> {
        let mut alerts = Vec::new();
        for (rule, things) in self.rules.rules.iter().zip(&self.things) {
            for (node, thing, instance) in each(things) {
                if instance.state == AlertState::Ok {
                    continue;
                }
                alerts.push(Alert {
                    id: id(rule, node, thing),
                    severity: rule.severity,
                    state: instance.state,
                    since_ms: instance.since_ms,
                    well_since_ms: instance.well_since_ms(),
                    message: instance.message.clone(),
                    labels: rule.labels.clone(),
                    acknowledged: None,
                    silenced_until_ms: None,
                });
            }
        }
        alerts
    }

    /// The rules, each with how many things are how by it.
    pub fn briefs(&self) -> Vec<RuleBrief> {
        let brief = |(rule, things): (&Rule, &Things)| {
            let mut counts = [0; 4];
            each(things).for_each(|(.., instance)| counts[instance.state as usize] += 1);
            rule.brief(counts)
        };
        self.rules.rules.iter().zip(&self.things).map(brief).collect()
    }
}

/// Whether `node` is another isomon that has somebody to tell: it judges itself.
fn judges_itself(id: &SourceId, node: &Node) -> bool {
    let told = node.alerts.as_ref().filter(|_| *id != SourceId::local());
    told.is_some_and(|(_, alerts)| !alerts.receivers.is_empty())
}

fn each(things: &Things) -> impl Iterator<Item = (&SourceId, &SafeText, &Instance)> {
    things.iter().flat_map(|(node, known)| {
        known.iter().map(move |(thing, instance)| (node, thing, instance))
    })
}

/// The place of `thing` in `known`: things are told in the same order mostly, so it is looked for at `at`
/// first; `places` says where each is, once it is not there.
fn place<'a>(
    known: &'a mut Vec<(SafeText, Instance)>,
    places: &mut Option<HashMap<SafeText, usize>>,
    at: usize,
    thing: &Thing<'_>,
    memories: usize,
) -> &'a mut Instance {
    let name = thing.name();
    let is_there = known.get(at).is_some_and(|(there, _)| *there == name);
    let found = if is_there {
        at
    } else {
        let places = places.get_or_insert_with(|| by_name(known));
        *places.entry(name).or_insert_with_key(|name| {
            known.push((name.clone(), Instance::new(memories)));
            known.len() - 1
        })
    };
    &mut known[found].1
}

/// Where each of `known` is, the first of those that are called the same.
fn by_name(known: &[(SafeText, Instance)]) -> HashMap<SafeText, usize> {
    known.iter().enumerate().rev().map(|(at, (name, _))| (name.clone(), at)).collect()
}

/// Takes out of `known` those that are too many, and were lost longest; what was told of in this `look`
/// stays.
fn crowd_out(
    known: &mut Vec<(SafeText, Instance)>,
    look: u64,
    now: Stamp,
) -> Vec<(SafeText, Instance)> {
    let is_lost = |instance: &Instance| instance.look != look;
    let told = known.iter().filter(|(_, instance)| !is_lost(instance)).count();
    let kept = told.max(MOST);
    if known.len() <= kept {
        return Vec::new();
    }
    known.sort_by_key(|(_, instance)| is_lost(instance).then(|| instance.lost_for(now)));
    known.split_off(kept)
}

fn id(rule: &Rule, node: &SourceId, thing: &SafeText) -> AlertId {
    AlertId { rule: rule.name.clone(), node: node.0.clone(), thing: thing.clone() }
}

fn change(
    rule: &Rule,
    node: &SourceId,
    thing: &SafeText,
    instance: &Instance,
    to: AlertState,
) -> Change {
    Change {
        id: id(rule, node, thing),
        severity: rule.severity,
        from: instance.told(),
        to,
        message: instance.message.clone(),
        labels: rule.labels.clone(),
    }
}

#[cfg(test)]
mod tests;
