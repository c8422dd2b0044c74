//! Who is told of alerts: where, how, and of which.

use super::judge::Change;
use crate::model::alert::{Labels, Severity};
use crate::model::secret::Secret;
use crate::model::text::SafeText;

/// How a receiver is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A webhook of Discord.
    Discord,
    /// A webhook of Slack.
    Slack,
    /// Any server that takes JSON.
    Webhook,
    /// A program that reads JSON.
    Command,
}

impl Way {
    /// Every way.
    pub const ALL: [Self; 4] = [Self::Discord, Self::Slack, Self::Webhook, Self::Command];

    /// Its name in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Discord => "discord",
            Self::Slack => "slack",
            Self::Webhook => "webhook",
            Self::Command => "command",
        }
    }
}

/// Where an address is kept: it lets whoever knows it write, so it is a secret.
#[derive(Clone, Debug, Default)]
pub enum Held {
    /// Nowhere: a command needs none.
    #[default]
    Nowhere,
    /// In the file of rules itself.
    Here(Secret),
    /// In an environment variable.
    Variable(String),
    /// In a file that nobody but its owner may read.
    File(String),
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nowhere, Self::Nowhere) => true,
            (Self::Here(one), Self::Here(other)) => one.is(other.reveal()),
            (Self::Variable(one), Self::Variable(other)) | (Self::File(one), Self::File(other)) => {
                one == other
            }
            _ => false,
        }
    }
}

/// Who is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Receiver {
    /// Its name.
    pub name: String,
    /// How it is told.
    pub way: Way,
    /// Where its address is.
    pub url: Held,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// What matters less is not told.
    pub least: Severity,
    /// The labels an alert must have to be told.
    pub labels: Labels,
    /// Alerts that differ in one of these, labels or `rule`, `node`, `thing`, `severity`, come in messages
    /// of their own.
    pub group_by: Vec<SafeText>,
    /// Whether it is told what fires no more.
    pub resolved: bool,
    /// Whether its address may be one of a private network.
    pub allow_private: bool,
    /// Whether its address may be this machine.
    pub allow_loopback: bool,
}

impl Receiver {
    /// Whether it is to be told of `change`.
    pub fn takes(&self, change: &Change) -> bool {
        change.severity >= self.least
            && (self.resolved || !change.is_end())
            && self.labels.iter().all(|(name, value)| change.labels.get(name) == Some(value))
    }

    /// What all alerts of the message have in common in which `change` comes.
    pub fn group(&self, change: &Change) -> Labels {
        let each = self.group_by.iter();
        each.filter_map(|name| Some((name.clone(), change.label(name)?))).collect()
    }
}
