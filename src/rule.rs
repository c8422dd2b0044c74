//! Rules: what of the readings is to be called wrong, as data.
//!
//! A rule is an expression over readings, how long it has to hold, and what to say then. Rules come
//! from `config/rules.toml`, over which the user's file is laid. [`judge`] asks them of everything
//! that is known. Pure: no file is opened here, and the time is told.

use std::time::Duration;

use crate::model::alert::{Labels, RuleBrief, Severity};
use crate::model::text::SafeText;

pub mod expression;
pub mod file;
pub mod judge;
pub mod message;
pub mod reading;
pub mod receiver;
pub mod thing;
pub mod token;
pub mod truth;
pub mod unit;

pub use expression::Expression;
pub use judge::{Change, Judge};
pub use message::Message;
pub use receiver::{Receiver, Way};
pub use thing::Benched;

/// The rules isomon comes with.
pub const DEFAULT: &str = include_str!("../config/rules.toml");

/// A rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its name.
    pub name: SafeText,
    /// The expression as it was written.
    pub text: SafeText,
    /// When something is wrong.
    pub when: Expression,
    /// When it is well again; as soon as `when` does not hold if `None`.
    pub until: Option<Expression>,
    /// How long `when` has to hold before it fires.
    pub lasts: Duration,
    /// How long it goes on to fire after it is well again: a thing that flaps fires once.
    pub keep: Duration,
    /// How much it matters.
    pub severity: Severity,
    /// What to say.
    pub message: Message,
    /// What is said of its alerts beside that, for who sorts them.
    pub labels: Labels,
    /// Whether isomon comes with it.
    pub preset: bool,
}

impl Rule {
    /// It as it is shown; `counts`: how many things are ok, unsure, pending and firing by it.
    pub fn brief(&self, counts: [u64; 4]) -> RuleBrief {
        RuleBrief {
            name: self.name.clone(),
            when: self.text.clone(),
            for_ms: u64::try_from(self.lasts.as_millis()).unwrap_or(u64::MAX),
            severity: self.severity,
            labels: self.labels.clone(),
            preset: self.preset,
            counts,
        }
    }
}

/// All rules, and who is told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// The rules, those of isomon first.
    pub rules: Vec<Rule>,
    /// Who is told.
    pub receivers: Vec<Receiver>,
    /// The baseline that finished benchmarks are set beside.
    pub baseline: Option<String>,
}
