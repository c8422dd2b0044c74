//! Alerts: what a rule found to be wrong, of whom, since when, and what became of it.
//!
//! The table of all alerts is told as one word whenever it changes, so that who comes late knows as
//! much as who was there. It is bounded: what is beyond the bound is counted. Times that outlive a
//! start are on the wall clock, in milliseconds since 1970 UTC.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::id::SourceId;
use super::text::SafeText;
use super::unit::Seconds;

/// Alerts that are told at most; the worst stay, the others are counted.
pub const MOST: usize = 500;
/// Entries of the history that are kept and told.
pub const PAST: usize = 200;

/// Labels of a rule.
pub const LABELS: usize = 16;

/// How much it matters.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Worth a look.
    #[default]
    Warning,
    /// Somebody must act.
    Critical,
}

impl Severity {
    /// Every severity, the least first.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Critical];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a rule says of its alerts beside their names, for who sorts and sends them on: `team` is `ml`.
pub type Labels = BTreeMap<SafeText, SafeText>;

/// `labels` as one writes them: `team=ml, tier=1`.
pub fn written(labels: &Labels) -> String {
    let each = labels.iter().map(|(name, value)| format!("{name}={value}"));
    each.collect::<Vec<_>>().join(", ")
}

/// How a rule stands for one thing.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// It does not hold.
    #[default]
    Ok,
    /// It cannot be told: what it is judged by was there, and is missing now.
    Unsure,
    /// It holds, and not yet for as long as the rule wants.
    Pending,
    /// It holds.
    Firing,
}

impl AlertState {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unsure => "unsure",
            Self::Pending => "pending",
            Self::Firing => "firing",
        }
    }
}

impl fmt::Display for AlertState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What tells an alert from every other: the rule, the node, and the thing of the node (a GPU, a
/// model, a mount point; empty for the node itself).
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct AlertId {
    /// The rule's name.
    pub rule: SafeText,
    /// The node's name here.
    pub node: SafeText,
    /// The thing's name; empty for the node itself.
    pub thing: SafeText,
}

impl AlertId {
    /// Whether `other` names this, where an empty name stands for any.
    pub fn is_within(&self, other: &Self) -> bool {
        let fits = |own: &SafeText, wanted: &SafeText| wanted.is_empty() || own == wanted;
        fits(&self.rule, &other.rule)
            && fits(&self.node, &other.node)
            && fits(&self.thing, &other.thing)
    }

    /// The node as a source.
    pub fn source(&self) -> SourceId {
        SourceId(self.node.clone())
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.rule, self.node)?;
        if self.thing.is_empty() { Ok(()) } else { write!(f, " ({})", self.thing) }
    }
}

/// Somebody has seen it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Acknowledgement {
    /// When.
    pub at_ms: i64,
    /// What they said; may be empty.
    pub reason: SafeText,
}

/// What of the alerts is not to be told for a while.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Silence {
    /// Which alerts; an empty name stands for any.
    pub of: AlertId,
    /// Until when.
    pub until_ms: i64,
    /// Why; may be empty.
    pub reason: SafeText,
}

/// A rule, for one thing, that is not simply in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Alert {
    /// Which one.
    pub id: AlertId,
    /// How much it matters.
    pub severity: Severity,
    /// How it stands.
    pub state: AlertState,
    /// Since when it stands so.
    pub since_ms: i64,
    /// Since when it is well again and fires on only for a while; `None` where it is not well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub well_since_ms: Option<i64>,
    /// What is the matter, with the values of now; where it is well again, with the last before that.
    pub message: SafeText,
    /// What its rule says of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Labels,
    /// Who has seen it.
    pub acknowledged: Option<Acknowledgement>,
    /// Until when nobody is told.
    pub silenced_until_ms: Option<i64>,
}

impl Alert {
    /// What is the matter; before it that it is well again, where it only fires on for a while. `now_ms` is
    /// in milliseconds since 1970 UTC.
    pub fn matter(&self, now_ms: i64) -> String {
        let Some(since_ms) = self.well_since_ms else { return self.message.to_string() };
        let seconds = now_ms.saturating_sub(since_ms).max(0) / 1_000;
        format!("well again for {}, was: {}", Seconds(seconds as f64), self.message)
    }

    /// Whether it fires and nobody has seen to it yet.
    pub const fn is_loud(&self) -> bool {
        matches!(self.state, AlertState::Firing)
            && self.acknowledged.is_none()
            && self.silenced_until_ms.is_none()
    }
}

/// What happened to an alert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// It began to fire.
    #[default]
    Fired,
    /// It fires no more.
    Resolved,
    /// It cannot be told any more.
    Unsure,
    /// Somebody has seen it.
    Acknowledged,
    /// It was silenced.
    Silenced,
    /// The silence, or that it was seen, was taken back.
    Lifted,
}

impl Turn {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fired => "fired",
            Self::Resolved => "resolved",
            Self::Unsure => "unsure",
            Self::Acknowledged => "acknowledged",
            Self::Silenced => "silenced",
            Self::Lifted => "lifted",
        }
    }
}

/// An entry of the history.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// When.
    pub at_ms: i64,
    /// To which alert.
    pub id: AlertId,
    /// How much it matters.
    pub severity: Severity,
    /// What happened.
    pub turn: Turn,
    /// What was the matter then, or why.
    pub message: SafeText,
}

/// A rule, as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleBrief {
    /// Its name.
    pub name: SafeText,
    /// Its expression as it was written.
    pub when: SafeText,
    /// How long it has to hold, in milliseconds.
    pub for_ms: u64,
    /// How much it matters.
    pub severity: Severity,
    /// What it says of its alerts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Labels,
    /// Whether it is one that isomon comes with.
    pub preset: bool,
    /// How many things are ok, unsure, pending and firing by it.
    pub counts: [u64; 4],
}

/// Somebody who is told, and how that goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiverBrief {
    /// Its name.
    pub name: SafeText,
    /// `discord`, `slack`, `webhook`, `command`.
    pub kind: SafeText,
    /// Messages it took.
    pub sent: u64,
    /// Messages it did not take.
    pub failed: u64,
    /// Turns of alerts that found no room and were told as a number alone.
    pub dropped: u64,
    /// Why the last message was not taken; `None` where it was.
    pub trouble: Option<SafeText>,
}

/// All alerts of one isomon.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Alerts {
    /// Those that are not ok, the worst first.
    pub alerts: Vec<Alert>,
    /// How many more there are.
    pub beyond: u64,
    /// How many are ok, unsure, pending and firing.
    pub counts: [u64; 4],
    /// How many fire that nobody has seen to.
    pub loud: u64,
    /// What happened, latest first.
    pub past: Vec<Event>,
    /// How much has happened since the start; who knows it sees what is new in `past`.
    pub turns: u64,
    /// The rules.
    pub rules: Vec<RuleBrief>,
    /// Who is told.
    pub receivers: Vec<ReceiverBrief>,
    /// Silences that last.
    pub silences: Vec<Silence>,
    /// Whether it is this isomon that tells them; of several on a machine one does.
    pub delivers: bool,
    /// What is wrong with the file of rules, where the rules before are still in force.
    pub mistake: Option<SafeText>,
}

impl Alerts {
    /// How many are `state`.
    pub const fn count(&self, state: AlertState) -> u64 {
        self.counts[state as usize]
    }

    /// Cuts what was told by somebody else to what isomon itself would tell.
    pub fn bound(&mut self) {
        self.alerts.truncate(MOST);
        self.past.truncate(PAST);
        self.rules.truncate(MOST);
        self.receivers.truncate(MOST);
        self.silences.truncate(MOST);
        let of_alerts = self.alerts.iter_mut().map(|alert| &mut alert.labels);
        let of_rules = self.rules.iter_mut().map(|rule| &mut rule.labels);
        of_alerts.chain(of_rules).filter(|all| all.len() > LABELS).for_each(BTreeMap::clear);
    }
}

/// What is wished of the alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertWish {
    /// It is seen.
    Acknowledge {
        /// Which.
        of: AlertId,
        /// What is said of it.
        reason: SafeText,
    },
    /// Nobody is to be told for a while.
    Silence {
        /// Which; an empty name stands for any.
        of: AlertId,
        /// How long.
        lasts: Duration,
        /// Why.
        reason: SafeText,
    },
    /// It is as if nobody had seen or silenced it.
    Lift(AlertId),
    /// Read the rules again.
    Reload,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(rule: &str, node: &str, thing: &str) -> AlertId {
        AlertId { rule: rule.into(), node: node.into(), thing: thing.into() }
    }

    #[test]
    fn an_empty_name_stands_for_any() {
        let alert = id("gpu-hot", "web-1", "GPU 0");
        for of in [id("", "", ""), id("gpu-hot", "", ""), id("", "web-1", ""), alert.clone()] {
            assert!(alert.is_within(&of), "{of}");
        }
        for of in [id("gpu", "", ""), id("", "web-2", ""), id("", "", "GPU 1")] {
            assert!(!alert.is_within(&of), "{of}");
        }
        assert_eq!(alert.to_string(), "gpu-hot on web-1 (GPU 0)");
    }

    #[test]
    fn the_worst_state_is_the_greatest() {
        let states = [AlertState::Ok, AlertState::Unsure, AlertState::Pending, AlertState::Firing];
        assert!(states.is_sorted());
        let counts = [1, 2, 3, 4];
        let alerts = Alerts { counts, ..Alerts::default() };
        assert_eq!(states.map(|state| alerts.count(state)), counts);
    }
}
